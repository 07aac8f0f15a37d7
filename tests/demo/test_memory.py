"""The simulated portal survives a restart of the demo, with everything that pretix remembers of it."""

import requests

from demo import memory
from hubspot_simulator import App, Simulator

APP = App(client_id="demo", client_secret="secret")


def simulator():
    return Simulator(app=APP)


def restarted(sim, path):
    memory.remember(sim, path)
    again = simulator()
    assert memory.recall(again, path)
    return again


def test_records_and_associations_come_back(tmp_path):
    sim = simulator()
    contact = sim.record("contacts", email="ada@example.org", firstname="Ada")
    deal = sim.record("deals", dealname="One", dealstage="appointmentscheduled", pipeline="default")
    sim.link(deal, contact)
    wanted = {"contacts": ["email", "firstname"], "deals": ["dealname"]}
    again = restarted(sim, tmp_path / "portal")
    assert again.world(wanted) == sim.world(wanted)


def test_tokens_stay_valid_and_new_ones_differ(tmp_path):
    sim = simulator()
    code = sim.auth.authorise(APP, sim.portal.id, ["crm.objects.contacts.read"], "http://localhost/")
    old = sim.auth.exchange(APP, code, "http://localhost/", "", "eu1")
    again = restarted(sim, tmp_path / "portal")
    new = again.auth.refresh(APP, old.grant.refresh_token, "eu1")
    assert again.auth.check(f"Bearer {old.text}").portal_id == sim.portal.id
    assert new.text != old.text


def test_the_portal_that_came_back_works_over_http(tmp_path, settings):
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True  # pretix guards every request of this process
    sim = simulator()
    sim.record("contacts", email="ada@example.org")
    again = restarted(sim, tmp_path / "portal")
    with again.serve() as url:
        path = f"{url}/crm/objects/2026-03/contacts"
        headers = {"Authorization": f"Bearer {again.service_key}"}
        made = requests.post(f"{path}/batch/create", headers=headers, timeout=10, json={
            "inputs": [{"properties": {"email": "new@example.org"}, "objectWriteTraceId": "1"}]})  # fmt: skip
        listed = requests.get(path, headers=headers, timeout=10, params={"properties": "email"})
    assert made.status_code == 201
    assert [record["properties"]["email"] for record in listed.json()["results"]] == [
        "ada@example.org",
        "new@example.org",
    ]


def test_what_no_longer_fits_is_told_and_changes_nothing(tmp_path):
    path = tmp_path / "portal"
    path.write_bytes(b"the state of another version")
    sim = simulator()
    assert not memory.recall(sim, path)
    assert sim.world({"contacts": ["email"]}) == {"contacts": []}


def test_the_first_start_has_nothing_to_remember(tmp_path):
    assert memory.recall(simulator(), tmp_path / "portal")
