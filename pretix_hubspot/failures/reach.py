"""What an error of HubSpot is about: one input, a whole call, an object type, or the portal. Pure."""

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

#: Seconds that a worker waits in the middle of its work, at most; who asks for more is left alone until then.
LONGEST_PAUSE = 60.0


#: No order can do without these; a test holds them equal to what every connection is asked for.
NEEDED_BY_ALL = frozenset({"crm.objects.contacts.read", "crm.objects.contacts.write"})


#: What an order is about; of all other object types it is sent without, where HubSpot grants no access to them.
MAIN_TYPES = frozenset({"contacts", "companies", "deals"})


#: A property that cannot be written at all: halving would only find out that every input has it.
DEFINITION_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})


def concerns_portal(error: HubSpotError) -> bool:
    """Whether every other call would fail in the same way, until time passes or somebody acts."""
    if isinstance(error, RateLimited) and error.policy == "daily":
        return True
    if isinstance(error, MissingScope) and not NEEDED_BY_ALL.isdisjoint(error.required_scopes):
        return True
    if error.retryable and (error.retry_after or 0) > LONGEST_PAUSE:
        return True
    return isinstance(error, (AuthenticationFailed, OAuthError, Migrating, BlockedByServer))


def is_lack_of_access(error: object, object_type: str) -> bool:
    """Whether a setting in HubSpot is to blame for a side of the orders, and the rest of each can be sent."""
    return isinstance(error, (MissingScope, Forbidden)) and object_type not in MAIN_TYPES


def is_about_call(error: HubSpotError) -> bool:
    """Whether HubSpot refuses this kind of call, and no input of it; statuses that nobody documented do so."""
    if isinstance(error, UnexpectedStatus):
        return error.status is not None and not error.retryable
    return isinstance(error, CallRefused)


def concerns_type(error: HubSpotError) -> bool:
    """Whether every record of this object type would fail in the same way."""
    return isinstance(error, (MissingScope, Forbidden)) or is_about_call(error)


def concerns_all(error: HubSpotError) -> bool:
    """Whether every input of the same batch would fail in the same way alone."""
    return concerns_type(error) or bool(error.codes and error.codes <= DEFINITION_CODES)
