"""What differs between API versions (hubspot.md 1)."""

import pytest

CONTACTS = "/crm/objects/V/contacts"


def test_required_properties_of_the_form_bind_2026_09_only(api, modern, sim):
    sim.people.require("contacts", "firstname")
    refused = modern.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert refused.status_code == 400
    error = refused.json()["errors"][0]
    assert (error["code"], error["message"]) == ("MISSING_REQUIRED_PROPERTY", "A value for firstname must be provided")
    assert error["context"] == {"propertyName": ["firstname"]}
    assert api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).status_code == 201


def test_conditionally_required_properties(api, modern, sim):
    sim.people.require("contacts", "city", when=["country", "Germany"])
    record = modern.post(CONTACTS, {"properties": {"email": "a@example.org"}}).json()["id"]
    refused = modern.patch(f"{CONTACTS}/{record}", {"properties": {"country": "Germany"}})
    assert refused.json()["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert api.patch(f"{CONTACTS}/{record}", {"properties": {"country": "Germany"}}).status_code == 200


def test_required_associations(api, modern, sim):
    sim.people.require_association("contacts", "companies")
    assert modern.post(CONTACTS, {"properties": {"email": "a@example.org"}}).status_code == 400
    company = sim.record("companies", name="Acme")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    linked = {"properties": {"email": "a@example.org"}, "associations": [{"to": {"id": company.id}, "types": types}]}
    assert modern.post(CONTACTS, linked).status_code == 201
    assert sim.world({"contacts": ["email"], "companies": ["name"]})["contacts"] == [
        {"email": "a@example.org", "associations": {"companies": ["Acme [Primary]"]}}
    ]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [("2026-11-21T12:00:00Z", "2026-11-21"), ("1795258800000", "2026-11-21"), ("1795219200", "2026-11-21")],
)
def test_sloppy_dates_are_normalised_with_a_warning(api, modern, sim, raw, stored):
    sim.people.create("event_sessions", {"session_name": "A"})
    record = sim.portal.records("event_sessions")[0].id
    path = f"/crm/objects/V/event_sessions/{record}"
    answer = modern.patch(path, {"properties": {"session_day": raw}})
    assert answer.json()["properties"]["session_day"] == stored
    warning = answer.json()["warnings"][0]
    assert warning["category"] == "PROPERTY_VALUE_NORMALIZED"
    assert warning["context"]["rawValue"] == [raw]
    assert api.patch(path, {"properties": {"session_day": raw}}).status_code == 400
    assert "warnings" not in modern.patch(path, {"properties": {"session_day": stored}}).json()


def test_association_permission_of_the_user(api, modern, sim):
    sim.switches.user_level_edit_associations = False
    sim.auth.tokens[sim.service_key].grant.user_level = True
    one, two = sim.record("contacts", email="a@example.org"), sim.record("companies", name="Acme")
    path = f"{CONTACTS}/{one.id}/associations/default/companies/{two.id}"
    assert modern.put(path).json()["message"] == "Missing 'Edit Associations' permission."
    assert api.put(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/crm/objects/2025-01/contacts",
        "/crm/objects/2026-09-beta/contacts",
        "/crm/v1/objects/contacts",
        "/crm/v4/objects/contacts",
        "/crm/v3/associations/deals/contacts/labels",
        "/crm/nonsense/2026-03/contacts",
        "/account-info/v2/details",
    ],
)
def test_unknown_versions_and_paths_are_refused(api, path):
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts",
        "/crm/v3/properties/deals",
        "/crm/v3/owners",
        "/account-info/v3/details",
        "/crm/v3/pipelines/deals",
    ],
)
def test_legacy_paths_work_until_their_sunset(api, sim, path):
    assert api.get(path).status_code == 200
    sim.switches.legacy_sunset = True
    assert api.get(path).status_code == 410
    assert api.get(CONTACTS).status_code == 200


def test_unknown_query_parameters_methods_and_content_are_refused(api):
    assert api.get(f"{CONTACTS}?surprise=1").status_code == 400
    assert api.put(CONTACTS).status_code == 405
    assert api.session.post(f"{api.url}/crm/objects/2026-03/contacts", data="x=1").status_code == 415
    long = ",".join(f"property_{number}" for number in range(700))
    assert api.get(f"{CONTACTS}?properties={long}").status_code == 414


def test_every_answer_has_a_correlation_id(api):
    for answer in (api.get(CONTACTS), api.get("/crm/objects/V/unicorns"), api.get("/nowhere/at/all")):
        assert answer.headers["x-hubspot-correlation-id"]
    assert answer.json()["correlationId"] == answer.headers["x-hubspot-correlation-id"]
