"""News: which events something happened to since the last round, by a handful of statements for the whole server."""

from collections.abc import Iterable

from django.contrib.contenttypes.models import ContentType
from django.db.models import Max, Min, Model, QuerySet
from django.utils.timezone import now
from pretix.base.models import Invoice, LogEntry, Order

from pretix_hubspot.catalog.stored import CHANGED, PIPELINES, PROPERTIES
from pretix_hubspot.mappings.revisions import PLANNER
from pretix_hubspot.models import CatalogEntry, EventConnection, Round
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.things import MODELS, OF_ALL_ORDERS, Thing, orders_with
from pretix_hubspot.sync.queue.things import DELETED, LATE_COMMITS
from pretix_hubspot.sync.run.history import OWN_LOG_ENTRIES


def mark(state: Round) -> set[int]:
    """Mark the events that something happened to as due to be looked at, and let the watermarks follow.

    Returns the primary keys of these events' connections. Entries that are young enough to be overtaken by a late
    commit are news again in the next round.
    """
    found = _by_definitions(state) | _by_planner(state)
    if state.log_watermark is not None:  # the first round looks at all events anyway
        found |= _by_entries(state.log_watermark) | _by_invoices(state.invoice_watermark)
    for part in chunks(sorted(found), 1_000):
        EventConnection.objects.filter(pk__in=part).update(sweep_due=now())
    state.log_watermark = max(state.log_watermark or 0, _settled())
    state.invoice_watermark, state.newest_invoice = state.newest_invoice, _newest_invoice()
    state.planner = PLANNER
    state.save()
    return found


def _by_entries(watermark: int) -> set[int]:
    entries = LogEntry.objects.filter(pk__gt=watermark).exclude(action_type__startswith=OWN_LOG_ENTRIES).order_by()
    of_events = entries.filter(event__hubspot_connection__isnull=False)
    found = set(of_events.values_list("event__hubspot_connection", flat=True).distinct())
    return found | _by_entries_of_organizers(entries.filter(event=None))


def _by_entries_of_organizers(entries: QuerySet[LogEntry]) -> set[int]:
    """The events that entries of their organizer concern: all of them, or those with an order of a customer, say."""
    models = {of.pk: model for model, of in ContentType.objects.get_for_models(*MODELS).items()}
    joined = EventConnection.objects.order_by()
    rows = entries.filter(content_type__in=models, organizer__in=joined.values("event__organizer"))
    organizers: set[int] = set()
    keys: dict[type[Model], set[int]] = {}
    for kind, key, organizer, action in rows.values_list("content_type", "object_id", "organizer", "action_type"):
        if models[kind] in OF_ALL_ORDERS or action.endswith(DELETED):
            organizers.add(organizer)
        else:
            keys.setdefault(models[kind], set()).add(key)
    found = set(joined.filter(event__organizer__in=organizers).values_list("pk", flat=True))
    for model, some in keys.items():
        for part in chunks(sorted(some), 1_000):
            found |= _with_orders_of(model, part)
    return found


def _with_orders_of(model: type[Model], keys: Iterable[int]) -> set[int]:
    """The events with an order that has one of these objects, as whatever kind of thing."""
    conditions = [condition for thing in Thing if (condition := orders_with(thing, model, keys)) is not None]
    found: set[int] = set()
    for condition in conditions:
        orders = Order.objects.filter(condition, event__hubspot_connection__isnull=False).order_by()
        found |= set(orders.values_list("event__hubspot_connection", flat=True).distinct())
    return found


def _by_invoices(watermark: int) -> set[int]:
    """Of invoices that pretix makes by itself, no history tells."""
    invoices = Invoice.objects.filter(pk__gt=watermark, event__hubspot_connection__isnull=False).order_by()
    return set(invoices.values_list("event__hubspot_connection", flat=True).distinct())


def _by_definitions(state: Round) -> set[int]:
    """All events of portals that were seen to define a property or a pipeline otherwise."""
    since, state.catalog_looked = state.catalog_looked - LATE_COMMITS, now()
    fetched = CatalogEntry.objects.filter(kind__in=(PROPERTIES, PIPELINES), fetched_at__gte=since)
    connections = {
        connection
        for connection, definitions in fetched.values_list("connection", "data").iterator()
        if any(definition.get(CHANGED, 0) >= since.timestamp() for definition in definitions)
    }
    return set(EventConnection.objects.filter(connection__in=connections).values_list("pk", flat=True))


def _by_planner(state: Round) -> set[int]:
    """After an upgrade, all events whose orders were not looked through for it yet."""
    if state.planner >= PLANNER:
        return set()
    return set(EventConnection.objects.filter(planner__lt=PLANNER).values_list("pk", flat=True))


def _settled() -> int:
    """The newest entry before all that are young enough to be overtaken by a late commit."""
    young = LogEntry.all.filter(datetime__gte=now() - LATE_COMMITS).aggregate(first=Min("pk"))["first"]
    return young - 1 if young else LogEntry.all.aggregate(newest=Max("pk"))["newest"] or 0


def _newest_invoice() -> int:
    return Invoice.objects.aggregate(newest=Max("pk"))["newest"] or 0
