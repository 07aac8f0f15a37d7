"""Failures in words: the field, the property, the accepted values, and never a value of an order.

A refusal's sentence serves the editor's warning symbol, before any value is known, and a sync problem after one was
refused, so each says what the property takes.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext, gettext_noop, ngettext

from pretix_hubspot.connections.resting import RestingReason
from pretix_hubspot.values.rows import FieldRefused, Refusal

from .codes import MISCONFIGURATION, PERMANENT, REFUSED_CALLS, SYSTEM, TEMPORARY, Code, known

#: The failure words for users, by the stored mode; core has two more.
MODES = {
    TEMPORARY: gettext_noop("Temporary error"),
    "exceeded": gettext_noop("Temporary error"),
    SYSTEM: gettext_noop("System error"),
    "timeout": gettext_noop("System error"),
    PERMANENT: gettext_noop("Permanent error"),
    MISCONFIGURATION: gettext_noop("Misconfiguration"),
}

_ACCESS_LOST = gettext_noop("HubSpot no longer accepts the access granted to pretix. Connect again.")
_UNREACHABLE = gettext_noop("HubSpot could not be reached.")
_LIMIT = gettext_noop("HubSpot's request limit is used up.")
_PROBLEMS = gettext_noop("HubSpot is having problems.")
_REFUSED = gettext_noop("HubSpot refuses this record.")
_REQUIRED = gettext_noop("Your HubSpot account requires the property {property}, which no mapping fills.")

#: Placeholders: {property} and {field} are labels, {option} the name of a choice set up by the organizer,
#: {currency} and {shown_in} codes of currencies.
#: HubSpot's own sentence follows where there is one.
TEXTS = {
    # errors of HubSpot
    Code.HUBSPOT_ERROR: _PROBLEMS,
    Code.NO_ANSWER: _UNREACHABLE,
    Code.CONNECT_TIMEOUT: _UNREACHABLE,
    Code.READ_TIMEOUT: _UNREACHABLE,
    Code.CONNECTION_FAILED: _UNREACHABLE,
    Code.BLOCKED_BY_SERVER: gettext_noop(
        "The pretix server does not allow requests to HubSpot's address. Please contact your system administrator."
    ),
    Code.BAD_ANSWER: _UNREACHABLE,
    Code.INVALID_INPUT: _REFUSED,
    Code.AUTHENTICATION_FAILED: _ACCESS_LOST,
    Code.TOKEN_EXPIRED: _ACCESS_LOST,
    Code.MISSING_SCOPE: gettext_noop("pretix lacks a permission in HubSpot: {scopes}. Connect again to grant it."),
    Code.FORBIDDEN: gettext_noop("HubSpot refuses access to this object type."),
    Code.NOT_FOUND: gettext_noop("HubSpot does not know this record any more."),
    Code.CONFLICT: gettext_noop("HubSpot reports a conflict with another record."),
    Code.URI_TOO_LONG: gettext_noop("HubSpot cannot take this record: too many records were merged into it."),
    Code.LOCKED: gettext_noop("HubSpot is busy with this record."),
    Code.RATE_LIMITED: _LIMIT,
    Code.OVER_BUDGET: _LIMIT,
    Code.TOO_MANY_LABELS: gettext_noop("HubSpot allows no more association labels between these object types."),
    Code.MIGRATING: gettext_noop("HubSpot is moving this account to a different region."),
    Code.SERVER_ERRORS: _PROBLEMS,
    Code.EDGE_PAGE: gettext_noop(
        "HubSpot could not be reached: something on the way, such as a proxy or HubSpot's protection against attacks, "
        "answered in its place."
    ),
    Code.CALL_REFUSED: gettext_noop(
        "HubSpot does not accept the way in which pretix asks. The HubSpot plugin probably has to be updated. "
        "Please contact your system administrator."
    ),
    Code.PAYMENT_REQUIRED: gettext_noop(
        "HubSpot asks for a payment: the account is suspended, or its subscription does not include this. "
        "Please check the subscription in HubSpot."
    ),
    Code.VERSION_ENDED: gettext_noop(
        "HubSpot no longer offers the version of its interface that pretix uses. The HubSpot plugin has to be updated. "
        "Please contact your system administrator."
    ),
    Code.LEGALLY_BLOCKED: gettext_noop(
        "HubSpot refuses to answer for legal reasons. Please contact HubSpot's support."
    ),
    Code.UNEXPECTED_STATUS: gettext_noop("HubSpot gave an answer that pretix does not understand."),
    Code.OAUTH_ERROR: _PROBLEMS,
    Code.TOKEN_REVOKED: _ACCESS_LOST,
    Code.AUTH_CODE_REJECTED: _ACCESS_LOST,
    Code.OAUTH_MISCONFIGURED: gettext_noop(
        "The HubSpot app of the pretix server is not set up correctly. Please contact your system administrator."
    ),
    # HubSpot's codes about one property
    Code.PROPERTY_DOESNT_EXIST: gettext_noop("The property {property} does not exist in HubSpot."),
    Code.READ_ONLY_VALUE: gettext_noop("The property {property} is read-only in HubSpot."),
    Code.INVALID_OPTION: gettext_noop("The property {property} has no such option in HubSpot."),
    Code.HUBSPOT_REFUSES_EMAIL: gettext_noop("HubSpot does not accept the email address."),
    Code.MISSING_REQUIRED_PROPERTY: _REQUIRED,
    Code.MISSING_CONDITIONAL_PROPERTY: _REQUIRED,
    Code.CONFLICTING_UNIQUE_VALUE: gettext_noop(
        "Another record in HubSpot already has this value of the unique property {property}."
    ),
    # rules of the account
    Code.ASSOCIATION_LIMIT: gettext_noop(
        "Your HubSpot account limits how many objects may be associated here. Raise the limit in HubSpot, or remove "
        "the association from the object mapping."
    ),
    Code.ASSOCIATION_REQUIRED: gettext_noop(
        "Your HubSpot account takes this object only if it is associated with another one. Choose it under "
        "“Association setup”, and see that a mapping makes it for every order."
    ),
    Code.OWNER_GONE: gettext_noop(
        "The owner in {property} is no active user of your HubSpot account any more. Choose somebody else."
    ),
    Code.PIPELINE_RULE: gettext_noop(
        "A rule of your HubSpot account does not allow this stage. Change the rule in HubSpot, or choose other stages."
    ),
    Code.PARTNER_NOT_WRITTEN: gettext_noop(
        "HubSpot takes this object only together with another one, which could not be written."
    ),
    # HubSpot's sentences without a code
    Code.UNKNOWN_OBJECT_TYPE: gettext_noop("HubSpot does not have this object type any more."),
    Code.NOT_UNIQUE: gettext_noop("The identifier of the mapping is not a unique property in HubSpot."),
    Code.MISSING_PERMISSION: gettext_noop(
        "The HubSpot user who connected pretix lacks the permission “Edit Associations”. "
        "Have it granted in HubSpot, or connect again as somebody who has it."
    ),
    Code.GDPR_BLOCKED: gettext_noop(
        "The contact was deleted in HubSpot for data protection, and HubSpot does not accept the email address again."
    ),
    Code.INVALID_ASSOCIATION: gettext_noop("HubSpot refuses to associate these records."),
    # missing answers of HubSpot, and records that users changed there in between
    Code.NO_ANSWER_FOR_RECORD: gettext_noop("HubSpot did not confirm that it stored the record."),
    Code.RECORD_BUSY: gettext_noop("Another order is being written into the same record. This one follows soon."),
    Code.IDENTIFIER_TAKEN: gettext_noop(
        "The record with this identifier still stands for another order or position, which has to be sent first."
    ),
    Code.NOT_REMOVED: gettext_noop("HubSpot refuses to remove this record, which is not needed any more."),
    Code.RECORD_VANISHED: gettext_noop("A record was deleted or merged in HubSpot while it was being associated."),
    # a source field that cannot be read
    Code.INVALID_EMAIL: gettext_noop("{field} is not a valid email address."),
    Code.UNREADABLE: gettext_noop("{field} of this order cannot be read."),
    Code.WRONG_SOURCE: gettext_noop("{field} is not available for this pretix object type."),
    # a mapping row that can never work
    Code.UNKNOWN_FIELD: gettext_noop("The pretix field {field} is not available in this event."),
    Code.UNKNOWN_PROPERTY: gettext_noop("The HubSpot field {property} does not exist any more."),
    Code.READ_ONLY_PROPERTY: gettext_noop("The HubSpot field {property} is read-only."),
    Code.UNKNOWN_STAGE: gettext_noop(
        "The pipeline or the stage that is chosen for this order status no longer exists in HubSpot."
    ),
    Code.FILE: gettext_noop("{field} holds files, which are not sent to HubSpot."),
    Code.INCOMPATIBLE: gettext_noop("{field} and the HubSpot field {property} are of types that do not fit together."),
    Code.UNKNOWN_MODE: gettext_noop("The mapping of the HubSpot field {property} has an unknown mode."),
    Code.NO_IDENTIFIER: gettext_noop("The mapping has no identifier by which HubSpot could find a record."),
    # values that do not fit
    Code.NOT_A_NUMBER: gettext_noop(
        "The HubSpot field {property} only takes numbers, and {field} may hold other text."
    ),
    Code.NOT_A_DATE: gettext_noop("The HubSpot field {property} only takes dates, and {field} may hold other text."),
    Code.NOT_A_BOOLEAN: gettext_noop(
        "The HubSpot field {property} only takes “yes” or “no”, and {field} may hold other text."
    ),
    Code.NOT_A_PHONE: gettext_noop(
        "The HubSpot field {property} only takes phone numbers, and {field} may hold other text."
    ),
    Code.NOT_A_DURATION: gettext_noop(
        "The HubSpot field {property} only takes durations such as 1:30, and {field} may hold other text."
    ),
    Code.SEVERAL_VALUES: gettext_noop("The HubSpot field {property} takes one option, and {field} may hold several."),
    Code.NO_OPTION: gettext_noop(
        "{field} may hold values that are not among the options of the HubSpot field {property}."
    ),
    Code.OPTION_NOT_MAPPED: gettext_noop(
        "“{option}” of {field} is not mapped to an option of the HubSpot field {property}."
    ),
    # values that HubSpot would misread
    Code.CURRENCY_NOT_USED: gettext_noop(
        "Your HubSpot account does not use the currency {currency}, so that {property} is left out. "
        "Please add the currency in the settings of the account."
    ),
    Code.CURRENCY_FIXED: gettext_noop(
        "HubSpot shows {property} in {shown_in}. The amount is in {currency}, so that it is left out."
    ),
    Code.DURATION_UNIT: gettext_noop(
        "HubSpot takes a plain number in {property} for milliseconds, so that {field} is left out. "
        "Times, and texts such as 1:30, are sent as durations."
    ),
    # "Add to list"
    Code.APPEND_NUMBER: gettext_noop(
        "“Add to list” fills the number field {property} in HubSpot while it is empty. "
        "It fails when the field holds another number."
    ),
    Code.APPEND_SINGLE: gettext_noop(
        "The HubSpot field {property} holds a single value. “Add to list” fills it while it is empty. "
        "It fails when the field holds another value."
    ),
    Code.NUMBER_FILLED: gettext_noop(
        "Nothing can be added to the number field {property}, which is filled already in HubSpot."
    ),
    Code.ALREADY_SET: gettext_noop(
        "The HubSpot field {property} holds a single value, and there is a different one already. "
        "“Add to list” does not replace it."
    ),
    # failures without an answer of HubSpot
    Code.NOT_CONNECTED: gettext_noop("This event is not connected to a HubSpot account."),
    Code.UNEXPECTED: gettext_noop("An unexpected error occurred in pretix. Please contact your system administrator."),
}
#: For a choice without an option, if its name is known.
NO_OPTION_NAMED = gettext_noop(
    "The HubSpot field {property} has no option for “{option}”, which {field} may hold. "
    "Please add the option in HubSpot or map it to another one."
)
#: For several choices without an option.
OF_SEVERAL = {
    Code.NO_OPTION: gettext_noop(
        "The HubSpot field {property} has no options for {options}, which {field} may hold. "
        "Please add the options in HubSpot or map the values to other ones."
    ),
    Code.OPTION_NOT_MAPPED: gettext_noop(
        "These values of {field} are not mapped to options of the HubSpot field {property}: {options}."
    ),
}
#: The number of choices that are listed; more are counted.
MOST = 5
#: For a text that the mapping itself holds.
OF_CONSTANTS = {
    Code.NOT_A_NUMBER: gettext_noop(
        "The HubSpot field {property} only takes numbers, and the constant text is not a number."
    ),
    Code.NOT_A_DATE: gettext_noop(
        "The HubSpot field {property} only takes dates such as 2027-06-30, and the constant text is not a date."
    ),
    Code.NOT_A_BOOLEAN: gettext_noop(
        "The HubSpot field {property} only takes “yes” or “no”, and the constant text is neither."
    ),
    Code.NOT_A_PHONE: gettext_noop(
        "The HubSpot field {property} only takes phone numbers, and the constant text is not a phone number."
    ),
    Code.NOT_A_DURATION: gettext_noop(
        "The HubSpot field {property} only takes durations such as 1:30, and the constant text is none."
    ),
    Code.NO_OPTION: gettext_noop(
        "The HubSpot field {property} has no option whose label or internal name is the constant text."
    ),
}
#: For codes that the table does not list: refusals of a later version, and HubSpot's codes about a property or record.
_UNKNOWN = gettext_noop("{field} cannot be sent to the HubSpot field {property}.")
_VALUE_REFUSED = gettext_noop("HubSpot does not accept the value of the property {property}.")


def mode_word(mode: str) -> str:
    """The failure word for users, in the current language."""
    return gettext(MODES[mode]) if mode in MODES else mode


def describe(refused: Refusal | FieldRefused, field: str | None = None) -> str:
    """A sentence or two in the current language; ``field`` is the label of the source field, if known."""
    if isinstance(refused, FieldRefused):
        refused = Refusal(refused.reason)
    return _filled_in(_sentence(refused.code, refused.params) or _UNKNOWN, refused.params, field)


def describe_failure(code: str, params: Mapping[str, Any]) -> str:
    """The same for a failure as it is stored, whose code may be any of HubSpot's."""
    return _filled_in(_sentence(code, params) or (_VALUE_REFUSED if "property" in params else _REFUSED), params)


