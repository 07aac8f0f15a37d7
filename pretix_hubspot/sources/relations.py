"""Load the relations that source fields need: one query per relation, whatever the number of orders.

``LOADERS`` maps every name that a field's ``needs`` may hold to the function that loads it.
Shared objects (products, dates, vouchers …) are loaded once and attached by id; lists are rows, not model instances.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Model
from pretix.base.models import (
    Checkin,
    Customer,
    Discount,
    GiftCard,
    Invoice,
    InvoiceAddress,
    Item,
    ItemVariation,
    Membership,
    Order,
    OrderFee,
    OrderPayment,
    OrderPosition,
    OrderRefund,
    Question,
    QuestionAnswer,
    SalesChannel,
    Seat,
    SubEvent,
    Voucher,
)

from .field import Related

CHOICES = (Question.TYPE_CHOICE, Question.TYPE_CHOICE_MULTIPLE)
QUESTION = "question_"


@dataclass(frozen=True)
class LoadedOrders:
    """Orders and positions of one event that are read together; ``keys`` are the wanted fields."""

    event: object
    order_pks: tuple[int, ...]
    orders: dict[int, Order]
    positions: dict[int, OrderPosition]
    keys: frozenset[str]
    related: Related = field(default_factory=Related)

    @cached_property
    def positions_by_order(self) -> dict[int, list[OrderPosition]]:
        grouped: dict[int, list[OrderPosition]] = {pk: [] for pk in self.order_pks}
        for position in self.positions.values():
            grouped[position.order_id].append(position)
        return grouped


def set_relation(instance: Model, name: str, value) -> None:
    """Fills a foreign key's cache, as ``select_related`` would, without the descriptor's checks."""
    instance._state.fields_cache[name] = value


def _attach_shared(instances: Iterable[Model], name: str, objects: dict[int, Model]) -> None:
    attribute = f"{name}_id"
    for instance in instances:
        pk = getattr(instance, attribute)
        if pk is not None:
            set_relation(instance, name, objects.get(pk))


def _ids(instances, name):
    return {pk for pk in (getattr(instance, f"{name}_id") for instance in instances) if pk is not None}


def _shared(model, name, select=()):
    """A loader for a foreign key of positions with few distinct objects."""

    def load(part):
        positions = part.positions.values()
        objects = model.objects.select_related(*select).filter(pk__in=_ids(positions, name)).in_bulk()
        _attach_shared(positions, name, objects)

    return load


def _single(model, name, select=()):
    """A loader for a foreign key of positions where most positions have their own object."""

    def load(part):
        objects = model.objects.select_related(*select).filter(orderposition__order_id__in=part.order_pks).in_bulk()
        _attach_shared(part.positions.values(), name, objects)

    return load


def _rows(queryset, owner, *columns):
    """Plain rows with names, by the id in their column ``owner``."""
    grouped = defaultdict(list)
    for row in queryset.values_list(owner, *columns, named=True):
        grouped[getattr(row, owner)].append(row)
    return grouped


def _attach_rows(part, instances, name, grouped):
    for pk, instance in instances.items():
        part.related.attach(instance, name, grouped.get(pk, ()))


def _load_subevents(part):
    subevents = SubEvent.objects.filter(pk__in=_ids(part.positions.values(), "subevent")).in_bulk()
    for subevent in subevents.values():
        set_relation(subevent, "event", part.event)
    _attach_shared(part.positions.values(), "subevent", subevents)


def _load_payments(part):
    rows = OrderPayment.objects.filter(order_id__in=part.order_pks).order_by("local_id")
    _attach_rows(part, part.orders, "payments", _rows(rows, "order_id", "state", "amount", "payment_date", "provider"))


def _load_refunds(part):
    rows = OrderRefund.objects.filter(order_id__in=part.order_pks).order_by()
    _attach_rows(part, part.orders, "refunds", _rows(rows, "order_id", "state", "amount"))


def _load_fees(part):
    rows = OrderFee.objects.filter(order_id__in=part.order_pks).order_by()
    _attach_rows(part, part.orders, "fees", _rows(rows, "order_id", "value", "tax_value"))


def _load_invoices(part):
    rows = Invoice.objects.filter(order_id__in=part.order_pks).order_by("date", "pk")
    _attach_rows(part, part.orders, "invoices", _rows(rows, "order_id", "full_invoice_no", "date", "is_cancellation"))


def _load_invoice_addresses(part):
    empty = InvoiceAddress()
    addresses = {a.order_id: a for a in InvoiceAddress.objects.filter(order_id__in=part.order_pks)}
    for pk, order in part.orders.items():
        address = addresses.get(pk)
        if address is not None:
            set_relation(address, "order", order)
        set_relation(order, "invoice_address", address or empty)


def _load_customers(part):
    customers = Customer.objects.filter(pk__in=_ids(part.orders.values(), "customer")).in_bulk()
    _attach_shared(part.orders.values(), "customer", customers)


def _load_sales_channels(part):
    channels = SalesChannel.objects.filter(pk__in=_ids(part.orders.values(), "sales_channel")).in_bulk()
    for order in part.orders.values():
        part.related.attach(order, "sales_channel", channels[order.sales_channel_id])


def _load_positions(part):
    """The positions of each order, which the slice holds already."""
    _attach_rows(part, part.orders, "positions", part.positions_by_order)


def _load_addons(part):
    """The add-ons of each position, which the slice holds already."""
    grouped = defaultdict(list)
    for position in part.positions.values():
        if position.addon_to_id is not None:
            grouped[position.addon_to_id].append(position)
    _attach_rows(part, part.positions, "addons", grouped)


def _load_checkins(part):
    """Successful scans only, as everywhere in pretix."""
    rows = Checkin.objects.filter(position__order_id__in=part.order_pks).order_by()
    _attach_rows(part, part.positions, "checkins", _rows(rows, "position_id", "list_id", "type", "datetime"))


def _load_answers(part):
    """The wanted questions' answers: text, or for choices the identifiers of the chosen options in their order."""
    given = QuestionAnswer.objects.filter(orderposition__order_id__in=part.order_pks)
    _attach_answers(part, part.positions, _answers(part, given, "orderposition_id"))


