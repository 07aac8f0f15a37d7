"""What is measured in this process, or in a fresh one: requests, work per order, slices that are not full, long queues.

Every scenario starts with an empty portal and ends with a look at what the portal holds.
"""

import json
import subprocess
import sys
from statistics import fmean

from pretix.base.models import SubEvent
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import CatalogEntry, EventConnection
from pretix_hubspot.sync import sweep, worker

from . import core
from .measure import Cost, measured
from .place import Portal
from .shop import Shop, settle
from .sizes import Sizes
from .workers import ROOT

LATENCY_MS = 150
SLOW_BATCH_MS = 600
SHARING = 100
Figures = dict[str, float | bool]


def drain(shop: Shop, portal: Portal, number: int) -> Cost:
    """Work off what waits, in this process."""
    shop.connection.refresh_from_db()
    with measured(portal, number) as cost:
        worker.work_through_queue(shop.connection, seconds=3_600)
    return cost


def requests(portal: Portal, sizes: Sizes) -> Figures:
    """How many requests orders cost; the schema is forgotten first, so that reading it counts."""
    portal.prepare()
    shop = Shop(portal)
    orders = shop.backlog(sizes.backlog)
    CatalogEntry.objects.all().delete()
    backlog = drain(shop, portal, sizes.backlog)
    shop.check(orders)
    shop.queue(orders)
    unchanged = drain(shop, portal, sizes.backlog)
    shop.check(orders)
    return {
        "calls_per_order_backlog": backlog.per_order("requests"),
        "calls_per_order_unchanged": unchanged.per_order("requests"),
        "calls_per_order_fill": _filled(portal, sizes.backlog),
        "calls_single_order": _single(portal, mixed=False),
        "calls_single_order_mixed": _single(portal, mixed=True),
        "queries_per_order": backlog.per_order("queries"),
        "unchanged_orders_per_cpu_s": unchanged.orders_per_cpu_second,
    }


def _filled(portal: Portal, number: int) -> float:
    portal.prepare()
    shop = Shop(portal)
    orders = shop.sell(number)
    shop.seed_half(orders)
    shop.queue(orders)
    cost = drain(shop, portal, number)
    shop.check(orders)
    return cost.per_order("requests")


def _single(portal: Portal, mixed: bool) -> int:
    """One order alone; mixed means that two of its three people are known."""
    portal.prepare()
    shop = Shop(portal)
    orders = shop.sell(1)
    if mixed:
        shop.seed_half(orders)
    shop.queue(orders)
    cost = drain(shop, portal, 1)
    shop.check(orders)
    return cost.requests


def refused(portal: Portal, sizes: Sizes) -> Figures:
    """How many requests 100 orders cost that share a company which HubSpot refuses; the rest of them arrives."""
    portal.prepare()
    shop = Shop(portal)
    shop.share_company()
    portal.ask("POST", "faults", {"preset": "bad-request", "stage": "create", "path": "companies", "times": None})
    orders = shop.backlog(SHARING)
    cost = drain(shop, portal, SHARING)
    shop.check_all_failed(orders)
    return {"refused_shared_record_calls": cost.requests}


def dates(portal: Portal, sizes: Sizes) -> Figures:
    """How many requests a renamed date costs: for the orders that read it, and for those that do not."""
    portal.prepare()
    shop = Shop(portal, guests=1)
    shop.send_dates(shop.event)
    names = (*shop.share_dates(shop.event), *shop.share_dates(shop.add_event()))
    orders = [shop.sell(number, date.event, date) for number, date in zip((sizes.renamed, 10, 10), names, strict=False)]
    everything = [order for of_date in orders for order in of_date]
    shop.queue(everything)
    drain(shop, portal, len(everything))
    read, other, unread, _ = names
    unread_cost = _renamed(shop, portal, unread, queued=0)
    read_cost = _renamed(shop, portal, read, queued=sizes.renamed)
    shop.check(everything)
    shop.check_dates({"Renamed": sizes.renamed, str(other.name): 10})
    return {
        "renamed_date_calls_per_order": read_cost.per_order("requests"),
        "renamed_date_calls_unread": unread_cost.requests,
    }


