"""Carry out a plan: bring each object type's records to their planned state, then associate them.

Knows HubSpot's limits and behaviour, but not pretix.
No state is kept between runs, so that every run can be repeated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pretix_hubspot.failures.reach import concerns_type
from pretix_hubspot.hubspot.errors import HubSpotError, InvalidInput
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey

from .api import Api
from .association import Place
from .associations import VANISHED, Associations, Made, not_linked
from .batches import BatchCaller
from .detaching import Use
from .outcome import Execution, FailedRecord, Outcome, RecordAction, SentRecord, StoredLink
from .records import TypeRun
from .required_associations import ALWAYS, WAITS, Links, RequiredAssociations, may_lack_partner, waits_for_partner


class Sender:
    """Sends plans to one portal.

    ``forced`` are subjects of which everything is read and repaired, even if nothing about them changed.
    ``together`` are object types that are known to be taken only with an association, see ``required_associations``.
    """

    def __init__(
        self,
        api: Api,
        caller: BatchCaller,
        forced: frozenset[Subject] = frozenset(),
        together: Iterable[str] = (),
    ) -> None:
        self._api = api
        self._caller = caller
        self._forced = forced
        self._late = ALWAYS | set(together)
        self._required = RequiredAssociations(api, caller)
        self._associations = Associations(api, caller, forced)

    def send(
        self,
        plan: Plan,
        known: Mapping[RecordKey, StoredLink],
        associated: Made | None = None,
        earlier: Mapping[Subject, Mapping[Use, Place]] | None = None,
    ) -> Execution:
        """Write all records of the plan. Raises ``PortalUnavailable``; other errors are outcomes.

        ``associated`` are the associations made earlier.
        ``earlier`` says where the records were of subjects that remove associations, see ``detaching``.
        """
        execution = self._send(plan, known, associated or {})
        for subject in sorted(_shared_failures(plan, execution)):
            execution.update(self._send_alone(plan.only([subject]), known, subject, execution))
        execution.update(self._reread_unlinked(plan, known, associated or {}, execution))
        self._associations.mark_vanished(execution)
        self._associations.remove(plan, earlier or {}, execution)
        return execution

    def _send(self, plan: Plan, known: Mapping[RecordKey, StoredLink], associated: Made) -> Execution:
        """Write the records, then the associations between them."""
        now_together: set[str] = set()
        outcomes = self._write_records(plan, known, now_together)
        records = {
            subject: {
                ref: WAITS if waits_for_partner(planned, ref, outcomes) else outcomes[ref]
                for pairs in planned.records.values()
                for _, ref in pairs
            }
            for subject, planned in plan.subjects.items()
        }
        execution = self._associations.make(plan, records, associated)
        execution.together = now_together
        return execution

    def _send_alone(
        self, part: Plan, known: Mapping[RecordKey, StoredLink], subject: Subject, execution: Execution
    ) -> Execution:
        """Send the records of one subject alone; records that arrived already stay as they are."""
        arrived = {ref: sent for ref, sent in execution.records[subject].items() if isinstance(sent, SentRecord)}
        again = self._send(part, {**known, **_as_known(arrived)}, {subject: execution.associated[subject]})
        outcomes = again.records[subject]
        for ref, sent in arrived.items():
            outcome = outcomes[ref]
            if isinstance(outcome, SentRecord) and not outcome.changed:
                outcomes[ref] = sent
        return again

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
        unread = {ref: replace(there[ref], sent_hash="") for refs in lost.values() for ref in refs if ref in there}
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
        self, plan: Plan, known: Mapping[RecordKey, StoredLink], now_together: set[str]
    ) -> dict[RecordKey, Outcome]:
        """Write all records: first those that stand alone, then those that are created with an association to them."""
        outcomes: dict[RecordKey, Outcome] = {}
        types = plan.object_types()
        runs = [self._type_run(object_type, plan, known) for object_type in types if object_type not in self._late]
        for run in runs[1:]:
            run.start_creates()
        for run in runs:
            outcomes |= run.finish()
        for object_type in types:
            if object_type in self._late:
                links = self._required.links(object_type, plan, outcomes)
                outcomes |= self._type_run(object_type, plan, known, links).finish()
        for object_type in types:
            if object_type not in self._late:
                new = [ref for ref in outcomes if ref[0] == object_type and ref not in known]
                self._retry_with_partner(object_type, plan, new, outcomes, now_together)
        return {ref: _vanished_partner(outcome) for ref, outcome in outcomes.items()}

    def _retry_with_partner(
        self,
        object_type: str,
        plan: Plan,
        new: list[RecordKey],
        outcomes: dict[RecordKey, Outcome],
        now_together: set[str],
    ) -> None:
        """Create new records once more with a partner, if they may have been refused because they came alone."""
        alone = [ref for ref in new if may_lack_partner(outcomes[ref])]
        links = self._required.links(object_type, plan, outcomes) if alone else {}
        run = TypeRun(self._api, self._caller, object_type, plan.portal_id, links)
        for ref in alone:
            if links.get(ref):
                run.add(plan.records[ref], None)
        retried = run.finish()
        outcomes |= retried
        if any(isinstance(outcome, SentRecord) for outcome in retried.values()):
            self._late |= {object_type}
            now_together.add(object_type)

    def _type_run(
        self, object_type: str, plan: Plan, known: Mapping[RecordKey, StoredLink], links: Links | None = None
    ) -> TypeRun:
        """The run of one object type; records that are known to be as planned have their outcome already."""
        run = TypeRun(self._api, self._caller, object_type, plan.portal_id, links)
        for record in plan.records.values():
            if record.object_type != object_type:
                continue
            link = known.get(record.ref)
            record.previous = link.owner if link else None
            if link and link.sent_hash == record.fingerprint(plan.portal_id) and not record.subjects & self._forced:
                run.outcomes[record.ref] = SentRecord(
                    link.record_id, RecordAction.NOTHING_TO_DO, link.url, (), link.sent_hash, owner=link.owner
                )
            else:
                run.add(record, link.record_id if link else None)
        return run


def _as_known(sent: Mapping[RecordKey, SentRecord]) -> dict[RecordKey, StoredLink]:
    return {ref: StoredLink(item.record_id, item.fingerprint, item.url, item.owner) for ref, item in sent.items()}


def _shared_failures(plan: Plan, execution: Execution) -> set[Subject]:
    """Subjects that share a failed record: each gets an attempt of its own."""
    shared: set[Subject] = set()
    for record in plan.records.values():
        if len(record.subjects) > 1:
            outcome = execution.records[record.contributions[0].subject].get(record.ref)
            if isinstance(outcome, FailedRecord) and _may_be_others_fault(outcome.error):
                shared |= record.subjects
    return shared


def _may_be_others_fault(error: HubSpotError | None) -> bool:
    """Whether the values of one subject may keep another one's from arriving; not if HubSpot would refuse any value."""
    return error is None or not (error.retryable or concerns_type(error))


def _vanished_partner(outcome: Outcome) -> Outcome:
    """The outcome of a record whose partner HubSpot does not know: users are deleting or merging the partner."""
    if not isinstance(outcome, FailedRecord) or not isinstance(outcome.error, InvalidInput):
        return outcome
    return FailedRecord(refusals=(VANISHED,)) if "associations are invalid" in outcome.error.message else outcome
