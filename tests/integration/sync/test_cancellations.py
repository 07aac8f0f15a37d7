"""What is canceled while pretix calls the order paid: positions, and orders of which a fee is kept."""

from decimal import Decimal

import pytest
from pretix.base.models import InvoiceAddress, Order, OrderPayment, OrderPosition
from pretix.base.services import orders as services
from pretix.base.services.cancelevent import cancel_event

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import starting_points, suggestions
from pretix_hubspot.models import OrderState

ANN = ("ann@example.org", "Ann", "Lee")


@pytest.fixture
def sponsors(story):
    """The starting point for sponsors: a deal for every position."""
    story.event.hubspot_object_mappings.all().delete()
    catalog = Catalog(story.connection)
    suggestions.apply(story.joined, starting_points.sponsors(story.event, catalog), None, catalog)


def pay(order):
    payment = order.payments.create(provider="manual", amount=order.total, state=OrderPayment.PAYMENT_STATE_PENDING)
    payment.confirm(send_mail=False)
    order.refresh_from_db()


def deals(story, key="pretix_order_key"):
    found = story.world(contacts=["email"], deals=[key, "amount", "dealstage"])["deals"]
    return {deal[key]: (float(deal["amount"]), deal["dealstage"]) for deal in found}


@pytest.fixture
def paid(story, period):
    order = story.order("A1", email="buyer@example.org", attendees=[ANN], queue=False)
    pay(order)
    period()
    assert deals(story) == {"ADA/CONF/A1": (100.0, "closedwon")}
    return order


@pytest.fixture
def booths(story, sponsors, period):
    order = story.order("A1", email="buyer@example.org", attendees=[("", "", ""), ("", "", "")], queue=False)
    InvoiceAddress.objects.filter(order=order).update(is_business=True, company="Acme")
    pay(order)
    period()
    assert set(deals(story, "pretix_position_key").values()) == {(100.0, "closedwon")}
    return order


def cancel(order, fee):
    services._cancel_order(order.pk, send_mail=False, cancellation_fee=Decimal(fee))


def test_a_canceled_order_of_which_a_fee_is_kept(story, period, paid):
    cancel(paid, "10.00")
    period()
    assert str(Order.objects.get().get_extended_status_display()) == "canceled (paid fee)"
    assert deals(story) == {"ADA/CONF/A1": (10.0, "closedlost")}


def test_a_canceled_order_of_which_a_fee_is_still_to_be_paid(story, period):
    order = story.order("A1", email="buyer@example.org", attendees=[ANN], queue=False)
    order.log_action("pretix.event.order.placed")
    period()
    cancel(order, "10.00")
    period()
    assert Order.objects.get().status == Order.STATUS_PENDING
    assert deals(story) == {"ADA/CONF/A1": (10.0, "closedlost")}


def test_a_canceled_event_of_which_fees_are_kept(story, period, paid):
    cancel_event(
        story.event.pk,
        subevent=None,
        auto_refund=True,
        keep_fee_fixed="5.00",
        keep_fee_per_ticket="",
        keep_fee_percentage="0.00",
        manual_refund=True,
        send=False,
        send_subject={},
        send_message={},
        user=None,
    )
    period()
    assert deals(story) == {"ADA/CONF/A1": (5.0, "closedlost")}


def test_one_of_two_booths_is_canceled(story, period, booths):
    change = services.OrderChangeManager(booths, notify=False)
    change.cancel(booths.positions.last())
    change.commit()
    period()
    assert deals(story, "pretix_position_key") == {
        "ADA/CONF/A1-1": (100.0, "closedwon"),
        "ADA/CONF/A1-2": (100.0, "closedlost"),
    }


def test_all_booths_are_canceled_and_a_fee_is_kept(story, period, booths):
    cancel(booths, "10.00")
    period()
    assert {stage for _, stage in deals(story, "pretix_position_key").values()} == {"closedlost"}


def test_the_whole_order_is_canceled_and_with_it_each_booth(story, period, booths):
    cancel(booths, "0.00")
    period()
    assert Order.objects.get().status == Order.STATUS_CANCELED
    assert not OrderPosition.all.filter(canceled=True).exists()
    assert {stage for _, stage in deals(story, "pretix_position_key").values()} == {"closedlost"}


def test_status_fields_say_the_same(story, period):
    for mapping, field in zip(
        story.event.hubspot_object_mappings.all(), ("order_status", "ticket_status"), strict=False
    ):
        story.add_rows(mapping, (field, "jobtitle", "overwrite"))
    order = story.order("A1", email="buyer@example.org", attendees=[ANN], queue=False)
    pay(order)
    period()
    cancel(order, "10.00")
    period()
    found = story.world(contacts=["email", "jobtitle"])["contacts"]
    assert {contact["email"]: contact["jobtitle"] for contact in found} == {
        "ann@example.org": "c",
        "buyer@example.org": "c",
    }


def test_only_paid_takes_neither_canceled_positions_nor_orders_with_a_fee(story, period):
    for mapping in story.event.hubspot_object_mappings.all():
        mapping.options = {"filters": {"paid": True}}
        mapping.save()
    order = story.order("A1", email="buyer@example.org", attendees=[ANN], queue=False)
    OrderPosition.all.update(canceled=True)
    Order.objects.update(status=Order.STATUS_PAID, total=Decimal("10.00"))
    order.log_action("pretix.event.order.canceled")
    period()
    assert story.world() == {"contacts": [], "deals": []}
    assert OrderState.objects.get().excluded_reason == "filter_paid"


def test_only_paid_keeps_what_was_sent_up_to_date(story, period):
    for mapping in story.event.hubspot_object_mappings.all():
        mapping.options = {"filters": {"paid": True}}
        mapping.save()
    order = story.order("A1", email="buyer@example.org", attendees=[ANN], queue=False)
    pay(order)
    period()
    cancel(order, "10.00")
    period()
    assert deals(story) == {"ADA/CONF/A1": (10.0, "closedlost")}
