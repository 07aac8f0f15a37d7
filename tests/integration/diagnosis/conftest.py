"""The stage of the engine's tests, and the people of the connection's."""

import pytest
from django.test import Client

from tests.integration.connections.conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

ORDERS = {"event.orders:read": True}


@pytest.fixture
def manager(story):
    return make_user(story.organizer, "manager", {**EVENT_SETTINGS, **ORDERS}, ORGANIZER_SETTINGS)


@pytest.fixture
def client(manager):
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def page(story):
    """The address of one of our pages."""
    return f"/control/event/{story.organizer.slug}/{story.event.slug}/hubspot/".__add__
