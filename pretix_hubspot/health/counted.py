"""The numbers that pages show: exact where orders are few, else as they were counted in the background a moment ago.

Counting 300,000 orders takes seconds, for which nobody waits: a page reads the stored numbers, which tell when they
were counted, and calls a worker if that was more than a minute ago. All numbers of one count belong to one moment, so
that they add up; what people do about sync problems is moved from one number to another at once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now
from pretix.base.models import Event, Order

from pretix_hubspot.models import Connection, CountedOrders, EventConnection
from pretix_hubspot.server.workers import call_to_count
from pretix_hubspot.sync.queue.scope import mapped

from .numbers import Detail, Numbers, numbers_of, oldest_waiting

#: After so long, numbers are counted again for whoever looks at them.
FRESH = timedelta(minutes=1)
#: For so long the periodic round keeps numbers fresh at which somebody looked.
SEEN = timedelta(hours=1)
#: A count that has not ended by then is lost.
LOST = timedelta(minutes=15)
#: More orders than this are not counted while a page is made.
MANY = 5_000


def shown(event: Event, many: int = MANY) -> Numbers:
    """The numbers of an event."""
    found = shown_of([event.pk], many)[event.pk]
    found.oldest = oldest_waiting([event.pk])
    return found


def shown_of(events: Iterable[int], many: int = MANY) -> dict[int, Numbers]:
    """The numbers of several events, of each of them."""
    events = list(events)
    large = _large(events, many)
    small = [event for event in events if event not in large]
    exact = numbers_of(small) if small else {}
    return {event: exact.get(event, Numbers()) for event in small} | (_stored(sorted(large)) if large else {})


def shown_total(connection: Connection, many: int = MANY) -> Numbers:
    """The sum of the numbers of all events of a connection."""
    events = EventConnection.objects.filter(connection=connection).values("event")
    if not _are_many(Order.objects.filter(event_id__in=events), many):
        return _total(connection)
    row = CountedOrders.objects.filter(connection=connection).first()
    if _is_due(row, ""):
        _call([CountedOrders(connection=connection)], Q(connection=connection))
    return _numbers(row, "")


def move(event: Event, orders: int, old: tuple[str, str], new: tuple[str, str]) -> None:
    """Move so many orders from one of the stored numbers to another, since a user just decided about them."""
    with transaction.atomic():
        row = CountedOrders.objects.select_for_update().filter(event=event).exclude(counted_at=None).first()
        if row is None:
            return
        counts = Counter(_counts(row))
        moved = min(orders, counts[old])
        counts.update({new: moved, old: -moved})
        row.counts, row.changed_at = _stored_counts(counts), now()
        row.save(update_fields=["counts", "changed_at"])


def count(pks: Sequence[int]) -> None:
    """Count, and store the numbers; what was moved meanwhile is newer than they are."""
    start = now()
    rows = list(CountedOrders.objects.filter(pk__in=pks).select_related("connection"))
    events = [row.event_id for row in rows if row.event_id]
    bases, found = _bases(events), numbers_of(events)
    for row in rows:
        numbers = _total(row.connection) if row.connection else found.get(row.event_id, Numbers())
        unmoved = CountedOrders.objects.filter(Q(changed_at=None) | Q(changed_at__lt=start), pk=row.pk)
        unmoved.update(
            counts=_stored_counts(numbers.counts),
            details={key: _stored_detail(detail) for key, detail in numbers.details.items()},
            basis=bases.get(row.event_id, ""),
            counted_at=start,
        )
    CountedOrders.objects.filter(pk__in=pks).update(asked_at=None)


def keep_fresh() -> None:
    """Have the numbers counted again at which somebody looked within the hour; part of the periodic round."""
    old = Q(counted_at=None) | Q(counted_at__lt=now() - FRESH)
    seen = CountedOrders.objects.filter(old, _unasked(), seen_at__gt=now() - SEEN)
    if pks := sorted(seen.values_list("pk", flat=True)):
        seen.filter(pk__in=pks).update(asked_at=now())
        call_to_count(pks)


def _large(events: list[int], many: int) -> set[int]:
    """The events whose orders are not counted while a page is made: those of the others are not many together."""
    if not _are_many(Order.objects.filter(event_id__in=events), many):
        return set()
    more = Order.objects.filter(event=OuterRef("pk")).order_by()[many // len(events) :]
    return set(Event.objects.filter(Exists(more), pk__in=events).order_by().values_list("pk", flat=True))


def _are_many(orders: QuerySet[Order], many: int) -> bool:
    return orders.order_by()[: many + 1].count() > many


def _stored(events: list[int]) -> dict[int, Numbers]:
    rows = {row.event_id: row for row in CountedOrders.objects.filter(event__in=events)}
    bases = _bases(events)
    if due := [event for event in events if _is_due(rows.get(event), bases.get(event, ""))]:
        _call([CountedOrders(event_id=event) for event in due], Q(event__in=due))
    return {event: _numbers(rows.get(event), bases.get(event, "")) for event in events}


def _bases(events: Iterable[int]) -> dict[int, str]:
    """What decides about all orders of an event at once; numbers that were counted on another basis say nothing."""
    is_mapped = Exists(mapped().filter(event=OuterRef("event")))
    joined = EventConnection.objects.filter(event__in=events).values_list("event", "joined_at", "send_test_orders")
    return {
        event: f"{at.isoformat()} {tests:d} {maps:d}" for event, at, tests, maps in joined.annotate(is_mapped=is_mapped)
    }


def _is_due(row: CountedOrders | None, basis: str) -> bool:
    return row is None or row.counted_at is None or row.basis != basis or row.counted_at < now() - FRESH


def _call(rows: list[CountedOrders], which: Q) -> None:
    """Have these rows counted, unless that is under way; without workers the periodic round does it."""
    CountedOrders.objects.bulk_create(rows, ignore_conflicts=True)
    moment = now()
    CountedOrders.objects.filter(which).update(seen_at=moment)
    unasked = CountedOrders.objects.filter(which, _unasked())
    if settings.HAS_CELERY and (pks := sorted(unasked.values_list("pk", flat=True))):
        unasked.filter(pk__in=pks).update(asked_at=moment)
        transaction.on_commit(lambda: call_to_count(pks), robust=True)


def _unasked() -> Q:
    return Q(asked_at=None) | Q(asked_at__lt=now() - LOST)


def _total(connection: Connection) -> Numbers:
    events = EventConnection.objects.filter(connection=connection).values_list("event", flat=True)
    counts: Counter[tuple[str, str]] = Counter()
    for found in numbers_of(events).values():
        counts.update(found.counts)
    return Numbers(dict(counts))


def _numbers(row: CountedOrders | None, basis: str) -> Numbers:
    if row is None or row.counted_at is None or row.basis != basis:
        return Numbers(is_known=False)
    details = {key: _detail(*stored) for key, stored in row.details.items()}
    return Numbers(_counts(row), details, counted_at=row.counted_at)


def _counts(row: CountedOrders) -> dict[tuple[str, str], int]:
    return {(state, reason): orders for state, reason, orders in row.counts}


def _stored_counts(counts: Mapping[tuple[str, str], int]) -> list[list[str | int]]:
    return [[*name, orders] for name, orders in sorted(counts.items()) if orders]


def _detail(since: str | None, sample: int | None, next_try: str | None) -> Detail:
    return Detail(_moment(since), sample, _moment(next_try))


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _stored_detail(detail: Detail) -> list[str | int | None]:
    since, next_try = detail.since, detail.next_try
    return [since.isoformat() if since else None, detail.sample, next_try.isoformat() if next_try else None]
