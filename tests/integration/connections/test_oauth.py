"""*Request access*: to HubSpot and back, and everything that may go wrong in between."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from django.test import Client
from django.utils.timezone import now
from freezegun import freeze_time
from pretix.base.models import Team

from hubspot_simulator import Account
from pretix_hubspot import __version__
from pretix_hubspot.connections import oauth_app, tokens
from pretix_hubspot.connections.oauth_app import return_url
from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.models import Connection, EventConnection, OAuthState
from pretix_hubspot.server.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES

from .conftest import browser, page_of

pytestmark = pytest.mark.django_db
START = "/control/event/acme/conf/hubspot/connect/oauth/"
BACK = "/control/hubspot/oauth/return/"
SETTINGS = "/control/event/acme/conf/hubspot/"
PORTAL = 48_100_001


def start(client, url=START, **data):
    """HubSpot's URL that *Request access* sends to, as its parameters."""
    response = client.post(url, data)
    assert response.status_code == 302, response.content
    target = urlsplit(response["Location"])
    return {name: values[0] for name, values in parse_qs(target.query).items()} | {"path": target.path}


def grant(portal, asked, portal_id=PORTAL, without=()):
    """The code that HubSpot sends back after somebody clicked *Connect app*."""
    app = portal.auth.apps[asked["client_id"]]
    scopes = set(asked["scope"].split()) | set(asked["optional_scope"].split())
    challenge = asked.get("code_challenge", "")
    return portal.auth.authorise(app, portal_id, sorted(scopes - set(without)), asked["redirect_uri"], challenge)


def come_back(client, **parameters):
    return client.get(BACK, parameters, follow=True)


def connect(client, portal, **how):
    asked = start(client)
    return come_back(client, state=asked["state"], code=grant(portal, asked, **how)).content.decode()


def nothing_stored():
    return not Connection.objects.exists() and not EventConnection.objects.exists()


def test_request_access_ends_on_the_settings_page(client, event, portal):
    asked = start(client)
    response = come_back(client, state=asked["state"], code=grant(portal, asked))
    assert response.redirect_chain == [(SETTINGS, 302)]
    page = response.content.decode()
    assert "The HubSpot integration is now active." in page
    assert "Connected to HubSpot" in page

    connection = Connection.objects.get()
    assert (connection.portal_id, connection.kind, connection.status) == (PORTAL, "oauth", "active")
    assert connection.hubspot_user == portal.portal.owners[0].email
    assert now() < connection.expires_at <= now() + timedelta(minutes=30)
    assert EventConnection.objects.get().connection == connection
    assert tokens.access_token(connection) in portal.auth.tokens


def test_hubspot_is_asked_for_exactly_our_scopes_and_the_one_return_url(client, event, portal):
    asked = start(client)
    assert asked["scope"].split() == list(REQUIRED_SCOPES)
    assert asked["optional_scope"].split() == list(OPTIONAL_SCOPES)
    assert asked["redirect_uri"] == return_url()
    assert asked["client_id"] == "simulator-client-id"
    assert len(asked["state"]) >= 40
    assert asked["path"] == "/oauth/authorize"


def test_the_state_is_stored_as_a_hash(client, event, portal):
    asked = start(client)
    stored = OAuthState.objects.values().get()
    assert asked["state"] not in str(stored)
    assert client.session.session_key not in str(stored)


def test_denied_access_has_its_own_message(client, event, portal):
    asked = start(client)
    page = come_back(
        client, state=asked["state"], error="access_denied", error_description="<b>no</b>"
    ).content.decode()
    assert "Access was denied in HubSpot. Nothing has been changed." in page
    assert "<b>no</b>" not in page
    assert nothing_stored()


def test_another_refusal_does_not_show_what_the_url_says(client, event, portal):
    asked = start(client)
    page = come_back(client, state=asked["state"], error="call 555-1234").content.decode()
    assert "HubSpot did not grant access." in page
    assert "555-1234" not in page
    assert nothing_stored()


def test_a_used_code_is_refused(client, event, portal):
    asked = start(client)
    code = grant(portal, asked)
    portal.auth.codes[code].used = True
    page = come_back(client, state=asked["state"], code=code).content.decode()
    assert "it was used already or has expired" in page
    assert nothing_stored()


