"""The stage of the engine's tests, and people who look at it."""

import pytest
from django.test import Client
from pretix.base.models import Team, User

from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401, the same stage


@pytest.fixture(autouse=True)
def no_scopes(no_scope):
    """Pages lift scopes by themselves; tests look at everything."""


def make_user(story, name, event_permissions=(), organizer_permissions=()):
    user = User.objects.create_user(f"{name}@example.org", "secret", fullname=name.title())
    team = Team.objects.create(
        organizer=story.organizer,
        name=name,
        all_events=True,
        limit_event_permissions=dict.fromkeys(event_permissions, True),
        limit_organizer_permissions=dict.fromkeys(organizer_permissions, True),
    )
    team.members.add(user)
    return user


def browser(user):
    client = Client()
    client.force_login(user)
    return client


SETTINGS = "event.settings.general:write"
ORDERS = ("event.orders:read", "event.orders:write")


@pytest.fixture
def manager(story):
    """May change the settings of the organizer and its events, and orders."""
    return make_user(story, "manager", (SETTINGS, *ORDERS), ("organizer.settings.general:write",))


@pytest.fixture
def client(manager):
    """The manager's browser."""
    return browser(manager)
