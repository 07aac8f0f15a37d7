"""Queue rows: claimed once, finished by who holds them, and never stuck."""

from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.utils.timezone import now
from django_redis.exceptions import ConnectionInterrupted
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult
from redis.exceptions import RedisError

from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import Connection, OrderState
from pretix_hubspot.sync import sweep, worker
from pretix_hubspot.sync.queue import claims, order_queue
from pretix_hubspot.sync.run import endings, engine
from pretix_hubspot.sync.send import batches
from tests.interruptions import READS_ORDERS, READS_POSITIONS, STORES_THE_BUDGET, raising


def pks():
    return list(OrderSyncQueue.objects.order_by("pk").values_list("pk", flat=True))


def rows(*fields):
    return list(OrderSyncQueue.objects.order_by("order__code", "in_flight").values_list("order__code", *fields))


def long_ago(claim):
    """The worker that holds this claim died before its lease ended."""
    stamp = now() - claims.lease() - timedelta(seconds=1)
    OrderSyncQueue.objects.filter(pk__in=[row.pk for row in claim.rows]).update(in_flight_since=stamp)


def test_a_claim_takes_what_waits_and_nothing_else(story):
    for code in "ABCDE":
        story.order(code)
    OrderSyncQueue.objects.filter(order__code="B").update(need_manual_retry="permanent")
    OrderSyncQueue.objects.filter(order__code="C").update(not_before=now() + timedelta(minutes=1))
    OrderSyncQueue.objects.filter(order__code="D").update(sync_provider="other")
    first = claims.claim(pks())
    assert [row.order.code for row in first.rows] == ["A", "E"]
    assert claims.claim(pks()) is None


def test_a_claim_passes_over_orders_with_a_sibling_in_flight(story):
    a, b = story.order("A"), story.order("B")
    claims.claim(pks())
    story.queue(a)
    story.queue(b)
    assert claims.claim(pks()) is None


#: How a worker parts with an order that it holds.
ENDS = {
    "release": lambda claim, order: claims.release(claim, [order]),
    "postpone": lambda claim, order: claims.leave(claim, retries={order: now()}),
    "fail": lambda claim, order: claims.leave(claim, stopped={order: "permanent"}),
}
FINISH = {"finish": lambda claim, order: claims.leave(claim, finished=[order])}
RECLAIM = {"reclaim": lambda claim, order: long_ago(claim) or order_queue.reclaim()}


@pytest.mark.parametrize("end", (ENDS | FINISH).values(), ids=ENDS | FINISH)
def test_only_who_holds_a_row_ends_it(story, end):
    """Fencing; fails without the stamp in ``order_queue._at``."""
    order = story.order("A")
    dead = claims.claim(pks())
    long_ago(dead)
    assert order_queue.reclaim() == 1
    alive = claims.claim(pks())
    before = rows("in_flight", "in_flight_since", "failed_attempts", "need_manual_retry")

    assert not end(dead, order.pk)

    assert rows("in_flight", "in_flight_since", "failed_attempts", "need_manual_retry") == before
    assert claims.leave(alive, finished=[order.pk]) == {order.pk}


def test_who_lost_everything_stops(story):
    """Fencing; fails without the stamp in ``order_queue._at``."""
    story.order("A")
    dead = claims.claim(pks())
    long_ago(dead)
    dead.stamp = OrderSyncQueue.objects.get().in_flight_since
    order_queue.reclaim()
    claims.claim(pks())
    with pytest.raises(claims.ClaimLost):
        dead.renew()


def test_a_lease_is_renewed_after_a_third(story):
    story.order("A")
    claim = claims.claim(pks())
    claim.renew()
    first = claim.stamp
    claim.stamp = first - claims.lease() / 3 - timedelta(seconds=2)
    OrderSyncQueue.objects.update(in_flight_since=claim.stamp)
    claim.renew()
    assert OrderSyncQueue.objects.get().in_flight_since == claim.stamp > first - timedelta(seconds=1)


def test_a_dead_workers_rows_return_and_living_ones_stay(story):
    story.order("A")
    dead = claims.claim(pks())
    long_ago(dead)
    story.order("B")
    claims.claim([OrderSyncQueue.objects.get(order__code="B").pk])
    assert order_queue.reclaim() == 1
    assert rows("in_flight") == [("A", False), ("B", True)]


