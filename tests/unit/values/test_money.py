"""Amounts: in which currency HubSpot reads them, and which of them it would misread."""

from dataclasses import replace

import pytest

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.mappings.spec import MappingSpec
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.snapshot import OrderSnapshot
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.values import convert, money
from pretix_hubspot.values.merge import merge
from pretix_hubspot.values.rows import (
    APPEND,
    IF_EMPTY,
    IF_NEW,
    NO_CONVENTIONS,
    OVERWRITE,
    Conventions,
    MappingRow,
    Refusal,
    Row,
)


def number(name, **hints):
    return PropertyDefinition(name, name.title(), "number", "number", **hints)


def text(name, **changes):
    return PropertyDefinition(name, name.title(), "string", "text", **changes)


AMOUNT, PLAIN, KEY = number("amount"), number("seats"), text("key")
CURRENCY = PropertyDefinition("deal_currency_code", "Currency", "enumeration", "select")
MINE = PropertyDefinition("my_currency", "Mine", "enumeration", "select")
EUROPE = Conventions(currency="EUR", portal_currency="EUR", portal_currencies=frozenset({"EUR", "CHF"}))


def event_in(currency, **changes):
    return replace(EUROPE, currency=currency, **changes)


@pytest.mark.parametrize(
    ("prop", "is_amount"),
    [
        (AMOUNT, True),
        *((number(name), True) for name in ("price", "discount", "annualrevenue", "total_revenue")),
        *((number(f"hs_{name}"), True) for name in ("total_price", "subtotal_price", "tax", "cost_of_goods_sold")),
        *((number(f"hs_{name}"), True) for name in ("order_discount", "cart_discount", "shipping_cost")),
        (number(""), False),
        (number("fee", show_currency_symbol=True), True),
        (number("fee", number_display_hint="currency"), True),
        (number("fee", currency_property_name="deal_currency_code"), True),
        (PLAIN, False),
        (number("share", number_display_hint="percentage"), False),
        (text("annualrevenue"), False),  # of contacts
    ],
)
def test_which_numbers_are_amounts(prop, is_amount):
    assert money.is_amount(prop) == is_amount


def row(prop=AMOUNT, field="order_total", conventions=EUROPE, mode=OVERWRITE, source_type="N", **more):
    return MappingRow(field, source_type, prop.name if prop else "gone", prop, mode, conventions=conventions, **more)


def currency_row(field="event_currency", **more):
    return MappingRow(field, "C", CURRENCY.name, CURRENCY, OVERWRITE, **more)


def read_in(*rows, object_type="deals", properties=(CURRENCY, MINE)):
    """The currency of the first row, and the property that has to go along with it."""
    first, *_ = money.with_currencies(object_type, rows, {prop.name: prop for prop in properties})
    return first.amount_in, first.currency and first.currency.name


@pytest.mark.parametrize(
    ("rows", "properties", "expected"),
    [
        # the portal has a place for the currency: it goes along, with or without a row
        ([row()], (CURRENCY,), ("EUR", "deal_currency_code")),
        ([row(conventions=event_in("CHF"))], (CURRENCY,), ("CHF", "deal_currency_code")),
        ([row(conventions=event_in("CHF")), currency_row()], (CURRENCY,), ("CHF", "deal_currency_code")),
        # the amount's own place for it
        ([row(number("fee", currency_property_name="my_currency"))], (MINE,), ("EUR", "my_currency")),
        # no place, or none that may be written
        ([row()], (), ("EUR", None)),
        ([row(conventions=event_in("CHF"))], (), ("EUR", None)),
        ([row(conventions=event_in("CHF"))], (replace(CURRENCY, read_only_value=True),), ("EUR", None)),
        # a currency that nobody enabled
        ([row(conventions=event_in("SEK"))], (CURRENCY,), ("EUR", None)),
        ([row(conventions=event_in("SEK")), currency_row()], (CURRENCY,), ("EUR", None)),
        # somebody else decides
        (
            [row(conventions=event_in("CHF")), currency_row("constant_text", constant="EUR ")],
            (CURRENCY,),
            ("EUR", None),
        ),
        ([row(conventions=event_in("CHF")), currency_row("question_Q")], (CURRENCY,), ("", None)),
        # one currency only
        ([row(conventions=replace(EUROPE, portal_currencies=frozenset({"EUR"})))], (CURRENCY,), ("EUR", None)),
        # no amount of the order
        ([row(PLAIN)], (CURRENCY,), ("", None)),
        ([row(None)], (CURRENCY,), ("", None)),
        ([row(constant="100")], (CURRENCY,), ("", None)),
        # a portal that did not say what it uses
        ([row(conventions=NO_CONVENTIONS)], (CURRENCY,), ("", None)),
    ],
)
def test_in_which_currency_hubspot_reads_an_amount(rows, properties, expected):
    assert read_in(*rows, properties=properties) == expected


def test_companies_have_no_currency_of_their_own():
    assert read_in(row(number("annualrevenue"), conventions=event_in("CHF")), object_type="companies") == ("EUR", None)


