"""Things beside an order that its plan reads: the event, a date, a product …, and the orders that have one of them.

A change of such a thing leaves no entry in the history of its orders; ``sync.queue.dependents`` finds them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from django.db.models import Model, Q
from pretix.base.models import (
    CheckinList,
    Customer,
    Discount,
    Event,
    EventMetaProperty,
    GiftCard,
    Item,
    ItemCategory,
    ItemVariation,
    MembershipType,
    OrderPosition,
    Organizer,
    Question,
    QuestionAnswer,
    QuestionOption,
    SalesChannel,
    SubEvent,
    Voucher,
)


class Thing(StrEnum):
    """A kind of thing that source fields read beside the order and its own rows."""

    EVENT = "event"
    DATE = "date"
    PRODUCT = "product"
    QUESTION = "question"
    CUSTOMER = "customer"
    MEMBERSHIP = "membership"
    VOUCHER = "voucher"
    DISCOUNT = "discount"
    GIFT_CARD = "gift_card"
    INVOICE = "invoice"


#: What a relation that a field needs (``SourceField.needs``) belongs to. Rows of the order itself (payments, fees,
#: answers of a buyer, scans …) are told by the order's own history; a seat's name has no entry anywhere.
BY_NEED: Mapping[str, frozenset[Thing]] = {
    "addons": frozenset({Thing.PRODUCT}),
    "answers": frozenset({Thing.QUESTION}),
    "checkins": frozenset(),
    "customer": frozenset({Thing.CUSTOMER}),
    "discount": frozenset({Thing.DISCOUNT}),
    "fees": frozenset(),
    "gift_cards": frozenset({Thing.GIFT_CARD}),
    "invoice_address": frozenset(),
    "invoices": frozenset({Thing.INVOICE}),
    "item": frozenset({Thing.PRODUCT}),
    "membership": frozenset({Thing.MEMBERSHIP}),
    "meta": frozenset({Thing.EVENT}),
    "order_answers": frozenset({Thing.QUESTION}),
    "payments": frozenset(),
    "positions": frozenset(),
    "refunds": frozenset(),
    "sales_channel": frozenset(),
    "seat": frozenset(),
    "subevent": frozenset({Thing.DATE}),
    "variation": frozenset({Thing.PRODUCT}),
    "voucher": frozenset({Thing.VOUCHER}),
}

#: Things of the order itself: their change is the order's.
OF_ORDER = frozenset({Thing.GIFT_CARD, Thing.INVOICE})

#: Models of which one object concerns all orders of an event; whether it did, ``mappings.reads`` compares.
OF_ALL_ORDERS: frozenset[type[Model]] = frozenset({Event, Organizer, EventMetaProperty, SalesChannel, CheckinList})
#: Models of which one object concerns the orders with a position that has it, by the position's lookup.
OF_POSITIONS: Mapping[type[Model], tuple[tuple[Thing, str], ...]] = {
    SubEvent: ((Thing.DATE, "subevent"),),
    Item: ((Thing.PRODUCT, "item"),),
    ItemCategory: ((Thing.PRODUCT, "item__category"),),
    ItemVariation: ((Thing.PRODUCT, "variation"),),
    Customer: ((Thing.MEMBERSHIP, "used_membership__customer"),),
    MembershipType: ((Thing.MEMBERSHIP, "used_membership__membership_type"),),
    Voucher: ((Thing.VOUCHER, "voucher"),),
    Discount: ((Thing.DISCOUNT, "discount"),),
    GiftCard: ((Thing.GIFT_CARD, "issued_gift_cards"),),
}
#: All models whose log entries count.
MODELS = (*OF_ALL_ORDERS, *OF_POSITIONS, Question, QuestionOption)


def orders_with(thing: Thing, model: type[Model], keys: Iterable[int]) -> Q | None:
    """The condition for orders that have one of these objects as this kind of thing; None for objects that are
    none.
    """
    found = list(keys)
    if thing == Thing.CUSTOMER and model is Customer:
        return Q(customer__in=found)
    if thing == Thing.QUESTION and model in (Question, QuestionOption):
        return _answering("question" if model is Question else "options", found)
    lookups = [lookup for of, lookup in OF_POSITIONS.get(model, ()) if of == thing]
    if not lookups:
        return None
    positions = OrderPosition.all.filter(**{f"{lookups[0]}__in": found})
    return Q(pk__in=positions.order_by().values("order"))


def _answering(lookup: str, keys: list[int]) -> Q:
    """pretix 2026.8 also has answers of the order as a whole."""
    answers = QuestionAnswer.objects.filter(**{f"{lookup}__in": keys}).order_by()
    positions = OrderPosition.all.filter(pk__in=answers.values("orderposition")).order_by()
    condition = Q(pk__in=positions.values("order"))
    if any(field.name == "order" for field in QuestionAnswer._meta.get_fields()):
        condition |= Q(pk__in=answers.exclude(order=None).values("order"))
    return condition
