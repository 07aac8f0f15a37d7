"""Copied mappings as literals: what has no counterpart is left out, and fails no order."""

from dataclasses import replace

import pytest

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.hubspot.errors import NotFound, ServerTrouble
from pretix_hubspot.sync.plan.plan import Filtered
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.values.rows import OVERWRITE, MappingRow
from tests.unit.sync.test_plan import BUYER, ORDER_7, order, prop, row

KIND = PropertyDefinition("kind", "Kind", "enumeration", "select", options=(Option("vip", "VIP"),))
NAME = row("name", "lastname")
LOST = MappingRow("_invalid_first_checkin_7", None, "seen", prop("seen"), OVERWRITE)
GONE = MappingRow("question_GONE", None, "seen", prop("seen"), OVERWRITE)
NO_PROPERTY = MappingRow("name", "S", "seen", None, OVERWRITE)
OWN_MAP = MappingRow("product", "C", "kind", KIND, OVERWRITE, {"1": "vip"})
LOST_MAP = replace(OWN_MAP, value_map={"_invalid_1": "vip"})
NO_OPTION = replace(OWN_MAP, value_map={"2": "other"})
NUMBER = MappingRow("name", "S", "age", PropertyDefinition("age", "Age", "number", "number"), OVERWRITE)


def planned(*rows, **facts):
    """What is sent, what is left out of it, and what is withheld."""
    spec = replace(BUYER, rows=(NAME, *rows), **facts)
    plan = build_plan(1, [((spec,), (order(product=["2"]),))])
    sent = [(r.property.name, r.value) for record in plan.records.values() for r in record.rows()]
    left_out = [refusal.code for record in plan.records.values() for refusal in record.left_out(ORDER_7, 1, None)]
    return sent, left_out, [withheld.refusal.code for withheld in plan.subjects[ORDER_7].withheld]


@pytest.mark.parametrize(("lost", "code"), [(LOST, "unknown_field"), (LOST_MAP, "option_not_mapped")])
@pytest.mark.parametrize("foreign", [False, True])
def test_what_a_copy_lost_is_left_out(lost, code, foreign):
    assert planned(lost, foreign=foreign) == ([("lastname", "Lovelace")], [code], [])


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (GONE, "unknown_field"),
        (NO_PROPERTY, "unknown_property"),
        (OWN_MAP, "option_not_mapped"),
        (NO_OPTION, "no_option"),
    ],
)
def test_what_another_portal_had_is_left_out_until_somebody_looks(missing, code):
    assert planned(missing) == ([], [], [code])
    assert planned(missing, foreign=True) == ([("lastname", "Lovelace")], [code], [])


def test_a_value_that_does_not_fit_is_the_orders_own_problem():
    assert planned(NUMBER, foreign=True) == ([], [], ["not_a_number"])


def test_a_copied_identifier_that_the_portal_lacks_sends_nothing_and_fails_nothing():
    identifier = MappingRow("email", "S", "customer_no", None, OVERWRITE)

    assert planned(identifier=identifier) == ([], [], ["unknown_property"])
    assert planned(identifier=identifier, foreign=True) == ([], [], [])


@pytest.mark.parametrize(("error", "withheld"), [(NotFound("gone"), False), (ServerTrouble("busy"), True)])
def test_a_copied_object_type_that_the_portal_lacks_is_left_out(error, withheld):
    spec = replace(BUYER, unreadable=error, foreign=True)

    plan = build_plan(1, [((spec,), (order(),))])

    assert bool(plan.subjects[ORDER_7].withheld) == withheld
    assert plan.subjects[ORDER_7].filtered == ([] if withheld else [Filtered(1, None, Exclusion.NO_ACCESS)])
