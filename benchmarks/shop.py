"""The shop that is measured: a buyer and two attendees per order, all addresses different, a deal each.

Orders are seeded in bulk and look as the shop would have left them; ``expected`` says what the portal must hold then.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.db.models import Model
from django.utils.crypto import get_random_string
from django.utils.timezone import now
from pretix.base.models import Event, InvoiceAddress, LogEntry, Order, OrderPosition, Organizer, SubEvent
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.models import PROVIDER, ObjectMapping, OrderState
from pretix_hubspot.sync.joining import join
from pretix_hubspot.sync.queue import schedule

from .place import Portal

KEY = "pretix_order_key"
COMPANY_KEY = "pretix_company"
WORLD = {"contacts": ["email", "firstname", "lastname"], "deals": [KEY, "dealname", "amount", "dealstage"]}
BUYER = (
    ("invoice_address_name_given_name", "firstname", "if_empty"),
    ("invoice_address_name_family_name", "lastname", "if_empty"),
)
ATTENDEE = (
    ("attendee_name_given_name", "firstname", "if_empty"),
    ("attendee_name_family_name", "lastname", "if_empty"),
)
DEAL = (("event_order_code", "dealname", "overwrite"), ("order_total", "amount", "overwrite"))
COMPANY = (("organizer_name", "name", "overwrite"),)
DATE_NAME = "pretix_date"
TABLES = ("pretixbase_organizer", "pretixbase_order", "pretixbase_logentry", "pretix_hubspot_knownrecord")
_numbers = count(1)


class Shop:
    """One organizer connected to the portal, with any number of events; the tables hold nobody else.

    ``guests`` is the number of tickets of each order, all for different people.
    """

    def __init__(self, portal: Portal, guests: int = 2) -> None:
        self.portal, self.guests = portal, guests
        with database.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        number = next(_numbers)
        self.organizer = Organizer.objects.create(name="Bench", slug=f"bench{number}", plugins="pretix_hubspot")
        self.channel = self.organizer.sales_channels.get_or_create(
            identifier="web", defaults={"type": "web", "label": "Web"}
        )[0]
        self.connection = connect_token(self.organizer, portal.key, None)
        definition = {"name": KEY, "label": "pretix order key", "type": "string", "fieldType": "text"}
        catalog = Catalog(self.connection)
        catalog.ensure({"contacts", "deals"})
        catalog.create_property("deals", {**definition, "groupName": "dealinformation", "hasUniqueValue": True})
        self.events: list[Event] = []
        self.event = self.add_event()
        portal.forget_requests()

    def add_event(self) -> Event:
        event = Event.objects.create(
            organizer=self.organizer,
            name="Concert",
            slug=f"concert{len(self.events)}",
            currency="EUR",
            live=True,
            plugins="pretix_hubspot",
            date_from=datetime(2027, 6, 4, tzinfo=UTC),
        )
        event.settings.name_scheme = "given_family"
        event.settings.timezone = "Europe/Berlin"
        event.ticket = event.items.create(name="Ticket", default_price=Decimal("50"), admission=True)
        join(event, self.connection, None)
        self._add_mappings(event)
        self.events.append(event)
        return event

    def _add_mappings(self, event: Event) -> None:
        buyer = self._add_mapping(event, "Order", "contacts", ("email", "email"), BUYER)
        attendee = self._add_mapping(event, "OrderPosition", "contacts", ("attendee_email", "email"), ATTENDEE)
        deal = self._add_mapping(event, "Order", "deals", ("order_key", KEY), DEAL)
        deal.association_mappings = [{"mapping": buyer.pk}, {"mapping": attendee.pk}]
        deal.pipeline = {"pipeline": "default", "stages": {"n": "appointmentscheduled", "p": "closedwon"}}
        deal.save()

    def share_company(self) -> None:
        """Instead of attendees, each order has a company, the same for all; the deal is associated with it as well."""
        catalog = Catalog(self.connection)
        catalog.ensure({"companies"})
        definition = {"name": COMPANY_KEY, "label": "pretix company", "type": "string", "fieldType": "text"}
        catalog.create_property("companies", {**definition, "groupName": "companyinformation", "hasUniqueValue": True})
        buyer, attendee, deal = self.event.hubspot_object_mappings.order_by("position")
        attendee.delete()
        company = self._add_mapping(self.event, "Order", "companies", ("organizer_slug", COMPANY_KEY), COMPANY)
        company.position, deal.position = deal.position, company.position
        deal.association_mappings = [{"mapping": buyer.pk}, {"mapping": company.pk}]
        company.save()
        deal.save()
        self.portal.forget_requests()

    def share_dates(self, event: Event) -> list[SubEvent]:
        """Two dates of the event, which is a series from now on."""
        event.has_subevents = True
        event.save()
        start = datetime(2027, 6, 4, tzinfo=UTC)
        return [event.subevents.create(name=f"Date {n}", active=True, date_from=start) for n in range(2)]

    def send_dates(self, event: Event) -> None:
        """The attendees of this event's orders get a property with the name of their date."""
        definition = {"name": DATE_NAME, "label": "pretix date", "type": "string", "fieldType": "text"}
        Catalog(self.connection).create_property("contacts", {**definition, "groupName": "contactinformation"})
        attendee = event.hubspot_object_mappings.get(pretix_model="OrderPosition")
        attendee.property_mappings += _rows((("subevent_name", DATE_NAME, "overwrite"),))
        attendee.save()
        self.portal.forget_requests()

    @staticmethod
    def _add_mapping(event, source, object_type, identifier, rows) -> ObjectMapping:
        return ObjectMapping.objects.create(
            event=event,
            position=event.hubspot_object_mappings.count(),
            pretix_model=source,
            external_object_type=object_type,
            pretix_id_field=identifier[0],
            external_id_field=identifier[1],
            property_mappings=_rows(rows),
        )

    def sell(self, number: int, event: Event | None = None, date: SubEvent | None = None) -> list[Order]:
        """New paid orders with everything that belongs to them, not queued yet."""
        event, orders = event or self.event, []
        for _ in range(0, number, 1_000):
            codes = [f"B{next(_numbers):05d}" for _ in range(min(1_000, number - len(orders)))]
            made = Order.objects.bulk_create(self._order(event, code) for code in codes)
            OrderPosition.objects.bulk_create(
                self._position(event, order, number, date) for order in made for number in range(self.guests)
            )
            names = {order.pk: _name("Buyer", order.code) for order in made}
            InvoiceAddress.objects.bulk_create(InvoiceAddress(order=o, name_parts=names[o.pk]) for o in made)
            kind = ContentType.objects.get_for_model(Order)
            LogEntry.objects.bulk_create(
                LogEntry(content_type=kind, object_id=order.pk, action_type=action, event=event, data="{}")
                for order in made
                for action in ("pretix.event.order.placed", "pretix.event.order.paid")
            )
            orders += made
        return orders

    def _order(self, event: Event, code: str) -> Order:
        moment = now()
        return Order(
            code=code,
            event=event,
            organizer=self.organizer,
            email=_email("buyer", code),
            status=Order.STATUS_PAID,
            datetime=moment,
            expires=moment + timedelta(days=10),
            total=Decimal("100.00"),
            locale="en",
            sales_channel=self.channel,
            secret=get_random_string(16),
        )

    def _position(self, event: Event, order: Order, number: int, date: SubEvent | None) -> OrderPosition:
        return OrderPosition(
            order=order,
            subevent=date,
            organizer=self.organizer,
            item=event.ticket,
            positionid=number + 1,
            price=Decimal("50.00"),
            tax_rate=Decimal("0"),
            tax_value=Decimal("0"),
            attendee_email=_email(f"guest{number}", order.code),
            attendee_name_parts=_name(f"Guest{number}", order.code),
            secret=get_random_string(32),
            pseudonymization_id=f"{order.code}{number}",
        )

    def queue(self, orders: Sequence[Order], provider: str = PROVIDER, reason: str = "order_placed") -> None:
        """As ``enqueue_order``, in bulk."""
        rows = (
            OrderSyncQueue(
                order=order,
                event_id=order.event_id,
                sync_provider=provider,
                triggered_by=reason,
                not_before=now() - timedelta(seconds=1),
            )
            for order in orders
        )
        OrderSyncQueue.objects.bulk_create(rows, batch_size=1_000)
        schedule.rebuild()
        settle()

    def backlog(self, number: int, event: Event | None = None) -> list[Order]:
        """New orders, queued."""
        orders = self.sell(number, event)
        self.queue(orders)
        return orders

    def seed_half(self, orders: Sequence[Order]) -> None:
        """Every second person is in the portal already, without a name."""
        emails = [email for order in orders for email, _, _ in people(order, self.guests)][::2]
        for start in range(0, len(emails), 1_000):
            records = [{"email": email} for email in emails[start : start + 1_000]]
            self.portal.ask("POST", "records", {"type": "contacts", "records": records})

    def check_dates(self, names: dict[str, int]) -> None:
        """Raise unless the portal holds these names of dates, each for so many people."""
        contacts = self.portal.ask("POST", "world", {"properties": {"contacts": [DATE_NAME]}})["contacts"]
        found = Counter(contact[DATE_NAME] for contact in contacts if contact[DATE_NAME])
        if found != names:
            raise AssertionError(f"The portal's dates are {dict(found)} instead of {names}")

    def check(self, orders: Sequence[Order]) -> None:
        """Raise unless the portal holds exactly these orders, each person once, and pretix knows that it does."""
        found = self.portal.ask("POST", "world", {"properties": WORLD})
        wanted = expected(orders, {event.pk: event for event in self.events}, self.guests)
        for kind in WORLD:
            if found[kind] != wanted[kind]:
                same = [pair for pair in zip(found[kind], wanted[kind], strict=False) if pair[0] != pair[1]]
                numbers = f"{len(found[kind])} instead of {len(wanted[kind])}"
                raise AssertionError(f"The portal's {kind} are wrong: {numbers}; first: {same[:1]}")
        left = OrderSyncQueue.objects.count()
        states = OrderState.objects.filter(order__in=[order.pk for order in orders])
        done = states.exclude(sent_hash="").filter(problem__isnull=True).count()
        if left or done != len(orders):
            raise AssertionError(f"{left} orders wait, {done} of {len(orders)} are in sync")

    def check_all_failed(self, orders: Sequence[Order]) -> None:
        """Raise unless each order failed for its company, and its buyer and deal arrived."""
        found = self.portal.ask("POST", "world", {"properties": WORLD})
        arrived = [len(found["contacts"]), len(found["deals"])]
        problems = OrderState.objects.filter(order__in=orders).values_list("problem", flat=True)
        failed = [failure["object_type"] for problem in problems for failure in problem or ()]
        if arrived != [len(orders)] * 2 or failed != ["companies"] * len(orders):
            raise AssertionError(f"Contacts and deals: {arrived} for {len(orders)} orders; {len(failed)} failures")


