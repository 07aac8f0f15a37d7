"""What an event may map at most: one more is named."""

from dataclasses import replace

import pytest

from pretix_hubspot.mappings.limits import problems
from pretix_hubspot.mappings.reading import Problem, holds_odd_text, is_odd
from pretix_hubspot.mappings.stored import StoredMapping, StoredRow

MAPPING = StoredMapping("Order", "contacts")


def with_rows(*rows):
    return replace(MAPPING, rows=tuple(rows))


def rows(number, start=0):
    return [StoredRow("email", f"p{start + n}") for n in range(number)]


@pytest.mark.parametrize(
    "fits, too_much, problem",
    [
        ([MAPPING] * 50, [MAPPING] * 51, Problem("too_many_mappings")),
        ([with_rows(*rows(200))], [with_rows(*rows(201))], Problem("too_many_rows")),
        (
            [with_rows(*[StoredRow("email", "city")] * 10)] * 2,
            [with_rows(*[StoredRow("email", "city")] * 11)],
            Problem("too_many_rows_of_property", "city"),
        ),
        (
            [with_rows(*rows(100))] * 5,
            [*[with_rows(*rows(100))] * 5, with_rows(*rows(1))],
            Problem("too_many_rows_of_event"),
        ),
        (
            [with_rows(*[replace(row, text="x" * 1_000) for row in rows(10)])] * 2,
            [with_rows(*[replace(row, text="x" * 1_000) for row in rows(21)])],
            Problem("too_much_text_of_event"),
        ),
    ],
)
def test_limits(fits, too_much, problem):
    assert list(problems(fits)) == []
    assert list(problems(too_much)) == [problem]


@pytest.mark.parametrize("text", ["\0", "a\ud800", "\udfff", "\x00b"])
def test_odd_text(text):
    assert is_odd(text)
    assert holds_odd_text([{"a": [7, {text: None}]}])
    assert holds_odd_text({"a": {"b": ["c", text]}})


@pytest.mark.parametrize("text", ["", "ä", "😀", "\u2028", "\x1f", "\ufffd"])
def test_text_that_is_not_odd(text):
    assert not is_odd(text)
    assert not holds_odd_text([{text: [text, 7, None]}])
