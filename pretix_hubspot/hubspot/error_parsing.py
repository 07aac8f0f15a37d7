"""HTTP answers -> typed errors. Any status, headers and bytes give an error; no function here raises.

Every field of HubSpot's envelope is optional (hubspot.md 4, A).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from itertools import chain, islice
from math import isfinite
from typing import Any

from . import errors
from .errors import ErrorDetail, HubSpotError
from .json_reading import DECODER, Allowance, mapping, objects, parse_json, redact, shortened, text

_BY_STATUS: dict[int, type[HubSpotError]] = {
    400: errors.InvalidInput,
    401: errors.AuthenticationFailed,
    402: errors.PaymentRequired,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.VersionEnded,
    413: errors.InvalidInput,  # smaller batches fit, and a record that does not fit alone never will
    414: errors.UriTooLong,
    422: errors.InvalidInput,
    423: errors.Locked,
    429: errors.RateLimited,
    437: errors.TooManyLabels,
    451: errors.LegallyBlocked,
    477: errors.Migrating,
    **dict.fromkeys((405, 406, 411, 412, 415, 416, 417, 421, 426, 428, 431, 501, 505), errors.CallRefused),
}
# Statuses that mean the same from any server and in any form: limits, locks and lengths.
_SAME_FROM_ANY_SERVER = frozenset({408, 414, 423, 425, 429, 437, 477})

# Categories seen in envelopes and in the errors of a 207 (hubspot.md 4, A/B).
_BY_CATEGORY: dict[str, type[HubSpotError]] = {
    "VALIDATION_ERROR": errors.InvalidInput,
    "CONFLICT": errors.Conflict,
    "OBJECT_ALREADY_EXISTS": errors.Conflict,
    "OBJECT_NOT_FOUND": errors.NotFound,
    "MISSING_SCOPES": errors.MissingScope,
    "RATE_LIMITS": errors.RateLimited,
    "RATE_LIMIT": errors.RateLimited,
    "INVALID_AUTHENTICATION": errors.AuthenticationFailed,
    "EXPIRED_AUTHENTICATION": errors.TokenExpired,
}

# The messages of entries without a category (hubspot.md 4: every field is optional; 4.2 for the words, A/B).
_BY_WORDS: tuple[tuple[str, type[HubSpotError]], ...] = (
    ("Could not get some", errors.NotFound),
    ("not found", errors.NotFound),
    ("already exists", errors.Conflict),
)

#: "A value for firstname must be provided" (hubspot.md 1.3, A) and "dealname was not set" (U).
_MISSING = re.compile(r"(?:A value for )?(\w{1,200}) (?:must be provided|was not set)\b", re.ASCII)

_BY_OAUTH_STATUS: dict[str, type[HubSpotError]] = {
    "BAD_REFRESH_TOKEN": errors.TokenRevoked,
    "BAD_HUB": errors.TokenRevoked,
    "BAD_AUTH_CODE": errors.AuthCodeRejected,
    "BAD_CLIENT_ID": errors.OAuthMisconfigured,
    "BAD_CLIENT_SECRET": errors.OAuthMisconfigured,
    "BAD_REDIRECT_URI": errors.OAuthMisconfigured,
    "BAD_SCOPES": errors.OAuthMisconfigured,
    "BAD_GRANT_TYPE": errors.OAuthMisconfigured,
    "BAD_CODE_VERIFIER": errors.OAuthMisconfigured,
}

# Where HubSpot's own word is missing: RFC 6749, section 5.2.
_BY_RFC_WORD: dict[str, type[HubSpotError]] = {
    "invalid_client": errors.OAuthMisconfigured,
    "unauthorized_client": errors.OAuthMisconfigured,
    "unsupported_grant_type": errors.OAuthMisconfigured,
    "invalid_scope": errors.OAuthMisconfigured,
}

_NOT_VALID = "Property values were not valid"
#: The list behind these words echoes values and all options of a property (hubspot.md 4.1, C), and is read whole.
_LONGEST_LIST = 4_000_000
#: Details that an error has. Of each of HubSpot's two lists as many are read, in characters that suffice for them.
_MAX_DETAILS, _MAX_CHARACTERS = 100, 200_000
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
# Keys that echo what was sent, and so may hold personal data; the ids are in `InputError`.
_ECHOES = frozenset({"propertyValue", "value", "rawValue", "ids"})


def error_from_response(status: int, headers: Mapping[str, str], body: bytes, operation: str = "") -> HubSpotError:
    """The error for a response with a status other than 2xx."""
    envelope = _envelope(body)
    category = text(envelope.get("category"), 100)
    kind = _BY_STATUS.get(status, errors.ServerTrouble if 500 <= status <= 599 else errors.UnexpectedStatus)
    if status == 407 or (400 <= status <= 499 and status not in _SAME_FROM_ANY_SERVER and _is_page(headers, body)):
        kind = errors.EdgePage
    elif status >= 500 and kind is errors.CallRefused and _is_page(headers, body):
        kind = errors.ServerTrouble
    if kind is errors.Forbidden and _names_scopes(envelope, category):
        kind = errors.MissingScope
    if kind is errors.AuthenticationFailed and (
        category == "EXPIRED_AUTHENTICATION" or "expired" in text(envelope.get("message"), 1_000)
    ):
        kind = errors.TokenExpired
    return _error_of(kind, envelope, _facts(envelope, operation=operation, status=status, headers=headers))


def error_from_entry(entry: Any, operation: str = "", allowance: Allowance | None = None) -> HubSpotError:
    """The error for one element of the `errors` of a 207; all of them may share an allowance."""
    envelope = mapping(entry)
    category = text(envelope.get("category") or envelope.get("errorType"), 100)
    kind = _BY_CATEGORY.get(category)
    if not category:
        message = text(envelope.get("message"), 1_000)
        kind = next((kind for words, kind in _BY_WORDS if words in message), None)
    if kind is None:
        server_side = any(word in category.upper() for word in ("INTERNAL", "SERVER", "TIMEOUT", "UNAVAILABLE"))
        kind = errors.ServerTrouble if server_side else errors.UnexpectedStatus
    facts = _facts(envelope, operation=operation, allowance=allowance)
    if kind is errors.UnexpectedStatus and any(detail.code for detail in facts["details"]):
        kind = errors.InvalidInput  # no category that we know, but coded details: HubSpot validated this and refused
    return _error_of(kind, envelope, facts)


def _is_about_call(status: int) -> bool:
    return status == 407 or issubclass(_BY_STATUS.get(status, HubSpotError), errors.CallRefused)


def error_from_token_endpoint(status: int, headers: Mapping[str, str], body: bytes, operation: str) -> HubSpotError:
    """The error of the OAuth endpoints, which know both RFC 6749 fields and HubSpot's own (hubspot.md 2.2)."""
    if status == 429 or status >= 500 or not 400 <= status <= 499:
        return error_from_response(status, headers, body, operation)
    envelope = _envelope(body)
    word = text(envelope.get("status"), 100)
    kind = _BY_OAUTH_STATUS.get(word) or _by_rfc_word(text(envelope.get("error"), 100), operation)
    if kind is errors.OAuthError and (_is_page(headers, body) or _is_about_call(status)):
        return error_from_response(status, headers, body, operation)  # not an answer of the token endpoint itself
    message = text(envelope.get("message")) or text(envelope.get("error_description"))
    envelope = {**envelope, "message": message, "category": word or text(envelope.get("error"), 100)}
    return _error_of(kind, envelope, _facts(envelope, operation=operation, status=status, headers=headers))


