"""After a change: how many orders were sent before it, and sending them again behind the live ones."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import EventConnection, OrderState
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue import campaigns
from tests.integration.mappings.test_editor import data, messages_of
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  found by name

from .conftest import browser, make_user, page_of

HUBSPOT = "/control/event/ada/conf/hubspot/"
RESEND = HUBSPOT + "resend/"
ALLOWED = {"event.settings.general:write": True, "event.orders:read": True, "event.orders:write": True}


@pytest.fixture
def boss(story):
    return browser(make_user(story.organizer, "boss", **ALLOWED))


@pytest.fixture
def sent(story):
    """Three orders that arrived yesterday, A1 placed first."""
    orders = [story.order(f"A{n}", datetime=now() - timedelta(hours=30 - n)) for n in (1, 2, 3)]
    story.joined.joined_at = now() - timedelta(days=3)
    story.joined.save()
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    OrderState.objects.update(sent_at=now() - timedelta(hours=1))
    return orders


def change(client, story):
    """Somebody adds a property to the mapping of deals."""
    deal = story.event.hubspot_object_mappings.last()
    rows = [("event_order_code", "dealname", "overwrite"), ("order_total", "amount", "overwrite")]
    rows.append(("order_code", "description", "overwrite"))
    stages = {f"pipeline-stage_{status}": stage for status, stage in deal.pipeline["stages"].items()}
    posted = data(deal, rows, ("order_key", "pretix_order_key"), **{"pipeline-pipeline": "default", **stages})
    posted["associations-associations"] = [entry["mapping"] for entry in deal.association_mappings]
    response = client.post(f"{HUBSPOT}mapping/{deal.pk}/", posted)
    assert response.status_code == 302, response.content.decode()
    return messages_of(response)


def waiting():
    rows = OrderSyncQueue.objects.order_by("pk")
    return [(row.order.code, row.triggered_by) for row in rows.select_related("order")]


def test_orders_that_would_not_be_sent_are_not_offered(story, boss, sent):
    OrderState.objects.filter(order=sent[0]).update(excluded_reason="ignored")
    story.joined.joined_at = sent[2].datetime  # the event was away from HubSpot
    story.joined.save()
    assert "1 order was sent to HubSpot with older object mappings." in change(boss, story)
    boss.post(RESEND, {"start": "on"})
    assert waiting() == [("A3", "bulk")]
    OrderState.objects.filter(order=sent[1]).update(by_hand=True)
    assert campaigns.outdated(story.event).count() == 2


def test_orders_that_a_new_filter_leaves_out_are_offered_once(story, boss, sent):
    change(boss, story)
    other = story.event.items.create(name="Other", default_price=1)
    story.event.hubspot_object_mappings.update(options={"filters": {"items": [other.pk]}}, revision=9)
    assert campaigns.outdated(story.event).count() == 3, "nobody has looked at them with the new filter"
    boss.post(RESEND, {"start": "on"})
    story.sync()
    assert OrderState.objects.filter(excluded_reason="filter_product").count() == 3
    assert campaigns.outdated(story.event).count() == 0


def test_test_orders_that_are_left_out_are_not_offered(story, boss, sent):
    Order.objects.filter(pk__in=[order.pk for order in sent[:2]]).update(testmode=True)
    OrderState.objects.filter(order=sent[0]).update(by_hand=True)
    change(boss, story)
    assert {state.order.code for state in campaigns.outdated(story.event)} == {"A1", "A3"}
    EventConnection.objects.update(send_test_orders=True)
    assert campaigns.outdated(story.event).count() == 3


def test_a_change_that_changes_nothing_about_an_order_is_not_offered_for_ever(story, boss, sent):
    mapping = story.add_mapping(story.event, "Order", "companies", ("", ""), ())
    mapping.log_action("pretix_hubspot.mapping.added")
    assert campaigns.outdated(story.event).count() == 3
    before = story.world()
    boss.post(RESEND, {"start": "on"})
    story.sync()
    assert story.world() == before
    assert campaigns.outdated(story.event).count() == 0


def test_saving_says_how_many_orders_were_sent_before(story, boss, sent):
    assert "All orders that were sent are sent with the object mappings of today." in page_of(boss.get(RESEND))
    assert "3 orders were sent to HubSpot with older object mappings." in change(boss, story)
    assert "3 orders were sent to HubSpot with older object mappings." in page_of(boss.get(HUBSPOT))
    assert "3 orders were sent to HubSpot with older object mappings." in page_of(boss.get(RESEND))
    assert waiting() == [], "nothing happens unasked"


def test_all_orders_are_compared_if_somebody_cannot_wait(story, boss, sent):
    story.event.name = "Renamed"
    story.event.save()
    deal = story.event.hubspot_object_mappings.last()
    story.add_rows(deal, ("event_name", "description", "overwrite"))
    page = page_of(boss.get(RESEND))
    assert "Compare all orders now" in page
    assert "3 orders are compared." in messages_of(boss.post(RESEND, {"start": "on"}))
    assert "0 of 3 orders done" in page_of(boss.get(RESEND))
    story.sync()
    assert [found["description"] for found in story.world(deals=["description"])["deals"]] == ["Renamed"] * 3
    [entry] = story.event.logentry_set.filter(action_type__contains="resend")
    assert str(entry.display()) == "All orders are compared and sent to HubSpot where they differ: 3"


def test_the_box_of_numbers_knows_what_would_be_sent_otherwise(story, boss, sent):
    OrderState.objects.filter(order=sent[0]).update(outdated_by="thing")
    page = page_of(boss.get(HUBSPOT))
    text = "1 order was sent to HubSpot otherwise than it would be sent today."
    assert text in page.partition("Orders of this event in HubSpot")[2].partition("Object mappings")[0]
    reason = "The event, dates, products or customers were changed in pretix after they were sent."
    assert reason in page_of(boss.get(RESEND))


def test_an_event_chooses_what_follows_from_changes_in_pretix(story, boss, sent):
    boss.post(HUBSPOT + "options/", {"log_days": "30", "source_changes": "offer"})
    assert EventConnection.objects.get().source_changes == "offer"
    [entry] = story.event.logentry_set.filter(action_type="pretix_hubspot.event.options.changed")
    assert entry.parsed_data == {"source_changes": "offer"}
    page = page_of(boss.get(HUBSPOT))
    assert "When dates, products, customers or the event change in pretix" in page
    assert '<option value="offer" selected>Offer to send them again</option>' in page


def test_saving_without_a_change_says_nothing(story, boss, sent):
    change(boss, story)
    boss.get(HUBSPOT)  # shows the messages
    story.event.logentry_set.filter(action_type__startswith="pretix_hubspot.mapping").delete()
    assert "older object mappings" not in change(boss, story)


def test_they_are_sent_again_newest_first_and_behind_live_orders(story, boss, sent):
    change(boss, story)
    assert "3 orders are sent again." in messages_of(boss.post(RESEND, {"start": "on"}))
    assert waiting() == [("A3", "bulk"), ("A2", "bulk"), ("A1", "bulk")]
    story.order("LIVE")
    codes = dict(OrderSyncQueue.objects.values_list("pk", "order__code"))
    assert [codes[pk] for pk in worker.next_rows([story.event.pk])] == ["LIVE", "A3", "A2", "A1"]
    assert "0 of 3 orders done" in page_of(boss.get(RESEND))
    story.sync()
    assert waiting() == []
    assert "All orders that were sent are sent with the object mappings of today." in page_of(boss.get(RESEND))
    described = [deal["description"] for deal in story.world(deals=["description"])["deals"]]
    assert sorted(described) == ["A1", "A2", "A3", "LIVE"]


def test_progress_and_cancel(story, boss, sent):
    change(boss, story)
    boss.post(RESEND, {"start": "on"})
    OrderSyncQueue.objects.get(order__code="A3").delete()  # done
    OrderSyncQueue.objects.filter(order__code="A2").update(in_flight=True, in_flight_since=now())
    assert "1 of 3 orders done" in page_of(boss.get(RESEND))
    assert "1 order will not be sent again." in messages_of(boss.post(RESEND, {"cancel": "on"}))
    assert waiting() == [("A2", "bulk")], "what is on its way arrives"


def test_twice_makes_no_second_row_and_a_live_reason_wins(story, boss, sent):
    change(boss, story)
    story.queue(sent[0], "order_paid")
    boss.post(RESEND, {"start": "on"})
    boss.post(RESEND, {"start": "on"})
    assert sorted(waiting()) == [("A1", "order_paid"), ("A2", "bulk"), ("A3", "bulk")]
    story.queue(sent[1], "order_paid")
    assert campaigns.cancel(story.event, None) == 1
    assert sorted(waiting()) == [("A1", "order_paid"), ("A2", "order_paid")]


def test_it_takes_the_permission_to_change_orders(story, sent):
    client = browser(make_user(story.organizer, "settings", **{"event.settings.general:write": True}))
    assert client.post(RESEND, {"start": "on"}).status_code == 403
    assert "You need the permission to change orders" in page_of(client.get(RESEND))
    assert waiting() == []


def test_it_is_in_the_history(story, boss, sent):
    change(boss, story)
    boss.post(RESEND, {"start": "on"})
    boss.post(RESEND, {"cancel": "on"})
    texts = [str(entry.display()) for entry in story.event.logentry_set.filter(action_type__contains="resend")]
    assert sorted(texts) == [
        "Orders are sent to HubSpot again with changed object mappings: 3",
        "Sending orders to HubSpot again has been canceled, not sent: 3",
    ]


@pytest.mark.parametrize("count", [1, 40])
def test_starting_costs_the_same_number_of_queries(story, boss, count, django_assert_max_num_queries):
    for number in range(count):
        order = story.order(f"Q{number}", queue=False)
        OrderState.objects.create(
            order=order, portal_id=story.connection.portal_id, sent_hash="x", sent_at=now() - timedelta(hours=1)
        )
    change(boss, story)
    with django_assert_max_num_queries(14):
        assert campaigns.start(story.event, None) == count
