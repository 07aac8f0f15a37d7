"""A connected event, somebody who may change its settings, and a portal in this process."""

from datetime import UTC, datetime

import pytest
from django.test import Client, override_settings
from django_scopes import scopes_disabled
from pretix.base.models import Event, Organizer, Team, User

from hubspot_simulator import Simulator
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.sync.joining import join

PLUGIN = "pretix_hubspot"
BASE = "/control/event/acme/conf/hubspot/"


@pytest.fixture(autouse=True)
def no_scopes():
    with scopes_disabled():
        yield


@pytest.fixture
def portal(monkeypatch):
    simulator = Simulator(rate_limit=None, search_limit=None)
    with simulator.serve() as url, override_settings(ALLOW_HTTP_TO_PRIVATE_NETWORKS=True):
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        yield simulator


@pytest.fixture
def organizer(db):
    return Organizer.objects.create(name="Acme", slug="acme", plugins=PLUGIN)


def make_event(organizer, slug):
    date_from = datetime(2030, 6, 4, 10, tzinfo=UTC)
    event = Event.objects.create(
        organizer=organizer, slug=slug, name=slug.title(), date_from=date_from, currency="EUR", plugins=PLUGIN
    )
    event.settings.name_scheme = "given_family"
    event.settings.attendee_emails_asked = True
    return event


@pytest.fixture
def event(organizer):
    return make_event(organizer, "conf")


def make_user(organizer, name, **permissions):
    user = User.objects.create_user(f"{name}@example.org", "secret")
    team = Team.objects.create(organizer=organizer, name=name, all_events=True, limit_event_permissions=permissions)
    team.members.add(user)
    return user


@pytest.fixture
def user(organizer):
    return make_user(organizer, "manager", **{"event.settings.general:write": True, "event.orders:write": True})


@pytest.fixture
def client(user):
    return browser(user)


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def joined(portal, organizer, event, user):
    """The event's use of a connection."""
    connection = connect_token(organizer, portal.service_key, user)
    return join(event, connection, user)


def add_mapping(event, source, object_type, position=0, **values):
    return ObjectMapping.objects.create(
        event=event, pretix_model=source, external_object_type=object_type, position=position, **values
    )


def rows_of(event):
    """All object mappings as a literal."""
    return [
        (m.pretix_model, m.external_object_type, m.pretix_id_field, m.external_id_field)
        for m in event.hubspot_object_mappings.order_by("position", "pk")
    ]
