"""Changes beside the orders, of the event, a date, a product, a customer or HubSpot's schema: queue the orders whose
plan reads what changed.

``readers`` takes log entries and answers orders, and does not care who collected the entries.
An order that turns out the same costs no request; what becomes of one that differs, its trigger says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from pretix.base.models import Event, Invoice, LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.mappings.reads import Facts, Reads, definitions_changed, portal_conventions, reads_of
from pretix_hubspot.mappings.resolve import mappings_of
from pretix_hubspot.mappings.revisions import PLANNER
from pretix_hubspot.models import PROVIDER, EventConnection, ObjectMapping, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.things import MODELS, OF_ALL_ORDERS, OF_ORDER, Thing, orders_with

from . import order_queue
from .outdated_orders import up_to_date
from .scope import NEVER, sendable
from .triggers import Trigger

#: Entries of a younger age are looked for again: a slow transaction may commit an older entry after a newer one.
LATE_COMMITS = timedelta(minutes=10)
#: An order that was planned within this time is not compared.
RECENTLY = timedelta(hours=12)
#: Our own entries about events, their mappings and connections.
OURS = "pretix_hubspot."
#: The number of log entries, of the whole server, by which a watermark may lag behind.
LAG = 1_000
DELETED = ".deleted"
START = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """The part of a log entry that matters."""

    pk: int
    model: type[Model]
    key: int
    action: str


@dataclass(frozen=True)
class Memory:
    """What is known of an event beside its orders.

    ``seen`` are entries above the watermark that were handled. ``facts`` are those of the event, ``mappings`` the
    mappings that read them with their revisions. ``invoice`` is the newest invoice, ``fetched`` the newest schema, and
    ``portal`` its settings.
    """

    watermark: int = 0
    seen: tuple[int, ...] = ()
    facts: Facts = field(default_factory=dict)
    mappings: tuple[tuple[int, int], ...] = ()
    invoice: int | None = None
    fetched: datetime = START
    portal: str = ""

    @classmethod
    def of(cls, event_connection: EventConnection) -> "Memory":
        """As it is stored at this moment; a connection that was not looked at yet begins with the orders' entries."""
        columns = ("things_watermark", "log_watermark", "things")
        watermark, begin, known = EventConnection.objects.values_list(*columns).get(pk=event_connection.pk)
        return cls(
            watermark or begin,
            tuple(known.get("seen", ())),
            known.get("facts", {}),
            tuple((pk, revision) for pk, revision in known.get("mappings", ())),
            known.get("invoice"),
            parse_datetime(known.get("fetched", "")) or START,
            known.get("portal", ""),
        )

    def store(self, event_connection: EventConnection) -> None:
        known: dict[str, Any] = {"seen": self.seen, "facts": self.facts, "mappings": self.mappings}
        known |= {"invoice": self.invoice, "fetched": self.fetched.isoformat(), "portal": self.portal}
        rows = EventConnection.objects.filter(pk=event_connection.pk)
        rows.update(things_watermark=self.watermark, things=known)


def queue_readers(event_connection: EventConnection) -> int:
    """Queue the orders that would be sent otherwise since something beside them changed. Returns how many.

    What is known is stored at the end: a round that is interrupted is repeated as a whole, and queues no order twice.
    """
    memory, mappings = Memory.of(event_connection), mappings_of(event_connection.event)
    entries = new_entries(event_connection.event, memory.watermark, memory.seen)
    after, count = _look_at_pretix(event_connection, mappings, entries, memory)
    after, offered = _look_at_portal(event_connection, mappings, after)
    after = replace(after, **_settled(after, entries))
    if after != memory:
        after.store(event_connection)
    return count + offered


def new_entries(event: Event, watermark: int, seen: Iterable[int]) -> list[Entry]:
    """The entries about things of the event or its organizer that were not handled yet, in one query."""
    models = {of.pk: model for model, of in ContentType.objects.get_for_models(*MODELS).items()}
    own = Q(event_id=event.pk) | Q(event_id=None, organizer_id=event.organizer_id)
    rows = LogEntry.objects.filter(own, pk__gt=watermark, content_type__in=models).order_by("pk")
    handled = set(seen)
    return [
        Entry(pk, models[content_type], key, action)
        for pk, content_type, key, action in rows.values_list("pk", "content_type", "object_id", "action_type")
        if pk not in handled and not action.startswith(OURS)
    ]


