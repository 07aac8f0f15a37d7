"""Plan the records that HubSpot should hold, from snapshots and mappings; see ``plan``.

Pure: the same literals give the same plan, wherever and whenever.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from pretix_hubspot.failures.codes import Code, Exclusion
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.mappings import filters
from pretix_hubspot.mappings.counterparts import is_lost
from pretix_hubspot.mappings.new_records import of_record
from pretix_hubspot.mappings.spec import UPDATE, MappingSpec
from pretix_hubspot.sources.order_state import CANCELED
from pretix_hubspot.sources.snapshot import PartSnapshot, Snapshot
from pretix_hubspot.values import money
from pretix_hubspot.values.convert import convert, is_nothing
from pretix_hubspot.values.fingerprint import fingerprint
from pretix_hubspot.values.rows import IF_EMPTY, OVERWRITE, FieldRefused, MappingRow, Refusal, Row

from .plan import Contribution, Filtered, Plan, SubjectPlan, WantedRecord, Withheld, row_facts

#: Source fields of a person's name.
NAMES = ("attendee_name", "invoice_address_name", "customer_name", "buyer_name")

#: The fingerprint's entry for a mapping whose object type HubSpot did not describe.
UNREADABLE = "unreadable"

#: Refusals that are about one value; all others are about the mapping, or about the order as a whole.
OF_VALUES = frozenset(
    {Code.NO_OPTION, Code.OPTION_NOT_MAPPED, Code.SEVERAL_VALUES, Code.UNREADABLE, Code.INVALID_EMAIL}
    | {Code.NOT_A_NUMBER, Code.NOT_A_DATE, Code.NOT_A_BOOLEAN, Code.NOT_A_PHONE, Code.NOT_A_DURATION}
)
#: Refusals of values that HubSpot would accept and misread: no order fails for them, its page names them.
LEFT_OUT = frozenset({Code.CURRENCY_NOT_USED, Code.CURRENCY_FIXED, Code.DURATION_UNIT})

#: Those of them that depend on the portal's settings.
OF_OPTIONS = frozenset({Code.NO_OPTION, Code.OPTION_NOT_MAPPED})


def build_plan(
    portal_id: int,
    groups: Iterable[tuple[Sequence[MappingSpec], Sequence[Snapshot]]],
    sent_parts: frozenset[tuple[int, int]] = frozenset(),
    sent_before: frozenset[tuple[int, int]] = frozenset(),
) -> Plan:
    """Plan a slice: one group per event, since mappings belong to events.

    Each subject is planned by the mappings whose source is of its kind.
    ``sent_parts`` are canceled parts of orders, such as positions, each with a mapping that has sent it: unless the
    mapping's options say otherwise, these are updated; others are left out.
    ``sent_before`` are orders, each with a mapping, that were sent while they were paid, see ``filters``.
    """
    plan = Plan(portal_id)
    for specs, snapshots in groups:
        by_kind: dict[str, list[MappingSpec]] = {}
        for spec in specs:
            by_kind.setdefault(spec.source.subject.key, []).append(spec)
        for snapshot in snapshots:
            own_specs = tuple(by_kind.get(snapshot.subject.kind, ()))
            _plan_subject(plan, own_specs, snapshot, sent_parts, sent_before)
    return plan


def _plan_subject(
    plan: Plan,
    specs: tuple[MappingSpec, ...],
    snapshot: Snapshot,
    sent: frozenset[tuple[int, int]],
    before: frozenset[tuple[int, int]],
) -> None:
    planned = SubjectPlan(snapshot.subject, specs, canceled=snapshot.canceled)
    plan.subjects[snapshot.subject] = planned
    facts: list[object] = [plan.portal_id]
    plannable = [spec for spec in specs if not spec.unreadable]
    for spec in specs:
        facts.append([spec.id, spec.revision])
        if spec.unreadable:
            is_side = spec.left_out and bool(plannable)
            is_side = is_side or (spec.foreign and not spec.unreadable.retryable)
            facts.append(_not_planned(planned, spec, spec.unreadable, is_side=is_side))
            continue
        read = snapshot.read_for(spec.id)
        for part in _sources(spec, read, sent):
            if spec.removes and read.state(part) == CANCELED:
                planned.removed.add((spec.id, part.pk if part else None))
                continue
            left_out = filters.reason(spec.options.filters, read, part, (snapshot.pk, spec.id) in before)
            if left_out:
                planned.filtered.append(Filtered(spec.id, part.pk if part else None, left_out))
                facts.append([part.pk if part else None, left_out])
            else:
                facts.append(_plan_record(plan, planned, spec, read, part))
    planned.fingerprint = fingerprint(facts)


def _not_planned(planned: SubjectPlan, spec: MappingSpec, error: HubSpotError, is_side: bool) -> list[object]:
    """Plan a mapping whose object type is unknown: the order is sent without it, or fails for this one reason."""
    if is_side:
        planned.filtered.append(Filtered(spec.id, None, Exclusion.NO_ACCESS))
    else:
        planned.withheld.append(Withheld(spec.id, None, spec.object_type, error))
    return [None, Exclusion.NO_ACCESS if is_side else UNREADABLE]


def _sources(spec: MappingSpec, snapshot: Snapshot, sent: frozenset[tuple[int, int]]) -> Iterable[PartSnapshot | None]:
    """The objects that become a record each: the subject as a whole, or its parts of the source."""
    if not spec.source.of:
        return (None,)
    parts = snapshot.parts.get(spec.source.key, ())
    if spec.removes:
        return parts
    if spec.options.canceled == UPDATE:
        return (part for part in parts if not part.canceled or (part.pk, spec.id) in sent)
    return (part for part in parts if not part.canceled)


def _plan_record(
    plan: Plan, planned: SubjectPlan, spec: MappingSpec, snapshot: Snapshot, part: PartSnapshot | None
) -> list[object]:
    """Add one record (or the reason against it) to the plan; returns the facts that identify what would be sent."""
    where = (spec.id, part.pk if part else None)
    values = {**snapshot.values, **part.values} if part else snapshot.values
    identifier = _row(spec.identifier, values)
    if isinstance(identifier, Refusal) and spec.foreign and identifier.code not in OF_VALUES:
        return [*where, "no identifier in this portal"]
    if isinstance(identifier, Refusal):
        return _withhold(planned, spec, where, identifier)
    if not identifier.value:
        return [*where, "no identifier"]
    state = snapshot.state(part)
    rows, left_out, refusal = _rows(spec, values, state)
    if refusal:
        return _withhold(planned, spec, where, refusal)
    rows = [plan.with_shared_text(row) for row in rows]
    own_key = spec.source.is_identity(spec.identifier.field)
    if own_key:  # a changed key (the event was renamed) follows the record
        rows.append(Row(identifier.property, identifier.value, OVERWRITE))
    rows += _pipeline_rows(spec, state)
    key = _key(spec, snapshot, part, identifier)
    stands_for = (spec.source.link, part.pk if part else snapshot.pk) if own_key else None
    record = plan.records.setdefault(
        (spec.object_type, key),
        WantedRecord(spec.object_type, key, identifier.property, identifier.value, own_key, stands_for=stands_for),
    )
    record.sent_together = tuple(dict.fromkeys((*record.sent_together, *_together(spec))))
    defaults = of_record(spec.defaults, _title(spec, identifier, own_key, values, snapshot, part), state)
    canceled = bool(part and part.canceled)
    label = f"{snapshot.code}-{part.number}" if part else snapshot.code
    policy = spec.options.same_address
    record.contributions.append(
        Contribution(snapshot.subject, *where, tuple(rows), canceled, label, policy, tuple(left_out), defaults)
    )
    planned.records.setdefault(spec.id, []).append((where[1], record.ref))
    return [*where, key, identifier.value, [row_facts(row) for row in rows], canceled, list(spec.associations)] + [
        [refusal.code, refusal.params["property"]] for refusal in left_out
    ]


def _may_be_left_out(spec: MappingSpec, row: MappingRow, refusal: Refusal) -> bool:
    """Whether the record is sent without this property.

    The organizer chose so, HubSpot would misread the value, or a copied mapping lost a reference.
    """
    if refusal.code in LEFT_OUT or (refusal.code in OF_VALUES and spec.options.lenient):
        return True
    if is_lost(row.field) or (refusal.code == Code.OPTION_NOT_MAPPED and any(map(is_lost, row.value_map or ()))):
        return True
    return spec.foreign and refusal.code not in OF_VALUES - OF_OPTIONS


def _rows(
    spec: MappingSpec, values: Mapping[str, object], state: str
) -> tuple[list[Row], list[Refusal], Refusal | None]:
    """The mapping's rows with the properties left out of them, or the refusal for which the record is not sent."""
    if vanished := _vanished_stage(spec, state):
        return [], [], vanished
    rows, left_out = [], []
    for mapping_row in spec.rows:
        if _says_nothing(mapping_row, values):
            continue
        row = _row(mapping_row, values)
        if isinstance(row, Row):
            rows += [row, *_currency_rows(mapping_row, row)]
        elif _may_be_left_out(spec, mapping_row, row):
            left_out.append(row)
        else:
            return [], [], row
    return rows, left_out, None


