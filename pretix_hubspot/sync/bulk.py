"""Sending orders again in the background, after a mapping changed: rows of the same queue that let live orders pass.

Rows are made newest order first and taken in that order; an order that waits already is not queued twice.
"""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import now
from pretix.base.models import Event, LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import PROVIDER, EventConnection, OrderState

from .calls import chunks
from .filters import NO_MAPPINGS
from .scope import IGNORED, in_scope, mapped
from .wanted import digest

#: What ``triggered_by`` says; see ``jobs.BULK``.
AGAIN = "bulk"
#: The same for orders that waited for the event's first mapping.
FIRST = "bulk_first_mapping"
MAPPING_ENTRIES = "pretix_hubspot.mapping."
STARTED, CANCELED = "pretix_hubspot.resend.started", "pretix_hubspot.resend.canceled"


def mappings_changed_at(event: Event) -> datetime | None:
    """When somebody last changed what the event sends."""
    entries = LogEntry.objects.filter(event=event, action_type__startswith=MAPPING_ENTRIES)
    return entries.order_by("-datetime").values_list("datetime", flat=True).first()


def outdated(event: Event) -> QuerySet[OrderState]:
    """Orders that were last in sync before the mappings changed, and would be sent again."""
    joined, changed_at = EventConnection.objects.filter(event=event).first(), mappings_changed_at(event)
    if not joined or not changed_at:
        return OrderState.objects.none()
    states = OrderState.objects.filter(order__in=in_scope(joined), sent_at__lt=changed_at)
    if not joined.send_test_orders:
        states = states.exclude(order__testmode=True, by_hand=False)
    return states.exclude(sent_hash="").exclude(excluded_reason=IGNORED)


def start(event: Event, user) -> int:
    """Queue all orders that were sent with older mappings. Returns how many were not waiting before."""
    orders = Order.objects.filter(pk__in=outdated(event).values("order")).order_by("-datetime", "-pk")
    waited = _rows(event).count()
    moment = now()
    for part in chunks(orders.values_list("pk", flat=True).iterator(), 1_000):
        rows = [
            OrderSyncQueue(order_id=pk, event=event, sync_provider=PROVIDER, triggered_by=AGAIN, not_before=moment)
            for pk in part
        ]
        OrderSyncQueue.objects.bulk_create(rows, ignore_conflicts=True)  # what waits already stays what it is
    queued = _rows(event).count() - waited
    event.log_action(STARTED, user=user, data={"orders": waited + queued})
    return queued


def start_unmapped(event: Event) -> int:
    """Queue what was placed before the event had a mapping, now that it has one. Returns how many orders.

    Called in the transaction that stores the mapping; the lock is explained in ``finishing.leave_out_unmapped``.
    """
    joined = EventConnection.objects.select_for_update(of=("self",)).select_related("connection").filter(event=event)
    if not (joined := joined.first()) or not mapped().filter(event=event).exists():
        return 0
    # Before there was the reason, such orders counted as sent.
    nothing = digest([joined.connection.portal_id])
    states = OrderState.objects.filter(Q(excluded_reason=NO_MAPPINGS) | Q(excluded_reason="", sent_hash=nothing))
    orders = in_scope(joined).filter(pk__in=states.filter(order__event=event).values("order"))
    moment, count = now(), 0
    for part in chunks(orders.order_by("pk").values_list("pk", flat=True).iterator(), 1_000):
        rows = [
            OrderSyncQueue(order_id=pk, event=event, sync_provider=PROVIDER, triggered_by=FIRST, not_before=moment)
            for pk in part
        ]
        OrderSyncQueue.objects.bulk_create(rows, ignore_conflicts=True)
        count += len(rows)
    return count


def cancel(event: Event, user) -> int:
    """Take back what nobody has begun. Returns how many."""
    count, _ = _rows(event).filter(in_flight=False).delete()
    if count:
        event.log_action(CANCELED, user=user, data={"orders": count})
    return count


def progress(event: Event) -> tuple[int, int]:
    """How many of the orders of the last start are done, and how many they were; (0, 0) when nothing is going on."""
    left = _rows(event).count()
    if not left:
        return 0, 0
    last = LogEntry.objects.filter(event=event, action_type=STARTED).order_by("-datetime", "-pk").first()
    total = max(left, last.parsed_data.get("orders", 0) if last else 0)
    return total - left, total


def _rows(event: Event) -> QuerySet[OrderSyncQueue]:
    """What still has to be done; a row that became a sync problem is done, in its way."""
    return OrderSyncQueue.objects.filter(
        event=event, sync_provider=PROVIDER, triggered_by=AGAIN, need_manual_retry__isnull=True
    )
