"""Filters on real orders: what is left out never arrives, and the order page says why."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pretix.base.models import Customer, Order
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.models import OrderState
from pretix_hubspot.sync.provider import HubSpotSyncProvider


def contacts(story):
    return [contact["email"] for contact in story.world()["contacts"]]


def shown(order):
    """What the order page says."""
    return [
        str(HubSpotSyncProvider.get_external_link_info(order.event, r.external_link_href, name)["val"])
        for r in OrderSyncResult.objects.filter(order=order).order_by("pk")
        for name in [r.external_link_display_name]
    ]


def test_only_paid_orders(story, mappings, choose):
    for mapping in mappings:
        choose(mapping, filters={"paid": True})
    order = story.order("A1", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    assert story.world() == {"contacts": [], "deals": []}
    assert shown(order) == ["Not sent: the object mappings only send paid orders."]
    assert OrderState.objects.get().excluded_reason == "filter_paid"
    assert not OrderSyncQueue.objects.exists()
    order.status = Order.STATUS_PAID
    order.save()
    story.queue(order, "order_paid")
    story.sync()
    assert story.world()["deals"][0]["dealstage"] == "closedwon"
    assert OrderState.objects.get().excluded_reason == ""
    assert [text.split(":")[0] for text in shown(order)] == ["Contacts", "Contacts", "Deals"]
    order.status = Order.STATUS_CANCELED
    order.save()
    story.queue(order, "order_canceled")
    story.sync()
    assert story.world()["deals"][0]["dealstage"] == "closedlost", "what was sent follows"


def test_only_some_positions(story, mappings, choose):
    order = story.order("A1", attendees=[("grace@example.org", "Grace", "Hopper")], queue=False)
    workshops = story.event.categories.create(name="Workshops")
    workshop = story.event.items.create(name="Workshop", default_price=Decimal("5"), category=workshops)
    second = order.positions.create(
        item=workshop, positionid=2, price=Decimal("5"), tax_rate=0, tax_value=0, attendee_email="alan@example.org"
    )
    choose(mappings[1], filters={"categories": [workshops.pk]})
    story.queue(order)
    story.sync()
    assert contacts(story) == ["alan@example.org", "buyer-a1@example.org"]
    choose(mappings[1], filters={"admission": True})
    choose(mappings[0], filters={"items": [workshop.pk]})
    second.canceled = True
    second.save()
    story.queue(order)
    story.sync()
    assert contacts(story) == ["alan@example.org", "buyer-a1@example.org", "grace@example.org"]


def test_sales_channel_account_and_value(story, mappings, choose):
    api = story.organizer.sales_channels.create(identifier="api.x", label="Kiosk", type="api")
    ada = Customer.objects.create(organizer=story.organizer, email="ada@example.org")
    for mapping in mappings:
        choose(mapping, filters={"sales_channels": ["web"], "account": True, "value": True})
    orders = [
        story.order("A1", customer=ada),
        story.order("A2"),
        story.order("A3", customer=ada, sales_channel=api),
        story.order("A4", customer=ada, total=Decimal("0.00")),
    ]
    story.sync()
    assert [deal["dealname"] for deal in story.world()["deals"]] == ["CONF-A1"]
    assert [OrderState.objects.get(order=order).excluded_reason for order in orders] == [
        "",
        "filter_account",
        "filter_channel",
        "filter_value",
    ]


def test_only_with_an_answer(story, mappings, choose):
    question = story.event.questions.create(question="Newsletter?", identifier="NEWS", type="B")
    for mapping in mappings:
        choose(mapping, filters={"answers": [["NEWS", ""]]})
    yes = story.order("A1", queue=False)
    yes.positions.get().answers.create(question=question, answer="True")
    no = story.order("A2")
    story.queue(yes)
    story.sync()
    assert contacts(story) == ["buyer-a1@example.org"]
    assert OrderState.objects.get(order=no).excluded_reason == "filter_answer"


def test_an_order_that_returns_is_shown_as_sent(story, mappings, choose):
    order = story.order("A1")
    story.sync()
    before = story.world()
    for mapping in mappings:
        choose(mapping, filters={"items": [0]})
    story.queue(order)
    story.sync()
    assert len(shown(order)) == 3 and "leave out the products" in shown(order)[-1]
    for mapping in mappings:
        choose(mapping)
    story.queue(order)
    story.sync()
    assert len(shown(order)) == 2
    assert story.world() == before


@pytest.mark.parametrize("filters", [{}, {"paid": True, "items": [0], "categories": [0], "admission": True}])
def test_filters_cost_no_query_per_order(story, mappings, choose, filters, field_names_are_kept):
    choose(mappings[1], filters=filters)
    counts = []
    for number in (1, 20):
        for index in range(number):
            story.order(f"N{number}I{index}", attendees=[("", "", "")] * 3)
        with CaptureQueriesContext(connection) as queries:
            story.sync()
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 2
