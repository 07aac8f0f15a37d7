"""Batches: who is written when one of them is bad (hubspot.md 5.1 to 5.4)."""

import json

import pytest

CREATE, READ = "/crm/objects/V/contacts/batch/create", "/crm/objects/V/contacts/batch/read"
UPDATE, UPSERT = "/crm/objects/V/contacts/batch/update", "/crm/objects/V/contacts/batch/upsert"
ARCHIVE = "/crm/objects/V/contacts/batch/archive"
EMAILS = {"contacts": ["email"]}


def contact(email, trace=None, **more):
    body = {"properties": {"email": email, **more}}
    return body | ({"objectWriteTraceId": trace} if trace else {})


def emails(sim):
    return [entry["email"] for entry in sim.world(EMAILS)["contacts"]]


def test_created_records_are_answered_with_changed_default_and_calculated_properties_only(api):
    answer = api.post(CREATE, {"inputs": [contact("Ada@Example.org", "t1", city="London")]})
    assert answer.status_code == 201
    result = answer.json()["results"][0]
    assert result["objectWriteTraceId"] == "t1"
    assert result["properties"]["email"] == "ada@example.org"
    assert result["properties"]["city"] == "London"
    assert result["properties"]["lastname"] is None
    assert result["properties"]["hs_email_domain"] == "example.org"
    assert "jobtitle" not in result["properties"]
    assert result["url"] == f"https://app-eu1.hubspot.com/contacts/48100001/record/0-1/{result['id']}"


@pytest.mark.parametrize("bad", ["no-address", ""])
def test_without_trace_ids_one_bad_record_refuses_all(api, sim, bad):
    answer = api.post(CREATE, {"inputs": [contact("a@example.org"), contact(bad or "a@@b")]})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert emails(sim) == []


def test_with_trace_ids_the_good_ones_are_written(api, sim):
    sim.record("contacts", email="taken@example.org")
    answer = api.post(
        CREATE, {"inputs": [contact("a@example.org", "1"), contact("bad", "2"), contact("taken@example.org", "3")]}
    )
    assert answer.status_code == 207
    body = answer.json()
    assert [result["objectWriteTraceId"] for result in body["results"]] == ["1"]
    assert body["numErrors"] == 2
    by_trace = {error["context"]["objectWriteTraceId"][0]: error for error in body["errors"]}
    assert by_trace["2"]["category"] == "VALIDATION_ERROR"
    assert by_trace["3"]["category"] == "CONFLICT"
    existing = by_trace["3"]["context"]["existingId"][0]
    assert by_trace["3"]["message"] == f"Contact already exists. Existing ID: {existing}"
    assert emails(sim) == ["a@example.org", "taken@example.org"]


def test_trace_ids_that_are_not_unique_buy_nothing(api, sim):
    answer = api.post(CREATE, {"inputs": [contact("a@example.org", "1"), contact("bad", "1")]})
    assert answer.status_code == 400
    assert emails(sim) == []


def test_a_conflict_without_trace_ids_names_the_first_existing_record_only(api, sim):
    first = sim.record("contacts", email="a@example.org")
    sim.record("contacts", email="b@example.org")
    answer = api.post(
        CREATE, {"inputs": [contact("new@example.org"), contact("A@example.org"), contact("b@example.org")]}
    )
    assert answer.status_code == 409
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {first.id}"
    assert "context" not in answer.json()


def test_one_address_twice_in_a_batch_conflicts(api, sim):
    answer = api.post(CREATE, {"inputs": [contact("a@example.org", "1"), contact("A@example.org", "2")]})
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["message"] == "Contact already exists"
    assert emails(sim) == ["a@example.org"]


@pytest.mark.parametrize("path", [CREATE, READ, UPDATE, UPSERT, ARCHIVE])
def test_a_hundred_and_one_inputs_are_refused(api, path):
    answer = api.post(path, {"inputs": [{"id": str(number), "properties": {}} for number in range(101)]})
    assert answer.status_code == 400


def test_results_are_shuffled(api):
    traces = [str(number) for number in range(30)]
    answer = api.post(CREATE, {"inputs": [contact(f"{trace}@example.org", trace) for trace in traces]})
    returned = [result["objectWriteTraceId"] for result in answer.json()["results"]]
    assert sorted(returned, key=int) == traces
    assert returned != traces


def test_reading_by_address_finds_any_letter_case_and_reports_the_missing_in_one_entry(api, sim):
    sim.record("contacts", email="a@example.org", firstname="A")
    answer = api.post(
        READ,
        {
            "idProperty": "email",
            "properties": ["firstname", "lastname", "unheard_of"],
            "inputs": [{"id": "A@Example.org"}, {"id": "x@example.org"}, {"id": "y@example.org"}],
        },
    )
    assert answer.status_code == 207
    body = answer.json()
    properties = body["results"][0]["properties"]
    assert properties["firstname"] == "A"
    assert properties["lastname"] is None
    assert "unheard_of" not in properties
    assert body["numErrors"] == 1
    assert body["errors"][0]["context"] == {"ids": ["x@example.org", "y@example.org"]}
    assert body["errors"][0]["message"].startswith("Could not get some CONTACT objects")


def test_the_ids_of_the_missing_may_be_empty(api, sim):
    sim.switches.not_found_context = "empty_ids"
    answer = api.post(READ, {"properties": [], "inputs": [{"id": "1"}]})
    assert answer.json()["errors"][0]["context"] == {"ids": [""]}


