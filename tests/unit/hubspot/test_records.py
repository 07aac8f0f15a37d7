"""Records, refusals and associations as they come over the wire."""

import pytest

from pretix_hubspot.hubspot.data import (
    AssociationPair,
    AssociationResult,
    AssociationType,
    BatchResult,
    InputError,
    Record,
    SearchResult,
)
from pretix_hubspot.hubspot.data.records import next_page

GUEST = AssociationType("USER_DEFINED", 36, "Guest")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {
                "id": 7,
                "properties": {"email": "a@b.c", "city": None, "age": 5},
                "objectWriteTraceId": "t",
                "url": "https://app.hubspot.com/7",
                "archived": True,
                "new": True,
                "warnings": [{"code": "w"}, "no object"],
            },
            Record(
                id="7",
                properties={"email": "a@b.c", "city": None, "age": "5"},
                trace_id="t",
                url="https://app.hubspot.com/7",
                archived=True,
                is_new=True,
                warnings=({"code": "w"},),
            ),
        ),
        ({"id": "7"}, Record("7", {}, None, None, False, None, ())),
        ({"id": "7", "new": False, "objectWriteTraceId": ["t", "u"], "url": ""}, Record("7", {}, "t", is_new=False)),
        ({"properties": {"email": "a@b.c"}}, None),
    ],
)
def test_records(data, expected):
    assert Record.from_json(data) == expected


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ({"objectWriteTraceId": ["t", "u"], "ids": ["1"]}, [("t", ("1",)), ("u", ("1",))]),
        ({"objectWriteTraceId": "t"}, [("t", ())]),
        ({"ids": ["1", "2"], "id": ["2"], "objectId": ["3"]}, [(None, ("1", "2", "3"))]),
        ({"fromObjectId": ["1"], "toObjectId": ["2"], "INVALID_OBJECT_IDS": ["3"]}, [(None, ("1", "2", "3"))]),
        ({"ids": [""]}, [(None, ())]),
        (None, [(None, ())]),
    ],
)
def test_whom_a_refusal_names(context, named):
    refusals = InputError.all_from_json([{"category": "CONFLICT", "context": context}, "no object"])

    assert [(refusal.trace_id, refusal.ids) for refusal in refusals] == named
    assert {refusal.error.category for refusal in refusals} == {"CONFLICT"}


def test_records_that_cannot_be_read_are_left_out_of_a_batch():
    result = BatchResult.from_json({"results": [{"id": "1"}, {"properties": {}}, None], "errors": [{}]}, "deals read")

    assert [record.id for record in result.records] == ["1"]
    assert [refusal.error.operation for refusal in result.errors] == ["deals read"]


def test_a_page_of_a_search():
    found = {"total": 3, "results": [{"id": "1"}], "paging": {"next": {"after": 10, "link": "https://elsewhere"}}}

    assert SearchResult.from_json(found) == SearchResult(3, (Record("1", {}),), "10")
    assert next_page({"paging": {"next": {"link": "https://elsewhere"}}}) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"category": "USER_DEFINED", "typeId": 36, "label": "Guest"},
            AssociationType("USER_DEFINED", 36, "Guest"),
        ),
        (
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 0},
            AssociationType("HUBSPOT_DEFINED", 0, None),
        ),
        ({"category": "USER_DEFINED", "label": "Guest"}, None),
    ],
)
def test_types_of_associations(data, expected):
    assert AssociationType.from_json(data) == expected


@pytest.mark.parametrize(
    ("row", "pairs"),
    [
        (
            {"from": {"id": "1"}, "to": [{"toObjectId": 2, "associationTypes": [{"typeId": 3}]}, {"id": "4"}, {}]},
            [AssociationPair("1", "2", (AssociationType("", 3),)), AssociationPair("1", "4")],
        ),
        (
            {
                "fromObjectId": 1,
                "toObjectId": 2,
                "associationSpec": {"associationCategory": "USER_DEFINED", "associationTypeId": 36, "label": "Guest"},
                "labels": ["Guest"],
            },
            [AssociationPair("1", "2", (GUEST,), ("Guest",))],
        ),
        ({"from": {"id": "1"}, "to": {"id": "2"}}, [AssociationPair("1", "2")]),
        ({"from": {"id": "1"}, "to": {}}, []),
        ({"to": {"id": "2"}}, []),
        ({"to": [{"id": "2"}]}, []),
    ],
)
def test_pairs_of_associated_records(row, pairs):
    assert AssociationResult.from_json({"results": [row]}).pairs == tuple(pairs)
