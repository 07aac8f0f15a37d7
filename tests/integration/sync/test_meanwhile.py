"""Two workers, or a worker and a person, at the same moment."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now
from pretix.base.models import Order, User
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from hubspot_simulator import Account
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.models import (
    EventConnection,
    KnownRecord,
    ObjectMapping,
    OrderState,
    RequestBudgetState,
    RunEntry,
)
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.joining import join, leave
from pretix_hubspot.sync.queue import claims, order_queue, outdated_orders
from pretix_hubspot.sync.shredder import HubSpotShredder
from tests.interruptions import LOCKS_ROWS, LOGS_A_RUN

LAST_NAME = (("invoice_address_name_family_name", "lastname", "overwrite"),)


def send(order):
    rows = OrderSyncQueue.objects.filter(order=order, in_flight=False)
    event_connection = EventConnection.objects.select_related("connection").get(event=order.event)
    worker.send(event_connection.connection, [event_connection], list(rows.values_list("pk", flat=True)))


@pytest.fixture
def second(story):
    """Another portal of the same organizer, and the connection to it."""
    other = story.simulator.add_portal(Account(48_100_002))
    return other, connect_token(story.organizer, story.simulator.auth.add_service_key(other.id, "eu1"), None)


def due():
    OrderSyncQueue.objects.update(not_before=now() - timedelta(seconds=1))


def test_two_workers_add_to_the_list_of_one_person(story, before_request):
    story.add_property("contacts", "courses")
    ObjectMapping.objects.all().delete()
    rows = (("event_order_code", "courses", "append"),)
    story.add_mapping(story.event, "Order", "contacts", ("email", "email"), rows)
    orders = [story.order(code, email="ada@example.org") for code in ("A1", "A2", "A3")]
    send(orders[0])
    before_request("batch update", lambda: send(orders[2]))
    send(orders[1])
    waiting = OrderSyncQueue.objects.values_list("order", "in_flight", "failed_attempts")
    assert list(waiting) == [(orders[2].pk, False, 0)], "given back at once, without an attempt"
    due()
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.exclude(sent_hash="").count() == 3, "all three are in sync"

    for order in orders:  # and nothing heals it: nothing about the orders has changed
        story.queue(order, "bulk")
    story.sync()

    ada = story.simulator.portal.find("contacts", "email", "ada@example.org")
    assert sorted(ada.get("courses").split(";")) == ["CONF-A1", "CONF-A2", "CONF-A3"]


def test_the_newest_order_wins_whoever_is_faster(story, before_request):
    ObjectMapping.objects.all().delete()
    mapping = story.add_mapping(story.event, "Order", "contacts", ("email", "email"), LAST_NAME)
    mapping.options = {"same_address": "newest"}
    mapping.save()
    story.simulator.record("contacts", email="ada@example.org", lastname="as before")
    old, new = (story.order(code, email="ada@example.org") for code in ("A1", "A2"))

    before_request("batch update", lambda: send(new))
    send(old)
    due()
    story.sync()

    assert not OrderSyncQueue.objects.exists()
    ada = story.simulator.portal.find("contacts", "email", "ada@example.org")
    assert ada.get("lastname") == "A2"


# A mapping is saved


def change_deals():
    deal = ObjectMapping.objects.get(external_object_type="deals")
    row = {"pretix_field": "order_comment", "external_field": "description", "overwrite": "overwrite", "value_map": ""}
    deal.property_mappings = [*deal.property_mappings, row]
    deal.revision += 1
    deal.save()
    deal.log_action("pretix_hubspot.mapping.changed", data={})


def test_an_order_that_is_sent_with_the_mapping_of_a_moment_ago_is_outdated(story, before_request):
    order = story.order("A1")
    before_request("associations create", change_deals)
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert list(outdated_orders.outdated(story.event).values_list("order_id", flat=True)) == [order.pk]


def test_so_is_one_that_was_found_unchanged_by_a_plan_of_before(story, statements):
    order = story.order("A1")
    story.sync()
    story.queue(order)
    statements.before(LOCKS_ROWS, change_deals)

    story.sync()

    assert not OrderSyncQueue.objects.exists()
    assert list(outdated_orders.outdated(story.event).values_list("order_id", flat=True)) == [order.pk]


# Personal data is removed


def shred(story):
    HubSpotShredder(story.event).shred_data()


def left_of_orders():
    results = OrderSyncResult.objects.exclude(external_object_type="excluded")
    return [results.count(), KnownRecord.objects.count(), RunEntry.objects.count(), OrderSyncQueue.objects.count()]


def test_what_was_shredded_is_not_sent_by_a_row_that_still_waits(story):
    story.order("A1", email="ada@example.org")
    story.simulator.faults.add("locked", stage="create", times=None)
    story.sync()
    assert OrderSyncQueue.objects.get().failed_attempts == 1
    story.simulator.faults.clear()

    shred(story)
    due()
    story.sync()

    assert left_of_orders() == [0, 0, 0, 0]
    assert OrderState.objects.get().excluded_reason == "shredded"


@pytest.mark.parametrize("call", ["batch read", "batch create", "associations create"])
@pytest.mark.parametrize("fails", [False, True])
def test_shredding_while_a_slice_is_on_its_way(story, before_request, call, fails):
    story.joined.log_values = True
    story.joined.save()
    story.order("A1", email="ada@example.org")
    if fails:
        story.simulator.faults.add("locked", stage="associate", times=None)
    before_request(call, lambda: shred(story))
    story.sync()
    assert left_of_orders() == [0, 0, 0, 0]


def test_shredding_just_before_the_log_is_written(story, statements):
    story.order("A1", email="ada@example.org")
    statements.before(LOGS_A_RUN, lambda: shred(story))

    story.sync()

    assert left_of_orders() == [0, 0, 0, 0]


def test_what_was_shredded_is_no_news_for_the_sweep_until_it_changes(story, period):
    """Orders that nobody has looked at yet, and one that failed: neither is sent behind anybody's back."""
    for code in ("A1", "A2"):
        story.order(code, email="ada@example.org", queue=False).log_action("pretix.event.order.placed")
    story.simulator.faults.add("locked", stage="create", times=None)
    story.queue(Order.objects.get(code="A1"))
    story.sync()
    story.simulator.faults.clear()
    RequestBudgetState.objects.all().delete()  # our clock was advanced by its pauses, and the database's was not

    shred(story)
    period()
    assert left_of_orders() == [0, 0, 0, 0]

    Order.objects.get(code="A2").log_action("pretix.event.order.contact.changed")
    period()
    assert [deal["pretix_order_key"] for deal in story.world()["deals"]] == ["ADA/CONF/A2"]


