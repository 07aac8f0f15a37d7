"""One round at a time, and the events that are due in it."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.timezone import now

from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.models import Connection, EventConnection, Round
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.config import lease_seconds
from pretix_hubspot.server.safeguard import run_isolated
from pretix_hubspot.sync import sweep

from . import news

#: After which time an event is looked at even if nothing seems to have happened to it.
IDLE = timedelta(days=7)
#: After which time an event is looked at again where that went wrong.
AGAIN = timedelta(hours=1)
#: Seconds after which a round leaves the events that are due to the next one.
TURN = 20.0
#: Events that are loaded together.
PART = 200


@contextmanager
def only_one() -> Iterator[Round | None]:
    """Give the row about rounds to the only round that is under way; None to any other.

    A round that died holds the next ones up for as long as an order waits for a dead worker.
    """
    row = Round.row()
    free = Round.objects.filter(Q(running_until=None) | Q(running_until__lte=now()), pk=row.pk)
    if not free.update(running_until=_until()):
        yield None
        return
    row.refresh_from_db()
    try:
        yield row
    finally:
        _ours(row).update(running_until=None)


def still_running(row: Round) -> None:
    """Tell other rounds that this one goes on, unless it was silent for so long that another one has begun."""
    ours, row.running_until = _ours(row), _until()
    ours.update(running_until=row.running_until)


def _ours(row: Round) -> QuerySet[Round]:
    return Round.objects.filter(pk=row.pk, running_until=row.running_until)


def _until() -> datetime:
    return now() + timedelta(seconds=lease_seconds())


def sweep_due(row: Round, clock: Callable[[], float] = time.monotonic) -> None:
    """Sweep the events with news, and then others that are due, longest due first, until the turn is over.

    What is left stays due, and is the next round's.
    """
    for part in chunks(sorted(news.mark(row)), PART):
        for event_connection in _open(part):
            _look_at(event_connection)
        still_running(row)
    until = clock() + TURN
    due = EventConnection.objects.filter(sweep_due__lte=now(), connection__status=Connection.Status.ACTIVE)
    others = due.order_by("sweep_due", "pk").values_list("pk", flat=True)
    for part in iter(lambda: list(others[:PART]), []):
        for event_connection in _open(part):
            if clock() >= until:
                return
            _look_at(event_connection)


def _open(pks: list[int]) -> QuerySet[EventConnection]:
    rows = EventConnection.objects.filter(pk__in=pks, connection__status=Connection.Status.ACTIVE)
    return rows.select_related("event__organizer", "connection").order_by("pk")


def _look_at(event_connection: EventConnection) -> None:
    """Sweep one event, if the plugin is enabled there; who enables it makes it news."""
    row, again = EventConnection.objects.filter(pk=event_connection.pk), now() + AGAIN
    row.update(sweep_due=again)  # whoever finds a reason meanwhile sets it anew
    if not is_active(event_connection.event) or run_isolated(sweep.run, event_connection):
        row.filter(sweep_due=again).update(sweep_due=now() + IDLE * random.uniform(0.5, 1.0))
