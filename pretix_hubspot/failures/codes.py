"""The table of failures: each code with its failure mode and the place where it is fixed; and the exclusions. Pure.

Codes are stored with orders, so a code is never renamed. HubSpot's own codes are written in capitals; only those are
listed that mean more than "HubSpot refuses this value". ``texts`` has a sentence for each code, ``exclusions`` for each
exclusion.
"""

from enum import Enum, StrEnum, auto

TEMPORARY = "temporary"
SYSTEM = "internal"  # core's name for what the UI calls a system error
PERMANENT = "permanent"
MISCONFIGURATION = "config"

#: From the lightest to the gravest: a retry cannot get an order past its gravest failure.
GRAVITY = (TEMPORARY, PERMANENT, MISCONFIGURATION, SYSTEM)


class Fix(Enum):
    """The place where users fix a failure."""

    NOWHERE = auto()  # it heals by itself
    SERVER = auto()  # the server's operator, who begins with the diagnosis
    ACCESS = auto()  # by connecting again, with more scopes, or as a HubSpot user with more permissions
    MAPPING = auto()  # in the mapping that failed, at the row concerned
    OPTIONS = auto()  # there, too, by choosing or making an option for each value of the row
    PORTAL = auto()  # in HubSpot's own settings of the account: no page of ours
    ORDER = auto()  # in the order, or in HubSpot's list of people who may not be contacted: no page of ours


