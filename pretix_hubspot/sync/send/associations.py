"""Associations of a slice: made once for all subjects that need them, and removed when obsolete, after a lookup."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pretix_hubspot.failures.codes import Code
from pretix_hubspot.failures.portal_rules import rule_behind
from pretix_hubspot.hubspot.api.associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS
from pretix_hubspot.hubspot.data import AssociationInput, AssociationResult, AssociationType, Record
from pretix_hubspot.hubspot.errors import HubSpotError, InvalidInput, NotFound
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey
from pretix_hubspot.values.rows import Refusal

from .api import Api
from .association import Association, Place, Use
from .batches import BatchCaller
from .detaching import obsolete
from .outcome import Execution, Outcome, Pair, RecordAction, SentRecord
from .pair_types import Ids, PairTypes
from .reading import read_by_id

#: An association that HubSpot refuses because somebody deletes or merges records there right now.
VANISHED = Refusal(Code.RECORD_VANISHED)

Wanted = tuple[Subject, Pair, AssociationType | None]  # who asks, for which records, with which label
Made = Mapping[Subject, Iterable[Association]]
Earlier = Mapping[Subject, Sequence[tuple[Use, Place]]]  # where the subjects' records were


class Associations:
    """Makes and removes associations in one portal; ``forced`` are subjects whose associations are made again."""

    def __init__(self, api: Api, caller: BatchCaller, forced: frozenset[Subject] = frozenset()) -> None:
        self._api = api
        self._caller = caller
        self._forced = forced

    def make(self, plan: Plan, records: Mapping[Subject, dict[RecordKey, Outcome]], made: Made) -> Execution:
        """Associate the arrived records of each subject; a pair that several subjects share is sent once.

        ``made`` are the associations made earlier.
        """
        execution = Execution(dict(records))
        needed: dict[tuple[str, str], dict[Ids, list[Wanted]]] = {}
        for subject, planned in plan.subjects.items():
            execution.association_errors[subject] = {}
            done = execution.associated[subject] = set(made.get(subject, ()))
            for source, target, label in dict.fromkeys(planned.associations()):
                ids = _ids_of(records[subject][source], records[subject][target])
                if not ids or (source[0] == target[0] and ids[0] == ids[1]):
                    continue
                link = Association.between((source[0], ids[0]), (target[0], ids[1]), label)
                if link in done and subject not in self._forced:
                    continue
                by_ids = needed.setdefault((source[0], target[0]), {})
                by_ids.setdefault(ids, []).append((subject, (source, target), label))
        for (from_type, to_type), pairs in needed.items():
            plain = {ids: wanted for ids, wanted in pairs.items() if not any(label for _, _, label in wanted)}
            labelled = {ids: wanted for ids, wanted in pairs.items() if ids not in plain}
            answers = self._link(from_type, to_type, list(plain)) | self._label(
                from_type, to_type, labelled, lambda part: _second_side_is_smaller(part, plan, records)
            )
            for ids, wanted in pairs.items():
                answer = answers[ids]
                for subject, pair, label in wanted:
                    if answer is True:
                        link = Association.between((from_type, ids[0]), (to_type, ids[1]), label)
                        execution.associated[subject].add(link)
                    else:
                        execution.association_errors[subject][pair] = answer or None
        return execution

    def _link(self, from_type: str, to_type: str, pairs: list[Ids]) -> dict[Ids, HubSpotError | bool]:
        def send(parts: list[list[Ids]]) -> list[dict[Ids, HubSpotError | bool]]:
            [part] = parts
            return [confirmed(part, self._api.associate_default(from_type, to_type, part))]

        return self._caller.batch(send, pairs, MAX_ASSOCIATIONS)

    def _label(
        self,
        from_type: str,
        to_type: str,
        pairs: Mapping[Ids, list[Wanted]],
        from_second: Callable[[Mapping[Ids, list[Wanted]]], bool],
    ) -> dict[Ids, HubSpotError | bool]:
        """Send labels together with the existing ones, since HubSpot replaces the labels of a pair (hubspot.md 7.1).

        ``from_second`` says from which side to read these. Pairs that have their labels are left alone.
        """
        types = PairTypes(self._api, from_type, to_type)

        def send(parts: list[list[Ids]]) -> list[dict[Ids, HubSpotError | bool]]:
            [part] = parts
            there = types.read(part, from_second({ids: pairs[ids] for ids in part}))
            missing = [ids for ids in part if not _are_there(pairs[ids], there[ids])]
            inputs = [AssociationInput(*ids, united(there[ids], pairs[ids])) for ids in missing]
            made = confirmed(missing, self._api.associate(from_type, to_type, inputs)) if missing else {}
            return [{ids: made.get(ids, True) for ids in part}]

        return self._caller.batch(send, list(pairs), MAX_ASSOCIATION_READS)

    def mark_vanished(self, execution: Execution) -> None:
        """If a record of a refused pair is gone, let the order fail temporarily: it is being merged or deleted."""
        refused = [
            (subject, pair, _places(pair, execution.records[subject]))
            for subject, pair, error in not_linked(execution)
            if error
        ]
        there = self.look_up({place for _, _, both in refused for place in both})
        for subject, pair, both in refused:
            if any(there[place] != place[1] for place in both):
                execution.association_errors[subject][pair] = VANISHED

    def remove(self, plan: Plan, earlier: Earlier, execution: Execution) -> None:
        """Remove obsolete associations of subjects whose every record and association is in place."""
        for (from_type, to_type), pairs in self._to_remove(_obsolete(plan, earlier, execution), execution).items():
            answers = self._unlink(from_type, to_type, list(pairs))
            for ids, wanted in pairs.items():
                error = answers[ids]
                for subject, link in wanted:
                    if error is None or isinstance(error, NotFound):  # a record is gone, and its associations with it
                        execution.associated[subject].discard(link)
                    else:
                        execution.detach_errors.setdefault(subject, {})[link] = error
        self._mark_vanished_ends(execution)

    def _to_remove(
        self, links: Mapping[Subject, list[Association]], execution: Execution
    ) -> dict[tuple[str, str], dict[Ids, list[tuple[Subject, Association]]]]:
        """The pairs to remove, by object types, without those that now have other ids, or cannot be looked up."""
        there = self.look_up(
            {end for to_remove in links.values() for link in to_remove for end in (link.source, link.target)}
        )
        pairs_by_types: dict[tuple[str, str], dict[Ids, list[tuple[Subject, Association]]]] = {}
        for subject, to_remove in links.items():
            still = {(link.source, link.target) for link in execution.associated[subject] if link not in to_remove}
            for link in to_remove:
                one, other = link.source, link.target
                unknown = [answer for end in (one, other) if not isinstance(answer := there[end], (str, NotFound))]
                if unknown:
                    execution.detach_errors.setdefault(subject, {})[link] = unknown[0]
                elif ((one[0], there[one]), (other[0], there[other])) in still:
                    execution.associated[subject].discard(link)  # merged: the pair goes by other ids now, and holds
                else:
                    pairs = pairs_by_types.setdefault((one[0], other[0]), {})
                    pairs.setdefault((one[1], other[1]), []).append((subject, link))
        return pairs_by_types

    def _unlink(self, from_type: str, to_type: str, pairs: list[Ids]) -> dict[Ids, HubSpotError | None]:
        def send(parts: list[list[Ids]]) -> list[dict[Ids, HubSpotError | None]]:
            [part] = parts
            denied = denials(part, self._api.archive_associations(from_type, to_type, part), part)
            return [{ids: denied.get(ids) for ids in part}]

        return self._caller.batch(send, pairs, MAX_ASSOCIATIONS)

    def _mark_vanished_ends(self, execution: Execution) -> None:
        """The same for associations that could not be removed, although the records just existed."""
        refused = [
            (subject, link)
            for subject, errors in execution.detach_errors.items()
            for link, error in errors.items()
            if isinstance(error, InvalidInput)
        ]
        there = self.look_up({end for _, link in refused for end in (link.source, link.target)})
        for subject, link in refused:
            if any(there[end] != end[1] for end in (link.source, link.target)):
                execution.detach_errors[subject][link] = VANISHED

    def look_up(self, places: Iterable[Place]) -> dict[Place, str | HubSpotError | None]:
        """The current ids of these records: HubSpot takes the id of a merged record for the one that it became."""
        by_type: dict[str, list[str]] = {}
        for object_type, record_id in sorted(places):
            by_type.setdefault(object_type, []).append(record_id)
        return {
            (object_type, record_id): answer.id if isinstance(answer, Record) else answer
            for object_type, ids in by_type.items()
            for record_id, answer in read_by_id(self._api, self._caller, object_type, ids).items()
        }


def confirmed(part: list[Ids], result: AssociationResult) -> dict[Ids, HubSpotError | bool]:
    """HubSpot's answer about each pair; False if the answer omits it."""
    linked = {(pair.from_id, pair.to_id) for pair in result.pairs}
    linked |= {(to_id, from_id) for from_id, to_id in linked}
    denied = denials(part, result, [pair for pair in part if pair not in linked])
    return {pair: pair in linked or denied.get(pair) or False for pair in part}