def test_a_dead_workers_row_yields_to_its_waiting_sibling_and_hands_its_wish_over(story):
    order = story.order("A", queue=False)
    story.queue(order, "user")
    dead = claims.claim(pks())
    story.queue(order, "order_changed")
    long_ago(dead)
    order_queue.reclaim()
    assert rows("in_flight", "triggered_by") == [("A", False, "user")]


def test_a_released_wish_by_hand_survives_a_later_signal(story):
    order = story.order("A", queue=False, testmode=True)
    story.queue(order, "user")
    claim = claims.claim(pks())
    story.queue(order, "order_changed")
    claims.release(claim, [order.pk])
    story.sync()
    assert len(story.world()["deals"]) == 1


@pytest.mark.parametrize("end", (ENDS | RECLAIM).values(), ids=ENDS | RECLAIM)
def test_a_signal_in_the_moment_of_giving_back_breaks_nothing(story, statements, end):
    """The order is queued between the look for siblings and the write."""
    order = story.order("A")
    claim = claims.claim(pks())
    queued = []
    give_back = r'^UPDATE "pretixbase_ordersyncqueue" SET "in_flight"|^UPDATE .*CASE WHEN'
    statements.before(give_back, lambda: queued.append(story.queue(order, "order_changed")))

    end(claim, order.pk)

    assert queued
    assert rows("in_flight") == [("A", False)]


def test_cores_timeout_rows_and_exhausted_ones_come_back(story):
    for code, mode in (("A", "timeout"), ("B", "exceeded"), ("C", "permanent"), ("D", "exceeded")):
        story.order(code)
        OrderSyncQueue.objects.filter(order__code=code).update(need_manual_retry=mode, failed_attempts=4)
    OrderSyncQueue.objects.filter(order__code="B").update(not_before=now() - sweep.REARM_AFTER * 2)
    sweep.release_stuck_rows()
    found = {code: (mode, attempts) for code, mode, attempts in rows("need_manual_retry", "failed_attempts")}
    assert found["A"][0] is None
    assert found["B"] == (None, 0)
    assert (found["C"][0], found["D"][0]) == ("permanent", "exceeded")


def test_a_temporary_failure_waits_longer_each_time_and_is_final_only_until_the_sweep(story):
    order = story.order("A")
    story.simulator.faults.add("drop-results", stage="associate", times=None)
    waits = []
    for _ in range(len(endings.BACKOFF)):
        story.sync()
        row = OrderSyncQueue.objects.get()
        waits.append(round((row.not_before - now()).total_seconds() / 60))
        assert row.need_manual_retry is None
        OrderSyncQueue.objects.update(not_before=now())
    assert waits == sorted(waits)
    assert waits[0] >= 1
    assert waits[-1] >= endings.BACKOFF[-1]
    story.sync()
    assert rows("need_manual_retry") == [("A", "exceeded")]
    OrderSyncQueue.objects.update(not_before=now() - sweep.REARM_AFTER * 2)
    story.simulator.faults.clear()
    sweep.release_stuck_rows()
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get(order=order).problem is None


def test_orders_that_failed_together_do_not_come_back_together(story):
    """Jitter; fails without it in ``finishing``."""
    for number in range(8):
        story.order(f"A{number}")
    story.simulator.faults.add("drop-results", stage="associate", times=None)
    before = now()
    story.sync()
    waits = [(row.not_before - before).total_seconds() for row in OrderSyncQueue.objects.all()]
    least = 60 * endings.BACKOFF[0]
    assert len(set(waits)) == 8
    assert least <= min(waits) < min(waits) + 1 < max(waits) < 1.3 * least


def test_retrying_by_hand_begins_anew(story):
    """Core's buttons keep the count of attempts, so it is forgotten when we stop."""
    story.order("A")
    OrderSyncQueue.objects.update(failed_attempts=len(endings.BACKOFF))
    story.simulator.faults.add("drop-results", stage="associate", times=None)
    story.sync()
    assert rows("need_manual_retry", "failed_attempts") == [("A", "exceeded", 0)]
    OrderSyncQueue.objects.update(need_manual_retry=None, not_before=now())  # what core's Retry now does
    story.sync()
    assert rows("need_manual_retry", "failed_attempts") == [("A", None, 1)]


def mistake_the_address(story, monkeypatch):
    monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", "http://example.org")  # no client can be made


def forget_the_app(story, monkeypatch):
    yesterday = now() - timedelta(days=1)
    Connection.objects.update(kind="oauth", refreshed_at=yesterday, expires_at=yesterday)  # no token can be refreshed
    story.connection.refresh_from_db()