@pytest.mark.parametrize("state", ["", "made-up", "ü"])
def test_an_unknown_state_is_refused(client, event, portal, state):
    asked = start(client)
    response = come_back(client, state=state, code=grant(portal, asked))
    assert response.status_code == 400
    assert "This authorization was not started here." in response.content.decode()
    assert nothing_stored()


def test_a_state_works_once(client, event, portal):
    asked = start(client)
    come_back(client, state=asked["state"], code=grant(portal, asked))
    Connection.objects.all().delete()
    response = come_back(client, state=asked["state"], code=grant(portal, asked))
    assert response.status_code == 400
    assert "This authorization has been used already." in response.content.decode()
    assert nothing_stored()


def test_a_state_expires_after_ten_minutes(client, event, portal):
    asked = start(client)
    OAuthState.objects.update(created=now() - timedelta(minutes=10, seconds=1))
    response = come_back(client, state=asked["state"], code=grant(portal, asked))
    assert response.status_code == 400
    assert "This authorization took longer than ten minutes." in response.content.decode()
    assert nothing_stored()


def test_a_state_is_good_for_the_whole_of_its_ten_minutes(client, event, portal):
    asked = start(client)
    with freeze_time(now()):
        OAuthState.objects.update(created=now() - timedelta(minutes=10))
        page = come_back(client, state=asked["state"], code=grant(portal, asked)).content.decode()

    assert "now active" in page


def test_old_states_are_swept_when_a_new_one_is_made(client, event, portal):
    start(client)
    OAuthState.objects.update(created=now() - timedelta(days=2))
    start(client)
    assert OAuthState.objects.count() == 1


def test_another_session_of_the_same_user_is_refused_and_uses_nothing_up(client, event, portal, manager):
    asked = start(client)
    code = grant(portal, asked)
    response = come_back(browser(manager), state=asked["state"], code=code)
    assert response.status_code == 400
    assert "by a different user or in a different browser session" in response.content.decode()
    assert nothing_stored()
    assert "now active" in come_back(client, state=asked["state"], code=code).content.decode()


def test_another_user_is_refused(client, event, portal, organizer, helper):
    asked = start(client)
    response = come_back(browser(helper), state=asked["state"], code=grant(portal, asked))
    assert "by a different user" in response.content.decode()
    assert nothing_stored()


def test_somebody_logged_out_is_sent_to_log_in(event, portal, client):
    asked = start(client)
    response = Client().get(BACK, {"state": asked["state"], "code": grant(portal, asked)})
    assert response.status_code == 302
    assert response["Location"].startswith("/control/login")
    assert nothing_stored()


@pytest.mark.parametrize("lost", ["limit_organizer_permissions", "limit_event_permissions"])
def test_a_user_who_lost_the_permission_meanwhile_is_refused(client, event, portal, lost):
    asked = start(client)
    Team.objects.update(**{lost: {}})
    response = come_back(client, state=asked["state"], code=grant(portal, asked))
    assert response.status_code == 400
    assert "You no longer have the permission to connect HubSpot." in response.content.decode()
    assert nothing_stored()


def test_a_plugin_disabled_meanwhile_is_noticed(client, event, portal):
    asked = start(client)
    event.plugins = ""
    event.save()
    response = come_back(client, state=asked["state"], code=grant(portal, asked))
    assert response.status_code == 400
    assert "The HubSpot plugin has been disabled in the meantime." in response.content.decode()
    assert nothing_stored()


def test_a_wrong_secret_is_the_operators_problem(client, event, portal, monkeypatch):
    asked = start(client)
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_SECRET", "wrong")
    page = come_back(client, state=asked["state"], code=grant(portal, asked)).content.decode()
    assert "Please contact the operator of this server." in page
    assert nothing_stored()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("unavailable", "HubSpot cannot be reached at the moment."),
        ("bad-gateway", "HubSpot cannot be reached at the moment."),
        ("reset", "HubSpot cannot be reached at the moment."),
        ("ten-secondly", "HubSpot receives too many requests at the moment."),
    ],
)
@pytest.mark.parametrize("stage", ["token", "account"])
def test_trouble_at_hubspot_is_said_and_stores_nothing(client, event, portal, fault, message, stage):
    asked = start(client)
    struck = portal.faults.add(fault, stage=stage)
    page = come_back(client, state=asked["state"], code=grant(portal, asked)).content.decode()
    assert struck.fired == 1
    assert message in page
    assert nothing_stored()


