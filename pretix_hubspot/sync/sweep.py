"""The sweep: queue orders that changed without a signal, and rows that waited long enough.

Refunds, partial payments and changed contacts send no signal, a signal can be lost, and the plugin may have been
disabled for a while; but every change of an order leaves a log entry. What changes beside the orders, ``queue.things``
finds.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Max, Min, Q, QuerySet
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import PROVIDER, EventConnection, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sync.queue.scope import in_scope
from pretix_hubspot.sync.run.history import log_counts, order_entries

from .queue import order_queue, things
from .queue.order_queue import TENDED
from .run import removals

#: Entries younger than this are compared again: a slow transaction may commit an older entry after a newer one.
LATE_COMMITS = timedelta(minutes=10)
#: How long an exhausted temporary error rests before it is tried again.
REARM_AFTER = timedelta(hours=1)
#: When an event is looked at again of which more records are to be removed than go into the queue at once.
SOON = timedelta(minutes=1)
#: Orders that are looked at together.
PART = 1_000


def run(event_connection: EventConnection) -> int:
    """Queue the event's orders that changed without a signal. Returns how many."""
    with scopes_disabled():
        revisions.review(event_connection)
        entries = _recent_entries(event_connection)
        changed = entries.order_by().values_list("object_id", flat=True).distinct()
        found = unread(list(changed))
        missed = queue_unread(event_connection.event, found)
        _advance(event_connection, entries, found)
        removed = removals.queue(event_connection)
        if removed >= removals.ROUND:
            EventConnection.objects.filter(pk=event_connection.pk).update(sweep_due=now() + SOON)
        return missed + things.queue_readers(event_connection) + removed


def unread(orders: Iterable[int]) -> list[int]:
    """The orders in scope among these whose history is longer than when they were last read."""
    return [pk for part in chunks(orders, PART) for pk in _unread(part)]


def queue_unread(event: Event, orders: Iterable[int]) -> int:
    """Queue orders of an event that were not read since they changed, unless another step does. Returns how many."""
    missed = [pk for part in chunks(orders, PART) for pk in _not_waiting(part)]
    for part in chunks(missed, PART):
        order_queue.enqueue_changed(event, part)
    return len(missed)


def _recent_entries(event_connection: EventConnection) -> QuerySet[LogEntry]:
    return order_entries().filter(
        Q(pk__gt=event_connection.log_watermark) | Q(datetime__gte=now() - LATE_COMMITS),
        event_id=event_connection.event_id,
    )


def _unread(orders: Sequence[int]) -> list[int]:
    pks = list(in_scope(Order.objects.filter(pk__in=orders)).values_list("pk", flat=True))
    seen = dict(OrderState.objects.filter(order_id__in=pks).values_list("order_id", "log_count"))
    return [pk for pk, count in log_counts(pks).items() if count > seen.get(pk, 0)]


def _not_waiting(orders: Sequence[int]) -> list[int]:
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