def test_updating_an_unknown_id_does_not_spoil_the_others(api, sim):
    record = sim.record("contacts", email="a@example.org")
    answer = api.post(
        UPDATE,
        {"inputs": [{"id": record.id, "properties": {"city": "Bonn"}}, {"id": "42", "properties": {"city": "Bonn"}}]},
    )
    assert answer.status_code == 207
    assert [result["id"] for result in answer.json()["results"]] == [record.id]
    assert answer.json()["errors"][0]["context"] == {"ids": ["42"]}


def test_the_same_id_twice_refuses_the_batch_even_with_trace_ids(api, sim):
    record = sim.record("contacts", email="a@example.org")
    answer = api.post(
        UPDATE,
        {
            "inputs": [
                {"id": record.id, "properties": {"city": "Bonn"}, "objectWriteTraceId": str(number)}
                for number in (1, 2)
            ]
        },
    )
    assert answer.status_code == 400
    assert answer.json()["message"] == f"Duplicate IDs found in batch input: [{record.id}]. IDs must be unique"
    assert answer.json()["context"] == {"ids": [record.id]}


def test_upsert_counts_addresses_in_any_letter_case_as_duplicates(api):
    answer = api.post(
        UPSERT,
        {
            "inputs": [
                {"id": "a@example.org", "idProperty": "email", "properties": {}},
                {"id": "A@example.org", "idProperty": "email", "properties": {}},
            ]
        },
    )
    assert answer.status_code == 400
    assert "Duplicate IDs" in answer.json()["message"]


def test_update_by_address_is_refused_and_an_address_as_id_does_nothing(api, sim):
    sim.record("contacts", email="a@example.org")
    refused = api.post(
        UPDATE, {"inputs": [{"id": "a@example.org", "idProperty": "email", "properties": {"city": "Bonn"}}]}
    )
    assert refused.status_code == 400
    assert "non-unique 0-1 property email" in refused.json()["message"]
    silent = api.post(UPDATE, {"inputs": [{"id": "a@example.org", "properties": {"city": "Bonn"}}]})
    assert (silent.status_code, silent.json()["results"]) == (200, [])
    assert sim.world({"contacts": ["email", "city"]})["contacts"] == [{"email": "a@example.org", "city": None}]


def test_upsert_by_a_property_that_is_not_unique_is_refused(api):
    answer = api.post(
        "/crm/objects/V/deals/batch/upsert", {"inputs": [{"id": "A", "idProperty": "dealname", "properties": {}}]}
    )
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unable to perform upsert by non-unique 0-3 property dealname"


def test_upsert_by_a_unique_property_creates_then_updates(api, sim, key_property):
    def upsert(amount):
        return api.post(
            "/crm/objects/V/deals/batch/upsert",
            {
                "inputs": [
                    {
                        "id": "DEMO/A/1",
                        "idProperty": key_property,
                        "objectWriteTraceId": "x",
                        "properties": {
                            "dealname": "A",
                            "pipeline": "default",
                            "dealstage": "closedwon",
                            "amount": amount,
                        },
                    }
                ]
            },
        )

    assert upsert("10").json()["results"][0]["new"] is True
    assert upsert("20").json()["results"][0]["new"] is False
    assert sim.world({"deals": [key_property, "amount"]})["deals"] == [{key_property: "DEMO/A/1", "amount": "20"}]


def test_upsert_takes_no_associations(api):
    answer = api.post(
        UPSERT, {"inputs": [{"id": "a@b.de", "idProperty": "email", "properties": {}, "associations": []}]}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("mode", "status", "written"),
    [("lenient", 207, ["good@example.org"]), ("all_or_nothing", 400, []), ("reject_partial", 207, [])],
)
def test_email_upsert_modes(api, sim, mode, status, written):
    sim.switches.email_upsert_mode = mode
    answer = api.post(
        UPSERT,
        {
            "inputs": [
                {
                    "id": "good@example.org",
                    "idProperty": "email",
                    "properties": {"city": "Bonn"},
                    "objectWriteTraceId": "1",
                },
                {
                    "id": "bad@example.org",
                    "idProperty": "email",
                    "properties": {"email": "bad"},
                    "objectWriteTraceId": "2",
                },
            ]
        },
    )
    assert answer.status_code == status
    assert emails(sim) == written


def test_archiving_ignores_unknown_ids(api, sim):
    record = sim.record("contacts", email="a@example.org")
    answer = api.post(ARCHIVE, {"inputs": [{"id": record.id}, {"id": "42"}]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert emails(sim) == []
    assert api.get(f"/crm/objects/V/contacts/{record.id}").status_code == 404
    assert api.get(f"/crm/objects/V/contacts/{record.id}?archived=true").json()["archived"] is True


def test_trace_ids_come_back_on_dated_paths_only(api):
    answer = api.post("/crm/v3/objects/contacts/batch/create", {"inputs": [contact("a@example.org", "t")]})
    assert "objectWriteTraceId" not in answer.json()["results"][0]


def test_unknown_keys_are_refused_unless_switched_off(api, sim):
    body = {"inputs": [contact("a@example.org") | {"surprise": 1}]}
    assert api.post(CREATE, body).status_code == 400
    sim.switches.unknown_keys = "ignore"
    assert api.post(CREATE, body).status_code == 201


def test_four_refusals_are_all_in_the_message_but_not_all_in_the_errors(api):
    answer = api.post(CREATE, {"inputs": [contact("bad", a="1", b="1", c="1")]})
    message = answer.json()["message"]
    listed = json.loads(message.removeprefix("Property values were not valid: "))
    assert len(listed) == 4
    assert len(answer.json()["errors"]) == 3
    assert {entry["error"] for entry in listed} == {"PROPERTY_DOESNT_EXIST", "INVALID_EMAIL"}
