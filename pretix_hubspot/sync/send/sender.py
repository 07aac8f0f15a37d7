"""Carry out a plan: bring each object type's records to their planned state, then link what belongs together.

Knows HubSpot's limits and manners, nothing of pretix.
Nothing here is remembered between runs, so that every run can be repeated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pretix_hubspot.failures.codes import Code
from pretix_hubspot.failures.reach import concerns_type
from pretix_hubspot.hubspot.api.associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS
from pretix_hubspot.hubspot.data import AssociationInput, Record
from pretix_hubspot.hubspot.errors import HubSpotError, InvalidInput, NotFound, UnexpectedStatus
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey
from pretix_hubspot.values.rows import Refusal

from .api import Api
from .association import Association, Place
from .batches import BatchCaller
from .detaching import Use, obsolete
from .linking import Asked, confirmed, denials, not_linked, note, same, sent_pair, united
from .outcome import Execution, Failed, Known, Outcome, Pair, RecordAction, Sent
from .records import TypeRun, read_by_id
from .together import ALWAYS, WAITS, Links, Together, may_lack_partner, waits_for_partner

#: An association that HubSpot refuses because somebody deletes or merges records there right now.
VANISHED = Refusal(Code.RECORD_VANISHED)


class Executor:
    """Runs plans against one portal.

    ``together`` are object types that are known to be taken only with an association, see ``together``.
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
        self._together = Together(api, caller)

    def run(
        self,
        plan: Plan,
        known: Mapping[RecordKey, Known],
        associated: Mapping[Subject, Iterable[Association]] | None = None,
        earlier: Mapping[Subject, Mapping[Use, Place]] | None = None,
    ) -> Execution:
        """Write everything in the plan. Raises ``PortalUnavailable``; everything else is an outcome.

        ``associated`` are the associations made earlier.
        ``earlier`` says where the records were of subjects that remove associations, see ``detaching``.
        """
        execution = Execution()
        self._run(plan, known, associated or {}, execution)
        for subject in sorted(_shared_failures(plan, execution)):
            self._run_again(plan.only([subject]), known, subject, execution)
        self._find_again(plan, known, associated or {}, execution)
        self._tell_vanished(execution)
        self._detach(plan, earlier or {}, execution)
        self._tell_vanished_ends(execution)
        return execution

    def _find_again(
        self,
        plan: Plan,
        known: Mapping[RecordKey, Known],
        associated: Mapping[Subject, Iterable[Association]],
        execution: Execution,
    ) -> None:
        """Look at records that cannot be linked, even if they are to stay as they were: they may not be there any more.

        Somebody deleted or merged them since we looked last.
        """
        lost: dict[Subject, set[RecordKey]] = {}
        for subject, pair, _ in not_linked(execution):
            lost.setdefault(subject, set()).update(pair)
        if not lost:
            return
        first = {subject: execution.records[subject] for subject in lost}
        sent = execution.sent()
        there = {**known, **{ref: Known(s.record_id, s.fingerprint, s.url, s.owner) for ref, s in sent.items()}}
        unread = {ref: replace(there[ref], sent_hash="") for refs in lost.values() for ref in refs if ref in there}
        self._run(plan.only(lost), {**there, **unread}, associated, execution)
        for subject, outcomes in first.items():
            for ref, outcome in execution.records[subject].items():
                if not isinstance(outcome, Sent) or outcome.action != RecordAction.NOTHING_TO_DO:
                    continue
                if same(outcome, outcomes[ref]):
                    execution.records[subject][ref] = outcomes[ref]  # what was done to it before

    def _tell_vanished(self, execution: Execution) -> None:
        """A refusal is final only if both records are there; else people move them, and the next attempt looks."""
        refused = [
            (subject, pair, _places(pair, execution.records[subject]))
            for subject, pair, error in not_linked(execution)
            if error
        ]
        there = self._look_up({place for _, _, both in refused for place in both})
        for subject, pair, both in refused:
            if any(there[place] != place[1] for place in both):
                execution.association_errors[subject][pair] = VANISHED

    def _run(
        self,
        plan: Plan,
        known: Mapping[RecordKey, Known],
        associated: Mapping[Subject, Iterable[Association]],
        execution: Execution,
    ) -> None:
        outcomes = self._write_records(plan, known, execution)
        for planned in plan.subjects.values():
            refs = [ref for pairs in planned.records.values() for _, ref in pairs]
            execution.records[planned.subject] = {
                ref: WAITS if waits_for_partner(planned, ref, outcomes) else outcomes[ref] for ref in refs
            }
        self._associate(plan, associated, execution)

    def _write_records(
        self, plan: Plan, known: Mapping[RecordKey, Known], execution: Execution
    ) -> dict[RecordKey, Outcome]:
        """All records: first those that stand alone, then those that are made with an association to them."""
        outcomes: dict[RecordKey, Outcome] = {}
        types = plan.object_types()
        runs = [self._type_run(object_type, plan, known) for object_type in types if object_type not in self._late]
        for run in runs[1:]:
            run.begin()
        for run in runs:
            outcomes |= run.finish()
        for object_type in types:
            if object_type in self._late:
                links = self._together.links(object_type, plan, outcomes)
                outcomes |= self._type_run(object_type, plan, known, links).finish()
        for object_type in types:
            if object_type not in self._late:
                new = [ref for ref in outcomes if ref[0] == object_type and ref not in known]
                self._try_together(object_type, plan, new, outcomes, execution)
        return {ref: _vanished_partner(outcome) for ref, outcome in outcomes.items()}

    def _try_together(
        self,
        object_type: str,
        plan: Plan,
        new: list[RecordKey],
        outcomes: dict[RecordKey, Outcome],
        execution: Execution,
    ) -> None:
        """Once more with a partner, for new records that may have been refused because they came alone."""
        alone = [ref for ref in new if may_lack_partner(outcomes[ref])]
        links = self._together.links(object_type, plan, outcomes) if alone else {}
        run = TypeRun(self._api, self._caller, object_type, plan.portal_id, links)
        for ref in alone:
            if links.get(ref):
                run.add(plan.records[ref], None)
        found = run.finish()
        outcomes |= found
        if any(isinstance(outcome, Sent) for outcome in found.values()):
            self._late |= {object_type}
            execution.together.add(object_type)

    def _run_again(self, part: Plan, known: Mapping[RecordKey, Known], subject: Subject, execution: Execution) -> None:
        """One subject alone; what has arrived already stays as it is, and is not sent once more."""
        arrived = {ref: sent for ref, sent in execution.records[subject].items() if isinstance(sent, Sent)}
        links = {ref: Known(sent.record_id, sent.fingerprint, sent.url, sent.owner) for ref, sent in arrived.items()}
        self._run(part, {**known, **links}, {subject: set(execution.associated[subject])}, execution)
        outcomes = execution.records[subject]
        for ref, sent in arrived.items():
            again = outcomes[ref]
            if isinstance(again, Sent) and not again.changed:
                outcomes[ref] = sent

    def _type_run(
        self, object_type: str, plan: Plan, known: Mapping[RecordKey, Known], links: Links | None = None
    ) -> TypeRun:
        """All records of one object type; those that are known to be as planned have their outcome already."""
        run = TypeRun(self._api, self._caller, object_type, plan.portal_id, links)
        for record in plan.records.values():
            if record.object_type != object_type:
                continue
            link = known.get(record.ref)
            record.previous = link.owner if link else None
            if link and link.sent_hash == record.fingerprint(plan.portal_id) and not record.subjects & self._forced:
                run.outcomes[record.ref] = Sent(
                    link.record_id, RecordAction.NOTHING_TO_DO, link.url, (), link.sent_hash, owner=link.owner
                )
            else:
                run.add(record, link.record_id if link else None)
        return run

    def _associate(self, plan: Plan, associated: Mapping[Subject, Iterable[Association]], execution: Execution) -> None:
        """Link the records of each subject; pairs that several subjects share are sent once."""
        asked: dict[tuple[str, str], Asked] = {}
        for planned in plan.subjects.values():
            subject = planned.subject
            outcomes = execution.records[subject]
            execution.association_errors[subject] = {}
            done = execution.associated[subject] = set(associated.get(subject, ()))
            for source, target, label in dict.fromkeys(planned.associations()):
                pair = sent_pair(outcomes[source], outcomes[target])
                if not pair or (source[0] == target[0] and pair[0] == pair[1]):
                    continue
                link = Association.between((source[0], pair[0]), (target[0], pair[1]), label)
                if link in done and subject not in self._forced:
                    continue
                types = asked.setdefault((source[0], target[0]), {})
                types.setdefault(pair, []).append((subject, (source, target), label))
        for (from_type, to_type), pairs in asked.items():
            plain = {pair: wanted for pair, wanted in pairs.items() if not any(label for _, _, label in wanted)}
            labelled = {pair: wanted for pair, wanted in pairs.items() if pair not in plain}
            self._associate_type(from_type, to_type, plain, execution)
            self._label_type(from_type, to_type, labelled, execution)

    def _associate_type(self, from_type: str, to_type: str, pairs: Asked, execution: Execution) -> None:
        def send(parts: list[list[tuple[str, str]]]) -> list[dict[tuple[str, str], HubSpotError | bool]]:
            [part] = parts
            return [confirmed(part, self._api.associate_default(from_type, to_type, part))]

        outcomes = self._caller.batch(send, list(pairs), MAX_ASSOCIATIONS)
        note(from_type, to_type, pairs, outcomes, execution)

    def _label_type(self, from_type: str, to_type: str, pairs: Asked, execution: Execution) -> None:
        """Labels are replaced by what is sent (hubspot.md 7.1), so what is there already is sent along."""

        def send(parts: list[list[tuple[str, str]]]) -> list[dict[tuple[str, str], HubSpotError | bool]]:
            [part] = parts
            there = self._api.read_associations(from_type, to_type, list(dict.fromkeys(one for one, _ in part)))
            for refusal in there.errors:
                if not isinstance(refusal.error, (NotFound, UnexpectedStatus)):  # such as: has no associations
                    raise refusal.error  # what cannot be read would be lost
            kept = {(pair.from_id, pair.to_id): pair.types for pair in there.pairs}
            inputs = [AssociationInput(*pair, united(kept.get(pair, ()), pairs[pair])) for pair in part]
            return [confirmed(part, self._api.associate(from_type, to_type, inputs))]

        outcomes = self._caller.batch(send, list(pairs), MAX_ASSOCIATION_READS)
        note(from_type, to_type, pairs, outcomes, execution)

    def _detach(self, plan: Plan, earlier: Mapping[Subject, Mapping[Use, Place]], execution: Execution) -> None:
        """Remove what no longer holds, of subjects whose every record and association is in place."""
        links: dict[Subject, list[Association]] = {}
        for subject, before in earlier.items():
            outcomes, made = execution.records[subject], execution.associated[subject]
            arrived = {ref: outcome for ref, outcome in outcomes.items() if isinstance(outcome, Sent)}
            if not execution.association_errors[subject] and len(arrived) == len(outcomes):
                links[subject] = obsolete(plan, plan.subjects[subject], before, arrived, made)
        there = self._look_up({end for found in links.values() for link in found for end in (link.source, link.target)})
        asked: dict[tuple[str, str], dict[tuple[str, str], list[tuple[Subject, Association]]]] = {}
        for subject, found in links.items():
            still = {(link.source, link.target) for link in execution.associated[subject] if link not in found}
            for link in found:
                one, other = link.source, link.target
                unknown = [answer for end in (one, other) if not isinstance(answer := there[end], (str, NotFound))]
                if unknown:
                    execution.detach_errors.setdefault(subject, {})[link] = unknown[0]
                    continue
                if ((one[0], there[one]), (other[0], there[other])) in still:
                    execution.associated[subject].discard(link)  # merged: the pair goes by other ids now, and holds
                    continue
                pairs = asked.setdefault((one[0], other[0]), {})
                pairs.setdefault((one[1], other[1]), []).append((subject, link))
        for (from_type, to_type), pairs in asked.items():
            self._detach_type(from_type, to_type, pairs, execution)

    def _tell_vanished_ends(self, execution: Execution) -> None:
        """The same for associations that could not be removed: the records were there a moment ago."""
        refused = [
            (subject, link)
            for subject, errors in execution.detach_errors.items()
            for link, error in errors.items()
            if isinstance(error, InvalidInput)
        ]
        there = self._look_up({end for _, link in refused for end in (link.source, link.target)})
        for subject, link in refused:
            if any(there[end] != end[1] for end in (link.source, link.target)):
                execution.detach_errors[subject][link] = VANISHED

    def _look_up(self, places: Iterable[Place]) -> dict[Place, str | HubSpotError | None]:
        """The present ids of these records: HubSpot takes the id of a merged record for the one that it became."""
        by_type: dict[str, list[str]] = {}
        for object_type, record_id in sorted(places):
            by_type.setdefault(object_type, []).append(record_id)
        return {
            (object_type, asked): answer.id if isinstance(answer, Record) else answer
            for object_type, ids in by_type.items()
            for asked, answer in read_by_id(self._api, self._caller, object_type, ids).items()
        }

    def _detach_type(
        self,
        from_type: str,
        to_type: str,
        pairs: dict[tuple[str, str], list[tuple[Subject, Association]]],
        execution: Execution,
    ) -> None:
        def send(parts: list[list[tuple[str, str]]]) -> list[dict[tuple[str, str], HubSpotError | None]]:
            [part] = parts
            result = self._api.archive_associations(from_type, to_type, part)
            found = denials(part, result, part)
            return [{pair: found.get(pair) for pair in part}]

        outcomes = self._caller.batch(send, list(pairs), MAX_ASSOCIATIONS)
        for pair, asked in pairs.items():
            for subject, link in asked:
                error = outcomes[pair]
                if error is None or isinstance(error, NotFound):  # a record is gone, and its associations with it
                    execution.associated[subject].discard(link)
                else:
                    execution.detach_errors.setdefault(subject, {})[link] = error


