"""pretix rows -> plain data: the only reader of orders.

A slice costs two queries for orders and positions, and one (answers: two) for every relation that a wanted field needs,
for one order as for a hundred.
"""

from collections.abc import Mapping, Sequence

from django_scopes import scope
from pretix.base.datasync.sourcefields import EVENT, EVENT_OR_SUBEVENT, ORDER, ORDER_POSITION
from pretix.base.i18n import language
from pretix.base.models import Order, OrderPosition

from pretix_hubspot.values.rows import FieldRefused

from . import snapshot
from .field import SourceField
from .relations import LOADERS, LoadedOrders, set_relation
from .snapshot import OrderSnapshot, PositionSnapshot

PLAIN = (str, bool, list, type(None), FieldRefused)


def load(
    event,
    order_pks: Sequence[int],
    wanted: Mapping[str, frozenset[str]],
    fields: Mapping[str, SourceField],
    locale: str,
) -> list[OrderSnapshot]:
    """Reads orders of one event with the values of the wanted fields, in the order of ``order_pks``.

    ``wanted`` names field keys for "Order" and "OrderPosition"; keys that ``fields`` does not know have no value.
    Names of products, dates and the event come in ``locale``.
    Orders that are gone, or belong to another event, are left out.
    """
    chosen = {source: [fields[key] for key in keys if key in fields] for source, keys in wanted.items()}
    with scope(organizer=event.organizer), language(locale, event.settings.region):
        part = _slice(event, order_pks, chosen)
        read = _Reader(event, chosen)
        by_order = {pk: [] for pk in part.orders}
        for position in part.positions.values():
            by_order[position.order_id].append(position)
        return [read.order(part.orders[pk], by_order[pk]) for pk in order_pks if pk in part.orders]


def _slice(event, order_pks, chosen):
    """Orders, positions and everything that the chosen fields need."""
    orders = Order.objects.filter(event=event, pk__in=tuple(order_pks)).in_bulk()
    for order in orders.values():
        set_relation(order, "event", event)
    pks = tuple(orders)  # without those that are gone
    rows = OrderPosition.all.filter(order_id__in=pks).order_by("order_id", "positionid", "pk")
    positions = {position.pk: position for position in rows}
    for position in positions.values():
        set_relation(position, "order", orders[position.order_id])
        if position.addon_to_id is not None:
            set_relation(position, "addon_to", positions.get(position.addon_to_id))
    wanted = [field for fields in chosen.values() for field in fields]
    part = LoadedOrders(event, pks, orders, positions, frozenset(field.key for field in wanted))
    for need in sorted({need for field in wanted for need in field.needs}):
        LOADERS[need](part)
    return part


class _Reader:
    """Reads chosen fields from loaded instances; what is the same for many positions is read once per slice."""

    def __init__(self, event, chosen):
        self.event = event
        self.chosen = chosen
        self.shared = {}

    def order(self, order, positions):
        inputs = {ORDER: order, EVENT: self.event}
        return OrderSnapshot(
            pk=order.pk,
            code=order.code,
            status=order.status,
            testmode=order.testmode,
            values=self._values(snapshot.ORDER, inputs),
            positions=tuple(self._position(order, position) for position in positions),
            total=order.total,
            has_account=order.customer_id is not None,
            sales_channel=order.sales_channel_id,
        )

    def _position(self, order, position):
        date = position.subevent if position.subevent_id and self._dates_loaded(position) else self.event
        inputs = {ORDER_POSITION: position, ORDER: order, EVENT_OR_SUBEVENT: date, EVENT: self.event}
        return PositionSnapshot(
            pk=position.pk,
            positionid=position.positionid,
            canceled=position.canceled,
            values=self._values(snapshot.POSITION, inputs),
            item=position.item_id,
            variation=position.variation_id,
            subevent=position.subevent_id,
            price=position.price,
        )

    @staticmethod
    def _dates_loaded(position):
        """Dates of a series are loaded when a wanted field needs them; no other field looks at them."""
        return "subevent" in position._state.fields_cache

    def _values(self, source, inputs):
        return {field.key: self._value(field, inputs) for field in self.chosen.get(source, ())}

    def _value(self, field, inputs):
        if field.required_input == ORDER_POSITION:
            return _plain(field.read(inputs))
        shared = (field.key, id(inputs.get(field.required_input)))
        if shared not in self.shared:
            self.shared[shared] = _plain(field.read(inputs))
        return self.shared[shared]


def _plain(value):
    """Nothing lazy and no model leaves this module."""
    return value if isinstance(value, PLAIN) else str(value)
