"""The token endpoints (hubspot.md 2.2); they count to no rate limit."""

from urllib.parse import parse_qs

from hubspot_simulator.backend import Backend
from hubspot_simulator.http.reading import parse_json
from hubspot_simulator.http.request import DATED, Call, Raw, Reply
from hubspot_simulator.http.routing import Routes, split
from hubspot_simulator.problems import GONE, MISSING, Problem

from .state import Grant, Token, TokenRefused

ROUTES = Routes()
TOKEN_FIELDS = {
    "grant_type",
    "client_id",
    "client_secret",
    "redirect_uri",
    "code",
    "refresh_token",
    "code_verifier",
    "scope",
    "client_assertion",
    "client_assertion_type",
}


def _form(raw: Raw) -> dict[str, str]:
    """A form-encoded body; the alpha SDK of HubSpot posts JSON, so the simulator takes that as well (U)."""
    if "json" in raw.headers.get("content-type", ""):
        parsed = parse_json(raw.body or b"{}")
        return {str(name): str(value) for name, value in parsed.items()} if isinstance(parsed, dict) else {}
    given = parse_qs(raw.body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in given.items()}


def answer(backend: Backend, raw: Raw) -> Reply:
    """The answer of the endpoint of a path, in all versions that serve it."""
    _, version, rest = split(raw.path)
    known = version in (*DATED, "v3")
    if backend.switches.legacy_sunset and version.startswith("v"):
        raise Problem(GONE, f"Version {version} of this API is no longer available")
    if rest == ["token"] and (known or version == "v1") and raw.method == "POST":
        return _token(backend, raw, version)
    if rest == ["token", "introspect"] and known and raw.method == "POST":
        return _introspect(backend, raw)
    if rest == ["token", "revoke"] and known and raw.method == "POST":
        return _revoke(backend, raw)
    if version == "v2" and rest == ["private-apps", "get", "access-token-info"] and raw.method == "POST":
        return _static_token_info(backend, raw)
    if version == "v1" and len(rest) == 2 and (raw.method, rest[0]) in TOKENS_OF_V1:
        return TOKENS_OF_V1[raw.method, rest[0]](backend, rest[1])
    raise Problem(MISSING, f"Unable to find a resource or API version at {raw.path}")


