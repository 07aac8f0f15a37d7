"""What the version before stored is understood: nothing is sent again that did not change, and no link is lost.

``stored_by_the_version_before.json`` was written by that version, from this very shop. A version that stores things in
another way migrates these rows first.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django_scopes import scopes_disabled
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from hubspot_simulator import Property
from pretix_hubspot.models import ObjectMapping, OrderState, RecordLink
from pretix_hubspot.sync.queue import campaigns
from pretix_hubspot.sync.queue.triggers import Trigger

from .story import KEY, Story

STORED = Path(__file__).with_name("stored_by_the_version_before.json")
FIRST_KEY = 7_000_000  # primary keys are part of what is remembered
TICKET_KEY = "pretix_ticket_key"


class Shop(Story):
    """The conference, with primary keys that are always the same, and one of each thing that is remembered."""

    def add_event(self, slug):
        return super().add_event(slug, pk=FIRST_KEY)

    def add_mapping(self, event, source, object_type, identifier, rows):
        number = event.hubspot_object_mappings.count()
        return super().add_mapping(event, source, object_type, identifier, rows, pk=FIRST_KEY + number)

    def add_mappings(self, event):
        buyer, attendee, deal = super().add_mappings(event)
        ticket = self.add_mapping(
            event, "OrderPosition", "tickets", ("position_key", TICKET_KEY), [("ticket_id", "subject", "overwrite")]
        )
        ticket.association_mappings = [{"mapping": deal.pk}]
        ticket.save()
        ObjectMapping.objects.filter(pk=buyer.pk).update(options={"same_address": "newest"})
        return buyer, attendee, deal

    def order(self, number, **values):
        pk = FIRST_KEY + number
        return super().order(f"A{number}", pk=pk, datetime=datetime(2026, 11, 1, number, tzinfo=UTC), **values)

    def position(self, order, number, *person):
        pk = order.pk * 10 + number
        return super().position(order, number, *person, pk=pk, secret=f"secret-{pk}")

    def fill(self):
        self.joined.joined_at = datetime(2026, 10, 1, tzinfo=UTC)
        self.joined.save()
        self.order(1, email="ada@example.org", attendees=[("ada@example.org", "Ada", "Lovelace")])
        self.order(2, email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
        self.order(
            3, email="alan@example.org", status="p", attendees=[("", "Alan", ""), ("joan@example.org", "Joan", "")]
        )
        self.order(4, email="joan@example.org", status="c")
        self.order(5, email="test@example.org", testmode=True)
        self.order(6, email="no address")


@pytest.fixture
def shop(db, served):
    for object_type, name, group in (("deals", KEY, "dealinformation"), ("tickets", TICKET_KEY, "ticketinformation")):
        definition = Property(name, name, "string", "text", group, unique=True)
        served.portal.schema.create(object_type, definition)
    with scopes_disabled():
        shop = Shop(served)
        shop.fill()
        yield shop


def stored():
    """Everything that decides about later transfers, by order and mapping."""
    states = OrderState.objects.order_by("order").values(
        "order",
        "portal_id",
        "sent_hash",
        "planner",
        "by_hand",
        "log_count",
        "associated",
        "excluded_reason",
        "problem",
        "cause",
    )
    links = RecordLink.objects.order_by("object_type", "key").values(
        "portal_id", "object_type", "key", "record_id", "sent_hash", "url", "owner"
    )
    results = OrderSyncResult.objects.order_by("order", "pk").values(
        "order", "order_position", "sync_provider", "mapping_id", "external_object_type", "external_id_field",
        "id_value", "external_link_href", "external_link_display_name", "sync_info",
    )  # fmt: skip
    return {"states": list(states), "links": list(links), "results": list(results)}


def restore(rows):
    """Put these rows in the place of all others."""
    for model in (OrderState, RecordLink, OrderSyncResult):
        model.objects.all().delete()
    for model, name in ((OrderState, "states"), (RecordLink, "links"), (OrderSyncResult, "results")):
        for row in rows[name]:
            keys = {f"{key}_id" if key in ("order", "order_position") else key: value for key, value in row.items()}
            model.objects.create(**keys)


def writes(served):
    return [
        f"{r.method} {r.path}" for r in served.requests if r.method != "GET" and not r.path.endswith(("read", "search"))
    ]


@pytest.fixture
def upgraded(shop):
    """HubSpot holds what the version before sent; in the database stands what it stored."""
    shop.sync()
    restore(json.loads(STORED.read_text()))
    shop.simulator.requests.clear()
    return shop


def test_nothing_is_sent_again_that_did_not_change(upgraded):
    before, links = upgraded.world(), stored()["links"]
    for order in upgraded.event.orders.exclude(pk__in=[FIRST_KEY + 5, FIRST_KEY + 6]):
        upgraded.queue(order)

    upgraded.sync()

    assert writes(upgraded.simulator) == []
    assert (upgraded.world(), stored()["links"]) == (before, links)


def test_the_page_offers_nothing_to_send_again(upgraded):
    assert not campaigns.outdated(upgraded.event).exists()


def test_what_changes_reaches_the_records_that_are_there(upgraded):
    order = upgraded.event.orders.get(code="A3")
    order.total = Decimal("250.00")
    order.save()
    upgraded.queue(order)

    upgraded.sync()

    assert writes(upgraded.simulator) == ["POST /crm/objects/2026-03/deals/batch/update"]
    assert [d["amount"] for d in upgraded.world()["deals"] if d[KEY].endswith("/A3")] == ["250.0"]


def test_a_repaired_order_is_tried_again(upgraded):
    order = upgraded.event.orders.get(code="A6")
    order.email = "edsger@example.org"
    order.save()
    upgraded.queue(order, Trigger.SYNC_NOW)

    upgraded.sync()

    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get(order=order).problem is None
    assert "edsger@example.org" in [contact["email"] for contact in upgraded.world()["contacts"]]
