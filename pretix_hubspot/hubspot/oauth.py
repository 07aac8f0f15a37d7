"""OAuth 2.0 with HubSpot: the address where users grant access, and the exchange of codes and refresh tokens.

Credentials travel in request bodies only, never in a URL (hubspot.md 2.2, A/C).
These calls do not count against the portal's budget (hubspot.md 3, U).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from pretix_hubspot.hubspot.api.base import usable
from pretix_hubspot.hubspot.data.schema import TokenInfo, Tokens

from . import error_parsing, versions
from .errors import BadAnswer, HubSpotError
from .json_reading import parse_json
from .secret import Secret, revealed, reveals
from .transport import HttpAnswer, Session, exchange, new_session


class OAuthApp:
    """One app, registered at HubSpot, as its client id and secret.

    Every method raises HubSpotError only: TokenRevoked, AuthCodeRejected or OAuthMisconfigured for a refusal,
    RateLimited, ServerTrouble or NoAnswer for a temporary failure, which never means that a token is bad.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: Secret | str,
        api_url: str = versions.DEFAULT_API_URL,
        app_url: str = versions.DEFAULT_APP_URL,
        version: str = versions.DEFAULT,
        *,
        http: Session | None = None,
        timeouts: tuple[float, float] = (5.0, 30.0),
        plugin_version: str = "0",
    ) -> None:
        self.client_id = client_id
        self._client_secret = Secret(client_secret)
        self._api_url = api_url.rstrip("/")
        self._app_url = app_url.rstrip("/")
        self.version = versions.checked(version)
        self._http = http or new_session(plugin_version)
        self._timeouts = timeouts

    def __repr__(self) -> str:
        return f"OAuthApp({self.client_id!r})"

    def authorize_url(
        self,
        redirect_uri: str,
        state: str,
        scopes: Iterable[str],
        optional_scopes: Iterable[str] = (),
        portal_id: int | None = None,
        code_challenge: str = "",
    ) -> str:
        """The address at which a user grants access; `portal_id` preselects the portal.

        `scopes` must be the app's required ones exactly, otherwise HubSpot refuses (hubspot.md 2.2, A).
        `code_challenge` is the S256 one of RFC 7636.
        """
        parameters = {
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "optional_scope": " ".join(optional_scopes),
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256" if code_challenge else "",
        }
        query = urlencode({name: value for name, value in parameters.items() if value}, quote_via=quote, safe="")
        portal = f"/{portal_id}" if portal_id else ""
        return f"{self._app_url}/oauth{portal}/authorize?{query}"

    def exchange(self, code: Secret, redirect_uri: str, code_verifier: Secret | None = None) -> Tokens:
        """Tokens for the code of the return URL; a code works once and not for long."""
        proof = {"code_verifier": code_verifier} if code_verifier else {}
        return self._grant("oauth code exchange", "authorization_code", code=code, redirect_uri=redirect_uri, **proof)

    def refresh(self, refresh_token: Secret) -> Tokens:
        """A new access token. HubSpot repeats the refresh token, but store what comes back (hubspot.md 2.2, B)."""
        tokens = self._grant("oauth refresh", "refresh_token", refresh_token=refresh_token)
        if tokens.refresh_token:
            return tokens
        # RFC 6749 section 6: an answer without a refresh token leaves the old one valid.
        return replace(tokens, refresh_token=refresh_token)

    @reveals
    def introspect(self, token: Secret, hint: str = "access_token") -> TokenInfo | None:
        """Portal, user and scopes of a token; None if it is no longer valid.

        `hint` is "access_token" or "refresh_token".
        """
        operation = "oauth introspect"
        info = self._post(operation, "token/introspect", token=token, token_type_hint=hint)
        if info.get("active") is False:
            return None
        return usable(TokenInfo.from_json(info), operation)

    @reveals
    def revoke(self, refresh_token: Secret) -> None:
        """End the connection at HubSpot; access tokens already issued live on for up to 30 minutes.

        A token that HubSpot no longer knows raises TokenRevoked or OAuthError.
        """
        hint = "refresh_token"  # nosec B105  # the kind of token, not a token
        self._post("oauth revoke", "token/revoke", token=refresh_token, token_type_hint=hint)

    @reveals
    def _grant(self, operation: str, grant_type: str, **fields: Secret | str) -> Tokens:
        tokens = Tokens.from_json(self._post(operation, "token", grant_type=grant_type, **fields))
        tokens = usable(tokens, operation)
        if not tokens.refresh_token and grant_type != "refresh_token":
            raise BadAnswer("HubSpot granted no refresh token", operation=operation)
        return tokens

    def _post(self, operation: str, path: str, **fields: Secret | str) -> dict[str, Any]:
        url = f"{self._api_url}/oauth/{self.version}/{path}"
        form = {**fields, "client_id": self.client_id, "client_secret": self._client_secret}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = exchange(self._http, "POST", url, headers, _encoded(form), None, self._timeouts)
        except HubSpotError as failure:
            failure.operation = operation
            raise
        return _content(answer, operation)


def _encoded(form: Mapping[str, Secret | str]) -> Secret:
    return Secret(urlencode({name: revealed(value) for name, value in form.items()}).encode())


def _content(answer: HttpAnswer, operation: str) -> dict[str, Any]:
    if not 200 <= answer.status <= 299:
        raise error_parsing.error_from_token_endpoint(answer.status, answer.headers, answer.body, operation)
    if not answer.body.strip():
        return {}
    try:
        content = parse_json(answer.body)
    except ValueError:
        content = None
    return usable(content if isinstance(content, dict) else None, operation)
