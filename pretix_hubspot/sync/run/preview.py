"""The preview of one order: the engine's own plan and sender, with a client that does not write."""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Event, Order

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.models import EventConnection, OrderState, RecordUse
from pretix_hubspot.server.patience import PERSON
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey, SubjectPlan, WantedRecord
from pretix_hubspot.sync.queue import scope
from pretix_hubspot.sync.send.association import Association, Place
from pretix_hubspot.sync.send.batches import BatchCaller
from pretix_hubspot.sync.send.detaching import wants_detaching
from pretix_hubspot.sync.send.dry_run import DryRun
from pretix_hubspot.sync.send.outcome import Execution, RecordAction, Removal, SentRecord
from pretix_hubspot.sync.send.sender import Sender
from pretix_hubspot.values.kinds import PropertyKind, kind_of
from pretix_hubspot.values.rows import APPEND, IF_EMPTY, IF_NEW, Refusal, Row

from . import loading, removals, uses
from .glance import Glance
from .judge import judge

#: The reason of a mapping that makes no record of this order, beside the filters' reasons.
NO_IDENTIFIER = "no_identifier_value"


class PreviewAction(TextChoices):
    """What would be done with a record."""

    CREATED = RecordAction.CREATED, _("will be created")
    UPDATED = RecordAction.UPDATED, _("will be updated")
    NOTHING_TO_DO = RecordAction.NOTHING_TO_DO, _("unchanged")
    REMOVED = RecordAction.REMOVED, _("will be removed")
    #: The only fact about a record that no order of this event was sent to.
    FOUND = "found", _("exists already")
    FAILED = "failed", _("cannot be sent")


class PropertyState(TextChoices):
    """What would be done with a property, or why it would stay as it is."""

    CHANGED = "changed", _("will be changed")
    SAME = "same", _("unchanged")
    NOTHING = "nothing", _("unchanged: pretix has no value")
    FILLED = "filled", _("skipped: the field is filled already")
    EXISTS = "exists", _("skipped: the object exists already")
    LISTED = "listed", _("unchanged: the value is there already")
    KEPT = "kept", _("unchanged")
    FAILED = "failed", _("not sent")
    #: Hidden, since it would reveal HubSpot's value.
    HIDDEN = "hidden", _("depends on what HubSpot holds")


@dataclass(frozen=True)
class PropertyPreview:
    """One property of one record; ``after`` is what HubSpot would hold."""

    property: PropertyDefinition
    before: str
    after: str
    state: PropertyState


@dataclass
class RecordPreview:
    """One record; several mappings may write into it.

    HubSpot's values are shown only for records that orders of this event were sent to: a user who may see one event may
    not see the whole CRM, but can choose any address and any property. Other records are only shown to exist.
    """

    object_type: str
    mappings: list[int]
    action: PreviewAction
    record_id: str
    identifier: tuple[str, str]
    properties: list[PropertyPreview] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    left_out: list[Refusal] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        return self.action == PreviewAction.CREATED

    @property
    def where(self) -> Place:
        return (self.object_type, self.record_id)


@dataclass(frozen=True)
class FormerRecord:
    """A record that stood for the order before; ``name`` is its identifier, empty if it is gone."""

    object_type: str
    record_id: str
    name: str


@dataclass(frozen=True)
class AssociationPreview:
    """One association of two records: whether pretix made it ``before``, and keeps it ``after``."""

    one: RecordPreview | FormerRecord
    other: RecordPreview | FormerRecord
    before: bool
    after: bool


@dataclass
class Preview:
    """The preview. ``excluded`` is why the order is not sent by itself; ``failures`` are records that cannot be sent
    at all.

    ``filtered`` are mappings that leave the order or a part of it out, with the reason.
    """

    excluded: str = ""
    records: list[RecordPreview] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    filtered: list[tuple[int, str]] = field(default_factory=list)
    associations: list[AssociationPreview] = field(default_factory=list)