def denials(part: list[Ids], result: AssociationResult, unclear: list[Ids]) -> dict[Ids, HubSpotError]:
    """The refusal of each pair, for refusals that name one of its records.

    Raises a refusal that names none of these records while a pair is unclear: halving finds the pair.
    """
    named = {record_id for pair in part for record_id in pair}
    by_id = {record_id: refusal.error for refusal in result.errors for record_id in refusal.ids}
    for refusal in result.errors:
        if unclear and named.isdisjoint(refusal.ids):
            raise refusal.error
    return {pair: by_id[end] for pair in unclear for end in pair if end in by_id}


def united(there: Iterable[AssociationType], wanted: list[Wanted]) -> tuple[AssociationType, ...]:
    """The types of a pair together with the needed labels, each once."""
    types = {(kind.category, kind.type_id): kind for kind in there}
    types |= {(label.category, label.type_id): label for _, _, label in wanted if label}
    return tuple(types.values())


def _are_there(wanted: list[Wanted], types: Iterable[AssociationType]) -> bool:
    there = {(kind.category, kind.type_id) for kind in types}
    return all((label.category, label.type_id) in there for _, _, label in wanted if label)


def _second_side_is_smaller(
    part: Mapping[Ids, list[Wanted]], plan: Plan, records: Mapping[Subject, Mapping[RecordKey, Outcome]]
) -> bool:
    """Whether the second records of these pairs have fewer associations each than the first ones, by all we know.

    A new record has few for sure; else those have few of which many come together, and those of an order or its part.
    """

    def smallness(end: int) -> tuple[bool, int, bool]:
        refs = [(subject, pair[end]) for wanted in part.values() for subject, pair, _ in wanted]
        outcomes = [records[subject][ref] for subject, ref in refs]
        are_new = all(isinstance(one, SentRecord) and one.action == RecordAction.CREATED for one in outcomes)
        return are_new, len({ids[end] for ids in part}), all(plan.records[ref].own_key for _, ref in refs)

    return smallness(1) > smallness(0)


