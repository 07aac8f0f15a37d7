"""Places orders through pretix' own order service, so that history, mails and signals are the real ones."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.utils.crypto import get_random_string
from django.utils.timezone import now
from pretix.base.models import CartPosition, Item, Order, Voucher
from pretix.base.models.orders import InvoiceAddress, QuestionAnswer
from pretix.base.services.orders import perform_order


@dataclass
class Ticket:
    """One position: for whom, with which add-ons (item and variation) and answers."""

    item: Item
    variation: str = ""
    given: str = ""
    family: str = ""
    email: str = ""
    company: str = ""
    voucher: str = ""
    date: object = None
    answers: dict = field(default_factory=dict)
    addons: tuple = ()


def buy(event, email, *tickets, address=None, locale="en", provider="banktransfer"):
    """Places one order and hands it back."""
    cart = get_random_string(32)
    positions = [position for ticket in tickets for position in fill_cart(event, cart, ticket)]
    invoice = InvoiceAddress.objects.create(**address) if address else None
    payment = {"id": get_random_string(8), "provider": provider, "max_value": None, "min_value": None,
               "multi_use_supported": False, "info_data": {}}  # fmt: skip
    answer = perform_order.apply(
        args=(event.pk, [payment], [position.pk for position in positions]),
        kwargs={"email": email, "locale": locale, "address": invoice and invoice.pk},
        throw=True,
    )
    return Order.objects.get(pk=answer.result["order_id"])


def fill_cart(event, cart, ticket, parent=None):
    voucher = Voucher.objects.get(event=event, code=ticket.voucher) if ticket.voucher else None
    variation = find_variation(ticket)
    price = (variation or ticket.item).price if variation else ticket.item.default_price
    position = CartPosition.objects.create(
        event=event,
        cart_id=cart,
        item=ticket.item,
        variation=variation,
        subevent=ticket.date,
        voucher=voucher,
        price=voucher.calculate_price(price) if voucher else price,
        expires=now() + timedelta(days=1),
        attendee_name_parts=name_parts(ticket),
        attendee_email=ticket.email or None,
        company=ticket.company or None,
        addon_to=parent,
    )
    for identifier, value in ticket.answers.items():
        answer_question(position, event.questions.get(identifier=identifier), value)
    yield position
    for addon in ticket.addons:
        yield from fill_cart(event, cart, addon, parent=position)


def find_variation(ticket):
    for variation in ticket.item.variations.all():
        if str(variation.value) == ticket.variation:
            return variation
    return None


def name_parts(ticket):
    if not ticket.given and not ticket.family:
        return {}
    return {"_scheme": "given_family", "given_name": ticket.given, "family_name": ticket.family}


def answer_question(position, question, value):
    options = [
        option for option in question.options.all() if str(option.answer) in (value if isinstance(value, tuple) else ())
    ]
    answer = QuestionAnswer.objects.create(
        cartposition=position,
        question=question,
        answer=", ".join(str(option.answer) for option in options) if options else str(value),
    )
    answer.options.add(*options)


def pay(order, part=Decimal("1")):
    """Confirms the bank transfer of an order, or part of its sum."""
    payment = order.payments.first()
    if part != 1:
        payment.amount = (order.total * part).quantize(Decimal("0.01"))
        payment.save()
    payment.confirm(send_mail=False)
    order.refresh_from_db()


def backdate(order, days):
    """Moves an order into the past, as if it had been placed then."""
    order.datetime = now() - timedelta(days=days)
    order.save(update_fields=["datetime"])
