"""What a schedule may lose without losing an order: calls, workers, rounds and all of Redis."""

import time

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from .harness import WORLD, drain, expected, restart_redis, seed, wait_for, waiting

pytestmark = pytest.mark.workers

SLOW = ("--rate-limit", "off", "--batch-latency-ms", "150")
SHORT_DAY = ("--rate-limit", "off", "--daily-limit", "10000")


@pytest.mark.parametrize("portal", [SHORT_DAY], indirect=True)
def test_orders_that_are_being_gathered_outlive_the_workers(story, portal, workers):
    """Their call waits in a process that dies; the round calls again, and they still go together."""
    portal.ask("limits", {"use_daily": 9_400}, "PATCH")
    worker = workers(2)
    seed(story, range(1))
    worker.ring("drain", story.connection.pk)
    wait_for(lambda: not waiting(), 30, "the first order waits for others")
    before = portal.ask("counters")["total"]

    seed(story, range(1, 5))
    worker.ring("drain", story.connection.pk)
    time.sleep(2)
    gathered = OrderSyncQueue.objects.filter(in_flight=False).count()
    worker.kill()
    worker.start()
    drain(worker, 60)

    assert gathered == 4
    assert portal.world(WORLD) == expected(range(5))
    assert portal.ask("counters")["total"] - before <= 6


@pytest.mark.parametrize("portal", [SLOW], indirect=True)
def test_a_restarted_redis_loses_no_order(story, portal, workers):
    """Budget, open calls and every task are gone."""
    orders = range(400)
    seed(story, orders)
    worker = workers(2)
    worker.ring("drain", story.connection.pk)
    wait_for(lambda: waiting() < len(orders), 30, "nobody sends")

    restart_redis()
    drain(worker, 90)

    assert portal.world(WORLD) == expected(orders)
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.parametrize("portal", [SLOW], indirect=True)
def test_a_round_that_died_and_two_at_once_send_each_order_once(story, portal, workers):
    orders = range(200)
    seed(story, orders)
    worker = workers(4)

    worker.ring("run_periodic")
    time.sleep(0.3)
    worker.kill_children()
    for _ in range(2):
        worker.ring("run_periodic")
    drain(worker, 90)

    assert portal.world(WORLD) == expected(orders)
    assert {name: set(counts) for name, counts in portal.writes().items()} == {"contacts": {1}, "deals": {1}}
