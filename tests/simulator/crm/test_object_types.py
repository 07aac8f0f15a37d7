"""Object types go by many names (hubspot.md 1.2, 9)."""

import pytest

CONTACTS = "/crm/objects/V/contacts"


@pytest.mark.parametrize("name", ["contacts", "contact", "CONTACT", "0-1"])
def test_object_types_have_many_names(api, name):
    assert api.get(f"/crm/objects/V/{name}").status_code == 200


@pytest.mark.parametrize("name", ["event_session", "p48100001_event_session", "2-48100123"])
def test_custom_types_too(api, name):
    assert api.get(f"/crm/objects/V/{name}").status_code == 200


def test_unknown_and_disabled_types(api, sim):
    unknown = api.get("/crm/objects/V/unicorns")
    assert (unknown.status_code, unknown.json()["message"]) == (400, "Unable to infer object type from: unicorns")
    sim.people.switch_object("orders", enabled=False)
    assert api.get("/crm/objects/V/orders").status_code == 403
    assert api.get("/crm/object-library/V/enablement/0-123").json() == {"enablement": False}
