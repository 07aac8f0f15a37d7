"""pretix rows -> plain data: the only reader of orders.

A slice costs two queries for orders and positions, and one (answers: two) for every relation that a wanted field needs,
for one order as for a hundred.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django_scopes import scope
from pretix.base.datasync.sourcefields import EVENT, EVENT_OR_SUBEVENT
from pretix.base.datasync.sourcefields import ORDER as ORDER_INPUT
from pretix.base.i18n import language
from pretix.base.models import Order, OrderPosition

from pretix_hubspot.values.rows import FieldRefused

from .field import RELATED, SourceField
from .order import ORDERS
from .position import POSITIONS
from .registry import SOURCES
from .relations import LOADERS, LoadedOrders, set_relation
from .snapshot import OrderSnapshot

PLAIN = (str, bool, list, type(None), FieldRefused)


def load(
    event,
    order_pks: Sequence[int],
    wanted: Mapping[str, frozenset[str]],
    fields: Mapping[str, SourceField],
    locale: str,
) -> list[OrderSnapshot]:
    """Read orders of one event with the values of the wanted fields, in the order of ``order_pks``.

    ``wanted`` names field keys by the key of the source; a key that is not among ``fields`` has no value.
    Names of products, dates and the event come in ``locale``.
    Orders that were deleted, or belong to another event, are left out.
    """
    chosen = {source: [fields[key] for key in keys if key in fields] for source, keys in wanted.items()}
    with scope(organizer=event.organizer), language(locale, event.settings.region):
        loaded = _load_orders(event, order_pks, chosen)
        read = _Reader(loaded, chosen)
        return [read.order(loaded.orders[pk]) for pk in order_pks if pk in loaded.orders]


def event_values(event, fields: Iterable[SourceField], locale: str) -> dict[str, Any]:
    """Read those of the fields whose values are the event's, and so the same for all of its orders."""
    inputs = (EVENT,) if event.has_subevents else (EVENT, EVENT_OR_SUBEVENT)
    chosen = [field for field in fields if field.required_input in inputs]
    with scope(organizer=event.organizer), language(locale, event.settings.region):
        loaded = LoadedOrders(event, (), {}, {}, frozenset(field.key for field in chosen))
        for need in sorted({need for field in chosen for need in field.needs}):
            LOADERS[need](loaded)
        read = {**dict.fromkeys(inputs, event), RELATED: loaded.related}
        return {field.key: _plain(field.read(read)) for field in chosen}


def _load_orders(event, order_pks, chosen):
    """Orders, positions and all relations that the chosen fields need."""
    orders = Order.objects.filter(event=event, pk__in=tuple(order_pks)).in_bulk()
    for order in orders.values():
        set_relation(order, "event", event)
    pks = tuple(orders)  # without deleted ones
    rows = OrderPosition.all.filter(order_id__in=pks).order_by("order_id", "positionid", "pk")
    positions = {position.pk: position for position in rows}
    for position in positions.values():
        set_relation(position, "order", orders[position.order_id])
        if position.addon_to_id is not None:
            set_relation(position, "addon_to", positions.get(position.addon_to_id))
    wanted = [field for fields in chosen.values() for field in fields]
    loaded = LoadedOrders(event, pks, orders, positions, frozenset(field.key for field in wanted))
    for need in sorted({need for field in wanted for need in field.needs}):
        LOADERS[need](loaded)
    return loaded


class _Reader:
    """Reads chosen fields from loaded instances; a value that many parts share is read once per slice."""

    def __init__(self, loaded, chosen):
        self.loaded = loaded
        self.chosen = chosen
        self.shared = {}
        others = [SOURCES[key] for key in chosen if SOURCES[key].parts and key != POSITIONS.key]
        self.parts = {source: source.parts.rows(loaded) for source in (POSITIONS, *others)}

    def order(self, order):
        inputs = {ORDER_INPUT: order, EVENT: self.loaded.event, RELATED: self.loaded.related}
        parts = {
            source.key: tuple(self._part(source, inputs, row) for row in rows.get(order.pk, ()))
            for source, rows in self.parts.items()
        }
        return OrderSnapshot(
            pk=order.pk,
            code=order.code,
            status=order.status,
            testmode=order.testmode,
            values=self._values(ORDERS, inputs),
            positions=parts.pop(POSITIONS.key),
            total=order.total,
            has_account=order.customer_id is not None,
            sales_channel=order.sales_channel_id,
            other_parts=parts,
        )

    def _part(self, source, inputs, row):
        inputs = {**inputs, **source.parts.inputs(self.loaded, row)}
        return source.parts.snapshot(row, self._values(source, inputs))

    def _values(self, source, inputs):
        return {field.key: self._value(field, inputs) for field in self.chosen.get(source.key, ())}

    def _value(self, field, inputs):
        shared = (field.key, id(inputs.get(field.required_input)))
        if shared not in self.shared:
            self.shared[shared] = _plain(field.read(inputs))
        return self.shared[shared]


def _plain(value):
    """Plain data for one value: no lazy text and no model instance leaves this module."""
    return value if isinstance(value, PLAIN) else str(value)
