"""Snapshots and mappings -> the records that HubSpot should hold.

Pure: the same literals give the same plan, wherever and whenever.
People who occur several times in a slice become one record with several contributions, so that no request carries the
same record twice and no two requests race for one address.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pretix_hubspot.hubspot.types import AssociationType, PropertyDefinition

from . import filters, sharing
from .sharing import Person
from .types import (
    BY_MODES,
    OVERWRITE,
    POSITION,
    UPDATE,
    FieldRefused,
    MappingRow,
    MappingSpec,
    OrderSnapshot,
    PositionSnapshot,
    Refusal,
    Row,
)
from .values import convert

#: Source fields that name one order or one position for ever: their records are found by our primary key,
#: so that a renamed organizer, event or address never makes a second record.
ORDER_IDENTITY = frozenset({"order_key", "order_code", "event_order_code"})
POSITION_IDENTITY = frozenset({"position_key", "ticket_id", "position_id"})

#: Source fields that say what a person is called.
NAMES = ("attendee_name", "invoice_address_name", "customer_name")

#: Refusals that are about one value; all others are about the mapping, or about the order as a whole.
OF_VALUES = frozenset(
    {"no_option", "option_not_mapped", "several_values", "unreadable", "invalid_email"}
    | {"not_a_number", "not_a_date", "not_a_boolean", "not_a_phone"}
)

RecordKey = tuple[str, str]  # (object type, our key)


@dataclass(frozen=True)
class Contribution:
    """What one order (or one of its positions) wants to write into a record."""

    order: int
    mapping: int
    position: int | None
    rows: tuple[Row, ...]
    canceled: bool = False
    label: str = ""
    policy: str = BY_MODES
    left_out: tuple[Refusal, ...] = ()

    @property
    def person(self) -> Person:
        return Person(self.order, self.position, self.label)


@dataclass
class WantedRecord:
    """One record that should exist, with everything that wants to write into it, in order of evaluation.

    ``ours`` means that nobody but pretix can have created it: it is created without looking for it first.
    ``together`` lists properties that must be sent together if one of them is.
    ``previous`` is to whom it belonged after the last transfer, where that is known.
    """

    object_type: str
    key: str
    id_property: PropertyDefinition
    id_value: str
    ours: bool
    together: tuple[str, ...] = ()
    contributions: list[Contribution] = field(default_factory=list)
    previous: Person | None = None

    @property
    def ref(self) -> RecordKey:
        return (self.object_type, self.key)

    def rows(self) -> list[Row]:
        """All rows in order of evaluation; what a canceled position says counts only if nobody else says anything."""
        live = self._live()
        if self.ours or not live[0].policy:
            return [row for contribution in live for row in contribution.rows]
        return sharing.rows(live[0].policy, [(c.person, c.rows) for c in live], self.previous)

    def _live(self) -> list[Contribution]:
        return [c for c in self.contributions if not c.canceled] or self.contributions

    def owner(self) -> Person | None:
        """To whom the record belongs; nobody in particular if only one can ever write into it."""
        live = self._live()
        return None if self.ours else sharing.owner(live[0].policy, [c.person for c in live], self.previous)

    def left_out(self, order: int, mapping: int, position: int | None) -> tuple[Refusal, ...]:
        """The properties that could not take the value of this order or position."""
        where = (order, mapping, position)
        return next((c.left_out for c in self.contributions if (c.order, c.mapping, c.position) == where), ())

    def also_used_by(self, order: int) -> list[str]:
        """Other orders, and other positions under different names, that share the record with the order."""
        mine = {c.person: c.rows for c in self._live() if c.order == order}
        others = {c.label for c in self._live() if c.order != order}
        if self.previous and self.previous.order not in self.orders:
            others.add(self.previous.label)
        if len({tuple(row.value for row in rows if row.names) for rows in mine.values()} - {()}) > 1:
            others |= {person.label for person in mine}
        return sorted(others - {""})[: sharing.MAX_NAMED]

    @property
    def orders(self) -> frozenset[int]:
        return frozenset(c.order for c in self.contributions)

    def fingerprint(self, portal_id: int) -> str:
        """Changes whenever something else would be written."""
        return _digest([portal_id, self.id_property.name, self.id_value, [_row_facts(row) for row in self.rows()]])


@dataclass(frozen=True)
class Withheld:
    """A record of an order that is not sent, and why; ``field`` and ``property`` name the mapping row to blame."""

    mapping: int
    position: int | None
    object_type: str
    refusal: Refusal
    field: str = ""
    property: str = ""


@dataclass(frozen=True)
class Filtered:
    """A record that a mapping's filters leave out, and why."""

    mapping: int
    position: int | None
    reason: str


