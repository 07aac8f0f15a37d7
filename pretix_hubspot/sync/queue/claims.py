"""Claims of core's queue rows: take, renew, give back, finish.

A claimed row has no owner in core, so the moment of the claim is its fencing stamp: a worker that finds another stamp
on a row has lost it, and leaves it alone.
All writes lock rows in the order of their primary keys.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import PROVIDER
from pretix_hubspot.server.config import lease_seconds

from . import schedule
from .schedule import SIZE
from .triggers import Trigger, is_bulk

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
    doubled = set(waiting_siblings(orders).values_list("order_id", flat=True))
    if doubled:
        yield_to_siblings(_held(held).filter(order_id__in=doubled))
    return orders - doubled


def waiting_siblings(orders: Iterable[int]) -> QuerySet[OrderSyncQueue]:
    return OrderSyncQueue.objects.filter(order_id__in=orders, sync_provider=PROVIDER, in_flight=False)


def yield_to_siblings(rows: QuerySet[OrderSyncQueue]) -> None:
    """Delete rows whose order waits a second time; the row that stays takes over *Sync now*."""
    by_hand = list(rows.filter(triggered_by=Trigger.SYNC_NOW).values_list("order_id", flat=True))
    if by_hand:
        waiting_siblings(by_hand).update(triggered_by=Trigger.SYNC_NOW)
        schedule.put_orders(by_hand)
    rows.delete()


def _held(held: Claim) -> QuerySet[OrderSyncQueue]:
    return _with_stamp(held.stamp, [row.pk for row in held.rows])


def _with_stamp(stamp: datetime, pks: Sequence[int]) -> QuerySet[OrderSyncQueue]:
    return OrderSyncQueue.objects.filter(Q(pk__in=pks), in_flight=True, in_flight_since=stamp)


def _stamp() -> datetime:
    """The current time with random microseconds: two workers that claim in the same moment need different stamps."""
    return now().replace(microsecond=random.randrange(1_000_000))  # only needs to differ, not to be secret
