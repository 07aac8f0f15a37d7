"""From a warning of pretix to where it is fixed: what our lines on pretix's pages say, and what a fix sets going."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from hierarkey.proxy import dirty_cache_keys
from pretix.base.models import Event, LogEntry, Order, Team
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Account, Option, Property
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.connections.tokens import mark_revoked
from pretix_hubspot.control.views import core_pages
from pretix_hubspot.health.actions import retry_access
from pretix_hubspot.health.causes import causes
from pretix_hubspot.health.numbers import numbers
from pretix_hubspot.hubspot.errors import TokenRevoked
from pretix_hubspot.models import OrderState

from .conftest import ORDERS, SETTINGS, browser, make_user

EVENT = "/control/event/ada/conf/"
BASE = EVENT + "hubspot/"
PROBLEMS_OF_ORGANIZER = "/control/organizer/ada/datasync/failedjobs/"
LOST = "HubSpot no longer accepts the access of pretix"


def text(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def deals(story):
    """A mapping with a row whose HubSpot field has no option for the order's status."""
    levels = Property("level", "Level", "enumeration", "select", "dealinformation", options=[Option("yes", "Yes")])
    story.simulator.portal.schema.create("deals", levels)
    mapping = story.event.hubspot_object_mappings.get(external_object_type="deals")
    row = {"pretix_field": "order_status", "external_field": "level", "overwrite": "overwrite", "value_map": ""}
    mapping.property_mappings = [*mapping.property_mappings, row]
    mapping.save()
    story.order("A1")
    story.sync()
    return mapping


def save_editor(client, mapping, **changed):
    """Posts the editor as it is, with the last row changed."""
    rows = [row | (changed if row is mapping.property_mappings[-1] else {}) for row in mapping.property_mappings]
    data = {
        "identifier-pretix_field": mapping.pretix_id_field,
        "identifier-external_field": mapping.external_id_field,
        "identifier-revision": str(mapping.revision),
        "pipeline-pipeline": mapping.pipeline["pipeline"],
        "properties-TOTAL_FORMS": str(len(rows)),
        "properties-INITIAL_FORMS": str(len(rows)),
    }
    data |= {f"pipeline-stage_{status}": stage for status, stage in mapping.pipeline["stages"].items()}
    for number, row in enumerate(rows):
        data |= {f"properties-{number}-{key}": value for key, value in row.items()}
        data[f"properties-{number}-ORDER"] = str(number + 1)
    return client.post(f"{BASE}mapping/{mapping.pk}/", data, follow=True).content.decode()


def test_core_s_list_of_problems_says_why_and_leads_to_the_row(client, deals):
    page = text(client, EVENT + "datasync/failedjobs/")
    assert "Why orders could not be sent to HubSpot:" in page
    assert f'href="{BASE}mapping/{deals.pk}/?fix=level&amp;values=on"' in page
    assert f'href="{BASE}problems/"' in page


def add_failing_event(story, slug, orders):
    """An event whose deals have a row that leads nowhere."""
    event = story.add_event(slug)
    event.name = slug.title()
    event.save()
    story.join(event)
    _buyer, _attendee, deal = story.add_mappings(event)
    deal.property_mappings = [{"pretix_field": "order_total", "external_field": "gone", "overwrite": "overwrite"}]
    deal.save()
    for number in range(orders):
        story.order(f"{slug.upper()}{number}", event=event)
    story.sync(event)
    return deal


def test_core_s_list_for_the_organizer_says_why_by_event(client, deals, story):
    gala = add_failing_event(story, "gala", 2)
    story.add_event("calm")
    page = text(client, PROBLEMS_OF_ORGANIZER)
    notice = page[page.index("Why orders could not be sent") : page.index("<h2>Sync problems")]
    first, second = notice.index("<strong>Gala</strong>"), notice.index("<strong>Conference</strong>")
    assert first < second, "most orders first"
    assert "2 orders: " in notice[first:second] and "One order: " in notice[second:]
    assert f'href="/control/event/ada/gala/hubspot/mapping/{gala.pk}/?fix=gone"' in notice[first:second]
    assert f'href="{BASE}mapping/{deals.pk}/?fix=level&amp;values=on"' in notice[second:]
    assert f'href="{BASE}problems/"' in notice[second:]
    assert "calm" not in notice


def test_the_organizers_list_names_events_only_to_those_who_may_help(deals, story):
    add_failing_event(story, "gala", 1)
    user = make_user(story, "half", organizer_permissions=("organizer.settings.general:write",))
    client = browser(user)
    assert "Why orders could not be sent" not in text(client, PROBLEMS_OF_ORGANIZER)
    team = Team.objects.create(
        organizer=story.organizer, name="gala", limit_event_permissions={"event.settings.general:write": True}
    )
    team.members.add(user)
    team.limit_events.add(Event.objects.get(slug="gala"))
    page = text(client, PROBLEMS_OF_ORGANIZER)
    assert "<strong>Gala</strong>" in page
    assert "<strong>Conference</strong>" not in page
    Event.objects.update(plugins="")
    assert "Why orders could not be sent" not in text(client, PROBLEMS_OF_ORGANIZER)


