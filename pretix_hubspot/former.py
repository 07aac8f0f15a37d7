"""Leaving a connection and coming back to it: what the event had chosen, and what waited, is there again."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.dateparse import parse_datetime
from pretix.base.models import User

from .models import EventConnection, FormerConnection
from .sync import jobs
from .sync.triggers import Trigger

#: Moments among the columns that are kept; JSON holds them as text.
_MOMENTS = ("joined_at", "paused_since", "digest_sent_at")
_KEPT = (
    *_MOMENTS,
    "send_test_orders",
    "log_days",
    "log_values",
    "log_watermark",
    "paused_by_id",
    "digest",
    "digest_to",
)


def leave(joined: EventConnection) -> None:
    """Delete the event's connection and its queue, and remember both."""
    by_hand = jobs.waiting_by_hand(joined.event)
    FormerConnection.objects.update_or_create(
        event_id=joined.event_id,
        defaults={
            "connection_id": joined.connection_id,
            "joined": {name: _storable(getattr(joined, name)) for name in _KEPT},
            "waiting": jobs.forget(joined.event),
            "by_hand": by_hand,
        },
    )
    joined.delete()


def _storable(value):
    return value.isoformat() if isinstance(value, datetime) else value


def come_back(joined: EventConnection) -> bool:
    """Restore what the event had, if this is the connection that it left last; it forgets any other one."""
    former = FormerConnection.objects.filter(event_id=joined.event_id).first()
    if former is None:
        return False
    former.delete()
    if former.connection_id != joined.connection_id:
        return False
    for name in _KEPT:
        value = former.joined[name]
        setattr(joined, name, parse_datetime(value) if name in _MOMENTS and value else value)
    _forget_deleted_people(joined)
    waiting = _still_there(joined, former.waiting)
    jobs.enqueue(joined.event, _still_there(joined, former.by_hand), Trigger.SYNC_NOW)
    jobs.enqueue(joined.event, waiting, jobs.retry_of(len(waiting)))
    return True


def _forget_deleted_people(joined: EventConnection) -> None:
    if not User.objects.filter(pk=joined.paused_by_id).exists():
        joined.paused_by = None


def _still_there(joined: EventConnection, orders: Sequence[int]) -> list[int]:
    """Orders in test mode can be deleted, and nothing in JSON keeps them from it."""
    there = set(joined.event.orders.values_list("pk", flat=True)) if orders else set()
    return [pk for pk in orders if pk in there]
