"""Core's queue rows: claim, renew, finish, fail. The only writer of ``OrderSyncQueue`` besides core.

A claimed row has no owner in core, so the moment of the claim is its fencing stamp: a worker that finds another stamp
on a row has lost it, and leaves it alone.
All writes lock rows in the order of their primary keys.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from types import MappingProxyType
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now
from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import PROVIDER
from pretix_hubspot.server.config import lease_seconds

from . import schedule
from .schedule import SIZE
from .triggers import OFFERED, Trigger, is_bulk

#: Core's words for failures that need no user: ``reclaim`` and ``rearm`` handle them.
TENDED = ("exceeded", "timeout")
#: Retries of more orders than this are bulk work.
FEW = 20
#: How often a step is repeated when signals queue its orders in the very moment that their rows are released.
#: Every collision shows one more waiting sibling of an order of the slice, so that this limit is never reached.
COLLISIONS = SIZE.most_orders + 2
#: For how many seconds at most an order waits that shares a record with an order that is being sent.
POSTPONED = 2.0
#: The columns of an order that the engine needs before the snapshot; whole orders would be read twice.
_CLAIMED = [field.name for field in OrderSyncQueue._meta.concrete_fields] + [
    f"order__{name}" for name in ("code", "datetime", "event", "testmode")
]

T = TypeVar("T")


class ClaimLost(Exception):
    """Another worker took over after our lease ended."""


@dataclass
class Claim:
    """Rows that this worker holds until the lease ends, all with the same stamp."""

    rows: list[OrderSyncQueue]
    stamp: datetime

    @cached_property
    def orders(self) -> dict[int, OrderSyncQueue]:
        """order id -> row."""
        return {row.order_id: row for row in self.rows}

    @property
    def is_bulk(self) -> bool:
        """Whether the claim holds no live order."""
        return all(is_bulk(row.triggered_by) for row in self.rows)

    def renew(self) -> None:
        """Extend the lease once a third of it has passed. Raises ``ClaimLost`` if no row is held any more."""
        if now() - self.stamp < lease() / 3:
            return
        stamp = _stamp()
        if not _held(self).update(in_flight_since=stamp):
            raise ClaimLost
        self.stamp = stamp


def lease() -> timedelta:
    """How long a worker may be silent before its rows return to the queue; shorter than core's 20 minutes."""
    return timedelta(seconds=lease_seconds())


def waiting() -> QuerySet[OrderSyncQueue]:
    """Rows that may be claimed now."""
    sibling = OrderSyncQueue.objects.filter(order=OuterRef("order"), sync_provider=PROVIDER, in_flight=True)
    return OrderSyncQueue.objects.filter(
        ~Exists(sibling),
        sync_provider=PROVIDER,
        in_flight=False,
        need_manual_retry__isnull=True,
        not_before__lte=now(),
    )


def is_waiting(row: OrderSyncQueue) -> bool:
    """Whether a row is ours, and will be claimed now or later."""
    return row.sync_provider == PROVIDER and not row.in_flight and row.need_manual_retry is None


def claim(pks: Sequence[int], connection: int | None = None) -> Claim | None:
    """Claim at most ``SIZE.most_orders`` of these rows, except those that other workers are claiming or holding.

    With a ``connection``, only rows of events that use it at this moment: an event may have changed to another
    portal after the rows were chosen.
    """
    stamp = _stamp()
    try:
        with transaction.atomic():
            free = waiting().filter(pk__in=list(pks)[: SIZE.most_orders]).order_by("pk")
            if connection:
                free = free.filter(event__hubspot_connection__connection=connection)
            orders = dict(free.select_for_update(skip_locked=True, of=("self",)).values_list("pk", "order_id"))
            claimed = OrderSyncQueue.objects.filter(pk__in=orders, in_flight=False)
            if not orders or not claimed.update(in_flight=True, in_flight_since=stamp):
                return None
            schedule.taken(orders.values())  # a signal for one of them makes a new item after this transaction
    except (IntegrityError, OperationalError):
        # A sibling was claimed between read and update, or SQLite was busy: the next run finds the rows free.
        return None
    rows = _with_stamp(stamp, list(orders)).select_related("order").only(*_CLAIMED).order_by("pk")
    return Claim(list(rows), stamp)


def leave(
    held: Claim,
    *,
    finished: Iterable[int] = (),
    retries: Mapping[int, datetime] = MappingProxyType({}),
    stopped: Mapping[int, str] = MappingProxyType({}),
    released: Iterable[int] = (),
    postponed: Iterable[int] = (),
    staying: Iterable[int] = (),
) -> set[int]:
    """Let the rows of orders leave the claim. Returns the orders that we still held.

    ``finished`` orders lose their rows. ``retries`` count an attempt, and wait until the given time; ``stopped`` ones
    are not tried until a user acts, with core's word for the failure. ``released`` ones are unchanged: no attempt is
    counted, and they may be claimed at once; ``postponed`` ones in a moment. The rows of ``staying`` ones are only
    locked. Called inside a transaction, it keeps all of them locked until the results are stored.
    """
    finished, released, postponed = set(finished), set(released), set(postponed)
    back = {*retries, *stopped, *released, *postponed}

    def step() -> set[int]:
        still = lock(held, {*finished, *back, *staying})
        if finished:
            _held(held).filter(order_id__in=still & finished).delete()
        if back:
            _return_rows(held, still & back, retries, stopped, postponed)
            if waiting := still & back - stopped.keys():
                schedule.put_orders(waiting)
        return still

    if back:
        return retry_on_conflict(step)
    with transaction.atomic(savepoint=False):
        return step()


