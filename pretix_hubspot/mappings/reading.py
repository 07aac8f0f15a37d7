"""Total readers for JSON that users may have edited. Pure."""

import json
from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple

MAX_NAME = 190
#: Entries of a value map, or of a list in a filter.
MAX_ENTRIES = 2_000
#: The largest number that a database takes for a key, and how many digits it has.
MAX_KEY, MAX_DIGITS = 2**63 - 1, 19

#: Whether a value of JSON has the expected type.
Check = Callable[[Any], bool]


class Problem(NamedTuple):
    """One mistake in JSON of a mapping: a code, and the names that the sentence needs."""

    code: str
    names: str = ""


def parse(content: str | bytes) -> Any:
    """Read JSON. Raises ``ValueError`` for anything invalid, NaN, infinity and endless nesting included.

    pretix removes NaN and infinity from Python's reader, which then fails with a ``KeyError``.
    """
    try:
        return json.loads(content)
    except (KeyError, RecursionError):
        raise ValueError("not JSON") from None


def text(value: Any) -> str:
    return value if is_text(value) else ""


def is_text(value: Any) -> bool:
    return isinstance(value, str) and not is_odd(value)


def is_odd(value: str) -> bool:
    """Whether a text holds characters that no database and no request can hold: NUL, or half of a character."""
    return "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)


def holds_odd_text(data: Any) -> bool:
    """Whether any text of JSON is odd; without recursion, however deep it is."""
    left = [data]
    while left:
        value = left.pop()
        if isinstance(value, str) and is_odd(value):
            return True
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
    return False


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def entries(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def number(value: Any) -> int:
    """A primary key, also as text; 0 for other values."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        value = int(value)
    return value if is_pk(value) else 0


def is_pk(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_KEY


def portal(value: Any) -> int | None:
    """The id of a HubSpot account; 0 is an unknown one."""
    return value if is_pk(value) else None


def is_name(value: Any) -> bool:
    """Whether this may be the name of a field, property, stage or mode."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def one_of(words: Container[str]) -> Check:
    return lambda value: value in words


def list_of(is_one: Check) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= MAX_ENTRIES and all(map(is_one, value))


def is_pair(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(part, str) and not is_odd(part) for part in value)
    )


def value_map(stored: Any) -> dict[str, str]:
    """The valid part of a value map, which core's formset keeps as JSON text."""
    try:
        data = parse(stored) if isinstance(stored, str) and stored else stored
    except ValueError:
        return {}
    return {key: value for key, value in entries(data).items() if isinstance(value, str) and not is_odd(key + value)}


def problems_of_list(value: Any, code: str, problems: Callable[[Any], Iterator[Problem]]) -> Iterator[Problem]:
    """The mistakes in each entry of a list, or in a value that should be one."""
    if not isinstance(value, list):
        yield Problem(code)
    for entry in items(value):
        yield from problems(entry)