def _token(backend: Backend, raw: Raw, version: str) -> Reply:
    """Exchanges a code or a refresh token for an access token."""
    given = _form(raw)
    unknown = sorted(set(given) - TOKEN_FIELDS)
    if unknown:
        raise TokenRefused("BAD_REQUEST", "invalid_request", f"unknown parameter {unknown[0]}")
    app = backend.auth.app(given.get("client_id", ""), given.get("client_secret", ""))
    region = backend.portal.account.region
    kind = given.get("grant_type")
    if kind == "authorization_code":
        issued = backend.auth.exchange(
            app, given.get("code", ""), given.get("redirect_uri", ""), given.get("code_verifier", ""), region
        )
    elif kind == "refresh_token":
        issued = backend.auth.refresh(app, given.get("refresh_token", ""), region)
    else:
        raise TokenRefused("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
    return Reply(200, _token_body(backend, issued, version))


def _token_body(backend: Backend, issued: Token, version: str) -> dict:
    body: dict[str, object] = {
        "token_type": "bearer",
        "access_token": issued.text,
        "expires_in": int((issued.expires_at or 0) - backend.clock()),
        "refresh_token": issued.grant.refresh_token,
    }
    if version != "v1":
        body |= {
            "token_use": "access_token",
            "hub_id": issued.grant.portal_id,
            "user_id": issued.grant.user_id,
            "scopes": issued.grant.scopes,
        }
    return body


def _introspect(backend: Backend, raw: Raw) -> Reply:
    """What a token is good for; unknown and revoked ones are merely inactive (hubspot.md 2.2, A/B)."""
    given = _form(raw)
    backend.auth.app(given.get("client_id", ""), given.get("client_secret", ""))
    text = given.get("token", "")
    grant = backend.auth.refresh_tokens.get(text)
    if grant is not None:
        return Reply(200, {"token_use": "refresh_token"} | _about(backend, grant, text))
    access = backend.auth.tokens.get(text)
    if access is None or access.grant.revoked or (access.expires_at or 0) <= backend.clock():
        return Reply(200, {"active": False})
    left = int((access.expires_at or 0) - backend.clock())
    return Reply(
        200,
        {
            "token_use": "access_token",
            "expires_in": left,
            "is_private_distribution": False,
            "signed_access_token": _signed(backend, access),
        }
        | _about(backend, access.grant, text),
    )


def _about(backend: Backend, grant: Grant, text: str) -> dict:
    portal = backend.portals[grant.portal_id]
    return {
        "active": True,
        "token": text,
        "token_type": "bearer",
        "hub_id": grant.portal_id,
        "hub_domain": portal.account.hub_domain,
        "user": portal.owners[0].email,
        "user_id": grant.user_id,
        "client_id": grant.client_id,
        "app_id": grant.app_id,
        "scopes": grant.scopes,
    }


def _signed(backend: Backend, access: Token) -> dict:
    grant = access.grant
    return {
        "expiresAt": int((access.expires_at or 0) * 1000),
        "scopes": " ".join(grant.scopes),
        "hubId": grant.portal_id,
        "userId": grant.user_id,
        "appId": grant.app_id,
        "signature": "simulated",
        "newSignature": "simulated",
        "scopeToScopeGroupPks": "",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "hublet": backend.portals[grant.portal_id].account.region,
        "isUserLevel": grant.user_level,
        "installingUserId": grant.user_id,
        "isServiceAccount": False,
        "isPrivateDistribution": False,
    }


def _revoke(backend: Backend, raw: Raw) -> Reply:
    given = _form(raw)
    backend.auth.app(given.get("client_id", ""), given.get("client_secret", ""))
    backend.auth.revoke(given.get("token", ""), backend.switches.unauthorised_apps_hang_on)
    return Reply(200, {})


def _access_token_info(backend: Backend, text: str) -> Reply:
    """v1, which HubSpot stops on 2027-02-16 (hubspot.md 1.1, A)."""
    access = backend.auth.tokens.get(text)
    if access is None or access.grant.revoked or (access.expires_at or 0) <= backend.clock():
        raise TokenRefused("BAD_ACCESS_TOKEN", "invalid_request", "missing or invalid access token")
    about = _about(backend, access.grant, text)
    del about["active"]
    return Reply(
        200,
        about
        | {
            "expires_in": int((access.expires_at or 0) - backend.clock()),
            "token_type": "access",
            "signed_access_token": _signed(backend, access),
        },
    )


def _refresh_token_info(backend: Backend, text: str) -> Reply:
    grant = backend.auth.refresh_tokens.get(text)
    if grant is None:
        raise TokenRefused("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
    about = _about(backend, grant, text)
    del about["active"]
    return Reply(200, about | {"token_type": "refresh"})


def _delete_refresh_token(backend: Backend, text: str) -> Reply:
    if not backend.auth.revoke(text, backend.switches.unauthorised_apps_hang_on):
        raise TokenRefused("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
    return Reply(204)


def _static_token_info(backend: Backend, raw: Raw) -> Reply:
    """Scopes of a service key or private app token (hubspot.md 2.1, B; the key's name is U)."""
    parsed = parse_json(raw.body or b"{}")
    text = str(parsed.get("tokenKey", "")) if isinstance(parsed, dict) else ""
    key = backend.auth.tokens.get(text)
    if key is None or not key.grant.service_key or (key.expires_at is not None and key.expires_at <= backend.clock()):
        raise TokenRefused("BAD_ACCESS_TOKEN", "invalid_request", "missing or unknown token")
    grant = key.grant
    portal = backend.portals[grant.portal_id]
    return Reply(200, {"userId": grant.user_id, "hubId": portal.id, "appId": grant.app_id, "scopes": grant.scopes})


TOKENS_OF_V1 = {
    ("GET", "access-tokens"): _access_token_info,
    ("GET", "refresh-tokens"): _refresh_token_info,
    ("DELETE", "refresh-tokens"): _delete_refresh_token,
}


@ROUTES.add("DELETE", "appinstalls", "external-install", "account")
def uninstall(call: Call) -> Reply:
    """The app uninstalls itself (hubspot.md 2.2, A)."""
    call.backend.auth.revoke(call.grant.refresh_token)
    return Reply(204)
