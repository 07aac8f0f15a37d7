"""The reach of an error of HubSpot: one input, a whole call, an object type, or the portal. Pure."""

from pretix_hubspot.hubspot.errors import (
    AuthenticationFailed,
    BlockedByServer,
    CallRefused,
    Forbidden,
    HubSpotError,
    Migrating,
    MissingScope,
    OAuthError,
    RateLimited,
    UnexpectedStatus,
)

#: Seconds that a worker waits in the middle of its work, at most; for a longer wait, the portal rests.
LONGEST_PAUSE = 60.0


#: No order can be sent without these; a test holds them equal to the scopes of every connection.
NEEDED_BY_ALL = frozenset({"crm.objects.contacts.read", "crm.objects.contacts.write"})


#: The object types of orders; all other object types are left out of an order if HubSpot grants no access to them.
MAIN_TYPES = frozenset({"contacts", "companies", "deals"})


#: A property that cannot be written at all: halving would only show that every input has it.
DEFINITION_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})


def concerns_portal(error: HubSpotError) -> bool:
    """Whether every other call would fail in the same way, until time passes or a user acts."""
    if isinstance(error, RateLimited) and error.policy == "daily":
        return True
    if isinstance(error, MissingScope) and not NEEDED_BY_ALL.isdisjoint(error.required_scopes):
        return True
    if error.retryable and (error.retry_after or 0) > LONGEST_PAUSE:
        return True
    return isinstance(error, (AuthenticationFailed, OAuthError, Migrating, BlockedByServer))


def is_lack_of_access(error: object, object_type: str) -> bool:
    """Whether a setting in HubSpot forbids a side of the orders, while the rest of each can be sent."""
    return isinstance(error, (MissingScope, Forbidden)) and object_type not in MAIN_TYPES


def is_about_call(error: HubSpotError) -> bool:
    """Whether HubSpot refuses this kind of call, and no input of it; undocumented statuses do so."""
    if isinstance(error, UnexpectedStatus):
        return error.status is not None and not error.retryable
    return isinstance(error, CallRefused)


def concerns_type(error: HubSpotError) -> bool:
    """Whether every record of this object type would fail in the same way."""
    return isinstance(error, (MissingScope, Forbidden)) or is_about_call(error)


def concerns_all(error: HubSpotError) -> bool:
    """Whether every input of the same batch would fail in the same way alone."""
    return concerns_type(error) or bool(error.codes and error.codes <= DEFINITION_CODES)
