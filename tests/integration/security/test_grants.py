"""Access that is not used any more is given back to HubSpot, not forgotten here and alive there."""

import pytest

from hubspot_simulator import Account
from pretix_hubspot.connections import grants
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.hubspot.data import Tokens
from pretix_hubspot.models import Connection
from tests.integration.connections.conftest import (  # noqa: F401  fixtures
    client,
    event,
    manager,
    organizer,
    other_event,
    portal,
)
from tests.integration.connections.test_oauth import connect

pytestmark = pytest.mark.django_db
EVENT = "/control/event/acme/conf/hubspot/"


@pytest.fixture(autouse=True)
def no_scopes(no_scope):
    """Pages set the organizer's scope by themselves; tests act without a page."""


def alive(portal):
    return [text for text, token in portal.auth.refresh_tokens.items() if not token.revoked]


def test_a_disconnected_portal_grants_nothing(client, event, portal):
    connect(client, portal)

    disconnect(Connection.objects.get(), None)

    assert alive(portal) == []


def test_a_service_key_takes_the_place_of_the_app(client, event, portal):
    """Then *Disconnect* tells to delete the key, and nobody remembers the app."""
    connect(client, portal)

    client.post(EVENT + "connect/token/", {"token": portal.service_key})

    connection = Connection.objects.get()
    assert connection.kind == Connection.Kind.TOKEN
    assert alive(portal) == []


def test_connecting_again_gives_the_former_access_back(client, event, portal):
    connect(client, portal)
    [first] = alive(portal)

    connect(client, portal)

    [second] = alive(portal)
    assert second != first
    assert grants.tokens.refresh_token(Connection.objects.get()) == second


def test_access_that_is_not_accepted_is_given_back(client, event, portal):
    """The page says that nothing has been changed."""
    connect(client, portal, without=["crm.objects.contacts.read"])

    assert not Connection.objects.exists()
    assert alive(portal) == []


def test_access_to_another_portal_is_given_back_and_the_present_one_stays(client, event, portal):
    connect(client, portal)
    before = alive(portal)
    portal.add_portal(Account(48_100_777))

    connect(client, portal, portal_id=48_100_777)

    assert alive(portal) == before


@pytest.mark.parametrize("fault", ["unavailable", "unauthorized"])
def test_access_that_could_not_be_looked_at_is_given_back(client, event, portal, fault):
    portal.faults.add(fault, stage="account", times=None)

    connect(client, portal)

    assert not Connection.objects.exists()
    assert alive(portal) == []


def test_a_refusal_that_repeats_a_grant_in_use_takes_nothing_away(client, event, portal):
    """HubSpot may hand out the same refresh token again (unverified)."""
    connect(client, portal)
    [used] = alive(portal)

    refused = grants.revoke_new(Tokens("access", used, 1800, Connection.objects.get().portal_id))

    assert (refused, alive(portal)) == (False, [used])


def test_hubspot_that_does_not_confirm_keeps_nobody_from_connecting(client, event, portal):
    connect(client, portal)
    portal.faults.add("unavailable", stage="revoke", times=None)

    connect_token(event.organizer, portal.service_key, None)

    assert Connection.objects.get().kind == Connection.Kind.TOKEN
