"""An organizer of years: one event with hundreds of thousands of orders, and thousands of events where nothing happens.

One event and one order were really made and sent; the database copies them, as in ``benchmarks.fill``. The orders of
the large event have the primary keys behind ``FIRST``, those of the others come next.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.db.models import F
from pretix.base.models import Event, LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import EventConnection, ObjectMapping, OrderState
from pretix_hubspot.sync import sweep

from .fill import FIRST, NOISE, begin_behind, copy, without_indexes
from .place import Portal
from .scenarios import drain
from .shop import Shop, settle
from .sizes import Sizes

#: Orders of each event where nothing happens, and log entries of every order.
ORDERS, ENTRIES = 10, 4
_LONG_AGO = "datetime - interval '1 day' - n * interval '10 seconds'"


@dataclass
class Big:
    """The shop, whose ``event`` is the large one; ``orders`` is how many were copied so far."""

    shop: Shop
    order: Order
    orders: int = 0

    @property
    def event(self) -> Event:
        return self.shop.event

    @property
    def idle_event(self) -> Event:
        return Event.objects.exclude(pk=self.event.pk).order_by("pk")[0]

    def copy_orders(self, number: int, event: str, logged: bool = True) -> None:
        """More orders that were sent, of the event with this primary key, as SQL of ``n``."""
        first = self.orders
        self.orders += number
        texts = {name: f"'{name}' || {first} + n" for name in ("code", "secret")}
        copy(Order, self.order.pk, number, first, {**texts, "event_id": event, "datetime": _LONG_AGO})
        order = {"order_id": f"{FIRST} + {first} + n", "sent_hash": NOISE.format("'state'")}
        state = OrderState.objects.get(order=self.order)
        copy(OrderState, state.pk, number, first, {**order, "log_count": str(ENTRIES if logged else 0)})
        if logged:
            self._copy_history(number, first, event)

    def _copy_history(self, number: int, first: int, event: str) -> None:
        kind = ContentType.objects.get_for_model(Order)
        entries = LogEntry.objects.filter(content_type=kind, object_id=self.order.pk)
        turns = list(entries.filter(action_type__startswith="pretix.event.order.p").order_by("pk")) * (ENTRIES // 2)
        for turn, entry in enumerate(turns):
            of_order = {"object_id": f"{FIRST} + {first} + n", "event_id": event, "datetime": _LONG_AGO}
            copy(LogEntry, entry.pk, number, first * ENTRIES + turn * number, of_order)

    def change_mapping(self) -> None:
        """The organizer changed what is sent, so that every order is outdated."""
        self.event.hubspot_object_mappings.all()[0].log_action("pretix_hubspot.mapping.changed", data={})

    def queue(self, number: int) -> None:
        """So many live orders wait, as core's signals queue them; the rest of the queue is forgotten."""
        OrderSyncQueue.objects.all().delete()
        self.shop.queue([self.order])
        row = OrderSyncQueue.objects.get()
        copy(OrderSyncQueue, row.pk, number - 1, 0, {"order_id": f"{FIRST} + n"})
        settle()


def big(portal: Portal, sizes: Sizes) -> Big:
    """The shop at its size, in half a minute; each event has a mapping."""
    shop = Shop(portal)
    begin_behind(Event, EventConnection, ObjectMapping, Order, OrderState, LogEntry, OrderSyncQueue)
    [order] = shop.backlog(1)
    drain(shop, portal, 1)
    sweep.run(EventConnection.objects.get(event=shop.event))  # what a first look learns, copies know as well
    LogEntry.all.update(datetime=F("datetime") - timedelta(days=1))  # else all that is copied happened just now
    EventConnection.objects.update(joined_at=F("joined_at") - timedelta(days=3_650))  # before all orders
    with database.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    _copy_events(shop, sizes.idle_events)
    made = Big(shop, order)
    with without_indexes(LogEntry), without_indexes(OrderState):
        made.copy_orders(sizes.big_event, str(shop.event.pk))
        made.copy_orders(sizes.idle_events * ORDERS, f"{FIRST} + 1 + (n - 1) / {ORDERS}")
    settle()
    return made


def _copy_events(shop: Shop, number: int) -> None:
    copy(Event, shop.event.pk, number, 0, {"slug": "'idle' || n"})
    event = {"event_id": f"{FIRST} + n"}
    # One after the other is due to be looked at, as events are that were connected over the years.
    due = {"sweep_due": "now() + n * interval '1 minute'"}
    copy(EventConnection, shop.event.hubspot_connection.pk, number, 0, event | due)
    deal = shop.event.hubspot_object_mappings.get(external_object_type="deals")
    copy(ObjectMapping, deal.pk, number, 0, {**event, "association_mappings": "'[]'::jsonb"})
    settle()
