"""Source fields of an order position that core does not have."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from pretix.base.datasync.sourcefields import (
    CAT_ATTENDEE,
    CAT_ORDER_POSITION,
    CAT_PRODUCT,
    EVENT_OR_SUBEVENT,
    ORDER_POSITION,
)
from pretix.base.models import Question

from . import labels, readers
from .field import SourceField, WithRelated, guarded
from .order import ORDERS, order_key
from .snapshot import POSITION, PositionSnapshot
from .source import KeyProperty, Parts, Source
from .things import Thing

TEXT, NUMBER, FLAG, WHEN = Question.TYPE_STRING, Question.TYPE_NUMBER, Question.TYPE_BOOLEAN, Question.TYPE_DATETIME


def position_key(position):
    """Our identifier of a position."""
    return f"{order_key(position.order)}-{position.positionid}"


def position_fields(event) -> list[SourceField]:
    """Fields of an order position, labels in the current language."""
    return [
        *_ticket_fields(event.timezone),
        *_product_fields(event),
        *_address_fields(),
        *_checkin_fields(event.timezone, event.checkin_lists.values_list("pk", "name")),
    ]


def _field(
    key, label, kind, getter, *, needs=(), options=None, options_of=None, category=CAT_ORDER_POSITION, sensitive=False
):
    return SourceField(
        key=key,
        label=str(label),
        type=kind,
        category=category,
        required_input=ORDER_POSITION,
        enum_opts=labels.shown(options),
        synonyms=labels.synonyms(options, ()),
        read=guarded(key, ORDER_POSITION, getter),
        sensitive=sensitive,
        needs=frozenset(needs),
        options_of=options_of,
    )


def _ticket_fields(timezone):
    return [
        _field("position_key", _("Position key"), TEXT, position_key),
        _field("position_number", _("Position number"), NUMBER, lambda p: str(p.positionid)),
        _field("position_canceled", _("Position is canceled"), FLAG, lambda p: bool(p.canceled)),
        _field("ticket_net", _("Ticket net price"), NUMBER, lambda p: str(p.price - p.tax_value)),
        _field("ticket_tax", _("Ticket tax"), NUMBER, lambda p: str(p.tax_value)),
        _field("ticket_tax_rate", _("Ticket tax rate"), NUMBER, lambda p: f"{p.tax_rate.normalize():f}"),
        _field("ticket_valid_from", _("Ticket valid from"), WHEN, lambda p: readers.moment(p.valid_from, timezone)),
        _field("ticket_valid_until", _("Ticket valid until"), WHEN, lambda p: readers.moment(p.valid_until, timezone)),
        _field("voucher_tag", _("Voucher tag"), TEXT, voucher_tag, needs=["voucher"]),
        _field("voucher_budget_use", _("Voucher discount"), NUMBER, voucher_discount),
        _field(
            "discount",
            _("Automatic discount"),
            TEXT,
            lambda p: p.discount.internal_name if p.discount_id else "",
            needs=["discount"],
        ),
        _field("seat", _("Seat"), TEXT, lambda p: str(p.seat) if p.seat_id else "", needs=["seat"]),
        _field("seat_id", _("Seat ID"), TEXT, lambda p: p.seat.seat_guid if p.seat_id else "", needs=["seat"]),
        _field("membership", _("Membership"), TEXT, membership, needs=["membership"]),
        _field(
            "gift_card_codes",
            _("Gift card codes issued"),
            TEXT,
            WithRelated(lambda p, related: ";".join(related(p, "gift_cards"))),
            needs=["gift_cards"],
            sensitive=True,
        ),
    ]


def voucher_tag(position):
    """The tag of the voucher that was used."""
    return position.voucher.tag if position.voucher_id else ""


def voucher_discount(position):
    """The part of a voucher's budget that the position used; known only for vouchers with a budget."""
    return str(position.voucher_budget_use) if position.voucher_budget_use is not None else None


def membership(position):
    """The type of the membership that was used to buy the position."""
    return str(position.used_membership.membership_type.name) if position.used_membership_id else ""


def _product_fields(event):
    items = event.items.values_list("pk", "internal_name", "name")
    products = [(pk, internal_name or name) for pk, internal_name, name in items]
    return [
        _field(
            "product_choice",
            _("Product"),
            Question.TYPE_CHOICE,
            lambda p: [str(p.item_id)],
            options=products,
            options_of=Thing.PRODUCT,
            category=CAT_PRODUCT,
        ),
        _field(
            "product_name",
            _("Product name"),
            TEXT,
            lambda p: str(p.item.name),
            needs=["item"],
            category=CAT_PRODUCT,
        ),
        _field(
            "product_category",
            _("Product category"),
            TEXT,
            lambda p: str(p.item.category.name) if p.item.category_id else "",
            needs=["item"],
            category=CAT_PRODUCT,
        ),
        _field(
            "variation",
            _("Variation"),
            TEXT,
            lambda p: str(p.variation.value) if p.variation_id else "",
            needs=["variation"],
            category=CAT_PRODUCT,
        ),
        _field(
            "addons",
            _("Add-on products"),
            Question.TYPE_CHOICE_MULTIPLE,
            WithRelated(addons),
            needs=["addons"],
            options=products,
            category=CAT_PRODUCT,
        ),
        _field(
            "is_addon",
            _("Position is an add-on"),
            FLAG,
            lambda p: bool(p.addon_to_id),
            category=CAT_PRODUCT,
        ),
    ]


