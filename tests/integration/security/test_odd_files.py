"""Mapping files with anything in them: a sentence, or mappings that can be stored and exported; never an exception."""

import copy
import json

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pretix_hubspot.mappings import mapping_file
from pretix_hubspot.mappings.store import SuggestionImpossible
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures
from tests.memory import traced

#: Bytes for a file, and for each byte of it.
OF_FILE, OF_BYTE = 3_000_000, 20
ODD = st.one_of(
    st.sampled_from(
        [None, True, False, 0, -1, 10**30, 1e308, float("nan"), "", "\x00", "\ud800", "..", "a" * 5_000, "[" * 5_000]
        + [[], {}, [[]], [None], {"": None}, {"a": {"b": {}}}, ["x"] * 500, "1" * 4_500, "contacts", "\u202e", "%s {0}"]
    ),
    st.text(max_size=30),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=6
    ),
)


def places(value, path=()):
    """Every place in a JSON value, as a path."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*path, key))


def changed(value, path, odd, removes):
    """The value with something odd in one place, or without it."""
    if not path:
        return odd
    found = copy.deepcopy(value)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    if removes and isinstance(inner, dict):
        del inner[path[-1]]
    else:
        inner[path[-1]] = odd
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_file_is_refused_in_words_or_can_be_stored(genuine, data):
    event, content = genuine
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(places(content), key=repr)))
        content = changed(content, path, data.draw(ODD), data.draw(st.booleans()))
    sent = json.dumps(content).encode()
    with traced() as used:
        try:
            with transaction.atomic():
                mapping_file.store(event.hubspot_connection, mapping_file.load(sent, event), None)
                transaction.set_rollback(True)
        except (mapping_file.FileProblem, SuggestionImpossible) as refusal:
            assert refusal.args

    assert used.peak < OF_FILE + OF_BYTE * len(sent)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=50).map(lambda text: text.encode("utf-8", "replace")))
)
def test_bytes_that_are_no_file(story, content):
    try:
        mapping_file.load(content, story.event)
    except mapping_file.FileProblem as refusal:
        assert str(refusal)
    else:
        raise AssertionError("that was a file")


@pytest.fixture
def genuine(story):
    """An event without mappings, and a file with some."""
    other = story.add_event("other")
    story.join(other)
    return other, mapping_file.dump(story.event)
