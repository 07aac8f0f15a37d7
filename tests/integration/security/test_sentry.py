"""pretix reports pages that break down to Sentry, where an operator has one: without tokens, and without codes."""

import json
import logging

import pytest
import sentry_sdk
from celery.exceptions import SoftTimeLimitExceeded
from pretix.sentry import PretixSentryIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
from sentry_sdk.transport import Transport

from pretix_hubspot.connections import tokens
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.hubspot.secret import Secret, reveals
from pretix_hubspot.models import Connection
from tests.integration.connections.conftest import client, event, manager, organizer, portal  # noqa: F401  fixtures
from tests.integration.connections.test_oauth import BACK, come_back, grant, start
from tests.integration.connections.test_secrets import secrets_of

pytestmark = pytest.mark.django_db
EVENT = "/control/event/acme/conf/hubspot/"
CODE = "made-up-code-of-hubspot"


class Kept(Transport):
    """Keeps what would be sent to Sentry, as text."""

    def __init__(self, options=None):
        super().__init__(options)
        self.events = []

    def capture_envelope(self, envelope):
        if envelope.get_event():
            self.events.append(json.dumps(envelope.get_event(), default=str))


@pytest.fixture
def sentry(client, settings):
    """As pretix sets it up in its settings."""
    client.raise_request_exception = settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    kept = Kept()
    sentry_sdk.init(
        dsn="https://key@sentry.example.org/1",
        transport=kept,
        integrations=[
            PretixSentryIntegration(),
            LoggingIntegration(level=logging.INFO, event_level=logging.CRITICAL),
        ],
        event_scrubber=EventScrubber(denylist=[*DEFAULT_DENYLIST, "access_token", "sentry_dsn"], recursive=True),
        send_default_pii=False,
    )
    yield kept.events
    sentry_sdk.init()


def broken(*arguments, **options):
    raise RuntimeError("nobody thought of this")


def out_of_time(*arguments, **options):
    raise SoftTimeLimitExceeded


def pages(client, asked, key):
    """Everything that has to do with a secret."""
    return {
        "a pasted key": client.post(EVENT + "connect/token/", {"token": key}),
        "a refresh of the catalogue": client.post(EVENT + "catalog/refresh/"),
        "the way back from HubSpot": client.get(BACK, {"state": asked["state"], "code": CODE}),
    }


#: Where it breaks down, from the page down to the socket.
PLACES = {
    "exchange": [
        ("pretix_hubspot.hubspot.requests.exchange", broken),
        ("pretix_hubspot.hubspot.oauth.exchange", broken),
    ],
    "request": [("pretix_hubspot.hubspot.transport.requests.Request", broken)],
    "session": [("pretix_hubspot.hubspot.transport.Session.send", broken)],
    "socket": [("http.client.HTTPConnection.putheader", broken)],
    "time": [("http.client.HTTPConnection.endheaders", out_of_time)],
    "body": [("pretix_hubspot.hubspot.transport._body", broken)],
    "answer": [("pretix_hubspot.hubspot.requests._content", broken), ("pretix_hubspot.hubspot.oauth._content", broken)],
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_page_that_breaks_down_tells_sentry_no_secret(client, event, portal, monkeypatch, sentry, place):
    asked = start(client)
    come_back(client, state=asked["state"], code=grant(portal, asked))
    asked, key = start(client), portal.service_key
    secrets = {*secrets_of(portal), CODE, asked["state"]}
    for name, replacement in place:
        monkeypatch.setattr(name, replacement)

    found = pages(client, asked, key)

    assert {page.status_code for page in found.values()} == {500}
    assert len(sentry) == len(found)
    told = {name: [s[:14] + "…" for s in secrets if s in text] for name, text in zip(found, sentry, strict=True)}
    assert {name: leaked for name, leaked in told.items() if leaked} == {}


#: What breaks down, and what is done then: tokens on their way to and from the database and HubSpot.
STEPS = {
    "encrypting": (("cryptography.fernet.MultiFernet.encrypt", broken), lambda c, t: tokens.store_static(c, t)),
    "decrypting": (("cryptography.fernet.MultiFernet.decrypt", broken), lambda c, t: tokens.access_token(c)),
    "granted": (("pretix_hubspot.hubspot.oauth.usable", broken), lambda c, t: tokens.better_token(c, t)),
    "parsing": (("pretix_hubspot.hubspot.oauth.parse_json", broken), lambda c, t: tokens.better_token(c, t)),
    "storing": (("pretix_hubspot.connections.tokens.store_granted", broken), lambda c, t: tokens.better_token(c, t)),
    "revoking": (("pretix_hubspot.hubspot.oauth.urlencode", broken), lambda c, t: disconnect(c, None)),
    "calling": (("pretix_hubspot.hubspot.requests._fits_a_header", broken), lambda c, t: client_for(c).account()),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_task_that_breaks_down_tells_sentry_no_secret(client, event, portal, monkeypatch, sentry, step):
    asked = start(client)
    come_back(client, state=asked["state"], code=grant(portal, asked))
    connection = Connection.objects.get()
    token, secrets = tokens.access_token(connection), secrets_of(portal)
    place, act = step
    monkeypatch.setattr(*place)

    with pytest.raises(RuntimeError) as caught:
        act(connection, token)
    sentry_sdk.capture_exception(caught.value)

    assert len(sentry) == 1
    told = sentry[0].replace(repr(secrets), "")  # this test's own variables are in the report, too
    frames = [
        f for f in json.loads(told)["exception"]["values"][-1]["stacktrace"]["frames"] if "tests" not in f["module"]
    ]
    assert [s[:14] + "…" for s in secrets if s in json.dumps(frames)] == []


def test_a_secret_shows_nothing_of_itself():
    secret = Secret("pat-eu1-secret")

    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>30}", "{} {!r}".format(*[secret] * 2), repr([secret])]

    assert not any("pat" in text or "secret" in text for text in shown)
    assert (secret == "pat-eu1-secret", secret == Secret(secret), secret == "other", secret is None) == (
        True,
        True,
        False,
        False,
    )
    assert (bool(secret), bool(Secret()), len(secret)) == (True, False, 14)


def test_a_secret_is_not_stored_by_mistake():
    """In a session, a cache or a task."""
    import pickle  # inline: only this test does what must not be done

    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        json.dumps(Secret("x"))


def test_what_reveals_raises_without_its_frames_and_what_they_led_to():
    @reveals
    def revealing(secret):
        plain = secret.reveal()
        try:
            raise ValueError(plain)
        except ValueError:
            raise RuntimeError("no") from None

    with pytest.raises(RuntimeError) as caught:
        revealing(Secret("x"))

    names, traceback = [], caught.value.__traceback__
    while traceback:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert names[1:] == ["shielded"]
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