class Code(StrEnum):
    """One thing that can go wrong with one order."""

    mode: str
    fix: Fix

    def __new__(cls, code: str, mode: str, fix: Fix) -> "Code":
        member = str.__new__(cls, code)
        member._value_ = code
        member.mode, member.fix = mode, fix
        return member

    # Errors of HubSpot by their HTTP meaning: the codes of the classes in ``hubspot.errors``
    HUBSPOT_ERROR = "hub_spot_error", TEMPORARY, Fix.NOWHERE
    NO_ANSWER = "no_answer", TEMPORARY, Fix.NOWHERE
    CONNECT_TIMEOUT = "connect_timeout", TEMPORARY, Fix.NOWHERE
    READ_TIMEOUT = "read_timeout", TEMPORARY, Fix.NOWHERE
    CONNECTION_FAILED = "connection_failed", TEMPORARY, Fix.NOWHERE
    BLOCKED_BY_SERVER = "blocked_by_server", SYSTEM, Fix.SERVER
    BAD_ANSWER = "bad_answer", TEMPORARY, Fix.NOWHERE
    INVALID_INPUT = "invalid_input", PERMANENT, Fix.MAPPING
    AUTHENTICATION_FAILED = "authentication_failed", MISCONFIGURATION, Fix.ACCESS
    TOKEN_EXPIRED = "token_expired", MISCONFIGURATION, Fix.ACCESS
    MISSING_SCOPE = "missing_scope", MISCONFIGURATION, Fix.ACCESS
    FORBIDDEN = "forbidden", MISCONFIGURATION, Fix.ACCESS
    NOT_FOUND = "not_found", PERMANENT, Fix.MAPPING
    CONFLICT = "conflict", PERMANENT, Fix.MAPPING
    URI_TOO_LONG = "uri_too_long", PERMANENT, Fix.MAPPING
    LOCKED = "locked", TEMPORARY, Fix.NOWHERE
    RATE_LIMITED = "rate_limited", TEMPORARY, Fix.NOWHERE
    OVER_BUDGET = "over_budget", TEMPORARY, Fix.NOWHERE
    TOO_MANY_LABELS = "too_many_labels", MISCONFIGURATION, Fix.MAPPING
    MIGRATING = "migrating", TEMPORARY, Fix.NOWHERE
    SERVER_ERRORS = "server_trouble", TEMPORARY, Fix.NOWHERE
    EDGE_PAGE = "edge_page", TEMPORARY, Fix.NOWHERE
    # about the call, whatever its content: users act in HubSpot, or the operator updates the plugin
    CALL_REFUSED = "call_refused", SYSTEM, Fix.SERVER
    PAYMENT_REQUIRED = "payment_required", MISCONFIGURATION, Fix.PORTAL
    VERSION_ENDED = "version_ended", SYSTEM, Fix.SERVER
    LEGALLY_BLOCKED = "legally_blocked", MISCONFIGURATION, Fix.PORTAL
    # a status that HubSpot does not document: trying again later costs little, giving up loses an order
    UNEXPECTED_STATUS = "unexpected_status", TEMPORARY, Fix.NOWHERE
    OAUTH_ERROR = "oauth_error", TEMPORARY, Fix.NOWHERE
    TOKEN_REVOKED = "token_revoked", MISCONFIGURATION, Fix.ACCESS
    AUTH_CODE_REJECTED = "auth_code_rejected", TEMPORARY, Fix.ACCESS
    OAUTH_MISCONFIGURED = "oauth_misconfigured", SYSTEM, Fix.SERVER

    # HubSpot's words about one property of a record (hubspot.md 4.1)
    PROPERTY_DOESNT_EXIST = "PROPERTY_DOESNT_EXIST", MISCONFIGURATION, Fix.MAPPING
    READ_ONLY_VALUE = "READ_ONLY_VALUE", MISCONFIGURATION, Fix.MAPPING
    INVALID_OPTION = "INVALID_OPTION", MISCONFIGURATION, Fix.OPTIONS
    HUBSPOT_REFUSES_EMAIL = "INVALID_EMAIL", PERMANENT, Fix.ORDER
    MISSING_REQUIRED_PROPERTY = "MISSING_REQUIRED_PROPERTY", MISCONFIGURATION, Fix.MAPPING
    MISSING_CONDITIONAL_PROPERTY = "MISSING_CONDITIONAL_REQUIRED_PROPERTY", MISCONFIGURATION, Fix.MAPPING
    CONFLICTING_UNIQUE_VALUE = "CONFLICTING_UNIQUE_VALUE", PERMANENT, Fix.MAPPING

    # HubSpot's sentences without a code
    UNKNOWN_OBJECT_TYPE = "unknown_object_type", MISCONFIGURATION, Fix.MAPPING
    NOT_UNIQUE = "not_unique", MISCONFIGURATION, Fix.MAPPING
    MISSING_PERMISSION = "missing_permission", MISCONFIGURATION, Fix.ACCESS
    GDPR_BLOCKED = "gdpr_blocked", PERMANENT, Fix.ORDER
    INVALID_ASSOCIATION = "invalid_association", PERMANENT, Fix.MAPPING

    # Rules that users set in the account (``failures.portal_rules``)
    ASSOCIATION_LIMIT = "association_limit", MISCONFIGURATION, Fix.MAPPING
    ASSOCIATION_REQUIRED = "association_required", MISCONFIGURATION, Fix.MAPPING
    OWNER_GONE = "owner_gone", MISCONFIGURATION, Fix.MAPPING
    PIPELINE_RULE = "pipeline_rule", MISCONFIGURATION, Fix.MAPPING

    # Missing answers of HubSpot, and records that users changed there in between
    NO_ANSWER_FOR_RECORD = "no_answer_for_record", TEMPORARY, Fix.NOWHERE
    RECORD_VANISHED = "record_vanished", TEMPORARY, Fix.NOWHERE
    RECORD_BUSY = "record_busy", TEMPORARY, Fix.NOWHERE
    IDENTIFIER_TAKEN = "identifier_taken", TEMPORARY, Fix.NOWHERE
    #: HubSpot refuses to remove a record that is ours alone.
    NOT_REMOVED = "not_removed", PERMANENT, Fix.NOWHERE
    PARTNER_NOT_WRITTEN = "partner_not_written", TEMPORARY, Fix.NOWHERE

    # A source field that cannot be read
    INVALID_EMAIL = "invalid_email", PERMANENT, Fix.ORDER
    UNREADABLE = "unreadable", PERMANENT, Fix.MAPPING
    WRONG_SOURCE = "wrong_source", MISCONFIGURATION, Fix.MAPPING

    # A mapping row that can never work
    UNKNOWN_FIELD = "unknown_field", MISCONFIGURATION, Fix.MAPPING
    UNKNOWN_PROPERTY = "unknown_property", MISCONFIGURATION, Fix.MAPPING
    READ_ONLY_PROPERTY = "read_only_property", MISCONFIGURATION, Fix.MAPPING
    UNKNOWN_STAGE = "unknown_stage", MISCONFIGURATION, Fix.MAPPING
    FILE = "file", MISCONFIGURATION, Fix.MAPPING
    INCOMPATIBLE = "incompatible", MISCONFIGURATION, Fix.MAPPING
    UNKNOWN_MODE = "unknown_mode", MISCONFIGURATION, Fix.MAPPING
    NO_IDENTIFIER = "no_identifier", MISCONFIGURATION, Fix.MAPPING

    # Values that do not fit
    NOT_A_NUMBER = "not_a_number", PERMANENT, Fix.MAPPING
    NOT_A_DATE = "not_a_date", PERMANENT, Fix.MAPPING
    NOT_A_BOOLEAN = "not_a_boolean", PERMANENT, Fix.MAPPING
    NOT_A_PHONE = "not_a_phone", PERMANENT, Fix.MAPPING
    NOT_A_DURATION = "not_a_duration", PERMANENT, Fix.MAPPING
    SEVERAL_VALUES = "several_values", MISCONFIGURATION, Fix.MAPPING
    NO_OPTION = "no_option", MISCONFIGURATION, Fix.OPTIONS
    OPTION_NOT_MAPPED = "option_not_mapped", MISCONFIGURATION, Fix.OPTIONS

    # Values that HubSpot would misread: left out, and no order fails for it
    CURRENCY_NOT_USED = "currency_not_used", MISCONFIGURATION, Fix.MAPPING
    CURRENCY_FIXED = "currency_fixed", MISCONFIGURATION, Fix.MAPPING
    DURATION_UNIT = "duration_unit", MISCONFIGURATION, Fix.MAPPING

    # "Add to list"
    APPEND_NUMBER = "append_number", PERMANENT, Fix.MAPPING
    APPEND_SINGLE = "append_single", PERMANENT, Fix.MAPPING
    NUMBER_FILLED = "number_filled", PERMANENT, Fix.MAPPING
    ALREADY_SET = "already_set", PERMANENT, Fix.MAPPING

    # Failures without an answer of HubSpot
    NOT_CONNECTED = "not_connected", MISCONFIGURATION, Fix.ACCESS
    UNEXPECTED = "unexpected", SYSTEM, Fix.SERVER


