"""Refusals that come from a rule of the account: somebody set it there, and somebody changes a setting to meet it.

No order is to blame for them. HubSpot's exact words are public for few of them, so they are recognized by what they
are about (hubspot.md 1.3, 8 and 16). Pure.
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

#: Codes beside which HubSpot's sentence tells what a refusal is about.
_OPEN = frozenset({"", Code.MISSING_REQUIRED_PROPERTY.value})
#: Codes that are about a property, whatever its value.
_OF_PROPERTY = frozenset({Code.PROPERTY_DOESNT_EXIST.value, Code.READ_ONLY_VALUE.value})


def rule_behind(error: HubSpotError | None, detail: ErrorDetail | None = None) -> Code | None:
    """The kind of rule that refused a record or an association, if one did; ``detail`` is the one that decides."""
    if not isinstance(error, (InvalidInput, Conflict)):
        return None
    for item in [detail] if detail else error.details or [ErrorDetail("", error.message)]:
        if found := _rule(error, item):
            return found
    return None


def _rule(error: HubSpotError, detail: ErrorDetail) -> Code | None:
    coded = f"{detail.code} {error.sub_category}".lower().replace("_", " ")
    said = f"{coded} {detail.message or error.message}".lower()
    if detail.code in _OPEN or "association" in coded:
        if _ASSOCIATION.search(said) and _LIMIT.search(said):
            return Code.ASSOCIATION_LIMIT
        if _ASSOCIATION.search(said) and _REQUIRED.search(said) and "permission" not in said:
            return Code.ASSOCIATION_REQUIRED
    if _is_about_owner(detail, coded) and _GONE.search(said):
        return Code.OWNER_GONE
    if (detail.code in _OPEN or "rule" in coded) and _PIPELINE.search(said) and _MOVE.search(said):
        return Code.PIPELINE_RULE
    return None


def _is_about_owner(detail: ErrorDetail, coded: str) -> bool:
    """Whether an owner was refused, and no property whose name happens to have the word in it."""
    named = detail.code not in _OF_PROPERTY and _OWNER_PROPERTY.fullmatch(detail.property_name)
    return bool(named or _OWNER.search(coded))
