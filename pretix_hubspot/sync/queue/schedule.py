"""The schedule: which of a portal's waiting orders are sent next.

Its items are derived from core's rows: this module is told of rows that wait, and drops an item that it meets without
one. Events take turns within a priority: an event's next item gets the turn after its last one, or the first turn that
waits, whichever is later (fair queueing).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import now
from pretix.base.models import Event, OrderPosition
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.models import PROVIDER, Connection, EventConnection, WorkItem
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.chunks import chunks

from .triggers import Priority, priority_of

#: The kind of items that stand for orders.
ORDER = "order"
#: Rows of core's queue that one statement of ``rebuild`` looks at.
PART = 10_000
#: Items that are looked at together; also how many rows of an event get theirs while somebody waits.
STEP = 1_000
#: How often a choice is repeated that met nothing but items without a row.
TRIES = 20
#: Seconds after which an order is looked at again of which another row is being sent.
LATER = timedelta(seconds=2)
#: The moments of an item that has a turn, and of one that does not exist.
NOW, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_COLUMNS = ("order_id", "event_id", "triggered_by", "not_before")
_DUE = ("priority", "subject", "event_id", "not_before")


class SliceSize(NamedTuple):
    """The limits of one slice.

    ``orders`` fill a batch of deals (hubspot.md 5.1: 100 inputs). ``positions`` are so few that a hundred orders of a
    thousand positions each fit into a worker's memory.
    """

    orders: int = 100
    positions: int = 5_000

    @property
    def most_orders(self) -> int:
        """The limit in a long queue: the associations go into one request, the rows into one statement."""
        return 2 * self.orders


SIZE = SliceSize()


class Waiting(NamedTuple):
    """A row of core's queue that waits; an order has one at most."""

    order: int
    event: int
    triggered_by: str
    not_before: datetime


class Chosen(NamedTuple):
    """The next slice: primary keys of core's rows, and the events that they belong to.

    ``waiting`` is how many orders wait, as far as it was looked; ``positions`` how many those of the slice have;
    ``priority`` that of the most urgent one.
    """

    rows: list[int]
    events: list[EventConnection]
    waiting: int
    positions: int = 0
    priority: int = Priority.CAMPAIGN

    @property
    def is_urgent(self) -> bool:
        """Whether a person waits for one of the orders."""
        return self.priority == Priority.BY_HAND

    @property
    def is_live(self) -> bool:
        return self.priority <= Priority.LIVE

    @property
    def is_full(self) -> bool:
        """Whether more orders wait than go into the slice."""
        return self.waiting > len(self.rows)


class _Turns(NamedTuple):
    connection: int
    first: int | None
    last: int | None

    @property
    def next(self) -> int:
        return max(self.first or 0, 0 if self.last is None else self.last + 1)


# Who waits


def rows_that_wait() -> QuerySet[OrderSyncQueue]:
    """Rows that will be claimed, now or later."""
    return OrderSyncQueue.objects.filter(sync_provider=PROVIDER, in_flight=False, need_manual_retry__isnull=True)


def put_orders(orders: Iterable[int]) -> None:
    """Make items for those of these orders that wait."""
    for part in chunks(sorted(set(orders)), STEP):
        put(_read(rows_that_wait().filter(order_id__in=part)))


def put_rows(rows: Iterable[OrderSyncQueue]) -> None:
    """Make items for these rows of core's queue, which wait."""
    put(Waiting(row.order_id, row.event_id, row.triggered_by, row.not_before) for row in rows)


def put(waiting: Iterable[Waiting]) -> None:
    """Make items for these rows; an order that has one keeps its turn, unless it is more urgent by now.

    Orders of events that are paused, or use no connection, get none.
    """
    by_priority: dict[Priority, list[Waiting]] = defaultdict(list)
    for row in waiting:
        by_priority[priority_of(row.triggered_by)].append(row)
    for priority, rows in by_priority.items():
        _put(priority, rows)


def _put(priority: int, rows: Sequence[Waiting]) -> set[int]:
    """Make items of one priority. Returns the events that may have some."""
    moment = now()
    turns = _turns(priority, {row.event for row in rows})
    given: dict[int, int] = defaultdict(int)
    items = []
    for row in sorted(rows, key=lambda row: row.not_before):
        if not (event := turns.get(row.event)):
            continue
        turn = None
        if row.not_before <= moment:
            turn = event.next + given[row.event]
            given[row.event] += 1
        items.append(
            {
                "connection_id": event.connection,
                "event_id": row.event,
                "kind": ORDER,
                "subject": row.order,
                "priority": int(priority),
                "turn": turn,
                "not_before": row.not_before,
            }
        )
    store_rows(
        WorkItem,
        sorted(items, key=itemgetter("subject")),  # in the order in which everybody locks them
        unique=["kind", "subject"],
        update=["connection", "event", "priority", "turn", "not_before"],
        only_if="{old}.turn IS NULL OR {new}.priority < {old}.priority OR {new}.connection_id <> {old}.connection_id",
    )
    return set(turns)


