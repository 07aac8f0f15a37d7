"""Tokens of a connection: encrypted at rest, refreshed ahead of expiry, by one worker at a time.

All code that needs an access token asks this module; no other module reads or writes the encrypted columns.
"""

import json
import logging
import threading
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.db import transaction
from django.utils.timezone import now
from pretix.base.models import Event, LogEntry

from pretix_hubspot.hubspot.errors import TokenRevoked
from pretix_hubspot.models import Connection
from pretix_hubspot.server import crypto, workers

from . import oauth_app

logger = logging.getLogger(__name__)

PLUGIN = "pretix_hubspot"
EARLY = timedelta(minutes=5)  # HubSpot: refresh from expires_in ahead of time, not after a 401
LOCKED_ROW_FIELDS = ("access_token", "refresh_token", "expires_at", "refreshed_at", "scopes")

# Without row locks (SQLite) parallel threads of one process still refresh once; two processes get two good tokens.
# Without a transaction then: it would lock out all writers while HubSpot is asked.
_in_this_process = threading.Lock()


def store_granted(connection, tokens):
    """Put the tokens of the token endpoint into ``connection``, which the caller saves."""
    connection.access_token = crypto.encrypt(tokens.access_token)
    if tokens.refresh_token:
        connection.refresh_token = crypto.encrypt(tokens.refresh_token)
    connection.refreshed_at = now()
    connection.expires_at = connection.refreshed_at + timedelta(seconds=tokens.expires_in)
    if tokens.scopes:
        connection.scopes = sorted(tokens.scopes)


def store_static(connection, token):
    """Put a service key or private app token into ``connection``, which the caller saves."""
    connection.access_token = crypto.encrypt(token)
    connection.refresh_token = ""
    connection.expires_at = None
    connection.refreshed_at = now()


def wipe(connection):
    """Delete all tokens of ``connection``, which the caller saves."""
    connection.access_token = connection.refresh_token = ""
    connection.expires_at = None


def access_token(connection):
    """A token that is valid for the next minutes. Raises ``TokenRevoked``, or the error of the token endpoint."""
    if connection.status == Connection.Status.ACTIVE and _is_good(connection):
        return crypto.decrypt(connection.access_token)
    return _from_locked_row(connection)


def refresh_token(connection):
    """The refresh token, to be revoked."""
    return crypto.decrypt(connection.refresh_token)


def better_token(connection, bad):
    """Return a token other than ``bad``, refreshed if needed. Raises ``TokenRevoked`` if the connection has none.

    A static token is returned once more as it is: HubSpot refuses good ones now and then, and only a second call shows
    it.
    """
    return _from_locked_row(connection, bad)


def is_in_use(connection):
    """Whether the connection is still connected and the plugin still enabled since ``connection`` was loaded."""
    stored = Connection.objects.filter(pk=connection.pk).exclude(status=Connection.Status.DISCONNECTED)
    plugins = stored.values_list("organizer__plugins", flat=True).first()
    return PLUGIN in (plugins or "").split(",")


def not_active():
    return TokenRevoked("This connection is not active", operation="token read")


def _from_locked_row(connection, bad=None):
    """The stored token if it is valid by now, otherwise a refreshed one. Updates ``connection`` from its row."""
    if not is_in_use(connection):
        raise not_active()
    try:
        with _one_at_a_time():
            row = Connection.objects.select_for_update().filter(pk=connection.pk).first()
            token = _current_or_refreshed(row, bad)
    except TokenRevoked as refusal:
        mark_revoked(connection, refusal)
        raise
    for name in LOCKED_ROW_FIELDS:
        setattr(connection, name, getattr(row, name))
    return token


def _one_at_a_time():
    return transaction.atomic() if database.features.has_select_for_update else _in_this_process


def _current_or_refreshed(row, bad):
    if row is None or row.status != Connection.Status.ACTIVE:
        raise not_active()
    stored = crypto.decrypt(row.access_token)
    if _is_good(row) and (stored != bad or row.kind == Connection.Kind.TOKEN):
        return stored
    if row.kind == Connection.Kind.TOKEN:
        raise TokenRevoked("This connection has no token", operation="token read")
    store_granted(row, oauth_app.refresh(crypto.decrypt(row.refresh_token)))
    row.save(update_fields=LOCKED_ROW_FIELDS)
    logger.info("Refreshed the access token of connection %s", row.pk)
    return crypto.decrypt(row.access_token)


def _is_good(connection):
    if not connection.access_token:
        return False
    if connection.expires_at is None:
        return True
    lifetime = connection.expires_at - (connection.refreshed_at or connection.expires_at)
    return connection.expires_at - now() > min(EARLY, lifetime / 2)  # a short-lived token is used for half of its life


def mark_revoked(connection: Connection, error: Exception) -> None:
    """Mark the connection as revoked, and log it once per event and for the organizer. The portal's orders wait.

    A connection that was renewed since ``connection`` was loaded is left alone.
    """
    with transaction.atomic():
        changed = Connection.objects.filter(
            pk=connection.pk, status=Connection.Status.ACTIVE, connected_at=connection.connected_at
        ).update(status=Connection.Status.REVOKED)
        if changed:
            connection.status = Connection.Status.REVOKED
            log_everywhere(connection, "pretix_hubspot.connection.revoked")
            logger.warning("Connection %s is no longer accepted by HubSpot: %s", connection.pk, error)


def log_everywhere(connection, action, user=None):
    """Log for the organizer, and for each event: core's notifications need an entry with an event."""
    connection.log_action(action, user=user, data={"portal": connection.portal_id})
    log_events(connection, action, user)


def log_events(connection, action, user=None):
    """Log for each event that uses the connection, in bulk; each user is notified once for all events."""
    # Through our own relation: a manager of core would want a scope.
    event_connections = connection.event_connections.select_related("event").order_by("event_id")
    events = [event_connection.event for event_connection in event_connections]
    kind, data = ContentType.objects.get_for_model(Event), {"portal": connection.portal_id, "events": len(events)}
    entries = [
        LogEntry(
            content_type=kind,
            object_id=event.pk,
            event=event,
            organizer_id=event.organizer_id,
            user=user,
            action_type=action,
            data=json.dumps(data),
        )
        for event in events
    ]
    LogEntry.objects.bulk_create(entries, batch_size=1_000)
    if entries and entries[0].notification_type:
        workers.notify([entry.pk for entry in entries])
