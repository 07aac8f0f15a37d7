"""What is measured of the schedule with real workers: others' tasks, core's run over many events, a trickle."""

import time
from datetime import datetime
from statistics import quantiles

from celery.result import AsyncResult
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services.cart import clear_cart
from pretix.base.services.datasync import sync_all

from pretix_hubspot import tasks

from .place import Portal
from .scenarios import LATENCY_MS, Figures
from .scenarios_workers import LIMIT, placed
from .shop import Shop
from .sizes import Sizes
from .workers import GIVE_UP, celery, wait_until

TRICKLE = 5.0  # orders per second
#: Seconds between two probes: all of them are called while the rush goes on.
DISTANCE = 1.0
#: Calls that HubSpot allows in a day, and of these the ones that others have made: nine tenths are gone.
DAILY, USED = 40_000, 36_100


def foreign(portal: Portal, sizes: Sizes) -> Figures:
    """How long a customer's task waits for one of two processes while a rush is sent.

    It empties a cart that does not exist, in the queue of carts and orders.
    """
    with celery(2):
        portal.prepare(LATENCY_MS, LIMIT)
        shop = Shop(portal)
        orders = shop.backlog(sizes.rush)
        _probe(shop)[1].get(timeout=GIVE_UP)  # a process that has just started imports what it needs
        tasks.drain.apply_async(args=(shop.connection.pk,))
        probes = [_probe(shop) for _ in range(sizes.probes)]
        left = OrderSyncQueue.objects.count()
        portal.lift_limits()  # the rest only has to be right
        wait_until(lambda: not OrderSyncQueue.objects.exists())
        waited = [_seconds(*probe) for probe in probes]
    shop.check(orders)
    return {
        "foreign_task_delay_p95_s": quantiles(waited, n=20, method="inclusive")[18],
        "foreign_task_delay_max_s": max(waited),
        "foreign_task_orders_left": left,
    }


def _probe(shop: Shop) -> tuple[datetime, AsyncResult]:
    time.sleep(DISTANCE)
    return now(), clear_cart.apply_async(args=(shop.event.pk, "none"))


def _seconds(called: datetime, result: AsyncResult) -> float:
    result.get(timeout=GIVE_UP)
    return (result.date_done - called).total_seconds()


def core_run(portal: Portal, sizes: Sizes) -> Figures:
    """How many requests core's periodic run needs for many events with one waiting order each."""
    with celery(2):
        portal.prepare(LATENCY_MS)
        shop = Shop(portal)
        orders = shop.sell(1)
        for _ in range(sizes.small_events - 1):
            orders += shop.sell(1, shop.add_event())
        shop.queue(orders)
        portal.forget_requests()
        sync_all.apply_async()
        wait_until(lambda: not OrderSyncQueue.objects.exists(), 120)
        requests = portal.requests
    shop.check(orders)
    return {"core_run_calls_40_events": requests}


def trickle(portal: Portal, sizes: Sizes) -> Figures:
    """How many requests an order costs where some come every second, and how long it takes; also with a day's quota
    that is nearly used up.
    """
    usual, latencies = _trickle(portal, sizes)
    tight, slow = _trickle(portal, sizes, used=USED)
    return {
        "trickle_calls_per_order": usual,
        "trickle_latency_p95_s": quantiles(latencies, n=20, method="inclusive")[18],
        "trickle_calls_per_order_tight": tight,
        "trickle_latency_p95_s_tight": quantiles(slow, n=20, method="inclusive")[18],
    }


def _trickle(portal: Portal, sizes: Sizes, used: int = 0) -> tuple[float, list[float]]:
    with celery(2):
        portal.prepare(LATENCY_MS)
        portal.ask("PATCH", "limits", {"daily": DAILY, "use_daily": used})
        shop = Shop(portal)
        latencies = placed(shop, sizes.trickle, TRICKLE)
        requests = portal.requests
    return requests / sizes.trickle, latencies