def queries_of_notice(client, story):
    """Those of ours alone: core's list below the notice takes queries for each row."""
    request = client.get(PROBLEMS_OF_ORGANIZER).wsgi_request
    dirty_cache_keys.set(set())  # as after a commit; else each look at a setting would be a query
    with CaptureQueriesContext(connection) as captured:
        assert core_pages.why_failed_in_events(story.organizer, request)
    return len(captured)


def test_the_organizers_list_takes_the_same_queries_for_any_number_of_events(client, deals, story):
    for number in range(4):
        add_failing_event(story, f"e{number}", 1)
    assert "more event" not in text(client, PROBLEMS_OF_ORGANIZER)
    few = queries_of_notice(client, story)
    for number in range(4, 9):
        add_failing_event(story, f"e{number}", 1)
    page = text(client, PROBLEMS_OF_ORGANIZER)
    assert "5 more events with problems" in page
    assert page.count("?fix=") == 5
    assert queries_of_notice(client, story) <= few <= 7 + 5 * 10, (
        "five events at most, and for each the names of its fields"
    )


def test_every_page_calls_the_pretix_field_by_its_label(client, deals, story):
    order = story.event.orders.get()
    reason = "which “Order status” may hold"
    history = str(order.all_logentries().filter(action_type__contains="data_sync.failed").first().display())
    preview = client.post(BASE + "preview/", {"code": "A1"}).content.decode()
    log = text(client, BASE + "log/?order=A1")
    for page in (history, preview, log, text(client, EVENT + "orders/A1/")):
        assert "“order_status”" not in page
        assert reason in page


def test_saving_the_mapping_tries_its_failed_orders_again(client, deals, story):
    page = save_editor(client, deals, value_map=json.dumps({"n": "yes", "p": "yes", "e": "yes", "c": "yes"}))
    assert "Your changes have been saved." in page
    assert "One order is tried again." in page
    story.sync()
    assert causes(story.event) == []


def test_saving_another_mapping_does_not(client, deals, story):
    other = story.event.hubspot_object_mappings.exclude(pk=deals.pk).first()
    other.pipeline = {"pipeline": "", "stages": {}}
    page = save_editor(client, other)
    assert "Your changes have been saved." in page
    assert "tried again" not in page
    assert [cause.orders for cause in causes(story.event)] == [1]


def test_the_dialog_offers_to_save_only_to_those_who_came_to_fix(client, deals):
    row = {"pretix_field": "order_status", "external_field": "level"}
    url = f"{BASE}mapping/{deals.pk}/values/"
    assert "Apply and save" in client.post(url, row | {"fix": "on"}).content.decode()
    assert "Apply and save" not in client.post(url, row).content.decode()


def test_options_that_vanished_can_be_created_again(client, deals):
    row = {"pretix_field": "order_status", "external_field": "level"}
    stored = {"n": "gone", "p": "yes", "e": "", "c": ""}
    url = f"{BASE}mapping/{deals.pk}/values/"
    page = client.post(url, row | {"value_map": json.dumps(stored)}).content.decode()
    assert "Create missing options in HubSpot" in page


def test_the_order_page_says_why_and_where(client, deals):
    page = text(client, EVENT + "orders/A1/")
    assert "has no option" in page
    assert f'href="{BASE}mapping/{deals.pk}/?fix=level&amp;values=on"' in page


def test_the_order_page_links_only_for_those_who_may(deals, story):
    page = text(browser(make_user(story, "clerk", ORDERS)), EVENT + "orders/A1/")
    assert "has no option" in page
    assert "?fix=level" not in page


def test_an_earlier_order_says_why_it_was_never_sent(client, story):
    order = story.order("A1", queue=False)
    order.datetime = story.joined.joined_at.replace(year=2020)
    order.save()
    page = text(client, EVENT + "orders/A1/")
    assert "placed before the event was connected to HubSpot" in page


def test_an_order_in_sync_needs_no_words(client, story):
    story.order("A1")
    story.sync()
    assert "<strong>HubSpot:</strong>" not in text(client, EVENT + "orders/A1/")


@pytest.fixture
def revoked(story):
    story.order("A1")
    mark_revoked(story.connection, TokenRevoked("revoked"))
    return story


def test_the_dashboard_warns_of_lost_access_although_no_order_failed(client, revoked):
    page = text(client, EVENT)
    assert LOST in page
    assert "One order waits and is sent once you reconnect." in page
    assert f'href="{BASE}"> Reconnect</a>' in page
    assert "since HubSpot no longer accepts the access of pretix" in text(client, EVENT + "orders/A1/")


def test_an_order_says_that_hubspot_cannot_be_reached(client, story):
    story.order("A1")
    story.simulator.faults.add("unavailable", times=None)
    story.sync()
    page = text(client, EVENT + "orders/A1/")
    assert "<strong>HubSpot:</strong> HubSpot cannot be reached at the moment. Orders wait until" in page


