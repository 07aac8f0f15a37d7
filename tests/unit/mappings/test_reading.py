"""JSON that anybody may have written."""

import json

import pytest

from pretix_hubspot.mappings import reading


def test_json_is_read():
    assert reading.parse(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000])
def test_what_is_no_json_has_one_error(content):
    with pytest.raises(ValueError):
        reading.parse(content)


@pytest.mark.parametrize("content", ["NaN", '{"a": Infinity}', "[-Infinity]"])
def test_numbers_that_are_none_are_no_json_where_pretix_has_taken_them_away(content, monkeypatch):
    def without(content):
        raise KeyError("NaN")

    monkeypatch.setattr(json, "loads", without)

    with pytest.raises(ValueError):
        reading.parse(content)


@pytest.mark.parametrize("stored", ["NaN", "[" * 100_000, '["a"]', 7])
def test_a_value_map_that_makes_no_sense_is_empty(stored):
    assert reading.value_map(stored) == {}
