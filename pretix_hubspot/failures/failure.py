"""Map HubSpot's errors to failures of orders: one verdict per order, one failure word per verdict.

``classify`` is the only place that decides between temporary, system, permanent and misconfiguration.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from pretix_hubspot.hubspot.errors import ErrorDetail, HubSpotError, MissingScope
from pretix_hubspot.values.rows import Refusal

from .codes import MISCONFIGURATION, PERMANENT, TEMPORARY, Code, known
from .portal_rules import rule_behind

#: HubSpot's messages without a code; the first that fits (hubspot.md 1.2 B, 4.1 U, 5.4 B, 7.1 A).
_BY_TEXT = (
    ("Unable to infer object type", Code.UNKNOWN_OBJECT_TYPE),
    ("by non-unique", Code.NOT_UNIQUE),
    ("'Edit Associations' permission", Code.MISSING_PERMISSION),
    ("GDPR", Code.GDPR_BLOCKED),
    ("associations are invalid", Code.INVALID_ASSOCIATION),
    ("for associations to be created", Code.INVALID_ASSOCIATION),
)
#: A new record lacks a property that HubSpot requires of every one (hubspot.md 1.3 A, 5.8 U).
_LACKS = re.compile(r"required properties were not set|\b\w+ was not set\b|A value for \w+ must be provided")
#: The codes of ``MissingScope`` and ``Forbidden``.
ACCESS_CODES = frozenset({Code.MISSING_SCOPE, Code.FORBIDDEN})
#: Codes for properties that a record lacks; no row of the record is to blame for them.
REQUIRED = frozenset({Code.MISSING_REQUIRED_PROPERTY, Code.MISSING_CONDITIONAL_PROPERTY})


@dataclass(frozen=True)
class Failure:
    """One failure of one order, fit to be stored and shown.

    ``position`` is the part of the order that the mapping is about, by the word that was stored first.
    ``code`` is a refusal's code or HubSpot's; ``message`` is HubSpot's text, redacted; no value of the order is in it.
    """

    mode: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    mapping: int | None = None
    position: int | None = None
    object_type: str = ""
    message: str = ""
    correlation_id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value not in (None, "", {})}


def refused(refusal: Refusal, mapping: int | None, position: int | None, object_type: str) -> Failure:
    """A value or record that we did not send."""
    entry = known(refusal.code)
    mode = entry.mode if entry else PERMANENT
    if mode == PERMANENT and refusal.params.get("constant"):
        mode = MISCONFIGURATION  # the text is the mapping's own, not the order's
    return Failure(mode, refusal.code, dict(refusal.params), mapping, position, object_type)


def classify(
    error: HubSpotError | None, *, mapping: int | None = None, position: int | None = None, object_type: str = ""
) -> Failure:
    """The failure that an error of HubSpot means; None is a success that HubSpot never confirmed.

    The rules are a failure table; sources: hubspot.md 3 (statuses, A) and 4 (bodies, A/B/C).
    """
    if error is None:
        return Failure(TEMPORARY, Code.NO_ANSWER_FOR_RECORD.value, {}, mapping, position, object_type)
    detail = _decisive(error)
    mode, code = _mode_and_code(error, detail)
    names = _lacking_properties(error) if code in REQUIRED else [detail.property_name]
    params = {"property": ", ".join(names)} if any(names) else {}
    if isinstance(error, MissingScope) and error.required_scopes:
        params["scopes"] = ", ".join(error.required_scopes)
    message = detail.message or error.message
    return Failure(mode, code, params, mapping, position, object_type, message, error.correlation_id)


def _lacking_properties(error: HubSpotError) -> list[str]:
    """All properties that HubSpot requires: an organizer who adds only one would fail for the next."""
    return list(dict.fromkeys(detail.property_name for detail in error.details if detail.property_name))


def _decisive(error: HubSpotError) -> ErrorDetail:
    """The detail that decides about the word: mistakes of the mapping go before mistakes of the order."""
    graver = (detail for detail in error.details if _is_config(detail.code))
    return next(graver, None) or next(iter(error.details), ErrorDetail("", ""))


def _is_config(code: str) -> bool:
    entry = known(code)
    return entry is not None and entry.mode == MISCONFIGURATION


def _mode_and_code(error: HubSpotError, detail: ErrorDetail) -> tuple[str, str]:
    """The error's own code, unless it refuses the content: then HubSpot's code or message of the detail decides."""
    kind = Code(error.code)
    if kind.mode != PERMANENT:
        return kind.mode, kind.value
    text = f"{error.message} {detail.message}"
    named = next((code for words, code in _BY_TEXT if words in text), None) or rule_behind(error, detail)
    if named is None and _is_config(detail.code):
        return MISCONFIGURATION, detail.code
    if named is None and _LACKS.search(text):
        named = Code.MISSING_REQUIRED_PROPERTY
    return (named.mode, named.value) if named else (PERMANENT, detail.code or kind.value)