@dataclass
class OrderPlan:
    """What one order amounts to: its records by mapping, what is withheld or left out, and a fingerprint of it all."""

    order: int
    specs: tuple[MappingSpec, ...]
    records: dict[int, list[tuple[int | None, RecordKey]]] = field(default_factory=dict)
    withheld: list[Withheld] = field(default_factory=list)
    filtered: list[Filtered] = field(default_factory=list)
    canceled: frozenset[int] = frozenset()
    fingerprint: str = ""

    @property
    def excluded(self) -> str:
        """Why nothing of the order is sent, if the mappings' filters leave out all of it."""
        reasons = {item.reason for item in self.filtered}
        if self.records or self.withheld or not reasons:
            return ""
        return reasons.pop() if len(reasons) == 1 else filters.SEVERAL

    def associations(self) -> Iterator[tuple[RecordKey, RecordKey, AssociationType | None]]:
        """Pairs of records to link, from the later mapping to the earlier one, each with its label if there is one.

        A position's record is linked to the records of the same position, an order's record to all of them.
        """
        for spec in self.specs:
            for earlier in spec.associations:
                for position, record in self.records.get(spec.id, ()):
                    for other_position, other in self.records.get(earlier, ()):
                        same = position is None or other_position is None or position == other_position
                        if same and record != other:
                            yield record, other, spec.labels.get(earlier)


@dataclass
class Plan:
    """Everything that a slice of orders wants; ``records`` is in mapping order."""

    portal_id: int
    records: dict[RecordKey, WantedRecord] = field(default_factory=dict)
    orders: dict[int, OrderPlan] = field(default_factory=dict)

    def object_types(self) -> list[str]:
        """In the order in which they are written."""
        return list(dict.fromkeys(record.object_type for record in self.records.values()))

    def only(self, orders: Iterable[int]) -> "Plan":
        """The same plan for fewer orders, as if the others did not exist."""
        keep = set(orders)
        part = Plan(self.portal_id, orders={pk: order for pk, order in self.orders.items() if pk in keep})
        for ref, record in self.records.items():
            contributions = [c for c in record.contributions if c.order in keep]
            if contributions:
                part.records[ref] = WantedRecord(
                    record.object_type,
                    record.key,
                    record.id_property,
                    record.id_value,
                    record.ours,
                    record.together,
                    contributions,
                )
        return part


def make_plan(
    portal_id: int,
    groups: Iterable[tuple[Sequence[MappingSpec], Sequence[OrderSnapshot]]],
    sent_positions: frozenset[int] = frozenset(),
    sent_before: frozenset[tuple[int, int]] = frozenset(),
) -> Plan:
    """Plan a slice: one group per event, since mappings belong to events.

    ``sent_positions`` are canceled positions that HubSpot already knows: unless the mapping's options say otherwise,
    these are updated; others are left out.
    ``sent_before`` are orders, each with a mapping, that were sent while they were paid, see ``filters``.
    """
    plan = Plan(portal_id)
    for specs, orders in groups:
        for order in orders:
            _plan_order(plan, tuple(specs), order, sent_positions, sent_before)
    return plan


def _plan_order(
    plan: Plan,
    specs: tuple[MappingSpec, ...],
    order: OrderSnapshot,
    sent: frozenset[int],
    before: frozenset[tuple[int, int]],
) -> None:
    order_plan = OrderPlan(order.pk, specs, canceled=frozenset(p.pk for p in order.positions if p.canceled))
    plan.orders[order.pk] = order_plan
    facts: list[object] = [plan.portal_id]
    for spec in specs:
        facts.append([spec.id, spec.revision])
        read = order.read_for(spec.id)
        for position in _sources(spec, read, sent):
            left_out = filters.reason(spec.options.filters, read, position, (order.pk, spec.id) in before)
            if left_out:
                order_plan.filtered.append(Filtered(spec.id, position.pk if position else None, left_out))
                facts.append([position.pk if position else None, left_out])
            else:
                facts.append(_plan_record(plan, order_plan, spec, read, position))
    order_plan.fingerprint = _digest(facts)


def _sources(spec: MappingSpec, order: OrderSnapshot, sent: frozenset[int]) -> Iterable[PositionSnapshot | None]:
    if spec.source != POSITION:
        return (None,)
    if spec.options.canceled == UPDATE:
        return (position for position in order.positions if not position.canceled or position.pk in sent)
    return (position for position in order.positions if not position.canceled)


