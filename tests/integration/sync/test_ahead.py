"""While HubSpot's limit lets nobody send, the next slice is planned; whatever happens then, no order gets stuck."""

import time

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError
from django.db.models import F
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections import request_budget
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.models import Connection, EventConnection, ObjectMapping, OrderState, Run
from pretix_hubspot.sync import lookahead, worker
from pretix_hubspot.sync.joining import leave
from pretix_hubspot.sync.queue import order_queue
from pretix_hubspot.sync.run import engine
from pretix_hubspot.sync.shredder import HubSpotShredder

WINDOW = 8.0  # seconds to wait before the first request of each slice


class Waiting(NoBudget):
    """A budget that has something to give after the window only, and nothing to whoever may not wait."""

    def __init__(self, sleep, may_wait):
        self.sleep, self.may_wait, self.waited = sleep, may_wait, False

    def acquire(self, kind="crm", live=True, calls=1):
        if not self.may_wait:
            raise errors.OverBudget("used up", retry_after=WINDOW)
        if not self.waited:
            self.waited = True
            self.sleep(WINDOW)
        return super().acquire(kind, live, calls)


@pytest.fixture
def steps(story, monkeypatch):
    """What workers do, in its order: slices of four orders, and a wait before the first request of each."""
    story.order("FIRST", email="first@example.org")
    story.sync()  # reads the schema
    Run.objects.all().delete()
    found = []
    monkeypatch.setattr(order_queue, "SLICE", 4)
    monkeypatch.setattr(
        request_budget, "for_portal", lambda portal, kind, max_wait=30.0, sleep=time.sleep: Waiting(sleep, max_wait > 0)
    )
    monkeypatch.setattr(lookahead.time, "sleep", lambda seconds: found.append("slept") if seconds > 1 else None)
    prepare, run = engine.prepare, engine.run

    def noted_prepare(connection, claim, events):
        found.append(f"planned {len(claim.rows)}")
        return prepare(connection, claim, events)

    def noted_run(connection, claim, events, *, prepared, **kept):
        report = run(connection, claim, events, prepared=prepared, **kept)
        found.append(f"sent {report.sent}{' as planned' if prepared else ''}")
        return report

    monkeypatch.setattr(engine, "prepare", noted_prepare)
    monkeypatch.setattr(engine, "run", noted_run)
    return found


def drain(story, **options):
    return worker.drain(story.connection, seconds=60, **options)


def orders(story, number, reason="order_placed"):
    return [story.order(f"A{n}", email=f"a{n}@example.org", queue=reason) for n in range(number)]


def deals(story):
    return len(story.world()["deals"]) - 1


def waiting():
    return OrderSyncQueue.objects.filter(in_flight=False, need_manual_retry=None).count()


def test_the_next_slice_is_planned_while_the_limit_is_reached(story, steps):
    orders(story, 10)
    assert not drain(story)
    assert steps == [
        *("planned 4", "slept", "sent 4"),
        *("planned 2", "slept", "sent 4 as planned"),
        *("slept", "sent 2 as planned"),
    ]
    assert (deals(story), OrderSyncQueue.objects.count()) == (10, 0)
    assert OrderState.objects.exclude(sent_hash="").count() == 11
    assert [run.orders for run in Run.objects.order_by("pk")] == [4, 4, 2]


def test_bulk_work_is_in_no_hurry(story, steps):
    orders(story, 6)
    OrderSyncQueue.objects.update(triggered_by="bulk")
    drain(story)
    assert "planned 2" not in steps
    assert deals(story) == 6


def test_a_short_wait_is_only_a_wait(story, steps, monkeypatch):
    monkeypatch.setattr(lookahead, "WORTH_IT", WINDOW + 1)
    orders(story, 6)
    drain(story)
    assert [step for step in steps if step.startswith("planned")] == []


def test_what_changes_meanwhile_is_sent_in_the_end(story, steps, monkeypatch):
    made = orders(story, 6)
    prepare = engine.prepare

    def edited(*args):
        found = prepare(*args)
        order = made[-1]
        order.email = "new@example.org"
        order.save()
        story.queue(order, "order_changed")
        return found

    monkeypatch.setattr(engine, "prepare", edited)
    drain(story)
    assert "new@example.org" in {contact["email"] for contact in story.world()["contacts"]}
    assert OrderSyncQueue.objects.count() == 0


def test_people_of_both_slices_are_one_contact(story, steps):
    for number in range(6):
        story.order(f"A{number}", email="ada@example.org")
    drain(story)
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
def test_what_was_planned_goes_back_if_nobody_may_send_any_more(story, steps, monkeypatch, meanwhile):
    orders(story, 6)
    prepare = engine.prepare

    def then(*args):
        found = prepare(*args)
        meanwhile()
        return found

    monkeypatch.setattr(engine, "prepare", then)
    drain(story)
    assert (deals(story), waiting()) == (4, 2)
    assert steps[-1] == "sent 4"


def test_an_outage_gives_both_slices_back(story, steps):
    orders(story, 6)
    story.simulator.faults.add("unavailable", times=None)
    drain(story)
    assert "planned 2" in steps
    assert waiting() == 6


def test_what_is_mapped_otherwise_by_now_is_planned_anew(story, steps, monkeypatch):
    orders(story, 6)
    prepare = engine.prepare

    def edited(*args):
        found = prepare(*args)
        ObjectMapping.objects.update(revision=F("revision") + 1)
        return found

    monkeypatch.setattr(engine, "prepare", edited)
    drain(story)
    assert (steps[-1], deals(story)) == ("sent 2", 6)


