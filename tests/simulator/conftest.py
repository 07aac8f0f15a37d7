"""A fresh portal per test, on a port of its own, with a clock that only the test moves."""

import sys

import pytest

from hubspot_simulator import Clock, Simulator

from .api import START, Api


@pytest.fixture(autouse=True)
def loopback_allowed(monkeypatch):
    """pretix, where the test configuration loads it, blocks HTTP to this machine; these tests don't need Django."""
    if "django.conf" in sys.modules:
        settings = sys.modules["django.conf"].settings
        if settings.configured:
            monkeypatch.setattr(settings, "ALLOW_HTTP_TO_PRIVATE_NETWORKS", True, raising=False)


@pytest.fixture
def sim():
    simulator = Simulator(clock=Clock(START), rate_limit=None, search_limit=None)
    yield simulator
    assert simulator.bugs == []


@pytest.fixture
def url(sim):
    with sim.serve() as address:
        yield address


@pytest.fixture
def api(sim, url):
    return Api(url, sim.service_key)


@pytest.fixture
def modern(sim, url):
    """The same portal through the version that enforces more."""
    return Api(url, sim.service_key, "2026-09")


@pytest.fixture
def key_property(api):
    """The unique deal property that the plugin would create."""
    answer = api.post(
        "/crm/properties/V/deals",
        {
            "name": "pretix_order_key",
            "label": "pretix order",
            "type": "string",
            "fieldType": "text",
            "groupName": "dealinformation",
            "hasUniqueValue": True,
        },
    )
    assert answer.status_code == 201, answer.text
    return "pretix_order_key"
