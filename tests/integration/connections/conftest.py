"""An organizer with two events, people with different permissions, and a portal in this process."""

from datetime import UTC, datetime

import pytest
from django.test import Client, override_settings
from django_scopes import scopes_disabled
from pretix.base.models import Event, Organizer, Team, User

from hubspot_simulator import Simulator

PLUGIN = "pretix_hubspot"
EVENT_SETTINGS = {"event.settings.general:write": True}
ORGANIZER_SETTINGS = {"organizer.settings.general:write": True}


def make_event(organizer, slug, **values):
    date_from = datetime(2030, 6, 4, 10, tzinfo=UTC)
    values = {"name": slug.title(), "date_from": date_from, "plugins": PLUGIN} | values
    with scopes_disabled():
        return Event.objects.create(organizer=organizer, slug=slug, **values)


def make_user(organizer, name, event_permissions=None, organizer_permissions=None):
    user = User.objects.create_user(f"{name}@example.org", "secret")
    team = Team.objects.create(
        organizer=organizer,
        name=name,
        all_events=True,
        limit_event_permissions=event_permissions or {},
        limit_organizer_permissions=organizer_permissions or {},
    )
    team.members.add(user)
    return user


@pytest.fixture
def organizer(db):
    return Organizer.objects.create(name="Acme", slug="acme", plugins=PLUGIN)


@pytest.fixture
def event(organizer):
    return make_event(organizer, "conf")


@pytest.fixture
def other_event(organizer):
    return make_event(organizer, "gala")


@pytest.fixture
def manager(organizer):
    """May change the settings of the organizer and its events."""
    return make_user(organizer, "manager", EVENT_SETTINGS, ORGANIZER_SETTINGS)


@pytest.fixture
def helper(organizer):
    """May change the settings of events, but not of the organizer."""
    return make_user(organizer, "helper", EVENT_SETTINGS)


@pytest.fixture
def client(manager):
    """The manager's browser."""
    return browser(manager)


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def portal(monkeypatch):
    """A running HubSpot, and a server whose operator has registered an app there."""
    simulator = Simulator(rate_limit=None, search_limit=None)
    with simulator.serve() as url, override_settings(ALLOW_HTTP_TO_PRIVATE_NETWORKS=True):
        app = next(iter(simulator.auth.apps.values()))
        configured = {"API_URL": url, "APP_URL": url, "CLIENT_ID": app.client_id, "CLIENT_SECRET": app.client_secret}
        for name, value in configured.items():
            monkeypatch.setenv(f"PRETIX_HUBSPOT_{name}", value)
        yield simulator


def page_of(client, event="conf", organizer="acme"):
    """The settings page as text, with the messages it shows."""
    response = client.get(f"/control/event/{organizer}/{event}/hubspot/")
    assert response.status_code == 200
    return response.content.decode()
