"""The sweep: queue orders that changed without a signal, and rows that waited long enough.

Refunds, partial payments and changed contacts send no signal, a signal can be lost, and the plugin may have been
disabled for a while; but every change of an order leaves a log entry. What changes beside the orders, ``queue.things``
finds.
"""

from datetime import timedelta

from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.pausing import is_paused
from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import PROVIDER, EventConnection, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sync.queue.scope import in_scope
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.run.history import order_entries

from .provider import HubSpotSyncProvider
from .queue import order_queue, things
from .queue.order_queue import TENDED
from .run import removals

#: Entries younger than this are compared again: a slow transaction may commit an older entry after a newer one.
LATE_COMMITS = timedelta(minutes=10)
#: For entries that were committed later than that: all orders are compared once in a round, a part of them each time.
ROUND, TURN = timedelta(days=1), timedelta(minutes=5)
#: How long an exhausted temporary error rests before it is tried again.
REARM_AFTER = timedelta(hours=1)


def run(event_connection: EventConnection, lap: timedelta = ROUND) -> int:
    """Queue the event's orders that changed without a signal. Returns how many."""
    with scopes_disabled():
        revisions.review(event_connection)
        entries = _recent_entries(event_connection)
        changed = entries.order_by().values_list("object_id", flat=True).distinct()
        candidates = list(changed.union(_part_of_lap(event_connection, lap)))
        unread = [pk for part in chunks(candidates, 1_000) for pk in _changed_since_read(event_connection, part)]
        missed = [pk for part in chunks(unread, 1_000) for pk in _not_waiting(part)]
        for order in Order.objects.filter(pk__in=missed).select_related("event"):
            HubSpotSyncProvider.enqueue_order(order, Trigger.SWEEP)
        _advance(event_connection, entries, unread)
        found = things.queue_readers(event_connection) + removals.queue(event_connection)
        if not is_paused(event_connection):
            things.compare_some(event_connection)
    return len(missed) + found


def _recent_entries(event_connection: EventConnection) -> QuerySet[LogEntry]:
    return order_entries().filter(
        Q(pk__gt=event_connection.log_watermark) | Q(datetime__gte=now() - LATE_COMMITS),
        event_id=event_connection.event_id,
    )


def _part_of_lap(event_connection: EventConnection, lap: timedelta) -> QuerySet[Order]:
    """The keys of a small part of the orders, another one every few minutes, all of them in a ``lap``."""
    turns = lap // TURN
    turn = int(now().timestamp() // TURN.total_seconds()) % turns
    part = in_scope(event_connection.event_id).alias(turn=F("pk") % turns).filter(turn=turn)
    return part.order_by().values_list("pk", flat=True)


def _changed_since_read(event_connection: EventConnection, orders: list[int]) -> list[int]:
    """The orders in scope among these whose history is longer than when they were last read."""
    pks = list(in_scope(event_connection.event_id).filter(pk__in=orders).values_list("pk", flat=True))
    seen = dict(OrderState.objects.filter(order_id__in=pks).values_list("order_id", "log_count"))
    counts = order_entries().filter(object_id__in=pks).order_by().values_list("object_id").annotate(Count("pk"))
    return [pk for pk, count in counts if count > seen.get(pk, 0)]


def _not_waiting(orders: list[int]) -> list[int]:
    """The orders among these that no other step queues; a failing order that was corrected is queued without a
    retry.
    """
    rows = OrderSyncQueue.objects.filter(order_id__in=orders, sync_provider=PROVIDER)
    waiting = rows.filter(Q(need_manual_retry__isnull=True) | Q(need_manual_retry__in=TENDED))
    return sorted(set(orders) - set(waiting.values_list("order_id", flat=True)))


def _advance(event_connection: EventConnection, entries: QuerySet[LogEntry], unread: list[int]) -> None:
    """Move the watermark to the newest entry that no late commit can precede any more.

    It stays below entries that were not read yet: rows can get lost while the plugin is disabled.
    """
    settled = entries.filter(datetime__lt=now() - LATE_COMMITS)
    for part in chunks(unread, 1_000):
        if first := entries.filter(object_id__in=part).aggregate(Min("pk"))["pk__min"]:
            settled = settled.filter(pk__lt=first)
    newest = settled.aggregate(Max("pk"))["pk__max"]
    if newest and newest > event_connection.log_watermark:
        EventConnection.objects.filter(pk=event_connection.pk, log_watermark__lt=newest).update(log_watermark=newest)


def release_stuck_rows() -> None:
    """Release the rows of dead workers, and try exhausted rows again after a rest."""
    order_queue.reclaim()
    order_queue.rearm(REARM_AFTER)
