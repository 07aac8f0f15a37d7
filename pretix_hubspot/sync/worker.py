"""The worker: choose the next slice of waiting rows, and decide when to stop."""

import gc
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import accumulate

from django.db.models import Count, Window
from django.db.models.functions import RowNumber
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, LogEntry, Order, OrderPosition
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections import resting
from pretix_hubspot.connections.clients import client_for, new_session
from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.connections.request_budget import is_kept_for_live
from pretix_hubspot.connections.resting import RestingReason, rest, wake
from pretix_hubspot.connections.tokens import mark_revoked
from pretix_hubspot.failures.codes import MISCONFIGURATION, Code
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.hubspot.errors import AuthenticationFailed, HubSpotError, OverBudget
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.models import PROVIDER, Connection, EventConnection
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.server.patience import WORKER, Patience
from pretix_hubspot.server.safeguard import SERVER_ERRORS
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync.queue.triggers import Trigger

from .lookahead import Lookahead
from .postponed import Postponed
from .queue import campaigns, order_queue
from .queue.order_queue import SliceSize
from .run import engine, history

logger = logging.getLogger(__name__)

#: Workers that send for one portal at once; with four, HubSpot's request limit is the bottleneck.
WORKERS = 4
#: Seconds to wait if other workers are claiming, or changing, the rows that we chose.
COLLISION = 0.1
#: Seconds to wait if the request budget is used up for longer than a call waits; asking again costs a claim.
OVER_BUDGET = 5.0


def waits_by_hand(order: Order) -> bool:
    """Whether a user pressed *Sync now* for this order, and no worker has claimed it."""
    return OrderSyncQueue.objects.filter(
        order=order, sync_provider=PROVIDER, in_flight=False, triggered_by=Trigger.SYNC_NOW
    ).exists()


def send(
    connection: Connection,
    events: Sequence[EventConnection],
    pks: Sequence[int],
    http: Session | None = None,
    lookahead: Lookahead | None = None,
    patience: Patience = WORKER,
    postponed: Postponed | None = None,
) -> bool:
    """Send one slice of rows, or the planned slice. Returns whether the worker can go on with this portal."""
    if not is_open(connection) or (connection.resting_reason and not _portal_answers(connection, patience)):
        return False
    prepared = lookahead.take() if lookahead else None
    claim = prepared.work.claim if prepared else order_queue.claim(pks, connection.pk)
    if claim is None:
        time.sleep(COLLISION)  # another worker was faster, and will soon be done with claiming
        return True
    started = time.monotonic()
    with _without_garbage_collection():
        report = engine.run(
            connection,
            claim,
            events,
            http=http,
            idle=lookahead.sleep if lookahead else None,
            prepared=prepared,
            patience=patience,
            contexts=lookahead.contexts if lookahead else None,
        )
    logger.info(
        "Connection %s: %d sent, %d unchanged, %d left out, %d failed, %d postponed in %.1f s%s",
        connection.pk,
        *map(report.total, ("sent", "unchanged", "excluded", "failed")),
        report.postponed,
        time.monotonic() - started,
        f"; stopped by {type(report.trouble).__name__}" if report.trouble else "",
    )
    if postponed:
        postponed.note(report)
    if report.trouble is None:
        wake(connection)
    return report.trouble is None


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
    size: SliceSize = order_queue.SIZE,
) -> bool:
    """Send a portal's waiting orders until none is left, or time is up. Returns whether rows may be left.

    Calls another worker while whole slices wait and fewer than ``WORKERS`` are at work. Stays for orders that it gave
    back for a moment.
    """
    end = time.monotonic() + seconds
    postponed = Postponed(end)
    if not _is_access_confirmed(connection):
        return False
    with scopes_disabled(), closing(new_session()) as http:
        events = event_connections(connection)

        def claim_live() -> order_queue.Claim | None:
            if time.monotonic() >= end:
                return None
            rows = next_rows(still_running(connection, events), live_only=True, size=size)
            return order_queue.claim(rows, connection.pk) if rows else None

        with closing(Lookahead(connection, events, claim_live)) as lookahead:
            pks = [event_connection.event_id for event_connection in events]
            while not postponed.are_given_up:
                rows = lookahead.rows(pks) or _rows_of_campaigns_too(connection, pks, size)
                if not rows and not postponed.wait():
                    break
                if len(rows) >= size.orders and _others_at_work(pks, lookahead) < WORKERS - 1:
                    call_help()
                if rows and not send(connection, events, rows, http, lookahead, postponed=postponed):
                    if has_more := is_open(connection):  # the portal does not rest: only the budget is used up
                        time.sleep(OVER_BUDGET)
                    return has_more
                if time.monotonic() >= end and not lookahead.rows(pks):
                    return True
                connection.refresh_from_db()
                pks = still_running(connection, events)
    return False


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


