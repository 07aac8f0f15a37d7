"""Addresses, merges, deletions (hubspot.md 5.5, 12)."""

import pytest

CONTACTS = "/crm/objects/V/contacts"


def merged(sim, **switches):
    sim.switches.change(**switches)
    one = sim.record("contacts", email="one@example.org", firstname="One")
    two = sim.record("contacts", email="two@example.org", lastname="Two")
    result = sim.people.merge("contacts", {"email": "one@example.org"}, {"email": "two@example.org"})
    return one.id, two.id, result["id"]


def test_a_merge_makes_a_new_id_and_both_old_ones_lead_to_it(api, sim):
    one, two, new = merged(sim)
    assert new not in (one, two)
    for old in (one, two):
        assert api.get(f"{CONTACTS}/{old}").json()["id"] == new
    properties = api.get(f"{CONTACTS}/{new}?properties=hs_additional_emails,hs_merged_object_ids,lastname").json()[
        "properties"
    ]
    assert properties["hs_additional_emails"] == "two@example.org"
    assert properties["hs_merged_object_ids"] == f"{one};{two}"
    assert (properties["email"], properties["lastname"]) == ("one@example.org", "Two")


def test_the_beta_keeps_the_primary_id(sim):
    one, _, new = merged(sim, merge_preserves_primary=True)
    assert new == one


def test_a_batch_update_of_a_merged_away_id_vanishes_silently(api, sim):
    one, _, new = merged(sim)
    answer = api.post(
        f"{CONTACTS}/batch/update", {"inputs": [{"id": one, "properties": {"city": "Bonn"}, "objectWriteTraceId": "1"}]}
    )
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert "errors" not in answer.json()
    sim.switches.merged_update = "follow"
    answer = api.post(f"{CONTACTS}/batch/update", {"inputs": [{"id": one, "properties": {"city": "Bonn"}}]})
    assert [result["id"] for result in answer.json()["results"]] == [new]


def test_batch_read_of_old_ids_returns_the_survivor(api, sim):
    one, two, new = merged(sim)
    answer = api.post(f"{CONTACTS}/batch/read", {"properties": [], "inputs": [{"id": one}, {"id": two}]})
    assert (answer.status_code, [result["id"] for result in answer.json()["results"]]) == (200, [new])


def test_secondary_addresses_identify_and_conflict(api, sim):
    _, _, new = merged(sim)
    refused = api.post(CONTACTS, {"properties": {"email": "TWO@example.org"}})
    assert refused.status_code == 409
    assert refused.json()["message"] == f"Contact already exists. Existing ID: {new}"
    assert api.get(f"{CONTACTS}/two@example.org?idProperty=email").json()["id"] == new
    upserted = api.post(
        f"{CONTACTS}/batch/upsert",
        {"inputs": [{"id": "two@example.org", "idProperty": "email", "properties": {"city": "Bonn"}}]},
    ).json()["results"][0]
    assert (upserted["id"], upserted["new"], upserted["properties"]["email"]) == (new, False, "one@example.org")


@pytest.mark.parametrize(
    ("mode", "primary", "others"),
    [("swap", "two@example.org", "one@example.org"), ("keep", "one@example.org", "two@example.org")],
)
def test_writing_the_own_secondary_address(api, sim, mode, primary, others):
    _, _, new = merged(sim, own_secondary_as_email=mode)
    assert api.patch(f"{CONTACTS}/{new}", {"properties": {"email": "two@example.org"}}).status_code == 200
    assert sim.world({"contacts": ["email", "hs_additional_emails"]})["contacts"] == [
        {"email": primary, "hs_additional_emails": others}
    ]
    assert api.get(f"{CONTACTS}/one@example.org?idProperty=email").json()["id"] == new


def test_merging_moves_associations(sim):
    one = sim.record("contacts", email="one@example.org")
    two = sim.record("contacts", email="two@example.org")
    deal = sim.record("deals", dealname="D", dealstage="closedwon")
    sim.link(two, deal)
    sim.people.merge("contacts", one.id, two.id)
    assert sim.world({"contacts": ["email"], "deals": ["dealname"]})["deals"] == [
        {"dealname": "D", "associations": {"contacts": ["one@example.org"]}}
    ]


def test_changing_an_address_frees_the_old_one(api, sim):
    record = sim.record("contacts", email="old@example.org")
    api.patch(f"{CONTACTS}/{record.id}", {"properties": {"email": "new@example.org"}})
    assert api.post(CONTACTS, {"properties": {"email": "old@example.org"}}).status_code == 201
    assert api.patch(f"{CONTACTS}/{record.id}", {"properties": {"email": "old@example.org"}}).status_code == 409


def test_an_archived_address_makes_a_new_contact(api, sim):
    old = sim.record("contacts", email="a@example.org")
    sim.people.archive("contacts", find={"email": "a@example.org"})
    assert api.patch(f"{CONTACTS}/{old.id}", {"properties": {"city": "Bonn"}}).status_code == 404
    new = api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).json()["id"]
    assert new != old.id


@pytest.mark.parametrize("existing", [True, False])
def test_a_forgotten_address_cannot_come_back(api, sim, existing):
    if existing:
        sim.record("contacts", email="gone@example.org")
    answer = api.post(f"{CONTACTS}/gdpr-delete", {"objectId": "gone@example.org", "idProperty": "email"})
    assert (answer.status_code, sim.portal.records("contacts")) == (204, [])
    refused = api.post(CONTACTS, {"properties": {"email": "gone@example.org"}})
    assert refused.status_code == 400
    assert "GDPR" in refused.json()["message"]


def test_unknown_and_strange_ids(api):
    unknown = api.get(f"{CONTACTS}/42")
    assert (unknown.status_code, unknown.json()["message"]) == (404, "resource not found")
    assert "category" not in unknown.json()
    strange = api.get(f"{CONTACTS}/abc")
    assert (strange.status_code, strange.json()["category"]) == (404, "OBJECT_NOT_FOUND")
    assert strange.json()["message"] == "Object not found.  objectId are usually numeric."


def test_a_unique_value_that_is_taken_is_a_validation_error(api, sim, key_property):
    deal = {"dealname": "A", "dealstage": "closedwon", key_property: "DEMO/A/1"}
    holder = api.post("/crm/objects/V/deals", {"properties": deal}).json()["id"]
    answer = api.post("/crm/objects/V/deals", {"properties": deal})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert answer.json()["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"
    assert f"{holder} already has that value" in answer.json()["message"]


@pytest.mark.parametrize(("mode", "status"), [("free", 201), ("taken", 400)])
def test_unique_values_of_archived_records(api, sim, key_property, mode, status):
    sim.switches.archived_unique_value = mode
    deal = {"dealname": "A", "dealstage": "closedwon", key_property: "DEMO/A/1"}
    api.delete(f"/crm/objects/V/deals/{api.post('/crm/objects/V/deals', {'properties': deal}).json()['id']}")
    assert api.post("/crm/objects/V/deals", {"properties": deal}).status_code == status


def test_companies_by_domain(api, sim):
    sim.switches.auto_associate_companies = True
    api.post(CONTACTS, {"properties": {"email": "ada@acme.example"}})
    api.post(CONTACTS, {"properties": {"email": "bob@gmail.com"}})
    assert sim.world({"companies": ["domain"], "contacts": ["email"]})["companies"] == [
        {"domain": "acme.example", "associations": {"contacts": ["ada@acme.example [Primary]"]}}
    ]
