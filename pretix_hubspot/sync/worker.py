"""From waiting rows to slices: what to take next, and when not to take anything."""

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
from .queue import order_queue
from .queue.order_queue import SliceSize
from .run import engine, history

logger = logging.getLogger(__name__)

#: Workers that send for one portal at once; with four, HubSpot's request limit is what everybody waits for.
WORKERS = 4
#: Seconds to wait where others are claiming, or changing, the rows that we wanted.
COLLISION = 0.1
#: Seconds to wait where the request budget is used up for longer than a call waits; asking again costs a claim.
OVER_BUDGET = 5.0


def waits_by_hand(order: Order) -> bool:
    """Whether a person asked for this order, and nobody has begun."""
    return OrderSyncQueue.objects.filter(
        order=order, sync_provider=PROVIDER, in_flight=False, triggered_by=Trigger.SYNC_NOW
    ).exists()


def send(
    connection: Connection,
    events: Sequence[EventConnection],
    pks: Sequence[int],
    http: Session | None = None,
    ahead: Lookahead | None = None,
    patience: Patience = WORKER,
) -> bool:
    """Send one slice of rows, or what is prepared of them. Returns whether it makes sense to go on with this portal."""
    if not is_open(connection) or (connection.resting_reason and not _answers(connection, patience)):
        return False
    prepared = ahead.take() if ahead else None
    claim = prepared.work.claim if prepared else order_queue.claim(pks, connection.pk)
    if claim is None:
        time.sleep(COLLISION)  # somebody else is faster, and soon done with claiming
        return True
    started = time.monotonic()
    with _without_garbage_collection():
        report = engine.run(
            connection,
            claim,
            events,
            http=http,
            idle=ahead.sleep if ahead else None,
            prepared=prepared,
            patience=patience,
            contexts=ahead.contexts if ahead else None,
        )
    logger.info(
        "Connection %s: %d sent, %d unchanged, %d left out, %d failed in %.1f s%s",
        connection.pk,
        *map(report.total, ("sent", "unchanged", "excluded", "failed")),
        time.monotonic() - started,
        f"; stopped by {type(report.trouble).__name__}" if report.trouble else "",
    )
    if report.trouble is None:
        wake(connection)
    return report.trouble is None


def _answers(connection: Connection, patience: Patience = WORKER) -> bool:
    """Whether a portal that rested is there again: one call tells, where a slice would try each of its own for long.

    A static token that is refused after the rest as it was before is revoked; about other access HubSpot's token
    endpoint decides.
    """
    refused_before = connection.resting_reason == RestingReason.REVOKED and connection.kind == Connection.Kind.TOKEN
    try:
        with closing(client_for(connection, patience=patience)) as client:
            client.account()
    except (OverBudget, *SERVER_ERRORS):
        return True  # which tells nothing about the portal; the engine meets it as well, and gives its rows back
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
    """A slice's thousands of objects go by reference counts when it is done; searching all of pretix's objects for
    cycles because there are so many meanwhile takes a quarter of the processor's time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def drain(
    connection: Connection,
    *,
    seconds: float,
    call_help: Callable[[], None] = lambda: None,
    size: SliceSize = order_queue.SIZE,
) -> bool:
    """Send what waits for this portal until nothing does, or time is up. Returns whether rows may be left.

    Help is called while whole slices wait and there are fewer than ``WORKERS`` at work.
    """
    end = time.monotonic() + seconds
    if not _is_access_confirmed(connection):
        return False
    with scopes_disabled(), closing(new_session()) as http:
        events = joined_events(connection)

        def claim_live() -> order_queue.Claim | None:
            if time.monotonic() >= end:
                return None
            rows = next_rows(still_running(connection, events), live_only=True, size=size)
            return order_queue.claim(rows, connection.pk) if rows else None

        with closing(Lookahead(connection, events, claim_live)) as ahead:
            pks = [joined.event_id for joined in events]
            while rows := ahead.rows(pks) or next_rows(pks, _is_kept_for_live(connection), size):
                if len(rows) >= size.orders and _others_at_work(pks, ahead) < WORKERS - 1:
                    call_help()
                if not send(connection, events, rows, http, ahead):
                    if has_more := is_open(connection):  # the portal does not rest: only the budget is used up
                        time.sleep(OVER_BUDGET)
                    return has_more
                if time.monotonic() >= end and not ahead.rows(pks):
                    return True
                connection.refresh_from_db()
                pks = still_running(connection, events)
    return False


def _is_access_confirmed(connection: Connection) -> bool:
    """After HubSpot refused the token, ask again once the rest is over, whether or not an order waits: people want to
    know of lost access."""
    if connection.resting_reason != RestingReason.REVOKED or not is_open(connection):
        return True
    if not _answers(connection):
        return False
    wake(connection)
    return True


def _others_at_work(events: Sequence[int], ahead: Lookahead) -> int:
    """How many other workers send for these events. If we have a slice to spare, we assume that so do they."""
    slices = order_queue.slices_in_flight(events)
    return math.ceil((slices - 1) / 2) if ahead.is_ready else slices


def joined_events(connection: Connection, paused: bool = False) -> list[EventConnection]:
    """The events that use the connection and have the plugin enabled; paused ones only if asked for."""
    joined = connection.event_connections.select_related("event__organizer")
    return [e for e in joined if (paused or not e.paused_since) and is_active(e.event)]


def still_running(connection: Connection, events: Sequence[EventConnection]) -> list[int]:
    """The events that nobody paused meanwhile, or let use another portal."""
    running = connection.event_connections.filter(pk__in=[joined.pk for joined in events], paused_since=None)
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
    found = list(rows.order_by(*order).values_list("pk", "order_id")[: WORKERS * size.most_orders])
    found = found[: max(size.orders, math.ceil(len(found) / WORKERS))]  # so that all workers end at about the same time
    counted = OrderPosition.all.filter(order__in=[pk for _, pk in found]).order_by().values_list("order")
    positions = dict(counted.annotate(Count("pk")))
    fitting = sum(total <= size.positions for total in accumulate(positions.get(pk, 0) for _, pk in found))
    return [row for row, _ in found[: max(1, fitting)]]


def is_open(connection: Connection) -> bool:
    """Whether the portal can be written to now."""
    if connection.status != Connection.Status.ACTIVE or connection.paused_since:
        return False
    return not connection.resting_until or connection.resting_until <= now()


def refuse_unconnected(event: Event, pks: Sequence[int]) -> None:
    """Rows of an event without a connection that a person asked for: the person is told. Others keep waiting."""
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
