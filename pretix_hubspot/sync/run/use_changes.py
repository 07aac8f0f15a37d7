"""Store uses: a subject gives up what it has no use for any more."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from pretix_hubspot.mappings.spec import DETACH
from pretix_hubspot.models import RecordUse
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Contribution, Plan, SubjectPlan, WantedRecord, row_facts
from pretix_hubspot.sync.send.association import Association, Place
from pretix_hubspot.values.fingerprint import fingerprint

from . import removals
from .forgetting import forget_unused
from .judge import Verdict
from .memory import Memory
from .uses import Uses

_KEY = ("subject_pk", "subject_kind", "mapping_id", "part", "record")
_NOT_MARKED = f"{{old}}.\"state\" <> '{RecordUse.State.REMOVE.value}'"
_UPDATED = ("state", "record_number", "associated", "revision", "contributed", "label")


def store(verdicts: Iterable[Verdict], plan: Plan, memory: Memory, before: Uses, events: Mapping[Subject, int]) -> None:
    """Store which records the judged subjects use now; a subject gives up what it has no use for any more."""
    rows: list[dict[str, Any]] = []
    gone: dict[int, int] = {}
    removed: set[int] = set()
    for verdict in verdicts:
        ended = {removal.stored for removal, _ in verdict.ended}
        removed |= {removal.record for removal in verdict.removed}
        old = {_key(use): use for use in before.get(verdict.subject, ())}
        new = _wanted(verdict, plan, memory, events[verdict.subject])
        rows += [row for key, row in new.items() if key not in old or _differs(old[key], row)]
        for key, use in old.items():
            if key in new:
                continue
            if use.pk in ended:
                gone[use.pk] = use.record_id
                continue
            if state := _remaining(use, verdict, plan.subjects[verdict.subject], {k[:4] for k in new}):
                rows += [{**_values(use), "state": state}] if use.state != state else []
            else:
                gone[use.pk] = use.record_id
    marked = {_key(use) for uses in before.values() for use in uses if use.state == RecordUse.State.REMOVE}
    _store(rows, marked)
    _delete(gone)
    if removed:
        removals.forget(removed)


def _store(rows: Iterable[dict[str, Any]], marked: Container[tuple[Any, ...]]) -> None:
    """Write rows; a use that was marked to be removed in the meantime stays so, those ``marked`` before do not."""
    for are_marked, only_if in ((False, _NOT_MARKED), (True, "")):
        part = [row for row in rows if (_sorting(row) in marked) == are_marked]
        store_rows(RecordUse, sorted(part, key=_sorting), unique=_KEY, update=_UPDATED, only_if=only_if)


def give_up(portal_id: int, orders: Iterable[int]) -> None:
    """Delete the uses of orders that no mapping sends any more."""
    kind = Subject.of_order(0).kind
    uses = RecordUse.objects.filter(subject_kind=kind, subject_pk__in=list(orders), record__portal_id=portal_id)
    _delete(dict(uses.values_list("pk", "record_id")))


def _delete(uses: Mapping[int, int]) -> None:
    """Delete uses, each with its record, and forget the records that nothing else uses."""
    if uses:
        RecordUse.objects.filter(pk__in=list(uses)).delete()
        forget_unused(set(uses.values()))


def _wanted(verdict: Verdict, plan: Plan, memory: Memory, event: int) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of the verdict's records, by key; each association belongs to the first use of its source."""
    made: dict[Place, list[Association]] = {}
    for association in sorted(verdict.associated):
        made.setdefault(association.source, []).append(association)
    revisions = {spec.id: spec.revision for spec in plan.subjects[verdict.subject].specs}
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for item in verdict.written:
        links = made.pop((item.ref[0], item.sent.record_id), ())
        record = plan.records[item.ref]
        contribution = record.contribution(verdict.subject, item.mapping, item.part)
        row = {
            "event_id": event,
            "subject_kind": verdict.subject.kind,
            "subject_pk": verdict.subject.pk,
            "mapping_id": item.mapping,
            "part": item.part or 0,
            "record_id": memory.pk(item.ref),
            "state": RecordUse.State.SENT.value,
            "record_number": item.sent.record_id,
            "associated": [[*link.target, link.label] for link in links],
            "revision": revisions[item.mapping],
            "contributed": _contributed(plan, record, contribution, item.sent.fingerprint),
            "label": contribution.label,
        }
        rows[_sorting(row)] = row
    return rows


def _contributed(plan: Plan, record: WantedRecord, contribution: Contribution, whole: str) -> str:
    """The keyed hash of the values; the one of the whole record if nothing else contributes to it."""
    if len(record.contributions) == 1:
        return whole
    return plan.keyed(fingerprint([row_facts(row) for row in contribution.rows]))


def _remaining(use: RecordUse, verdict: Verdict, planned: SubjectPlan, taken: set[tuple[Any, ...]]) -> str:
    """The state of a use without a record in this transfer; empty if the subject gives it up."""
    if use.pk in verdict.unremoved:
        return RecordUse.State.REMOVE
    if planned.only_removes:
        return use.state
    mapping, part = use.mapping_id, use.part or None
    spec = next((spec for spec in planned.specs if spec.id == mapping), None)
    if _key(use)[:4] in taken:  # another record has taken its place
        is_pending = bool(verdict.failures) and spec is not None and spec.options.replaced == DETACH
        return RecordUse.State.DETACH if is_pending else ""
    if verdict.failures or planned.shredded or (spec and (spec.source.key, part) in planned.canceled):
        return use.state
    undecided = {item.mapping for item in planned.withheld} | {s.id for s in planned.specs if s.unreadable}
    return use.state if mapping in undecided or verdict.lacking else ""


def _key(use: RecordUse) -> tuple[Any, ...]:
    return (use.subject_kind, use.subject_pk, use.mapping_id, use.part, use.record_id)


def _sorting(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["subject_kind"], row["subject_pk"], row["mapping_id"], row["part"], row["record_id"])


def _differs(use: RecordUse, row: Mapping[str, Any]) -> bool:
    return any(getattr(use, name) != row[name] for name in _UPDATED)


def _values(use: RecordUse) -> dict[str, Any]:
    return {
        field.attname: getattr(use, field.attname) for field in RecordUse._meta.concrete_fields if field.name != "id"
    }
