"""The engine's stage, a clock that never waits, and sixty orders whose portal is known by heart."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot import hubspot_app, tokens
from pretix_hubspot.connection import connect_oauth
from pretix_hubspot.models import Connection
from tests.counting import numbers_add_up  # noqa: F401  for every test
from tests.integration.engine.conftest import impatient, served, simulator, story  # noqa: F401  fixtures are used by name
from tests.integration.engine.story import KEY


@pytest.fixture
def short_timeouts(monkeypatch):
    """A hanging HubSpot costs a test a fraction of a second instead of half a minute."""
    short = (2.0, 0.3)
    monkeypatch.setattr("pretix_hubspot.connection.TIMEOUTS", short)
    app = hubspot_app._app

    def hasty():
        made = app()
        made._timeouts = short
        return made

    monkeypatch.setattr(hubspot_app, "_app", hasty)


@pytest.fixture(autouse=True)
def no_waiting_for_the_budget(monkeypatch, request):
    """After a 429 the budget rests for ten seconds; here it is told, and does not sleep."""
    if "real_budget" in request.fixturenames:
        return
    monkeypatch.setattr("pretix_hubspot.hubspot.pacing.SharedBudget.acquire", lambda self, kind="crm", live=True: None)


@pytest.fixture
def real_budget():
    """Named by tests that want the request budget to be kept."""


@pytest.fixture
def oauth(story, simulator, monkeypatch):  # noqa: F811  the fixtures imported above
    """The story's connection, authorised by OAuth instead of a service key."""
    app = next(iter(simulator.auth.apps.values()))
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_ID", app.client_id)
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_SECRET", app.client_secret)
    scopes = [s for s in story.connection.scopes if s != "oauth"]
    code = simulator.auth.authorise(app, simulator.portal.id, scopes, hubspot_app.return_url())
    connect_oauth(story.organizer, hubspot_app._app().exchange(code, hubspot_app.return_url()), None)
    story.connection.refresh_from_db()
    return story.connection


def expire(connection):
    """The access token needs to be refreshed before the next call."""
    Connection.objects.filter(pk=connection.pk).update(expires_at=now() + tokens.EARLY / 2)
    connection.refresh_from_db()


def orders(story, numbers, **values):  # noqa: F811  a parameter
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


def settle(story, rounds=12):  # noqa: F811  a parameter
    """Periods until nothing waits any more; returns how many it took."""
    for number in range(rounds + 1):
        if not OrderSyncQueue.objects.filter(need_manual_retry__isnull=True).exists():
            return number
        later()
        story.sync()
    raise AssertionError(f"still waiting: {list(OrderSyncQueue.objects.values())}")
