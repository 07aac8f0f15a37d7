"""Pages on which people see the portal."""

import requests

from hubspot_simulator import Simulator
from tests.simulator.api import Api


def test_pages_for_people(url, api, sim):
    made = api.post(
        "/crm/objects/V/contacts",
        {"properties": {"email": "a@example.org", "firstname": "<b>Ada</b>", "lifecyclestage": "customer"}},
    ).json()["id"]
    deal = sim.record("deals", dealname="Order & more", dealstage="closedwon")
    sim.link(deal, sim.portal.store("contacts").live[made])
    home = requests.get(url, timeout=10).text
    assert "Records: 1" in home and "/crm/objects/2026-03/contacts" in home
    record = requests.get(f"{url}/contacts/48100001/record/0-1/{made}", timeout=10)
    assert record.status_code == 200
    assert "&lt;b&gt;Ada&lt;/b&gt;" in record.text and "<b>Ada" not in record.text
    assert "Order &amp; more" in record.text and "Customer" in record.text and "Integration" in record.text
    listed = requests.get(f"{url}/contacts/48100001/objects/0-3", timeout=10).text
    assert "Closed Won" in listed and 'aria-current="page"' in listed
    for path in ("/contacts/48100001/record/0-1/42", "/contacts/1/record/0-1/1", "/contacts/x/y"):
        assert requests.get(url + path, timeout=10).status_code == 404
    assert requests.get(f"{url}/favicon.ico", timeout=10).status_code == 204
    assert len(sim.requests) == 1


def test_record_links_can_lead_to_the_simulator_itself():
    sim = Simulator(ui_origin="http://127.0.0.1:8001")
    with sim.serve() as url:
        api = Api(url, sim.service_key)
        made = api.post("/crm/objects/V/contacts", {"properties": {"email": "a@example.org"}}).json()
        details = api.get("/account-info/V/details").json()
        path = made["url"].removeprefix("http://127.0.0.1:8001")
        assert requests.get(url + path, timeout=10).status_code == 200
    assert details["uiDomain"] == "127.0.0.1:8001"