def _renamed(shop: Shop, portal: Portal, date: SubEvent, queued: int) -> Cost:
    """What follows from another name of a date, as the next sweep finds it; ``queued`` is how many orders that are."""
    date.name = "Renamed"
    date.save()
    date.log_action("pretix.subevent.changed")
    sweep.run(EventConnection.objects.get(event=date.event))
    if (found := OrderSyncQueue.objects.count()) != queued:
        raise AssertionError(f"{found} orders instead of {queued} are planned again")
    settle()
    return drain(shop, portal, queued)


def processor(portal: Portal, sizes: Sizes) -> Figures:
    """Orders per second of processor time, ours and core's in turns, so that a busy machine slows down both."""
    portal.prepare()
    shop = Shop(portal)
    _run_in(shop, portal)
    engine, loop, orders = [], [], []
    for _ in range(sizes.rounds):
        made = shop.backlog(200)
        engine.append(drain(shop, portal, 200))
        shop.queue(made[:50], core.IDLE)
        with measured(portal, 50) as cost:
            core.run(shop, made[:50], core.IdleProvider)
        loop.append(cost)
        orders += made
    ours, theirs = _together(engine), _together(loop)
    return {
        "engine_vs_core_cpu": ours.orders_per_cpu_second / theirs.orders_per_cpu_second,
        "engine_orders_per_cpu_s": ours.orders_per_cpu_second,
        "core_orders_per_cpu_s": theirs.orders_per_cpu_second,
        "core_queries_per_order": theirs.per_order("queries"),
    }


def _run_in(shop: Shop, portal: Portal) -> None:
    """Imports and caches of a process that has just started belong to nobody's account."""
    orders = shop.backlog(10)
    drain(shop, portal, 10)
    shop.queue(orders, core.IDLE)
    core.run(shop, orders, core.IdleProvider)


def _together(costs: list[Cost]) -> Cost:
    return Cost(*(sum(getattr(cost, name) for cost in costs) for name in Cost.__dataclass_fields__))


def clock(portal: Portal, sizes: Sizes) -> Figures:
    """Orders per second of the clock where HubSpot takes its time, one process each; and slices that are not full."""
    portal.prepare(LATENCY_MS)
    shop = Shop(portal)
    orders = shop.backlog(sizes.backlog)
    engine = drain(shop, portal, sizes.backlog)
    shop.check(orders)
    figures = {"engine_orders_per_s": engine.orders_per_second}
    figures |= {f"slice_of_{number}_s": _slice(portal, number, LATENCY_MS) for number in sizes.partial}
    figures["slice_of_100_s"] = _slice(portal, 100, LATENCY_MS)
    slow = _slice(portal, sizes.slow, LATENCY_MS, SLOW_BATCH_MS)
    figures["orders_per_s_at_600_ms"] = sizes.slow / slow
    figures["core_orders_per_s"] = _upserted(portal, sizes.core_wall)
    figures["engine_vs_core_wall"] = figures["engine_orders_per_s"] / figures["core_orders_per_s"]
    return figures


def _slice(portal: Portal, number: int, latency_ms: float, batch_latency_ms: float | None = None) -> float:
    portal.prepare(latency_ms, batch_latency_ms=batch_latency_ms)
    shop = Shop(portal)
    orders = shop.backlog(number)
    cost = drain(shop, portal, number)
    shop.check(orders)
    return cost.wall


def _upserted(portal: Portal, number: int) -> float:
    portal.prepare(LATENCY_MS)
    shop = Shop(portal)
    orders = shop.sell(number)
    shop.queue(orders, core.UPSERTING)
    with measured(portal, number) as cost:
        core.run(shop, orders, core.UpsertingProvider)
    return cost.orders_per_second


def long_queue(portal: Portal, sizes: Sizes) -> Figures:
    """Whether a long queue costs more time per order, or more memory, than a short one; each in a fresh process."""
    before, long, after = (_in_child(portal, n) for n in (sizes.short_queue, sizes.long_queue, sizes.short_queue))
    return {
        "growth_mb_1000": fmean((before["growth_mb"], after["growth_mb"])),
        "growth_mb_20000": long["growth_mb"],
        "time_per_order_1000": fmean((before["seconds"], after["seconds"])) / sizes.short_queue,
        "time_per_order_20000": long["seconds"] / sizes.long_queue,
    }


def _in_child(portal: Portal, number: int) -> dict[str, float]:
    portal.prepare()
    shop = Shop(portal)
    orders = shop.backlog(number)
    command = [sys.executable, "-m", "benchmarks.child", str(shop.connection.pk)]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    shop.check(orders)
    return json.loads(answer.splitlines()[-1])