# The event leaves, or uses another portal


def test_leaving_and_joining_the_same_portal_loses_no_change(story):
    order = story.order("A1")
    story.sync()
    leave(story.event, None)
    join(story.event, story.connection, None)
    order.status = Order.STATUS_CANCELED
    order.save()
    order.log_action("pretix.event.order.canceled")
    story.queue(order, "order_canceled")
    story.sync()
    [deal] = story.world()["deals"]
    assert deal["dealstage"] == "closedlost"


def test_what_waited_failed_or_happened_while_the_event_was_away_is_sent_when_it_comes_back(story, period):
    EventConnection.objects.update(send_test_orders=True, log_days=90, digest="daily", digest_to="ada@example.org")
    changed, failed = story.order("A1"), story.order("A2")
    story.sync()
    story.order("A3", testmode=True)
    by_hand = story.order("A4", datetime=now() - timedelta(days=9), queue=False)
    story.queue(by_hand, "user")
    story.queue(failed)
    OrderSyncQueue.objects.filter(order=failed).update(need_manual_retry="config")
    before = EventConnection.objects.get()

    leave(story.event, None)
    assert not OrderSyncQueue.objects.exists()
    changed.status = Order.STATUS_PAID
    changed.save()
    changed.log_action("pretix.event.order.paid")
    story.order("A5", queue=False).log_action("pretix.event.order.placed")
    joined = join(story.event, story.connection, None)
    queued = dict(OrderSyncQueue.objects.values_list("order__code", "triggered_by"))
    period()

    kept = ("joined_at", "send_test_orders", "log_days", "digest", "digest_to")
    assert [getattr(joined, name) for name in kept] == [getattr(before, name) for name in kept]
    assert queued == {"A2": "retry", "A3": "retry", "A4": "user"}
    assert not OrderSyncQueue.objects.exists()
    assert {deal["dealname"]: deal["dealstage"] for deal in story.world()["deals"]} == {
        "CONF-A1": "closedwon",
        **{f"CONF-A{number}": "appointmentscheduled" for number in (2, 3, 4, 5)},
    }