def _turns(priority: int, events: set[int]) -> dict[int, _Turns]:
    """The connection of each of these events that is not paused, and the turns between which its next item goes."""
    ready = WorkItem.objects.filter(priority=priority, turn__isnull=False)
    first = ready.filter(connection=OuterRef("connection")).order_by("turn").values("turn")[:1]
    last = ready.filter(event=OuterRef("event")).order_by("-turn").values("turn")[:1]
    known = EventConnection.objects.filter(event_id__in=events, paused_since=None)
    found = known.annotate(first=Subquery(first), last=Subquery(last))
    return {event: _Turns(*turns) for event, *turns in found.values_list("event_id", "connection_id", "first", "last")}


def _read(rows: QuerySet[OrderSyncQueue], most: int | None = None) -> list[Waiting]:
    return [Waiting(*row) for row in rows.order_by("pk").values_list(*_COLUMNS)[:most]]


def taken(orders: Iterable[int]) -> None:
    """Drop the items of orders that a worker has claimed."""
    WorkItem.objects.filter(kind=ORDER, subject__in=list(orders)).delete()


def forget(event: Event) -> None:
    """Drop the items of an event."""
    WorkItem.objects.filter(event=event).delete()


def restore(event: Event) -> None:
    """Make items for the orders of an event that goes on; those of a very long queue come with the periodic round."""
    put(_read(rows_that_wait().filter(event=event), 2 * STEP))


def rebuild(part: int = PART) -> None:
    """Make the items that are missing, or would be due too late, and drop those without a row.

    Every row is looked at, so that whatever has happened to an item, its order waits for a round at most. Rows and
    items are read in the order of their orders, ``part`` of each at most, and compared here: after a burst, the
    database knows too little about its tables to join them well.
    """
    low = None
    while True:
        rows, items = rows_that_wait(), WorkItem.objects.filter(kind=ORDER)
        if low is not None:
            rows, items = rows.filter(order_id__gt=low), items.filter(subject__gt=low)
        ends = [*_nth(rows, "order_id", part), *_nth(items, "subject", part)]
        if high := min(ends, default=None):
            rows, items = rows.filter(order_id__lte=high), items.filter(subject__lte=high)
        _rebuild_part(rows, items)
        if high is None:
            return
        low = high


def _nth(rows: QuerySet[Any], column: str, number: int) -> Iterable[int]:
    return rows.order_by(column).values_list(column, flat=True)[number - 1 : number]


def _rebuild_part(rows: QuerySet[OrderSyncQueue], items: QuerySet[WorkItem]) -> None:
    ready = Q(event__hubspot_connection__isnull=False, event__hubspot_connection__paused_since=None)
    waiting = {row[0]: row for row in rows.annotate(ready=ready).values_list(*_COLUMNS, "ready")}
    due: dict[int, datetime] = {}
    surplus = []
    for pk, order, turn, not_before in items.values_list("pk", "subject", "turn", "not_before").iterator():
        due[order] = NOW if turn is not None else not_before
        if order not in waiting:
            surplus.append(pk)
    late = [Waiting(*row) for order, (*row, is_ready) in waiting.items() if is_ready and row[3] < due.get(order, NEVER)]
    active = _active({row.event for row in late})
    for some in chunks([row for row in late if row.event in active], STEP):
        put(some)
    row = rows_that_wait().filter(order=OuterRef("subject"))  # of orders that were queued in this moment
    for pks in chunks(surplus, STEP):
        WorkItem.objects.filter(~Exists(row), pk__in=pks).delete()


def _active(events: set[int]) -> set[int]:
    some = Event.objects.filter(pk__in=events).select_related("organizer")
    return {event.pk for event in some if is_active(event)}


# Who is next


def next_due(connection: Connection) -> datetime | None:
    """When the next order is due that waits for its time; None if none does."""
    later = connection.work_items.filter(turn=None)
    return later.aggregate(Min("not_before"))["not_before__min"]


