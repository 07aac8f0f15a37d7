"""Limit how much an event may map, so that no event fills the memory of workers that all organizers share. Pure.

A slice plans every row for every position of two hundred orders.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from .reading import Problem
from .stored import StoredMapping, StoredRow

MAX_MAPPINGS = 50
MAX_ROWS = 200
MAX_ROWS_OF_PROPERTY = 10
MAX_ROWS_OF_EVENT = 500
MAX_TEXT_OF_EVENT = 20_000


def problems_of_rows(rows: Sequence[StoredRow]) -> Iterator[Problem]:
    """The limits that the rows of one mapping exceed."""
    if len(rows) > MAX_ROWS:
        yield Problem("too_many_rows")
    often = Counter(row.external_field for row in rows)
    if many := sorted(name for name, count in often.items() if count > MAX_ROWS_OF_PROPERTY):
        yield Problem("too_many_rows_of_property", many[0])


def problems_of_event(mappings: Sequence[StoredMapping]) -> Iterator[Problem]:
    """The limits that all mappings of an event together exceed."""
    if len(mappings) > MAX_MAPPINGS:
        yield Problem("too_many_mappings")
    if sum(len(mapping.rows) for mapping in mappings) > MAX_ROWS_OF_EVENT:
        yield Problem("too_many_rows_of_event")
    if sum(len(row.text) for mapping in mappings for row in mapping.rows) > MAX_TEXT_OF_EVENT:
        yield Problem("too_much_text_of_event")


def problems(mappings: Sequence[StoredMapping]) -> Iterator[Problem]:
    """The limits that the mappings of an event, or one of them, exceed."""
    yield from problems_of_event(mappings)
    for mapping in mappings:
        yield from problems_of_rows(mapping.rows)
