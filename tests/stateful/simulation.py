"""Everything that can happen to orders, mappings, workers and the portal, one method each; the model watches."""

import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import requests
from django.db.models import F, Prefetch, prefetch_related_objects
from django.test import TestCase
from django.utils.timezone import now
from pretix.base.models import LogEntry, Order, OrderPayment, OrderPosition, OrderRefund
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services import orders as services
from pretix.base.services.datasync import sync_all
from pretix.base.signals import order_changed, order_modified, order_placed

from hubspot_simulator import Problem, Property
from pretix_hubspot import tasks
from pretix_hubspot.connections import pausing
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.health.actions import ignore
from pretix_hubspot.health.numbers import classified
from pretix_hubspot.models import (
    CatalogEntry,
    Connection,
    EventConnection,
    KnownRecord,
    ObjectMapping,
    OrderState,
    WorkItem,
)
from pretix_hubspot.sync import sweep, worker
from pretix_hubspot.sync.queue import campaigns
from pretix_hubspot.sync.run import results
from pretix_hubspot.sync.run.memory import Memory
from tests.integration.sync.story import KEY, Story

from .model import KEYS, OTHER_KEY, STAGES, Model, Person, Portal, Wish

BLOCKED = "mallory@blocked.example"
NO_ADDRESS = "no address"
#: What an order's mappings read, by source field.
READ = {
    "invoice_address_name_given_name": lambda order, position: _name(order.invoice_address.name_parts, "given_name"),
    "invoice_address_name_family_name": lambda order, position: _name(order.invoice_address.name_parts, "family_name"),
    "attendee_name_given_name": lambda order, position: _name(position.attendee_name_parts, "given_name"),
    "attendee_name_family_name": lambda order, position: _name(position.attendee_name_parts, "family_name"),
    "event_order_code": lambda order, position: f"{order.event.slug.upper()}-{order.code}",
    "order_total": lambda order, position: str(order.total),
    "event_name": lambda order, position: str(order.event.name),
    "customer_name": lambda order, position: order.customer.name if order.customer else "",
    "order_comment": lambda order, position: order.comment,
    "refund_sum": lambda order, position: str(sum((refund.amount for refund in order.refunds.all()), Decimal(0))),
}


class Killed(BaseException):
    """The worker process is gone: nothing of ours gets to see it."""


