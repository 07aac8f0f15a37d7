"""Who may do what: roles x pages, other organizers' ids, CSRF, an inactive plugin."""

import pytest
from django.test import Client
from pretix.base.models import Organizer

from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.models import Connection, EventConnection
from pretix_hubspot.sync.joining import join

from .conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, browser, make_event, make_user

pytestmark = pytest.mark.django_db

EVENT = "/control/event/acme/conf/hubspot/"
ORGANIZER = "/control/organizer/acme/hubspot/"
OK, MOVED, NO, MISSING, LOGIN = 200, 302, 403, 404, "login"
NOBODY, STRANGER, VIEWER, HELPER, MANAGER = "nobody", "stranger", "viewer", "helper", "manager"
ROLES = (NOBODY, STRANGER, VIEWER, HELPER, MANAGER)

# What each role gets: nobody is logged in, a stranger belongs to another organizer, a viewer may see the event,
# a helper may change the event's settings, a manager the organizer's as well.
TABLE = {
    ("GET", EVENT): (LOGIN, MISSING, NO, OK, OK),
    ("GET", EVENT + "leave/"): (LOGIN, MISSING, NO, OK, OK),
    ("GET", EVENT + "disconnect/"): (LOGIN, MISSING, NO, NO, OK),
    ("POST", EVENT + "connect/ask/"): (LOGIN, MISSING, NO, MOVED, MOVED),
    ("POST", EVENT + "connect/oauth/"): (LOGIN, MISSING, NO, NO, MOVED),
    ("POST", EVENT + "connect/token/"): (LOGIN, MISSING, NO, NO, MOVED),
    ("POST", EVENT + "join/"): (LOGIN, MISSING, NO, MOVED, MOVED),
    ("POST", EVENT + "options/"): (LOGIN, MISSING, NO, MOVED, MOVED),
    ("POST", EVENT + "leave/"): (LOGIN, MISSING, NO, MOVED, MOVED),
    ("POST", EVENT + "disconnect/"): (LOGIN, MISSING, NO, NO, MOVED),
    ("GET", ORGANIZER): (LOGIN, MISSING, NO, NO, OK),
    ("GET", ORGANIZER + "disconnect/{pk}/"): (LOGIN, MISSING, NO, NO, OK),
    ("POST", ORGANIZER + "connect/oauth/"): (LOGIN, MISSING, NO, NO, MOVED),
    ("POST", ORGANIZER + "connect/token/"): (LOGIN, MISSING, NO, NO, MOVED),
    ("POST", ORGANIZER + "disconnect/{pk}/"): (LOGIN, MISSING, NO, NO, MOVED),
}
POSTS = [url for method, url in TABLE if method == "POST"]


@pytest.fixture
def connection(organizer, event, portal, manager):
    made = connect_token(organizer, portal.service_key, manager)
    join(event, made, manager)
    return made


@pytest.fixture
def other_organizer(db):
    return Organizer.objects.create(name="Other", slug="other", plugins="pretix_hubspot")


@pytest.fixture
def browsers(organizer, other_organizer, manager, helper):
    stranger = make_user(other_organizer, "stranger", EVENT_SETTINGS, ORGANIZER_SETTINGS)
    viewer = make_user(organizer, "viewer", {"event.orders:read": True})
    return {
        NOBODY: Client(),
        STRANGER: browser(stranger),
        VIEWER: browser(viewer),
        HELPER: browser(helper),
        MANAGER: browser(manager),
    }


@pytest.mark.parametrize(("method", "url"), list(TABLE))
def test_every_page_is_for_whom_it_is_meant(browsers, connection, method, url):
    found = []
    for role in ROLES:
        response = browsers[role].generic(method, url.format(pk=connection.pk))
        to_login = response.status_code == 302 and response["Location"].startswith("/control/login")
        found.append(LOGIN if to_login else response.status_code)
    # Joining without naming a connection is answered 404; what matters is that it got past the permissions.
    allowed = tuple(MOVED if url.endswith("join/") and status == MISSING else status for status in found[2:])
    assert (*found[:2], *allowed) == TABLE[method, url]


@pytest.mark.parametrize("url", POSTS)
def test_state_changes_need_a_csrf_token(manager, connection, url):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(manager)
    assert strict.post(url.format(pk=connection.pk)).status_code == 403
    assert Connection.objects.get().status == "active"


@pytest.mark.parametrize("url", [url for url in POSTS if ("GET", url) not in TABLE])
def test_what_only_acts_cannot_be_reached_by_a_link(client, connection, url):
    assert client.get(url.format(pk=connection.pk)).status_code == 405


@pytest.fixture
def foreign(other_organizer, portal, manager):
    """A connection of somebody else."""
    make_event(other_organizer, "expo")
    return connect_token(other_organizer, portal.service_key, manager)


def test_connections_of_other_organizers_cannot_be_joined(client, event, foreign):
    assert client.post(EVENT + "join/", {"connection": foreign.pk}).status_code == 404
    assert not EventConnection.objects.exists()


@pytest.mark.parametrize("pk", ["", "x", "-1", "99999999", "1 OR 1=1", "²"])
def test_ids_that_are_none_are_not_found(client, event, pk):
    assert client.post(EVENT + "join/", {"connection": pk}).status_code == 404


@pytest.mark.parametrize("action", ["connect/oauth/", "connect/token/"])
def test_connections_of_other_organizers_cannot_be_renewed(client, organizer, foreign, action):
    response = client.post(ORGANIZER + action, {"connection": foreign.pk, "token": "pat-eu1-x"})
    assert response.status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_connections_of_other_organizers_cannot_be_disconnected(client, organizer, foreign, method):
    assert getattr(client, method)(f"{ORGANIZER}disconnect/{foreign.pk}/").status_code == 404
    assert Connection.objects.get().status == "active"


def test_connections_of_other_organizers_do_not_show(client, event, foreign):
    assert "Use this connection" not in client.get(EVENT).content.decode()
    assert str(foreign.portal_id) not in client.get(ORGANIZER).content.decode()


#: These answer as long as there is access to give back, see security/test_disconnected.py.
HELP_TO_DISCONNECT = (ORGANIZER, ORGANIZER + "disconnect/{pk}/")


@pytest.mark.parametrize(("method", "url"), list(TABLE))
def test_where_the_plugin_is_not_active_there_is_nothing(client, connection, organizer, event, method, url):
    target = organizer if url.startswith(ORGANIZER) else event
    target.plugins = ""
    target.save()
    if url in HELP_TO_DISCONNECT:
        Connection.objects.update(status="disconnected")
    assert client.generic(method, url.format(pk=connection.pk)).status_code == 404


def test_a_plugin_that_the_organizer_disabled_is_not_active_in_events(client, organizer, event):
    organizer.plugins = ""
    organizer.save()
    assert client.get(EVENT).status_code == 404


def test_a_helper_may_use_what_is_there_but_not_connect(browsers, other_event, connection):
    page = browsers[HELPER].get("/control/event/acme/gala/hubspot/").content.decode()
    assert "Use this connection" in page
    assert "you need the permission to change the settings of the organizer" in " ".join(page.split())
    assert 'name="token"' not in page


def test_a_helper_sees_no_way_to_disconnect(browsers, connection):
    page = browsers[HELPER].get(EVENT).content.decode()
    assert "Stop using it in this event" in page
    assert "Disconnect" not in page
    assert "Reconnect" not in page
