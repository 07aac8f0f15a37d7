"""Associations and labels (hubspot.md 7)."""

import pytest

BATCH = "/crm/associations/V/deals/contacts/batch"
LABELS = "/crm/associations/V/deals/contacts/labels"
WORLD = {"deals": ["dealname"], "contacts": ["email"], "companies": ["name"]}


@pytest.fixture
def deal(sim):
    return sim.record("deals", dealname="D", dealstage="closedwon").id


@pytest.fixture
def contact(sim):
    return sim.record("contacts", email="a@example.org").id


@pytest.fixture
def label(api):
    def make(name, **more):
        answer = api.post(LABELS, {"name": name.lower(), "label": name, **more})
        return next(entry["typeId"] for entry in answer.json()["results"] if entry["label"] == name)

    return make


def pair(deal, contact, *types):
    ends = {"from": {"id": deal}, "to": {"id": contact}}
    if not types:
        return ends
    return ends | {
        "types": [{"associationCategory": category, "associationTypeId": number} for category, number in types]
    }


def linked(sim):
    return sim.world(WORLD)["deals"][0].get("associations", {}).get("contacts")


def test_the_default_association_answers_both_directions_and_is_idempotent(api, sim, deal, contact):
    for _ in range(2):
        answer = api.post(f"{BATCH}/associate/default", {"inputs": [pair(deal, contact)]})
        assert answer.status_code == 200
        assert [entry["associationSpec"]["associationTypeId"] for entry in answer.json()["results"]] == [3, 4]
    assert linked(sim) == ["a@example.org"]
    assert sim.portal.associations.count("deals", "contacts") == 1


def test_creating_with_types(api, sim, deal, contact):
    answer = api.post(f"{BATCH}/create", {"inputs": [pair(deal, contact, ("HUBSPOT_DEFINED", 3))]})
    assert answer.status_code == 201
    assert answer.json()["results"] == [
        {"fromObjectTypeId": "0-3", "fromObjectId": deal, "toObjectTypeId": "0-1", "toObjectId": contact, "labels": []}
    ]


def test_the_wrong_direction_is_refused(api, deal, contact):
    answer = api.post(f"{BATCH}/create", {"inputs": [pair(deal, contact, ("HUBSPOT_DEFINED", 4))]})
    assert answer.status_code == 400
    assert "invalid from object type 0-3 for associations to be created. expected: 0-1" in answer.json()["message"]


def test_unknown_records_spoil_their_pair_only(api, sim, deal, contact):
    answer = api.post(f"{BATCH}/associate/default", {"inputs": [pair(deal, contact), pair(deal, "42")]})
    assert answer.status_code == 207
    error = answer.json()["errors"][0]
    assert error["message"] == "One or more associations are invalid"
    assert error["context"] == {"INVALID_OBJECT_IDS": ["42"], "objectId": ["42"], "objectType": ["0-1"]}
    assert linked(sim) == ["a@example.org"]
    assert api.post(f"{BATCH}/associate/default", {"inputs": [pair(deal, "42")]}).status_code == 400


def test_caps(api):
    for path, largest, body in (
        ("create", 2000, pair("1", "2", ("HUBSPOT_DEFINED", 3))),
        ("read", 1000, {"id": "1"}),
        ("associate/default", 2000, pair("1", "2")),
    ):
        answer = api.post(f"{BATCH}/{path}", {"inputs": [body] * (largest + 1)})
        assert (answer.status_code, f"maximum of {largest}" in answer.json()["message"]) == (400, True)


def test_a_label_brings_the_plain_association_and_replaces_other_labels(api, sim, deal, contact, label):
    guest, speaker = label("Guest"), label("Speaker")
    api.post(f"{BATCH}/create", {"inputs": [pair(deal, contact, ("USER_DEFINED", guest))]})
    assert linked(sim) == ["a@example.org [Guest]"]
    api.post(f"{BATCH}/create", {"inputs": [pair(deal, contact, ("USER_DEFINED", speaker))]})
    assert linked(sim) == ["a@example.org [Speaker]"]
    both = pair(deal, contact, ("USER_DEFINED", speaker), ("USER_DEFINED", guest))
    api.post(f"{BATCH}/create", {"inputs": [both]})
    assert linked(sim) == ["a@example.org [Guest, Speaker]"]
    api.post(f"{BATCH}/labels/archive", {"inputs": [pair(deal, contact, ("USER_DEFINED", guest))]})
    assert linked(sim) == ["a@example.org [Speaker]"]
    api.post(f"{BATCH}/labels/archive", {"inputs": [pair(deal, contact, ("HUBSPOT_DEFINED", 3))]})
    assert linked(sim) is None


def test_the_default_association_keeps_labels(api, sim, deal, contact, label):
    api.post(f"{BATCH}/create", {"inputs": [pair(deal, contact, ("USER_DEFINED", label("Guest")))]})
    api.post(f"{BATCH}/associate/default", {"inputs": [pair(deal, contact)]})
    assert linked(sim) == ["a@example.org [Guest]"]


def test_paired_labels_read_differently_from_each_side(api, sim, deal, contact, label):
    number = label("Booking", inverseLabel="Attendee")
    api.post(f"{BATCH}/create", {"inputs": [pair(deal, contact, ("USER_DEFINED", number))]})
    assert linked(sim) == ["a@example.org [Booking]"]
    assert sim.world(WORLD)["contacts"][0]["associations"] == {"deals": ["D [Attendee]"]}