def release(held: Claim, orders: Iterable[int]) -> None:
    """Release rows unchanged."""
    leave(held, released=orders)


def lock(held: Claim, orders: Iterable[int]) -> set[int]:
    """Lock the rows of these orders that still carry our stamp; returns the order ids."""
    rows = _held(held).filter(order_id__in=list(orders)).order_by("pk").select_for_update(of=("self",))
    return set(rows.values_list("order_id", flat=True))


def still_held(held: Claim, orders: Iterable[int]) -> set[int]:
    """The orders among these whose rows still carry our stamp."""
    return set(_held(held).filter(order_id__in=list(orders)).values_list("order_id", flat=True))


def _return_rows(
    held: Claim, orders: set[int], retries: Mapping[int, datetime], stopped: Mapping[int, str], postponed: set[int]
) -> None:
    alone = _without_waiting_siblings(held, orders)
    changed = [copy(row) for row in held.rows if row.order_id in alone and row.order_id in {*retries, *stopped}]
    for row in changed:
        row.in_flight, row.in_flight_since = False, None
        if row.order_id in retries:
            row.failed_attempts, row.not_before = row.failed_attempts + 1, retries[row.order_id]
        else:
            # A retry begins anew: core's buttons keep the count, and the next failure would be the last again.
            row.failed_attempts, row.need_manual_retry = 0, stopped[row.order_id]
    OrderSyncQueue.objects.bulk_update(changed, _FIELDS)
    if later := alone & postponed:
        moment = now() + timedelta(seconds=random.uniform(0.5, 1.0) * POSTPONED)
        _held(held).filter(order_id__in=later).update(in_flight=False, in_flight_since=None, not_before=moment)
    unchanged = alone - {row.order_id for row in changed} - later
    if unchanged:
        _held(held).filter(order_id__in=unchanged).update(in_flight=False, in_flight_since=None)


def retry_on_conflict(step: Callable[[], T]) -> T:
    """Run in a transaction of its own; run again if a signal queued one of the orders between read and write."""
    for _ in range(COLLISIONS - 1):
        try:
            with transaction.atomic():
                return step()
        except IntegrityError:
            continue  # the waiting sibling is visible now
    with transaction.atomic():
        return step()


_FIELDS = ["in_flight", "in_flight_since", "not_before", "failed_attempts", "need_manual_retry"]


def _without_waiting_siblings(held: Claim, orders: set[int]) -> set[int]:
    """Delete our rows whose order changed and waits again, since two rows of an order cannot wait. Returns the
    others.
    """
    doubled = set(_waiting_siblings(orders).values_list("order_id", flat=True))
    if doubled:
        _yield_to_siblings(_held(held).filter(order_id__in=doubled))
    return orders - doubled


def _waiting_siblings(orders: Iterable[int]) -> QuerySet[OrderSyncQueue]:
    return OrderSyncQueue.objects.filter(order_id__in=orders, sync_provider=PROVIDER, in_flight=False)


def _yield_to_siblings(rows: QuerySet[OrderSyncQueue]) -> None:
    """Delete rows whose order waits a second time; the row that stays takes over *Sync now*."""
    by_hand = list(rows.filter(triggered_by=Trigger.SYNC_NOW).values_list("order_id", flat=True))
    if by_hand:
        _waiting_siblings(by_hand).update(triggered_by=Trigger.SYNC_NOW)
        schedule.put_orders(by_hand)
    rows.delete()


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
    if _waiting_siblings([row.order_id]).exists():
        _yield_to_siblings(this_row)
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
        _waiting_siblings(pks).filter(triggered_by__in=list(OFFERED)).update(triggered_by=triggered_by)
    schedule.put_orders(pks)


def enqueue_changed(event: Event, orders: Sequence[int]) -> None:
    """Queue orders of an event whose history tells of a change; one that waits for a user is tried again with it."""
    enqueue(event, orders, Trigger.SWEEP)
    stopped = _waiting_siblings(orders).filter(need_manual_retry__isnull=False)
    stopped.exclude(triggered_by=Trigger.SYNC_NOW).update(triggered_by=Trigger.SWEEP)
    _let_wait(stopped)


def try_again(orders: Sequence[int]) -> None:
    """Try stopped orders again, behind live ones: what they failed for may be corrected."""
    rows = _waiting_siblings(orders).filter(need_manual_retry__isnull=False)
    stopped = rows.exclude(need_manual_retry__in=TENDED)
    _mark_as_bulk(stopped)
    _let_wait(stopped, failed_attempts=0)


def take_back(orders: Sequence[int], triggered_by: Trigger) -> set[int]:
    """Delete these orders' rows with this trigger that wait for their first attempt. Returns the orders."""
    with transaction.atomic():
        rows = _waiting_siblings(orders).filter(triggered_by=triggered_by, failed_attempts=0, need_manual_retry=None)
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


def _held(held: Claim) -> QuerySet[OrderSyncQueue]:
    return _with_stamp(held.stamp, [row.pk for row in held.rows])


def _with_stamp(stamp: datetime, pks: Sequence[int]) -> QuerySet[OrderSyncQueue]:
    return OrderSyncQueue.objects.filter(Q(pk__in=pks), in_flight=True, in_flight_since=stamp)


def _stamp() -> datetime:
    """The current time with random microseconds: two workers that claim in the same moment need different stamps."""
    return now().replace(microsecond=random.randrange(1_000_000))  # only needs to differ, not to be secret
