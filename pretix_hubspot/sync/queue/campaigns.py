"""Campaigns: long work on an event's orders, a few of which wait in core's queue at any time, behind live orders.

A campaign is a row with a cursor that goes from new orders to old ones; starting one is a single statement. A worker
whose queue runs short fills it: in one transaction, the orders are queued and the cursor moves, so that a worker that
is killed leaves nothing lost and nothing doubled. Each statement reads a limited part of the orders, by primary key.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, Order, User
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.lifecycle import for_event, is_active
from pretix_hubspot.models import PROVIDER, Campaign, Connection
from pretix_hubspot.server.workers import call_worker

from . import order_queue
from .outdated_orders import orders_outdated, orders_sent
from .triggers import Trigger

LOG = "pretix_hubspot.resend."


@dataclass(frozen=True)
class Limits:
    """The limits of a worker's turn with a campaign.

    At most ``waiting`` of its orders are in core's queue; when half of them are done, others follow. A step covers
    ``width`` primary keys of orders, after one that found nothing twice as many, up to ``widest``.
    """

    waiting: int = 2_000
    width: int = 20_000
    widest: int = 320_000
    steps: int = 6


LIMITS = Limits()


@dataclass(frozen=True)
class Progress:
    """How far a campaign is. ``total`` may still grow, unless ``is_counted``."""

    campaign: Campaign
    done: int
    failed: int

    @property
    def total(self) -> int:
        """More orders than were counted may be outdated by now."""
        campaign = self.campaign
        return max(campaign.total, campaign.done + campaign.failed + len(campaign.waiting))

    @property
    def is_counted(self) -> bool:
        return not self.campaign.counted_to


def start(event: Event, user: User | None, everything: bool = False) -> bool:
    """Start sending the event's outdated orders again, or ``everything`` that was sent. Returns whether it was not
    running already.
    """
    with scopes_disabled():  # which would search the organizer's orders for the newest one
        newest = Order.objects.aggregate(newest=Max("pk"))["newest"] or 0
    chosen = {"orders": "all" if everything else "outdated"}
    try:
        with transaction.atomic():
            Campaign.objects.create(
                event=event, filter=chosen, cursor=newest + 1, counted_to=newest + 1, started_by=user
            )
            event.log_action(LOG + "started", user=user, data={"all": True} if everything else {})
    except IntegrityError:
        return False  # started already, and no second time
    _call_worker(event)
    return True


def current(event: Event) -> Campaign | None:
    """The event's campaign that has work left."""
    return Campaign.objects.filter(event=event, state__in=Campaign.OPEN).first()


def last(event: Event) -> Campaign | None:
    """The event's campaign that ended last."""
    return Campaign.objects.filter(event=event, state=Campaign.State.DONE).order_by("ended_at").last()


@transaction.atomic
def pause(event: Event, user: User | None) -> bool:
    """Take the campaign's orders out of the queue, except those that are on their way. Returns whether one ran."""
    campaign = _locked(event, (Campaign.State.RUNNING,))
    if campaign is None:
        return False
    _withdraw(campaign)
    campaign.state = Campaign.State.PAUSED
    campaign.save()
    event.log_action(LOG + "paused", user=user)
    return True


@transaction.atomic
def resume(event: Event, user: User | None) -> bool:
    """Go on where the pause began. Returns whether a campaign was paused."""
    campaign = _locked(event, (Campaign.State.PAUSED,))
    if campaign is None:
        return False
    campaign.state = Campaign.State.RUNNING
    campaign.save()
    event.log_action(LOG + "resumed", user=user)
    _call_worker(event)
    return True


@transaction.atomic
def cancel(event: Event, user: User | None, reason: str = "") -> bool:
    """End the campaign before it is done; what is on its way arrives. Returns whether there was one."""
    campaign = _locked(event, Campaign.OPEN)
    if campaign is None:
        return False
    _withdraw(campaign)
    data = {"reason": reason} if reason else {}
    if not campaign.counted_to:
        data |= {"orders": max(0, campaign.total - campaign.done - campaign.failed - len(campaign.waiting))}
    campaign.state, campaign.reason, campaign.ended_at = Campaign.State.CANCELED, reason, now()
    campaign.waiting, campaign.withdrawn = [], []
    campaign.save()
    event.log_action(LOG + "canceled", user=user, data=data)
    return True


def cancel_all(connection: Connection, user: User | None, reason: str) -> None:
    """End the campaigns of all events of a connection."""
    rows = Campaign.objects.filter(event__hubspot_connection__connection=connection, state__in=Campaign.OPEN)
    for campaign in rows.order_by("event").select_related("event"):
        cancel(campaign.event, user, reason)


def progress(campaign: Campaign) -> Progress:
    """How far the campaign is at this moment."""
    going, stopped = _rows_of(campaign.waiting)
    finished = len(campaign.waiting) - len(going) - len(stopped)
    return Progress(campaign, campaign.done + finished, campaign.failed + len(stopped))


def refill(connection: Connection, limits: Limits = LIMITS) -> bool:
    """Queue more orders of each running campaign whose orders in the queue run short. Returns whether it found some.

    It ends after a limited number of steps, and calls another worker if orders are left to be looked at.
    """
    running = Campaign.objects.filter(
        state=Campaign.State.RUNNING,
        event__hubspot_connection__connection=connection,
        event__hubspot_connection__paused_since=None,
    )
    with scopes_disabled():
        rows = running.order_by("pk").select_related("event__organizer")
        turns = [_Turn(campaign.pk, limits) for campaign in rows if is_active(campaign.event)]
        ended = [turn.refill() for turn in turns]
        if not all(ended):
            call_worker(connection.pk)
    return any(turn.has_queued for turn in turns)