@pytest.mark.parametrize("misconfigure", [mistake_the_address, forget_the_app])
def test_a_misconfigured_server_rests_the_portal_and_costs_no_attempt(story, monkeypatch, misconfigure):
    story.order("A")
    misconfigure(story, monkeypatch)

    story.sync()

    assert rows("in_flight", "failed_attempts", "need_manual_retry") == [("A", False, 0, None)]
    assert Connection.objects.get().resting_reason == "server"


def test_a_resting_portal_takes_everything_as_soon_as_somebody_reconnects(story):
    for code in "ABC":
        story.order(code)
    story.simulator.faults.add("unavailable", times=None)
    story.sync()
    assert Connection.objects.get().resting_reason == "outage"
    story.simulator.faults.clear()
    story.sync()
    assert len(story.world()["deals"]) == 0, "the portal rests"
    Connection.objects.update(resting_until=None)
    story.sync()
    assert len(story.world()["deals"]) == 3


def test_a_paused_event_keeps_its_queue(story):
    story.order("A")
    story.joined.paused_since = now()
    story.joined.save()
    story.sync()
    assert not worker.work_through_queue(story.connection, seconds=5)
    assert rows("in_flight") == [("A", False)]
    assert story.world() == {"contacts": [], "deals": []}


def test_a_deleted_order_costs_the_others_nothing(story, statements):
    story.joined.send_test_orders = True
    gone = story.order("A", testmode=True)
    story.order("B")
    claim = claims.claim(pks())
    statements.before(READS_ORDERS, gone.gracefully_delete)

    report = engine.run(story.connection, claim, [story.joined])

    assert (report.total("sent"), report.total("failed")) == (1, 0)
    assert not OrderSyncQueue.objects.exists()


def test_one_order_that_breaks_the_engine_costs_the_others_nothing(story, statements):
    bad = [story.order(f"A{number}") for number in range(7)][3]
    statements.before(READS_POSITIONS, raising(RuntimeError("secret of ada@example.org")), about=bad.pk, times=99)

    story.sync()

    assert rows("need_manual_retry") == [("A3", "internal")]
    assert len(story.world()["deals"]) == 6


def test_patience_ends_with_the_portal_and_not_with_the_order():
    class Broken:
        def call(self, items):
            raise errors.ServerTrouble(status=503)

    caller = batches.BatchCaller()
    with pytest.raises(batches.PortalUnavailable):
        caller.batch(Broken().call, list(range(100)), 100)


def test_a_busy_database_at_the_claim_is_nobodys_fault(story, monkeypatch):
    from django.db import OperationalError, connection

    story.order("A")

    def busy(execute, sql, params, many, context):
        if "UPDATE" in sql and "ordersyncqueue" in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(busy):
        assert claims.claim(pks()) is None
        story.sync()
    story.sync()
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.parametrize("error", [RedisError("gone"), ConnectionInterrupted(None), InterfaceError("closed")], ids=repr)
def test_no_order_pays_for_a_server_that_fails(story, statements, error):
    for code in "AB":
        story.order(code)
    statements.before(STORES_THE_BUDGET, raising(error), number=3)

    story.sync()

    rows = OrderSyncQueue.objects.values_list("in_flight", "failed_attempts", "need_manual_retry")
    assert list(rows) == [(False, 0, None)] * 2
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert len(story.world()["deals"]) == 2


@pytest.mark.parametrize("error", [SoftTimeLimitExceeded(), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_whoever_ends_the_worker_does_not_have_to_wait_for_the_lease(story, statements, error):
    story.order("A")
    statements.before(STORES_THE_BUDGET, raising(error), number=3)

    with pytest.raises(type(error)):
        story.sync()

    assert list(OrderSyncQueue.objects.values_list("in_flight", "failed_attempts")) == [(False, 0)]


def test_an_ending_is_stored_as_a_whole_or_not_at_all(story, statements):
    """The last statement of the transaction fails: no state, no row for the page, and the order waits again."""
    order = story.order("A")
    statements.before(r'^INSERT INTO "pretix_hubspot_recorduse"', raising(OperationalError()))

    story.sync()

    assert not OrderState.objects.exists() and not OrderSyncResult.objects.exists()
    assert rows("in_flight", "failed_attempts", "need_manual_retry") == [("A", False, 0, None)]
    story.sync()
    assert OrderState.objects.get().order == order and not OrderSyncQueue.objects.exists()
