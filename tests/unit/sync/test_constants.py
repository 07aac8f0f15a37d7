"""Constant texts: one value for every record, so the editor knows in advance whether it fits."""

from dataclasses import replace

import pytest

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.mappings.spec import MappingOptions
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.run.judge import judge
from pretix_hubspot.sync.send.outcome import Execution
from pretix_hubspot.values.convert import warning
from pretix_hubspot.values.rows import APPEND, OVERWRITE, MappingRow, Row
from tests.unit.sync.test_plan import ATTENDEE, BUYER, ORDER_7, order, position

OPTIONS = (Option("TRADE_SHOW", "Trade show"), Option("WEB", "Website"))
FORMS = {"enumeration": "select", "bool": "booleancheckbox", "phone_number": "phonenumber"}


def prop(kind, field_type="", **facts):
    options = OPTIONS if kind == "enumeration" else ()
    return PropertyDefinition("p", "P", kind, field_type or FORMS.get(kind, kind), options=options, **facts)


MANY = prop("enumeration", "checkbox")


@pytest.mark.parametrize(
    ("text", "definition", "sent"),
    [
        ("Summer Conference 2027", prop("string", "text"), "Summer Conference 2027"),
        ("<b>", prop("string", "html"), "&lt;b&gt;"),
        ("12.50", prop("number"), "12.50"),
        ("2027-06-30", prop("date"), "2027-06-30"),
        ("2027-06-30T18:00:00+02:00", prop("datetime"), "2027-06-30T16:00:00Z"),
        ("yes", prop("bool"), "true"),
        ("trade show", prop("enumeration"), "TRADE_SHOW"),
        ("WEB", prop("enumeration", "radio"), "WEB"),
        ("Website; Trade show", MANY, "WEB;TRADE_SHOW"),
        ("+49 30 123456", prop("phone_number"), "+49 30 123456"),
    ],
)
def test_what_fits_is_sent_and_does_not_warn(text, definition, sent):
    assert warning("S", definition, OVERWRITE, constant=text) is None
    assert planned(text, definition) == [Row(definition, sent, OVERWRITE)]


@pytest.mark.parametrize(
    ("text", "definition", "code"),
    [
        ("abc", prop("number"), "not_a_number"),
        ("soon", prop("date"), "not_a_date"),
        ("soon", prop("datetime"), "not_a_date"),
        ("perhaps", prop("bool"), "not_a_boolean"),
        ("Radio", prop("enumeration"), "no_option"),
        ("Website; Radio", MANY, "no_option"),
        ("call me", prop("phone_number"), "not_a_phone"),
    ],
)
def test_what_can_never_fit_warns_and_is_refused_as_a_fault_of_the_mapping(text, definition, code):
    found = warning("S", definition, OVERWRITE, constant=text)
    assert (found.code, found.params["constant"]) == (code, True)
    plan = plan_of(text, definition)
    [withheld] = plan.subjects[ORDER_7].withheld
    assert (withheld.refusal.code, withheld.refusal.params["constant"]) == (code, True)
    assert text not in str(withheld.refusal.params)
    execution = Execution(records={ORDER_7: {}}, associated={ORDER_7: set()}, association_errors={ORDER_7: {}})
    [verdict] = judge(plan, execution)
    assert verdict.mode == "config"


def test_a_field_that_takes_nothing_is_told_as_for_any_row():
    assert warning("S", prop("number", calculated=True), OVERWRITE, constant="1").code == "read_only_property"


def test_add_to_list():
    assert warning("S", MANY, APPEND, constant="Website") is None
    assert warning("S", prop("enumeration"), APPEND, constant="Website").code == "append_single"
    assert warning("S", prop("number"), APPEND, constant="1").code == "append_number"
    assert warning("S", prop("number"), APPEND, constant="abc").code == "not_a_number", "the graver worry"


def test_positions_get_it_as_well():
    spec = replace(ATTENDEE, rows=(constant("Guest", prop("string", "text")),))
    plan = build_plan(99, [((spec,), [order(positions=[position(1, "grace@example.org")])])])
    [record] = plan.records.values()
    assert [row.value for row in record.rows()] == ["Guest"]


def test_an_order_knows_nothing_of_it():
    """A value that an order happens to have under the same name is somebody else's."""
    plan = build_plan(99, [((buyer("Ours", prop("string", "text")),), [order(constant_text="Theirs")])])
    [record] = plan.records.values()
    assert [row.value for row in record.rows()] == ["Ours"]


def test_another_text_is_another_fingerprint():
    one, same, other = (plan_of(text, prop("string", "text")).subjects[ORDER_7].fingerprint for text in ("a", "a", "b"))
    assert one == same != other


def test_a_lenient_mapping_leaves_it_out():
    spec = replace(buyer("abc", prop("number")), options=MappingOptions(lenient=True))
    plan = build_plan(99, [((spec,), [order()])])
    [record] = plan.records.values()
    assert record.rows() == [] and [r.code for r in record.left_out(ORDER_7, 1, None)] == ["not_a_number"]


def constant(text, definition):
    return MappingRow("constant_text", "S", definition.name, definition, OVERWRITE, constant=text)


def buyer(text, definition):
    return replace(BUYER, rows=(constant(text, definition),))


def plan_of(text, definition):
    return build_plan(99, [((buyer(text, definition),), [order()])])


def planned(text, definition):
    [record] = plan_of(text, definition).records.values()
    return record.rows()