def addons(position, related):
    """The products added to this position, each once, canceled ones left out."""
    return list(dict.fromkeys(str(a.item_id) for a in related(position, "addons") if not a.canceled))


ADDRESS = ("company", "street", "zipcode", "city", "country", "state")


def attendee_address(position):
    """The position's address, else that of its parent, else None; an address is taken whole, never mixed."""
    for source in (position, position.addon_to if position.addon_to_id else None):
        if source is not None and (source.street or source.city or source.zipcode or source.company):
            return source
    return None


def invoice_address(position):
    """The order's invoice address, or None when it is empty."""
    address = position.order.invoice_address
    return address if address.street or address.city or address.zipcode or address.company else None


def _preferred(first, second, part, position):
    address = first(position) or second(position)
    value = getattr(address, part) if address is not None else None
    return readers.country_code(value) if part == "country" else value


def _address_fields():
    texts = {
        "company": (_("Attendee or invoice address company"), _("Invoice or attendee address company")),
        "street": (_("Attendee or invoice address street"), _("Invoice or attendee address street")),
        "zipcode": (_("Attendee or invoice address ZIP code"), _("Invoice or attendee address ZIP code")),
        "city": (_("Attendee or invoice address city"), _("Invoice or attendee address city")),
        "country": (_("Attendee or invoice address country"), _("Invoice or attendee address country")),
        "state": (_("Attendee or invoice address state"), _("Invoice or attendee address state")),
    }
    kinds = {"country": Question.TYPE_COUNTRYCODE}
    orders = (
        ("attendee_or_invoice", attendee_address, invoice_address, 0),
        ("invoice_or_attendee", invoice_address, attendee_address, 1),
    )
    state = _field(
        "attendee_state",
        _("Attendee address state"),
        TEXT,
        lambda p: readers.holder(p, "state"),
        category=CAT_ATTENDEE,
    )
    return [state] + [
        _field(
            f"{prefix}_{part}",
            texts[part][index],
            kinds.get(part, TEXT),
            partial(_preferred, first, second, part),
            needs=["invoice_address"],
            category=CAT_ATTENDEE,
        )
        for prefix, first, second, index in orders
        for part in ADDRESS
    ]


def _checkin_fields(timezone, checkin_lists):
    fields = []
    for pk, name in checkin_lists:
        fields += [
            _field(
                f"first_checkin_{pk}",
                _("First check-in on list {name}").format(name=name),
                WHEN,
                WithRelated(partial(_scan, min, "entry", pk, timezone)),
                needs=["checkins"],
            ),
            _field(
                f"last_checkout_{pk}",
                _("Last check-out on list {name}").format(name=name),
                WHEN,
                WithRelated(partial(_scan, max, "exit", pk, timezone)),
                needs=["checkins"],
            ),
        ]
    return fields


def _scan(pick, kind, list_pk, timezone, position, related):
    scans = (c.datetime for c in related(position, "checkins") if c.list_id == list_pk and c.type == kind)
    return readers.moment(pick(scans, default=None), timezone)


def _inputs(loaded, position):
    """A position of a series has a date of its own, which is loaded when a wanted field needs it."""
    is_dated = position.subevent_id and "subevent" in position._state.fields_cache
    return {ORDER_POSITION: position, EVENT_OR_SUBEVENT: position.subevent if is_dated else loaded.event}


def _snapshot(position, values):
    return PositionSnapshot(
        pk=position.pk,
        number=position.positionid,
        canceled=position.canceled,
        values=values,
        price=position.price,
        item=position.item_id,
        variation=position.variation_id,
        subevent=position.subevent_id,
    )


POSITIONS = Source(
    key=POSITION,
    label=pgettext_lazy("object mapping", "Order position"),
    inputs=ORDERS.inputs | {ORDER_POSITION, EVENT_OR_SUBEVENT},
    fields=position_fields,
    identity=frozenset({"position_key", "ticket_id", "position_id"}),
    link="position",
    key_property=KeyProperty(
        "position_key",
        "pretix_position_key",
        "pretix position key",
        "Identifies the position in a pretix order. Do not change the values.",
    ),
    of=ORDERS,
    parts=Parts(lambda loaded: loaded.positions_by_order, _inputs, _snapshot),
)
