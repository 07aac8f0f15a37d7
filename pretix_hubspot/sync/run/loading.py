"""Load everything that the pure planner needs, in queries whose number is constant per event, and plan."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pretix.base.models import Event, LogEntry, Order

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.hash_key import hasher
from pretix_hubspot.mappings.resolve import mappings_of, specs_for, wanted_fields
from pretix_hubspot.mappings.spec import DETACH, MappingSpec
from pretix_hubspot.mappings.stored import StoredMapping
from pretix_hubspot.models import ObjectMapping, OrderState
from pretix_hubspot.sources import load
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sources.order_state import PAID
from pretix_hubspot.sources.snapshot import OrderSnapshot, Subject
from pretix_hubspot.sync.plan.plan import Plan
from pretix_hubspot.sync.plan.planner import build_plan

from . import uses

#: In place of a language: each order's own.
OF_ORDER = "order"
#: The prefix of core's log entries about data shredding in an event.
SHREDDER = "pretix.event.shredder."


def states_of(orders: Sequence[int]) -> dict[int, OrderState]:
    """The states of these orders; an order that was never planned has none."""
    return {state.order_id: state for state in OrderState.objects.filter(order_id__in=orders)}


def plan(portal_id: int, catalog: Catalog, orders: Iterable[tuple[EventContext, Sequence[int]]]) -> Plan:
    """Plan these orders, by event, as they are now. Raises ``HubSpotError``, see ``specs_for``."""
    groups: list[tuple[Sequence[MappingSpec], Sequence[OrderSnapshot]]] = []
    sent_parts: set[tuple[int, int]] = set()
    sent_before: set[tuple[int, int]] = set()
    shredded: set[int] = set()
    for context, pks in orders:
        for specs, loaded in _groups(context, pks, catalog):
            groups.append((specs, loaded))
            sent_parts |= _sent_parts(portal_id, loaded)
            sent_before |= _sent_while_paid(portal_id, specs, loaded)
            shredded |= _shredded(context.event, specs, loaded)
    result = build_plan(portal_id, groups, frozenset(sent_parts), frozenset(sent_before))
    result.keyed = hasher(catalog.connection)
    for pk in shredded:
        result.subjects[Subject.of_order(pk)].shredded = True
    return result


def _groups(
    context: EventContext, pks: Sequence[int], catalog: Catalog
) -> Iterator[tuple[Sequence[MappingSpec], Sequence[OrderSnapshot]]]:
    """The event's orders with the mappings, in the languages of the mappings: one group unless orders decide."""
    event = context.event
    mappings = mappings_of(event)
    for locale, of_locale in _by_locale(event, pks, mappings).items():
        languages: dict[str, list[ObjectMapping]] = {}
        for mapping in mappings:
            language = StoredMapping.of(mapping).options.language or event.settings.locale
            languages.setdefault(locale if language == OF_ORDER else language, []).append(mapping)
        read = [_read(context, of_locale, of, name, catalog) for name, of in (languages or {locale: []}).items()]
        specs = {spec.id: spec for some, _ in read for spec in some}
        yield [specs[mapping.pk] for mapping in mappings], list(_joined(read))


def _by_locale(event: Event, pks: Sequence[int], mappings: Sequence[ObjectMapping]) -> dict[str, list[int]]:
    """The orders by their language if a mapping uses it, otherwise all together."""
    default = event.settings.locale
    if not any(StoredMapping.of(mapping).options.language == OF_ORDER for mapping in mappings):
        return {default: list(pks)}
    by_locale: dict[str, list[int]] = {}
    for pk, locale in Order.objects.filter(pk__in=pks).order_by("pk").values_list("pk", "locale"):
        by_locale.setdefault(locale or default, []).append(pk)
    return by_locale


def _read(
    context: EventContext, pks: Sequence[int], mappings: Sequence[ObjectMapping], name: str, catalog: Catalog
) -> tuple[tuple[MappingSpec, ...], list[OrderSnapshot]]:
    fields = context.fields(name, _source_keys(mappings))
    specs = specs_for(mappings, catalog, fields)
    return specs, load.load(context.event, pks, wanted_fields(specs, fields), fields, name)


def _source_keys(mappings: Sequence[ObjectMapping]) -> set[str]:
    return {key for mapping in mappings for key in StoredMapping.of(mapping).fields}


def _joined(read: Sequence[tuple[Sequence[MappingSpec], Sequence[OrderSnapshot]]]) -> Iterator[OrderSnapshot]:
    """Each order once, with its other languages for the mappings that use them."""
    (_, first), *others = read
    by_pk = [(specs, {order.pk: order for order in orders}) for specs, orders in others]
    for order in first:
        translated = {spec.id: orders[order.pk] for specs, orders in by_pk for spec in specs if order.pk in orders}
        yield replace(order, translated=translated) if translated else order


def _sent_parts(portal_id: int, orders: Sequence[OrderSnapshot]) -> set[tuple[int, int]]:
    """Canceled parts of orders that HubSpot knows, each with the mapping that sent it."""
    canceled = [order.pk for order in orders if order.canceled]
    if not canceled:
        return set()
    return set(uses.sent(portal_id, canceled).exclude(part=0).values_list("part", "mapping_id"))


def _shredded(event: Event, specs: Sequence[MappingSpec], orders: Sequence[OrderSnapshot]) -> set[int]:
    """The orders of an event whose personal data is or was shredded: a missing value then replaces no record.

    Only read if a mapping detaches. The shredder takes its time, so that orders may be planned in the middle of it.
    """
    if not any(spec.options.replaced == DETACH for spec in specs):
        return set()
    entries = LogEntry.objects.filter(event=event, action_type__startswith=SHREDDER)
    return {order.pk for order in orders} if entries.exists() else set()


def _sent_while_paid(
    portal_id: int, specs: Sequence[MappingSpec], orders: Sequence[OrderSnapshot]
) -> set[tuple[int, int]]:
    """Orders with unpaid parts, with the mappings for paid orders that have sent them."""
    picky = [spec.id for spec in specs if spec.options.filters.paid]
    unpaid = [order.pk for order in orders if order.canceled or order.state() != PAID]
    if not picky or not unpaid:
        return set()
    return set(uses.sent(portal_id, unpaid).filter(mapping_id__in=picky).values_list("subject_pk", "mapping_id"))