@pytest.mark.parametrize(
    ("mine", "amount_in", "code"),
    [
        ("EUR", "EUR", None),
        ("CHF", "CHF", None),
        ("SEK", "EUR", "currency_not_used"),
        ("CHF", "EUR", "currency_fixed"),
        ("SEK", "", None),
        ("", "EUR", None),
    ],
)
def test_foreign_amounts(mine, amount_in, code):
    found = money.foreign(AMOUNT, amount_in, event_in(mine))

    assert (found and found.code) == code
    assert convert.warning("N", AMOUNT, OVERWRITE, conventions=event_in(mine), amount_in=amount_in) == found
    assert convert.risk_of(row(conventions=event_in(mine), source_type="N", amount_in=amount_in)) == found


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (["SEK"], "currency_not_used"),
        ("SEK", "currency_not_used"),
        (["CHF"], "CHF"),
        ("kroner", "no_option"),
        (["CHF", "EUR"], "several_values"),
    ],
)
def test_a_currency_that_the_portal_does_not_use(value, code):
    source = "C" if isinstance(value, list) else "S"
    found = convert.convert(value, source, listing("EUR", "CHF", "SEK"), conventions=EUROPE)

    assert (found.code if isinstance(found, Refusal) else found) == code


def listing(*currencies):
    """Whatever the property lists."""
    return replace(CURRENCY, options=tuple(Option(code, code) for code in currencies))


def test_a_portal_that_says_nothing_takes_every_currency():
    assert convert.convert(["SEK"], "C", listing("SEK")) == "SEK"


def test_the_editor_is_warned_of_the_events_currency():
    found = convert.warning("C", listing("EUR"), OVERWRITE, [("SEK", "SEK")], conventions=EUROPE)

    assert (found.code, found.params["currency"]) == ("currency_not_used", "SEK")


# ---- planning


def plan_of(conventions, total="100.00", *, mode=OVERWRITE, more=(), properties=(CURRENCY,)):
    rows = money.with_currencies(
        "deals", (row(conventions=conventions, mode=mode), *more), {prop.name: prop for prop in properties}
    )
    spec = MappingSpec(3, ORDERS, "deals", MappingRow("order_key", "S", "key", KEY, OVERWRITE), rows)
    order = OrderSnapshot(7, "C7", "n", False, {"order_key": "K", "order_total": total, "event_currency": ["SEK"]}, ())
    plan = build_plan(99, [((spec,), (order,))])
    [record] = plan.records.values()
    return [(r.property.name, r.value, r.follows) for r in record.rows()][:-1], [
        refusal.code for refusal in record.left_out(order.subject, 3, None)
    ]


def test_an_amount_goes_with_its_currency():
    assert plan_of(EUROPE) == ([("amount", "100.00", ""), ("deal_currency_code", "EUR", "amount")], [])


def test_where_there_is_no_amount_there_is_no_currency():
    assert plan_of(EUROPE, "") == ([("amount", "", "")], [])


def test_what_hubspot_would_misread_is_left_out_and_the_rest_is_sent():
    assert plan_of(event_in("SEK")) == ([], ["currency_not_used"])
    assert plan_of(event_in("CHF"), properties=()) == ([], ["currency_fixed"])
    assert plan_of(event_in("SEK"), more=(currency_row(conventions=event_in("SEK")),)) == (
        [],
        ["currency_not_used", "currency_not_used"],
    )


# ---- merging: whose amount it is decides on its currency


@pytest.mark.parametrize(
    ("mode", "held", "changes"),
    [
        (OVERWRITE, None, {"amount": "100", "deal_currency_code": "CHF"}),
        (OVERWRITE, {}, {"amount": "100", "deal_currency_code": "CHF"}),
        (OVERWRITE, {"amount": "80", "deal_currency_code": "EUR"}, {"amount": "100", "deal_currency_code": "CHF"}),
        (OVERWRITE, {"amount": "100.0", "deal_currency_code": "EUR"}, {"deal_currency_code": "CHF"}),
        (OVERWRITE, {"amount": "100", "deal_currency_code": "CHF"}, {}),
        (IF_EMPTY, {"deal_currency_code": "EUR"}, {"amount": "100", "deal_currency_code": "CHF"}),
        (IF_EMPTY, {"amount": "80", "deal_currency_code": "EUR"}, {}),
        (IF_EMPTY, {"amount": "80"}, {}),
        (IF_NEW, {"amount": "80", "deal_currency_code": "EUR"}, {}),
        (IF_NEW, {"deal_currency_code": "EUR"}, {}),
        (APPEND, {"deal_currency_code": "EUR"}, {"amount": "100", "deal_currency_code": "CHF"}),
    ],
)
@pytest.mark.parametrize("said", [False, True], ids=["without a row", "with a row for the currency"])
def test_whose_amount_it_is_decides_on_the_currency(mode, held, changes, said):
    rows = [Row(AMOUNT, "100", mode), Row(CURRENCY, "CHF", OVERWRITE, follows="amount")]
    rows += [Row(CURRENCY, "CHF", mode)] if said else []

    assert merge(rows, held).changes == changes
