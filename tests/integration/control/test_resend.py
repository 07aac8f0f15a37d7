"""After a change: how many orders were sent before it, and sending them again behind the live ones."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.control.views.outdated_text import outdated_text
from pretix_hubspot.health.campaigns import shown
from pretix_hubspot.models import Campaign, EventConnection, OrderState, Run
from pretix_hubspot.sync.queue import campaigns, outdated_orders, schedule
from pretix_hubspot.sync.queue.outdated_orders import Glance, glance
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


def send_again(client, story, **posted):
    """Somebody presses the button, and a worker comes at once. Returns the messages."""
    response = client.post(RESEND, {"start": "outdated"} | posted)
    campaigns.refill(story.connection)
    return messages_of(response)


def waiting():
    rows = OrderSyncQueue.objects.order_by("pk")
    return [(row.order.code, row.triggered_by) for row in rows.select_related("order")]


def test_orders_that_would_not_be_sent_are_not_offered(story, boss, sent):
    OrderState.objects.filter(order=sent[0]).update(excluded_reason="ignored")
    story.joined.joined_at = sent[2].datetime  # the event was away from HubSpot
    story.joined.save()
    assert "1 order was sent to HubSpot with older object mappings." in change(boss, story)
    send_again(boss, story)
    assert waiting() == [("A3", "bulk")]
    OrderState.objects.filter(order=sent[1]).update(by_hand=True)
    assert outdated_orders.outdated(story.event).count() == 2


def test_orders_that_a_new_filter_leaves_out_are_offered_once(story, boss, sent):
    change(boss, story)
    other = story.event.items.create(name="Other", default_price=1)
    story.event.hubspot_object_mappings.update(options={"filters": {"items": [other.pk]}}, revision=9)
    assert outdated_orders.outdated(story.event).count() == 3, "nobody has looked at them with the new filter"
    send_again(boss, story)
    story.sync()
    assert OrderState.objects.filter(excluded_reason="filter_product").count() == 3
    assert outdated_orders.outdated(story.event).count() == 0


def test_test_orders_that_are_left_out_are_not_offered(story, boss, sent):
    Order.objects.filter(pk__in=[order.pk for order in sent[:2]]).update(testmode=True)
    OrderState.objects.filter(order=sent[0]).update(by_hand=True)
    change(boss, story)
    assert {state.order.code for state in outdated_orders.outdated(story.event)} == {"A1", "A3"}
    EventConnection.objects.update(send_test_orders=True)
    assert outdated_orders.outdated(story.event).count() == 3


def test_a_change_that_changes_nothing_about_an_order_is_not_offered_for_ever(story, boss, sent):
    mapping = story.add_mapping(story.event, "Order", "companies", ("", ""), ())
    mapping.log_action("pretix_hubspot.mapping.added")
    assert outdated_orders.outdated(story.event).count() == 3
    before = story.world()
    send_again(boss, story)
    story.sync()
    assert story.world() == before
    assert outdated_orders.outdated(story.event).count() == 0


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
    assert "Orders are being sent again in the background." in send_again(boss, story, start="all")
    assert "0 of 3 orders done" in page_of(boss.get(RESEND))
    story.sync()
    assert [found["description"] for found in story.world(deals=["description"])["deals"]] == ["Renamed"] * 3
    [entry] = story.event.logentry_set.filter(action_type__contains="resend")
    assert str(entry.display()) == "All orders are compared and sent to HubSpot where they differ."


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
    assert "Orders are being sent again in the background." in send_again(boss, story)
    assert waiting() == [("A3", "bulk"), ("A2", "bulk"), ("A1", "bulk")]
    story.order("LIVE")
    codes = dict(OrderSyncQueue.objects.values_list("pk", "order__code"))
    assert [codes[pk] for pk in schedule.next_slice(story.connection).rows] == ["LIVE", "A3", "A2", "A1"]
    assert "0 of 3 orders done" in page_of(boss.get(RESEND))
    story.sync()
    assert waiting() == []
    campaigns.refill(story.connection)
    assert "All orders that were sent are sent with the object mappings of today." in page_of(boss.get(RESEND))
    described = [deal["description"] for deal in story.world(deals=["description"])["deals"]]
    assert sorted(described) == ["A1", "A2", "A3", "LIVE"]


def test_progress_and_cancel(story, boss, sent):
    change(boss, story)
    send_again(boss, story)
    OrderSyncQueue.objects.get(order__code="A3").delete()  # done
    OrderSyncQueue.objects.filter(order__code="A2").update(in_flight=True, in_flight_since=now())
    assert "1 of 3 orders done" in page_of(boss.get(RESEND))
    page = page_of(boss.post(RESEND, {"cancel": "on"}))
    assert "1 of 3 orders done" in page and "Stop sending" in page, "it asks first"
    boss.post(RESEND, {"cancel": "on", "confirmed": "on"})
    assert waiting() == [("A2", "bulk")], "what is on its way arrives"


def test_twice_makes_no_second_row_and_a_live_reason_wins(story, boss, sent):
    change(boss, story)
    story.queue(sent[0], "order_paid")
    send_again(boss, story)
    send_again(boss, story)
    assert sorted(waiting()) == [("A1", "order_paid"), ("A2", "bulk"), ("A3", "bulk")]
    story.queue(sent[1], "order_paid")
    campaigns.cancel(story.event, None)
    assert sorted(waiting()) == [("A1", "order_paid"), ("A2", "order_paid")]


def test_it_takes_the_permission_to_change_orders(story, sent):
    client = browser(make_user(story.organizer, "settings", **{"event.settings.general:write": True}))
    assert client.post(RESEND, {"start": "on"}).status_code == 403
    assert "You need the permission to change orders" in page_of(client.get(RESEND))
    assert waiting() == []


def test_it_is_in_the_history(story, boss, sent):
    change(boss, story)
    send_again(boss, story)
    for action in ("pause", "resume", "cancel", "cancel"):
        boss.post(RESEND, {action: "on", "confirmed": "on"})
    texts = [str(entry.display()) for entry in story.event.logentry_set.filter(action_type__contains="resend")]
    assert sorted(texts) == [
        "Orders are sent to HubSpot again with changed object mappings.",
        "Sending orders to HubSpot again has been canceled. Orders that were not sent: 3",
        "Sending orders to HubSpot again has been paused.",
        "Sending orders to HubSpot again has been resumed.",
    ]


def test_entries_of_the_version_before_keep_their_numbers(story):
    story.event.log_action("pretix_hubspot.resend.started", data={"orders": 7})
    story.event.log_action("pretix_hubspot.resend.canceled", data={"orders": 3})
    texts = [str(entry.display()) for entry in story.event.logentry_set.filter(action_type__contains="resend")]
    assert sorted(texts) == [
        "Orders are sent to HubSpot again with changed object mappings. Orders: 7",
        "Sending orders to HubSpot again has been canceled. Orders that were not sent: 3",
    ]


def test_pause_and_resume(story, boss, sent):
    change(boss, story)
    send_again(boss, story)

    assert "Sending orders again is paused." in messages_of(boss.post(RESEND, {"pause": "on"}))

    assert waiting() == []
    page = page_of(boss.get(RESEND))
    assert "Sending orders again is paused. 0 of 3 orders done." in page and "Resume" in page
    assert "Sending orders again has been resumed." in messages_of(boss.post(RESEND, {"resume": "on"}))
    campaigns.refill(story.connection)
    assert waiting() == [("A3", "bulk"), ("A2", "bulk"), ("A1", "bulk")]


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_what_is_over_can_neither_be_paused_nor_canceled(story, boss, action):
    response = boss.post(RESEND, {action: "on", "confirmed": "on"})
    assert "Orders are not being sent again at this moment." in messages_of(response)
    assert not story.event.logentry_set.filter(action_type__contains="resend").exists()


def test_the_settings_page_shows_the_progress_and_no_offer_beside_it(story, boss, sent):
    change(boss, story)
    boss.get(HUBSPOT)  # shows the messages
    send_again(boss, story)
    boss.get(RESEND)  # the same
    story.sync()
    story.queue(sent[0])
    OrderSyncQueue.objects.update(need_manual_retry="permanent")
    page = page_of(boss.get(HUBSPOT))
    progress = "Orders are being sent again with the object mappings of today. 3 of 3 orders done."
    assert f"{progress} One of them is a sync problem." in page
    assert "older object mappings" not in page


def test_how_long_it_takes_is_told_by_the_last_minutes(story, boss, sent):
    change(boss, story)
    send_again(boss, story)
    OrderSyncQueue.objects.get(order__code="A3").delete()  # done
    Campaign.objects.update(started_at=now() - timedelta(hours=1))
    Run.objects.create(event=story.event, started=now() - timedelta(minutes=4), triggers={"bulk": 2, "order_paid": 9})
    Run.objects.create(event=story.event, started=now() - timedelta(minutes=40), triggers={"bulk": 500})
    assert "1 of 3 orders done. About 5 minutes left." in page_of(boss.get(RESEND))


def test_what_the_last_one_did_stays_on_the_page(story, boss, sent):
    change(boss, story)
    send_again(boss, story)
    story.sync()
    campaigns.refill(story.connection)
    assert ": 3 done, 0 sync problems." in page_of(boss.get(RESEND))


def test_the_orders_of_a_large_event_are_not_counted_for_a_page(story, sent):
    OrderState.objects.filter(order=sent[0]).update(outdated_by="thing")
    assert glance(story.event, many=3) == Glance(exist=True, count=1, is_upgraded=True)
    assert glance(story.event, many=2) == Glance(exist=True, count=None, is_upgraded=True)
    text = "Orders were sent to HubSpot otherwise than they would be sent today."
    assert outdated_text(glance(story.event, many=2)) == text
    assert outdated_text(Glance(exist=True)) == "Orders were sent to HubSpot with older object mappings."


def test_that_no_order_is_outdated_is_found_out_once(story, boss, sent, queries):
    mapping = story.event.hubspot_object_mappings.last()
    mapping.log_action("pretix_hubspot.mapping.changed")
    story.event.logentry_set.update(datetime=now() - timedelta(hours=2))
    before = now() - timedelta(hours=3)
    Order.objects.filter(pk=sent[0].pk).update(testmode=True)
    OrderState.objects.filter(order=sent[0]).update(sent_at=before)

    first = queries(glance, story.event)

    assert EventConnection.objects.get().none_before > before
    assert queries(glance, story.event) == first - 2
    boss.post(HUBSPOT + "options/", {"log_days": "30", "send_test_orders": "on"})
    assert glance(story.event) == Glance(exist=True, count=1)
    mapping.log_action("pretix_hubspot.mapping.changed")
    assert glance(story.event).count == 3


def test_an_order_may_be_on_its_way_while_a_mapping_is_changed(story, sent):
    """It was planned before the change, and stored after somebody looked."""
    story.event.hubspot_object_mappings.last().log_action("pretix_hubspot.mapping.changed")
    OrderState.objects.update(sent_at=now() + timedelta(minutes=1))
    assert glance(story.event) == Glance(exist=False)
    OrderState.objects.filter(order=sent[0]).update(sent_at=now() - timedelta(minutes=1))
    assert glance(story.event) == Glance(exist=True, count=1)


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_depend_on_the_number_of_orders(story, boss, count, queries):
    for number in range(count):
        order = story.order(f"Q{number}", queue=False)
        OrderState.objects.create(
            order=order, portal_id=story.connection.portal_id, sent_hash="x", sent_at=now() - timedelta(hours=1)
        )
    change(boss, story)
    ContentType.objects.get_for_model(Campaign)

    assert queries(campaigns.start, story.event, None) == 6
    assert queries(campaigns.refill, story.connection) == 14
    assert queries(shown, story.event) == 3
    assert queries(campaigns.pause, story.event, None) == 10
    assert queries(campaigns.resume, story.event, None) == 6
    assert queries(campaigns.cancel, story.event, None) == 7


@pytest.fixture
def queries():
    """How many queries a function makes."""

    def count(function, *args):
        with CaptureQueriesContext(database) as found:
            function(*args)
        return len(found)

    return count
