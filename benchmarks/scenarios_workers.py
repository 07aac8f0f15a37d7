"""What is measured with real workers: a rush against HubSpot's limit, several workers, single orders, fairness."""

import random
import time
from statistics import quantiles

from django.db import transaction
from django.utils.timezone import now
from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.signals import order_placed

from pretix_hubspot import tasks
from pretix_hubspot.models import OrderState

from .place import Portal
from .scenarios import LATENCY_MS, Figures
from .shop import Shop
from .sizes import Sizes
from .workers import busy_core, celery, drained, wait_until

LIMIT = 110  # requests in ten seconds, as for an OAuth app
PER_SECOND = LIMIT / 10
ORDERS_PER_SECOND = 2.0
#: Workers of a rush, which all serve its portal: an option of the operator.
MANY = 4


def rush(portal: Portal, sizes: Sizes) -> Figures:
    """How much of HubSpot's limit four workers use, and whether they ever go beyond it."""
    counters, seconds = _rush(portal, sizes.rush)
    return {
        "rush_budget_use": _use(counters["total"], seconds),
        "rush_budget_possible": _possible(counters["total"]),
        "rate_limit_violations": counters["rate_limit_violations"],
        "rush_orders_per_s": sizes.rush / seconds,
        "rush_calls_per_order": counters["total"] / sizes.rush,
    }


def busy_rush(portal: Portal, sizes: Sizes) -> Figures:
    """The same while something else needs one of two cores."""
    with busy_core():
        counters, seconds = _rush(portal, sizes.rush)
    return {
        "rush_budget_use_busy": _use(counters["total"], seconds),
        "rate_limit_violations_busy": counters["rate_limit_violations"],
    }


def _rush(portal: Portal, number: int) -> tuple[dict, float]:
    with celery(MANY, per_portal=MANY):
        portal.prepare(LATENCY_MS, LIMIT)
        shop = Shop(portal)
        orders = shop.backlog(number)
        time.sleep(11)  # requests made while connecting count against the limit, but not in the figure
        portal.forget_requests()
        seconds = drained(shop)
        counters = portal.counters()
    shop.check(orders)
    return counters, seconds


def _use(requests: int, seconds: float) -> float:
    return (requests - LIMIT) / PER_SECOND / seconds


def _possible(requests: int) -> float:
    """The use of somebody who answers at once and keeps no distance: requests come in heaps, ten seconds apart."""
    heaps = (requests - 1) // LIMIT
    return (requests - LIMIT) / PER_SECOND / (10 * heaps) if heaps else 0.0


def several(portal: Portal, sizes: Sizes) -> Figures:
    """How much faster four workers are than one, where HubSpot sets no limit."""
    seconds = {number: _drained_by(portal, number, sizes.parallel) for number in (1, MANY)}
    return {
        "workers_4_vs_1": seconds[MANY] / seconds[1],
        "workers_1_orders_per_s": sizes.parallel / seconds[1],
        "workers_4_orders_per_s": sizes.parallel / seconds[MANY],
    }


def _drained_by(portal: Portal, workers: int, number: int) -> float:
    with celery(workers, per_portal=MANY):
        portal.prepare(LATENCY_MS)
        shop = Shop(portal)
        orders = shop.backlog(number)
        seconds = drained(shop)
    shop.check(orders)
    _check_written_once(portal)
    return seconds


def _check_written_once(portal: Portal) -> None:
    twice = [entry for entry in portal.ask("GET", "writes")["writes"] if entry["count"] != 1]
    if twice:
        raise AssertionError(f"{len(twice)} records were written more than once, such as {twice[0]}")


def live(portal: Portal, sizes: Sizes) -> Figures:
    """Seconds from the commit of an order until it is in HubSpot, for orders that come at random moments."""
    with celery(1):
        portal.prepare(LATENCY_MS)
        shop = Shop(portal)
        latencies = placed(shop, sizes.live, ORDERS_PER_SECOND)
    percentiles = quantiles(latencies, n=20, method="inclusive")
    return {"live_latency_p50_s": percentiles[9], "live_latency_p95_s": percentiles[18]}


def placed(shop: Shop, number: int, per_second: float) -> list[float]:
    """Orders are placed at random moments, and arrive; the seconds that took, each from its commit."""
    chance = random.Random(4)
    committed, orders = {}, []
    for _ in range(number):
        time.sleep(chance.expovariate(per_second))
        with transaction.atomic():
            order = shop.sell(1)[0]
            transaction.on_commit(lambda pk=order.pk: committed.update({pk: now()}))
            order_placed.send(shop.event, order=order)
        orders.append(order)
    wait_until(lambda: not OrderSyncQueue.objects.exists(), 120)
    shop.check(orders)
    sent = dict(OrderState.objects.values_list("order_id", "sent_at"))
    return [(sent[pk] - moment).total_seconds() for pk, moment in committed.items()]


def fairness(portal: Portal, sizes: Sizes) -> Figures:
    """Whether ten orders have to wait for the thousands that another event of the same portal queued before."""
    with celery(1):
        portal.prepare(LATENCY_MS)
        shop = Shop(portal)
        orders = shop.backlog(sizes.flash_sale)
        small = shop.add_event()
        tasks.drain.apply_async(args=(shop.connection.pk,))
        wait_until(lambda: _left(shop.event) < sizes.flash_sale)
        before = _left(shop.event)
        orders += shop.backlog(10, small)
        wait_until(lambda: not _left(small))
        meanwhile = before - _left(shop.event)
        portal.ask("PATCH", "latency", {"latency_ms": 0})  # the rest only has to be right
        wait_until(lambda: not OrderSyncQueue.objects.exists())
    shop.check(orders)
    return {"fairness": meanwhile < sizes.flash_sale / 10, "fairness_waited_for_orders": meanwhile}


def _left(event: Event) -> int:
    return OrderSyncQueue.objects.filter(event=event).count()
