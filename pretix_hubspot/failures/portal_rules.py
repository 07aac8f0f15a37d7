"""Refusals that come from a rule of the account: a user set it there, and users change a setting to meet it.

They are no order's fault. HubSpot's exact words are public for few of them, so they are recognized by their
subject (hubspot.md 1.3, 8 and 16). Pure.
"""

import re

from pretix_hubspot.hubspot.errors import Conflict, ErrorDetail, HubSpotError, InvalidInput

from .codes import Code

_ASSOCIATION = re.compile(r"associat")
_LIMIT = re.compile(r"limit|exceed|maxim|at most|too many|only (be|have|one)|no more")
_REQUIRED = re.compile(r"requir|must|missing|needs?\b|at least|provided|without")
_OWNER = re.compile(r"\bowner")
_OWNER_PROPERTY = re.compile(r"(.*_)?owner(_id)?")
_GONE = re.compile(
    r"invalid|not (a |one of |valid|found|exist|active|known)|n't|deactivat|inactive|archiv|remov|unknown"
)
_PIPELINE = re.compile(r"pipeline|stage")
_MOVE = re.compile(
    r"\brules?\b|backward|skip|previous stage|not allowed|n't be moved|cannot (be )?move|restrict|creation"
)

#: Codes beside which only HubSpot's sentence names the subject of a refusal.
_OPEN = frozenset({"", Code.MISSING_REQUIRED_PROPERTY.value})
#: Codes that are about a property, whatever its value.
_OF_PROPERTY = frozenset({Code.PROPERTY_DOESNT_EXIST.value, Code.READ_ONLY_VALUE.value})


def rule_behind(error: HubSpotError | None, detail: ErrorDetail | None = None) -> Code | None:
    """The kind of rule that refused a record or an association, or None; ``detail`` is the decisive one."""
    if not isinstance(error, (InvalidInput, Conflict)):
        return None
    for item in [detail] if detail else error.details or [ErrorDetail("", error.message)]:
        if rule := _rule(error, item):
            return rule
    return None


def _rule(error: HubSpotError, detail: ErrorDetail) -> Code | None:
    coded = f"{detail.code} {error.sub_category}".lower().replace("_", " ")
    text = f"{coded} {detail.message or error.message}".lower()
    if detail.code in _OPEN or "association" in coded:
        if _ASSOCIATION.search(text) and _LIMIT.search(text):
            return Code.ASSOCIATION_LIMIT
        if _ASSOCIATION.search(text) and _REQUIRED.search(text) and "permission" not in text:
            return Code.ASSOCIATION_REQUIRED
    if _is_about_owner(detail, coded) and _GONE.search(text):
        return Code.OWNER_GONE
    if (detail.code in _OPEN or "rule" in coded) and _PIPELINE.search(text) and _MOVE.search(text):
        return Code.PIPELINE_RULE
    return None


def _is_about_owner(detail: ErrorDetail, coded: str) -> bool:
    """Whether an owner was refused, and not a property whose name happens to contain the word."""
    named = detail.code not in _OF_PROPERTY and _OWNER_PROPERTY.fullmatch(detail.property_name)
    return bool(named or _OWNER.search(coded))
