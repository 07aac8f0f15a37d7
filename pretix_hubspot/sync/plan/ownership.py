"""Decide whose values count when several orders or positions share a record, such as one e-mail address. Pure.

The contributor of the first rank writes as the modes say; the others fill empty properties, and add to lists.
The owner among those that are not in the plan is found by their uses, see ``run.owners``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pretix_hubspot.mappings.spec import BUYER, KEEP_NAMES, NEWEST
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.values.rows import IF_EMPTY, OVERWRITE, Row

#: How many other contributors are named.
MAX_NAMED = 5


@dataclass(frozen=True)
class Contributor:
    """An object that writes into a record: an order, or one of its parts; ``label`` is a code, no name."""

    subject: Subject
    part: int | None = None
    label: str = ""


def rank(policy: str, contributor: Contributor) -> tuple[int, ...]:
    """The rank of a contributor, the smallest first; primary keys grow with time."""
    age = (contributor.subject.pk, contributor.part or 0)
    if policy == NEWEST:
        return (-age[0], -age[1])
    if policy == BUYER:
        return (contributor.part is not None, *age)
    return age


def owner(policy: str, contributors: Sequence[Contributor], previous: Contributor | None) -> Contributor:
    """The owner of the record; ``previous`` competes unless its subject is among the contributors."""
    absent = [previous] if previous and _is_absent(previous, contributors) else []
    return min([*contributors, *absent], key=lambda contributor: rank(policy, contributor))


def rows(
    policy: str, contributions: Sequence[tuple[Contributor, Sequence[Row]]], previous: Contributor | None
) -> list[Row]:
    """The rows of all contributors in order of evaluation."""
    contributors = [contributor for contributor, _ in contributions]
    if policy == KEEP_NAMES:
        everything = [row for _, own in contributions for row in own]
        elsewhere = previous is not None and _is_absent(previous, contributors)
        if elsewhere or _differ([own for _, own in contributions]):
            return [row for row in everything if not row.names]
        return everything
    first = owner(policy, contributors, previous)
    ranked = sorted(contributions, key=lambda item: rank(policy, item[0]))
    return [row if contributor == first else _weak(row) for contributor, own in ranked for row in own]


def _is_absent(previous: Contributor, contributors: Sequence[Contributor]) -> bool:
    return previous.subject not in {contributor.subject for contributor in contributors}


def _weak(row: Row) -> Row:
    return replace(row, mode=IF_EMPTY) if row.mode == OVERWRITE else row


def _differ(contributions: Sequence[Sequence[Row]]) -> bool:
    """Whether a person's name differs between contributors."""
    values_by_property: dict[str, set[str]] = {}
    for own in contributions:
        for row in own:
            if row.names and row.value:
                values_by_property.setdefault(row.property.name, set()).add(row.value)
    return any(len(values) > 1 for values in values_by_property.values())
