"""Real workers: killed at random moments, and many at once."""

import random
import time
from base64 import b64encode

import pytest
from pretix.base.models.datasync import OrderSyncQueue
from redis import Redis

from pretix_hubspot.models import KnownRecord, OrderState
from tests.soak import amount

from .harness import REDIS, WORLD, drain, expected, seed, waiting

pytestmark = pytest.mark.workers

SLOW = ("--rate-limit", "off", "--batch-latency-ms", "150")


@pytest.mark.soak
@pytest.mark.parametrize("portal", [SLOW], indirect=True)
@pytest.mark.parametrize("seed_of_moments", range(amount(1, 10)))
def test_killed_at_random_moments_nothing_is_lost_or_doubled(story, portal, workers, seed_of_moments):
    """Returns after restart, the lease and one period; fails without ``jobs.reclaim``."""
    orders = range(500)
    seed(story, orders)
    worker = workers(2)
    for number in range(6):
        worker.ring("drain", story.connection.pk)
        worker.ring("run_periodic")
        worker.ring("drain", story.connection.pk)
        time.sleep(random.uniform(0.2, 1.2))
        worker.kill_children() if number < 4 else worker.kill()
        if number >= 4:
            worker.start()
    assert waiting(), "the workers died in the middle"
    drain(worker, 90)
    assert portal.world(WORLD) == expected(orders)
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.exclude(sent_hash="").count() == len(orders)
    assert KnownRecord.objects.count() == 3 * len(orders)


@pytest.mark.soak
def test_many_workers_write_each_record_once(story, portal, workers):
    orders = range(amount(500, 5_000))
    seed(story, orders)
    worker = workers(4)
    for _ in range(4):
        worker.ring("drain", story.connection.pk)
    drain(worker, amount(120, 900))
    assert portal.world(WORLD) == expected(orders)
    writes = portal.writes()
    assert {name: (len(counts), set(counts)) for name, counts in writes.items()} == {
        "contacts": (2 * len(orders), {1}),
        "deals": (len(orders), {1}),
    }
    assert OrderState.objects.exclude(sent_hash="").count() == len(orders)
    worker.stop()
    assert worker.trouble() == []


@pytest.mark.parametrize("portal", [("--rate-limit", "30")], indirect=True)
def test_all_workers_share_one_request_budget(story, portal, workers):
    """Thirty requests in ten seconds, and nobody is ever refused; fails without the request budget."""
    orders = range(400)
    seed(story, orders)
    time.sleep(10)  # HubSpot counts what connecting took as well, which no worker made
    worker = workers(3)
    for _ in range(3):
        worker.ring("drain", story.connection.pk)
    drain(worker, 60)
    assert portal.world(WORLD) == expected(orders)
    assert portal.ask("counters")["rate_limit_violations"] == 0


def test_monitoring_reads_what_the_workers_counted(story, portal, workers, client, settings, monkeypatch):
    seed(story, range(3))
    before = portal.ask("counters")["total"]
    worker = workers(1)
    drain(worker, 30)
    worker.stop()  # counts after the last row is gone
    settings.HAS_REDIS = settings.METRICS_ENABLED = True
    settings.METRICS_PASSPHRASE = "watchful"
    monkeypatch.setattr("pretix.base.metrics.redis", Redis.from_url(REDIS), raising=False)
    answer = client.get("/metrics", headers={"authorization": f"Basic {b64encode(b'metrics:watchful').decode()}"})
    told = dict(line.rsplit(" ", 1) for line in answer.content.decode().splitlines())
    assert float(told["pretix_hubspot_requests_total"]) == portal.ask("counters")["total"] - before
    assert float(told["pretix_hubspot_slice_seconds_count"]) == 1
    assert {f"pretix_hubspot_{name}" for name in ("waiting_orders", "problem_orders", "resting_connections")} <= set(
        told
    )
