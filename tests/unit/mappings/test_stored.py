"""Stored mappings: what is read is what was written, and JSON that anybody may have edited breaks nothing."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretix_hubspot.mappings.options import StoredFilters, StoredOptions
from pretix_hubspot.mappings.reading import Problem
from pretix_hubspot.mappings.stored import StoredAssociation, StoredMapping, StoredPipeline, StoredRow
from pretix_hubspot.sources.registry import SOURCES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)
ROW = {"pretix_field": "email", "external_field": "email", "overwrite": "overwrite", "value_map": ""}
FILTERS = {
    "paid": True,
    "sales_channels": ["web"],
    "items": [1, 2],
    "variations": [3],
    "categories": [4],
    "subevents": [5],
    "answers": [["SIZE", "s"], ["NEWS", ""]],
}
WHOLE = {
    "pretix_model": "OrderPosition",
    "external_object_type": "contacts",
    "pretix_id_field": "attendee_email",
    "external_id_field": "email",
    "property_mappings": [
        ROW,
        {**ROW, "pretix_field": "question_SIZE", "value_map": '{"s": "small", "x": ""}', "overwrite": "append"},
        {**ROW, "pretix_field": "constant_text", "text": "Guest", "overwrite": "if_new"},
        {**ROW, "pretix_field": "sales_channel", "choices": "labels", "overwrite": "if_empty"},
        {**ROW, "empty": "leave"},
    ],
    "association_mappings": [{"mapping": 1}, {"mapping": 2, "label": "Buyer", "type": "USER_DEFINED:12", "portal": 0}],
    "pipeline": {"pipeline": "default", "stages": {"n": "open", "p": "won"}},
    "options": {
        "filters": FILTERS,
        "canceled": "leave",
        "replaced": "detach",
        "same_address": "newest",
        "language": "de",
        "lenient": True,
        "labels": True,
    },
    "made_for_portal": 99,
}
BARE = {"pretix_model": "Order", "external_object_type": "deals", "pretix_id_field": "", "external_id_field": ""} | {
    "property_mappings": [],
    "association_mappings": [],
    "pipeline": {},
    "options": {},
}


@pytest.mark.parametrize("data", [WHOLE, BARE])
def test_what_is_written_is_what_was_read(data):
    assert StoredMapping.from_json(data).to_json() == data
    assert list(StoredMapping.problems(data, SOURCES, earlier=[1, 2])) == []


def test_what_was_never_stored_has_its_default():
    assert StoredMapping.from_json({"pretix_model": "Order", "external_object_type": "deals"}) == StoredMapping(
        "Order", "deals"
    )
    assert StoredPipeline.from_json({"pipeline": "default"}) == StoredPipeline("default", {})


def test_the_columns_of_the_model():
    assert StoredMapping.of(SimpleNamespace(pk=7, revision=3, **WHOLE)) == StoredMapping.from_json(WHOLE)


def test_no_pipeline_is_chosen():
    assert [bool(StoredMapping.from_json(data).pipeline) for data in (WHOLE, BARE)] == [True, False]


@pytest.mark.parametrize(
    ("stored", "mapping"),
    [(7, 7), ("7", 7), (str(2**63 - 1), 2**63 - 1), ("9" * 5_000, 0), (-1, 0), (2**63, 0), (None, 0)],
)
def test_keys_of_earlier_mappings(stored, mapping):
    assert StoredAssociation.from_json({"mapping": stored}).mapping == mapping


def test_fields_and_properties():
    stored = StoredMapping.from_json(WHOLE)

    assert stored.fields == {"attendee_email", "email", "question_SIZE", "constant_text", "sales_channel"}
    assert stored.properties == ("email",)
    assert StoredMapping("Order", "contacts", rows=(StoredRow("email", "email"), StoredRow("name", ""))).properties == (
        "email",
    )
    assert [row.constant for row in stored.rows] == [None, None, "Guest", None, None]


@given(JSON)
def test_any_json_is_read(data):
    for kind in (StoredRow, StoredAssociation, StoredPipeline, StoredFilters, StoredOptions, StoredMapping):
        stored = kind.from_json(data)
        assert kind.from_json(stored.to_json()) == stored
    list(StoredMapping.problems(data, SOURCES, range(3)))


@given(st.sampled_from(sorted(WHOLE)), JSON)
def test_what_has_no_problem_is_kept_as_it_is(name, value):
    data = {**BARE, "external_object_type": "contacts", name: value}
    if not list(StoredMapping.problems(data, SOURCES)):
        assert StoredMapping.from_json(data).to_json()[name] == (value or BARE.get(name, value))


@pytest.mark.parametrize(
    "change, problem",
    [
        ([], Problem("mapping")),
        ({"more": 1, "also": 2}, Problem("unknown_entries", "also, more")),
        ({"pretix_model": "Voucher"}, Problem("source")),
        ({"pretix_model": None}, Problem("source")),
        ({"external_object_type": ""}, Problem("lacks", "external_object_type")),
        ({"external_object_type": ".."}, Problem("text", "external_object_type")),
        ({"external_object_type": "contacts/1"}, Problem("text", "external_object_type")),
        ({"external_id_field": 7}, Problem("text", "external_id_field")),
        ({"pretix_id_field": "x" * 190}, None),
        ({"pretix_id_field": "x" * 191}, Problem("text", "pretix_id_field")),
        ({"property_mappings": {}}, Problem("rows")),
        ({"property_mappings": ["row"]}, Problem("rows")),
        ({"property_mappings": [{**ROW, "external_field": ""}]}, Problem("row_incomplete")),
        ({"property_mappings": [{**ROW, "overwrite": "delete"}]}, Problem("row_mode")),
        ({"property_mappings": [{**ROW, "text": "left over"}]}, Problem("row_text")),
        ({"property_mappings": [{**ROW, "pretix_field": "constant_text", "text": " "}]}, Problem("row_text")),
        ({"property_mappings": [{**ROW, "pretix_field": "constant_text", "text": "x" * 1000}]}, None),
        ({"property_mappings": [{**ROW, "pretix_field": "constant_text", "text": "x" * 1001}]}, Problem("row_text")),
        ({"property_mappings": [{**ROW, "choices": ["labels"]}]}, Problem("row_text")),
        ({"property_mappings": [{**ROW, "empty": "clear"}]}, Problem("row_empty")),
        ({"property_mappings": [{**ROW, "value_map": {}}, {**ROW, "value_map": []}]}, None),
        ({"property_mappings": [{**ROW, "value_map": {"s": "t"}}]}, Problem("value_map")),
        ({"property_mappings": [{**ROW, "value_map": "[]"}]}, Problem("value_map")),
        ({"property_mappings": [{**ROW, "value_map": "[" * 100_000}]}, Problem("value_map")),
        ({"association_mappings": "all"}, Problem("associations")),
        ({"association_mappings": [1]}, Problem("association_not_earlier")),
        ({"association_mappings": [{"mapping": 9}]}, Problem("association_not_earlier")),
        ({"association_mappings": [{"mapping": True}]}, Problem("association_not_earlier")),
        ({"association_mappings": [{"mapping": 1}, {"mapping": 1}]}, Problem("associations")),
        ({"association_mappings": [{"mapping": 1, "more": 1}]}, Problem("associations")),
        ({"association_mappings": [{"mapping": 1, "label": "x" * 50}]}, None),
        ({"association_mappings": [{"mapping": 1, "label": "x" * 51}]}, Problem("associations")),
        ({"association_mappings": [{"mapping": 1, "label": ["Buyer"]}]}, Problem("associations")),
        ({"pipeline": "default"}, Problem("pipeline")),
        ({"pipeline": {"stages": {"p": "won"}}}, Problem("pipeline")),
        ({"pipeline": {"pipeline": "default", "stages": {"x": "won"}}}, Problem("pipeline")),
        ({"pipeline": {"pipeline": "default", "stages": {"p": ""}}}, Problem("pipeline")),
        ({"options": [1]}, Problem("options")),
        ({"options": {"canceled": "shout"}}, Problem("option", "canceled")),
        ({"options": {"more": True}}, Problem("option", "more")),
        ({"options": {"lenient": 1}}, Problem("option", "lenient")),
        ({"options": {"language": "x" * 20}}, None),
        ({"options": {"language": "x" * 21}}, Problem("option", "language")),
        ({"made_for_portal": True}, Problem("option", "made_for_portal")),
        ({"made_for_portal": -1}, Problem("option", "made_for_portal")),
        ({"options": {"filters": {"items": [2**63 - 1]}}}, None),
        ({"options": {"filters": {"items": [2**63]}}}, Problem("option", "filters")),
        ({"options": {"filters": []}}, Problem("option", "filters")),
        ({"options": {"filters": {"more": True}}}, Problem("option", "filters")),
        ({"options": {"filters": {"paid": 1}}}, Problem("option", "filters")),
        ({"options": {"filters": {"items": [True]}}}, Problem("option", "filters")),
        ({"options": {"filters": {"sales_channels": [1]}}}, Problem("option", "filters")),
        ({"options": {"filters": {"answers": [["SIZE"]]}}}, Problem("option", "filters")),
    ],
)
def test_problems(change, problem):
    data = {**WHOLE, **change} if isinstance(change, dict) else change

    found = list(StoredMapping.problems(data, SOURCES, earlier=[1, 2]))

    assert found[:1] == ([problem] if problem else [])


def test_associations_with_other_numbers():
    stored = StoredMapping.from_json(WHOLE).associated({2: 20})

    assert stored.associations == (StoredAssociation(20, "Buyer", "USER_DEFINED:12", 0),)


def test_filters_that_a_source_cannot_meet_are_left_out():
    whole = StoredFilters(paid=True, admission=True, items=(1, 2), answers=(("SIZE", ""),), sales_channels=("web",))

    assert whole.only({"paid", "items"}) == StoredFilters(paid=True, items=(1, 2))
