"""A database as the version before left it: thousands of orders with what it stored about them, made in bulk."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module

from django.apps import apps
from pretix.base.models import Order, OrderPosition
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.models import PROVIDER, OrderState, RecordLink
from pretix_hubspot.server.bulk_rows import store_rows

#: Mappings of the event: buyers and attendees to contacts, orders to deals, positions to tickets.
BUYER, ATTENDEE, DEAL, TICKET = 11, 12, 13, 14
#: An order shares its buyer's address with the ones before, a hundred of them.
SHARING = 100
BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
PORTAL = 48100001


def migrate():
    """Run the migration of data, on today's models."""
    import_module("pretix_hubspot.migrations.0008_fill_the_memory_of_records").copy(apps, None)


def value_key(address):
    return f"email={hashlib.sha256(address.encode()).hexdigest()}"


def seal(text):
    """A hash such as the version before stored of what it had sent."""
    return hashlib.sha256(text.encode()).hexdigest()


def fill(event, count, first=8_000_000):
    """Store as many orders with one position, four result rows and an owner of each contact; returns their keys."""
    pks = range(first, first + count)
    channel = event.organizer.sales_channels.get(identifier="web")
    Order.objects.bulk_create((_order(event, channel, pk) for pk in pks), batch_size=1_000)
    OrderPosition.objects.bulk_create((_position(event, pk) for pk in pks), batch_size=1_000)
    store_rows(OrderState, [_state(pk) for pk in pks])
    links = {(link["object_type"], link["key"]): link for pk in pks for link in _links(pk)}
    store_rows(RecordLink, links.values())
    store_rows(OrderSyncResult, [result for pk in pks for result in _results(pk)])
    return pks


def buyer_of(pk):
    return f"buyer{pk // SHARING}@example.org"


def contact_of(address):
    """The id of the address's contact in HubSpot."""
    return "1" + "".join(filter(str.isdigit, address))


def _order(event, channel, pk):
    return Order(
        pk=pk,
        code=f"C{pk}",
        event=event,
        organizer=event.organizer,
        sales_channel=channel,
        email=buyer_of(pk),
        status="p",
        datetime=BEGIN,
        expires=BEGIN + timedelta(days=90),
        total=Decimal("100.00"),
        locale="en",
    )


def _position(event, pk):
    return OrderPosition(
        pk=pk * 10,
        order_id=pk,
        organizer=event.organizer,
        item=event.ticket,
        positionid=1,
        price=Decimal("100.00"),
        tax_rate=Decimal("0.00"),
        tax_value=Decimal("0.00"),
        secret=f"secret-{pk}",
        pseudonymization_id=f"P{pk}",
        attendee_email=f"attendee{pk}@example.org",
    )


def _records(pk):
    """(mapping, position, object type, key, record id) of an order's records."""
    attendee = f"attendee{pk}@example.org"
    return [
        (BUYER, None, "contacts", value_key(buyer_of(pk)), contact_of(buyer_of(pk))),
        (ATTENDEE, pk * 10, "contacts", value_key(attendee), contact_of(attendee)),
        (DEAL, None, "deals", f"pretix_order_key@order:{pk}", f"4{pk}"),
        (TICKET, pk * 10, "tickets", f"pretix_ticket_key@position:{pk * 10}", f"5{pk}"),
    ]


def _state(pk):
    buyer, attendee, deal, ticket = (f"{object_type}:{record}" for *_, object_type, _, record in _records(pk))
    associated = [f"{deal}>{buyer}", f"{deal}>{attendee}#12", f"{ticket}>{deal}"]
    return {
        "order_id": pk,
        "portal_id": PORTAL,
        "sent_hash": seal(f"order {pk}"),
        "sent_at": BEGIN,
        "planner": 1,
        "log_count": 3,
        "associated": associated,
    }


def _links(pk):
    for _, position, object_type, key, record in _records(pk):
        owner = {"order": pk, "position": position, "label": f"C{pk}"} if object_type == "contacts" else {}
        yield {
            "portal_id": PORTAL,
            "object_type": object_type,
            "key": key,
            "record_id": record,
            "sent_hash": seal(key),
            "url": f"https://app-eu1.hubspot.com/contacts/{PORTAL}/record/{object_type}/{record}",
            "owner": owner,
            "updated_at": BEGIN,
        }


def _results(pk):
    for mapping, position, object_type, key, record in _records(pk):
        yield {
            "order_id": pk,
            "order_position_id": position,
            "sync_provider": PROVIDER,
            "mapping_id": mapping,
            "external_object_type": object_type,
            "external_id_field": key.partition("@")[0].partition("=")[0],
            "id_value": f"ADA/CONF/C{pk}",
            "external_link_href": f"https://app-eu1.hubspot.com/contacts/{PORTAL}/record/{object_type}/{record}",
            "external_link_display_name": f"{object_type}: C{pk}",
            "transmitted": BEGIN,
            "sync_info": {"action": "created", "record": record, "key": key},
        }
