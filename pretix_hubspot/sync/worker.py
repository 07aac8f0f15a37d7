"""The worker: choose the next slice of waiting rows, and decide when to stop."""

import gc
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

from django.conf import settings
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections import request_budget, resting
from pretix_hubspot.connections.clients import client_for, new_session
from pretix_hubspot.connections.request_budget import is_kept_for_live
from pretix_hubspot.connections.resting import RestingReason, rest, wake
from pretix_hubspot.connections.tokens import mark_revoked
from pretix_hubspot.failures.codes import MISCONFIGURATION, Code
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.hubspot.budget.reservation import Reservation
from pretix_hubspot.hubspot.budget.shared import Budget
from pretix_hubspot.hubspot.errors import AuthenticationFailed, HubSpotError, OverBudget
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.models import PROVIDER, Connection, EventConnection
from pretix_hubspot.server.config import ServerMisconfigured, workers_per_portal
from pretix_hubspot.server.patience import WORKER, Patience
from pretix_hubspot.server.safeguard import SERVER_ERRORS
from pretix_hubspot.sources.event_context import Contexts, EventContext
from pretix_hubspot.sync.queue.triggers import Trigger

from . import gathering
from .queue import campaigns, claims, schedule
from .queue.schedule import SIZE, Chosen, SliceSize
from .run import engine, history

logger = logging.getLogger(__name__)

#: Seconds to wait if other workers are claiming, or changing, the rows that we chose.
COLLISION = 0.1
#: Seconds to wait if nobody knows when the request budget has a request left.
OVER_BUDGET = 5.0
#: Orders that are due before so many seconds have a worker called for them; the others are met by a periodic round.
SOON = 10.0
#: Seconds of the longest wait for which a worker stays, instead of being called again; without workers.
STAY, STAY_ALONE = 1.0, 11.0
#: Seconds until somebody tries again after this server failed.
SERVER_FAILED = 15.0
#: Seconds of the shortest wait for an order that is due.
MOMENT = 0.05


def waits_by_hand(order: Order) -> bool:
    """Whether a user pressed *Sync now* for this order, and no worker has claimed it."""
    return OrderSyncQueue.objects.filter(
        order=order, sync_provider=PROVIDER, in_flight=False, triggered_by=Trigger.SYNC_NOW
    ).exists()


def send(
    connection: Connection,
    events: Sequence[EventConnection],
    pks: Sequence[int],
    *,
    budget: Budget | None = None,
    http: Session | None = None,
    patience: Patience = WORKER,
    contexts: Contexts | None = None,
) -> float | None:
    """Send one slice of rows. Returns after how many seconds the portal can be written to again; None if it rests.

    ``budget`` pays for the calls instead of the portal's shared one; ``contexts`` are the events' of earlier slices.
    """
    if not is_open(connection) or (connection.resting_reason and not _portal_answers(connection, patience)):
        return None
    claim = claims.claim(pks, connection.pk)
    if claim is None:
        return COLLISION  # another worker was faster, and will soon be done with claiming
    started = time.monotonic()
    with _without_garbage_collection():
        report = engine.run(connection, claim, events, budget=budget, http=http, patience=patience, contexts=contexts)
    logger.info(
        "Connection %s: %d sent, %d unchanged, %d left out, %d failed, %d postponed in %.1f s%s",
        connection.pk,
        *map(report.total, ("sent", "unchanged", "excluded", "failed")),
        report.postponed,
        time.monotonic() - started,
        f"; stopped by {type(report.trouble).__name__}" if report.trouble else "",
    )
    if report.trouble is None:
        wake(connection)
        return 0.0
    if not is_open(connection):
        return None
    if not isinstance(report.trouble, OverBudget):
        return SERVER_FAILED
    return report.trouble.retry_after or OVER_BUDGET


def _portal_answers(connection: Connection, patience: Patience = WORKER) -> bool:
    """After a rest, probe with one cheap call before claiming a slice. Returns whether the portal answered.

    A static token that is refused before and after the rest is revoked; for other access HubSpot's token endpoint
    decides.
    """
    refused_before = connection.resting_reason == RestingReason.REVOKED and connection.kind == Connection.Kind.TOKEN
    try:
        with closing(client_for(connection, patience=patience)) as client:
            client.account()
    except (OverBudget, *SERVER_ERRORS):
        return True  # which is not the portal's fault; the engine meets it as well, and releases its rows
    except (HubSpotError, ServerMisconfigured) as error:
        if refused_before and isinstance(error, AuthenticationFailed):
            mark_revoked(connection, error)
        logger.info("Connection %s rests on: %s", connection.pk, type(error).__name__)
        rest(connection, resting.until(connection, error), resting.reason(error))
        return False
    return True


