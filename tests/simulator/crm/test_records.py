"""Records one by one: what they need, what is calculated, how they are listed (hubspot.md 5)."""

from urllib.parse import parse_qs, urlsplit

import pytest

from hubspot_simulator import STAFF, App, Simulator
from tests.simulator.api import Api

CONTACTS, DEALS = "/crm/objects/V/contacts", "/crm/objects/V/deals"
NEW = {"email": "a@example.org"}


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


def test_histories_say_who_it_was(api, sim):
    made = api.post("/crm/objects/V/contacts", {"properties": {"email": "a@example.org", "city": "Bonn"}}).json()["id"]
    sim.people.change("contacts", {"city": "Mainz"}, id=made)
    history = api.get(f"/crm/objects/V/contacts/{made}?propertiesWithHistory=city").json()["propertiesWithHistory"]
    assert [(entry["value"], entry["sourceType"]) for entry in history["city"]] == [
        ("Mainz", STAFF.source_type),
        ("Bonn", "INTEGRATION"),
    ]
    assert sim.portal.writes["contacts", made] == 1


def test_histories_name_a_client_by_the_label_of_its_app():
    sim = Simulator(app=App(label="Toy shop"))
    code = sim.auth.authorise(
        App(label="Toy shop"), sim.portal.id, ["crm.objects.contacts.write"], "https://example.org"
    )
    token = sim.auth.exchange(App(), code, "https://example.org", "", "eu1")

    with sim.serve() as url:
        for number, secret in enumerate((sim.service_key, token.text)):
            Api(url, secret).post(CONTACTS, {"properties": {"email": f"{number}@example.org"}})

    assert [
        (record.get("hs_object_source_label"), record.history["email"][0].author.source_label)
        for record in sim.portal.records("contacts")
    ] == [("Toy shop", "Toy shop"), ("Toy shop", "Toy shop")]


def test_paging_by_cursor_with_a_link_that_keeps_the_query(api, sim):
    for number in range(25):
        sim.record("contacts", email=f"{number}@example.org")
    after, seen = None, []
    while True:
        page = api.get(f"{CONTACTS}?limit=10" + (f"&after={after}" if after else "")).json()
        seen += [record["id"] for record in page["results"]]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
        link = urlsplit(page["paging"]["next"]["link"])
        assert link.hostname == "api.hubapi.com"
        assert parse_qs(link.query) == {"after": [after], "limit": ["10"]}
    assert len(seen) == len(set(seen)) == 25


def test_histories_come_with_fifty_records_at_most(api, sim):
    ids = [sim.record("contacts", email=f"{number}@example.org").id for number in range(51)]

    def read(number):
        inputs = [{"id": record} for record in ids[:number]]
        return api.post(
            f"{CONTACTS}/batch/read", {"propertiesWithHistory": ["email"], "properties": [], "inputs": inputs}
        )

    assert read(50).status_code == 200
    refused = read(51)
    assert (refused.status_code, "is 50, but received 51" in refused.json()["message"]) == (400, True)
    assert api.get(f"{CONTACTS}?limit=51&propertiesWithHistory=email").status_code == 400
    assert api.get(f"{CONTACTS}?limit=51&properties=email").status_code == 200
