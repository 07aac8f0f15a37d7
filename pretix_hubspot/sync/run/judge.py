"""Judge the outcomes of a plan: one verdict per subject. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pretix_hubspot.failures.codes import GRAVITY, PERMANENT, Code
from pretix_hubspot.failures.failure import ACCESS_CODES, REQUIRED, Failure, classify, refused
from pretix_hubspot.failures.reach import MAIN_TYPES, is_lack_of_access
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey, SubjectPlan, WantedRecord, Withheld
from pretix_hubspot.sync.send.association import Association
from pretix_hubspot.sync.send.outcome import Execution, FailedRecord, Outcome, RecordAction, Removal, SentRecord
from pretix_hubspot.values.fingerprint import fingerprint
from pretix_hubspot.values.rows import Refusal


@dataclass(frozen=True)
class Written:
    """One record of a subject as it is in HubSpot now."""

    mapping: int
    part: int | None
    ref: RecordKey
    sent: SentRecord


@dataclass(frozen=True)
class Verdict:
    """The result of one subject; without failures it is in sync.

    ``ended`` are the records that were removed, or left to others, and ``unremoved`` the stored uses of those that
    could not be removed.
    ``lacking`` are the failures of object types that HubSpot does not let pretix use; the rest was sent.
    """

    subject: Subject
    fingerprint: str
    written: tuple[Written, ...] = ()
    failures: tuple[Failure, ...] = ()
    associated: tuple[Association, ...] = ()
    lacking: tuple[Failure, ...] = ()
    ended: tuple[tuple[Removal, SentRecord], ...] = ()
    unremoved: frozenset[int] = frozenset()

    @property
    def removed(self) -> list[Removal]:
        """The records that are gone."""
        return [removal for removal, outcome in self.ended if outcome.action == RecordAction.REMOVED]

    @property
    def mode(self) -> str | None:
        """The failure word, or None if the subject is in sync."""
        modes = {failure.mode for failure in self.failures}
        return max(modes, key=GRAVITY.index) if modes else None

    @property
    def changed(self) -> bool:
        return bool(self.removed) or any(item.sent.action != RecordAction.NOTHING_TO_DO for item in self.written)


def judge(plan: Plan, execution: Execution) -> list[Verdict]:
    """Judge every subject of the plan by every one of its records and associations."""
    return [_judge(planned, execution, plan.records) for planned in plan.subjects.values()]


def _judge(planned: SubjectPlan, execution: Execution, wanted: Mapping[RecordKey, WantedRecord]) -> Verdict:
    outcomes = execution.records.get(planned.subject, {})
    written, failures = [], list(map(_withheld, planned.withheld))
    for mapping, records in planned.records.items():
        for part, ref in records:
            outcome = outcomes[ref]
            if isinstance(outcome, SentRecord):
                written.append(Written(mapping, part, ref, outcome))
            else:
                record_failures = _failures(outcome, mapping, part, ref[0])
                failures += (
                    f for f in record_failures if is_to_blame(f, planned.subject, _same_record(ref, outcomes, wanted))
                )
    failures += _of_associations(planned, execution)
    removals = execution.removals.get(planned.subject, {})
    failures += _of_removals(removals)
    lacking = _lacking(failures, written)
    without = sorted({failure.object_type for failure in lacking})
    return Verdict(
        planned.subject,
        fingerprint([planned.fingerprint, without]) if lacking else planned.fingerprint,
        tuple(written),
        tuple(failure for failure in failures if failure not in lacking),
        tuple(sorted(execution.associated.get(planned.subject, ()))),
        lacking,
        tuple((removal, outcome) for removal, outcome in removals.items() if isinstance(outcome, SentRecord)),
        frozenset(removal.stored for removal, outcome in removals.items() if isinstance(outcome, FailedRecord)),
    )


def _same_record(
    ref: RecordKey, outcomes: Mapping[RecordKey, Outcome], wanted: Mapping[RecordKey, WantedRecord]
) -> list[WantedRecord]:
    """The records of the subject that failed as one: in HubSpot they are the same record, known by several keys."""
    same = [other for other, outcome in outcomes.items() if outcome == outcomes[ref] and other[0] == ref[0]]
    return [wanted[other] for other in same if other in wanted]


def is_to_blame(failure: Failure, subject: Subject, records: Sequence[WantedRecord]) -> bool:
    """Whether the failure's mapping has a row for the property that failed, or none of the subject's mappings has.

    Several mappings may write into one record; the user who repairs it has to find the row.
    """
    name = failure.params.get("property")
    contributions = [c for record in records for c in record.contributions if c.subject == subject]
    if not name or failure.code in REQUIRED:
        return True
    writing = [c for c in contributions if any(row.property.name == name for row in c.rows)]
    filling = [c for c in writing if any(row.property.name == name and row.value for row in c.rows)]
    writers = {(c.mapping, c.part) for c in filling or writing}
    return not writers or (failure.mapping, failure.position) in writers


def _withheld(item: Withheld) -> Failure:
    if isinstance(item.refusal, HubSpotError):
        return classify(item.refusal, mapping=item.mapping, position=item.part, object_type=item.object_type)
    return refused(item.refusal, item.mapping, item.part, item.object_type)


def _of_associations(planned: SubjectPlan, execution: Execution) -> list[Failure]:
    """The failures of associations, each reason once for the subject."""
    by_reason: dict[str, Failure] = {}
    for (source, target), error in execution.association_errors.get(planned.subject, {}).items():
        mapping = next(m for m, records in planned.records.items() if source in [ref for _, ref in records])
        for failure in _failures(_failed(error), mapping, None, _to_blame(error, source[0], target[0])):
            by_reason.setdefault(_same(failure), failure)
    for link, error in execution.detach_errors.get(planned.subject, {}).items():
        for failure in _failures(_failed(error), None, None, _to_blame(error, link.source[0], link.target[0])):
            by_reason.setdefault(_same(failure), failure)
    return list(by_reason.values())


def _of_removals(removals: Mapping[Removal, Outcome]) -> Iterator[Failure]:
    """The failures of records that could not be removed; a refusal of the record itself has words of its own."""
    for removal, outcome in removals.items():
        if isinstance(outcome, FailedRecord):
            for failure in _failures(outcome, *removal.use, removal.place[0]):
                yield replace(failure, code=Code.NOT_REMOVED.value) if failure.mode == PERMANENT else failure


def _same(failure: Failure) -> str:
    facts = [failure.mode, failure.code, failure.mapping, failure.object_type, failure.params, failure.message]
    return json.dumps(facts, sort_keys=True, default=str)


def _to_blame(error: object, source: str, target: str) -> str:
    """The object type that is blamed for a failed association; for lack of access, not contacts or deals."""
    return target if is_lack_of_access(error, target) and not is_lack_of_access(error, source) else source


def _lacking(failures: list[Failure], written: list[Written]) -> tuple[Failure, ...]:
    """The failures for lack of access, if the main part arrived: a setting in HubSpot, and no subject's fault."""
    denied = tuple(f for f in failures if f.code in ACCESS_CODES and f.object_type not in MAIN_TYPES)
    lost = {failure.object_type for failure in denied}
    return denied if any(item.ref[0] not in lost for item in written) else ()


def _failed(error: HubSpotError | Refusal | None) -> FailedRecord:
    return FailedRecord(refusals=(error,)) if isinstance(error, Refusal) else FailedRecord(error)


def _failures(outcome: FailedRecord, mapping: int | None, part: int | None, object_type: str) -> Iterator[Failure]:
    if outcome.refusals:
        for refusal in outcome.refusals:
            yield refused(refusal, mapping, part, object_type)
    else:
        yield classify(outcome.error, mapping=mapping, position=part, object_type=object_type)