def _places(pair: Pair, outcomes: Mapping[RecordKey, Outcome]) -> list[Place]:
    """Where the records of a pair are that arrived."""
    return [(ref[0], outcome.record_id) for ref in pair if isinstance(outcome := outcomes[ref], Sent)]


def _shared_failures(plan: Plan, execution: Execution) -> set[Subject]:
    """Subjects whose record failed together with another's: each deserves an attempt of its own."""
    shared: set[Subject] = set()
    for record in plan.records.values():
        if len(record.subjects) > 1:
            outcome = execution.records[record.contributions[0].subject].get(record.ref)
            if isinstance(outcome, Failed) and _may_be_others_fault(outcome.error):
                shared |= record.subjects
    return shared


def _may_be_others_fault(error: HubSpotError | None) -> bool:
    """Whether the values of one subject may keep another one's from arriving: not if no value would be accepted."""
    return error is None or not (error.retryable or concerns_type(error))


def _vanished_partner(outcome: Outcome) -> Outcome:
    """HubSpot does not know the record that a new one was to be associated with: somebody deletes or merges it now."""
    if not isinstance(outcome, Failed) or not isinstance(outcome.error, InvalidInput):
        return outcome
    return Failed(refusals=(VANISHED,)) if "associations are invalid" in outcome.error.message else outcome