def not_linked(execution: Execution) -> Iterator[tuple[Subject, Pair, HubSpotError | None]]:
    """Records of a subject that HubSpot did not associate, or not under the ids that we know."""
    for subject, errors in execution.association_errors.items():
        for pair, error in errors.items():
            if error is None or (isinstance(error, (InvalidInput, NotFound)) and not rule_behind(error)):
                yield subject, pair, error


def _ids_of(source: Outcome, target: Outcome) -> Ids | None:
    if isinstance(source, SentRecord) and isinstance(target, SentRecord):
        return (source.record_id, target.record_id)
    return None


def _places(pair: Pair, outcomes: Mapping[RecordKey, Outcome]) -> list[Place]:
    """The places of the arrived records of a pair."""
    return [(ref[0], outcome.record_id) for ref in pair if isinstance(outcome := outcomes[ref], SentRecord)]


def _obsolete(plan: Plan, earlier: Earlier, execution: Execution) -> dict[Subject, list[Association]]:
    """The obsolete associations of subjects whose every record and association is in place."""
    links: dict[Subject, list[Association]] = {}
    for subject, before in earlier.items():
        outcomes, made = execution.records[subject], execution.associated[subject]
        arrived = {ref: outcome for ref, outcome in outcomes.items() if isinstance(outcome, SentRecord)}
        if not execution.association_errors[subject] and len(arrived) == len(outcomes):
            links[subject] = obsolete(plan, plan.subjects[subject], before, arrived, made)
    return links
