"""The admin API does what tests in process can do."""

import pathlib

import pytest
import requests

import hubspot_simulator

ROOT = pathlib.Path(hubspot_simulator.__file__).parent


@pytest.fixture
def admin(url):
    def call(method, path, body=None):
        answer = requests.request(method, f"{url}/_simulator/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return call


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
