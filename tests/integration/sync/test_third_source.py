"""A source costs one module and one line: the fees of an order, mapped, sent, followed, previewed and edited."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pretix.base.models import OrderFee
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.mappings import mapping_file
from pretix_hubspot.sources.registry import SOURCES
from tests.integration.control.conftest import browser, make_user, page_of

from .fees import FEES

HUBSPOT = "/control/event/ada/conf/hubspot/"
ALLOWED = {"event.settings.general:write": True, "event.orders:read": True, "event.orders:write": True}
FEE_ROWS = (
    ("fee_description", "dealname", "overwrite"),
    ("fee_value", "amount", "overwrite"),
    ("fee_canceled", "fee_canceled", "overwrite"),
    ("order_status", "description", "overwrite"),
)


@pytest.fixture
def fees(monkeypatch):
    """The one line."""
    monkeypatch.setitem(SOURCES, FEES.key, FEES)


@pytest.fixture
def mapping(story, fees):
    """A deal for each fee, associated with what the order has beside it."""
    story.add_property("deals", "pretix_fee_key", unique=True)
    story.add_property("deals", "fee_canceled")
    earlier = [{"mapping": mapping.pk} for mapping in story.event.hubspot_object_mappings.all()]
    return story.add_mapping(
        story.event, "OrderFee", "deals", ("fee_key", "pretix_fee_key"), FEE_ROWS, association_mappings=earlier
    )


@pytest.fixture
def order(story, mapping):
    order = story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    add_fee(order, "Shipping", "7.50")
    add_fee(order, "Payment", "2.50")
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    return order


@pytest.fixture
def boss(story):
    return browser(make_user(story.organizer, "boss", **ALLOWED))


def add_fee(order, description, value):
    return order.fees.create(
        fee_type=OrderFee.FEE_TYPE_OTHER,
        description=description,
        value=Decimal(value),
        tax_rate=Decimal("0"),
        tax_value=Decimal("0"),
    )


def deals(story):
    return story.world(contacts=["email"], deals=["dealname", "amount", "description"])["deals"]


def queue(story, order):
    story.simulator.requests.clear()
    story.queue(order, "order_changed")
    story.sync()


def test_each_fee_becomes_a_record_that_belongs_to_its_order(story, order):
    buyer, attendee = "ada@example.org", "grace@example.org"
    assert deals(story) == [
        {
            "dealname": "CONF-A1",
            "amount": "100.0",
            "description": None,
            "associations": {"contacts": [buyer, attendee], "deals": ["Payment", "Shipping"]},
        },
        {
            "dealname": "Payment",
            "amount": "2.5",
            "description": "n",
            "associations": {"contacts": [buyer], "deals": ["CONF-A1"]},
        },
        {
            "dealname": "Shipping",
            "amount": "7.5",
            "description": "n",
            "associations": {"contacts": [buyer], "deals": ["CONF-A1"]},
        },
    ]
    assert sorted(order.sync_results.values_list("external_link_display_name", "order_position__positionid")) == [
        ("Contacts: ada@example.org", None),
        ("Contacts: grace@example.org", 1),
        ("Deals: CONF-A1", None),
        *sorted((f"Deals: CONF-A1-F{pk}", None) for pk in order.fees.values_list("pk", flat=True)),
    ]


def test_an_order_whose_fees_did_not_change_costs_nothing(story, order):
    queue(story, order)

    assert list(story.simulator.requests) == []


def test_a_fee_that_changed_is_updated_and_a_new_one_follows(story, order):
    order.fees.filter(description="Payment").update(value=Decimal("3.00"))
    add_fee(order, "Late", "10.00")

    queue(story, order)

    assert [(found["dealname"], found["amount"]) for found in deals(story)] == [
        ("CONF-A1", "100.0"),
        ("Late", "10.0"),
        ("Payment", "3.0"),
        ("Shipping", "7.5"),
    ]
    assert OrderSyncResult.objects.filter(order=order).count() == 6


def test_a_canceled_fee_is_updated_where_hubspot_knows_it_and_never_created(story, order):
    order.fees.filter(description="Payment").update(canceled=True)
    late = add_fee(order, "Late", "10.00")
    late.canceled = True
    late.save()

    queue(story, order)

    known = story.world(deals=["dealname", "fee_canceled"])["deals"]
    assert [(found["dealname"], found["fee_canceled"]) for found in known] == [
        ("CONF-A1", None),
        ("Payment", "true"),
        ("Shipping", "false"),
    ]


def test_fees_cost_the_same_queries_for_one_order_as_for_many(story, mapping, field_names_are_kept):
    def cost(codes):
        for code in codes:
            add_fee(story.order(code), f"Shipping {code}", "5.00")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            story.sync()
        return len(seen)

    cost(["A0"])

    assert cost(["B1"]) == cost([f"C{number}" for number in range(20)])


def test_filters_that_a_fee_cannot_meet_are_no_condition_and_value_is_its_own(story, mapping):
    mapping.options = {"filters": {"value": True, "items": [0]}}
    mapping.save()
    order = story.order("A1")
    add_fee(order, "Free", "0.00")
    add_fee(order, "Shipping", "5.00")

    story.sync()

    assert [found["dealname"] for found in deals(story)] == ["CONF-A1", "Shipping"]


def test_the_preview_shows_fees(story, order, boss):
    add_fee(order, "Late", "10.00")

    html = page_of(boss.post(f"{HUBSPOT}preview/", {"code": "A1"}))

    assert "Late" in html
    assert "Order fee -&gt; Deals" in html


def test_pages_offer_the_source_and_its_fields(story, mapping, boss):
    listed, editor = page_of(boss.get(HUBSPOT)), page_of(boss.get(f"{HUBSPOT}mapping/{mapping.pk}/"))

    assert '<option value="OrderFee" selected>Order fee</option>' in listed
    assert "For each <strong>Order fee</strong> in your event" in editor
    assert "Fee description [Text (one line)]" in editor
    assert 'name="options-value"' in editor and 'name="options-canceled"' in editor
    assert 'name="options-products"' not in editor and 'name="options-answers"' not in editor


def test_files_carry_the_source(story, mapping):
    file = json.dumps(mapping_file.dump(story.event)).encode()

    assert [stored.pretix_model for stored in mapping_file.load(file, story.event)] == [
        "Order",
        "OrderPosition",
        "Order",
        "OrderFee",
    ]
