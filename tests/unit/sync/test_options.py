"""Filters as literals: who is left out, and the reason."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pretix_hubspot.mappings.filters import question_fields, reason
from pretix_hubspot.mappings.spec import Filters, MappingOptions
from pretix_hubspot.sources.snapshot import OrderSnapshot, PositionSnapshot
from pretix_hubspot.sync.plan.planner import build_plan
from tests.unit.sync.test_plan import ATTENDEE, BUYER, DEAL, ORDER_7

TICKET, WORKSHOP, MUG = 1, 2, 3


def position(pk=70, item=TICKET, price=10, canceled=False, answers=None, **more):
    values = {f"question_{key}": value for key, value in (answers or {}).items()}
    values |= {"attendee_email": f"p{pk}@example.org", "attendee": "Hopper"}
    return PositionSnapshot(pk, pk, canceled, values, item=item, price=Decimal(price), **more)


def order(*positions, pk=7, status="p", total=10, **more):
    values = {"email": "ada@example.org", "name": "Lovelace", "order_key": f"ORG/EV/C{pk}", "code": f"C{pk}"}
    return OrderSnapshot(pk, f"C{pk}", status, False, values, positions, total=Decimal(total), **more)


def of_order(filters, *positions, was_sent=False, **more):
    return reason(filters, order(*positions, **more), None, was_sent)


def of_position(filters, wanted, **more):
    return reason(filters, order(wanted, **more), wanted, False)


@pytest.mark.parametrize(
    "filters, fits, fails, why",
    [
        (Filters(paid=True), {"status": "p"}, {"status": "n"}, "filter_paid"),
        (Filters(value=True), {"total": "0.01"}, {"total": 0}, "filter_value"),
        (Filters(account=True), {"has_account": True}, {}, "filter_account"),
        (Filters(channels=frozenset({4})), {"sales_channel": 4}, {"sales_channel": 5}, "filter_channel"),
    ],
)
def test_orders(filters, fits, fails, why):
    assert of_order(filters, position(), **fits) == ""
    assert of_order(filters, position(), **fails) == why
    if why != "filter_value":
        assert of_position(filters, position(), **fails) == why


@pytest.mark.parametrize(
    "filters, fits, fails, why",
    [
        (Filters(value=True), {"price": 1}, {"price": 0}, "filter_value"),
        (Filters(items=frozenset({TICKET})), {"item": TICKET}, {"item": MUG}, "filter_product"),
        (
            Filters(items=frozenset({TICKET}), variations=frozenset({31})),
            {"item": MUG, "variation": 31},
            {"item": MUG, "variation": 32},
            "filter_product",
        ),
        (Filters(admission_items=frozenset({TICKET})), {"item": TICKET}, {"item": MUG}, "filter_admission"),
        (Filters(subevents=frozenset({5})), {"subevent": 5}, {"subevent": 6}, "filter_date"),
        (Filters(answers=(("Q", ""),)), {"answers": {"Q": "yes"}}, {"answers": {"Q": ""}}, "filter_answer"),
        (Filters(answers=(("Q", ""),)), {"answers": {"Q": True}}, {"answers": {"Q": False}}, "filter_answer"),
        (Filters(answers=(("Q", ""),)), {"answers": {"Q": ["A"]}}, {"answers": {"Q": []}}, "filter_answer"),
        (Filters(answers=(("Q", "A"),)), {"answers": {"Q": ["B", "A"]}}, {"answers": {"Q": ["B"]}}, "filter_answer"),
        (Filters(answers=(("Q", "A"),)), {"answers": {"Q": "A"}}, {"answers": {"Q": "B"}}, "filter_answer"),
        (Filters(answers=(("Q", "A"), ("R", ""))), {"answers": {"R": "x"}}, {"answers": {}}, "filter_answer"),
    ],
)
def test_positions(filters, fits, fails, why):
    assert of_position(filters, position(**fits)) == ""
    assert of_position(filters, position(**fails)) == why
    if why != "filter_value":
        assert of_order(filters, position(71, **fails), position(**fits)) == "", "one position is enough"
        assert of_order(filters, position(**fails), position(71, **fails)) == why


def test_answers_that_filters_look_at_have_to_be_read():
    assert question_fields(Filters(answers=(("Q", "A"), ("Q", "B"), ("R", "")))) == {"question_Q", "question_R"}
    assert question_fields(Filters(paid=True)) == frozenset()


def test_an_answer_of_the_order_is_enough_for_all_of_its_positions():
    filters, answered = Filters(answers=(("Q", "A"),)), {"question_Q": "A"}
    read = OrderSnapshot(1, "A1", "p", False, answered, (position(),))
    assert reason(filters, read, None, False) == reason(filters, read, read.positions[0], False) == ""
    assert reason(replace(filters, items=frozenset({MUG})), read, None, False) == "filter_product"
    assert reason(filters, replace(read, values={"question_Q": "B"}), None, False) == "filter_answer"


def test_one_position_has_to_meet_all_conditions():
    filters = Filters(items=frozenset({TICKET}), answers=(("Q", ""),))
    apart = [position(70, TICKET), position(71, MUG, answers={"Q": "yes"})]
    assert of_order(filters, *apart) == "filter_answer"


def test_canceled_positions_speak_for_an_order_that_has_no_others():
    filters = Filters(items=frozenset({TICKET}))
    assert of_order(filters, position(canceled=True)) == ""
    assert of_order(filters, position(canceled=True), position(71, MUG)) == "filter_product"


def test_an_order_without_positions_meets_no_condition_about_them():
    assert of_order(Filters(items=frozenset({TICKET}))) == "filter_product"
    assert of_order(Filters(paid=True)) == ""


def test_an_order_that_was_sent_while_paid_is_kept_up_to_date():
    assert of_order(Filters(paid=True), position(), status="c") == "filter_paid"
    assert of_order(Filters(paid=True), position(), status="c", was_sent=True) == ""
    assert of_order(Filters(paid=True, account=True), position(), status="c", was_sent=True) == "filter_account"


def filtered(spec, **conditions):
    return replace(spec, options=MappingOptions(Filters(**conditions)))


def plan_of(*specs, of=None, **more):
    return build_plan(99, [(specs, [of or order(position(), position(71, MUG))])], **more)


def test_a_plan_says_who_is_left_out_and_why():
    plan = plan_of(filtered(ATTENDEE, items=frozenset({TICKET})), DEAL)
    assert [record.id_value for record in plan.records.values()] == ["p70@example.org", "ORG/EV/C7"]
    assert [vars(item) for item in plan.subjects[ORDER_7].filtered] == [
        {"mapping": 2, "part": 71, "reason": "filter_product"}
    ]
    assert plan.subjects[ORDER_7].excluded == "", "something is sent"


def test_an_order_is_excluded_when_nothing_is_left():
    paid = filtered(BUYER, paid=True)
    pending = order(position(), status="n")
    assert plan_of(paid, of=pending).subjects[ORDER_7].excluded == "filter_paid"
    assert plan_of(paid, filtered(ATTENDEE, account=True), of=pending).subjects[ORDER_7].excluded == "filters"
    assert plan_of(paid, of=pending, sent_before=frozenset({(7, 1)})).subjects[ORDER_7].excluded == ""
    assert plan_of(BUYER).subjects[ORDER_7].excluded == ""


def test_the_fingerprint_knows_who_is_left_out():
    one = filtered(ATTENDEE, items=frozenset({TICKET}))
    other = filtered(ATTENDEE, items=frozenset({MUG}))
    assert plan_of(one).subjects[ORDER_7].fingerprint != plan_of(other).subjects[ORDER_7].fingerprint


SIZE = replace(BUYER.rows[0], source_type="N", property=replace(BUYER.rows[0].property, type="number"))


def test_a_value_that_does_not_fit_withholds_the_record_or_is_left_out():
    strict = replace(BUYER, rows=(BUYER.rows[0], replace(SIZE, source_type="S", field="email")))
    lenient = replace(strict, options=MappingOptions(lenient=True))
    assert [w.refusal.code for w in plan_of(strict).subjects[ORDER_7].withheld] == ["not_a_number"]
    plan = plan_of(lenient)
    [record] = plan.records.values()
    assert plan.subjects[ORDER_7].withheld == []
    assert [row.value for row in record.rows()] == ["Lovelace"]
    assert [refusal.code for refusal in record.left_out(ORDER_7, 1, None)] == ["not_a_number"]
    without_rows = plan_of(replace(BUYER, options=MappingOptions(lenient=True)))
    assert plan.subjects[ORDER_7].fingerprint != without_rows.subjects[ORDER_7].fingerprint


def test_a_broken_mapping_is_no_matter_of_values():
    broken = replace(BUYER, rows=(replace(BUYER.rows[0], property=None),), options=MappingOptions(lenient=True))
    assert [w.refusal.code for w in plan_of(broken).subjects[ORDER_7].withheld] == ["unknown_property"]


def test_each_mapping_reads_the_order_in_its_language():
    german = replace(order(position()), values={**order().values, "name": "Gräfin"})
    both = replace(order(position()), translated={1: german})
    names = [record.rows()[0].value for record in plan_of(BUYER, DEAL, of=both).records.values()]
    assert names == ["Gräfin", "C7"]