def test_the_test_order_of_the_wizard_has_not_arrived_if_a_filter_leaves_it_out(client, story):
    story.event.hubspot_object_mappings.update(options={"filters": {"paid": True}})
    story.order("A1", queue=False)
    client.post(BASE + "wizard/try/", {"order": "A1"})
    story.sync()
    page = text(client, BASE + "wizard/try/?order=A1")
    assert "the object mappings only send paid orders" in page
    assert "has arrived" not in page
    assert '<option value="A1" selected>' in page


def test_nothing_that_waited_for_one_portal_is_sent_to_another(client, story):
    old = now() - timedelta(days=1)
    early, late = story.order("A1", queue=False), story.order("A2", queue=False)
    Order.objects.filter(pk=early.pk).update(datetime=old)
    story.queue(early, "user")
    story.sync()
    assert OrderState.objects.get(order=early).by_hand
    story.queue(early)
    story.queue(late)
    disconnect(story.connection, None)
    story.simulator.add_portal(Account(48_100_002))
    key = story.simulator.auth.add_service_key(48_100_002, "eu1", None)
    page = client.post(BASE + "connect/token/", {"token": key}, follow=True).content.decode()
    assert "This event used portal 48100001 before." in page
    assert not OrderSyncQueue.objects.exists()
    assert not OrderState.objects.get(order=early).by_hand
    assert numbers(story.event).of("not_in_scope") == 2


def test_what_failed_at_a_wrong_portal_arrives_once_the_right_one_is_back(client, story):
    """An old order, sent by hand: nothing but this wish keeps it in scope."""
    order = story.order("A1", queue=False, datetime=now() - timedelta(days=1))
    story.queue(order, "user")
    story.sync()
    disconnect(story.connection, None)
    story.simulator.add_portal(Account(48_100_002))
    wrong = story.simulator.auth.add_service_key(48_100_002, "eu1", None)
    client.post(BASE + "connect/token/", {"token": wrong})
    story.queue(order, "user")
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == "config", "the other portal lacks our property"
    assert numbers(story.event).of("failing") == 1
    client.post(BASE + "disconnect/")
    client.post(BASE + "connect/token/", {"token": story.simulator.service_key})
    assert numbers(story.event).of("waiting") == 1
    story.sync()
    assert numbers(story.event).of("in_sync") == 1
    assert OrderState.objects.get(order=order).problem is None
    assert len(story.world()["deals"]) == 1


def test_the_dashboard_says_it_to_nobody_who_cannot_help(revoked):
    assert LOST not in text(browser(make_user(revoked, "clerk", ORDERS)), EVENT)
    page = text(browser(make_user(revoked, "planner", (SETTINGS, *ORDERS))), EVENT)
    assert "Please ask somebody who may change the settings of the organizer." in page


def test_the_dashboard_warns_of_lost_scopes(client, story):
    """Again, no order failed: they wait for what no order can do without."""
    story.simulator.people.reduce_scopes(["crm.objects.contacts.write"])
    story.order("A1")
    story.sync()
    assert numbers(story.event).of("waiting") == 1
    lacking = "HubSpot does not grant all scopes any more that pretix needs."
    page = text(client, EVENT)
    assert lacking in page
    assert "One order waits and is sent once you reconnect." in page
    assert LOST not in page
    assert lacking in text(client, BASE)
    assert lacking in text(client, EVENT + "orders/A1/")
    client.post(BASE + "connect/token/", {"token": story.simulator.people.add_service_key()["key"]})
    assert lacking not in text(client, EVENT)
    story.sync()
    assert numbers(story.event).of("in_sync") == 1


def test_the_dashboard_is_silent_while_access_is_good(client, story):
    assert LOST not in text(client, EVENT)


def test_connecting_again_tries_orders_again_that_lacked_access(story, manager):
    problem = [{"mode": "config", "code": "missing_scope", "params": {"scopes": "x"}}]
    for code, cause, found in (("A1", "access", problem), ("A2", "other", [problem[0] | {"code": "not_unique"}])):
        order = story.order(code)
        OrderState.objects.update_or_create(
            order=order, defaults={"cause": cause, "problem": found, "portal_id": story.connection.portal_id}
        )
    OrderSyncQueue.objects.update(need_manual_retry="config", not_before=now())
    assert retry_access(story.connection, manager) == 1
    assert OrderSyncQueue.objects.get(order__code="A1").need_manual_retry is None
    assert OrderSyncQueue.objects.get(order__code="A2").need_manual_retry == "config"


def test_the_history_names_a_buyer_who_attends_once(client, story):
    story.order("A1", email="ada@example.org", attendees=[("ada@example.org", "Ada", "Lovelace")])
    story.sync()
    entry = LogEntry.objects.get(action_type="pretix.event.order.data_sync.success")
    named = [found["external_link_display_name"] for of in entry.parsed_data["objects"].values() for found in of]
    assert sorted(name.partition(" (")[0] for name in named) == ["Contacts: ada@example.org", "Deals: CONF-A1"]
