"""Nothing secret in logs, pages, log entries, exports or copies, whatever happens."""

import logging
import sys

import pytest
import requests
from django.contrib.sessions.models import Session
from django.core import serializers
from django.core.signals import got_request_exception
from django.views.debug import ExceptionReporter
from django_scopes import scopes_disabled
from pretix.base.models import LogEntry

from pretix_hubspot.connections import tokens
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import Connection, OAuthState

from .conftest import page_of
from .test_oauth import BACK, come_back, grant, start

pytestmark = pytest.mark.django_db
EVENT = "/control/event/acme/conf/hubspot/"


def a_whole_life(client, portal, manager):
    """Connect, use, refresh, be refused, be revoked, reconnect by token, disconnect; yields every page on the way."""
    asked = start(client)
    yield come_back(client, state=asked["state"], error="access_denied")
    asked = start(client)
    portal.faults.add("unavailable", stage="token")
    yield come_back(client, state=asked["state"], code=grant(portal, asked))
    asked = start(client)
    yield come_back(client, state=asked["state"], code=grant(portal, asked))
    yield come_back(client, state=asked["state"], code=grant(portal, asked))
    connection = Connection.objects.get()
    portal.auth.expire_access_tokens()
    client_for(connection).account()
    portal.auth.revoke_all(hang_on=False)
    with pytest.raises(errors.HubSpotError):
        client_for(connection).account()
    yield client.get(EVENT)
    yield client.post(EVENT + "connect/token/", {"token": "pat-eu1-wrong-secret"}, follow=True)
    yield client.post(EVENT + "connect/token/", {"token": portal.service_key}, follow=True)
    yield client.get("/control/organizer/acme/hubspot/")
    yield client.get("/control/event/acme/conf/log/")
    disconnect(Connection.objects.get(), manager)
    yield client.get(EVENT)


def secrets_of(portal, asked=()):
    app = next(iter(portal.auth.apps.values()))
    return {
        app.client_secret,
        "pat-eu1-wrong-secret",
        *portal.auth.tokens,
        *portal.auth.refresh_tokens,
        *portal.auth.codes,
    }


def test_no_secret_shows_anywhere(client, event, portal, manager, caplog):
    caplog.set_level(logging.DEBUG)
    seen = set()
    pages = []
    for response in a_whole_life(client, portal, manager):
        seen |= secrets_of(portal)
        pages.append(response.content.decode())
    logged = "\n".join(
        [*caplog.messages, *(str(record.args) for record in caplog.records if record.name != "django.db.backends")]
    )
    with scopes_disabled():
        entries = str(list(LogEntry.all.values()))
    messages = str([session.get_decoded() for session in Session.objects.all()])
    states = serializers.serialize("json", OAuthState.objects.all())
    for secret in seen:
        assert secret not in entries
        assert secret not in states
        assert secret not in messages
        assert not any(secret in page for page in pages)
        assert secret not in logged
    assert manager.email not in "\n".join(caplog.messages)


def test_stored_tokens_are_ciphertext_only(client, event, portal):
    asked = start(client)
    come_back(client, state=asked["state"], code=grant(portal, asked))
    dumped = serializers.serialize("json", Connection.objects.all())
    for secret in (*portal.auth.tokens, *portal.auth.refresh_tokens):
        assert secret not in dumped


def test_errors_do_not_carry_tokens(client, event, portal):
    client.post(EVENT + "connect/token/", {"token": portal.service_key})
    connection = Connection.objects.get()
    portal.faults.add("unauthorized", times=None)
    with pytest.raises(errors.HubSpotError) as caught:
        client_for(connection).account()
    assert portal.service_key not in repr(caught.value) + caught.value.message + str(caught.getrepr(showlocals=False))


@pytest.fixture
def reports(client, settings):
    """What Django tells the server's operators about a page that broke down, with every variable on the way."""
    found = []

    def note(sender, request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info(), is_email=True)
        found.append(reporter.get_traceback_html() + reporter.get_traceback_text())

    client.raise_request_exception = settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    got_request_exception.connect(note)
    yield found
    got_request_exception.disconnect(note)


def test_a_page_that_breaks_down_reports_no_secret(client, event, portal, monkeypatch, reports):
    """Fails without ``hides_secrets``: reports hold what was posted, and the variables of every function."""
    asked = start(client)
    come_back(client, state=asked["state"], code=grant(portal, asked))
    asked, key = start(client), portal.service_key
    secrets = secrets_of(portal)

    def broken(*arguments, **options):
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(requests.Session, "send", broken)

    pages = [
        client.post(EVENT + "connect/token/", {"token": key}),
        client.post("/control/organizer/acme/hubspot/connect/token/", {"token": key}),
        client.post(EVENT + "catalog/refresh/"),
        client.get(BACK, {"state": asked["state"], "code": "made-up-code"}),
    ]
    assert [page.status_code for page in pages] == [500] * 4
    assert len(reports) == 4
    assert all("nobody thought of this" in report for report in reports)
    for secret in secrets:
        assert not any(secret in text for text in [*reports, *(page.content.decode() for page in pages)])


def test_a_copied_event_gets_no_token(client, event, portal, organizer):
    from pretix.base.models import Event  # inline: only this test copies

    client.post(EVENT + "connect/token/", {"token": portal.service_key})
    with scopes_disabled():
        copy = Event.objects.create(organizer=organizer, slug="next", name="Next", date_from=event.date_from)
        copy.copy_data_from(event)
        settings = str(list(copy.settings._objects.values_list("key", "value")))
    stored = Connection.objects.get()
    assert Connection.objects.count() == 1
    assert stored.access_token not in settings
    assert tokens.access_token(stored).reveal() not in settings
    assert "Use this connection" in page_of(client, "next")