class Simulation:
    """Two events of one organizer on one portal; time passes only when asked to."""

    def __init__(self, simulator) -> None:
        names = {"deals": (*KEYS, "pretix_refunded", "pretix_title"), "contacts": ("pretix_orders", "pretix_customer")}
        for kind, name in ((kind, name) for kind, own in names.items() for name in own):
            number = ("number", "number") if name == "pretix_refunded" else ("string", "text")
            group = "dealinformation" if kind == "deals" else "contactinformation"
            simulator.portal.schema.create(kind, Property(name, name, *number, group, unique=name in KEYS))
        self.simulator = simulator
        self.story = Story(simulator)
        self.key = simulator.service_key
        fair = self.story.add_event("fair")
        self.story.add_mappings(fair)
        self.story.join(fair)
        self.events = [self.story.event, fair]
        for event in self.events:
            self.map_row(event, "deals", "Order", "refund_sum", "pretix_refunded", "overwrite")
        self.customers = [
            self.story.organizer.customers.create(email=email, name_parts={"_scheme": "full", "full_name": "Ada"})
            for email in ("ada@example.org", "cem@example.org")
        ]
        self.model = Model()
        self.ignored: set[int] = set()
        self.asked: set[int] = set()
        self.remapped: set[int] = set()
        self.count = 0
        self.excuse = False  # whether an order may be failing until somebody retries
        self._running: list[Wish] = []  # wishes that workers now at work may have read

    # Looking

    def look(self) -> Portal:
        portal = self.simulator.portal
        contacts, deals = (
            {record.id: dict(record.properties) for record in portal.store(name)} for name in ("contacts", "deals")
        )
        links = {
            (deal, other)
            for deal in deals
            for (kind, other), _ in portal.associations.neighbours(("deals", deal))
            if kind == "contacts"
        }
        return Portal(contacts, deals, links)

    def orders(self) -> list[Order]:
        orders = Order.objects.filter(event__in=self.events).select_related(
            "event__organizer", "invoice_address", "customer"
        )
        return list(orders.order_by("pk"))

    def states(self) -> dict[int, str]:
        """Where pretix says that each order is, without the reason."""
        rows = classified(Order.objects.filter(event__in=self.events)).values_list("pk", "hubspot")
        return {pk: name.partition(":")[0] for pk, name in rows}

    def reasons(self, orders: Iterable[int]) -> set[str]:
        """Why these orders are failing, as pretix tells."""
        problems = OrderState.objects.filter(order__in=orders).values_list("problem", flat=True)
        return {problem["code"] for found in problems for problem in found or [{"code": "?"}]}

    def wishes(self) -> list[Wish]:
        """Of all orders that are to be sent."""
        joined = {j.event_id: j for j in EventConnection.objects.all()}
        mappings = {event.pk: list(ObjectMapping.objects.filter(event=event)) for event in self.events}
        orders = [order for order in self.orders() if self._in_scope(order, joined[order.event_id])]
        positions = Prefetch("all_positions", OrderPosition.all.order_by("positionid"))
        prefetch_related_objects(orders, "refunds", positions)
        return [self._wish(order, mappings[order.event_id]) for order in orders]

    def _in_scope(self, order: Order, joined: EventConnection) -> bool:
        if order.pk in self.ignored:
            return False
        return order.pk in self.asked or (not order.testmode and order.datetime >= joined.joined_at)

    def _wish(self, order: Order, mappings: list[ObjectMapping]) -> Wish:
        people, deal, if_known, detaches, identifier = [], (), False, False, KEY
        for mapping in mappings:
            detaches |= "detach" in mapping.options.values()
            yields = "same_address" in mapping.options
            if mapping.external_object_type == "deals":
                deal, if_known = self._deal(order, mapping), self._only_if_known(order, mapping)
                identifier = mapping.external_id_field
            elif mapping.pretix_model == "Order":
                people.append(Person((order.email or "").lower(), _rows(mapping, order, None), yields=yields))
            else:
                for position in order.all_positions.all():
                    rows = _rows(mapping, order, position)
                    people.append(Person((position.attendee_email or "").lower(), rows, position.canceled, yields))
        found = tuple(person for person in people if "@" in person.address)
        return Wish(order.pk, order.event_id, _key(order), deal, found, if_known, detaches, identifier)

    def _only_if_known(self, order: Order, mapping: ObjectMapping) -> bool:
        """Whether only paid orders get a deal, and this one is none, nor has a deal for sure."""
        only_paid = mapping.options.get("filters", {}).get("paid", False)
        return only_paid and order.status != Order.STATUS_PAID and order.pk not in self.model.orders

    def _deal(self, order: Order, mapping: ObjectMapping) -> tuple[tuple[str, str], ...]:
        rows = tuple((name, value) for name, _, value in _rows(mapping, order, None))
        if any(name == "amount" for name, _ in rows):
            rows += (("deal_currency_code", order.event.currency),)  # an amount never goes without its currency
        return (
            *rows,
            (mapping.external_id_field, _key(order)),
            ("pipeline", "default"),
            ("dealstage", STAGES[order.status]),
        )

    def may_fail(self, wish: Wish) -> bool:
        """Whether the order has an address that pretix or HubSpot refuses."""
        order = Order.objects.get(pk=wish.order)
        positions = OrderPosition.all.filter(order=order)
        addresses = {order.email, *positions.values_list("attendee_email", flat=True)}
        return NO_ADDRESS in addresses or (self.blocking and BLOCKED in addresses)

    # Orders

    def place(self, event, email, attendees, testmode=False, silently=False, old=False, customer=None):
        self.count += 1
        moment = now() - timedelta(days=400) if old else now()
        people = [(address, given, family) for address, given, family in attendees]
        order = self.story.order(
            f"A{self.count:03d}", email=email, attendees=people, event=event, queue=False, testmode=testmode,
            datetime=moment, customer=customer,
        )  # fmt: skip
        order.create_transactions(is_new=True)  # core looks after every commit whether somebody forgot
        order.log_action("pretix.event.order.placed")
        if not silently:
            order_placed.send(event, order=order)
        return order

    def change_buyer(self, order, email, given, family, silently):
        order.email = email
        order.save(update_fields=["email"])
        order.invoice_address.name_parts = {"_scheme": "given_family", "given_name": given, "family_name": family}
        order.invoice_address.save()
        self._tell(order, "pretix.event.order.contact.changed", silently)

    def change_attendee(self, order, number, email, given, family, silently):
        positions = list(order.positions.all())
        if positions:
            position = positions[number % len(positions)]
            position.attendee_email = email or None
            position.attendee_name_parts = {"_scheme": "given_family", "given_name": given, "family_name": family}
            position.save()
            self._tell(order, "pretix.event.order.modified", silently)

    def comment(self, order, text):
        order.comment = text
        order.save(update_fields=["comment"])
        self._tell(order, "pretix.event.order.comment", silently=True)

    def _tell(self, order, action, silently):
        order.log_action(action)
        if not silently:
            order_modified.send(order.event, order=order)

    def pay(self, order, amount):
        if order.status == Order.STATUS_PENDING:
            state = OrderPayment.PAYMENT_STATE_PENDING
            order.payments.create(provider="manual", amount=Decimal(amount), state=state).confirm(send_mail=False)

    def refund(self, order, amount):
        payment = order.payments.filter(state=OrderPayment.PAYMENT_STATE_CONFIRMED).first()
        if payment:
            state = OrderRefund.REFUND_STATE_CREATED
            order.refunds.create(provider="manual", amount=Decimal(amount), payment=payment, state=state).done()

    def cancel(self, order):
        if order.status in (Order.STATUS_PENDING, Order.STATUS_PAID):
            services._cancel_order(order, send_mail=False)

    def expire(self, order):
        if order.status == Order.STATUS_PENDING:
            services.mark_order_expired(order)

    def revive(self, order):
        if order.status == Order.STATUS_CANCELED:
            services.reactivate_order(order, force=True)
        elif order.status == Order.STATUS_EXPIRED:
            services.extend_order(order, now() + timedelta(days=20), force=True)

    def change_positions(self, order, what, number):
        """Cancel one, add one, another price, or split one off."""
        positions = list(order.positions.all())
        if not positions or order.status not in (Order.STATUS_PENDING, Order.STATUS_PAID):
            return
        position, change = positions[number % len(positions)], services.OrderChangeManager(order, notify=False)
        if what == "add":
            change.add_position(position.item, None, Decimal("100.00"))
        elif what == "price":
            change.change_price(position, Decimal(number))
        elif len(positions) > 1:
            (change.cancel if what == "cancel" else change.split)(position)
        else:
            return
        change.commit(check_quotas=False)

    def signal(self, order):
        order_changed.send(order.event, order=order)

    def sync_now(self, order):
        self.ignored.discard(order.pk)
        self.asked.add(order.pk)
        self.story.queue(order, "user")

    def ignore(self, order):
        joined = EventConnection.objects.select_related("event", "connection").get(event=order.event)
        if ignore(joined, order, None):
            self.ignored.add(order.pk)

    # What orders read, and no history of theirs tells

    def rename(self, event, name):
        event.name = name
        event.save()
        event.log_action("pretix.event.changed", data={"name": name})

    def rename_customer(self, customer, name):
        customer.name_parts = {"_scheme": "full", "full_name": name}
        customer.save()
        customer.log_action("pretix.customer.changed")

    # Mappings

    def map_row(self, event, object_type, source, field, name, mode):
        """One property row: added, changed, or (mode None) removed."""
        mapping = ObjectMapping.objects.get(event=event, external_object_type=object_type, pretix_model=source)
        rows = [row for row in mapping.property_mappings if row["external_field"] != name]
        if mode:
            rows.append({"pretix_field": field, "external_field": name, "overwrite": mode, "value_map": ""})
        mapping.property_mappings = rows
        self._save(mapping)

    def set_option(self, event, object_type, source, name, value):
        mapping = ObjectMapping.objects.get(event=event, external_object_type=object_type, pretix_model=source)
        mapping.options = {key: kept for key, kept in mapping.options.items() if key != name}
        if value:
            mapping.options[name] = value
        self._save(mapping)

    def change_identifier(self, event):
        """The other unique property holds the keys of this event's orders from now on."""
        mapping = ObjectMapping.objects.get(event=event, external_object_type="deals")
        mapping.external_id_field = KEY if mapping.external_id_field == OTHER_KEY else OTHER_KEY
        self._save(mapping)

    def _save(self, mapping):
        mapping.revision += 1
        mapping.save()
        mapping.event.log_action("pretix_hubspot.mapping.changed")
        if hasattr(self, "remapped"):
            self.remapped.add(mapping.event_id)

    def send_again(self, event):
        campaigns.start(event, None)
        campaigns.refill(event.hubspot_connection.connection)

    # People in HubSpot

    blocking = False

    def block(self, blocking):
        """The portal refuses a domain, or not any more."""
        self.excuse |= blocking
        self.blocking = blocking
        rules = [["EMAIL_BLOCKED_DOMAINS", ["blocked.example"]]] if blocking else []
        self.simulator.people.set_rules("contacts", "email", rules)

    def person(self, act: Callable, *touched: str) -> None:
        """Somebody does something to these records, if HubSpot lets them."""
        self._judge()
        try:
            result = act(self.simulator.people)
        except Problem:
            return
        merged_into = result["id"] if len(touched) == 2 else ""
        self.model.taken(self.look(), *touched, merged_into=merged_into)

    # Workers

    def working(self, work: Callable[[], object]) -> None:
        """Something of ours runs; the model judges what it did, by the wishes before and after."""
        before, self._running = self._running, [*self._running, *self.wishes()]
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                work()
        except Killed:
            pass
        self._judge()
        self._running = before

    def _judge(self) -> None:
        self.model.watch(self.look(), [*self._running, *self.wishes()])

    def drain(self):
        for connection in Connection.objects.filter(status=Connection.Status.ACTIVE):
            worker.work_through_queue(connection, seconds=30)

    def period(self):
        tasks.run_periodic.apply_async()

    def cores_run(self):
        sync_all()

    def release_stuck_rows(self):
        sweep.release_stuck_rows()

    # The portal and its connection

    def access(self, granted):
        tokens = self.simulator.auth.tokens
        if granted and self.key not in tokens:
            tokens[self.key] = self._token
        elif not granted and self.key in tokens:
            self._token = tokens.pop(self.key)

    def disconnect(self):
        connection = Connection.objects.get()
        if connection.status != Connection.Status.DISCONNECTED:
            disconnect(connection, None)
            self.excuse = True  # who asked for an order meanwhile is told

    def reconnect(self):
        if self.key in self.simulator.auth.tokens:
            faults, self.simulator.faults.scripted = self.simulator.faults.scripted, []
            connect_token(self.story.organizer, self.key, None)
            self.simulator.faults.scripted = faults

    def pause(self, event, paused):
        joined = EventConnection.objects.select_related("event", "connection").get(event=event)
        (pausing.pause_event if paused else pausing.resume_event)(joined, None)

    def pause_all(self, paused):
        (pausing.pause_connection if paused else pausing.resume_connection)(Connection.objects.get(), None)

    # Time

    def pass_time(self, delta):
        """Everything that is remembered is that much longer ago."""
        for model, names in AGING.items():
            objects = model.all if hasattr(model, "all") else model.objects
            objects.update(**{name: F(name) - delta for name in names})


