"""While HubSpot's limit lets nobody send, the next slice is planned; whatever happens then, no order gets stuck."""

import logging
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError
from django.db.models import F
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections import request_budget
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import Connection, EventConnection, ObjectMapping, OrderState, Run
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.joining import leave
from pretix_hubspot.sync.queue import order_queue
from pretix_hubspot.sync.shredder import HubSpotShredder
from tests.interruptions import ALWAYS, CLAIMS, READS_ORDERS, RELEASES, raising

WINDOW = 8.0  # seconds to wait before the first request of each slice
TURN = 60  # seconds that a worker goes on


class Rush:
    """A worker with slices of four orders, whose portal lets it send the first request of each after a window only.

    ``trace`` is what it does, in its order: "planned 4", "waited", "sent 4".
    """

    def __init__(self, story, fake_clock, statements, window):
        self._story, self._clock, self._statements, self._window = story, fake_clock, statements, window
        self.trace = []
        self._sent = []
        fake_clock.during_each(self._note_wait)
        statements.before(READS_ORDERS, self._note_plan, times=ALWAYS)

    def drain(self, **options):
        self._close_window()
        logger, handler = logging.getLogger(worker.__name__), Notes(self._note_sent)
        logger.addHandler(handler)
        try:
            return worker.work_through_queue(
                self._story.connection, seconds=TURN, size=order_queue.SliceSize(orders=4), **options
            )
        finally:
            logger.removeHandler(handler)

    def while_planning(self, act):
        """Something happens while the worker waits, when it has planned its second slice."""
        self._clock.meanwhile(act)

    def after_first(self, act):
        """Something happens when the first slice is sent."""
        self._sent.append(act)

    def instead_of_planning(self, error):
        """The second slice cannot be planned."""
        self._statements.before(READS_ORDERS, raising(error), number=2)

    def _close_window(self):
        request_budget.for_portal(self._story.connection.portal_id, self._story.connection.kind).throttled(
            "burst", self._window
        )

    def _note_plan(self):
        self.trace.append(f"planned {len(self._statements.parameters) - 2}")  # organizer and event are two

    def _note_wait(self, seconds):
        if seconds > 1:
            self.trace.append("waited")

    def _note_sent(self, record):
        self.trace.append(f"sent {record.args[1]}")
        while self._sent:
            self._sent.pop()()
        self._close_window()


class Notes(logging.Handler):
    """Hands on what a logger says about each slice."""

    def __init__(self, note):
        super().__init__(logging.INFO)
        self.emit = lambda record: note(record) if "unchanged" in record.msg else None


@pytest.fixture
def window():
    return WINDOW


@pytest.fixture
def rush(story, fake_clock, statements, window):
    story.order("FIRST", email="first@example.org")
    story.sync()  # reads the schema
    Run.objects.all().delete()
    fake_clock.stop()
    return Rush(story, fake_clock, statements, window)


def orders(story, number, reason="order_placed"):
    return [story.order(f"A{n}", email=f"a{n}@example.org", queue=reason) for n in range(number)]


def deals(story):
    return len(story.world()["deals"]) - 1


def waiting():
    return OrderSyncQueue.objects.filter(in_flight=False, need_manual_retry=None).count()


def test_the_next_slice_is_planned_while_the_limit_is_reached(story, rush):
    orders(story, 10)

    assert not rush.drain()

    assert rush.trace == [
        *("planned 4", "planned 4", "waited", "sent 4"),
        *("planned 2", "waited", "sent 4"),
        *("waited", "sent 2"),
    ]
    assert (deals(story), OrderSyncQueue.objects.count()) == (10, 0)
    assert OrderState.objects.exclude(sent_hash="").count() == 11
    assert [run.orders for run in Run.objects.order_by("pk")] == [4, 4, 2]


def test_bulk_work_is_in_no_hurry(story, rush):
    orders(story, 6)
    OrderSyncQueue.objects.update(triggered_by="bulk")

    rush.drain()

    assert rush.trace == ["planned 4", "waited", "sent 4", "planned 2", "waited", "sent 2"]
    assert deals(story) == 6


@pytest.mark.parametrize("window", [1.5])
def test_a_short_wait_is_only_a_wait(story, rush):
    orders(story, 6)

    rush.drain()

    assert rush.trace == ["planned 4", "waited", "sent 4", "planned 2", "waited", "sent 2"]


def test_what_changes_meanwhile_is_sent_in_the_end(story, rush):
    order = orders(story, 6)[-1]

    def edit():
        order.email = "new@example.org"
        order.save()
        story.queue(order, "order_changed")

    rush.while_planning(edit)
    rush.drain()

    assert "new@example.org" in {contact["email"] for contact in story.world()["contacts"]}
    assert OrderSyncQueue.objects.count() == 0


def test_people_of_both_slices_are_one_contact(story, rush):
    for number in range(6):
        story.order(f"A{number}", email="ada@example.org")

    rush.drain()

    assert len(story.world()["contacts"]) == 2
    assert deals(story) == 6


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda: EventConnection.objects.update(paused_since=now()),
        lambda: Connection.objects.update(paused_since=now()),
        lambda: Connection.objects.update(status=Connection.Status.REVOKED),
    ],
)
def test_what_was_planned_goes_back_if_nobody_may_send_any_more(story, rush, meanwhile):
    orders(story, 6)

    rush.while_planning(meanwhile)
    rush.drain()

    assert (deals(story), waiting()) == (4, 2)
    assert rush.trace[-2:] == ["waited", "sent 4"]


