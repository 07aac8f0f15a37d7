"""Events join a connection and leave it; when an event returns to it, its options and waiting orders are restored."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from pretix.base.models import Event, LogEntry, User

from pretix_hubspot.models import Connection, EventConnection, FormerConnection, OrderState
from pretix_hubspot.server import workers
from pretix_hubspot.sync.queue import campaigns, order_queue, schedule
from pretix_hubspot.sync.queue.triggers import Trigger

#: The log entry of a user's decision to use HubSpot no longer.
LEFT = "pretix_hubspot.event.left"
#: Moments among the columns that are kept; JSON holds them as text.
_MOMENTS = ("joined_at", "paused_since", "digest_sent_at")
_KEPT = (
    *_MOMENTS,
    "send_test_orders",
    "log_days",
    "log_values",
    "log_watermark",
    "things_watermark",
    "things",
    "source_changes",
    "paused_by_id",
    "digest",
    "digest_to",
)


def join(event: Event, connection: Connection, user: User | None) -> EventConnection:
    """Let ``event`` use ``connection``: its orders count from now on, unless it used this connection already.

    If this is the connection that the event left last, it goes on as if it had never left.
    Orders that waited for another portal, were on their way there, or were sent there by *Sync now*, are not queued.
    Orders that users sent to this one, and could not send to another one in the meantime, are tried again.
    """
    if connection.organizer_id != event.organizer_id:
        raise ValueError("a connection is for events of its own organizer")
    with transaction.atomic():
        event_connection = EventConnection.objects.select_for_update().filter(event=event).first()
        if event_connection and event_connection.connection_id == connection.pk:
            return event_connection
        if event_connection:
            campaigns.cancel(event, user, "moved")
            order_queue.forget(event)
        states = OrderState.objects.filter(order__event=event)
        states.exclude(portal_id=connection.portal_id).filter(by_hand=True).update(by_hand=False)
        event_connection = event_connection or EventConnection(event=event)
        event_connection.connection, event_connection.joined_at = connection, now()
        event_connection.none_before, event_connection.sweep_due = None, now()
        event_connection.log_watermark = LogEntry.all.aggregate(newest=Max("pk"))["newest"] or 0
        event_connection.things_watermark, event_connection.things = event_connection.log_watermark, {}
        came_back = _restore(event_connection)
        event_connection.save()
        if came_back:
            schedule.restore(event)  # no item was made before the event had a connection
        else:
            _keep_in_scope(states, connection)
        _retry_sent_by_hand(event, connection)
        event.log_action("pretix_hubspot.event.joined", user=user, data={"portal": connection.portal_id})
    return event_connection


def _keep_in_scope(states: QuerySet[OrderState], connection: Connection) -> None:
    """Bring orders into scope that this portal holds, although the event used another one for a while."""
    known = states.filter(portal_id=connection.portal_id, by_hand=False, excluded_reason="")
    known.exclude(sent_hash="").exclude(order__testmode=True).update(by_hand=True)


def _retry_sent_by_hand(event: Event, connection: Connection) -> None:
    """Queue the orders that are in scope because users sent them to this portal."""
    failing = OrderState.objects.filter(order__event=event, by_hand=True, excluded_reason="").exclude(cause="")
    if orders := list(failing.filter(portal_id=connection.portal_id).values_list("order_id", flat=True)):
        order_queue.retry(event, orders)
        workers.call_worker(connection.pk)


def leave(event: Event, user: User | None) -> None:
    """Stop using a connection in ``event``. Mappings and record links stay.

    Orders that wait or are on their way are not sent any more, unless the event comes back to this connection.
    """
    with transaction.atomic():
        event_connection = EventConnection.objects.select_related("connection").filter(event=event).first()
        if event_connection:
            campaigns.cancel(event, user, "left")
            _store_former(event_connection)
            data = {"portal": event_connection.connection.portal_id}
            event.log_action(LEFT, user=user, data=data)


def _store_former(event_connection: EventConnection) -> None:
    """Delete the event's connection and its queue, and keep both as its former connection."""
    by_hand = order_queue.waiting_by_hand(event_connection.event)
    FormerConnection.objects.update_or_create(
        event_id=event_connection.event_id,
        defaults={
            "connection_id": event_connection.connection_id,
            "joined": {name: _storable(getattr(event_connection, name)) for name in _KEPT},
            "waiting": order_queue.forget(event_connection.event),
            "by_hand": by_hand,
        },
    )
    event_connection.delete()


def _storable(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _restore(event_connection: EventConnection) -> bool:
    """Restore the event's options and queue, if this is the connection that it left last; delete any other former
    one.
    """
    former = FormerConnection.objects.filter(event_id=event_connection.event_id).first()
    if former is None:
        return False
    former.delete()
    if former.connection_id != event_connection.connection_id:
        return False
    for name in former.joined:
        value = former.joined[name]
        setattr(event_connection, name, parse_datetime(value) if name in _MOMENTS and value else value)
    _clear_deleted_user(event_connection)
    waiting = _existing(event_connection, former.waiting)
    order_queue.enqueue(event_connection.event, _existing(event_connection, former.by_hand), Trigger.SYNC_NOW)
    order_queue.enqueue(event_connection.event, waiting, order_queue.retry_of(len(waiting)))
    return True


def _clear_deleted_user(event_connection: EventConnection) -> None:
    if not User.objects.filter(pk=event_connection.paused_by_id).exists():
        event_connection.paused_by = None


def _existing(event_connection: EventConnection, orders: Sequence[int]) -> list[int]:
    """The orders that still exist: test orders can be deleted, and the stored list does not prevent that."""
    there = set(event_connection.event.orders.values_list("pk", flat=True)) if orders else set()
    return [pk for pk in orders if pk in there]