def _is_kept_for_live(connection: Connection) -> bool:
    try:
        return is_kept_for_live(connection.portal_id, connection.kind)
    except SERVER_ERRORS:
        return False  # as above


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch the garbage collector off for a slice: its thousands of objects are freed by reference counts.

    Searching all of pretix's objects for cycles, because a slice has so many, takes a quarter of the processor's time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def work_through_queue(
    connection: Connection,
    *,
    seconds: float,
    call_help: Callable[[], None] = lambda: None,
    size: SliceSize = SIZE,
) -> float | None:
    """Send a portal's waiting orders until none is left, or time is up.

    Returns after how many seconds somebody has to go on; None if nothing waits that will be due soon. Waits no longer
    than its time. Calls another worker while more waits than one slice.
    """
    end = time.monotonic() + seconds
    if not _is_access_confirmed(connection):
        return None
    contexts: Contexts = {}
    with scopes_disabled(), closing(new_session()) as http:
        while True:
            wait = _next_slice(connection, http, contexts, call_help, size)
            if wait is None or wait > _longest_stay() or time.monotonic() + wait >= end:
                return wait
            if wait:
                time.sleep(wait)
            connection.refresh_from_db()


def _longest_stay() -> float:
    """Seconds for which a worker waits within its time; where cron works by itself, for HubSpot's limit, too."""
    return STAY if settings.HAS_CELERY else STAY_ALONE


def _next_slice(
    connection: Connection, http: Session, contexts: Contexts, call_help: Callable[[], None], size: SliceSize
) -> float | None:
    """Send what is next, if the budget has requests for it. Returns after how many seconds to go on; None if nothing
    waits, or the portal rests.
    """
    if not is_open(connection):
        return None
    chosen = _chosen(connection, size)
    if not chosen.rows:
        return _until_due(connection)
    if chosen.is_full:
        call_help()
    try:
        ahead = _ahead(connection, chosen, size)
    except SERVER_ERRORS as error:
        logger.warning("This server failed: %s", type(error).__name__)
        return SERVER_FAILED
    if ahead.wait:
        return ahead.wait
    try:
        rows = chosen.rows[: ahead.orders]
        return send(connection, chosen.events, rows, budget=ahead.budget, http=http, contexts=contexts)
    finally:
        with suppress(*SERVER_ERRORS):  # then the calls count as if they had been made
            ahead.budget.close()


def _chosen(connection: Connection, size: SliceSize) -> Chosen:
    """The next slice; when the queue runs short, campaigns fill it."""
    live_only, workers = _is_kept_for_live(connection), workers_per_portal()
    chosen = schedule.next_slice(connection, live_only, size, workers)
    if chosen.waiting < size.most_orders and campaigns.refill(connection) and not chosen.rows:
        chosen = schedule.next_slice(connection, live_only, size, workers)
    return chosen


def _until_due(connection: Connection) -> float | None:
    """Seconds until the next order is due that waits for a moment; None if none is due before a periodic round."""
    due = schedule.next_due(connection)
    wait = max(MOMENT, (due - now()).total_seconds()) if due else math.inf
    return wait if wait <= SOON else None


class _Ahead(NamedTuple):
    """Requests that were reserved for a slice of so many orders; or for how many seconds it has to wait."""

    budget: Reservation
    orders: int
    wait: float


def _ahead(connection: Connection, chosen: Chosen, size: SliceSize) -> _Ahead:
    """Reserve the requests that a slice is expected to need; if fewer are left, for a part of a long one."""
    shared = request_budget.for_portal(connection.portal_id, connection.kind, WORKER.budget)
    orders = len(chosen.rows)
    part = min(orders, size.orders)  # fewer would cost more requests per order
    apart, tight = gathering.apart(chosen.waiting, chosen.is_urgent or chosen.is_full or not settings.HAS_CELERY)
    reservation = shared.ahead(
        gathering.expected_calls(orders, chosen.positions),
        least=gathering.expected_calls(part, chosen.positions * part // orders),
        live=chosen.is_live,
        apart=apart,
        tight_apart=tight,
    )
    return _Ahead(reservation, gathering.orders_for(reservation.left, orders, chosen.positions), reservation.wait)


def _is_access_confirmed(connection: Connection) -> bool:
    """Check the token again after the rest of a refusal, also without waiting orders: users want to know of lost
    access.
    """
    if connection.resting_reason != RestingReason.REVOKED or not is_open(connection):
        return True
    if not _portal_answers(connection):
        return False
    wake(connection)
    return True


def is_open(connection: Connection) -> bool:
    """Whether the portal can be written to now."""
    if connection.status != Connection.Status.ACTIVE or connection.paused_since:
        return False
    return not connection.resting_until or connection.resting_until <= now()


def refuse_unconnected(event: Event, pks: Sequence[int]) -> None:
    """Fail the rows of *Sync now* of an event without a connection, with a message. Other rows keep waiting."""
    claim = claims.claim(pks)
    if claim is None:
        return
    for row in claim.rows:
        row.order.event = event
    held = claims.leave(claim, stopped=dict.fromkeys(claim.orders, MISCONFIGURATION))
    failure, context = Failure(MISCONFIGURATION, Code.NOT_CONNECTED.value), EventContext(event)
    entries = [
        history.failure_entry(row.order, [failure], MISCONFIGURATION, context)
        for row in claim.rows
        if row.order_id in held
    ]
    LogEntry.bulk_create_and_postprocess(entries)