def _load_order_answers(part):
    """The wanted answers to questions that are asked once in each order."""
    given = QuestionAnswer.objects.filter(order_id__in=part.order_pks)
    _attach_answers(part, part.orders, _answers(part, given, "order_id"))


def _attach_answers(part, instances, by_owner):
    for pk, instance in instances.items():
        part.related.attach(instance, "answers", by_owner.get(pk, {}))


def _answers(part, given, owner):
    """Answers to the wanted questions by the id in the column ``owner``."""
    wanted = [key.removeprefix(QUESTION) for key in part.keys if key.startswith(QUESTION)]
    answers = given.filter(question__identifier__in=wanted)
    chosen = defaultdict(list)
    options = QuestionAnswer.options.through.objects.filter(questionanswer__in=answers)
    ordered = options.order_by("questionoption__position", "questionoption_id")
    for answer_id, identifier in ordered.values_list("questionanswer_id", "questionoption__identifier"):
        chosen[answer_id].append(identifier)
    by_owner = defaultdict(dict)
    columns = ("pk", owner, "question__identifier", "question__type", "answer")
    for pk, owner_id, identifier, kind, answer in answers.values_list(*columns):
        by_owner[owner_id][identifier] = chosen.get(pk, []) if kind in CHOICES else answer
    return by_owner


def _load_gift_cards(part):
    issued = defaultdict(list)
    cards = GiftCard.objects.filter(issued_in__order_id__in=part.order_pks).order_by("pk")
    for position_id, secret in cards.values_list("issued_in_id", "secret"):
        issued[position_id].append(secret)
    _attach_rows(part, part.positions, "gift_cards", issued)


def _load_meta(part):
    """The event's meta data with the organizer's defaults, as ``Event.meta_data``."""
    part.related.attach(part.event, "meta", part.event.meta_data)


LOADERS = {
    "addons": _load_addons,
    "answers": _load_answers,
    "checkins": _load_checkins,
    "customer": _load_customers,
    "discount": _shared(Discount, "discount"),
    "fees": _load_fees,
    "gift_cards": _load_gift_cards,
    "invoice_address": _load_invoice_addresses,
    "invoices": _load_invoices,
    "item": _shared(Item, "item", ["category"]),
    "membership": _single(Membership, "used_membership", ["membership_type"]),
    "meta": _load_meta,
    "order_answers": _load_order_answers,
    "payments": _load_payments,
    "positions": _load_positions,
    "refunds": _load_refunds,
    "sales_channel": _load_sales_channels,
    "seat": _single(Seat, "seat"),
    "subevent": _load_subevents,
    "variation": _shared(ItemVariation, "variation"),
    "voucher": _single(Voucher, "voucher"),
}
