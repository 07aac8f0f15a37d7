"""The OAuth app: URLs, forms, and errors that never confuse passing trouble with a revoked token."""

from urllib.parse import parse_qs

import pytest
import requests
import responses

from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.data import TokenInfo
from pretix_hubspot.hubspot.oauth import OAuthApp
from tests.unit.hubspot import http_bodies

TOKEN_URL = "https://api.hubapi.com/oauth/2026-03/token"
FORM = {"client_id": ["cid"], "client_secret": ["shhh"]}


@pytest.fixture
def hubspot():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def app():
    return OAuthApp("cid", "shhh")


def form(mock):
    return parse_qs(mock.calls[-1].request.body.decode())


def test_authorize_url(app):
    url = app.authorize_url("https://x.org/cb?a=b", "s t+", ["oauth", "crm.objects.contacts.read"], ["tickets"])
    assert url == (
        "https://app.hubspot.com/oauth/authorize?client_id=cid&redirect_uri=https%3A%2F%2Fx.org%2Fcb%3Fa%3Db"
        "&scope=oauth%20crm.objects.contacts.read&optional_scope=tickets&state=s%20t%2B"
    )
    assert app.authorize_url("u", "s", ["oauth"], portal_id=5).startswith("https://app.hubspot.com/oauth/5/authorize?")


def test_exchange(app, hubspot):
    hubspot.post(TOKEN_URL, json=http_bodies.TOKENS)
    tokens = app.exchange("code", "https://x.org/cb")
    assert (tokens.access_token, tokens.refresh_token) == (
        http_bodies.TOKENS["access_token"],
        http_bodies.TOKENS["refresh_token"],
    )
    assert (tokens.expires_in, tokens.portal_id, tokens.user_id) == (1800, 123, 456)
    assert tokens.scopes == ("oauth", "crm.objects.contacts.read")
    assert form(hubspot) == {
        **FORM,
        "grant_type": ["authorization_code"],
        "code": ["code"],
        "redirect_uri": ["https://x.org/cb"],
    }
    request = hubspot.calls[0].request
    assert (request.url, request.headers["Content-Type"]) == (TOKEN_URL, "application/x-www-form-urlencoded")
    assert "Authorization" not in request.headers


def test_refresh(app, hubspot):
    hubspot.post(TOKEN_URL, json=http_bodies.TOKENS)
    assert app.refresh("old").refresh_token == http_bodies.TOKENS["refresh_token"]
    assert form(hubspot) == {**FORM, "grant_type": ["refresh_token"], "refresh_token": ["old"]}


def test_a_refresh_without_a_refresh_token_keeps_the_old_one(app, hubspot):
    hubspot.post(TOKEN_URL, json={"access_token": "a", "expires_in": "60"})
    tokens = app.refresh("old")
    assert (tokens.refresh_token, tokens.expires_in) == ("old", 60)


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"<html>", b'{"access_token": 0.5e400}'])
def test_success_that_cannot_be_read(app, hubspot, answer):
    hubspot.post(TOKEN_URL, body=answer)
    with pytest.raises(errors.BadAnswer) as caught:
        app.exchange("code", "u")
    assert caught.value.operation == "oauth code exchange"


def test_introspect(app, hubspot):
    hubspot.post(
        f"{TOKEN_URL}/introspect",
        json={"active": True, "hub_id": 1, "user_id": 2, "user": "u@x.org", "app_id": 3, "scopes": ["oauth"]},
    )
    assert app.introspect("t") == TokenInfo(1, 2, "u@x.org", 3, ("oauth",))
    assert form(hubspot) == {**FORM, "token": ["t"], "token_type_hint": ["access_token"]}


def test_introspect_a_token_that_is_good_for_nothing(app, hubspot):
    hubspot.post(f"{TOKEN_URL}/introspect", json={"active": False})
    assert app.introspect("t") is None


def test_revoke(app, hubspot):
    hubspot.post(f"{TOKEN_URL}/revoke", status=200)
    app.revoke("r")
    assert form(hubspot) == {**FORM, "token": ["r"], "token_type_hint": ["refresh_token"]}


def test_revoked_refresh_token(app, hubspot):
    hubspot.post(TOKEN_URL, json=http_bodies.BAD_REFRESH_TOKEN, status=400)
    with pytest.raises(errors.TokenRevoked) as caught:
        app.refresh("r")
    assert (caught.value.category, caught.value.operation) == ("BAD_REFRESH_TOKEN", "oauth refresh")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 503, "body": http_bodies.EDGE_PAGE}, errors.ServerTrouble),
        ({"status": 429, "json": http_bodies.TEN_SECONDLY}, errors.RateLimited),
        ({"body": requests.ReadTimeout("shhh")}, errors.ReadTimeout),
    ],
)
def test_passing_trouble(app, hubspot, answer, kind):
    hubspot.post(TOKEN_URL, **answer)
    with pytest.raises(kind) as caught:
        app.refresh("r")
    assert caught.value.retryable
    assert not isinstance(caught.value, errors.OAuthError)
    assert "shhh" not in repr(caught.value) + caught.value.message


def test_no_secret_shows(app, hubspot):
    hubspot.post(TOKEN_URL, json=http_bodies.TOKENS)
    tokens = app.exchange("code", "u")
    for said in (repr(app), str(app), repr(tokens), str(tokens)):
        assert "shhh" not in said
        assert "a1B2" not in said
