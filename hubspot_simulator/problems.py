"""Refusals, as the state pronounces them.

A ``Problem`` carries HubSpot's words (category, message, codes, context) and a ``kind``;
which HTTP status a kind becomes is the business of ``http.envelopes`` alone.
The wording follows hubspot.md section 4.
"""

import json
from dataclasses import dataclass, field

INVALID, CONFLICT, MISSING, FORBIDDEN, UNAUTHORISED = "invalid", "conflict", "missing", "forbidden", "unauthorised"
GONE, TOO_LONG, TOO_MANY_LABELS, LIMITED = "gone", "too-long", "too-many-labels", "limited"
WRONG_METHOD, WRONG_CONTENT = "wrong-method", "wrong-content"


@dataclass
class Problem(Exception):
    """One refusal; ``details`` are the entries of the envelope's ``errors`` list."""

    kind: str
    message: str
    category: str | None = None
    sub_category: str | None = None
    context: dict[str, list[str]] = field(default_factory=dict)
    details: list[dict] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


@dataclass
class BatchError:
    """One entry of a 207's ``errors``: a problem and its context."""

    problem: Problem
    context: dict[str, list[str]]


@dataclass(frozen=True)
class BadValue:
    """Why one property value of one record was refused (hubspot.md 4.1)."""

    name: str
    code: str
    message: str
    value: str | None = None


def invalid(message: str, **context: list[str]) -> Problem:
    """A request that HubSpot would not even look at twice."""
    return Problem(INVALID, message, "VALIDATION_ERROR", context=dict(context))


def invalid_properties(bad: list[BadValue], portal_id: int) -> Problem:
    """The 400 for property values: the details live twice, in the message and in ``errors``.

    With four or more refusals ``errors`` holds one entry fewer than the message,
    as recorded in ampersand's err-many-invalid-properties (hubspot.md 4.1, B).
    """
    listed = [_message_entry(entry, portal_id) for entry in bad]
    mirrored = bad[:-1] if len(bad) > 3 else bad
    return Problem(
        INVALID,
        "Property values were not valid: " + json.dumps(listed, separators=(",", ":"), ensure_ascii=False),
        "VALIDATION_ERROR",
        details=[
            {"message": entry.message, "code": entry.code, "context": {"propertyName": [entry.name]}}
            for entry in mirrored
        ],
    )


def _message_entry(entry: BadValue, portal_id: int) -> dict:
    listed = {"isValid": False, "message": entry.message, "error": entry.code, "name": entry.name}
    if entry.value is not None:
        listed |= {"localizedErrorMessage": entry.message, "propertyValue": entry.value, "portalId": portal_id}
    return listed


def not_found() -> Problem:
    """A single record that does not exist: no category at all (hubspot.md 4.2, B)."""
    return Problem(MISSING, "resource not found")


def not_numeric() -> Problem:
    return Problem(MISSING, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND")


def already_exists(label: str, existing_id: str | None) -> Problem:
    """An identity that another record holds (hubspot.md 4.2, C); within one batch the id is not known yet."""
    if existing_id is None:
        return Problem(CONFLICT, f"{label} already exists", "CONFLICT")
    message = f"{label} already exists. Existing ID: {existing_id}"
    return Problem(CONFLICT, message, "CONFLICT", context={"existingId": [existing_id]})


def missing_scopes(scopes: list[str]) -> Problem:
    """403 MISSING_SCOPES, word for word (hubspot.md 4.2, A/B)."""
    page = "https://developers.hubspot.com/scopes"
    return Problem(
        FORBIDDEN,
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {page}.",
        "MISSING_SCOPES",
        details=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": scopes},
            }
        ],
        links={"scopes": page},
    )
