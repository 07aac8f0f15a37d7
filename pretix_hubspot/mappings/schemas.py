"""Find the object types of a slice that cannot be written, with the reason.

A problem of one object type must not stop an event that does not use it.
"""

from collections.abc import Iterable

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.failures.reach import concerns_portal, is_about_call, is_lack_of_access
from pretix_hubspot.hubspot.errors import HubSpotError, RateLimited


def unreadable(catalog: Catalog, object_types: Iterable[str]) -> dict[str, HubSpotError]:
    """Object types that HubSpot does not describe, or does not let pretix use, with the reason.

    Raises errors that concern the portal as a whole.
    """
    names = sorted(set(object_types))
    catalog.load(names)
    return {name: error for name in names if (error := _why_not(catalog, name))}


def _why_not(catalog: Catalog, object_type: str) -> HubSpotError | None:
    if error := catalog.lack_of_access(object_type):
        return error
    if catalog.is_stored(object_type):
        return None
    if error := catalog.failure(object_type):
        return error
    try:
        catalog.fetch(object_type)
    except HubSpotError as error:
        if _concerns_everybody(catalog, error):
            raise
        if is_lack_of_access(error, object_type):
            catalog.note_access({object_type: error})
        else:
            catalog.note_failure(object_type, error)
        return error
    return None


def _concerns_everybody(catalog: Catalog, error: HubSpotError) -> bool:
    """Whether the portal as a whole fails: then it does not answer other questions either."""
    if concerns_portal(error) or isinstance(error, RateLimited):
        return True
    if not error.retryable and not is_about_call(error):
        return False
    try:
        catalog.client.account()
    except HubSpotError:
        return True
    return False
