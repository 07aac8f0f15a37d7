"""Revoke OAuth grants at HubSpot before pretix forgets them."""

import logging

from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import ServerMisconfigured

from . import oauth_app, tokens

logger = logging.getLogger(__name__)


def revoke_stored(connection: Connection, instead: Secret | None = None) -> bool:
    """Revoke the grant of this connection, unless it is the same as the one that comes ``instead``.

    Returns whether HubSpot confirmed. A service key can only be deleted in HubSpot, by its users.
    """
    if connection.kind != Connection.Kind.OAUTH or not connection.refresh_token:
        return False
    try:
        granted = tokens.refresh_token(connection)
        return granted != instead and not _is_used(granted, connection.portal_id, connection.pk) and _revoke(granted)
    except ServerMisconfigured as error:
        logger.warning("Could not revoke the access of connection %s at HubSpot: %s", connection.pk, error)
        return False


def revoke_new(granted, portal_id: int | None = None) -> bool:
    """Revoke a grant that HubSpot just made and that is not stored. Returns whether HubSpot confirmed."""
    try:
        return not _is_used(granted.refresh_token, portal_id or granted.portal_id) and _revoke(granted.refresh_token)
    except ServerMisconfigured as error:
        logger.warning("Could not revoke access that was refused: %s", error)
        return False


def _revoke(granted: Secret) -> bool:
    try:
        oauth_app.revoke(granted)
    except HubSpotError as error:
        logger.warning("HubSpot did not confirm that access was revoked: %s", error)
        return False
    return True


def _is_used(granted: Secret, portal_id: int | None, but_by: int | None = None) -> bool:
    """Whether a connection of any organizer holds the same grant: HubSpot may repeat one (hubspot.md 2.2, U)."""
    stored = Connection.objects.exclude(refresh_token="").exclude(pk=but_by)  # nosec B106  # none is stored
    if portal_id:
        stored = stored.filter(portal_id=portal_id)
    return any(tokens.refresh_token(connection) == granted for connection in stored)