def test_what_was_deleted_while_the_event_was_away_stops_nobody_from_coming_back(story):
    """Orders in test mode can be deleted, and so can people."""
    paused_by = User.objects.create_user("grace@example.org", "x")
    EventConnection.objects.update(send_test_orders=True, paused_since=now(), paused_by=paused_by)
    gone = story.order("A1", testmode=True)
    story.order("A3")

    leave(story.event, None)
    gone.gracefully_delete()
    paused_by.delete()
    joined = join(story.event, story.connection, None)

    connection.check_constraints()
    assert list(OrderSyncQueue.objects.values_list("order__code", flat=True)) == ["A3"]
    assert (joined.paused_since is not None, joined.paused_by) == (True, None)


def test_whoever_tried_another_portal_for_a_while_keeps_what_the_first_one_holds(story, second):
    """Chosen by mistake, and chosen back: the orders of before are still kept up to date."""
    order = story.order("A1")
    story.sync()
    join(story.event, second[1], None)
    join(story.event, story.connection, None)
    order.status = Order.STATUS_CANCELED
    order.save()
    story.queue(order, "order_canceled")
    story.sync()
    [deal] = story.world()["deals"]
    assert deal["dealstage"] == "closedlost"


@pytest.mark.parametrize("dies", [False, True])
def test_an_order_that_is_on_its_way_to_one_portal_never_goes_to_another(story, before_request, second, dies):
    """It fails, or its worker dies, after the event was moved."""
    other, connection = second
    order = story.order("OLD", email="ada@example.org", datetime=now() - timedelta(days=9), queue=False)
    story.queue(order, "user")
    if dies:
        claims.claim([OrderSyncQueue.objects.get().pk])
        join(story.event, connection, None)
        OrderSyncQueue.objects.update(in_flight_since=now() - timedelta(hours=1))
        order_queue.reclaim()
    else:
        story.simulator.faults.add("locked", stage="associate", times=None)
        before_request("associations create", lambda: join(story.event, connection, None))
        story.sync()
        story.simulator.faults.clear()
    due()
    story.sync()
    assert other.records("contacts") == []


def test_rows_that_were_looked_up_before_the_event_moved_are_not_claimed_for_the_first_portal(story, second):
    """A new order is queued for the second portal between a worker's look at the events and its claim."""
    _, connection = second
    events = [story.joined]
    join(story.event, connection, None)
    order = story.order("NEW")
    assert worker.send(story.connection, events, [OrderSyncQueue.objects.get().pk])
    assert [row.order for row in OrderSyncQueue.objects.filter(in_flight=False)] == [order]
    assert story.simulator.portal.records("contacts") == []


# What the order's page says


@pytest.mark.parametrize("changed", [False, True])
def test_no_stale_reason_stays_on_the_page_of_an_order_in_sync(story, changed):
    order = story.order("A1")
    story.sync()
    order.testmode = True
    order.save()
    story.queue(order)
    story.sync()
    excluded = OrderSyncResult.objects.filter(order=order, external_object_type="excluded")
    assert excluded.exists()
    EventConnection.objects.update(send_test_orders=True)
    if changed:
        Order.objects.update(total=7)
    story.queue(order)
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert not excluded.exists(), "in sync, but: Not sent"
