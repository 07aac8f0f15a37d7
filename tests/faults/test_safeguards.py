"""Each safeguard has a test that fails when it is removed."""

import pytest
from pretix.base.models.datasync import OrderSyncQueue
from redis import RedisError

from pretix_hubspot.connections import request_budget
from pretix_hubspot.models import Connection, KnownRecord, OrderState, WorkItem
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue import schedule
from tests.interruptions import READS_THE_BUDGET, raising

from .conftest import expected, orders

pytestmark = [pytest.mark.faults, pytest.mark.django_db]


def test_the_request_budget_is_kept(our_own, story, simulator, fake_clock, real_budget):
    """Request budget; fails without ``Budget.acquire`` in the client: HubSpot would refuse calls."""
    simulator.limits.burst = 8
    fake_clock.advance(60)  # what was asked when connecting counts no more
    story.connection.refresh_from_db()
    for batch in range(4):
        orders(story, range(batch * 3, batch * 3 + 3))
        story.sync()
        story.queue(story.event.orders.first(), "user")
        story.sync()
    assert story.world() == expected(range(12))
    assert simulator.limits.violations == 0
    assert sum(fake_clock.slept) > 20, "it did have to wait"


def test_no_order_pays_for_a_budget_that_others_use_up(story, simulator, real_budget, fake_clock):
    """Fails without ``OverBudget`` in ``BatchCaller``: each wait that is too long would cost the orders an attempt."""
    shared = request_budget.for_portal(story.connection.portal_id, story.connection.kind)
    orders(story, range(1))
    story.sync()
    shared.throttled("burst", retry_after=45)
    fake_clock.during_each(lambda seconds: shared.throttled("burst", retry_after=seconds + 45))
    orders(story, range(1, 4))
    asked = simulator.requests.total
    for _ in range(6):
        story.sync()
    assert simulator.requests.total == asked
    waiting = OrderSyncQueue.objects.values_list("in_flight", "failed_attempts", "need_manual_retry")
    assert list(waiting) == [(False, 0, None)] * 3
    assert Connection.objects.get().resting_until is None, "other workers may have a part of the budget left"
    assert set(story.event.hubspot_runs.exclude(trouble="").values_list("trouble", flat=True)) == {"budget"}
    shared.reset()
    story.sync()
    assert story.world() == expected(range(4))


def test_a_refused_batch_is_halved_until_the_bad_record_stands_alone(story, simulator):
    """Halving; fails without ``BatchCaller._isolate``: everybody would be refused with the one."""
    simulator.faults.add("bad-request", stage="create", body="blocked.example", times=None)
    orders(story, range(20))
    bad = story.order("BAD", email="ada@blocked.example")
    story.sync()
    assert list(OrderSyncQueue.objects.values_list("order__code", "need_manual_retry")) == [("BAD", "permanent")]
    world = story.world()
    assert world["contacts"] == expected(range(20))["contacts"]
    assert len(world["deals"]) == 21
    assert OrderState.objects.get(order=bad).problem[0]["object_type"] == "contacts"


@pytest.mark.parametrize("forgotten", ["link", "state"])
def test_a_conflict_is_answered_by_reading_the_record(story, forgotten):
    """Re-read on conflict; fails without ``_reread`` in ``TypeRun._after_create``."""
    mine = orders(story, range(3))
    story.sync()
    KnownRecord.objects.all().delete()
    if forgotten == "state":
        OrderState.objects.all().delete()
    for order in mine:
        order.total = 70
        order.save()
        story.queue(order, "order_changed")
    story.sync()
    assert story.world() == expected(range(3), "70.0")
    assert not OrderSyncQueue.objects.exists()


def test_what_is_left_of_the_day_is_for_live_orders(our_own, story, simulator, real_budget):
    """Fails without ``is_kept_for_live``: bulk work would rest the whole portal, or ask for ever."""
    shared = request_budget.for_portal(story.connection.portal_id, story.connection.kind)
    shared.observe(200, {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "90"})
    in_bulk = orders(story, range(3))
    OrderSyncQueue.objects.update(triggered_by="bulk")
    WorkItem.objects.all().delete()
    schedule.rebuild()
    asked = simulator.requests.total
    assert not worker.work_through_queue(story.connection, seconds=10)
    story.sync()  # core's own run does not ask the queue
    assert simulator.requests.total == asked
    orders(story, range(3, 5))
    assert not worker.work_through_queue(story.connection, seconds=10)
    assert story.world() == expected(range(3, 5))
    assert Connection.objects.get().resting_until is None
    waiting = OrderSyncQueue.objects.values_list("order", "in_flight", "failed_attempts", "need_manual_retry")
    assert sorted(waiting) == [(order.pk, False, 0, None) for order in in_bulk]
    shared.reset()
    worker.work_through_queue(story.connection, seconds=10)
    assert story.world() == expected(range(5))


def test_a_worker_without_budget_does_not_ask_for_it_all_the_time(story, real_budget, fake_clock):
    request_budget.for_portal(story.connection.portal_id, story.connection.kind).throttled("burst", retry_after=45)
    orders(story, range(1))
    assert 44 < worker.work_through_queue(story.connection, seconds=10) <= 45, "somebody has to come back"
    assert fake_clock.slept == []


def test_a_budget_that_cannot_be_read_stops_no_worker_with_an_error(our_own, story, statements, real_budget):
    """Redis is away, say: the engine gives its rows back, and nobody is to blame."""
    statements.before(READS_THE_BUDGET, raising(RedisError("away")))
    orders(story, range(1))

    assert not worker.work_through_queue(story.connection, seconds=10)
    assert story.world() == expected(range(1))

    Connection.objects.update(resting_reason="outage")
    statements.before(READS_THE_BUDGET, raising(RedisError("away")))
    assert worker._portal_answers(Connection.objects.get())
