"""What ``HUBSPOT_API_URL`` does to the other tests here: the same story with a portal behind HTTP."""

import pytest

from hubspot_simulator import Simulator
from tests.integration.sync.story import WORLD

from . import external_simulator
from .conftest import expected, orders, settle

pytestmark = [pytest.mark.faults, pytest.mark.django_db]


@pytest.fixture
def served(settings, monkeypatch):
    """A portal with limits and a past, of which only the address is known."""
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    simulator = Simulator()
    simulator.record("contacts", email="somebody@example.org")
    with simulator.serve() as url:
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        yield external_simulator.ExternalSimulator(url)


def test_faults_are_scripted_and_counted_over_http(story, simulator):
    simulator.faults.add("bad-gateway", stage="create", when="after", times=1)
    orders(story, range(2))
    settle(story)
    assert [(f.name, f.stage, f.when) for f in simulator.faults.fired] == [("bad-gateway", "create", "after")]
    assert simulator.world(WORLD) == expected(range(2))
    simulator.faults.clear()
    assert simulator.faults.fired == []
    assert not simulator.bugs


def test_people_and_limits_are_told_over_http(story, simulator):
    simulator.people.set_rules("contacts", "email", [["EMAIL_BLOCKED_DOMAINS", ["example.org"]]])
    simulator.limits.daily = simulator.limits.used_today(simulator.portal) + 1
    assert simulator.limits.daily == simulator.limits.used_today(simulator.portal) + 1
    assert simulator.people.rotate_service_key(simulator.service_key)["key"] != simulator.service_key
    assert simulator.requests.total > 0


def test_a_server_without_scripted_faults_is_left_alone(served):
    with pytest.raises(pytest.skip.Exception, match="offers no scripted faults"):
        external_simulator.ExternalSimulator(f"{served.url}/somewhere")