def test_who_granted_access_is_nice_to_know_and_nothing_more(client, event, portal):
    asked = start(client)
    struck = portal.faults.add("unavailable", path="introspect")
    assert "now active" in come_back(client, state=asked["state"], code=grant(portal, asked)).content.decode()
    assert struck.fired == 1
    assert Connection.objects.get().hubspot_user == ""


def test_a_long_name_of_who_granted_access_is_cut(client, event, portal):
    portal.faults.add(kind="edited", path="introspect", answer={"user": "e" * 300})

    assert "now active" in connect(client, portal)
    assert Connection.objects.get().hubspot_user == "e" * 255


def test_scopes_that_only_the_introspection_tells_are_stored_in_order(client, event, portal):
    scopes = ["oauth", *REQUIRED_SCOPES]
    portal.faults.add(kind="edited", path="/token$", answer={"scopes": None, "scope": None}, times=None)
    portal.faults.add(kind="edited", path="introspect", answer={"scopes": scopes, "scope": " ".join(scopes)})

    assert "now active" in connect(client, portal)
    assert Connection.objects.get().scopes == sorted(scopes)


def test_scopes_that_nobody_tells_are_taken_as_granted(client, event, portal):
    portal.faults.add(kind="edited", path="^/oauth/", answer={"scopes": None, "scope": None}, times=None)

    assert "now active" in connect(client, portal)
    assert Connection.objects.get().scopes == []


def test_required_scopes_that_were_not_granted_are_named(client, event, portal):
    page = connect(client, portal, without=["crm.objects.contacts.write"])
    assert "Missing scopes: crm.objects.contacts.write" in page
    assert nothing_stored()


def test_optional_scopes_that_were_not_granted_are_said_on_the_page(client, event, portal):
    page = connect(client, portal, without=["crm.objects.deals.write", "crm.objects.deals.read"])
    assert "One feature is not available" in page
    assert "Deals cannot be created or updated." in page


def asked_of_hubspot(client):
    """What HubSpot's page answers at the address that *Request access* leads to."""
    return requests.get(client.post(START)["Location"], timeout=10)


def test_an_app_that_lists_fewer_scopes_is_asked_for_fewer(client, event, portal, monkeypatch, settings):
    settings.SITE_URL = "https://tickets.example.org"
    app = portal.auth.apps["simulator-client-id"]
    app.required_scopes, app.optional_scopes = list(REQUIRED_SCOPES[1:]), ["tickets"]

    refused = asked_of_hubspot(client)
    monkeypatch.setenv("PRETIX_HUBSPOT_OPTIONAL_SCOPES", "tickets")
    accepted = asked_of_hubspot(client)

    assert (refused.status_code, "Scope mismatch" in refused.text) == (400, True)
    assert accepted.status_code == 200


def test_the_page_says_beforehand_what_to_do_if_hubspot_complains(client, event, portal, monkeypatch):
    monkeypatch.setenv("PRETIX_HUBSPOT_OPTIONAL_SCOPES", "tickets")

    page = page_of(client)

    told = page[page.index("What if HubSpot shows an error?") :].partition("</details>")[0]
    assert "it does not lead back here" in told
    assert "crm.objects.contacts.write" in told and "tickets" in told
    assert "crm.objects.deals.read" not in told, "only what this server asks for"


def test_a_feature_that_this_server_does_not_ask_for_is_nothing_to_reconnect_for(client, event, portal, monkeypatch):
    note = "This server does not ask HubSpot for all of them."
    assert note not in connect(client, portal, without=["crm.lists.read"])

    monkeypatch.setenv("PRETIX_HUBSPOT_OPTIONAL_SCOPES", "tickets")

    assert note in connect(client, portal)


