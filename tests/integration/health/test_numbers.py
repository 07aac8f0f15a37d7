"""in sync + waiting + excluded + failing + not in scope = orders of the event, whatever happened."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.health.actions import dismiss, ignore, retry
from pretix_hubspot.health.causes import causes
from pretix_hubspot.health.numbers import numbers, numbers_of, oldest_waiting, orders_in
from pretix_hubspot.models import EventConnection, OrderState
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.joining import join, leave
from pretix_hubspot.sync.shredder import HubSpotShredder

BAD_EMAIL = "not an address"


def counts(event):
    """The numbers by state and reason; causes are called by how many orders they have."""
    found = numbers(event)
    assert found.total == Order.objects.filter(event=event).count()
    return {
        state if state == "failing" or not reason else f"{state}: {reason}": count
        for (state, reason), count in found.counts.items()
    }


def test_an_event_without_orders(story):
    assert counts(story.event) == {}


def test_orders_wait_and_are_in_sync(story):
    story.order("A1")
    assert counts(story.event) == {"waiting": 1}
    story.sync()
    story.order("A2")
    assert counts(story.event) == {"in_sync": 1, "waiting": 1}


def test_an_order_in_flight_waits(story):
    story.order("A1")
    OrderSyncQueue.objects.update(in_flight=True, in_flight_since=now())
    assert counts(story.event) == {"waiting": 1}
    story.queue(Order.objects.get())
    assert counts(story.event) == {"waiting": 1}


def test_a_lost_signal_waits_for_the_sweep(story):
    story.order("A1", queue=False)
    assert counts(story.event) == {"waiting": 1}


def test_orders_from_before_are_not_in_scope_until_sent_by_hand(story):
    order = story.order("A1", datetime=now() - timedelta(days=9))
    assert counts(story.event) == {"not_in_scope": 1}
    story.sync()
    assert counts(story.event) == {"not_in_scope": 1}
    story.queue(order, "user")
    assert counts(story.event) == {"waiting": 1}
    story.sync()
    assert counts(story.event) == {"in_sync": 1}


def test_test_orders_are_excluded_as_long_as_the_option_says_so(story):
    story.order("A1", testmode=True)
    story.order("A2", testmode=True, queue=False)
    story.sync()
    assert counts(story.event) == {"excluded: test_mode": 2}
    EventConnection.objects.update(send_test_orders=True)
    assert counts(story.event) == {"excluded: test_mode": 1, "waiting": 1}
    story.queue(Order.objects.get(code="A1"), "user")
    story.sync()
    assert counts(story.event) == {"in_sync": 1, "waiting": 1}


def test_failing_orders_have_one_cause_each(story):
    for code in ("A1", "A2"):
        story.order(code, email=BAD_EMAIL)
    story.order("A3")
    story.sync()
    assert counts(story.event) == {"failing": 2, "in_sync": 1}
    [cause] = causes(story.event)
    assert (cause.orders, cause.word) == (2, "Permanent error")
    assert "not a valid email address" in cause.text


def test_temporary_failures_are_failing_too(story):
    story.order("A1")
    story.simulator.faults.add("locked", stage="create", times=None)
    story.sync()
    assert counts(story.event) == {"failing": 1}
    [cause] = causes(story.event)
    assert cause.word == "Temporary error"
    assert cause.next_try > now()


def test_what_core_did_to_a_row_counts(story):
    story.order("A1")
    OrderSyncQueue.objects.update(need_manual_retry="timeout")
    assert counts(story.event) == {"failing": 1}
    [cause] = causes(story.event)
    assert (cause.key, cause.orders, cause.word) == ("row_timeout", 1, "System error")


def test_a_canceled_job_stays_a_problem(story):
    story.order("A1", email=BAD_EMAIL)
    story.sync()
    OrderSyncQueue.objects.all().delete()  # core's Cancel
    assert counts(story.event) == {"failing": 1}


def test_retry_waits_again_and_heals(story, manager):
    order = story.order("A1", email=BAD_EMAIL)
    story.sync()
    Order.objects.update(email="ada@example.org")
    assert retry(story.joined, causes(story.event)[0], manager) == 1
    assert counts(story.event) == {"waiting": 1}
    story.sync()
    assert counts(story.event) == {"in_sync": 1}
    state = OrderState.objects.get(order=order)
    assert (state.problem, state.cause, state.failing_since, state.attempts) == (None, "", None, 0)


def test_retry_finds_orders_without_a_row(story, manager):
    story.order("A1", email=BAD_EMAIL)
    story.sync()
    OrderSyncQueue.objects.all().delete()
    retry(story.joined, causes(story.event)[0], manager)
    assert OrderSyncQueue.objects.get().need_manual_retry is None
    assert counts(story.event) == {"waiting": 1}


def test_dismissed_until_it_changes(story, manager):
    order = story.order("A1", email=BAD_EMAIL)
    story.sync()
    problem = OrderState.objects.get().problem
    assert dismiss(story.joined, causes(story.event)[0], manager) == 1
    assert counts(story.event) == {"excluded: dismissed": 1}
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get().problem == problem
    sweep.run(story.joined)
    assert counts(story.event) == {"excluded: dismissed": 1}
    story.queue(order, "order_changed")
    story.sync()
    assert counts(story.event) == {"failing": 1}


def test_ignored_until_sync_now(story, manager):
    order = story.order("A1", email=BAD_EMAIL)
    story.sync()
    assert ignore(story.joined, order, manager)
    Order.objects.update(email="ada@example.org")
    order.refresh_from_db()
    for reason in ("order_changed", "order_paid"):
        story.queue(order, reason)
        assert counts(story.event) == {"excluded: ignored": 1}
        story.sync()
        assert counts(story.event) == {"excluded: ignored": 1}
    assert story.world()["contacts"] == []
    story.queue(order, "user")
    assert counts(story.event) == {"waiting": 1}
    story.sync()
    assert counts(story.event) == {"in_sync": 1}
    story.queue(order, "order_changed")
    story.sync()
    assert counts(story.event) == {"in_sync": 1}


def test_an_order_in_flight_is_left_to_its_worker(story, manager):
    order = story.order("A1")
    OrderSyncQueue.objects.update(in_flight=True, in_flight_since=now())
    assert not ignore(story.joined, order, manager)
    assert OrderSyncQueue.objects.count() == 1
    assert counts(story.event) == {"waiting": 1}


def test_shredded_orders_are_left_alone(story):
    story.order("A1")
    story.sync()
    HubSpotShredder(story.event).shred_data()
    assert counts(story.event) == {"excluded: shredded": 1}


def test_while_an_event_has_left_no_order_is_in_scope_and_afterwards_all_are(story):
    story.order("A1")
    story.sync()
    leave(story.event, None)
    assert numbers(story.event).counts == {("not_in_scope", ""): 1}
    join(story.event, story.connection, None)
    story.order("A2")
    story.sync()
    assert counts(story.event) == {"in_sync": 2}


def test_the_oldest_waiting_order_and_since_when(story):
    story.order("A1")
    story.order("A2")
    OrderSyncQueue.objects.filter(order__code="A2").update(triggered=now() - timedelta(hours=3))
    oldest = oldest_waiting([story.event.pk])
    assert oldest.code == "A2"
    assert timedelta(hours=2.9) < now() - oldest.since < timedelta(hours=3.1)


def test_events_are_counted_apart_and_in_one_query(story):
    other = story.add_event("gala")
    story.join(other)
    story.order("A1")
    story.order("B1", event=other)
    story.order("B2", event=other)
    with CaptureQueriesContext(connection) as captured:
        found = numbers_of([story.event.pk, other.pk])
    assert {event: sum(n.counts.values()) for event, n in found.items()} == {story.event.pk: 1, other.pk: 2}
    assert len(captured) == 1


@pytest.mark.parametrize("many", [1, 300])
def test_the_number_of_queries_does_not_grow(story, many):
    story.order("A1", email=BAD_EMAIL)
    story.order("A2")
    story.sync()
    Order.objects.bulk_create(copies(Order.objects.get(code="A2"), many))
    list(orders_in(story.event, "waiting"))  # warm up content types
    with CaptureQueriesContext(connection) as captured:
        found = numbers(story.event)
        causes(story.event)
    assert found.total == many + 2
    assert len(captured) <= 14, [q["sql"][:120] for q in captured]


def copies(order, many):
    for number in range(many):
        yield Order(
            code=f"X{number}",
            event=order.event,
            organizer=order.event.organizer,
            email="x@example.org",
            datetime=now(),
            expires=now(),
            total=0,
            status=Order.STATUS_PENDING,
            sales_channel=order.sales_channel,
            secret="x",
        )
