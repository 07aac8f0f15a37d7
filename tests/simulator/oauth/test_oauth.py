"""Connecting, refreshing, being disconnected (hubspot.md 2)."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from hubspot_simulator import Account
from tests.simulator.api import Api

APP = {"client_id": "simulator-client-id", "client_secret": "simulator-client-secret"}
CALLBACK = "https://pretix.example.org/hubspot/callback"
SCOPES = "oauth crm.objects.contacts.read crm.objects.contacts.write"


def consent(url, decision="connect", portal=None, path="/oauth/authorize", **more):
    asked = {"client_id": APP["client_id"], "redirect_uri": CALLBACK, "scope": SCOPES, "state": "s1"} | more
    data = {"decision": decision} | ({"portal_id": portal} if portal else {})
    return requests.post(url + path, params=asked, data=data, allow_redirects=False, timeout=10)


def back(answer):
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def token(url, version="2026-09", **form):
    return requests.post(f"{url}/oauth/{version}/token", data=APP | form, timeout=10)


@pytest.fixture
def connected(url):
    code = back(consent(url))["code"]
    answer = token(url, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_page_asks_and_escapes(url):
    page = requests.get(
        f"{url}/oauth/authorize",
        params={"client_id": APP["client_id"], "redirect_uri": CALLBACK, "scope": SCOPES, "state": '"><script>'},
        timeout=10,
    )
    assert page.status_code == 200
    assert "Connect app" in page.text and "Cancel" in page.text and "crm.objects.contacts.write" in page.text
    assert "<script>" not in page.text


def test_connecting(url, connected, sim):
    assert connected["token_type"] == "bearer"
    assert connected["expires_in"] == 1800
    assert connected["hub_id"] == 48100001
    assert connected["scopes"] == sorted(SCOPES.split())
    assert connected["access_token"].startswith("eu1-") and len(connected["access_token"]) > 250
    api = Api(url, connected["access_token"])
    assert api.get("/crm/objects/V/contacts").status_code == 200
    refused = api.get("/crm/objects/V/deals")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert refused.json()["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.deals.read"]}


def test_denying_and_foreign_urls(url, sim):
    assert back(consent(url, "cancel")) == {
        "error": "access_denied",
        "error_description": "The user denied access to the app",
        "state": "s1",
    }
    assert consent(url, client_id="nobody").status_code == 400
    assert consent(url, scope="crm.nonsense").status_code == 400
    assert consent(url, redirect_uri="http://evil.example.org/").status_code == 400
    app = sim.auth.apps[APP["client_id"]]
    app.redirect_urls, app.required_scopes = ["https://other.example.org/"], ["crm.objects.deals.read"]
    assert consent(url).status_code == 400
    app.redirect_urls = [CALLBACK]
    assert consent(url).status_code == 400
    app.required_scopes = SCOPES.split()
    assert "code" in back(consent(url))


def test_optional_scopes_are_dropped_below_enterprise(url, sim):
    sim.people.change_account(tier="professional")
    code = back(consent(url, optional_scope="crm.objects.custom.read crm.objects.deals.read"))["code"]
    scopes = token(url, grant_type="authorization_code", code=code, redirect_uri=CALLBACK).json()["scopes"]
    assert "crm.objects.deals.read" in scopes
    assert "crm.objects.custom.read" not in scopes


def test_an_app_is_refused_that_asks_for_a_scope_it_does_not_list(url, sim):
    app = sim.auth.apps[APP["client_id"]]
    app.required_scopes, app.optional_scopes = SCOPES.split(), ["crm.objects.deals.read"]

    refused = consent(url, optional_scope="crm.objects.deals.read crm.lists.read")

    assert refused.status_code == 400
    assert "Scope mismatch" in refused.text and "It does not list crm.lists.read." in refused.text
    assert "code" in back(consent(url, optional_scope="crm.objects.deals.read"))
    assert "code" in back(consent(url)), "optional ones may be left out of the URL"


def test_a_conditionally_required_scope_refuses_accounts_without_it(url, sim):
    app = sim.auth.apps[APP["client_id"]]
    app.required_scopes, app.optional_scopes = SCOPES.split(), []
    app.conditionally_required_scopes = ["crm.objects.custom.read"]
    asked = {"optional_scope": "crm.objects.custom.read"}
    sim.people.change_account(tier="professional")

    refused = consent(url, **asked)

    assert refused.status_code == 400
    assert "does not have access to the scopes" in refused.text
    sim.people.change_account(tier="enterprise")
    assert "code" in back(consent(url, **asked))


@pytest.mark.parametrize("name", ["crm.schemas.products.write", "crm.schemas.line_items.write"])
def test_there_are_no_such_scopes(url, name):
    assert consent(url, optional_scope=name).status_code == 400


def test_properties_of_line_items_take_another_scope(url, sim):
    body = {"name": "seat", "label": "Seat", "type": "string", "fieldType": "text", "groupName": "lineiteminformation"}

    def create(*scopes):
        key = sim.people.add_service_key(["crm.objects.line_items.read", *scopes])["key"]
        return Api(url, key).post("/crm/properties/2026-03/line_items", body).status_code

    assert create("crm.objects.line_items.write") == 403
    assert create("e-commerce") == 201


def test_a_code_is_good_once_for_one_address_and_one_minute(url, sim):
    def exchange(code, redirect_uri=CALLBACK):
        return token(url, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)

    code = back(consent(url))["code"]
    assert exchange(code, "https://pretix.example.org/other").json()["status"] == "BAD_REDIRECT_URI"
    assert exchange(code).status_code == 200
    again = exchange(code)
    assert (again.status_code, again.json()["status"], again.json()["error"]) == (400, "BAD_AUTH_CODE", "invalid_grant")
    late = back(consent(url))["code"]
    sim.clock.advance(61)
    assert exchange(late).json()["status"] == "BAD_AUTH_CODE"


def test_pkce(url):
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    for given, status in (("wrong", 400), (verifier, 200)):
        code = back(consent(url, code_challenge=challenge, code_challenge_method="S256"))["code"]
        answer = token(url, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=given)
        assert answer.status_code == status


def test_tokens_expire_after_thirty_minutes_and_are_refreshed(url, connected, sim):
    sim.clock.advance(1810)
    expired = Api(url, connected["access_token"]).get("/crm/objects/V/contacts")
    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert expired.json()["message"] == "The OAuth token used to make this call expired 10 second(s) ago."
    assert list(expired.json()["context"]) == ["expire time"]
    fresh = token(url, grant_type="refresh_token", refresh_token=connected["refresh_token"]).json()
    assert fresh["refresh_token"] == connected["refresh_token"]
    assert Api(url, fresh["access_token"]).get("/crm/objects/V/contacts").status_code == 200


def test_garbage_and_missing_tokens(url):
    for header in ({}, {"Authorization": "Bearer garbage"}):
        answer = requests.get(f"{url}/crm/objects/2026-03/contacts", headers=header, timeout=10)
        assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_revoked_app_lives_on_until_its_token_expires(url, connected, sim):
    sim.people.revoke()
    assert Api(url, connected["access_token"]).get("/crm/objects/V/contacts").status_code == 200
    refused = token(url, grant_type="refresh_token", refresh_token=connected["refresh_token"])
    assert refused.status_code == 400
    assert {name: refused.json()[name] for name in ("error", "status", "message", "error_description")} == {
        "error": "invalid_grant",
        "status": "BAD_REFRESH_TOKEN",
        "message": "missing or invalid refresh token",
        "error_description": "refresh token is invalid, expired or revoked",
    }


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "nobody"}, "BAD_CLIENT_ID", "invalid_client"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET", "invalid_client"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE", "unsupported_grant_type"),
        ({"refresh_token": "garbage"}, "BAD_REFRESH_TOKEN", "invalid_grant"),
    ],
)
def test_errors_of_the_token_endpoint(url, connected, form, status, error):
    answer = token(url, **({"grant_type": "refresh_token", "refresh_token": connected["refresh_token"]} | form))
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (400, status, error)


def test_a_deleted_portal(url, connected, sim):
    sim.people.delete_portal(48100001)
    answer = token(url, grant_type="refresh_token", refresh_token=connected["refresh_token"])
    assert (answer.json()["status"], answer.json()["error"]) == ("BAD_HUB", "access_denied")


def test_introspecting_and_revoking(url, connected):
    def ask(what, text):
        return requests.post(f"{url}/oauth/2026-03/token/{what}", data=APP | {"token": text}, timeout=10).json()

    about = ask("introspect", connected["access_token"])
    assert (about["active"], about["hub_id"], about["token_use"]) == (True, 48100001, "access_token")
    assert about["hub_domain"] == "kulturhaus-demo.example.org"
    ask("revoke", connected["refresh_token"])
    assert ask("introspect", connected["refresh_token"]) == {"active": False}


def test_uninstalling_itself(url, connected):
    assert Api(url, connected["access_token"]).delete("/appinstalls/V/external-install").status_code == 204
    refused = token(url, grant_type="refresh_token", refresh_token=connected["refresh_token"])
    assert refused.json()["status"] == "BAD_REFRESH_TOKEN"


def test_another_portal_can_be_chosen(url, sim):
    sim.add_portal(Account(portal_id=777, name="Other"))
    code = back(consent(url, portal=777))["code"]
    issued = token(url, grant_type="authorization_code", code=code, redirect_uri=CALLBACK).json()
    assert issued["hub_id"] == 777
    api = Api(url, issued["access_token"])
    api.post("/crm/objects/V/contacts", {"properties": {"email": "a@example.org"}})
    assert sim.world({"contacts": ["email"]}, portal_id=777) == {"contacts": [{"email": "a@example.org"}]}
    assert sim.world({"contacts": ["email"]}) == {"contacts": []}


def test_service_keys(url, sim):
    key = sim.people.add_service_key(["crm.objects.contacts.read"])["key"]
    assert re.match(r"pat-eu1-[0-9a-f-]{36}\Z", key)
    info = requests.post(
        f"{url}/oauth/v2/private-apps/get/access-token-info", json={"tokenKey": key}, timeout=10
    ).json()
    assert (info["hubId"], info["scopes"]) == (48100001, ["crm.objects.contacts.read", "oauth"])
    new = sim.people.rotate_service_key(key, overlap_seconds=60)["key"]
    for text, now, later in ((key, 200, 401), (new, 200, 200)):
        assert Api(url, text).get("/crm/objects/V/contacts").status_code == now
        sim.clock.advance(61)
        assert Api(url, text).get("/crm/objects/V/contacts").status_code == later


def test_reading_and_writing_definitions_need_scopes(url, sim):
    readers = Api(url, sim.people.add_service_key(["crm.objects.deals.read"])["key"])
    assert readers.get("/crm/properties/V/deals").status_code == 200
    refused = readers.post("/crm/properties/V/deals", {"name": "x"})
    assert refused.json()["errors"][0]["context"] == {"requiredGranularScopes": ["crm.schemas.deals.write"]}
    writers = Api(url, sim.people.add_service_key(["crm.schemas.deals.write"])["key"])
    assert writers.get("/crm/properties/V/deals").status_code == 403
    sim.people.reduce_scopes(["crm.objects.deals.read"])
    assert readers.get("/crm/properties/V/deals").status_code == 403


def test_custom_objects_need_enterprise(api, sim):
    sim.people.change_account(tier="professional")
    assert api.get("/crm/objects/V/event_sessions").status_code == 403
    assert api.get("/crm-object-schemas/V/schemas").json() == {"results": []}


def test_no_token_is_ever_logged(url, connected, sim):
    requests.get(f"{url}/oauth/v1/access-tokens/{connected['access_token']}", timeout=10)
    logged = repr(list(sim.requests))
    assert connected["access_token"] not in logged and connected["refresh_token"] not in logged
