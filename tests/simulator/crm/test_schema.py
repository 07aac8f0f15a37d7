"""Property definitions and groups: made, changed, archived, seen (hubspot.md 6.1)."""

import pytest

from hubspot_simulator import Portal, Simulator

from .conftest import custom

CONTACTS = "/crm/objects/V/contacts"
NEW = {"email": "a@example.org"}


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
    portal: Portal = Simulator(custom_properties=1000).portal
    assert sum(not entry.hubspot_defined for entry in portal.schema.listed("contacts")) == 1000