class Exclusion(StrEnum):
    """Why an order, or a mapping's record of it, is left out."""

    TEST_MODE = "test_mode"
    BEFORE_CONNECTION = "before_connection"
    #: The event has no object mapping that could be sent.
    NO_MAPPINGS = "no_mappings"
    #: A user decided that the order is never sent, until *Sync now*.
    IGNORED = "ignored"
    #: A user accepted the order's problem, until the order changes.
    DISMISSED = "dismissed"
    #: Personal data was removed, the sent data included; until the order changes.
    SHREDDED = "shredded"
    #: HubSpot does not let pretix use the object type: a setting, and no decision of filters.
    NO_ACCESS = "no_access"
    FILTER_PAID = "filter_paid"
    FILTER_VALUE = "filter_value"
    FILTER_ACCOUNT = "filter_account"
    FILTER_CHANNEL = "filter_channel"
    FILTER_PRODUCT = "filter_product"
    FILTER_ADMISSION = "filter_admission"
    FILTER_DATE = "filter_date"
    FILTER_ANSWER = "filter_answer"
    #: Several mappings leave the order out for different reasons.
    FILTERS = "filters"


#: Refusals of a kind of call; if HubSpot refuses every call so, the portal rests for this reason.
REFUSED_CALLS = (Code.CALL_REFUSED, Code.PAYMENT_REQUIRED, Code.VERSION_ENDED, Code.LEGALLY_BLOCKED)
#: HubSpot's codes for a part of the stored schema that it no longer has.
CONTRADICTS_SCHEMA = frozenset(
    {Code.PROPERTY_DOESNT_EXIST, Code.READ_ONLY_VALUE, Code.INVALID_OPTION, Code.UNKNOWN_OBJECT_TYPE, Code.NOT_UNIQUE}
)


def known(code: str) -> Code | None:
    """The table's entry; None for a code of HubSpot's that is not listed, or one that a later version stored."""
    try:
        return Code(code)
    except ValueError:
        return None


def where_fixed(code: str, mode: str) -> Fix:
    """The place where users fix a failure as it was stored.

    The mode decides first, since it may depend on more than the code.
    """
    if mode == SYSTEM:
        return Fix.SERVER
    entry = known(code)
    if entry and entry.fix in (Fix.ACCESS, Fix.PORTAL, Fix.ORDER):
        return entry.fix
    if mode == TEMPORARY:
        return Fix.NOWHERE
    return entry.fix if entry and entry.fix is Fix.OPTIONS else Fix.MAPPING
