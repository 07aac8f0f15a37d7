"""Source fields of an order that core does not have: sums, payment, customer account, invoice, our key."""

from decimal import Decimal
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pretix.base.datasync.sourcefields import CAT_INVOICE_ADDRESS, CAT_ORDER, EVENT, DataFieldCategory
from pretix.base.datasync.sourcefields import ORDER as ORDER_INPUT
from pretix.base.models import Order, OrderPayment, OrderRefund, Question

from . import labels, names, readers
from .field import SourceField, WithRelated, guarded
from .snapshot import ORDER
from .source import KeyProperty, Source
from .things import Thing

RECEIVED = frozenset({OrderPayment.PAYMENT_STATE_CONFIRMED, OrderPayment.PAYMENT_STATE_REFUNDED})
GIVEN_BACK = frozenset(
    {OrderRefund.REFUND_STATE_DONE, OrderRefund.REFUND_STATE_TRANSIT, OrderRefund.REFUND_STATE_CREATED}
)
ZERO = Decimal("0.00")
CAT_CUSTOMER = DataFieldCategory(23, gettext_lazy("Customer account"))


def order_key(order):
    """Our identifier of an order: order codes are unique per organizer only, and events share a portal."""
    return f"{order.event.organizer.slug.upper()}/{order.event.slug.upper()}/{order.code}"


def order_fields(event) -> list[SourceField]:
    """Fields of the order itself, labels in the current language."""
    timezone = event.timezone
    text, flag, when = Question.TYPE_STRING, Question.TYPE_BOOLEAN, Question.TYPE_DATETIME
    channels = event.organizer.sales_channels.values_list("identifier", "label")
    return [
        _field("order_key", _("Order key"), text, order_key),
        _field("order_phone", _("Order phone number"), Question.TYPE_PHONENUMBER, lambda o: str(o.phone or "")),
        _field("order_comment", _("Order comment (internal)"), Question.TYPE_TEXT, lambda o: o.comment),
        _field("order_testmode", _("Test mode order"), flag, lambda o: bool(o.testmode)),
        _field("order_requires_approval", _("Order requires approval"), flag, lambda o: bool(o.require_approval)),
        _field("order_expires", _("Payment deadline"), when, lambda o: readers.moment(o.expires, timezone)),
        _field(
            "order_cancellation_date",
            _("Cancellation date and time"),
            when,
            lambda o: readers.moment(o.cancellation_date, timezone),
        ),
        _field(
            "sales_channel",
            _("Sales channel"),
            Question.TYPE_CHOICE,
            WithRelated(lambda o, related: [related(o, "sales_channel").identifier]),
            needs=("sales_channel",),
            options=list(channels),
            options_of=Thing.EVENT,
        ),
        _number("payment_sum", _("Sum of payments"), received, "payments"),
        _number("refund_sum", _("Sum of refunds"), given_back, "refunds"),
        _number("pending_sum", _("Pending amount"), pending, "payments", "refunds"),
        _number("fee_sum", _("Sum of fees"), fee_sum, "fees"),
        _number("order_tax", _("Order tax"), tax, "fees", "positions"),
        _number("order_net", _("Order net total"), lambda o, related: o.total - tax(o, related), "fees", "positions"),
        _number("gift_card_sum", _("Paid with gift cards"), gift_cards, "payments"),
        _number(
            "position_count",
            _("Number of positions (without canceled)"),
            lambda o, related: len(active_positions(o, related)),
            "positions",
        ),
        *_payment_fields(event),
        *_buyer_fields(event.settings.name_scheme),
        *_customer_fields(),
        *_invoice_fields(),
    ]


def _field(key, label, kind, getter, *, needs=(), options=None, options_of=None, locales=(), category=CAT_ORDER):
    return SourceField(
        key=key,
        label=str(label),
        type=kind,
        category=category,
        required_input=ORDER_INPUT,
        enum_opts=labels.shown(options),
        synonyms=labels.synonyms(options, locales),
        read=guarded(key, ORDER_INPUT, getter),
        needs=frozenset(needs),
        options_of=options_of,
    )


def _number(key, label, compute, *needs):
    """A field for a sum or count of objects that belong to the order."""
    getter = WithRelated(lambda order, related: str(compute(order, related)))
    return _field(key, label, Question.TYPE_NUMBER, getter, needs=needs)


def received(order, related):
    """The sum of payments, refunded or not."""
    return sum((p.amount for p in related(order, "payments") if p.state in RECEIVED), ZERO)


def given_back(order, related):
    """The sum of refunds, finished or on their way."""
    return sum((r.amount for r in related(order, "refunds") if r.state in GIVEN_BACK), ZERO)


def pending(order, related):
    """The sum that is still to be paid, as core's ``Order.pending_sum``; negative when too much was paid."""
    total = ZERO if order.status == Order.STATUS_CANCELED else order.total
    return total - received(order, related) + given_back(order, related)


def active_positions(order, related):
    """The positions that are not canceled."""
    return [position for position in related(order, "positions") if not position.canceled]


def fee_sum(order, related):
    """All fees that are not canceled, tax included."""
    return sum((fee.value for fee in related(order, "fees")), ZERO)


def tax(order, related):
    """All tax in the order's total."""
    positions = sum((position.tax_value for position in active_positions(order, related)), ZERO)
    return positions + sum((fee.tax_value for fee in related(order, "fees")), ZERO)


def gift_cards(order, related):
    """The sum of payments by gift card."""
    return sum(
        (p.amount for p in related(order, "payments") if p.provider == "giftcard" and p.state in RECEIVED),
        ZERO,
    )