def _title(
    spec: MappingSpec,
    identifier: Row,
    own_key: bool,
    values: Mapping[str, object],
    snapshot: Snapshot,
    part: PartSnapshot | None,
) -> str:
    """The default title of a new record: the name of the subject or its part, or the identifier."""
    if not own_key:
        return identifier.value or ""
    code = str(values.get(spec.source.subject.title) or snapshot.code)
    return f"{code}-{part.number}" if part else code


def _says_nothing(row: MappingRow, values: Mapping[str, object]) -> bool:
    """Whether a missing property does no harm, because the order has no value for it.

    A property that is read-only is a mistake in the mapping, which the first order shows, whatever its value.
    """
    gone = row.property is None and row.constant is None and row.source_type is not None
    return gone and is_nothing(values.get(row.field))


def _vanished_stage(spec: MappingSpec, state: str) -> Refusal | None:
    """The refusal of a stage that users deleted, or whose pipeline they deleted."""
    pipeline = spec.pipeline
    stage = pipeline and pipeline.stages.get(state)
    if not pipeline or not stage or pipeline.known is None or stage in pipeline.known:
        return None
    return Refusal("unknown_stage", {"property": pipeline.stage_property.name, "label": pipeline.stage_property.label})


def _withhold(planned: SubjectPlan, spec: MappingSpec, where: tuple[int, int | None], refusal: Refusal) -> list[object]:
    planned.withheld.append(Withheld(*where, spec.object_type, refusal))
    return [*where, refusal.code, sorted((k, str(v)) for k, v in refusal.params.items())]


