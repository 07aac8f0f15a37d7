"""A conference that sells tickets, connected to a simulated portal: the stage of every engine test."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.timezone import now
from pretix.base.models import Event, InvoiceAddress, Order, OrderPosition, Organizer
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import STAFF, Property
from hubspot_simulator.crm.objects import lifecycle
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.sync.joining import join
from pretix_hubspot.sync.provider import HubSpotSyncProvider
from pretix_hubspot.sync.queue import campaigns

KEY = "pretix_order_key"
WORLD = {"contacts": ["email", "firstname", "lastname"], "deals": [KEY, "dealname", "amount", "dealstage"]}


class Story:
    """One organizer, one live event, one portal; ``order()`` and ``sync()`` do the rest."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.organizer = Organizer.objects.create(name="Ada's Conferences", slug="ada", plugins="pretix_hubspot")
        self.event = self.add_event("conf")
        self.connection = connect_token(self.organizer, simulator.service_key, None)
        self.joined = join(self.event, self.connection, None)
        self.add_mappings(self.event)

    def add_event(self, slug, **values):
        event = Event.objects.create(
            organizer=self.organizer,
            name="Conference",
            slug=slug,
            currency="EUR",
            live=True,
            plugins="pretix_hubspot,pretix.plugins.banktransfer",
            date_from=datetime(2027, 6, 4, tzinfo=UTC),
            **values,
        )
        event.settings.name_scheme = "given_family"
        event.settings.timezone = "Europe/Berlin"
        event.ticket = event.items.create(name="Ticket", default_price=Decimal("100"), admission=True)
        quota = event.quotas.create(name="All", size=None)
        quota.items.add(event.ticket)
        return event

    def add_mappings(self, event):
        """Buyer and attendees to contacts, the order to a deal, all associated."""
        buyer = self.add_mapping(event, "Order", "contacts", ("email", "email"), BUYER_ROWS)
        attendee = self.add_mapping(event, "OrderPosition", "contacts", ("attendee_email", "email"), ATTENDEE_ROWS)
        deal = self.add_mapping(event, "Order", "deals", ("order_key", KEY), DEAL_ROWS)
        deal.association_mappings = [{"mapping": buyer.pk}, {"mapping": attendee.pk}]
        deal.pipeline = {
            "pipeline": "default",
            "stages": {"n": "appointmentscheduled", "p": "closedwon", "e": "closedlost", "c": "closedlost"},
        }
        deal.save()
        return buyer, attendee, deal

    def add_mapping(self, event, source, object_type, identifier, rows, **values):
        return ObjectMapping.objects.create(
            event=event,
            position=event.hubspot_object_mappings.count(),
            pretix_model=source,
            external_object_type=object_type,
            pretix_id_field=identifier[0],
            external_id_field=identifier[1],
            property_mappings=[
                {"pretix_field": field, "external_field": name, "overwrite": mode, "value_map": ""}
                for field, name, mode in rows
            ],
            **values,
        )

    def add_rows(self, mapping, *rows):
        """More lines of an object mapping: field, property, mode."""
        mapping.property_mappings = mapping.property_mappings + [
            {"pretix_field": field, "external_field": name, "overwrite": mode, "value_map": ""}
            for field, name, mode in rows
        ]
        mapping.revision += 1
        mapping.save()

    def add_property(self, object_type, name, kind="string", field_type="text", **more):
        """A property that the organizer's staff made in HubSpot."""
        definition = Property(name, name, kind, field_type, GROUPS[object_type], **more)
        self.simulator.portal.schema.create(object_type, definition)

    def order(self, code="A1", *, email=None, attendees=(), event=None, queue=True, **values):
        """An order as the shop would leave it, with one position per (e-mail, given, family name)."""
        event = event or self.event
        order = Order.objects.create(
            **{
                "code": code,
                "event": event,
                "email": f"buyer-{code.lower()}@example.org" if email is None else email,
                "status": Order.STATUS_PENDING,
                "datetime": now(),
                "expires": now() + timedelta(days=10),
                "total": Decimal("100.00") * max(1, len(attendees)),
                "locale": "en",
                "sales_channel": self.organizer.sales_channels.get(identifier="web"),
                **values,
            }
        )
        InvoiceAddress.objects.create(
            order=order, name_parts={"_scheme": "given_family", "given_name": "Buyer", "family_name": code}
        )
        for number, person in enumerate(attendees or [("", "", "")], start=1):
            self.position(order, number, *person)
        if queue:
            self.queue(order)
        return order

    def position(self, order, number, email="", given="", family="", **values):
        return OrderPosition.objects.create(
            order=order,
            item=order.event.items.get(),
            positionid=number,
            price=Decimal("100.00"),
            tax_rate=Decimal("0"),
            tax_value=Decimal("0"),
            attendee_email=email or None,
            attendee_name_parts={"_scheme": "given_family", "given_name": given, "family_name": family},
            **values,
        )

    def queue(self, order, reason="order_placed"):
        return HubSpotSyncProvider.enqueue_order(order, reason)

    def send_again(self, everything=False):
        """*Send them again*, and a worker that comes at once."""
        campaigns.start(self.event, None, everything)
        campaigns.refill(self.connection)

    def sync(self, event=None):
        """One run as core's periodic task makes it, over everything that waits in one event."""
        event = event or self.event
        rows = OrderSyncQueue.objects.filter(event=event, in_flight=False, need_manual_retry__isnull=True)
        with HubSpotSyncProvider(event=event) as provider:
            provider.sync_queued_orders(list(rows.filter(not_before__lte=now())))

    def join(self, event):
        return join(event, self.connection, None)

    def edit(self, record, **properties):
        """What the organizer's staff does in HubSpot."""
        return self.simulator.edit(record, STAFF, **properties)

    def archive(self, record):
        portal = self.simulator.portal
        return lifecycle.archive(portal, portal.object_type(record.type_name), record.id)

    def merge(self, primary, merged):
        portal = self.simulator.portal
        return lifecycle.merge(portal, portal.object_type(primary.type_name), primary.id, merged.id, STAFF)

    def world(self, **properties):
        return self.simulator.world(properties or WORLD)


GROUPS = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "tickets": "ticketinformation",
}
BUYER_ROWS = (
    ("invoice_address_name_given_name", "firstname", "if_empty"),
    ("invoice_address_name_family_name", "lastname", "if_empty"),
)
ATTENDEE_ROWS = (
    ("attendee_name_given_name", "firstname", "if_empty"),
    ("attendee_name_family_name", "lastname", "if_empty"),
)
DEAL_ROWS = (("event_order_code", "dealname", "overwrite"), ("order_total", "amount", "overwrite"))
