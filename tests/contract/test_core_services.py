"""What happens to orders through pretix's own services arrives in the portal after one period, exactly."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now
from pretix.base.models import Order, OrderPayment, OrderRefund
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services import orders as services

pytestmark = [pytest.mark.contract, pytest.mark.django_db]

NEW = ["appointmentscheduled", "100", "0", "0", "100", "1"]
PAID = ["closedwon", "100", "100", "0", "0", "1"]


@pytest.fixture
def placed(story, books):
    """Places an order as the shop does, and lets it arrive."""

    def placed(code="A1", expected=NEW, **values):
        order = story.order(code, queue=False, **values)
        order.log_action("pretix.event.order.placed")
        assert books()[code] == expected
        return order

    return placed


def pay(order, amount="100.00"):
    payment = order.payments.create(provider="manual", amount=Decimal(amount), state=OrderPayment.PAYMENT_STATE_PENDING)
    payment.confirm(send_mail=False)
    return payment


def test_paid(placed, books):
    pay(placed())
    assert books() == {"A1": PAID}


def test_partial_payment_sends_no_signal_and_arrives(placed, books):
    order = placed()
    pay(order, "40.00")
    assert not OrderSyncQueue.objects.exists(), "no signal: the sweep has to find it"
    assert books() == {"A1": ["appointmentscheduled", "100", "40", "0", "60", "1"]}


def test_refund_sends_no_signal_and_arrives(placed, books):
    order = placed()
    payment = pay(order)
    assert books() == {"A1": PAID}
    refund = order.refunds.create(
        provider="manual", amount=Decimal("30.00"), payment=payment, state=OrderRefund.REFUND_STATE_CREATED
    )
    refund.done()
    assert not OrderSyncQueue.objects.exists(), "no signal: the sweep has to find it"
    assert books() == {"A1": ["closedwon", "100", "100", "30", "30", "1"]}


def test_changed_email_makes_the_new_contact_and_keeps_the_old_one(placed, books, story):
    order = placed(email="ada@example.org")
    order.email = "augusta@example.org"
    order.save()
    order.log_action("pretix.event.order.contact.changed", data={"old_email": "ada", "new_email": "augusta"})
    assert books() == {"A1": NEW}
    assert [contact["email"] for contact in story.world()["contacts"]] == ["ada@example.org", "augusta@example.org"]
    [deal] = story.world()["deals"]
    assert deal["associations"] == {"contacts": ["ada@example.org", "augusta@example.org"]}


def test_changed_positions_and_prices(placed, books):
    order = placed(attendees=[("", "", "")] * 2, expected=["appointmentscheduled", "200", "0", "0", "200", "2"])
    change = services.OrderChangeManager(order, notify=False)
    change.cancel(order.positions.first())
    change.change_price(order.positions.last(), Decimal("70.00"))
    change.commit()
    assert books() == {"A1": ["appointmentscheduled", "70", "0", "0", "70", "1"]}


def test_split_sends_both_orders(placed, books):
    order = placed(attendees=[("", "", "")] * 2, expected=["appointmentscheduled", "200", "0", "0", "200", "2"])
    change = services.OrderChangeManager(order, notify=False)
    change.split(order.positions.last())
    change.commit()
    new = Order.objects.exclude(pk=order.pk).get()
    assert books() == {"A1": NEW, new.code: NEW}


def test_canceled_then_reactivated(placed, books):
    order = placed()
    services._cancel_order(order, send_mail=False)
    assert books() == {"A1": ["closedlost", "100", "0", "0", "0", "1"]}
    services.reactivate_order(Order.objects.get(pk=order.pk), force=True)
    assert books() == {"A1": NEW}


def test_expired_then_extended(placed, books):
    order = placed()
    services.mark_order_expired(order)
    assert books()["A1"][0] == "closedlost"
    services.extend_order(Order.objects.get(pk=order.pk), now() + timedelta(days=20), force=True)
    assert books() == {"A1": NEW}


def test_approved_and_denied(placed, books):
    yes, no = placed("A1", require_approval=True), placed("A2", require_approval=True)
    services.approve_order(yes, send_mail=False)
    services.deny_order(no, send_mail=False)
    assert books() == {"A1": NEW, "A2": ["closedlost", "100", "0", "0", "0", "1"]}


def test_test_mode_is_left_out_until_somebody_asks(story, books, placed):
    order = story.order("A1", queue=False, testmode=True)
    order.log_action("pretix.event.order.placed")
    assert books() == {}
    story.queue(order, "user")
    assert books() == {"A1": NEW}
    pay(order)
    assert books() == {"A1": PAID}, "asked for once, it stays in scope"


@pytest.mark.parametrize("lost", ["signal", "row"])
def test_a_lost_signal_or_row_is_found_by_the_sweep(placed, books, lost):
    order = placed()
    pay(order)
    if lost == "row":
        assert OrderSyncQueue.objects.exists()
    OrderSyncQueue.objects.all().delete()
    assert books() == {"A1": PAID}