def test_an_outage_gives_both_slices_back(story, rush):
    orders(story, 6)
    story.simulator.faults.add("unavailable", times=None)

    rush.drain()

    assert "planned 2" in rush.trace
    assert waiting() == 6


def test_what_is_mapped_otherwise_by_now_is_planned_anew(story, rush):
    orders(story, 6)

    rush.while_planning(lambda: ObjectMapping.objects.update(revision=F("revision") + 1))
    rush.drain()

    assert rush.trace == ["planned 4", "planned 2", "waited", "sent 4", "planned 2", "waited", "sent 2"]
    assert deals(story) == 6


def test_what_was_planned_goes_with_the_event_that_leaves(story, rush):
    orders(story, 6)

    rush.while_planning(lambda: leave(story.event, None))
    rush.drain()

    assert (deals(story), OrderSyncQueue.objects.count()) == (4, 0), "what was on its way arrived; nobody counts it"


def test_what_was_planned_is_not_sent_any_more_once_it_was_shredded(story, rush):
    orders(story, 6)

    rush.while_planning(lambda: HubSpotShredder(story.event).shred_data())
    rush.drain()

    assert (deals(story), OrderSyncQueue.objects.count()) == (4, 0), "four were on their way already"
    assert set(OrderState.objects.values_list("excluded_reason", "sent_hash")) == {("shredded", "")}


def test_an_event_that_uses_another_portal_by_now_keeps_its_orders_for_that(story, rush):
    orders(story, 6)
    another = Connection.objects.create(organizer=story.organizer, portal_id=7, kind="token")

    rush.while_planning(lambda: EventConnection.objects.update(connection=another))
    rush.drain()

    assert (deals(story), waiting()) == (4, 2)


ERRORS = [errors.OverBudget("used up"), InterfaceError(), ZeroDivisionError()]


@pytest.mark.parametrize("error", ERRORS)
def test_what_cannot_be_planned_in_advance_is_sent_without(story, rush, error):
    orders(story, 6)
    rush.instead_of_planning(error)

    rush.drain()

    assert (deals(story), OrderSyncQueue.objects.count()) == (6, 0)


@pytest.mark.parametrize("error", ERRORS)
def test_trouble_with_the_claim_is_none_of_the_slice_that_is_being_sent(story, rush, statements, error):
    orders(story, 6)
    statements.before(CLAIMS, raising(error), number=2)

    rush.drain()

    assert deals(story) == 6
    assert rush.trace == ["planned 4", "waited", "sent 4", "planned 2", "waited", "sent 2"]


def test_what_cannot_be_given_back_returns_when_the_lease_ends(story, rush, statements):
    orders(story, 6)
    rush.instead_of_planning(ZeroDivisionError())
    statements.before(RELEASES, raising(InterfaceError()))

    rush.drain()

    assert (deals(story), OrderSyncQueue.objects.filter(in_flight=True).count()) == (4, 2)


@pytest.mark.parametrize("end", [SoftTimeLimitExceeded, KeyboardInterrupt, SystemExit])
def test_a_worker_that_is_ended_meanwhile_leaves_nothing_behind(story, rush, end):
    orders(story, 6)
    rush.instead_of_planning(end())

    with pytest.raises(end):
        rush.drain()

    assert waiting() == 6


def test_a_worker_that_was_taken_for_dead_sends_nothing_twice(story, rush):
    """Its second slice waited for longer than the lease."""
    orders(story, 6)

    def take_for_dead():
        rows = OrderSyncQueue.objects.filter(order__code__in=["A4", "A5"], in_flight=True)
        assert rows.update(in_flight_since=now() - 2 * order_queue.lease()) == 2
        assert order_queue.reclaim() == 2

    rush.while_planning(take_for_dead)
    rush.drain()

    assert rush.trace == [
        *("planned 4", "planned 2", "waited", "sent 4"),
        "sent 0",
        *("planned 2", "waited", "sent 2"),
    ]
    assert deals(story) == 6
    assert OrderSyncQueue.objects.count() == 0
    assert story.simulator.portal.writes
    assert set(story.simulator.portal.writes.values()) == {1}


def test_nothing_is_planned_once_the_worker_is_to_hand_over(story, rush, fake_clock):
    orders(story, 10)
    rush.after_first(lambda: fake_clock.advance(TURN))

    assert rush.drain(), "somebody has to go on"

    assert rush.trace == ["planned 4", "planned 4", "waited", "sent 4", "waited", "sent 4"]
    assert waiting() == 2


def at_work(story, number):
    """Claims of as many other workers of this portal as ``number`` says."""
    OrderSyncQueue.objects.filter(order__code__startswith="OTHER").delete()
    for n in range(number):
        story.event.orders.filter(code=f"OTHER{n}").exists() or story.order(f"OTHER{n}", queue=False)
        row, _ = story.queue(story.event.orders.get(code=f"OTHER{n}"))
        since = now() - timedelta(seconds=n)
        OrderSyncQueue.objects.filter(pk=row.pk).update(in_flight=True, in_flight_since=since)


@pytest.mark.parametrize(("slices", "calls"), [(3, 1), (5, 1), (6, 0), (8, 0)])
def test_help_is_called_by_workers_and_not_by_slices(story, rush, slices, calls):
    """Who has one to spare takes it that the others do, too."""
    orders(story, 8)
    at_work(story, worker.WORKERS)
    rush.while_planning(lambda: at_work(story, slices - 1))  # and one of our own is ready
    called = []

    rush.drain(call_help=lambda: called.append(1))

    assert len(called) == calls
