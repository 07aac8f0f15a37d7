"""Everything that can go wrong with a call to HubSpot, named by its HTTP meaning.

    HubSpotError
    ├── NoAnswer                  no HTTP response came back
    │   ├── ConnectTimeout            nothing was sent
    │   ├── ReadTimeout               sent; the write may have happened
    │   ├── ConnectionFailed          refused, reset, TLS, DNS
    │   └── BlockedByServer           pretix itself refuses private addresses: a system problem
    ├── BadAnswer                 2xx, but no JSON, truncated or of the wrong shape; the write may have happened
    ├── InvalidInput              400
    ├── AuthenticationFailed      401
    │   └── TokenExpired
    ├── MissingScope              403 with MISSING_SCOPES; `required_scopes`
    ├── Forbidden                 any other 403
    ├── NotFound                  404
    ├── Conflict                  409; `existing_id`
    ├── UriTooLong                414
    ├── Locked                    423, lasts about 2 s
    ├── RateLimited               429; `policy` is "burst", "secondly" or "daily"
    │   └── OverBudget                our own request budget refused to wait that long; HubSpot was not asked
    ├── TooManyLabels             437
    ├── Migrating                 477, the portal moves to another region; `retry_after` up to 24 h
    ├── ServerTrouble             5xx, HTML pages of the edge included; the write may have happened
    │   └── EdgePage                  4xx as a page: HubSpot's edge, or a proxy, answered in HubSpot's place
    ├── CallRefused               405, 412, 415 and the like: HubSpot refuses the call, whatever is in it
    │   ├── PaymentRequired           402
    │   ├── VersionEnded              410
    │   └── LegallyBlocked            451
    ├── UnexpectedStatus          everything else, redirects included
    └── OAuthError                400 or 401 of the token endpoint
        ├── TokenRevoked              BAD_REFRESH_TOKEN, BAD_HUB: disconnected at HubSpot
        ├── AuthCodeRejected          BAD_AUTH_CODE: start connecting again
        └── OAuthMisconfigured        client id, secret, return URL, scopes: the server's operator must act

The same classes, without a status, describe the refusal of a single input inside a 207.
Sources: hubspot.md 2.2 (OAuth), 3 (status table, A), 4 (envelopes, A/B).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_EXISTING_ID = re.compile(r"(?i)\bexisting id\W{0,5}(\d{1,30})\b|\b(\d{1,30}) already has that value")


@dataclass(frozen=True)
class ErrorDetail:
    """One refused property (or other part) of a request.

    `message` is redacted, `code` as in hubspot.md 4.1 ("INVALID_EMAIL"), `context` holds lists of strings.
    """

    code: str
    message: str
    property_name: str = ""
    context: dict[str, tuple[str, ...]] = field(default_factory=dict)


class HubSpotError(Exception):
    """A call, or one input of a call, failed.

    `message` is HubSpot's own text, redacted and at most 1,000 characters: fit to show to the organizer.
    `str()` and `repr()` leave it out, so that a log line or a traceback cannot carry personal data.
    `retry_after` is in seconds, None if HubSpot named no time.
    """

    #: Stored in place of the class, which may be renamed; `failures.codes` says what it means.
    code = "hub_spot_error"
    #: Whether the same call may succeed later although nothing is changed.
    retryable = False
    #: Whether HubSpot may have carried out a write although it did not answer so.
    may_have_written = False

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        category: str = "",
        sub_category: str = "",
        correlation_id: str = "",
        details: tuple[ErrorDetail, ...] = (),
        context: Mapping[str, tuple[str, ...]] | None = None,
        links: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        operation: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.category = category
        self.sub_category = sub_category
        self.correlation_id = correlation_id
        self.details = details
        self.context = dict(context or {})
        self.links = dict(links or {})
        self.retry_after = retry_after
        self.operation = operation

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all details, such as {"CONFLICTING_UNIQUE_VALUE"}."""
        return frozenset(detail.code for detail in self.details if detail.code)

    @property
    def existing_id(self) -> str | None:
        """The record that already holds the value, if HubSpot names it (hubspot.md 4.2, B/C)."""
        for record_id in self.context.get("existingId", ()):
            if record_id.isascii() and record_id.isdigit():
                return record_id
        for message in (self.message, *(detail.message for detail in self.details)):
            if match := _EXISTING_ID.search(message):
                return match[1] or match[2]
        return None

    def __str__(self) -> str:
        facts: list[Any] = [self.operation, self.status, self.category, self.sub_category]
        facts += [f"{d.property_name}:{d.code}" if d.property_name else d.code for d in self.details[:5]]
        facts.append(f"correlation id {self.correlation_id}" if self.correlation_id else "")
        return f"{type(self).__name__}({', '.join(str(fact) for fact in facts if fact)})"

    __repr__ = __str__


class NoAnswer(HubSpotError):
    """No complete response."""

    code = "no_answer"
    retryable = True
    may_have_written = True


