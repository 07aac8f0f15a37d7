"""Total readers and redaction."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretix_hubspot.hubspot import json_reading

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_readers_are_total(value):
    assert isinstance(json_reading.mapping(value), dict)
    assert isinstance(json_reading.text(value), str)
    assert all(isinstance(found, str) and found for found in json_reading.texts(value))
    assert isinstance(json_reading.whole(value), int)
    assert isinstance(json_reading.flag(value), bool)
    assert all(isinstance(found, dict) for found in json_reading.objects(value))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": ' * 50_000,
        b"1" * 10_000,
        b'"\x00"',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
    ],
)
def test_unreadable_json_is_a_value_error(body):
    with pytest.raises(ValueError):
        json_reading.parse_json(body)


def test_text_that_no_database_stores_is_replaced():
    assert json_reading.parse_json(b'{"a\\u0000": ["\\ud800x", "\\ud83d\\ude00"]}') == {
        "a\ufffd": ["\ufffdx", "\U0001f600"]
    }


def test_constants_that_are_no_json_are_null():
    assert json_reading.parse_json(b"[NaN, -Infinity, 1]") == [None, None, 1]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Contact already exists. Existing ID: 123", "Contact already exists. Existing ID: 123"),
        ("Email address erika example.org is invalid", "Email address (redacted) is invalid"),
        ("no contact erika.m+x@example.org, sorry", "no contact (e-mail), sorry"),
        ("Duplicate IDs found in batch input: [a@b.c]", "Duplicate IDs found in batch input: [(e-mail)]"),
        ("see /contacts/erika%40example.org", "see (e-mail)"),
        ("key pat-eu1-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee is bad", "key (redacted) is bad"),
        ("token eu1-a1B2c3D4e5F6g7H8 expired", "token (redacted) expired"),
        ("Bearer abc.def", "(redacted)"),
        ("token CJSP5qf1KhICAQEYs-gDIIGOBii1hQIyGQAf3xBKmlwHjX7OIpuIFEavB2-qYAGQsF4 bad", "token (redacted) bad"),
        ("hs_v2_cumulative_time_in_appointmentscheduled", "hs_v2_cumulative_time_in_appointmentscheduled"),
        ("id a1b2c3d4-0000-4000-8000-000000000001", "id a1b2c3d4-0000-4000-8000-000000000001"),
        ("Unable to perform update/upsert by non-unique 0-3 property dealname",) * 2,
        ("lone \ud800 and \x00", "lone \ufffd and \ufffd"),
    ],
)
def test_redaction(message, expected):
    assert json_reading.redact(message) == expected


def test_redaction_is_bounded():
    start = time.perf_counter()
    for hostile in ("a" * 3_000_000, "@" * 1_000_000, "Email address " * 100_000, "A1-" * 100_000, "x@y" * 100_000):
        assert len(json_reading.redact(hostile)) <= json_reading.MAX_MESSAGE
    assert time.perf_counter() - start < 5


@given(st.text(max_size=30), st.emails(), st.text(max_size=30))
def test_no_address_survives(before, address, after):
    assert address not in json_reading.redact(f"{before} {address} {after}")