def expected(orders: Sequence[Order], events: dict[int, Event], guests: int) -> dict[str, list[dict]]:
    """What the portal must hold, as the simulator's ``world`` tells it."""
    contacts, deals = [], []
    for order in orders:
        event = events[order.event_id]
        key = f"{event.organizer.slug.upper()}/{event.slug.upper()}/{order.code}"
        for email, given, family in people(order, guests):
            links = {"associations": {"deals": [key]}}
            contacts.append({"email": email, "firstname": given, "lastname": family, **links})
        links = {"associations": {"contacts": sorted(email for email, _, _ in people(order, guests))}}
        name = f"{event.slug.upper()}-{order.code}"
        deals.append({KEY: key, "dealname": name, "amount": f"{order.total:.1f}", "dealstage": "closedwon", **links})
    by = {"contacts": lambda entry: entry["email"], "deals": lambda entry: entry[KEY]}
    return {"contacts": sorted(contacts, key=by["contacts"]), "deals": sorted(deals, key=by["deals"])}


def people(order: Order, guests: int) -> list[tuple[str, str, str]]:
    """(e-mail, given name, family name) of everybody in this order."""
    attendees = [(_email(f"guest{n}", order.code), f"Guest{n}", order.code) for n in range(guests)]
    return [(_email("buyer", order.code), "Buyer", order.code), *attendees]


def _rows(rows: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [
        {"pretix_field": field, "external_field": name, "overwrite": mode, "value_map": ""}
        for field, name, mode in rows
    ]


def settle(*emptied: type[Model]) -> None:
    """Statistics for the planner, and no remains in tables that were ``emptied``, as autovacuum keeps them in a shop
    that runs for longer than a minute.
    """
    with database.cursor() as cursor:
        for model in emptied:
            cursor.execute(f"VACUUM {model._meta.db_table}")
        cursor.execute("ANALYZE")


def _email(who: str, code: str) -> str:
    return f"{who}-{code.lower()}@example.org"


def _name(given: str, family: str) -> dict[str, str]:
    return {"_scheme": "given_family", "given_name": given, "family_name": family}
