"""Several people, one address, one record: whose values count. Pure.

Whoever ranks first writes as the modes say; the others fill what is empty, and add to lists.
The owner is remembered with the record, so that it counts for transfers to come as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pretix_hubspot.mappings.spec import BUYER, KEEP_NAMES, NEWEST
from pretix_hubspot.sources.snapshot import ORDER, Subject
from pretix_hubspot.values.rows import IF_EMPTY, OVERWRITE, Row

#: How many of the others are named.
MAX_NAMED = 5


@dataclass(frozen=True)
class Person:
    """Who wants to write into a record: an order's buyer, or one of its parts; ``label`` is a code, no name."""

    subject: Subject
    part: int | None = None
    label: str = ""

    @classmethod
    def from_json(cls, stored: dict[str, Any] | None) -> "Person | None":
        if not stored:
            return None
        subject = Subject(stored.get("kind", ORDER), stored["order"])
        return cls(subject, stored.get("position"), stored.get("label", ""))

    def to_json(self) -> dict[str, Any]:
        """An order goes without saying: that is all there was when the first were stored."""
        kind = {} if self.subject.kind == ORDER else {"kind": self.subject.kind}
        return {**kind, "order": self.subject.pk, "position": self.part, "label": self.label}


def rank(policy: str, person: Person) -> tuple[int, ...]:
    """Who ranks first has the smallest one; primary keys grow with time."""
    age = (person.subject.pk, person.part or 0)
    if policy == NEWEST:
        return (-age[0], -age[1])
    if policy == BUYER:
        return (person.part is not None, *age)
    return age


def owner(policy: str, people: Sequence[Person], previous: Person | None) -> Person:
    """To whom the record belongs; ``previous`` counts unless its subject is looked at now."""
    known = [previous] if previous and previous.subject not in {person.subject for person in people} else []
    return min([*people, *known], key=lambda person: rank(policy, person))


def rows(policy: str, wanted: Sequence[tuple[Person, Sequence[Row]]], previous: Person | None) -> list[Row]:
    """The rows of all people in order of evaluation."""
    people = [person for person, _ in wanted]
    if policy == KEEP_NAMES:
        everything = [row for _, mine in wanted for row in mine]
        elsewhere = previous is not None and previous.subject not in {person.subject for person in people}
        if elsewhere or _differ([mine for _, mine in wanted]):
            return [row for row in everything if not row.names]
        return everything
    first = owner(policy, people, previous)
    ranked = sorted(wanted, key=lambda item: rank(policy, item[0]))
    return [row if person == first else _weak(row) for person, mine in ranked for row in mine]


def _weak(row: Row) -> Row:
    return replace(row, mode=IF_EMPTY) if row.mode == OVERWRITE else row


def _differ(people: Sequence[Sequence[Row]]) -> bool:
    """Whether a name is said in different ways."""
    said: dict[str, set[str]] = {}
    for mine in people:
        for row in mine:
            if row.names and row.value:
                said.setdefault(row.property.name, set()).add(row.value)
    return any(len(values) > 1 for values in said.values())