def preview(event_connection: EventConnection, order: Order, client: Client) -> Preview:
    """Preview an order, for a user who waits. Raises ``HubSpotError`` or ``PortalUnavailable`` if HubSpot cannot be
    asked.
    """
    connection = event_connection.connection
    catalog = Catalog(connection, client)
    plan = loading.plan(connection.portal_id, catalog, [(EventContext(event_connection.event), [order.pk])])
    state = OrderState.objects.filter(order=order).first()
    dry_run = DryRun(client)
    caller = BatchCaller(probe=client.account, patience=PERSON)
    subject = Subject.of_order(order.pk)
    memory = Glance(plan, {subject})
    planned = plan.subjects[subject]
    used = uses.of_subjects(plan.portal_id, [subject]).get(subject, [])
    done = uses.associations(used)
    earlier = {subject: uses.places(used)} if done and wants_detaching(planned) else {}
    # As for *Sync now*: everything is read, even if nothing changed.
    sender = Sender(dry_run, caller, frozenset({subject}), catalog.together(plan.object_types()), memory)
    known = memory.known()
    leaving, _shared = removals.alone(removals.planned(plan, {subject: used}), map(memory.pk, plan.records))
    execution = sender.send(plan, known, {subject: done}, earlier, leaving)
    result = Preview(scope.excluded(order, event_connection, state, False) or _nothing_mapped(planned))
    result.filtered = [(item.mapping, item.reason) for item in planned.filtered] + _without_identifier(planned)
    places = {
        (ref[0], sent.record_id) for ref, sent in execution.records[subject].items() if isinstance(sent, SentRecord)
    }
    linked = _linked_with(event_connection.event, plan.portal_id, places)
    by_ref = _records(result, plan, planned, execution, dry_run, linked)
    result.records += _removed(execution.removals.get(subject, {}))
    result.associations = [*_associations(planned, execution, by_ref, done), *_detached(result, plan, dry_run)]
    return result


def _linked_with(event: Event, portal_id: int, records: Collection[Place]) -> set[Place]:
    """The records among these that orders of the event were sent to, in this portal."""
    ids = {record_id for _, record_id in records}
    if not ids:
        return set()
    types = {object_type for object_type, _ in records}
    known = {"record__portal_id": portal_id, "record__object_type__in": types, "record__record_id__in": ids}
    rows = RecordUse.objects.filter(event=event, state=RecordUse.State.SENT, **known).exclude(record__record_id="")
    return set(rows.values_list("record__object_type", "record__record_id").distinct())


def _nothing_mapped(planned: SubjectPlan) -> str:
    excluded = planned.excluded
    return excluded if excluded == Exclusion.NO_MAPPINGS else ""  # the filters' exclusions are shown by mapping


def _without_identifier(planned: SubjectPlan) -> list[tuple[int, str]]:
    """Mappings without a record because the identifier is empty, such as the company of a private buyer."""
    explained = {
        *(mapping for mapping, _ in planned.removed),
        *planned.records,
        *(i.mapping for i in planned.withheld),
        *(i.mapping for i in planned.filtered),
    }
    return [(spec.id, NO_IDENTIFIER) for spec in planned.specs if spec.id not in explained]


def _records(
    result: Preview,
    plan: Plan,
    planned: SubjectPlan,
    execution: Execution,
    dry_run: DryRun,
    linked: Container[Place],
) -> dict[RecordKey, RecordPreview]:
    """One preview for all wanted records that are the same record in HubSpot."""
    verdict = judge(plan, execution)[0]
    failures = (*verdict.failures, *verdict.lacking)
    by_ref: dict[RecordKey, RecordPreview] = {}
    units: dict[object, RecordPreview] = {}
    for ref, outcome in execution.records[planned.subject].items():
        wanted = plan.records[ref]
        record_id = outcome.record_id if isinstance(outcome, SentRecord) else ""
        place = (ref[0], record_id) if record_id else ref
        if place not in units:
            units[place] = _record(ref[0], wanted, outcome, linked)
            result.records.append(units[place])
        item = by_ref[ref] = units[place]
        uses = [(pk, part) for pk, pairs in planned.records.items() for part, r in pairs if r == ref]
        item.mappings += [pk for pk in dict.fromkeys(pk for pk, _ in uses) if pk not in item.mappings]
        item.left_out += [refusal for use in uses for refusal in wanted.left_out(planned.subject, *use)]
        _add_properties(item, wanted, dry_run, record_id)
    for failure in failures:
        failed = (record for record in result.records if record.action == PreviewAction.FAILED)
        owner = next((record for record in failed if failure.mapping in record.mappings), None)
        (owner or result).failures.append(failure)
    return by_ref


def _removed(removals: Mapping[Removal, object]) -> Iterator[RecordPreview]:
    """The records that would be removed from HubSpot."""
    for removal, outcome in removals.items():
        if isinstance(outcome, SentRecord) and outcome.action == RecordAction.REMOVED:
            (mapping, _part), (object_type, record_id) = removal.use, removal.place
            yield RecordPreview(
                object_type, [mapping], PreviewAction.REMOVED, record_id, identifier=("", removal.label)
            )