def _others_at_work(events: Sequence[int], lookahead: Lookahead) -> int:
    """How many other workers send for these events; at least as many as there are further slices for, we assume."""
    slices = order_queue.slices_in_flight(events)
    return math.ceil((slices - 1) / 2) if lookahead.is_ready else slices


def event_connections(connection: Connection, paused: bool = False) -> list[EventConnection]:
    """The events that use the connection and have the plugin enabled; paused ones only if asked for."""
    rows = connection.event_connections.select_related("event__organizer")
    return [e for e in rows if (paused or not e.paused_since) and is_active(e.event)]


def still_running(connection: Connection, events: Sequence[EventConnection]) -> list[int]:
    """The events that are not paused by now, and still use this portal."""
    running = connection.event_connections.filter(
        pk__in=[event_connection.pk for event_connection in events], paused_since=None
    )
    return list(running.values_list("event_id", flat=True))


def next_rows(events: Sequence[int], live_only: bool = False, size: SliceSize = order_queue.SIZE) -> list[int]:
    """The next slice: live orders before bulk work, if that may go on, events in turns, oldest first within each.

    It is a worker's part of a long queue, and ends before it has more positions than ``size`` says, unless a single
    order does.
    """
    rows = order_queue.waiting().filter(event_id__in=events).annotate(bulk=order_queue.IS_BULK)
    if live_only:
        rows = rows.filter(bulk=0)
    busy = rows.order_by().values_list("event_id", flat=True).distinct()[:2]
    turn = Window(RowNumber(), partition_by=["event_id", "bulk"], order_by=["not_before", "pk"])
    order = ["bulk", turn, "pk"] if len(busy) > 1 else ["bulk", "not_before", "pk"]  # turns cost a sort of all rows
    chosen = list(rows.order_by(*order).values_list("pk", "order_id")[: WORKERS * size.most_orders])
    chosen = chosen[: max(size.orders, math.ceil(len(chosen) / WORKERS))]  # all workers end at about the same time
    counted = OrderPosition.all.filter(order__in=[pk for _, pk in chosen]).order_by().values_list("order")
    positions = dict(counted.annotate(Count("pk")))
    fitting = sum(total <= size.positions for total in accumulate(positions.get(pk, 0) for _, pk in chosen))
    return [row for row, _ in chosen[: max(1, fitting)]]


def _rows_of_campaigns_too(connection: Connection, events: Sequence[int], size: SliceSize) -> list[int]:
    """The next slice; when the queue runs short, campaigns fill it."""
    live_only = _is_kept_for_live(connection)
    rows = next_rows(events, live_only, size)
    if len(rows) < size.most_orders and campaigns.refill(connection) and not rows:
        rows = next_rows(events, live_only, size)
    return rows


def is_open(connection: Connection) -> bool:
    """Whether the portal can be written to now."""
    if connection.status != Connection.Status.ACTIVE or connection.paused_since:
        return False
    return not connection.resting_until or connection.resting_until <= now()


def refuse_unconnected(event: Event, pks: Sequence[int]) -> None:
    """Fail the rows of *Sync now* of an event without a connection, with a message. Other rows keep waiting."""
    claim = order_queue.claim(pks)
    if claim is None:
        return
    for row in claim.rows:
        row.order.event = event
    held = order_queue.leave(claim, stopped=dict.fromkeys(claim.orders, MISCONFIGURATION))
    failure, context = Failure(MISCONFIGURATION, Code.NOT_CONNECTED.value), EventContext(event)
    entries = [
        history.failure_entry(row.order, [failure], MISCONFIGURATION, context)
        for row in claim.rows
        if row.order_id in held
    ]
    LogEntry.bulk_create_and_postprocess(entries)
