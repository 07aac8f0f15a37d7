"""What tests, demos and people use: the world, the log, the admin API, the pages, the command line."""

import ast
import pathlib
import subprocess
import sys

import pytest
import requests

import hubspot_simulator
from hubspot_simulator import STAFF, Simulator
from hubspot_simulator.__main__ import build, parser

from .conftest import Api

ROOT = pathlib.Path(hubspot_simulator.__file__).parent


@pytest.fixture
def admin(url):
    def call(method, path, body=None):
        answer = requests.request(method, f"{url}/_simulator/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return call


def test_the_world_is_a_literal(api, sim):
    ada = sim.record("contacts", email="ada@example.org", firstname="Ada")
    sim.record("contacts", email="bob@example.org")
    deal = sim.record("deals", dealname="Order", dealstage="closedwon", amount="12.50")
    sim.link(deal, ada)
    assert sim.world({"contacts": ["email", "firstname"], "deals": ["dealname", "amount"]}) == {
        "contacts": [
            {"email": "ada@example.org", "firstname": "Ada", "associations": {"deals": ["Order"]}},
            {"email": "bob@example.org", "firstname": None},
        ],
        "deals": [{"dealname": "Order", "amount": "12.5", "associations": {"contacts": ["ada@example.org"]}}],
    }


def test_requests_and_writes_are_counted(api, sim):
    for email in ("a@example.org", "b@example.org"):
        api.post(
            "/crm/objects/V/contacts/batch/upsert",
            {"inputs": [{"id": email, "idProperty": "email", "properties": {}}] * 1},
        )
    api.post("/crm/objects/V/contacts/batch/read", {"inputs": [{"id": "1"}, {"id": "2"}], "properties": []})
    record = sim.portal.find("contacts", "email", "a@example.org")
    api.patch(f"/crm/objects/V/contacts/{record.id}", {"properties": {"city": "Bonn"}})
    assert sim.portal.writes["contacts", record.id] == 2
    assert sim.portal.creates == {"contacts": 2}
    assert sim.requests.by_stage == {"upsert": 2, "read": 1, "update": 1}
    assert sim.requests.inputs_by_stage["read"] == 2
    last = sim.requests[-1]
    assert (last.method, last.status, last.stage, last.object_type) == ("PATCH", 200, "update", "contacts")


def test_histories_say_who_it_was(api, sim):
    made = api.post("/crm/objects/V/contacts", {"properties": {"email": "a@example.org", "city": "Bonn"}}).json()["id"]
    sim.people.change("contacts", {"city": "Mainz"}, id=made)
    history = api.get(f"/crm/objects/V/contacts/{made}?propertiesWithHistory=city").json()["propertiesWithHistory"]
    assert [(entry["value"], entry["sourceType"]) for entry in history["city"]] == [
        ("Mainz", STAFF.source_type),
        ("Bonn", "INTEGRATION"),
    ]
    assert sim.portal.writes["contacts", made] == 1


def test_the_admin_api_does_it_all(admin, api, sim):
    state = admin("GET", "state")
    assert state["service_key"] == sim.service_key
    admin("POST", "records", {"type": "contacts", "records": [{"email": "a@example.org"}, {"email": "b@example.org"}]})
    admin(
        "POST",
        "people/change",
        {"type": "contacts", "find": {"email": "a@example.org"}, "properties": {"city": "Bonn"}},
    )
    admin(
        "POST",
        "people/merge",
        {"type": "contacts", "primary": {"email": "a@example.org"}, "merged": {"email": "b@example.org"}},
    )
    assert admin("POST", "world", {"properties": {"contacts": ["email", "city"]}}) == {
        "contacts": [{"email": "a@example.org", "city": "Bonn"}]
    }
    admin("POST", "faults", {"preset": "bad-gateway", "stage": "read", "when": "after"})
    assert api.get("/crm/objects/V/contacts").status_code == 502
    assert admin("GET", "faults")["fired"][0]["name"] == "bad-gateway"
    assert admin("GET", "counters")["by_stage"] == {"read": 1}
    assert admin("GET", "requests?stage=read")["requests"][0]["fault"] == "bad-gateway"
    admin("PATCH", "switches", {"search_lag_s": 0})
    admin("PATCH", "limits", {"burst": 0})
    assert api.get("/crm/objects/V/contacts").status_code == 429
    assert admin("GET", "counters")["rate_limit_violations"] == 1
    admin("PATCH", "latency", {"latency_ms": 1, "batch_latency_ms": 2})
    before = admin("GET", "state")["time"]
    admin("POST", "clock", {"advance": 3600})
    assert admin("GET", "state")["time"] > before
    admin("POST", "reset")
    assert admin("GET", "state")["records"]["contacts"] == 0
    assert admin("GET", "writes") == {"created": {}, "writes": []}
    assert "POST /_simulator/faults" in admin("GET", "")["actions"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "people/dance", {}),
        ("POST", "people/change", {"type": "contacts"}),
        ("POST", "faults", {"kind": "x"}),
        ("PATCH", "switches", {"nonsense": 1}),
        ("POST", "records", {"type": "unicorns", "records": [{}]}),
        ("POST", "people/archive", {"type": "contacts", "id": "42"}),
    ],
)
def test_admin_mistakes_are_told(url, method, path, body):
    answer = requests.request(method, f"{url}/_simulator/{path}", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


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
    assert "Order &amp; more" in record.text and "Customer" in record.text and "pretix" in record.text
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


def test_account_details(api, modern):
    body = api.get("/account-info/V/details").json()
    assert body == {
        "portalId": 48100001,
        "accountType": "STANDARD",
        "timeZone": "Europe/Berlin",
        "companyCurrency": "EUR",
        "additionalCurrencies": ["CHF", "USD"],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3600000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    }
    assert set(modern.get("/account-info/V/details").json()) - set(body) == {"portalName", "createdAt"}


def test_latency_is_slept_and_batches_have_their_own():
    sim = Simulator(latency_ms=1, batch_latency_ms=80)
    with sim.serve() as url:
        api = Api(url, sim.service_key)
        api.get("/crm/objects/V/contacts")
        api.post("/crm/objects/V/contacts/batch/read", {"inputs": [{"id": "1"}], "properties": []})
    assert sim.requests[0].milliseconds < 60 <= sim.requests[1].milliseconds


def test_the_command_line():
    options = parser().parse_args(
        [
            "--rate-limit",
            "off",
            "--region",
            "na1",
            "--tier",
            "free",
            "--portal-id",
            "9",
            "--ui-origin",
            "self",
            "--switch",
            "search_lag_s=0.5",
            "--switch",
            "legacy_sunset=true",
            "--custom-properties",
            "20",
        ]
    )
    sim = build(options)
    assert (sim.portal.id, sim.limits.burst, sim.portal.account.region) == (9, None, "na1")
    assert (sim.switches.search_lag_s, sim.switches.legacy_sunset) == (0.5, True)
    assert sim.portal.account.ui_domain == "127.0.0.1:8001"
    assert sim.service_key.startswith("pat-na1-")


def test_a_process_of_its_own():
    process = subprocess.Popen(
        [sys.executable, "-m", "hubspot_simulator", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT.parent
    )
    try:
        url = process.stdout.readline().split()[3]
        assert requests.get(f"{url}/_simulator/state", timeout=10).json()["portal"]["portalId"] == 48100001
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def test_it_imports_nothing_but_the_standard_library():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            roots = {name.partition(".")[0] for name in names}
            assert roots <= sys.stdlib_module_names | {"hubspot_simulator"}, path


def test_functions_and_modules_stay_small():
    for path in ROOT.rglob("*.py"):
        source = path.read_text()
        assert source.count("\n") <= 350, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno <= 30, (path, node.name)
