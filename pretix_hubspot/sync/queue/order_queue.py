"""Core's queue rows: enqueue, retry, return, forget. The only writer of ``OrderSyncQueue`` besides core and
``claims``.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import PROVIDER

from . import schedule
from .claims import lease, retry_on_conflict, waiting_siblings, yield_to_siblings
from .triggers import OFFERED, Trigger

#: Core's words for failures that need no user: ``reclaim`` and ``rearm`` handle them.
TENDED = ("exceeded", "timeout")
#: Retries of more orders than this are bulk work.
FEW = 20


def is_waiting(row: OrderSyncQueue) -> bool:
    """Whether a row is ours, and will be claimed now or later."""
    return row.sync_provider == PROVIDER and not row.in_flight and row.need_manual_retry is None


def reclaim() -> int:
    """Return the rows of dead workers to the queue, and core's ``timeout`` rows with them. Returns how many."""
    dead = OrderSyncQueue.objects.filter(
        sync_provider=PROVIDER, in_flight=True, in_flight_since__lt=now() - lease()
    ).order_by("pk")
    count = sum(retry_on_conflict(partial(_return, dead.filter(pk=pk))) for pk in dead.values_list("pk", flat=True))
    timed_out = OrderSyncQueue.objects.filter(sync_provider=PROVIDER, in_flight=False, need_manual_retry="timeout")
    return count + _let_wait(timed_out)


def _let_wait(rows: QuerySet[OrderSyncQueue], **changes: int) -> int:
    """Let rows that wait for a user, or for their time, wait to be claimed at once. Returns how many."""
    orders = list(rows.values_list("order_id", flat=True))
    if orders:
        rows.update(need_manual_retry=None, not_before=now(), **changes)
        schedule.put_orders(orders)
    return len(orders)


def _return(dead: QuerySet[OrderSyncQueue]) -> bool:
    """Return one row to the queue, unless another worker holds its lock."""
    row = dead.select_for_update(skip_locked=True).first()
    if row is None:
        return False
    this_row = OrderSyncQueue.objects.filter(pk=row.pk)
    if waiting_siblings([row.order_id]).exists():
        yield_to_siblings(this_row)
    else:
        this_row.update(in_flight=False, in_flight_since=None)
        schedule.put_orders([row.order_id])
    return True


def rearm(after: timedelta) -> int:
    """Try exhausted temporary errors again: temporary is never final. Returns how many rows."""
    exhausted = OrderSyncQueue.objects.filter(
        sync_provider=PROVIDER, in_flight=False, need_manual_retry="exceeded", not_before__lt=now() - after
    )
    if exhausted.count() > FEW:
        _mark_as_bulk(exhausted)
    return _let_wait(exhausted, failed_attempts=0)


def retry(event: Event, orders: Sequence[int]) -> None:
    """Try these orders of an event again now, with all attempts; a row in flight is left alone."""
    rows = OrderSyncQueue.objects.filter(order_id__in=orders, sync_provider=PROVIDER)
    if len(orders) > FEW:
        _mark_as_bulk(rows.filter(in_flight=False))
    _let_wait(rows.filter(in_flight=False), failed_attempts=0)
    queued = set(rows.values_list("order_id", flat=True))
    enqueue(event, [pk for pk in orders if pk not in queued], retry_of(len(orders)))


def retry_of(count: int) -> Trigger:
    """The trigger for a retry of so many orders."""
    return Trigger.MASS_RETRY if count > FEW else Trigger.RETRY


def _mark_as_bulk(rows: QuerySet[OrderSyncQueue]) -> None:
    """Queue these rows behind live orders, except those of *Sync now*, which are read even if nothing changed."""
    rows.exclude(triggered_by=Trigger.SYNC_NOW).update(triggered_by=Trigger.MASS_RETRY)


def enqueue(event: Event, orders: Iterable[int], triggered_by: Trigger) -> None:
    """Queue orders of an event in bulk; a row that waits already is left as it is, unless it would only be offered."""
    moment, pks = now(), list(orders)
    rows = [
        OrderSyncQueue(order_id=pk, event=event, sync_provider=PROVIDER, triggered_by=triggered_by, not_before=moment)
        for pk in pks
    ]
    OrderSyncQueue.objects.bulk_create(rows, ignore_conflicts=True)
    if triggered_by not in OFFERED and pks:
        waiting_siblings(pks).filter(triggered_by__in=list(OFFERED)).update(triggered_by=triggered_by)
    schedule.put_orders(pks)


def enqueue_changed(event: Event, orders: Sequence[int]) -> None:
    """Queue orders of an event whose history tells of a change; one that waits for a user is tried again with it."""
    enqueue(event, orders, Trigger.SWEEP)
    stopped = waiting_siblings(orders).filter(need_manual_retry__isnull=False)
    stopped.exclude(triggered_by=Trigger.SYNC_NOW).update(triggered_by=Trigger.SWEEP)
    _let_wait(stopped)


def try_again(orders: Sequence[int]) -> None:
    """Try stopped orders again, behind live ones: what they failed for may be corrected."""
    rows = waiting_siblings(orders).filter(need_manual_retry__isnull=False)
    stopped = rows.exclude(need_manual_retry__in=TENDED)
    _mark_as_bulk(stopped)
    _let_wait(stopped, failed_attempts=0)


def take_back(orders: Sequence[int], triggered_by: Trigger) -> set[int]:
    """Delete these orders' rows with this trigger that wait for their first attempt. Returns the orders."""
    with transaction.atomic():
        rows = waiting_siblings(orders).filter(triggered_by=triggered_by, failed_attempts=0, need_manual_retry=None)
        taken = dict(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", "order_id"))
        OrderSyncQueue.objects.filter(pk__in=list(taken)).delete()
    return set(taken.values())


def forget(event: Event) -> list[int]:
    """Delete all rows of an event from the queue. Returns the orders.

    A worker that is sending one of them loses its claim, and stores nothing about it.
    """
    with transaction.atomic():
        rows = OrderSyncQueue.objects.filter(event=event, sync_provider=PROVIDER)
        orders = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("order_id", flat=True))
        rows.delete()
        schedule.forget(event)
    return sorted(set(orders))


def waiting_by_hand(event: Event) -> list[int]:
    """Orders of the event for which a user pressed *Sync now*."""
    rows = OrderSyncQueue.objects.filter(event=event, sync_provider=PROVIDER, triggered_by=Trigger.SYNC_NOW)
    return sorted(set(rows.values_list("order_id", flat=True)))


def withdraw(orders: Sequence[int]) -> list[int]:
    """Delete these orders' rows. Returns the orders that no worker is sending at this moment."""
    rows = OrderSyncQueue.objects.filter(order_id__in=orders, sync_provider=PROVIDER)
    rows.filter(in_flight=False).delete()
    in_flight = set(rows.values_list("order_id", flat=True))  # after deleting: a remaining row was claimed before
    return [pk for pk in orders if pk not in in_flight]
