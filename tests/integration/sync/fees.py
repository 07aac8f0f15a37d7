"""A third source as somebody would add it, in one module: the fees of an order."""

from collections import defaultdict

from pretix.base.datasync.sourcefields import DataFieldCategory
from pretix.base.models import OrderFee, Question

from pretix_hubspot.sources.field import SourceField, guarded
from pretix_hubspot.sources.order import ORDERS, order_key
from pretix_hubspot.sources.snapshot import PartSnapshot
from pretix_hubspot.sources.source import ORDER_FILTERS, KeyProperty, Parts, Source

FEE = "fee"
CATEGORY = DataFieldCategory(95, "Fee")


def fee_key(fee):
    return f"{order_key(fee.order)}-F{fee.pk}"


def fee_fields(event):
    text, number = Question.TYPE_STRING, Question.TYPE_NUMBER
    return [
        field("fee_key", "Fee key", text, fee_key),
        field("fee_description", "Fee description", text, lambda fee: fee.description),
        field("fee_value", "Fee value", number, lambda fee: str(fee.value)),
        field("fee_canceled", "Fee is canceled", Question.TYPE_BOOLEAN, lambda fee: fee.canceled),
    ]


def field(key, label, kind, getter):
    return SourceField(key, label, kind, CATEGORY, FEE, None, guarded(key, FEE, getter))


def rows(loaded):
    """The fees of each order, canceled ones included, in one query."""
    found = defaultdict(list)
    for fee in OrderFee.all.filter(order_id__in=loaded.order_pks).order_by("pk"):
        fee.order = loaded.orders[fee.order_id]
        found[fee.order_id].append(fee)
    return found


def snapshot(fee, values):
    return PartSnapshot(fee.pk, f"F{fee.pk}", fee.canceled, values, price=fee.value)


FEES = Source(
    key="OrderFee",
    label="Order fee",
    inputs=ORDERS.inputs | {FEE},
    fields=fee_fields,
    identity=frozenset({"fee_key"}),
    link="fee",
    key_property=KeyProperty("fee_key", "pretix_fee_key", "pretix fee key", "Identifies the fee."),
    filters=ORDER_FILTERS,
    of=ORDERS,
    parts=Parts(rows, lambda loaded, fee: {FEE: fee}, snapshot),
)
