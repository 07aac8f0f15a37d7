"""Scripted faults: each tells that it fired, where, and on which side of the commit."""

import json

import pytest
import requests

from hubspot_simulator import PRESETS, Fault
from hubspot_simulator.faults import ANSWER_KINDS

CREATE = "/crm/objects/V/contacts/batch/create"


def create(api, email="a@example.org"):
    return api.post(CREATE, {"inputs": [{"properties": {"email": email}, "objectWriteTraceId": "1"}]})


def test_an_answer_is_edited_key_by_key(api, sim):
    sim.faults.add(kind="edited", stage="create", answer={"results": [], "numErrors": 1, "startedAt": None})

    edited = create(api).json()
    usual = create(api, "b@example.org").json()

    assert (edited["results"], edited["numErrors"]) == ([], 1)
    assert set(edited) == (set(usual) | {"numErrors"}) - {"startedAt"}
    assert len(sim.portal.records("contacts")) == 2


def test_a_refusal_says_what_it_is_told_to_say(api, sim):
    sim.faults.add("bad-request", stage="create", answer={"message": "Not today"})

    refused = create(api)

    assert (refused.status_code, refused.json()["message"]) == (400, "Not today")
    assert sim.portal.records("contacts") == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_fires_on_its_side_of_the_commit(api, sim, name, when):
    sim.faults.add(name, stage="create", when=when, **({"seconds": 0.05} if name == "timeout" else {}))
    fault = PRESETS[name]
    spoiled = None
    try:
        spoiled = create(api)
        body = spoiled.json()
    except (requests.RequestException, json.JSONDecodeError):
        body = None
    if fault["kind"] in ("reset", "timeout", "truncated"):
        assert body is None
    elif "status" in fault:
        assert spoiled.status_code == fault["status"]
    side = "after" if fault["kind"] in ANSWER_KINDS else when
    assert [(fired.name, fired.stage, fired.when) for fired in sim.faults.fired] == [(name, "create", side)]
    assert bool(sim.portal.records("contacts")) == (side == "after")
    assert sim.requests[0].fault == name
    sim.portal.records("contacts") or create(api)
    assert len(sim.portal.records("contacts")) == 1


def test_results_can_be_missing_from_a_success(api, sim):
    sim.faults.add("missing-result", path="batch/create")
    answer = api.post(CREATE, {"inputs": [{"properties": {"email": f"{number}@example.org"}} for number in range(3)]})
    assert (answer.status_code, len(answer.json()["results"])) == (201, 2)
    assert len(sim.portal.records("contacts")) == 3


def test_the_nth_and_every_nth(api, sim):
    sim.faults.add("locked", nth=2)
    sim.faults.add("server-error", every=3, times=None)
    statuses = [create(api, f"{number}@example.org").status_code for number in range(7)]
    assert statuses == [201, 423, 201, 500, 201, 201, 500]
    # The request that the first fault took was not offered to the second one.


def test_matching_by_method_path_and_stage(api, sim):
    sim.faults.add(kind="status", status=503, method="GET", path=r"/deals$", times=None)
    assert create(api).status_code == 201
    assert api.get("/crm/objects/V/contacts").status_code == 200
    assert api.get("/crm/objects/V/deals").status_code == 503


def test_matching_by_what_is_sent(api, sim):
    """A record that HubSpot stumbles over every time."""
    sim.faults.add("server-error", body=r"b@example\.org", times=None)
    assert [create(api, f"{name}@example.org").status_code for name in "abcb"] == [201, 500, 201, 500]


def test_the_migration_says_when_to_come_back(api, sim):
    sim.faults.add("migration", retry_after=120)
    answer = create(api)
    assert (answer.status_code, answer.headers["Retry-After"]) == (477, "120")


def test_edge_errors_are_pages(api, sim):
    sim.faults.add("bad-gateway", when="after")
    answer = create(api)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text


def test_token_faults(url, sim):
    sim.faults.add("unavailable", stage="token")
    form = {"client_id": "x", "client_secret": "y", "grant_type": "refresh_token"}
    statuses = [requests.post(f"{url}/oauth/2026-09/token", data=form, timeout=5).status_code for _ in range(2)]
    assert statuses == [503, 400]
    assert sim.faults.fired[0].stage == "token"


def test_hanging_connections_do_not_outlive_the_server(sim):
    sim.faults.add("timeout", seconds=60)
    with sim.serve() as url, pytest.raises(requests.ReadTimeout):
        requests.get(
            f"{url}/crm/objects/2026-03/contacts", timeout=0.2, headers={"Authorization": f"Bearer {sim.service_key}"}
        )
    assert sim.requests[0].status == 0


@pytest.mark.parametrize("bad", [{"kind": "nonsense"}, {"when": "sometimes"}])
def test_nonsense_is_refused(bad):
    with pytest.raises(ValueError):
        Fault(**bad)
