"""The search index: eventually consistent, one index per object type (hubspot.md 5.6, 5.7)."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hubspot_simulator.crm.objects.state import Record
from hubspot_simulator.problems import invalid

OPERATORS = {
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
}
MAX_RESULTS = 10_000
Values = dict[str, str]


@dataclass(frozen=True)
class Filter:
    """One condition on one property."""

    name: str
    operator: str
    value: str = ""
    high: str = ""
    values: tuple[str, ...] = ()


@dataclass
class Query:
    """Groups are alternatives, the filters of a group must all hold."""

    groups: list[list[Filter]] = field(default_factory=list)
    text: str = ""
    sorts: list[tuple[str, bool]] = field(default_factory=list)


class SearchIndex:
    """What search knows, which is what was true some seconds ago."""

    def __init__(self, clock: Callable[[], float], lag_seconds: Callable[[], float]):
        self._clock = clock
        self._lag = lag_seconds
        self._visible: dict[str, dict[str, Values]] = {}
        self._pending: deque[tuple[float, str, str, Values | None]] = deque()

    def note(self, record: Record) -> None:
        """A record was written; search will see these values after the lag."""
        self._pending.append((self._clock() + self._lag(), record.type_name, record.id, dict(record.properties)))
        self._catch_up()

    def gone(self, type_name: str, record_id: str) -> None:
        self._pending.append((self._clock() + self._lag(), type_name, record_id, None))

    def _catch_up(self) -> None:
        now = self._clock()
        while self._pending and self._pending[0][0] <= now:
            _, type_name, record_id, values = self._pending.popleft()
            index = self._visible.setdefault(type_name, {})
            if values is None:
                index.pop(record_id, None)
            else:
                index[record_id] = values

    def find(self, type_name: str, query: Query) -> list[tuple[str, Values]]:
        """Ids and indexed values of all matches, in order."""
        self._catch_up()
        hits = [
            (record_id, values)
            for record_id, values in self._visible.get(type_name, {}).items()
            if _matches(query, values)
        ]
        for name, descending in reversed(query.sorts or [("hs_object_id", False)]):
            hits.sort(key=lambda hit: _order(hit[1].get(name, "")), reverse=descending)
        return hits


def check_caps(query: Query, body_size: int) -> None:
    """5 groups, 6 filters each, 18 in all, 3,000 characters (hubspot.md 5.7, A)."""
    if len(query.groups) > 5:
        raise invalid("A maximum of 5 filterGroups is allowed")
    if any(len(group) > 6 for group in query.groups):
        raise invalid("A maximum of 6 filters per filterGroup is allowed")
    if sum(len(group) for group in query.groups) > 18:
        raise invalid("A maximum of 18 filters is allowed")
    if body_size > 3_000:
        raise invalid("The request body must not be longer than 3,000 characters")
    for group in query.groups:
        for entry in group:
            if entry.operator not in OPERATORS:
                raise invalid(f"Invalid operator {entry.operator}")


def _matches(query: Query, values: Values) -> bool:
    if query.text:
        words = query.text.lower().split()
        haystack = " ".join(values.values()).lower()
        if not all(word in haystack for word in words):
            return False
    return not query.groups or any(all(_holds(entry, values) for entry in group) for group in query.groups)


def _holds(entry: Filter, values: Values) -> bool:
    actual = values.get(entry.name, "")
    if entry.operator == "HAS_PROPERTY":
        return actual != ""
    if entry.operator == "NOT_HAS_PROPERTY":
        return actual == ""
    if entry.operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN"):
        return not _holds(Filter(entry.name, _OPPOSITE[entry.operator], entry.value, "", entry.values), values)
    if actual == "":
        return False
    return _COMPARISONS[entry.operator](entry, actual)


_OPPOSITE = {"NEQ": "EQ", "NOT_IN": "IN", "NOT_CONTAINS_TOKEN": "CONTAINS_TOKEN"}


def _order(text: str) -> tuple[int, float, str]:
    """Numbers and instants in their order, before texts in theirs; instants may be given in milliseconds."""
    try:
        return (0, float(text), "")
    except ValueError:
        pass
    if re.match(r"\d{4}-\d{2}-\d{2}", text):
        try:
            moment = datetime.fromisoformat(text)
            return (0, moment.timestamp() * 1000, "")
        except ValueError:
            pass
    return (1, 0.0, text.lower())


def _contains_token(entry: Filter, actual: str) -> bool:
    pattern = re.escape(entry.value.lower()).replace(r"\*", ".*")
    tokens = [*re.split(r"[\s@.,;/_-]+", actual.lower()), actual.lower()]
    return any(re.fullmatch(pattern, token) for token in tokens)


_COMPARISONS: dict[str, Callable[[Filter, str], bool]] = {
    "EQ": lambda entry, actual: _order(actual) == _order(entry.value),
    "LT": lambda entry, actual: _order(actual) < _order(entry.value),
    "LTE": lambda entry, actual: _order(actual) <= _order(entry.value),
    "GT": lambda entry, actual: _order(actual) > _order(entry.value),
    "GTE": lambda entry, actual: _order(actual) >= _order(entry.value),
    "BETWEEN": lambda entry, actual: _order(entry.value) <= _order(actual) <= _order(entry.high),
    # Values of IN must be given in lower case for texts, or they match nothing (hubspot.md 5.7, A).
    "IN": lambda entry, actual: actual.lower() in entry.values,
    "CONTAINS_TOKEN": _contains_token,
}