def readers(reads: Reads, entries: Sequence[Entry], event_changed: bool, of_order: bool = False) -> QuerySet[Order]:
    """The event's orders whose plan reads what these entries are about.

    ``event_changed`` says whether that is true of all of them; ``of_order`` chooses the things that belong to an
    order, a gift card, say, instead of those that orders share.
    """
    orders = Order.objects.filter(event=reads.event)
    if event_changed and not of_order:
        return orders
    things = sorted(reads.things & OF_ORDER if of_order else reads.things - OF_ORDER)
    by_model: dict[type[Model], set[int]] = {}
    for entry in entries:
        by_model.setdefault(entry.model, set()).add(entry.key)
    conditions = [orders_with(thing, model, sorted(keys)) for thing in things for model, keys in by_model.items()]
    found = [condition for condition in conditions if condition is not None]
    return orders.filter(_any_of(found)) if found else orders.none()


def compare(event_connection: EventConnection, first: int, last: int) -> int:
    """Queue orders with primary keys in this range that were not looked at lately. Returns how many.

    It finds what left no entry anywhere. Orders that are offered already are left alone: they would be sent unasked.
    """
    states = up_to_date(event_connection.event).filter(order_id__gte=first, order_id__lte=last)
    states = states.filter(sent_at__lt=now() - RECENTLY)
    rows = OrderSyncQueue.objects.filter(order=OuterRef("order"), sync_provider=PROVIDER)
    due = states.filter(~Exists(rows)).order_by("order_id").values_list("order_id", "planner")
    offers = event_connection.source_changes == EventConnection.SourceChanges.OFFER
    by_trigger: dict[Trigger, list[int]] = {}
    for order, planner in due:
        like_today = Trigger.OFFER_THING if offers else Trigger.COMPARED
        by_trigger.setdefault(like_today if planner >= PLANNER else Trigger.OFFER_UPGRADE, []).append(order)
    return sum(_queue(event_connection.event, orders, trigger) for trigger, orders in by_trigger.items())


def _look_at_pretix(
    event_connection: EventConnection, mappings: Sequence[ObjectMapping], entries: Sequence[Entry], memory: Memory
) -> tuple[Memory, int]:
    """Queue the orders whose plan reads what these entries are about, or a new invoice."""
    invoice, known = _newest_invoice(event_connection.event), tuple((m.pk, m.revision) for m in mappings)
    after, count = replace(memory, mappings=known, invoice=invoice), 0
    if not mappings or not (entries or invoice != memory.invoice or known != memory.mappings):
        return after, count
    if not OrderState.objects.filter(order__event=event_connection.event).exists():
        return memory, count  # no order was planned so far
    reads = reads_of(event_connection.event, mappings)
    if entries or known != memory.mappings:
        after = replace(after, facts=reads.facts())
        count += _queue_readers(event_connection, reads, entries, memory, after)
    if Thing.INVOICE in reads.things and invoice != memory.invoice:
        count += _queue_invoiced(event_connection.event, memory.invoice)
    return after, count


def _look_at_portal(
    event_connection: EventConnection, mappings: Sequence[ObjectMapping], memory: Memory
) -> tuple[Memory, int]:
    """Queue the orders that were planned before HubSpot was seen to define a property, or its settings, otherwise."""
    event, connection = event_connection.event, event_connection.connection
    fetched, changed = definitions_changed(connection, mappings, memory.fetched)
    portal = portal_conventions(event, connection)
    after = replace(memory, fetched=fetched, portal=portal)
    since = datetime.fromtimestamp(changed, UTC) if changed else None
    if memory.portal not in ("", portal):
        since = now()
    if since is None:
        return after, 0
    states = up_to_date(event).filter(sent_at__lt=since)
    return after, _queue(event, _pks(states, "order_id"), Trigger.OFFER_DEFINITION)


