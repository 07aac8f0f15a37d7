"""Find whose values keep a record that several subjects share from being written. Pure.

Subjects that contribute the same to a refused record share its failure: another attempt would say the same.
Where contributions differ, the subjects are tried in halves, as a refused batch is, until each part arrived or holds
one contribution only; a few are tried one by one. One bad value among a hundred costs fourteen attempts at most.
"""

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pretix_hubspot.failures.reach import concerns_type
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Contribution, Plan, RecordKey, SubjectPlan, WantedRecord, row_facts

from .outcome import FailedRecord, Outcome

#: Attempts per search: enough for each of fourteen contributions, or for one bad one among a thousand.
#: Where more are bad, the parts that are mixed in the end keep their failure.
TRIES = 20
#: So few contributions are tried one by one, for halving takes as many attempts.
FEW = 4

Group = list[Subject]  # subjects that contribute the same
Outcomes = Mapping[Subject, Mapping[RecordKey, Outcome]]


@dataclass
class Search:
    """The search for the bad contributions to refused records, ``refs``, among the subjects that share these."""

    refs: frozenset[RecordKey]
    waiting: list[list[Group]]
    _tries: int = field(default=TRIES, init=False)

    def next_part(self) -> list[Subject]:
        """The subjects of the next attempt; none if the search is over."""
        if not self.waiting or not self._tries:
            return []
        self._tries -= 1
        return [subject for group in self.waiting.pop(0) for subject in group]

    def go_on(self, groups: Sequence[Group]) -> None:
        """Part these groups, which failed in the last attempt and differ."""
        middle = len(groups) // 2
        halves = [list(groups[:middle]), list(groups[middle:])]
        self.waiting += [[group] for group in groups] if len(groups) <= FEW else halves


def searches(plan: Plan, outcomes: Outcomes, late: Container[str]) -> list[Search]:
    """One search for all subjects that are linked by refused records to which they contribute differently.

    ``late`` are the object types whose records are created with a partner.
    """
    found: list[tuple[set[RecordKey], list[Group]]] = []
    for refs, group in _groups(plan, outcomes, late):
        linked = [one for one in found if not refs.isdisjoint(one[0])]
        found = [one for one in found if one not in linked]
        found.append((refs.union(*(one[0] for one in linked)), [*(g for one in linked for g in one[1]), group]))
    result = [Search(frozenset(refs), [groups]) for refs, groups in found]
    for search in result:
        search.go_on(search.waiting.pop())
    return result


def differing(plan: Plan, outcomes: Outcomes, late: Container[str]) -> list[Group]:
    """The subjects that share a refused record to which they contribute differently, by their contributions."""
    return [group for _, group in _groups(plan, outcomes, late)]


def _groups(plan: Plan, outcomes: Outcomes, late: Container[str]) -> Iterable[tuple[set[RecordKey], Group]]:
    contributed: dict[Subject, dict[RecordKey, Hashable]] = {}
    for ref, record in plan.records.items():
        if not _may_be_others_fault(outcomes[record.contributions[0].subject].get(ref)):
            continue
        by_subject = _by_subject(plan, record, late)
        if len(set(by_subject.values())) > 1:
            for subject, what in by_subject.items():
                contributed.setdefault(subject, {})[ref] = what
    groups: dict[Hashable, tuple[set[RecordKey], Group]] = {}
    for subject, to_records in contributed.items():
        groups.setdefault(frozenset(to_records.items()), (set(to_records), []))[1].append(subject)
    return groups.values()


def _by_subject(plan: Plan, record: WantedRecord, late: Container[str]) -> dict[Subject, Hashable]:
    """What each subject contributes to the record: rows, what decides on their rank, and partners if it needs one."""
    contributions: dict[Subject, list[Hashable]] = {}
    for contribution in record.contributions:
        contributions.setdefault(contribution.subject, []).append(_facts(contribution))
    if record.object_type in late:
        for subject, facts in contributions.items():
            facts.append(_partners(plan.subjects[subject], record.ref))
    return {subject: tuple(facts) for subject, facts in contributions.items()}


def _facts(contribution: Contribution) -> Hashable:
    defaults = (row for part in contribution.defaults for row in part.rows)
    return (
        (contribution.policy, contribution.canceled, contribution.part is None),
        tuple((*row_facts(row), row.names) for row in contribution.rows),
        tuple(tuple(row_facts(row)) for row in defaults),
    )


def _partners(planned: SubjectPlan, ref: RecordKey) -> Hashable:
    return frozenset(end for one, other, _ in planned.associations() if ref in (one, other) for end in (one, other))


def _may_be_others_fault(outcome: Outcome | None) -> bool:
    """Whether the values of one subject may keep another one's from arriving; not if HubSpot would refuse any value."""
    if not isinstance(outcome, FailedRecord):
        return False
    error = outcome.error
    return error is None or not (error.retryable or concerns_type(error))
