"""Rate limits and what they look like (hubspot.md 3)."""

import pytest

from hubspot_simulator import Clock, Simulator
from tests.simulator.api import START, Api

CONTACTS, SEARCH = "/crm/objects/V/contacts", "/crm/objects/V/contacts/search"


@pytest.fixture
def limited():
    sim = Simulator(clock=Clock(START), rate_limit=3, daily_limit=10)
    with sim.serve() as url:
        yield sim, Api(url, sim.service_key)


def test_the_window_rolls(limited):
    sim, api = limited
    remaining = []
    for _ in range(3):
        remaining.append(api.get(CONTACTS).headers["X-HubSpot-RateLimit-Remaining"])
        sim.clock.advance(1)
    assert remaining == ["2", "1", "0"]
    refused = api.get(CONTACTS)
    assert refused.status_code == 429
    body = refused.json()
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert "Retry-After" not in refused.headers
    sim.clock.advance(7.5)
    assert api.get(CONTACTS).status_code == 200
    assert api.get(CONTACTS).status_code == 429
    assert sim.rate_limit_violations == 2


def test_the_day_ends_at_midnight_of_the_portal(limited):
    sim, api = limited
    sim.limits.use_up(sim.portal, 9)
    answer = api.get(CONTACTS)
    assert answer.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    refused = api.get(CONTACTS)
    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
    sim.clock.advance(10 * 3600)
    assert api.get(CONTACTS).status_code == 429
    sim.clock.advance(1 * 3600 + 1)  # noon in Berlin plus eleven hours is before midnight
    assert sim.portal.local_time().hour == 23
    sim.clock.advance(3600)
    assert api.get(CONTACTS).status_code == 200


def test_search_has_its_own_budget_and_no_headers(limited):
    sim, api = limited
    answers = [api.post(SEARCH, {}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].json()["message"] == "You have reached your secondly limit."
    assert not [name for answer in answers for name in answer.headers if "RateLimit" in name]
    assert api.get(CONTACTS).headers["X-HubSpot-RateLimit-Remaining"] == "2"


def test_switches_change_the_shape(limited):
    sim, api = limited
    sim.switches.change(retry_after_on_429=7, rate_limit_field="category")
    refused = [api.get(CONTACTS) for _ in range(4)][-1]
    assert refused.headers["Retry-After"] == "7"
    assert refused.json()["category"] == "RATE_LIMITS"
    assert "errorType" not in refused.json()


@pytest.mark.parametrize(("tier", "burst", "daily"), [("free", 100, 250_000), ("enterprise", 190, 1_000_000)])
def test_limits_of_a_service_key_by_tier(tier, burst, daily):
    sim = Simulator(tier=tier)
    with sim.serve() as url:
        headers = Api(url, sim.service_key).get(CONTACTS).headers
    assert (headers["X-HubSpot-RateLimit-Max"], headers["X-HubSpot-RateLimit-Daily"]) == (str(burst), str(daily))


def test_oauth_apps_get_110_and_no_daily_header():
    sim = Simulator()
    app = sim.auth.apps["simulator-client-id"]
    code = sim.auth.authorise(app, sim.portal.id, ["crm.objects.contacts.read"], "https://x")
    token = sim.auth.exchange(app, code, "https://x", "", "eu1")
    with sim.serve() as url:
        headers = Api(url, token.text).get(CONTACTS).headers
    assert headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in headers
