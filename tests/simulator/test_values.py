"""Values and definitions: what is accepted, what comes back, what is refused (hubspot.md 4.1, 6)."""

import pytest

from hubspot_simulator.portal.state import Portal

CONTACTS, DEALS = "/crm/objects/V/contacts", "/crm/objects/V/deals"
NEW = {"email": "a@example.org"}


def custom(api, name, type_name, field_type, **more):
    body = {
        "name": name,
        "label": name,
        "type": type_name,
        "fieldType": field_type,
        "groupName": "contactinformation",
        **more,
    }
    return api.post("/crm/properties/V/contacts", body)


@pytest.fixture
def typed(api, sim):
    """One custom property of every type."""
    options = [
        {"label": value.upper(), "value": value, "displayOrder": order, "hidden": False}
        for order, value in enumerate("abc")
    ]
    yes_no = [{"label": value, "value": value, "displayOrder": 0, "hidden": False} for value in ("true", "false")]
    for name, kind, field, choices in (
        ("a_number", "number", "number", None),
        ("a_date", "date", "date", None),
        ("a_datetime", "datetime", "date", None),
        ("a_bool", "bool", "booleancheckbox", yes_no),
        ("a_choice", "enumeration", "select", options),
        ("some_choices", "enumeration", "checkbox", options),
    ):
        assert custom(api, name, kind, field, **({"options": choices} if choices else {})).status_code == 201
    sim.clock.advance(1)


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
    ("a_datetime", "2026-11-21T12:00:00", "INVALID_DATE"),
    ("a_datetime", "noon", "INVALID_LONG"),
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


def test_the_lifecycle_moves_forward_only(api, sim):
    record = api.post(CONTACTS, {"properties": NEW | {"lifecyclestage": "customer"}}).json()["id"]
    answer = api.patch(f"{CONTACTS}/{record}", {"properties": {"lifecyclestage": "lead", "city": "Bonn"}})
    assert answer.status_code == 200
    assert sim.world({"contacts": ["lifecyclestage", "city"]})["contacts"] == [
        {"lifecyclestage": "customer", "city": "Bonn"}
    ]
    for value in ("", "lead"):
        api.patch(f"{CONTACTS}/{record}", {"properties": {"lifecyclestage": value}})
    assert sim.world({"contacts": ["lifecyclestage"]})["contacts"] == [{"lifecyclestage": "lead"}]


@pytest.mark.parametrize(
    ("path", "properties", "missing"),
    [
        (CONTACTS, {"city": "Bonn"}, ["email"]),
        ("/crm/objects/V/companies", {"city": "Bonn"}, ["name"]),
        (DEALS, {"amount": "1"}, ["dealname", "dealstage"]),
        ("/crm/objects/V/tickets", {"subject": "A"}, ["hs_pipeline_stage"]),
        ("/crm/objects/V/orders", {"hs_total_price": "1"}, ["hs_order_name"]),
    ],
)
def test_required_on_create(api, path, properties, missing):
    answer = api.post(path, {"properties": properties})
    assert (answer.status_code, answer.json()["context"]["properties"]) == (400, missing)


def test_line_items_calculate_their_amount_and_refuse_negative_prices(api):
    made = api.post("/crm/objects/V/line_items", {"properties": {"name": "Ticket", "price": "12.50", "quantity": 3}})
    assert made.json()["properties"]["amount"] == "37.5"
    assert api.post("/crm/objects/V/line_items", {"properties": {"name": "x", "price": "-1"}}).status_code == 400


def test_definitions_are_visible_after_a_moment_and_writable_at_once(api, sim):
    assert custom(api, "later", "string", "text").status_code == 201
    assert api.get("/crm/properties/V/contacts/later").status_code == 404
    assert custom(api, "later", "string", "text").json()["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    sim.clock.advance(1)
    assert api.get("/crm/properties/V/contacts/later").json()["hubspotDefined"] is False


def test_a_recreated_property_has_its_old_values(api, sim):
    custom(api, "memory", "string", "text")
    api.post(CONTACTS, {"properties": NEW | {"memory": "kept"}})
    assert api.delete("/crm/properties/V/contacts/memory").status_code == 204
    refused = api.post(CONTACTS, {"properties": {"email": "b@example.org", "memory": "x"}})
    assert refused.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert custom(api, "memory", "string", "text").status_code == 201
    assert sim.world({"contacts": ["memory"]})["contacts"] == [{"memory": "kept"}]


def test_patching_options_replaces_the_list_and_records_keep_removed_ones(api, typed, sim):
    api.post(CONTACTS, {"properties": NEW | {"a_choice": "a"}})
    only = [{"label": "Z", "value": "z", "displayOrder": 0, "hidden": False}]
    patched = api.patch("/crm/properties/V/contacts/a_choice", {"options": only, "hasUniqueValue": True})
    assert [option["value"] for option in patched.json()["options"]] == ["z"]
    assert patched.json()["hasUniqueValue"] is False
    assert sim.world({"contacts": ["a_choice"]})["contacts"] == [{"a_choice": "a"}]
    assert api.post(CONTACTS, {"properties": {"email": "b@b.de", "a_choice": "a"}}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Upper"},
        {"name": "x", "type": "enumeration", "fieldType": "text"},
        {"name": "x", "groupName": "none"},
        {"name": "x", "type": "bool", "fieldType": "booleancheckbox"},
        {"name": "x", "surprise": 1},
    ],
)
def test_bad_definitions_are_refused(api, body):
    base = {"label": "x", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    assert api.post("/crm/properties/V/contacts", base | body).status_code == 400


def test_at_most_ten_unique_properties(api):
    answers = [
        custom(api, f"unique_{number}", "string", "text", hasUniqueValue=True).status_code for number in range(11)
    ]
    assert answers == [201] * 10 + [400]


def test_properties_of_hubspot_and_used_groups_stay(api):
    assert api.delete("/crm/properties/V/contacts/email").status_code == 400
    assert api.delete("/crm/properties/V/contacts/nonsense").status_code == 404
    assert api.delete("/crm/properties/V/contacts/groups/contactinformation").json()["subCategory"] == (
        "Properties.GROUP_WITH_ACTIVE_PROPERTIES"
    )
    group = {"name": "pretix", "label": "pretix"}
    assert [api.post("/crm/properties/V/deals/groups", group).status_code for _ in range(2)] == [201, 409]
    assert api.delete("/crm/properties/V/deals/groups/pretix").status_code == 204


def test_the_default_portal_is_a_real_one(api):
    listed = {entry["name"]: entry for entry in api.get("/crm/properties/V/contacts").json()["results"]}
    assert len(listed) >= 60
    assert listed["email"]["modificationMetadata"]["readOnlyValue"] is False
    assert listed["hs_object_id"]["calculated"] is True
    assert listed["hs_email_optout"]["modificationMetadata"]["readOnlyValue"] is True
    assert listed["hs_searchable_calculated_phone_number"]["hidden"] is True
    assert "de-at" in [option["value"] for option in listed["hs_language"]["options"]]
    owner = listed["hubspot_owner_id"]
    assert (owner["referencedObjectType"], owner["externalOptions"], owner["options"]) == ("OWNER", True, [])
    stage = api.get("/crm/properties/V/deals/dealstage").json()
    assert "closedwon" in [option["value"] for option in stage["options"]]


def test_a_portal_that_grew_for_years():
    from hubspot_simulator import Simulator

    portal: Portal = Simulator(custom_properties=1000).portal
    assert sum(not entry.hubspot_defined for entry in portal.schema.listed("contacts")) == 1000