class ConnectTimeout(NoAnswer):
    """No connection within the connect timeout: nothing was sent."""

    code = "connect_timeout"
    may_have_written = False


class ReadTimeout(NoAnswer):
    """The request was sent, and no answer came in time."""

    code = "read_timeout"


class ConnectionFailed(NoAnswer):
    """The connection was refused, reset, unreachable or untrusted; before or after HubSpot read the request."""

    code = "connection_failed"


class BlockedByServer(NoAnswer):
    """pretix blocks requests to private addresses, by a bare urllib3 HTTPError (environment.md)."""

    code = "blocked_by_server"
    retryable = False
    may_have_written = False


class BadAnswer(HubSpotError):
    """HubSpot reported success in a form that cannot be read."""

    code = "bad_answer"
    retryable = True
    may_have_written = True


class InvalidInput(HubSpotError):
    """400: this request, or one input of it, will not be accepted as it is."""

    code = "invalid_input"


class AuthenticationFailed(HubSpotError):
    """401: the token is unknown."""

    code = "authentication_failed"


class TokenExpired(AuthenticationFailed):
    """401: the token was good once."""

    code = "token_expired"


class MissingScope(HubSpotError):
    """403: the connection was not granted a scope."""

    code = "missing_scope"

    @property
    def required_scopes(self) -> tuple[str, ...]:
        """Scopes of which one is required, as HubSpot lists them; empty if it names none."""
        lists = [self.context, *(detail.context for detail in self.details)]
        names = (name for c in lists for key in _SCOPE_KEYS for name in c.get(key, ()))
        return tuple(dict.fromkeys(names))


_SCOPE_KEYS = ("requiredGranularScopes", "requiredScopes")


class Forbidden(HubSpotError):
    """403 for another reason: the object type is switched off, or the user lacks a permission."""

    code = "forbidden"


class NotFound(HubSpotError):
    """404: no such record, property or path."""

    code = "not_found"


class Conflict(HubSpotError):
    """409: the record or property exists already; see `existing_id`."""

    code = "conflict"


class UriTooLong(HubSpotError):
    """414: too many properties in a URL, or more than 250 merges into one contact (hubspot.md 5.5)."""

    code = "uri_too_long"


class Locked(HubSpotError):
    """423: written too fast; lasts 2 s (hubspot.md 3, A)."""

    code = "locked"
    retryable = True


class RateLimited(HubSpotError):
    """429: too many requests."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str = "", *, policy: str = "burst", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.policy = policy


class OverBudget(RateLimited):
    """Our own request budget refused to wait that long: no request was sent, and HubSpot works."""

    code = "over_budget"


class TooManyLabels(HubSpotError):
    """437: no more association labels between these object types (hubspot.md 7.1, B)."""

    code = "too_many_labels"


class Migrating(HubSpotError):
    """477: the portal is being moved to another region (hubspot.md 3, A)."""

    code = "migrating"
    retryable = True


class ServerTrouble(HubSpotError):
    """5xx: HubSpot or its edge failed."""

    code = "server_trouble"
    retryable = True
    may_have_written = True


class EdgePage(ServerTrouble):
    """A page in place of an answer, with a status that would be a judgement of the request if it came from HubSpot."""

    code = "edge_page"


class CallRefused(HubSpotError):
    """HubSpot refuses this kind of call: its method, version, headers or form, and never what is in it."""

    code = "call_refused"


class PaymentRequired(CallRefused):
    """402: the account, or this part of it, is not paid for."""

    code = "payment_required"


class VersionEnded(CallRefused):
    """410: HubSpot no longer offers this version of its API."""

    code = "version_ended"


class LegallyBlocked(CallRefused):
    """451: HubSpot must not answer, for legal reasons."""

    code = "legally_blocked"


class UnexpectedStatus(HubSpotError):
    """A status that HubSpot does not document for this call; redirects are never followed."""

    code = "unexpected_status"

    @property
    def retryable(self) -> bool:  # type: ignore[override]  # 408 and 425 ask for a repetition by definition
        return self.status in (408, 425)


class OAuthError(HubSpotError):
    """The token endpoint refused; `category` holds HubSpot's own word, such as BAD_CODE_VERIFIER."""

    code = "oauth_error"


class TokenRevoked(OAuthError):
    """The refresh token is worthless: uninstalled, revoked, or the portal is gone."""

    code = "token_revoked"


class AuthCodeRejected(OAuthError):
    """The code was used before or took too long."""

    code = "auth_code_rejected"


class OAuthMisconfigured(OAuthError):
    """Client id, secret, return URL or scopes do not fit the app; tokens stay as good as they were."""

    code = "oauth_misconfigured"


def kind_of(code: str) -> type[HubSpotError] | None:
    """The error class with this code; None if no class has it."""
    kinds = [HubSpotError]
    for kind in kinds:
        if kind.code == code:
            return kind
        kinds += kind.__subclasses__()
    return None
