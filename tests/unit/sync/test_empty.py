"""Overwrite where pretix has no value: it empties what HubSpot has only if the row says so."""

from dataclasses import replace

import pytest

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.sources.snapshot import OrderSnapshot
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.values.merge import merge
from pretix_hubspot.values.rows import APPEND, IF_EMPTY, IF_NEW, OVERWRITE, MappingRow
from tests.unit.sync.test_plan import BUYER, ORDER_7

TEXT = PropertyDefinition("p", "P", "string", "text")
SIZES = PropertyDefinition("p", "P", "enumeration", "select", options=(Option("s", "S"), Option("m", "M")))
BOXES = replace(SIZES, field_type="checkbox")
MAP = {"small": "s", "none": ""}


def sent(value, definition, keeps, mode=OVERWRITE, source_type="S", value_map=None, held="old"):
    """The change of a record that holds ``held``."""
    row = MappingRow("name", source_type, "p", definition, mode, value_map, keeps=keeps)
    values = {"email": "ada@example.org", "name": value}
    plan = build_plan(1, [((replace(BUYER, rows=(row,)),), (OrderSnapshot(7, "A1", "p", False, values, ()),))])
    [record] = plan.records.values()
    return merge(record.rows(), {"p": held}).changes.get("p")


@pytest.mark.parametrize(
    ("value", "definition", "source_type", "value_map"),
    [
        (None, TEXT, "S", None),
        ("", TEXT, "S", None),
        (" \n", TEXT, "T", None),
        ([], SIZES, "C", None),
        ([], SIZES, "C", MAP),
        (None, SIZES, "C", MAP),
        ([], BOXES, "M", MAP),
        (None, TEXT, "B", None),
        (None, PropertyDefinition("p", "P", "date", "date"), "D", None),
        (None, PropertyDefinition("p", "P", "number", "number"), "N", None),
        ("", SIZES, "CC", None),
    ],
)
def test_no_value_empties_only_where_the_row_says_so(value, definition, source_type, value_map):
    results = [sent(value, definition, keeps, OVERWRITE, source_type, value_map) for keeps in (False, True)]

    assert results == ["", None]


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize(
    ("value", "definition", "source_type", "value_map", "written"),
    [
        ("new", TEXT, "S", None, "new"),
        (False, TEXT, "B", None, "false"),
        ("0", PropertyDefinition("p", "P", "number", "number"), "N", None, "0"),
        (["small"], SIZES, "C", MAP, "s"),
        (["none"], SIZES, "C", MAP, ""),
        (["none"], BOXES, "M", MAP, ""),
    ],
)
def test_a_value_is_written_even_one_that_is_mapped_to_nothing(
    keeps, value, definition, source_type, value_map, written
):
    assert sent(value, definition, keeps, OVERWRITE, source_type, value_map) == written


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("mode", [IF_NEW, IF_EMPTY, APPEND])
def test_no_other_mode_empties(mode, keeps):
    assert sent("", TEXT, keeps, mode) is None


def test_what_an_earlier_row_wrote_stays():
    rows = tuple(
        MappingRow(name, "S", "p", TEXT, mode, keeps=True) for name, mode in (("name", IF_EMPTY), ("city", OVERWRITE))
    )
    values = {"email": "ada@example.org", "name": "Ada", "city": ""}

    plan = build_plan(1, [((replace(BUYER, rows=rows),), (OrderSnapshot(7, "A1", "p", False, values, ()),))])

    [record] = plan.records.values()
    assert merge(record.rows(), {"p": ""}).changes == {"p": "Ada"}


def test_the_choice_is_a_change_that_is_sent():
    rows = [MappingRow("name", "S", "p", TEXT, OVERWRITE, keeps=keeps) for keeps in (False, True)]
    orders = [OrderSnapshot(7, "A1", "p", False, {"email": "ada@example.org", "name": ""}, ())]

    plans = [build_plan(1, [((replace(BUYER, rows=(row,)),), orders)]) for row in rows]

    assert plans[0].subjects[ORDER_7].fingerprint != plans[1].subjects[ORDER_7].fingerprint
