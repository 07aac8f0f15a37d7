"""Pause an event or a whole portal by a user's decision: orders are queued as always, and wait."""

from django.db import transaction
from django.dispatch import Signal
from django.utils.timezone import now

from pretix_hubspot.models import EventConnection
from pretix_hubspot.server.workers import call_worker

from .tokens import log_everywhere

#: An event goes on; ``sender`` is the event. The queue, some floors above, lets its orders wait for a worker again.
event_resumed = Signal()


def is_paused(event_connection: EventConnection) -> bool:
    """Whether a user paused the event, or the connection that it uses."""
    return bool(event_connection.paused_since or event_connection.connection.paused_since)


def pause_event(event_connection, user):
    """Send no more orders of this event; a slice on its way still arrives."""
    if _pause(event_connection, user):
        event_connection.event.log_action("pretix_hubspot.event.paused", user=user)


def resume_event(event_connection, user):
    """Send the waiting orders at once."""
    if _resume(event_connection):
        event_connection.event.log_action("pretix_hubspot.event.resumed", user=user)
        event_resumed.send(event_connection.event)
        call_worker(event_connection.connection_id)


def pause_connection(connection, user):
    """Send no more orders of all events of a connection."""
    with transaction.atomic():
        if _pause(connection, user):
            log_everywhere(connection, "pretix_hubspot.connection.paused", user)


def resume_connection(connection, user):
    """Resume the connection; events that were paused by themselves stay paused."""
    with transaction.atomic():
        if _resume(connection):
            log_everywhere(connection, "pretix_hubspot.connection.resumed", user)
            call_worker(connection.pk)


def _pause(row, user):
    """Pause and return True; a row that is paused already keeps its user and time, and the answer is False."""
    row.paused_since, row.paused_by = now(), user
    return type(row).objects.filter(pk=row.pk, paused_since=None).update(paused_since=now(), paused_by=user)


def _resume(row):
    row.paused_since, row.paused_by = None, None
    return type(row).objects.filter(pk=row.pk).exclude(paused_since=None).update(paused_since=None, paused_by=None)