def _queue_readers(
    event_connection: EventConnection, reads: Reads, entries: Sequence[Entry], before: Memory, after: Memory
) -> int:
    changed = _concern_all(entries) and _has_changed(before.facts, after.facts, unknown=Thing.EVENT in reads.things)
    event = event_connection.event
    own = readers(reads, entries, changed, of_order=True) if reads.things & OF_ORDER else None
    count = _queue(event, _pks(own.filter(_once_sent(event))), Trigger.SWEEP) if own is not None else 0
    orders = readers(reads, entries, changed)
    if event_connection.source_changes == EventConnection.SourceChanges.OFFER:
        in_sync = up_to_date(event).filter(order__in=orders)
        return count + _queue(event, _pks(in_sync, "order_id"), Trigger.OFFER_THING)
    count += _queue(event, _pks(orders.filter(_once_sent(event))), Trigger.THING_CHANGED)
    _try_again(event, orders)
    return count


def _queue_invoiced(event: Event, invoice: int | None) -> int:
    """Queue orders with an invoice that came after the one that was the newest; none is known for the first time."""
    invoices = Invoice.objects.filter(event=event, pk__gt=invoice or 0)
    if invoice is None:
        invoices = invoices.filter(date__gte=now().date() - timedelta(days=1))
    orders = Order.objects.filter(_once_sent(event), pk__in=invoices.order_by().values("order"))
    return _queue(event, _pks(orders), Trigger.SWEEP)


def _concern_all(entries: Iterable[Entry]) -> bool:
    """Whether one of these entries may concern all orders; what was deleted, no order has any more."""
    return any(entry.model in OF_ALL_ORDERS or entry.action.endswith(DELETED) for entry in entries)


def _has_changed(before: Facts, after: Facts, unknown: bool) -> bool:
    """Whether a fact differs; facts that only one side has belong to other mappings."""
    if not before:
        return unknown
    return any(before[key] != after[key] for key in before.keys() & after.keys())


def _once_sent(event: Event) -> Q:
    """The condition for orders that a change can concern: HubSpot holds them, or a filter left them out."""
    known = Q(hubspot_state__sent_hash__gt="") | Q(hubspot_state__excluded_reason__startswith="filter_")
    return Q(known, pk__in=sendable(event.pk).order_by().values("pk"))


def _try_again(event: Event, orders: QuerySet[Order]) -> None:
    """Try the orders again that failed, perhaps for what was changed."""
    rows = OrderSyncQueue.objects.filter(event=event, sync_provider=PROVIDER, need_manual_retry__isnull=False)
    failing = rows.filter(order__in=orders).order_by("pk").values_list("order_id", flat=True)
    for part in chunks(list(failing), 1_000):
        order_queue.try_again(part)


def _queue(event: Event, orders: Iterable[int], trigger: Trigger) -> int:
    """Queue orders in parts, without holding more than one of them."""
    count = 0
    for part in chunks(orders, 1_000):
        order_queue.enqueue(event, part, trigger)
        count += len(part)
    return count


def _pks(rows: QuerySet[Any], column: str = "pk") -> Iterable[int]:
    return rows.order_by(column).values_list(column, flat=True).iterator()


def _any_of(conditions: Sequence[Q]) -> Q:
    joined = NEVER
    for condition in conditions:
        joined |= condition
    return joined


def _newest_invoice(event: Event) -> int:
    newest = Invoice.objects.filter(event=event).order_by("-pk").values_list("pk", flat=True)
    return newest.first() or 0


def _settled(memory: Memory, entries: Sequence[Entry]) -> Mapping[str, Any]:
    """The watermark, behind which no late commit is expected, and the handled entries above it.

    Without news it lags a little behind, so that nothing is written in most rounds.
    """
    newest = LogEntry.all.filter(datetime__lt=now() - LATE_COMMITS).order_by("-datetime", "-pk")
    watermark = max(memory.watermark, newest.values_list("pk", flat=True).first() or 0)
    if not entries and watermark < memory.watermark + LAG:
        return {}
    handled = sorted({*memory.seen, *(entry.pk for entry in entries)})
    return {"watermark": watermark, "seen": tuple(pk for pk in handled if pk > watermark)}
