"""The number of a position that was split off is given to what is added to the order next."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now
from pretix.base.models import InvoiceAddress, Order, OrderPosition
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services import orders as services

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import starting_points, suggestions
from pretix_hubspot.models import OrderState

STAGES = {"n": "appointmentscheduled", "p": "closedwon", "c": "closedlost"}


@pytest.fixture
def places(story):
    """A deal for every position, nothing else."""
    story.add_property("deals", "pretix_position_key", unique=True)
    story.event.hubspot_object_mappings.all().delete()
    rows = (("product", "dealname", "overwrite"), ("ticket_price", "amount", "overwrite"))
    mapping = story.add_mapping(story.event, "OrderPosition", "deals", ("position_key", "pretix_position_key"), rows)
    mapping.pipeline = {"pipeline": "default", "stages": STAGES}
    mapping.save()


@pytest.fixture
def sponsors(story):
    """The starting point for sponsors as it is shipped: companies, buyers, a deal for every position."""
    story.event.hubspot_object_mappings.all().delete()
    catalog = Catalog(story.connection)
    suggestions.apply(story.joined, starting_points.sponsors(story.event, catalog), None, catalog)


def deals(story):
    found = story.world(deals=["pretix_position_key", "amount"])["deals"]
    return {deal["pretix_position_key"]: float(deal["amount"]) for deal in found}


@pytest.fixture
def split_and_added(story, period):
    """``split_and_added()``: the order that the second of two places was split into; then a booth was added."""

    def split_and_added():
        order = story.order("A1", email="buyer@example.org", attendees=[("", "", ""), ("", "", "")], queue=False)
        InvoiceAddress.objects.filter(order=order).update(is_business=True, company="Acme")
        order.log_action("pretix.event.order.placed")
        period()
        assert set(deals(story)) == {"ADA/CONF/A1-1", "ADA/CONF/A1-2"}
        change = services.OrderChangeManager(order, notify=False)
        change.split(order.positions.last())
        change.commit()
        booth = story.event.items.create(name="Booth", default_price=Decimal("777"))
        story.event.quotas.get().items.add(booth)
        change = services.OrderChangeManager(Order.objects.get(code="A1"), notify=False)
        change.add_position(booth, None, Decimal("777.00"), None)
        change.commit()
        new = Order.objects.exclude(code="A1").get()
        numbers = sorted(OrderPosition.objects.values_list("order__code", "positionid"))
        assert numbers == sorted([("A1", 1), ("A1", 2), (new.code, 2)])
        return new

    return split_and_added


def right(new):
    return {"ADA/CONF/A1-1": 100.0, "ADA/CONF/A1-2": 777.0, f"ADA/CONF/{new.code}-2": 100.0}


def test_with_the_starting_point_for_sponsors(story, sponsors, period, split_and_added):
    new = split_and_added()
    period()
    problems = [state.problem for state in OrderState.objects.all()]
    assert deals(story) == right(new) or any(problems), "a booth of 777 vanished, and both orders are in sync"


def test_the_original_is_sent_in_an_earlier_slice(story, places, period, split_and_added):
    new = split_and_added()
    OrderSyncQueue.objects.filter(order=new).update(not_before=now() + timedelta(hours=1))
    period()
    OrderSyncQueue.objects.update(not_before=now())
    period()
    assert deals(story) == right(new)


def test_sync_now_repairs_it(story, sponsors, period, split_and_added):
    new = split_and_added()
    period()
    for order in Order.objects.all():
        story.queue(order, "user")
    period()
    assert deals(story) == right(new)