def _payment_fields(event):
    providers = event.get_payment_providers(cached=True)
    return [
        _field(
            "payment_provider",
            _("Payment method"),
            Question.TYPE_CHOICE,
            WithRelated(payment_provider),
            needs=("payments",),
            options=[(identifier, provider.verbose_name) for identifier, provider in providers.items()],
            options_of=Thing.EVENT,
            locales=event.settings.locales,
        )
    ]


def payment_provider(order, related):
    """The method of the newest payment that arrived, else of the newest attempt; payments are in order of creation."""
    payments = [p for p in related(order, "payments") if p.provider]
    arrived = [p for p in payments if p.state in RECEIVED]
    newest = (arrived or payments)[-1:]
    return [p.provider for p in newest]


def _buyer_fields(scheme):
    def field(key, label, get):
        needs = ("invoice_address", "customer", "positions")
        return _field(key, label, Question.TYPE_STRING, WithRelated(partial(get, scheme)), needs=needs)

    return [
        field("buyer_name", _("Buyer's name"), buyer_name),
        field("buyer_name_given_name", _("Buyer's given name"), partial(buyer_name_part, names.GIVEN)),
        field("buyer_name_family_name", _("Buyer's family name"), partial(buyer_name_part, names.FAMILY)),
    ]


def buyer_name(scheme, order, related):
    """The buyer's name, taken as a whole from one place."""
    return names.whole(*_buyer(order, related, scheme)) or ""


def buyer_name_part(key, scheme, order, related):
    """A part of the buyer's name."""
    parts, scheme, cached = _buyer(order, related, scheme)
    return names.part(parts, key, scheme, cached)


def _buyer(order, related, scheme):
    """The parts of the buyer's name, their scheme, and the name as pretix stores it.

    Private customers leave the invoice address empty, so their customer account's name counts then, and without one
    that of an attendee: of the one with the order's address, or else the first with a name.
    """
    address, customer = order.invoice_address, order.customer if order.customer_id else None
    attendees = [p for p in active_positions(order, related) if names.is_named(p.attendee_name_parts)]
    attendees.sort(key=lambda position: not _is_of(order, position))  # stable: the first of each kind stays first
    candidates = [
        (address.name_parts, address.name_cached),
        *([(customer.name_parts, customer.name_cached)] if customer else []),
        *((position.attendee_name_parts, position.attendee_name_cached) for position in attendees),
    ]
    parts, cached = next((found for found in candidates if names.is_named(found[0])), ({}, ""))
    return parts, scheme, cached


def _is_of(order, position):
    """Whether an attendee has the order's address."""
    return bool(order.email) and (position.attendee_email or "").strip().lower() == order.email.strip().lower()


def _customer_fields():
    def field(key, label, kind, get):
        return _field(
            key,
            label,
            kind,
            lambda order: get(order.customer) if order.customer_id else None,
            needs=("customer",),
            category=CAT_CUSTOMER,
        )

    return [
        field("customer_id", _("Customer ID"), Question.TYPE_STRING, lambda c: c.identifier),
        field("customer_email", _("Customer email"), Question.TYPE_STRING, lambda c: readers.clean_email(c.email)),
        field("customer_name", _("Customer name"), Question.TYPE_STRING, lambda c: c.name_cached),
        field("customer_phone", _("Customer phone number"), Question.TYPE_PHONENUMBER, lambda c: str(c.phone or "")),
        field(
            "customer_external_id",
            _("Customer external identifier"),
            Question.TYPE_STRING,
            lambda c: c.external_identifier,
        ),
    ]


def newest_invoice(order, related):
    """The newest invoice that is not a cancellation, or None; invoices are in order of date and number."""
    return next((i for i in reversed(related(order, "invoices")) if not i.is_cancellation), None)


def _invoice_fields():
    def address(key, label, kind, get):
        return _field(
            f"invoice_address_{key}",
            label,
            kind,
            lambda order: get(order.invoice_address),
            needs=("invoice_address",),
            category=CAT_INVOICE_ADDRESS,
        )

    def invoice(key, label, kind, get):
        def getter(order, related):
            found = newest_invoice(order, related)
            return get(found) if found else None

        return _field(key, label, kind, WithRelated(getter), needs=("invoices",))

    text, flag = Question.TYPE_STRING, Question.TYPE_BOOLEAN
    return [
        address("state", _("Invoice address state"), text, lambda a: a.state),
        address("is_business", _("Invoice address: business customer"), flag, lambda a: bool(a.is_business)),
        address("vat_id", _("Invoice address VAT ID"), text, lambda a: a.vat_id),
        address("vat_id_validated", _("Invoice address VAT ID validated"), flag, lambda a: bool(a.vat_id_validated)),
        address("internal_reference", _("Invoice address internal reference"), text, lambda a: a.internal_reference),
        address("beneficiary", _("Invoice address beneficiary"), Question.TYPE_TEXT, lambda a: a.beneficiary),
        address("custom_field", _("Invoice address custom field"), text, lambda a: a.custom_field),
        invoice("invoice_number", _("Invoice number"), text, lambda i: i.full_invoice_no),
        invoice("invoice_date", _("Invoice date"), Question.TYPE_DATE, lambda i: i.date.isoformat()),
    ]


ORDERS = Source(
    key=ORDER,
    label=gettext_lazy("Order"),
    inputs=frozenset({ORDER_INPUT, EVENT}),
    fields=order_fields,
    identity=frozenset({"order_key", "order_code", "event_order_code"}),
    link="order",
    key_property=KeyProperty(
        "order_key", "pretix_order_key", "pretix order key", "Identifies the pretix order. Do not change the values."
    ),
    title="event_order_code",
)
