"""The simulator as one object and as a process: its log, its latency, its command line."""

import pathlib
import subprocess
import sys

import requests

import hubspot_simulator
from hubspot_simulator import Simulator
from hubspot_simulator.__main__ import build, parser

from .api import Api

ROOT = pathlib.Path(hubspot_simulator.__file__).parent


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