def _row(row: MappingRow, values: Mapping[str, object]) -> Row | Refusal:
    """Convert one value; every refusal names its field and property."""
    if is_lost(row.field):
        return _refused(row, Code.UNKNOWN_FIELD)
    if row.property is None:
        return _refused(row, "unknown_property")
    if row.source_type is None:
        return _refused(row, "unknown_field")
    if not row.property.writable:
        return _refused(row, "read_only_property")
    value = values.get(row.field) if row.constant is None else row.constant
    if isinstance(value, FieldRefused):
        return _refused(row, value.reason)
    wire = convert(
        value, row.source_type, row.property, row.value_map, enum_opts=row.synonyms, conventions=row.conventions
    )
    if wire and not isinstance(wire, Refusal):
        wire = money.foreign(row.property, row.amount_in, row.conventions) or wire
    if isinstance(wire, Refusal):
        return _refused(row, wire.code, wire.params)
    return Row(row.property, wire, _mode(row, value, wire), row.field.startswith(NAMES))


def _mode(row: MappingRow, value: object, wire: str) -> str:
    """The mode of a row for its value; Overwrite with an empty value does not empty if the row says so.

    An option that the value map leaves empty is a value.
    """
    keeps = row.keeps and row.mode == OVERWRITE and not wire
    return IF_EMPTY if keeps and (not row.value_map or is_nothing(value)) else row.mode


def _currency_rows(mapping_row: MappingRow, row: Row) -> list[Row]:
    """The currency's rows: an amount is not sent without its currency where HubSpot has a property for it."""
    if mapping_row.currency is None or not row.value:
        return []
    currency = mapping_row.conventions.currency
    return [Row(mapping_row.currency, currency, OVERWRITE, follows=row.property.name)]


def _refused(row: MappingRow, code: str, params: Mapping[str, object] = MappingProxyType({})) -> Refusal:
    names: dict[str, object] = {
        "field": row.field,
        "property": row.external_field,
    }
    if row.property:
        names["label"] = row.property.label
    if row.constant is not None:
        names["constant"] = True
    return Refusal(code, {**names, **params})


def _pipeline_rows(spec: MappingSpec, state: str) -> list[Row]:
    """Pipeline and stage for the state of the subject or its part; a state without a stage leaves the stage alone."""
    pipeline = spec.pipeline
    stage = pipeline and pipeline.stages.get(state)
    if not pipeline or not stage:
        return []
    return [
        Row(pipeline.pipeline_property, pipeline.pipeline_id, OVERWRITE),
        Row(pipeline.stage_property, stage, OVERWRITE),
    ]


def _together(spec: MappingSpec) -> tuple[str, ...]:
    """The properties that must be sent together: HubSpot assumes the default pipeline for a stage alone (hubspot.md
    8).
    """
    if not spec.pipeline:
        return ()
    return (spec.pipeline.pipeline_property.name, spec.pipeline.stage_property.name)


def _key(spec: MappingSpec, snapshot: Snapshot, part: PartSnapshot | None, identifier: Row) -> str:
    name = identifier.property.name
    if spec.identifier.field in spec.source.identity:
        return f"{name}@{spec.source.link}:{part.pk if part else snapshot.pk}"
    return value_key(name, identifier.value or "")


def value_key(property_name: str, value: str) -> str:
    """The key of a record that is known by a value, such as an address: hashed, so that links hold no personal data.

    HubSpot matches e-mail addresses without regard to case (hubspot.md 5.5, B).
    """
    return f"{property_name}={hashlib.sha256(value.strip().lower().encode()).hexdigest()}"