def next_slice(connection: Connection, live_only: bool = False, size: SliceSize = SIZE, workers: int = 1) -> Chosen:
    """The next slice: the most urgent orders, events in turns, oldest first within each.

    It is a worker's part of a long queue, and ends before it has more positions than ``size`` says, unless a single
    order does.
    """
    _promote(connection)
    for _ in range(TRIES):
        items = _first(connection, live_only, workers * size.most_orders)
        of_order = {order: event for order, event, _ in items}
        events = _usable(connection, set(of_order.values()))
        rows = _rows({order for order, event in of_order.items() if event in events})
        chosen = [(rows[order], order) for order in of_order if order in rows]
        if len(chosen) < len(items):
            _set_aside(connection, set(of_order.values()) - events.keys(), of_order.keys() - rows.keys())
        if chosen or not items:
            part, positions = _fitting(chosen[: max(size.orders, math.ceil(len(chosen) / workers))], size)
            used = {event for _, order in part if (event := of_order[order])}
            priority = next((priority for order, _, priority in items if order in rows), Priority.CAMPAIGN)
            of_slice = [events[pk] for pk in sorted(used)]
            return Chosen([row for row, _ in part], of_slice, len(chosen), positions, priority)
    return Chosen([], [], 0)


def _first(connection: Connection, live_only: bool, number: int) -> list[tuple[int, int | None, int]]:
    items = WorkItem.objects.filter(connection=connection, turn__isnull=False)
    if live_only:
        items = items.filter(priority__lte=Priority.LIVE)
    return list(items.order_by("priority", "turn", "pk").values_list("subject", "event_id", "priority")[:number])


def _usable(connection: Connection, events: set[int | None]) -> dict[int, EventConnection]:
    """Those of these events that use the connection, are not paused, and have the plugin enabled."""
    if not events:
        return {}
    rows = connection.event_connections.filter(event_id__in=events, paused_since=None)
    return {row.event_id: row for row in rows.select_related("event__organizer") if is_active(row.event)}


def _rows(orders: set[int]) -> dict[int, int]:
    """The row of each of these orders that may be claimed now."""
    if not orders:
        return {}
    sibling = OrderSyncQueue.objects.filter(order=OuterRef("order"), sync_provider=PROVIDER, in_flight=True)
    rows = rows_that_wait().filter(~Exists(sibling), order_id__in=orders, not_before__lte=now())
    return dict(rows.values_list("order_id", "pk"))


def _set_aside(connection: Connection, unusable: set[int | None], orders: Set[int]) -> None:
    """Drop the items of events that send nothing, and of orders that do not wait; others have to wait for longer."""
    if unusable:
        connection.work_items.filter(event_id__in=unusable).delete()
    waiting = dict(rows_that_wait().filter(order_id__in=orders).values_list("order_id", "not_before"))
    connection.work_items.filter(kind=ORDER, subject__in=orders - waiting.keys()).delete()
    soon = now() + LATER
    late = {order for order, moment in waiting.items() if moment > soon}
    connection.work_items.filter(kind=ORDER, subject__in=waiting.keys() - late).update(turn=None, not_before=soon)
    for order in late:
        connection.work_items.filter(kind=ORDER, subject=order).update(turn=None, not_before=waiting[order])


def _fitting(chosen: Sequence[tuple[int, int]], size: SliceSize) -> tuple[Sequence[tuple[int, int]], int]:
    """The first of these rows and orders that fit into a slice, and how many positions they have."""
    counted = OrderPosition.all.filter(order__in=[order for _, order in chosen]).order_by().values_list("order")
    positions = dict(counted.annotate(Count("pk"))) if chosen else {}
    totals = list(accumulate(positions.get(order, 0) for _, order in chosen))
    fitting = max(1, sum(total <= size.positions for total in totals))
    return chosen[:fitting], totals[:fitting][-1] if totals else 0


def _promote(connection: Connection) -> None:
    """Give a turn to the items that became due."""
    due = connection.work_items.filter(turn=None, not_before__lte=now()).order_by("not_before", "pk")
    waiting = [
        (priority, Waiting(subject, event, "", not_before))
        for priority, subject, event, not_before in due.values_list(*_DUE)[:STEP]
    ]
    known: set[int] = set()
    for priority in sorted({priority for priority, _ in waiting}):
        known |= _put(priority, [row for its, row in waiting if its == priority])
    if gone := {row.event for _, row in waiting} - known:
        connection.work_items.filter(event_id__in=gone).delete()