def test_what_was_planned_goes_with_the_event_that_leaves(story, steps, monkeypatch):
    orders(story, 6)
    prepare = engine.prepare

    def left(*args):
        found = prepare(*args)
        leave(story.event, None)
        return found

    monkeypatch.setattr(engine, "prepare", left)
    drain(story)
    assert (deals(story), OrderSyncQueue.objects.count()) == (4, 0), "what was on its way arrived; nobody counts it"


def test_what_was_planned_is_not_sent_any_more_once_it_was_shredded(story, steps, monkeypatch):
    orders(story, 6)
    prepare = engine.prepare

    def shredded(*args):
        found = prepare(*args)
        HubSpotShredder(story.event).shred_data()
        return found

    monkeypatch.setattr(engine, "prepare", shredded)
    drain(story)
    assert (deals(story), OrderSyncQueue.objects.count()) == (4, 0), "four were on their way already"
    assert set(OrderState.objects.values_list("excluded_reason", "sent_hash")) == {("shredded", "")}


def test_an_event_that_uses_another_portal_by_now_keeps_its_orders_for_that(story, steps, monkeypatch):
    orders(story, 6)
    prepare = engine.prepare
    another = Connection.objects.create(organizer=story.organizer, portal_id=7, kind="token")

    def moved(*args):
        found = prepare(*args)
        EventConnection.objects.update(connection=another)
        return found

    monkeypatch.setattr(engine, "prepare", moved)
    drain(story)
    assert (deals(story), waiting()) == (4, 2)


ERRORS = [errors.OverBudget("used up"), InterfaceError(), ZeroDivisionError()]


def raising(error):
    def broken(*args, **kept):
        raise error

    return broken


@pytest.mark.parametrize("error", ERRORS)
def test_what_cannot_be_planned_in_advance_is_sent_without(story, steps, monkeypatch, error):
    orders(story, 6)
    monkeypatch.setattr(engine, "prepare", raising(error))
    drain(story)
    assert (deals(story), OrderSyncQueue.objects.count()) == (6, 0)


@pytest.mark.parametrize("error", ERRORS)
def test_trouble_with_the_claim_is_none_of_the_slice_that_is_being_sent(story, steps, monkeypatch, error):
    orders(story, 6)
    turns = iter([order_queue.claim, raising(error), order_queue.claim])
    monkeypatch.setattr(order_queue, "claim", lambda *args: next(turns)(*args))
    drain(story)
    assert (deals(story), steps) == (6, ["slept", "sent 4", "slept", "sent 2"])


def test_what_cannot_be_given_back_returns_when_the_lease_ends(story, steps, monkeypatch):
    orders(story, 6)
    monkeypatch.setattr(engine, "prepare", raising(ZeroDivisionError()))
    monkeypatch.setattr(order_queue, "release", raising(InterfaceError()))
    drain(story)
    assert (deals(story), OrderSyncQueue.objects.filter(in_flight=True).count()) == (4, 2)


@pytest.mark.parametrize("end", [SoftTimeLimitExceeded, KeyboardInterrupt, SystemExit])
def test_a_worker_that_is_ended_meanwhile_leaves_nothing_behind(story, steps, monkeypatch, end):
    orders(story, 6)

    monkeypatch.setattr(engine, "prepare", raising(end()))
    with pytest.raises(end):
        drain(story)
    assert waiting() == 6


def test_a_worker_that_was_taken_for_dead_sends_nothing_twice(story, steps, monkeypatch):
    """Its second slice waited for longer than the lease."""
    orders(story, 6)
    prepare = engine.prepare

    def late(connection, claim, events):
        monkeypatch.setattr(engine, "prepare", prepare)
        found = prepare(connection, claim, events)
        claim.stamp -= 2 * order_queue.lease()
        OrderSyncQueue.objects.filter(pk__in=[row.pk for row in claim.rows]).update(in_flight_since=claim.stamp)
        order_queue.reclaim()
        return found

    monkeypatch.setattr(engine, "prepare", late)
    drain(story)
    assert steps[2:4] == ["sent 4", "sent 0 as planned"]
    assert deals(story) == 6
    assert OrderSyncQueue.objects.count() == 0
    assert story.simulator.portal.writes
    assert set(story.simulator.portal.writes.values()) == {1}


def test_nothing_is_planned_once_the_worker_is_to_hand_over(story, steps):
    orders(story, 10)
    moments = iter([0, 0, 61, 61, 61, 61])
    assert drain(story, clock=lambda: next(moments)), "somebody has to go on"
    assert steps == ["planned 4", "slept", "sent 4", "slept", "sent 4 as planned"]
    assert waiting() == 2


@pytest.mark.parametrize(("in_flight", "calls"), [(3, 1), (5, 1), (6, 0), (8, 0)])
def test_help_is_called_by_workers_and_not_by_slices(story, steps, monkeypatch, in_flight, calls):
    """Who has one to spare takes it that the others do, too."""
    orders(story, 8)
    monkeypatch.setattr(
        order_queue, "slices_in_flight", lambda events: in_flight if "sent 4" in steps else worker.WORKERS
    )
    called = []
    drain(story, call_help=lambda: called.append(1))
    assert len(called) == calls
