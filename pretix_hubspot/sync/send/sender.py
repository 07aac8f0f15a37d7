"""Carry out a plan: bring each object type's records to their planned state, then associate them.

Knows HubSpot's limits and behaviour, but not pretix.
No state is kept between runs, so that every run can be repeated.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from pretix_hubspot.hubspot.errors import InvalidInput
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey, WantedRecord

from .api import Api
from .associations import VANISHED, Associations, Earlier, Made, not_linked
from .batches import BatchCaller
from .memory import Memory, NoMemory
from .outcome import Execution, FailedRecord, Outcome, RecordAction, SentRecord, StoredLink
from .records import BUSY, TypeRun
from .removing import Removals, Removing
from .required_associations import ALWAYS, WAITS, Links, RequiredAssociations, may_lack_partner, waits_for_partner
from .shared_failures import differing, searches


class Sender:
    """Sends plans to one portal.

    ``forced`` are subjects of which everything is read and repaired, even if nothing about them changed.
    ``together`` are object types that are known to be taken only with an association, see ``required_associations``.
    ``memory`` says which records may be written; the caller has leased those of the plan that are not as planned.
    """

    def __init__(
        self,
        api: Api,
        caller: BatchCaller,
        forced: frozenset[Subject] = frozenset(),
        together: Iterable[str] = (),
        memory: Memory | None = None,
    ) -> None:
        self._api = api
        self._caller = caller
        self._memory = memory or NoMemory()
        self._forced = forced
        self._late = ALWAYS | set(together)
        self._required = RequiredAssociations(api, caller)
        self._associations = Associations(api, caller, forced)

    def send(
        self,
        plan: Plan,
        known: Mapping[RecordKey, StoredLink],
        associated: Made | None = None,
        earlier: Earlier | None = None,
        removals: Removals | None = None,
    ) -> Execution:
        """Write all records of the plan. Raises ``PortalUnavailable``; other errors are outcomes.

        ``associated`` are the associations made earlier.
        ``earlier`` says where the records were of subjects that remove associations, see ``detaching``.
        ``removals`` are records to remove, see ``removing``.
        """
        execution = self._send(plan, known, associated or {})
        self._send_apart(plan, known, execution)
        execution.update(self._reread_unlinked(plan, known, associated or {}, execution))
        self._associations.mark_vanished(execution)
        self._associations.remove(plan, earlier or {}, execution)
        Removing(self._api, self._caller).remove(removals or {}, execution)
        return execution

    def _send(
        self,
        plan: Plan,
        known: Mapping[RecordKey, StoredLink],
        associated: Made,
        settled: Mapping[RecordKey, Outcome] | None = None,
    ) -> Execution:
        """Write the records, then the associations between them.

        ``settled`` are the outcomes of an attempt before that stay as they are, as do its associations.
        """
        now_together: set[str] = set()
        outcomes = self._write_records(plan, known, now_together, settled or {})
        records = {
            subject: {
                ref: WAITS if waits_for_partner(planned, ref, outcomes) else outcomes[ref]
                for pairs in planned.records.values()
                for _, ref in pairs
            }
            for subject, planned in plan.subjects.items()
        }
        associations = self._associations if settled is None else Associations(self._api, self._caller)
        execution = associations.make(plan, records, associated)
        execution.together = now_together
        return execution

    def _send_apart(self, plan: Plan, known: Mapping[RecordKey, StoredLink], execution: Execution) -> None:
        """Send subjects apart that share a refused record, for the values of one may keep those of others away."""
        searched = searches(plan, execution.records, self._late)
        refs = frozenset(ref for search in searched for ref in search.refs)
        while turns := [(search, part) for search in searched if (part := search.next_part())]:
            now = plan.only(subject for _, part in turns for subject in part)
            execution.update(self._send_again(now, known, refs, execution))
            for search, part in turns:
                search.go_on(differing(plan.only(part), execution.records, self._late))

    def _send_again(
        self, part: Plan, known: Mapping[RecordKey, StoredLink], refs: Container[RecordKey], execution: Execution
    ) -> Execution:
        """Send the records ``refs`` of fewer subjects, and those that wait for them; the others stay as they are."""
        settled = {
            ref: outcome
            for subject in part.subjects
            for ref, outcome in execution.records[subject].items()
            if isinstance(outcome, SentRecord) or not (ref in refs or outcome == WAITS or may_lack_partner(outcome))
        }
        associated = {subject: execution.associated[subject] for subject in part.subjects}
        return self._send(part, {**known, **_as_known(execution.sent())}, associated, settled)

    def _reread_unlinked(
        self, plan: Plan, known: Mapping[RecordKey, StoredLink], associated: Made, execution: Execution
    ) -> Execution:
        """Read records again that HubSpot did not associate, also unchanged ones: users may have deleted or merged
        them.
        """
        lost: dict[Subject, set[RecordKey]] = {}
        for subject, pair, _ in not_linked(execution):
            lost.setdefault(subject, set()).update(pair)
        if not lost:
            return Execution()
        there = {**known, **_as_known(execution.sent())}
        busy = self._memory.lease_also({ref for refs in lost.values() for ref in refs})
        unread = {ref: replace(there[ref], sent_hash="") for refs in lost.values() for ref in refs if ref in there}
        lost = {subject: refs for subject, refs in lost.items() if not refs & busy}
        again = self._send(plan.only(lost), {**there, **unread}, associated)
        for subject in lost:
            for ref, outcome in again.records[subject].items():
                if not isinstance(outcome, SentRecord) or outcome.action != RecordAction.NOTHING_TO_DO:
                    continue
                before = execution.records[subject][ref]
                if isinstance(before, SentRecord) and before.record_id == outcome.record_id:
                    again.records[subject][ref] = before  # what was done to it then
        return again

    def _write_records(
        self,
        plan: Plan,
        known: Mapping[RecordKey, StoredLink],
        now_together: set[str],
        settled: Mapping[RecordKey, Outcome],
    ) -> dict[RecordKey, Outcome]:
        """Write all records: first those that stand alone, then those that are created with an association to them."""
        outcomes: dict[RecordKey, Outcome] = {}
        types = plan.object_types()
        early = [object_type for object_type in types if object_type not in self._late]
        runs = [self._type_run(object_type, plan, known, settled) for object_type in early]
        for run in runs[1:]:
            run.start_creates()
        for run in runs:
            outcomes |= run.finish()
        for object_type in types:
            if object_type in self._late:
                links = self._required.links(object_type, plan, outcomes)
                outcomes |= self._type_run(object_type, plan, known, settled, links).finish()
        for object_type, run in zip(early, runs, strict=True):
            if object_type not in self._late:
                self._retry_with_partner(object_type, plan, run.refused_new, outcomes, now_together)
        return {ref: _vanished_partner(outcome) for ref, outcome in outcomes.items()}

    def _retry_with_partner(
        self,
        object_type: str,
        plan: Plan,
        refused: list[RecordKey],
        outcomes: dict[RecordKey, Outcome],
        now_together: set[str],
    ) -> None:
        """Create new records once more with a partner, if they may have been refused because they came alone."""
        alone = [ref for ref in refused if may_lack_partner(outcomes[ref])]
        links = self._required.links(object_type, plan, outcomes) if alone else {}
        run = TypeRun(self._api, self._caller, object_type, plan.sealed, links, self._memory)
        for ref in alone:
            if links.get(ref):
                run.add(plan.records[ref], None, is_absent=True)
        retried = run.finish()
        outcomes |= retried
        if any(isinstance(outcome, SentRecord) for outcome in retried.values()):
            self._late |= {object_type}
            now_together.add(object_type)

    def _type_run(
        self,
        object_type: str,
        plan: Plan,
        known: Mapping[RecordKey, StoredLink],
        settled: Mapping[RecordKey, Outcome],
        links: Links | None = None,
    ) -> TypeRun:
        """The run of one object type; records that are known to be as planned have their outcome already."""
        run = TypeRun(self._api, self._caller, object_type, plan.sealed, links, self._memory)
        todo: list[WantedRecord] = []
        for record in plan.records.values():
            if record.object_type != object_type:
                continue
            link = known.get(record.ref)
            if record.ref in settled:
                run.outcomes[record.ref] = settled[record.ref]
            elif link and is_as_planned(plan, record, link, self._forced):
                run.outcomes[record.ref] = SentRecord(
                    link.record_id, RecordAction.NOTHING_TO_DO, link.url, (), link.sent_hash, owner=link.owner
                )
            else:
                todo.append(record)
        busy = self._memory.lease_also(record.ref for record in todo)  # without some subjects, others differ
        for record in todo:
            if record.ref in busy:
                run.outcomes[record.ref] = BUSY
            else:
                run.add(record, known[record.ref].record_id if record.ref in known else None)
        return run


def not_as_planned(plan: Plan, known: Mapping[RecordKey, StoredLink], forced: frozenset[Subject]) -> list[RecordKey]:
    """The records of the plan that will be read, and written if HubSpot holds something else."""
    links = {ref: known.get(ref) for ref in plan.records}
    return [ref for ref, link in links.items() if not link or not is_as_planned(plan, plan.records[ref], link, forced)]


def is_as_planned(plan: Plan, record: WantedRecord, link: StoredLink, forced: frozenset[Subject]) -> bool:
    """Whether HubSpot was last sent the record as it is planned now; never for subjects of which all is read."""
    record.previous = link.owner
    return link.sent_hash == plan.sealed(record) and not record.subjects & forced


def _as_known(sent: Mapping[RecordKey, SentRecord]) -> dict[RecordKey, StoredLink]:
    return {ref: StoredLink(item.record_id, item.fingerprint, item.url, item.owner) for ref, item in sent.items()}


def _vanished_partner(outcome: Outcome) -> Outcome:
    """The outcome of a record whose partner HubSpot does not know: users are deleting or merging the partner."""
    if not isinstance(outcome, FailedRecord) or not isinstance(outcome.error, InvalidInput):
        return outcome
    return FailedRecord(refusals=(VANISHED,)) if "associations are invalid" in outcome.error.message else outcome