AGING = {
    OrderSyncQueue: ("triggered", "not_before", "in_flight_since"),
    WorkItem: ("not_before",),
    Connection: ("resting_until", "connected_at", "catalog_refreshed_at"),
    EventConnection: ("joined_at",),
    CatalogEntry: ("fetched_at",),
    OrderState: ("sent_at", "failing_since"),
    KnownRecord: ("leased_until",),
    Order: ("datetime",),
    LogEntry: ("datetime",),
}


class Moments:
    """The points at which something may come between: around each request, and before its results are stored."""

    def __init__(self, monkeypatch) -> None:
        self._left: int | None = None
        self._act: Callable[[], object] = lambda: None
        send, store, show = requests.Session.send, Memory.store, results.store_results

        def sending(session, request, **options):
            self.now()
            answer = send(session, request, **options)
            self.now()
            return answer

        def before(function):
            def called(*args, **options):
                self.now()
                return function(*args, **options)

            return called

        monkeypatch.setattr(requests.Session, "send", sending)
        monkeypatch.setattr(Memory, "store", before(store))
        monkeypatch.setattr(results, "store_results", before(show))

    @contextmanager
    def interrupted(self, number: int, act: Callable[[], object]):
        """At this moment something else happens first."""
        self._left, self._act = number, act
        try:
            yield
        finally:
            self._left = None

    def now(self) -> None:
        if self._left is None or threading.current_thread() is not threading.main_thread():
            return
        self._left -= 1
        if self._left < 0:
            self._left = None
            self._act()


def _rows(mapping: ObjectMapping, order: Order, position: OrderPosition | None) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (row["external_field"], row["overwrite"], READ[row["pretix_field"]](order, position))
        for row in mapping.property_mappings
    )


def _key(order: Order) -> str:
    return f"ADA/{order.event.slug.upper()}/{order.code}"


def _name(parts: dict, name: str) -> str:
    return (parts or {}).get(name, "")