def _record(object_type: str, wanted: WantedRecord, outcome: object, linked: Container[Place]) -> RecordPreview:
    action = PreviewAction(outcome.action) if isinstance(outcome, SentRecord) else PreviewAction.FAILED
    record_id = outcome.record_id if isinstance(outcome, SentRecord) and action != PreviewAction.CREATED else ""
    if record_id and (object_type, record_id) not in linked:
        action = PreviewAction.FOUND
    return RecordPreview(object_type, [], action, record_id, (wanted.id_property.label, wanted.id_value))


def _add_properties(item: RecordPreview, wanted: WantedRecord, dry_run: DryRun, record_id: str) -> None:
    record = dry_run.before.get((item.object_type, record_id))
    before = record.properties if record else {}
    written = dry_run.written.get((item.object_type, record_id), {})
    shown = {shown.property.name for shown in item.properties}
    by_property: dict[str, list[Row]] = {}
    for row in wanted.rows():
        by_property.setdefault(row.property.name, []).append(row)
    if item.is_new and wanted.id_property.name not in by_property:
        by_property[wanted.id_property.name] = [Row(wanted.id_property, wanted.id_value, "")]
    if item.is_new:
        for part in wanted.defaults:
            for row in part.rows:
                if row.property.name in written and not any(r.value for r in by_property.get(row.property.name, ())):
                    by_property[row.property.name] = [row]
    for name, rows in by_property.items():
        if name not in shown:
            item.properties.append(_property(rows, before.get(name) or "", written.get(name), item))


def _property(rows: list[Row], before: str, written: str | None, item: RecordPreview) -> PropertyPreview:
    definition = rows[0].property
    wanted = next((row.value for row in reversed(rows) if row.value), "") or ""
    if item.action == PreviewAction.FAILED:
        return PropertyPreview(definition, before, wanted, PropertyState.FAILED)
    if item.action == PreviewAction.FOUND:
        return PropertyPreview(definition, "", wanted, PropertyState.HIDDEN)
    if written is None:
        return PropertyPreview(definition, before, before, _why_kept(rows, before))
    return PropertyPreview(definition, before, _after(definition, before, written), PropertyState.CHANGED)


def _after(definition: PropertyDefinition, before: str, written: str) -> str:
    """The new value; a leading semicolon adds to the list that HubSpot holds (hubspot.md 6.2)."""
    adds = kind_of(definition) == PropertyKind.MULTIPLE_CHOICE and written.startswith(";")
    return before + written if adds else written


def _why_kept(rows: list[Row], before: str) -> PropertyState:
    filled = [row for row in rows if row.value]
    if not filled:
        return PropertyState.NOTHING
    modes = {row.mode for row in filled}
    if before in [row.value for row in filled]:
        return PropertyState.SAME
    if modes == {IF_NEW}:
        return PropertyState.EXISTS
    if modes <= {IF_EMPTY, IF_NEW}:
        return PropertyState.FILLED
    return PropertyState.LISTED if modes == {APPEND} else PropertyState.KEPT


def _associations(
    planned: SubjectPlan, execution: Execution, by_ref: Mapping[RecordKey, RecordPreview], done: set[Association]
) -> Iterator[AssociationPreview]:
    """The pairs that would be associated."""
    outcomes = execution.records[planned.subject]
    yielded = set()
    for source, target, label in planned.associations():
        one, other = outcomes[source], outcomes[target]
        if by_ref[source] is by_ref[target] or (id(by_ref[source]), id(by_ref[target])) in yielded:
            continue
        yielded.add((id(by_ref[source]), id(by_ref[target])))
        if isinstance(one, SentRecord) and isinstance(other, SentRecord):
            link = Association.between((source[0], one.record_id), (target[0], other.record_id), label)
            yield AssociationPreview(by_ref[source], by_ref[target], link in done, True)


def _detached(result: Preview, plan: Plan, dry_run: DryRun) -> Iterator[AssociationPreview]:
    """The associations that would be removed, since one of their records no longer stands for the order."""
    shown = {record.where: record for record in result.records}
    gone = {where for pair in dry_run.detached for where in pair if where not in shown}
    former = {where: FormerRecord(*where, _name(where, plan, dry_run)) for where in gone}
    for one, other in dry_run.detached:
        yield AssociationPreview(shown.get(one) or former[one], shown.get(other) or former[other], True, False)


def _name(where: Place, plan: Plan, dry_run: DryRun) -> str:
    """The identifier of a record that is not in the plan, by the property that identifies its object type."""
    object_type, record_id = where
    names = {record.id_property.name for record in plan.records.values() if record.object_type == object_type}
    records = dry_run.batch_read(object_type, [record_id], sorted(names)).records
    return next((value for record in records for name in sorted(names) if (value := record.properties.get(name))), "")
