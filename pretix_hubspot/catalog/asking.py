"""What HubSpot is asked about a portal's schema, and what its refusals mean there."""

import logging
from collections.abc import Sequence

from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import ObjectType, Option, Pipeline
from pretix_hubspot.models import Connection
from pretix_hubspot.server.scopes import OWNERS_SCOPE
from pretix_hubspot.values import owners

from .object_types import CUSTOM_SCOPES, STANDARD, standard

logger = logging.getLogger(__name__)


def owners_of(connection: Connection, client: Client) -> tuple[Option, ...] | None:
    """The portal's owners as options; None if HubSpot does not tell them."""
    if connection.scopes and OWNERS_SCOPE not in connection.scopes:
        return None
    try:
        return owners.options([*client.owners(), *client.owners(archived=True)])
    except errors.HubSpotError as error:
        logger.info("HubSpot did not tell the owners of connection %s: %s", connection.pk, error)
        return None


def pipelines(client: Client, object_type: str) -> list[Pipeline]:
    """The pipelines of types that can have any: HubSpot counts refused requests against an app (hubspot.md 3, A)."""
    if object_type in STANDARD and STANDARD[object_type].stage_properties is None:
        return []
    try:
        return client.pipelines(object_type)
    except (errors.InvalidInput, errors.NotFound, errors.Forbidden, errors.MissingScope):
        return []  # HubSpot's answers for a custom type without pipelines


def usable_types(client: Client, scopes: Sequence[str]) -> tuple[list[ObjectType], list[dict]]:
    """The object types of the portal, and those that cannot be used with the reason."""
    have, left_out = [], []
    switched = _enablement(client)
    for name, entry in STANDARD.items():
        if not entry.granted(scopes):
            left_out.append({"name": name, "reason": "scope", "scopes": sorted(min(entry.scopes, key=len))})
        elif not switched.get(entry.type_id, True):
            left_out.append({"name": name, "reason": "disabled", "scopes": []})
        else:
            have.append(standard(name))
    try:
        have += sorted(client.schemas(), key=lambda custom: custom.plural.lower())
    except (errors.MissingScope, errors.Forbidden):
        # Below Enterprise a portal has no custom objects, and its users cannot grant the scope.
        left_out.append({"name": "custom", "reason": "scope", "scopes": sorted(CUSTOM_SCOPES)})
    except (errors.NotFound, errors.InvalidInput, errors.PaymentRequired, errors.CallRefused):
        pass  # HubSpot's other answers for an account without custom objects
    return have, left_out


def _enablement(client: Client) -> dict[str, bool]:
    """Object type id -> whether it is switched on, from the object library; {} if HubSpot refuses.

    The types of an empty answer count as switched on, so an answer in an unknown form stops no order.
    """
    try:
        return client.object_enablement()
    except (errors.MissingScope, errors.Forbidden, errors.NotFound, errors.InvalidInput):
        return {}
    except (errors.UnexpectedStatus, errors.CallRefused, errors.EdgePage, errors.BadAnswer) as error:
        logger.info("HubSpot did not tell which object types are switched on: %s", error)
        return {}