def describe_rest(reason: str) -> str:
    """Why a portal rests, by the stored code, in the current language; empty for an unknown code."""
    if reason in RestingReason.values:
        return str(RestingReason(reason).label)
    return gettext(TEXTS[Code(reason)]) if reason in REFUSED_CALLS else ""


def _sentence(code: str, params: Mapping[str, Any]) -> str | None:
    entry = known(code)
    if entry is None:
        return None
    if params.get("constant") and entry in OF_CONSTANTS:
        return OF_CONSTANTS[entry]
    if len(params.get("option_labels", ())) > 1:
        return OF_SEVERAL[entry]
    return NO_OPTION_NAMED if entry is Code.NO_OPTION and params.get("option") else TEXTS[entry]


def _filled_in(sentence: str, params: Mapping[str, Any], field: str | None = None) -> str:
    filled = gettext(sentence).format(
        field=_quoted(field or params.get("field")) or gettext("The pretix field"),
        property=_quoted(params.get("label") or params.get("property")),
        option=params.get("option_label") or params.get("option", ""),
        options=_listed(params.get("option_labels", ())),
        scopes=params.get("scopes") or "?",
        currency=params.get("currency", ""),
        shown_in=params.get("shown_in", ""),
    )
    # a name left out leaves no gap
    return " ".join(filled.split()).replace(" ,", ",").replace(" .", ".")


def _listed(names):
    """The first names in quotes, and how many there are beside them."""
    listed = [_quoted(name) for name in names[:MOST]]
    if (more := len(names) - MOST) > 0:
        listed.append(ngettext("{count} more", "{count} more", more).format(count=more))
    return get_text_list(listed, gettext("and"))


def _quoted(name):
    return gettext("“{name}”").format(name=name) if name else ""