def test_without_an_app_request_access_cannot_be_clicked_and_says_why(client, event):
    page = page_of(client)
    button = page[: page.index("Request access")].rsplit("<button", 1)[1]
    assert "disabled" in button
    assert "The operator of this server has not set up a HubSpot app yet." in page

    response = client.post(START, follow=True)
    assert "Please contact the operator of this server." in response.content.decode()
    assert not OAuthState.objects.exists()


def test_reconnecting_preselects_the_portal(client, event, portal):
    connect(client, portal)
    assert start(client)["path"] == f"/oauth/{PORTAL}/authorize"


def test_reconnecting_revives_a_revoked_connection(client, event, portal):
    connect(client, portal)
    Connection.objects.update(status="revoked")
    assert "HubSpot no longer accepts the access of pretix" in page_of(client)
    joined = EventConnection.objects.get().joined_at
    assert "now active" in connect(client, portal)
    assert Connection.objects.get().status == "active"
    assert EventConnection.objects.get().joined_at == joined


def test_reconnecting_another_portal_by_mistake_is_noticed(client, event, portal):
    portal.add_portal(Account(48_100_002))
    connect(client, portal)
    Connection.objects.update(status="revoked")
    page = connect(client, portal, portal_id=48_100_002)
    assert "This access is for portal 48100002, but portal 48100001 is to be reconnected." in page
    assert (Connection.objects.get().portal_id, Connection.objects.get().status) == (PORTAL, "revoked")


def test_another_portal_of_the_organizer_keeps_its_access(client, event, other_event, portal):
    portal.add_portal(Account(48_100_002))
    connect(client, portal)

    asked = start(client, "/control/event/acme/gala/hubspot/connect/oauth/")
    come_back(client, state=asked["state"], code=grant(portal, asked, portal_id=48_100_002))

    assert sorted(Connection.objects.values_list("portal_id", "status")) == [(PORTAL, "active"), (48_100_002, "active")]
    assert len(portal.auth.refresh_tokens) == 2  # none was revoked


def test_hubspot_sees_which_version_of_the_plugin_asks_for_tokens(portal, monkeypatch):
    monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", "https://hubspot.example")
    with responses.RequestsMock() as hubspot:
        hubspot.post(re.compile("https://hubspot.example/oauth/.*"), json={"active": False})
        oauth_app.introspect(Secret("a-token"))

        assert hubspot.calls[0].request.headers["User-Agent"] == f"pretix-hubspot/{__version__}"


def test_a_token_connection_becomes_an_oauth_connection(client, event, portal):
    client.post("/control/event/acme/conf/hubspot/connect/token/", {"token": portal.service_key})
    assert "now active" in connect(client, portal)
    assert Connection.objects.get().kind == "oauth"


def test_the_return_url_redirects_nowhere_else(client, event, portal):
    asked = start(client)
    parameters = {"next": "https://evil.example", "redirect_uri": "https://evil.example"}
    response = come_back(client, state=asked["state"], code=grant(portal, asked), **parameters)
    assert response.redirect_chain == [(SETTINGS, 302)]


def test_an_organizer_connects_without_an_event(client, organizer, portal):
    asked = start(client, "/control/organizer/acme/hubspot/connect/oauth/")
    response = come_back(client, state=asked["state"], code=grant(portal, asked))
    assert response.redirect_chain == [("/control/organizer/acme/hubspot/", 302)]
    assert "Connected to HubSpot" in response.content.decode()
    assert not EventConnection.objects.exists()


def test_time_passes_while_somebody_is_at_hubspot(client, event, portal):
    with freeze_time(now() - timedelta(minutes=9)):
        asked = start(client)
    assert "now active" in come_back(client, state=asked["state"], code=grant(portal, asked)).content.decode()


def test_a_code_that_somebody_else_caught_is_worthless(client, event, portal):
    """RFC 7636: the code can only be traded by the one who holds the state that it was asked for with."""
    asked, other = start(client), start(client)
    assert asked["code_challenge_method"] == "S256"
    page = come_back(client, state=other["state"], code=grant(portal, asked)).content.decode()
    assert "HubSpot did not accept the authorization" in page
    assert nothing_stored()
