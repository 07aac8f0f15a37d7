"""OAuth apps, tokens and service keys (hubspot.md 2).

The store hands out and checks; which portal a token belongs to is part of the token.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hubspot_simulator.clock import iso
from hubspot_simulator.problems import UNAUTHORISED, Problem

from .scopes import KNOWN

ACCESS_SECONDS = 1800
CODE_SECONDS = 60
USER_ID = 70048101


@dataclass
class App:
    """A registered OAuth app; ``redirect_urls`` and lists of scopes that are None accept whatever is asked for.

    Optional scopes are dropped from the grant where the account lacks them; conditionally required ones refuse.
    ``label`` is what histories call the client, whether it comes with a token of the app or with a service key.
    """

    client_id: str = "simulator-client-id"
    client_secret: str = "simulator-client-secret"
    app_id: int = 3_048_001
    name: str = "Simulated app"
    label: str = "Integration"
    redirect_urls: list[str] | None = None
    required_scopes: list[str] | None = None
    optional_scopes: list[str] | None = None
    conditionally_required_scopes: list[str] = field(default_factory=list)
    user_level: bool = False

    def unlisted(self, scopes: set[str]) -> list[str]:
        """Scopes that the app's configuration does not name (hubspot.md 16, A/C)."""
        if self.optional_scopes is None:
            return []
        listed = {"oauth", *(self.required_scopes or ()), *self.optional_scopes, *self.conditionally_required_scopes}
        return sorted(scopes - listed)

    def redirect_allowed(self, url: str) -> bool:
        """https, or http on this machine, and exactly one of the configured ones (hubspot.md 2.2, A)."""
        local = url.startswith(("http://localhost", "http://127.0.0.1"))
        if not (local or url.startswith("https://")):
            return False
        return self.redirect_urls is None or url in self.redirect_urls


@dataclass
class Grant:
    """One installation of an app in a portal, or a service key: who may do what."""

    portal_id: int
    app_id: int
    scopes: list[str]
    client_id: str = ""
    user_id: int = USER_ID
    user_level: bool = False
    service_key: bool = False
    revoked: bool = False
    refresh_token: str = ""
    label: str = App.label


@dataclass
class Token:
    """A bearer token; service keys never expire unless they were rotated."""

    text: str
    grant: Grant
    expires_at: float | None = None


@dataclass
class Code:
    """An authorization code, good for one exchange."""

    grant: Grant
    client_id: str
    redirect_uri: str
    challenge: str
    expires_at: float
    used: bool = False


class TokenRefused(Exception):
    """An answer of the token endpoint; ``status`` is HubSpot's word, ``error`` that of RFC 6749 (hubspot.md 2.2)."""

    def __init__(self, status: str, error: str, message: str, description: str = ""):
        super().__init__(message)
        self.status, self.error, self.message, self.description = status, error, message, description or message