def _plan_record(
    plan: Plan, order_plan: OrderPlan, spec: MappingSpec, order: OrderSnapshot, position: PositionSnapshot | None
) -> list[object]:
    """Add one record (or why there is none) to the plan; returns the facts that identify what would be sent."""
    where = (spec.id, position.pk if position else None)
    values = {**order.values, **position.values} if position else order.values
    identifier = _row(spec.identifier, values)
    if isinstance(identifier, Refusal):
        return _withhold(order_plan, spec, where, identifier, spec.identifier)
    if not identifier.value:
        return [*where, "no identifier"]
    rows, left_out = [], []
    for mapping_row in spec.rows:
        row = _row(mapping_row, values)
        if isinstance(row, Row):
            rows.append(row)
        elif spec.options.lenient and row.code in OF_VALUES:
            left_out.append(row)
        else:
            return _withhold(order_plan, spec, where, row, mapping_row)
    ours = spec.identifier.field in ORDER_IDENTITY | POSITION_IDENTITY
    if ours:  # a changed key (the event was renamed) follows the record
        rows.append(Row(identifier.property, identifier.value, OVERWRITE))
    rows += _pipeline_rows(spec, order)
    key = _key(spec, order, position, identifier)
    record = plan.records.setdefault(
        (spec.object_type, key),
        WantedRecord(spec.object_type, key, identifier.property, identifier.value, ours, _together(spec)),
    )
    canceled = bool(position and position.canceled)
    label = f"{order.code}-{position.positionid}" if position else order.code
    policy = spec.options.same_address
    record.contributions.append(Contribution(order.pk, *where, tuple(rows), canceled, label, policy, tuple(left_out)))
    order_plan.records.setdefault(spec.id, []).append((where[1], record.ref))
    return [*where, key, identifier.value, [_row_facts(row) for row in rows], canceled, list(spec.associations)] + [
        [refusal.code, refusal.params["property"]] for refusal in left_out
    ]


def _withhold(
    order_plan: OrderPlan, spec: MappingSpec, where: tuple[int, int | None], refusal: Refusal, row: MappingRow
) -> list[object]:
    order_plan.withheld.append(Withheld(*where, spec.object_type, refusal, row.field, row.external_field))
    return [*where, refusal.code, sorted((k, str(v)) for k, v in refusal.params.items())]


def _row(row: MappingRow, values: Mapping[str, object]) -> Row | Refusal:
    """Convert one value; every refusal names its field and property."""
    names = {"field": row.field, "property": row.property.label if row.property else row.external_field}
    if row.property is None:
        return Refusal("unknown_property", names)
    if row.source_type is None:
        return Refusal("unknown_field", names)
    if not row.property.writable:
        return Refusal("read_only_property", names)
    value = values.get(row.field)
    if isinstance(value, FieldRefused):
        return Refusal(value.reason, names)
    wire = convert(value, row.source_type, row.property, row.value_map, enum_opts=row.synonyms)
    if isinstance(wire, Refusal):
        return Refusal(wire.code, {**names, **wire.params})
    return Row(row.property, wire, row.mode, row.field.startswith(NAMES))


def _pipeline_rows(spec: MappingSpec, order: OrderSnapshot) -> list[Row]:
    """Pipeline and stage for the order's status; a status without a stage leaves the stage alone."""
    pipeline = spec.pipeline
    stage = pipeline and pipeline.stages.get(order.status)
    if not pipeline or not stage:
        return []
    return [
        Row(pipeline.pipeline_property, pipeline.pipeline_id, OVERWRITE),
        Row(pipeline.stage_property, stage, OVERWRITE),
    ]


def _together(spec: MappingSpec) -> tuple[str, ...]:
    """HubSpot assumes the default pipeline for a stage that comes alone (hubspot.md 8)."""
    if not spec.pipeline:
        return ()
    return (spec.pipeline.pipeline_property.name, spec.pipeline.stage_property.name)


def _key(spec: MappingSpec, order: OrderSnapshot, position: PositionSnapshot | None, identifier: Row) -> str:
    name = identifier.property.name
    if spec.identifier.field in ORDER_IDENTITY and position is None:
        return f"{name}@order:{order.pk}"
    if spec.identifier.field in POSITION_IDENTITY and position is not None:
        return f"{name}@position:{position.pk}"
    return value_key(name, identifier.value or "")


def value_key(property_name: str, value: str) -> str:
    """The key of a record that is known by a value, such as an address: hashed, so that links hold no personal data.

    HubSpot matches e-mail addresses without regard to case (hubspot.md 5.5, B).
    """
    return f"{property_name}={hashlib.sha256(value.strip().lower().encode()).hexdigest()}"


def _row_facts(row: Row) -> list[str | None]:
    return [row.property.name, row.value, row.mode]


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
