"""The lifecycle of a connection: how events use it, its account at HubSpot, disconnecting.

Views check permissions; this module stores and logs.
"""

import json
import logging
from dataclasses import asdict

from django.db import transaction
from django.utils.timezone import now
from pretix.base.models import Event

from pretix_hubspot.models import Connection, EventConnection
from pretix_hubspot.server.patience import ASKED_FOR
from pretix_hubspot.server.scopes import missing_required

from . import grants, tokens
from .clients import client_for
from .tokens import PLUGIN

logger = logging.getLogger(__name__)


def is_active(event: Event) -> bool:
    """Whether the plugin is enabled for the event and for its organizer, as pretix requires of a hybrid plugin."""
    return PLUGIN in event.get_plugins() and PLUGIN in event.organizer.get_plugins()


def for_event(event: Event) -> EventConnection | None:
    """The event connection of ``event``, or ``None`` if the plugin is not enabled, or the event not joined or
    disconnected.

    A revoked or resting connection is returned: its orders are queued and wait.
    """
    if not is_active(event):
        return None
    rows = EventConnection.objects.select_related("connection").filter(event=event)
    event_connection = rows.exclude(connection__status=Connection.Status.DISCONNECTED).first()
    if event_connection:
        event_connection.event = event  # the caller's instance, which may know its settings already
    return event_connection


def missing_scopes(connection):
    """The required scopes that this connection was not granted."""
    return missing_required(connection.scopes)


def disconnect(connection, user):
    """Delete all access, for all events, and revoke it at HubSpot if possible.

    Record links, mappings and waiting orders stay, so that connecting the same portal again makes no duplicates.
    Returns whether HubSpot confirmed; the stored access is deleted in any case.
    """
    revoked = grants.revoke_stored(connection)
    with transaction.atomic():
        tokens.wipe(connection)
        connection.status = Connection.Status.DISCONNECTED
        connection.resting_until, connection.resting_reason = None, ""
        connection.save()
        tokens.log_everywhere(connection, "pretix_hubspot.connection.disconnected", user)
    return revoked


def refresh_account(connection):
    """Read the portal's account again: a region migration changes where links lead, and users change the time zone."""
    note_account(connection, client_for(connection, patience=ASKED_FOR).account())


def note_account(connection, account):
    """Store what HubSpot just answered about the portal's account; plans depend on some of it."""
    described = json.loads(json.dumps(asdict(account)))  # as the database answers it
    if connection.account != described:
        connection.account = described
        connection.save(update_fields=["account"])
        connection.event_connections.update(sweep_due=now())
