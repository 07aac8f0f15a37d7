"""What is measured on the database of ``benchmarks.big``: the periodic round, choosing, pages, long work."""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any

from django.apps import apps
from django.db import connection as database
from pretix.base.models.datasync import OrderSyncQueue
from pretix.celery_app import app

from pretix_hubspot import tasks

from . import plans
from .big import Big, big
from .pages import Reader
from .place import Portal
from .scenarios import Figures
from .shop import settle
from .sizes import Sizes

#: Times that each choice of a slice is repeated.
TURNS = 5
#: The statement by which a worker claims the slice that it chose.
CLAIM = 'UPDATE "pretixbase_ordersyncqueue" SET "in_flight"'


def size(portal: Portal, sizes: Sizes) -> Figures:
    """The shop of years at rest, while everything waits, and during long work; and the plans of its statements."""
    portal.prepare()
    shop, statements = big(portal, sizes), plans.Statements()
    reader = Reader(shop.shop, shop.idle_event)
    with statements.collected():
        figures = _rounds() | _pages(reader) | _resent(shop, reader) | _waiting(shop, reader, sizes)
    figures["settings_page_s_at_300k"] = max(figures["settings_page_s_at_rest"], figures["settings_page_s_waiting"])
    scanning = plans.check(statements, plans.AT_SIZE)  # now that everything waits
    print(f"Functions that read a table as a whole: {', '.join(scanning) or 'none'}", file=sys.stderr)
    return figures | _campaign(shop, reader, sizes) | {"functions_that_scan_at_size": len(scanning)}


def _rounds() -> Figures:
    """The periodic round where nothing happens; those before learn what there is, a part of it each."""
    learning = [_timed(_round)]
    while (took := _timed(_round)) < learning[-1] / 2:
        learning.append(took)
    if found := OrderSyncQueue.objects.count():
        raise AssertionError(f"A round queued {found} orders, though nothing happened")
    return {"periodic_round_s_10k_idle_events": took, "periodic_rounds_learning_s": sum(learning)}


def _round() -> None:
    """A round and the tasks that it calls, in this process."""
    app.conf.task_always_eager = True
    try:
        tasks.run_periodic()
    finally:
        app.conf.task_always_eager = False


def _pages(reader: Reader) -> Figures:
    return {
        "settings_page_s_at_rest": reader.event_page("settings"),
        "problems_page_s_at_300k": reader.event_page("problems"),
        "organizer_page_s_at_300k": reader.organizer_page(),
    }


def _resent(shop: Big, reader: Reader) -> Figures:
    """All orders are sent again, after a mapping changed."""
    shop.change_mapping()
    started = reader.press("resend", "start")
    figures = {"resend_start_s_at_300k": started, "resend_page_s_at_300k": reader.event_page("resend")}
    return figures | {"resend_cancel_s_at_300k": reader.press("resend", "cancel", "confirmed")}


def _waiting(shop: Big, reader: Reader, sizes: Sizes) -> Figures:
    """Everything waits: choosing a slice; and the settings page, which may tell what was true a minute ago."""
    shop.queue(sizes.big_event)
    queued = time.monotonic()
    _rebuild_items()
    chosen = [_choice(shop) for _ in range(TURNS)]
    _count_orders()
    time.sleep(max(0.0, sizes.page_age - (time.monotonic() - queued)))
    return {
        "next_slice_ms_at_300k": median(took for took, _ in chosen) * 1_000,
        "next_slice_statements_ms_at_300k": median(executing for _, executing in chosen) * 1_000,
        "settings_page_s_waiting": reader.event_page("settings"),
    }


def _rebuild_items() -> None:
    """What orders the choosing is derived from core's rows; these came past all signals, so that a round adds them."""
    if "workitem" in apps.all_models["pretix_hubspot"]:
        import_module("pretix_hubspot.sync.queue.schedule").rebuild()
    settle()


def _count_orders() -> None:
    """What a worker does when a page was looked at; there is none here."""
    if "countedorders" in apps.all_models["pretix_hubspot"]:
        tasks.count_orders(list(apps.get_model("pretix_hubspot", "countedorders").objects.values_list("pk", flat=True)))


class _Chosen(BaseException):
    """Ends a worker in the moment when it claims; no handler of errors catches it."""


def _choice(shop: Big) -> tuple[float, float]:
    """Seconds from a worker's start until it claims a slice, and those of its statements; nothing is claimed."""
    executing = 0.0

    def watched(execute: Callable, sql: str, *args: Any) -> Any:
        nonlocal executing
        if sql.startswith(CLAIM):
            raise _Chosen
        started = time.perf_counter()
        try:
            return execute(sql, *args)
        finally:
            executing += time.perf_counter() - started

    started = time.perf_counter()
    try:
        with database.execute_wrapper(watched):
            tasks.drain(shop.shop.connection.pk)
    except _Chosen:
        return time.perf_counter() - started, executing
    raise AssertionError("A worker chose nothing")


def _campaign(shop: Big, reader: Reader, sizes: Sizes) -> Figures:
    """Long work on half a million orders: how long a person and a worker wait, and how much of it waits in the
    queue.
    """
    OrderSyncQueue.objects.all().delete()
    _rebuild_items()
    shop.copy_orders(sizes.campaign - sizes.big_event, str(shop.event.pk), logged=False)
    shop.change_mapping()
    settle(OrderSyncQueue, *(model for name, model in apps.all_models["pretix_hubspot"].items() if name == "workitem"))
    figures = {"campaign_start_s_at_500k": reader.press("resend", "start")}
    chosen = [_choice(shop) for _ in range(TURNS)]
    figures["campaign_choose_s_at_500k"] = max(took for took, _ in chosen)
    figures["campaign_rows_most"] = OrderSyncQueue.objects.count()
    figures["campaign_pause_s_at_500k"] = reader.press("resend", "pause")
    return figures


def _timed(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
