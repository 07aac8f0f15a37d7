"""The engine's stage, a clock that never waits, and sixty orders whose portal is known by heart.

The portal is a simulator of our own, or the server that ``HUBSPOT_API_URL`` names, see ``external_simulator``.
"""

from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Simulator
from pretix_hubspot.connections import oauth_app, tokens
from pretix_hubspot.connections.connecting import connect_oauth
from pretix_hubspot.hubspot.budget.shared import NoBudget, SharedBudget
from pretix_hubspot.models import Connection
from pretix_hubspot.server import config
from tests.counting import numbers_add_up  # noqa: F401  for every test
from tests.integration.sync.conftest import impatient, story  # noqa: F401  fixtures are used by name
from tests.integration.sync.story import KEY

from . import external_simulator


@contextmanager
def portal():
    """An empty portal that does what it is told, and its address."""
    if external_simulator.URL:
        yield external_simulator.ExternalSimulator(external_simulator.URL), external_simulator.URL
        return
    simulator = Simulator(rate_limit=None, daily_limit=None, property_lag_ms=0)
    with simulator.serve() as url:
        yield simulator, url


@pytest.fixture
def served(settings, monkeypatch):
    """The portal, configured as the server's operator would configure HubSpot."""
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    with portal() as (made, url):
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        yield made


@pytest.fixture
def simulator(served):
    return served


@pytest.fixture
def our_own(simulator):
    """For tests that reach into the simulator, where a clock has to stand still, say."""
    if external_simulator.URL:
        pytest.skip("needs a simulator within this process")
    return simulator


@pytest.fixture
def short_timeouts(monkeypatch):
    """A hanging HubSpot costs a test a fraction of a second instead of half a minute."""
    send = requests.Session.send

    def hasty(session, request, *, timeout, **options):
        return send(session, request, timeout=(2.0, 0.3), **options)

    monkeypatch.setattr(requests.Session, "send", hasty)


@pytest.fixture(autouse=True)
def no_waiting_for_the_budget(monkeypatch, request):
    """After a 429 the budget rests for ten seconds; here it is told, and does not sleep."""
    if "real_budget" in request.fixturenames:
        return
    monkeypatch.setattr(SharedBudget, "acquire", NoBudget.acquire)
    monkeypatch.setattr(SharedBudget, "arrived", NoBudget.arrived)


@pytest.fixture
def real_budget():
    """Named by tests that want the request budget to be kept."""


@pytest.fixture
def oauth(story, simulator, monkeypatch):
    """The story's connection, authorised by OAuth instead of a service key."""
    authorize(story, monkeypatch)
    return story.connection


def authorize(story, monkeypatch):
    """The story's organizer agrees on HubSpot's page, and we exchange the code."""
    url = config.server_config().api_url
    app = requests.get(f"{url}/_simulator/state", timeout=60).json()
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_ID", app["client_id"])
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_SECRET", app["client_secret"])
    monkeypatch.setattr("django.conf.settings.SITE_URL", "https://pretix.example")  # HubSpot returns to nothing less
    back = oauth_app.return_url()
    asked = {"client_id": app["client_id"], "redirect_uri": back, "scope": " ".join(story.connection.scopes)}
    form = {**asked, "decision": "connect"}
    answer = requests.post(f"{url}/oauth/authorize", params=asked, data=form, allow_redirects=False, timeout=60)
    [code] = parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
    connect_oauth(story.organizer, oauth_app._app().exchange(code, back), None)
    story.connection.refresh_from_db()


def expire(connection):
    """The access token needs to be refreshed before the next call."""
    times = {"refreshed_at": now() - timedelta(minutes=27), "expires_at": now() + tokens.EARLY / 2}
    Connection.objects.filter(pk=connection.pk).update(**times)
    connection.refresh_from_db()


def orders(story, numbers, **values):
    """Orders with a buyer and one attendee each."""
    return [
        story.order(f"A{n:03d}", attendees=[(f"a{n:03d}@example.org", "Grace", f"H{n}")], **values) for n in numbers
    ]


def expected(numbers, amount="100.0"):
    """What the portal holds once these orders arrived: exactly this, nothing twice."""
    contacts, deals = [], []
    for n in numbers:
        links = {"deals": [f"ADA/CONF/A{n:03d}"]}
        contacts.append(
            {"email": f"a{n:03d}@example.org", "firstname": "Grace", "lastname": f"H{n}", "associations": links}
        )
        contacts.append(
            {
                "email": f"buyer-a{n:03d}@example.org",
                "firstname": "Buyer",
                "lastname": f"A{n:03d}",
                "associations": links,
            }
        )
        people = {"contacts": [f"a{n:03d}@example.org", f"buyer-a{n:03d}@example.org"]}
        deals.append(
            {
                KEY: f"ADA/CONF/A{n:03d}",
                "dealname": f"CONF-A{n:03d}",
                "amount": amount,
                "dealstage": "appointmentscheduled",
                "associations": people,
            }
        )
    return {"contacts": sorted(contacts, key=lambda contact: contact["email"]), "deals": deals}


def later():
    """Backoffs and rests have passed."""
    OrderSyncQueue.objects.filter(need_manual_retry__isnull=True).update(not_before=now() - timedelta(seconds=1))
    Connection.objects.update(resting_until=None)


def settle(story, rounds=12):
    """Periods until nothing waits any more; returns how many it took."""
    for number in range(rounds + 1):
        if not OrderSyncQueue.objects.filter(need_manual_retry__isnull=True).exists():
            return number
        later()
        story.sync()
    raise AssertionError(f"still waiting: {list(OrderSyncQueue.objects.values())}")