@dataclass
class Auth:
    """All credentials of a simulator."""

    clock: Callable[[], float]
    rng: Random
    apps: dict[str, App] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    deleted_portals: set[int] = field(default_factory=set)
    refreshes: int = 0

    def _secret(self, length: int) -> str:
        raw = self.rng.getrandbits(length * 6).to_bytes(length * 6 // 8 + 1, "big")
        return base64.urlsafe_b64encode(raw).decode()[:length].replace("-", "x").replace("_", "y")

    # Service keys.

    def add_service_key(
        self, portal_id: int, region: str, scopes: list[str] | None = None, text: str = "", label: str = App.label
    ) -> str:
        """A static token; carries the scope ``oauth`` as well (hubspot.md 2.1, A/B)."""
        text = text or f"pat-{region}-{uuid.UUID(int=self.rng.getrandbits(128), version=4)}"
        wanted = sorted(KNOWN) if scopes is None else sorted({"oauth", *scopes})
        app_id = 4_000_000 + len(self.tokens)
        self.tokens[text] = Token(text, Grant(portal_id, app_id, wanted, service_key=True, label=label))
        return text

    def rotate_service_key(self, text: str, region: str, overlap_seconds: float = 0.0) -> str:
        """A new text for the same key; the old one works for the overlap, at most 7 days (hubspot.md 2.1, A)."""
        old = self.tokens[text]
        new = f"pat-{region}-{uuid.UUID(int=self.rng.getrandbits(128), version=4)}"
        self.tokens[new] = Token(new, old.grant)
        self.tokens[text] = Token(text, old.grant, self.clock() + overlap_seconds)
        return new

    # Checking a request.

    def check(self, header: str) -> Grant:
        """The grant of an ``Authorization`` header, or a 401 (hubspot.md 2.3)."""
        scheme, _, text = header.partition(" ")
        token = self.tokens.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.grant.revoked:
            raise _no_credentials()
        if token.expires_at is not None and token.expires_at <= self.clock():
            ago = max(1, int(self.clock() - token.expires_at))
            raise Problem(
                UNAUTHORISED,
                f"The OAuth token used to make this call expired {ago} second(s) ago.",
                "EXPIRED_AUTHENTICATION",
                context={"expire time": [iso(token.expires_at)]},
            )
        return token.grant

    # OAuth.

    def authorise(self, app: App, portal_id: int, scopes: list[str], redirect_uri: str, challenge: str = "") -> str:
        """The person clicked "Connect app": a code for the callback."""
        grant = Grant(
            portal_id,
            app.app_id,
            sorted({"oauth", *scopes}),
            app.client_id,
            user_level=app.user_level,
            label=app.label,
        )
        text = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.codes[text] = Code(grant, app.client_id, redirect_uri, challenge, self.clock() + CODE_SECONDS)
        return text

    def app(self, client_id: str, client_secret: str) -> App:
        app = self.apps.get(client_id)
        if app is None:
            raise TokenRefused("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
        if client_secret != app.client_secret:
            raise TokenRefused("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
        return app

    def exchange(self, app: App, code_text: str, redirect_uri: str, verifier: str, region: str) -> Token:
        code = self.codes.get(code_text)
        if code is None or code.used or code.client_id != app.client_id or code.expires_at <= self.clock():
            raise TokenRefused(
                "BAD_AUTH_CODE",
                "invalid_grant",
                "missing or unknown auth code",
                "authorization code is invalid, expired or already used",
            )
        if code.redirect_uri != redirect_uri:
            raise TokenRefused("BAD_REDIRECT_URI", "invalid_request", "missing or invalid redirect uri")
        if code.challenge and not _challenge_met(code.challenge, verifier):
            raise TokenRefused("BAD_CODE_VERIFIER", "invalid_grant", "missing or invalid code verifier")
        code.used = True
        code.grant.refresh_token = f"{region}-{self._secret(43)}"
        self.refresh_tokens[code.grant.refresh_token] = code.grant
        return self.issue(code.grant, region)

    def refresh(self, app: App, text: str, region: str) -> Token:
        """A new access token; the refresh token stays the same (hubspot.md 2.2, B)."""
        grant = self.refresh_tokens.get(text)
        if grant is not None and grant.portal_id in self.deleted_portals:
            raise TokenRefused("BAD_HUB", "access_denied", "missing or unknown hub id")
        if grant is None or grant.client_id != app.client_id:
            raise TokenRefused(
                "BAD_REFRESH_TOKEN",
                "invalid_grant",
                "missing or invalid refresh token",
                "refresh token is invalid, expired or revoked",
            )
        self.refreshes += 1
        return self.issue(grant, region)

    def issue(self, grant: Grant, region: str) -> Token:
        """An access token for 30 minutes, longer than 250 characters, with the hublet as prefix (2.2, A/B)."""
        token = Token(f"{region}-{self._secret(280)}", grant, self.clock() + ACCESS_SECONDS)
        self.tokens[token.text] = token
        return token

    def revoke(self, refresh_token: str, hang_on: bool = True) -> bool:
        """Uninstalls: refreshing fails from now on, issued access tokens may live on (hubspot.md 2.2, B)."""
        grant = self.refresh_tokens.pop(refresh_token, None)
        if grant is None:
            return False
        grant.revoked = not hang_on
        return True

    def revoke_all(self, portal_id: int | None = None, hang_on: bool = True) -> int:
        """A human disconnects every app of a portal (or of all)."""
        texts = [text for text, grant in self.refresh_tokens.items() if portal_id in (None, grant.portal_id)]
        return sum(self.revoke(text, hang_on) for text in texts)

    def expire_access_tokens(self) -> int:
        """Lets every OAuth access token run out now."""
        expiring = [token for token in self.tokens.values() if token.expires_at is not None]
        for token in expiring:
            token.expires_at = min(token.expires_at or 0.0, self.clock())
        return len(expiring)

    def reduce_scopes(self, gone: set[str]) -> None:
        """An admin takes scopes away from everything that was granted."""
        for grant in [token.grant for token in self.tokens.values()] + list(self.refresh_tokens.values()):
            grant.scopes = [scope for scope in grant.scopes if scope not in gone]


def _challenge_met(challenge: str, verifier: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge or verifier == challenge


def _no_credentials() -> Problem:
    return Problem(
        UNAUTHORISED,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )
