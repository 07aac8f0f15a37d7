"""Values and definitions: what is accepted, what comes back, what is refused (hubspot.md 4.1, 6)."""

import pytest

CONTACTS = "/crm/objects/V/contacts"
NEW = {"email": "a@example.org"}
ACCEPTED = [
    ("a_number", "1", "1"),
    ("a_number", "500.00", "500.0"),
    ("a_number", "19.90", "19.9"),
    ("a_number", 12, "12"),
    ("a_number", "-3.5", "-3.5"),
    ("a_date", "2026-11-21", "2026-11-21"),
    ("a_date", "1795219200000", "2026-11-21"),
    ("a_datetime", "2026-11-21T12:00:00+01:00", "2026-11-21T11:00:00Z"),
    ("a_datetime", "1795219200500", "2026-11-21T00:00:00.500Z"),
    ("a_bool", "true", "true"),
    ("a_bool", False, "false"),
    ("a_choice", "b", "b"),
    ("some_choices", "c;a", "a;c"),
    ("some_choices", ";b", "b"),
    ("email", "Mixed@Example.ORG", "mixed@example.org"),
    ("jobtitle", " kept ", " kept "),
    ("jobtitle", "\U0001f600" * 32_768, "\U0001f600" * 32_768),
]
REFUSED = [
    ("a_number", "1,5", "INVALID_INTEGER"),
    ("a_number", "1 EUR", "INVALID_INTEGER"),
    ("a_number", "1e2", "INVALID_INTEGER"),
    ("a_number", "\u0661", "INVALID_INTEGER"),
    ("a_number", "9" * 310, "INVALID_DOUBLE"),
    ("a_date", "2026-11-21T12:00:00Z", "INVALID_DATE"),
    ("a_date", "1795219200001", "INVALID_DATE"),
    ("a_date", "tomorrow", "INVALID_LONG"),
    ("a_date", "2026-13-01", "INVALID_DATE"),
    ("a_date", "253402300800000", "INVALID_DATE"),
    ("a_date", "-62135683200000", "INVALID_DATE"),
    ("a_date", "999999999999999", "INVALID_DATE"),
    ("a_datetime", "2026-11-21T12:00:00", "INVALID_DATE"),
    ("a_datetime", "noon", "INVALID_LONG"),
    ("a_datetime", "0001-01-01T00:00:00+14:00", "INVALID_DATE"),
    ("a_bool", "yes", "INVALID_OPTION"),
    ("a_choice", "B", "INVALID_OPTION"),
    ("a_choice", "a;b", "INVALID_OPTION"),
    ("some_choices", "a;x", "INVALID_OPTION"),
    ("email", "no-address", "INVALID_EMAIL"),
    ("email", "a@b", "INVALID_EMAIL"),
    ("email", "a b@c.de", "INVALID_EMAIL"),
    ("nonsense", "x", "PROPERTY_DOESNT_EXIST"),
    ("hs_object_id", "1", "READ_ONLY_VALUE"),
    ("createdate", "1", "READ_ONLY_VALUE"),
    ("hs_email_optout", "true", "READ_ONLY_VALUE"),
    ("num_associated_deals", "1", "READ_ONLY_VALUE"),
    ("hs_language", "de-informal", "INVALID_OPTION"),
    ("hubspot_owner_id", "70048101", "INVALID_OPTION"),
    ("hs_legal_basis", "Legitimate interest - prospect/lead", "INVALID_OPTION"),
    ("jobtitle", "x" * 65_537, "INVALID_STRING"),
    ("jobtitle", "\U0001f600" * 32_769, "INVALID_STRING"),
]


@pytest.mark.parametrize(("name", "raw", "stored"), ACCEPTED)
def test_accepted_values_come_back_as_strings(api, typed, name, raw, stored):
    answer = api.post(CONTACTS, {"properties": NEW | {name: raw}})
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"][name] == stored


@pytest.mark.parametrize(("name", "raw", "code"), REFUSED)
def test_refused_values_name_code_and_property(api, typed, name, raw, code):
    answer = api.post(CONTACTS, {"properties": NEW | {name: raw}})
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert (error["code"], error["context"]) == (code, {"propertyName": [name]})


def test_the_options_are_printed_into_the_message(api, typed):
    answer = api.post(CONTACTS, {"properties": NEW | {"a_choice": "x"}})
    assert answer.json()["errors"][0]["message"].startswith(
        'x was not one of the allowed options: [label: "A"\nvalue: "a"\ndisplay_order: 0\nhidden: false\n'
        "read_only: false\n, "
    )


def test_a_leading_semicolon_appends_and_an_empty_text_clears(api, typed, sim):
    record = api.post(CONTACTS, {"properties": NEW | {"some_choices": "c"}}).json()["id"]
    api.patch(f"{CONTACTS}/{record}", {"properties": {"some_choices": ";a"}})
    assert sim.world({"contacts": ["some_choices"]})["contacts"] == [{"some_choices": "a;c"}]
    api.patch(f"{CONTACTS}/{record}", {"properties": {"some_choices": ""}})
    assert sim.world({"contacts": ["some_choices"]})["contacts"] == [{"some_choices": None}]


def test_the_legal_basis_wants_its_en_dash(api):
    basis = "Legitimate interest \u2013 existing customer;Performance of a contract"
    answer = api.post(CONTACTS, {"properties": NEW | {"hs_legal_basis": basis}})
    assert answer.json()["properties"]["hs_legal_basis"] == basis


def test_too_long_texts_may_be_cut(api, sim):
    sim.switches.too_long = "truncate"
    answer = api.post(CONTACTS, {"properties": NEW | {"jobtitle": "x" * 70_000}})
    assert len(answer.json()["properties"]["jobtitle"]) == 65_536
    answer = api.post(CONTACTS, {"properties": {"email": "b@b.de", "jobtitle": "\U0001f600" * 40_000}})
    assert answer.json()["properties"]["jobtitle"] == "\U0001f600" * 32_768


def test_format_rules_of_the_portal(api, sim):
    sim.people.set_rules("contacts", "firstname", [["ALPHA", []], ["MAX_LENGTH", [5]]])
    for value, code in (("R2D2", "INVALID_ALPHA"), ("Maximilian", "INVALID_MAX_LENGTH")):
        answer = api.post(CONTACTS, {"properties": NEW | {"firstname": value}})
        assert answer.json()["errors"][0]["code"] == code
    rules = api.get("/crm/property-validations/V/0-1").json()["results"]
    assert [entry["propertyName"] for entry in rules] == ["firstname"]
    assert rules[0]["propertyValidationRules"][1]["ruleType"] == "MAX_LENGTH"