def _by_rfc_word(word: str, operation: str) -> type[HubSpotError]:
    if word == "invalid_grant":  # used for refresh tokens and for codes
        return errors.TokenRevoked if operation == "oauth refresh" else errors.AuthCodeRejected
    return _BY_RFC_WORD.get(word, errors.OAuthError)


def _is_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this is not an answer of HubSpot's API, which answers in JSON only (hubspot.md 4, A, and 16, B).

    A proxy's text without any markup is a page, too; truncated JSON is none.
    """
    start = body[:200].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not start:
        return "html" in header(headers, "content-type").lower()
    return start[0] not in '{["'


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        envelope = parse_json(body)
    except ValueError:
        envelope = None
    if isinstance(envelope, dict):
        return envelope
    page = body[:20_000].decode("utf-8", "replace")  # the edge answers in HTML (hubspot.md 4, A)
    title = _TITLE.search(page)
    return {"message": " ".join(title[1].split()) if title else ""}


def _error_of(kind: type[HubSpotError], envelope: Mapping[str, Any], facts: dict[str, Any]) -> HubSpotError:
    return kind(**facts, policy=_policy(envelope)) if issubclass(kind, errors.RateLimited) else kind(**facts)


def _facts(
    envelope: Mapping[str, Any],
    *,
    operation: str,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    allowance: Allowance | None = None,
) -> dict[str, Any]:
    """The arguments that errors of all classes take."""
    headers = headers or {}
    allowance = allowance or Allowance(_MAX_CHARACTERS)
    raw = allowance.text(envelope.get("message"))
    details = _details(text(envelope.get("message"), _LONGEST_LIST), envelope, allowance)
    category = text(envelope.get("category"), 200) or text(envelope.get("errorType"), 200)
    return {
        "message": _message(raw, details),
        "status": status,
        "category": redact(category, limit=100),
        "sub_category": redact(text(envelope.get("subCategory"), 200), limit=100),
        "correlation_id": correlation_id(envelope, headers),
        "details": details,
        "context": _context(envelope.get("context"), allowance),
        "links": _links(envelope.get("links"), allowance),
        "retry_after": retry_after(headers),
        "operation": operation,
    }


def _message(raw: str, details: tuple[ErrorDetail, ...]) -> str:
    if not raw.startswith(_NOT_VALID):
        return redact(raw)
    # The array behind the colon echoes the values sent; say the same from the redacted details.
    parts = (f"{d.property_name}: {d.message}" if d.property_name else d.message for d in details)
    return shortened(f"{_NOT_VALID}: {'; '.join(part for part in parts if part)}".removesuffix(": "))


def _details(raw: str, envelope: Mapping[str, Any], allowance: Allowance) -> tuple[ErrorDetail, ...]:
    """Both lists of refused properties, merged: `errors` may hold fewer than the message (hubspot.md 4.1, B)."""
    listed = (_detail(entry, allowance) for entry in islice(objects(envelope.get("errors")), _MAX_DETAILS))
    merged: dict[tuple[str, str], ErrorDetail] = {}
    for detail in chain(_details_in_message(raw, allowance), listed):
        known = merged.setdefault((detail.property_name, detail.code), detail)
        if known is not detail:
            known.context.update(detail.context)
            merged[detail.property_name, detail.code] = replace(known, message=known.message or detail.message)
        if allowance.left <= 0:
            break
    return tuple(merged.values())[:_MAX_DETAILS] or _named_in_context(raw, envelope, allowance)


def _named_in_context(raw: str, envelope: Mapping[str, Any], allowance: Allowance) -> tuple[ErrorDetail, ...]:
    """The properties that an error without details names."""
    context = mapping(envelope.get("context"))
    names = allowance.texts(context.get("propertyName") or context.get("properties"), _MAX_DETAILS) or _missing(raw)
    code = redact(text(envelope.get("code"), 100) or text(envelope.get("subCategory"), 100), limit=100)
    return tuple(ErrorDetail(code, redact(allowance.text(raw), name), redact(name, limit=200)) for name in names)


def _links(value: Any, allowance: Allowance) -> dict[str, str]:
    named = islice(mapping(value).items(), 20)
    return {
        redact(allowance.text(key, 200), limit=100): target
        for key, link in named
        if (target := allowance.text(link, 500))
    }


def _details_in_message(raw: str, allowance: Allowance) -> Iterator[ErrorDetail]:
    start = raw.find("[") if raw.startswith(_NOT_VALID) else -1
    if start < 0:
        return
    try:
        listed, _ = DECODER.raw_decode(raw, start)
    except (ValueError, RecursionError):  # cut off or mangled; `errors` may still hold them
        return
    for entry in islice(objects(listed), _MAX_DETAILS):
        name = redact(allowance.text(entry.get("name")), limit=200)
        code = redact(allowance.text(entry.get("error"), 200), limit=100)
        yield ErrorDetail(code, redact(allowance.text(entry.get("message")), name), name)


def _detail(entry: dict[str, Any], allowance: Allowance) -> ErrorDetail:
    context = _context(entry.get("context"), allowance)
    message = allowance.text(entry.get("message"))
    named = context.get("propertyName") or context.get("properties") or ()
    name = next(iter(named), "") or redact(allowance.text(entry.get("name")), limit=200)
    name = name or next(iter(_missing(message)), "")
    code = next(filter(None, (text(entry.get(key), 200) for key in ("code", "error", "subCategory"))), "")
    return ErrorDetail(redact(code, limit=100), redact(message, name), name, context)


def _missing(message: str) -> tuple[str, ...]:
    """The property that a new record lacks, if only the message names it (hubspot.md 1.3 A, 5.8 U)."""
    match = _MISSING.match(message)
    return (redact(match[1], limit=200),) if match else ()


def _context(value: Any, allowance: Allowance) -> dict[str, tuple[str, ...]]:
    return {
        redact(allowance.text(key, 200), limit=100): tuple(redact(item, limit=200) for item in allowance.texts(values))
        for key, values in islice(mapping(value).items(), 50)
        if key not in _ECHOES and allowance.left > 0
    }


def _names_scopes(envelope: Mapping[str, Any], category: str) -> bool:
    details = (mapping(entry.get("context")) for entry in objects(envelope.get("errors")))
    return category == "MISSING_SCOPES" or any("requiredGranularScopes" in context for context in details)


def _policy(envelope: Mapping[str, Any]) -> str:
    """One of "burst", "secondly" and "daily"; policyName first, then the text, else burst (hubspot.md 3, A)."""
    for words in (text(envelope.get("policyName"), 1_000).upper(), text(envelope.get("message"), 1_000).upper()):
        if "DAILY" in words:
            return "daily"
        if "TEN_SECONDLY" in words:
            return "burst"
        if "SECONDLY" in words:
            return "secondly"
    return "burst"


def correlation_id(envelope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """HubSpot's correlation id, from the body or the header; letters, digits and ._:- only."""
    raw = text(envelope.get("correlationId"), 100) or header(headers, "x-hubspot-correlation-id")
    return re.sub(r"[^\w.:-]", "", raw, flags=re.ASCII)[:100]


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its lower-case name, from any kind of mapping; "" if absent."""
    value = headers.get(name)
    if value is None:
        value = next((value for key, value in headers.items() if str(key).lower() == name), "")
    return str(value)[:1_000]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or a date; None if absent or unreadable.

    Documented on 477 only, where it reaches 24 h; honoured wherever it appears (hubspot.md 3, A).
    A date counts from the response's own Date header, since clocks differ.
    """
    raw = header(headers, "retry-after").strip()
    if not raw:
        return None
    try:
        seconds = float(raw)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(raw) - parsedate_to_datetime(header(headers, "date"))).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), 172_800.0) if isfinite(seconds) else None
