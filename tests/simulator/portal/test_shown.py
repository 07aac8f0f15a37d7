"""What a person sees on a record's page, which is not always what is stored."""

import urllib.request

import pytest

from hubspot_simulator import Option, Property, Simulator

DEAL = {"dealname": "A1", "dealstage": "closedwon", "pipeline": "default"}
#: The group of a property, and what a record must have.
WANTED = {"contacts": ("contactinformation", {"email": "ann@example.org"}), "deals": ("dealinformation", DEAL)}
YES_NO = [("true", "Yes"), ("false", "No")]


@pytest.fixture
def simulator():
    return Simulator(rate_limit=None, property_lag_ms=0, time_zone="America/New_York")


def seen(simulator, value, kind, field_type, object_type="contacts", options=(), hints=None, **more):
    listed = [Option(name, label, place) for place, (name, label) in enumerate(options)]
    group, must = WANTED[object_type]
    definition = Property("field", "Field", kind, field_type, group, options=listed, hints=hints or {})
    simulator.portal.schema.create(object_type, definition)
    return simulator.shown(simulator.record(object_type, **{**must, "field": value, **more}), "field")


@pytest.mark.parametrize(
    ("kind", "field_type", "value", "expected"),
    [
        ("string", "text", "one\ntwo", "one two"),
        ("string", "textarea", "one\ntwo", "one\ntwo"),
        ("string", "html", "one\ntwo", "one two"),
        ("string", "html", "<p>one &lt; <b>two</b></p>three<br>four", "one < two\nthree\nfour"),
        ("number", "number", "1234.50", "1,234.5"),
        ("number", "number", "-12", "-12"),
        ("date", "date", "2027-07-04", "2027-07-04"),
        ("datetime", "date", "2027-07-04T00:00:00Z", "2027-07-03 20:00"),
        ("datetime", "date", "2027-01-04T12:00:00Z", "2027-01-04 07:00"),
        ("bool", "booleancheckbox", "true", "Yes"),
    ],
)
def test_types(simulator, kind, field_type, value, expected):
    assert seen(simulator, value, kind, field_type, options=YES_NO if kind == "bool" else ()) == expected


def test_a_moment_after_the_last_year_of_the_account_shows_as_stored():
    simulator = Simulator(property_lag_ms=0, time_zone="Asia/Tokyo")

    assert seen(simulator, "9999-12-31T23:00:00Z", "datetime", "date") == "9999-12-31T23:00:00Z"


def test_options_by_their_labels(simulator):
    sizes = [("S", "Small"), ("L", "Large")]

    assert seen(simulator, "S;L", "enumeration", "checkbox", options=sizes) == "Small; Large"


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        ("percentage", "0.19", "19%"),
        ("percentage", "19", "1,900%"),
        ("probability", "0.5", "50%"),
        ("duration", "5400000", "1 h 30 min"),
        ("duration", "90", "90 ms"),
        ("duration", "0", "0 s"),
        ("currency", "30000", "EUR 30,000.00"),
        ("unformatted", "30000", "30000"),
        ("formatted", "30000", "30,000"),
    ],
)
def test_hints(simulator, hint, value, expected):
    assert seen(simulator, value, "number", "number", hints={"numberDisplayHint": hint}) == expected


def test_a_portal_may_keep_whole_percentages(simulator):
    simulator.switches.change(percentages="whole")

    assert seen(simulator, "19", "number", "number", hints={"numberDisplayHint": "percentage"}) == "19%"


@pytest.mark.parametrize(
    ("hints", "more", "expected"),
    [
        ({"showCurrencySymbol": True}, {}, "EUR 5.00"),
        ({"showCurrencySymbol": True}, {"deal_currency_code": "CHF"}, "CHF 5.00"),
        ({"currencyPropertyName": "dealname"}, {"dealname": "USD", "deal_currency_code": "CHF"}, "USD 5.00"),
    ],
)
def test_an_amount_is_in_the_currency_of_its_record(simulator, hints, more, expected):
    assert seen(simulator, "5", "number", "number", "deals", hints=hints, **more) == expected


def test_a_field_without_a_value_or_a_definition_shows_what_it_holds(simulator):
    record = simulator.record("contacts", email="ann@example.org")

    assert [simulator.shown(record, name) for name in ("email", "phone", "nothing")] == ["ann@example.org", "", ""]


def test_the_page_of_a_record_shows_it(simulator):

    deal = simulator.record("deals", **DEAL, amount="5", deal_currency_code="CHF")
    with simulator.serve() as url:
        page = urllib.request.urlopen(f"{url}/contacts/{simulator.portal.id}/record/0-3/{deal.id}").read().decode()

    assert 'CHF 5.00<br><small class="quiet">5</small>' in page
