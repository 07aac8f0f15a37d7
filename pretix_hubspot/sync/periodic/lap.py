"""The lap: all orders of the server are compared once a day, a part of them in each round, by primary key.

It finds what left no entry, and entries that were committed hours late. How far a round goes is told by the time that
has passed, so that all orders have their turn whatever the crontab.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Max, Min
from django.utils.timezone import now
from pretix.base.models import Order

from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.connections.pausing import is_paused
from pretix_hubspot.models import Connection, EventConnection, Round
from pretix_hubspot.server.key_ranges import key_ranges
from pretix_hubspot.server.safeguard import run_isolated
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.queue import things
from pretix_hubspot.sync.queue.scope import in_scope
from pretix_hubspot.sync.run.forgetting import forget_leftovers

#: How long a lap takes.
LAP = timedelta(days=1)
#: Primary keys that are looked at together.
PART = 5_000
#: Seconds after which a round leaves the rest of its part to the next one.
TURN = 20.0
#: The orders of an event that ended so long ago are planned again in one lap of this many.
PAST, SELDOM = timedelta(days=30), 7


def go_on(state: Round, clock: Callable[[], float] = time.monotonic) -> None:
    """Compare the part of all orders that is due by now."""
    keys = Order.objects.aggregate(oldest=Min("pk"), newest=Max("pk"))
    oldest, newest = keys["oldest"] or 1, keys["newest"] or 0
    passed = min(1.0, (now() - state.lap_began) / LAP)
    target, until = oldest - 1 + int((newest - oldest + 1) * passed), clock() + TURN
    for first, last in key_ranges(Order.objects.filter(pk__gt=state.cursor, pk__lte=target), PART):
        if clock() >= until:
            return
        _compare(first, last, state.laps)
        state.cursor = last
        state.save(update_fields=["cursor"])
    if passed == 1.0:
        run_isolated(forget_leftovers)
        _begin_anew(state)


def _begin_anew(state: Round) -> None:
    state.lap_began = max(state.lap_began + LAP, now() - LAP)
    state.cursor, state.laps = 0, state.laps + 1
    state.save(update_fields=["lap_began", "cursor", "laps"])


def _compare(first: int, last: int, lap: int) -> None:
    """Compare orders with primary keys from ``first`` to ``last``, event by event."""
    orders: dict[int, list[int]] = defaultdict(list)
    found = in_scope(Order.objects.filter(pk__range=(first, last), event__hubspot_connection__isnull=False))
    for pk, event in found.order_by("pk").values_list("pk", "event"):
        orders[event].append(pk)
    rows = EventConnection.objects.filter(event__in=orders, connection__status=Connection.Status.ACTIVE)
    unread = set(sweep.unread([pk for some in orders.values() for pk in some]))
    for event_connection in rows.select_related("event__organizer", "connection"):
        if is_active(event_connection.event):
            its = [pk for pk in orders[event_connection.event_id] if pk in unread]
            run_isolated(_compare_event, event_connection, its, (first, last), lap)


def _compare_event(event_connection: EventConnection, unread: list[int], keys: tuple[int, int], lap: int) -> None:
    sweep.queue_unread(event_connection.event, unread)
    if not is_paused(event_connection) and _is_planned(event_connection, lap, now()):
        things.compare(event_connection, *keys)


def _is_planned(event_connection: EventConnection, lap: int, moment: datetime) -> bool:
    """Whether the event's orders are planned again in this lap; those of the past seldom are."""
    event = event_connection.event
    is_past = not event.has_subevents and (event.date_to or event.date_from) < moment - PAST
    return not is_past or (event.pk + lap) % SELDOM == 0