def test_labels_can_be_renamed_and_deleted(api, sim, deal, contact, label):
    number = label("Guest")
    api.put(
        f"/crm/objects/V/deals/{deal}/associations/contacts/{contact}",
        [{"associationCategory": "USER_DEFINED", "associationTypeId": number}],
    )
    assert api.put(LABELS, {"associationTypeId": number, "label": "Visitor"}).status_code == 204
    assert linked(sim) == ["a@example.org [Visitor]"]
    assert api.delete(f"{LABELS}/{number}").status_code == 204
    assert linked(sim) == ["a@example.org"]
    assert [entry["typeId"] for entry in api.get(LABELS).json()["results"]] == [3]


def test_too_many_labels(api, sim):
    sim.switches.association_label_limit = 2
    assert [api.post(LABELS, {"name": name, "label": name}).status_code for name in "abc"] == [200, 200, 437]
    sim.people.change_account(tier="free")
    assert api.post(LABELS, {"name": "d", "label": "d"}).status_code == 403


def test_reading_and_archiving_in_batches(api, sim, deal, contact):
    lonely = sim.record("deals", dealname="Lonely", dealstage="closedwon").id
    api.post(f"{BATCH}/associate/default", {"inputs": [pair(deal, contact)]})
    answer = api.post(f"{BATCH}/read", {"inputs": [{"id": deal}, {"id": lonely}]})
    assert answer.status_code == 207
    assert answer.json()["results"] == [
        {
            "from": {"id": deal},
            "to": [
                {
                    "toObjectId": contact,
                    "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}],
                }
            ],
        }
    ]
    gone = api.post(f"{BATCH}/archive", {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]})
    assert gone.status_code == 200
    legacy = api.post(
        "/crm/v4/associations/deals/contacts/batch/archive",
        {"inputs": []} | {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]},
    )
    assert legacy.status_code == 204
    assert linked(sim) is None


def test_single_associations_and_paging(api, sim, deal):
    for number in range(5):
        person = sim.record("contacts", email=f"{number}@example.org").id
        path = f"/crm/objects/V/deals/{deal}/associations/default/contacts/{person}"
        assert api.put(path).status_code == 200
    page = api.get(f"/crm/objects/V/deals/{deal}/associations/contacts?limit=3").json()
    rest = api.get(
        f"/crm/objects/V/deals/{deal}/associations/contacts?limit=3&after={page['paging']['next']['after']}"
    ).json()
    assert (len(page["results"]), len(rest["results"]), "paging" in rest) == (3, 2, False)
    assert api.delete(f"/crm/objects/V/deals/{deal}/associations/contacts/{person}").status_code == 204
    assert len(linked(sim)) == 4
    read = api.get(f"/crm/objects/V/deals/{deal}?associations=contacts").json()
    assert read["associations"]["contacts"]["results"][0]["type"] == "deal_to_contact"


def test_associations_given_along_with_a_creation(api, sim, contact):
    def create(*types, to=contact):
        return api.post(
            "/crm/objects/V/deals/batch/create",
            {
                "inputs": [
                    {
                        "properties": {"dealname": "D", "dealstage": "closedwon"},
                        "associations": [
                            {
                                "to": {"id": to},
                                "types": [
                                    {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}
                                    for number in types
                                ],
                            }
                        ],
                    }
                ]
            },
        )

    assert [create().status_code, create(4).status_code, create(3, to="42").status_code] == [400, 400, 400]
    assert sim.portal.records("deals") == []
    assert create(3).status_code == 201
    assert linked(sim) == ["a@example.org"]


@pytest.mark.parametrize("pair_of_types", [("deals", "contacts"), ("contacts", "deals")])
def test_an_account_limits_associations(api, sim, deal, contact, pair_of_types):
    sim.people.limit_associations(*pair_of_types, 1)
    other_deal = sim.record("deals", dealname="E", dealstage="closedwon").id
    other = {"deals": (deal, sim.record("contacts", email="b@example.org").id), "contacts": (other_deal, contact)}
    pairs = [pair(deal, contact), pair(*other[pair_of_types[0]]), pair(deal, contact)]

    answer = api.post(f"{BATCH}/associate/default", {"inputs": pairs})

    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1)
    [error] = answer.json()["errors"]
    assert error["subCategory"] == "associations.ASSOCIATION_LIMIT_EXCEEDED"
    sim.people.limit_associations(*pair_of_types, None)
    assert api.post(f"{BATCH}/associate/default", {"inputs": pairs}).status_code == 200


def test_there_is_one_primary_company(api, sim, contact):
    for name in ("Old", "New"):
        company = sim.record("companies", name=name).id
        api.put(
            f"/crm/objects/V/contacts/{contact}/associations/companies/{company}",
            [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
        )
    assert sim.world(WORLD)["contacts"][0]["associations"] == {"companies": ["New [Primary]", "Old"]}


def test_archived_records_lose_their_links(api, sim, deal, contact):
    api.post(f"{BATCH}/associate/default", {"inputs": [pair(deal, contact)]})
    api.delete(f"/crm/objects/V/contacts/{contact}")
    assert linked(sim) is None