class _Turn:
    """A worker's turn with one campaign: a limited number of steps, each in a transaction of its own."""

    def __init__(self, pk: int, limits: Limits) -> None:
        self._pk, self._limits = pk, limits
        self._filling = self._counting = limits.width
        self._is_short: bool | None = None
        self.has_queued = False

    def refill(self) -> bool:
        """Take steps until nothing is to be done for now. Returns whether that was reached."""
        return any(not self._step() for _ in range(self._limits.steps))

    def _step(self) -> bool:
        """Count and queue a part of the orders. Returns whether more is to be done at once.

        Another worker does nothing meanwhile: the lock ends when the orders are queued and the cursor has moved.
        """
        with transaction.atomic():
            rows = Campaign.objects.filter(pk=self._pk, state=Campaign.State.RUNNING).select_related("event")
            campaign = rows.select_for_update(skip_locked=True, of=("self",)).first()
            if campaign is None:
                return False
            if self._is_short is None:
                _settle(campaign)
                self._is_short = len(campaign.waiting) <= self._limits.waiting // 2
            self._count(campaign)
            self._fill(campaign)
            _end_if_done(campaign)
            campaign.save()
        return bool(campaign.counted_to or (self._room(campaign) and campaign.cursor))

    def _room(self, campaign: Campaign) -> int:
        return self._limits.waiting - len(campaign.waiting) if self._is_short else 0

    def _count(self, campaign: Campaign) -> None:
        """Count the next part of the orders, ahead of the cursor."""
        if campaign.counted_to:
            low = max(0, campaign.counted_to - self._counting)
            found = _chosen(campaign, low, campaign.counted_to).count()
            campaign.total, campaign.counted_to = campaign.total + found, low if found else _end_of_gap(low)
            self._counting = self._next_width(self._counting, found)

    def _fill(self, campaign: Campaign) -> None:
        """Queue what a pause took out of the queue, then the next orders that were counted."""
        if campaign.withdrawn:
            again = _chosen(campaign, min(campaign.withdrawn), max(campaign.withdrawn) + 1)
            self._queue(campaign, again.filter(pk__in=campaign.withdrawn))
            campaign.withdrawn = []
        room = self._room(campaign)
        if not room or campaign.cursor == campaign.counted_to:
            return
        low = max(campaign.counted_to, campaign.cursor - self._filling)
        found = self._queue(campaign, _chosen(campaign, low, campaign.cursor)[:room])
        campaign.cursor = (
            found[-1] if len(found) == room else low if found else max(_end_of_gap(low), campaign.counted_to)
        )
        self._filling = self._next_width(self._filling, len(found))

    def _queue(self, campaign: Campaign, orders: QuerySet[Order]) -> list[int]:
        found = list(orders.values_list("pk", flat=True))
        if found:
            order_queue.enqueue(campaign.event, found, Trigger.RESEND)
            campaign.waiting += found
            self.has_queued = True
        return found

    def _next_width(self, width: int, found: int) -> int:
        """A wider part after one without any order: other events' orders lie between."""
        return self._limits.width if found else min(2 * width, self._limits.widest)


def _chosen(campaign: Campaign, low: int, high: int) -> QuerySet[Order]:
    """The campaign's orders in a range of primary keys, the newest first."""
    orders_of = orders_sent if campaign.filter["orders"] == "all" else orders_outdated
    return orders_of(campaign.event, low, high).order_by("-pk")


def _end_of_gap(key: int) -> int:
    """This primary key, or a lower one if there are no orders in between: a gap may be of any width."""
    with scopes_disabled():
        newest = Order.objects.filter(pk__lt=key).aggregate(newest=Max("pk"))["newest"]
    return 0 if newest is None else newest + 1


def _settle(campaign: Campaign) -> None:
    """Count the orders that have left the queue; one that waits for a user has failed."""
    going, stopped = _rows_of(campaign.waiting)
    campaign.done += len(campaign.waiting) - len(going) - len(stopped)
    campaign.failed += len(stopped)
    campaign.waiting = [pk for pk in campaign.waiting if pk in going]


def _end_if_done(campaign: Campaign) -> None:
    if campaign.cursor or campaign.withdrawn:
        return
    campaign.total = campaign.done + campaign.failed + len(campaign.waiting)  # others were sent meanwhile
    if not campaign.waiting:
        campaign.state, campaign.ended_at = Campaign.State.DONE, now()
        campaign.event.log_action(LOG + "finished", data={"orders": campaign.done, "failed": campaign.failed})


def _withdraw(campaign: Campaign) -> None:
    """Take the orders out of the queue that no worker has tried to send."""
    _settle(campaign)
    taken = order_queue.take_back(campaign.waiting, Trigger.RESEND)
    campaign.withdrawn += [pk for pk in campaign.waiting if pk in taken]
    campaign.waiting = [pk for pk in campaign.waiting if pk not in taken]


def _rows_of(orders: Iterable[int]) -> tuple[set[int], set[int]]:
    """The orders that wait or are being sent, and those that wait for a user."""
    rows = OrderSyncQueue.objects.filter(order_id__in=list(orders), sync_provider=PROVIDER)
    found = list(rows.values_list("order_id", "need_manual_retry"))
    going = {order for order, mode in found if mode is None}
    return going, {order for order, _ in found} - going


def _locked(event: Event, states: Iterable[str]) -> Campaign | None:
    rows = Campaign.objects.filter(event=event, state__in=list(states))
    return rows.select_for_update(of=("self",)).first()


def _call_worker(event: Event) -> None:
    if event_connection := for_event(event):
        call_worker(event_connection.connection_id)
