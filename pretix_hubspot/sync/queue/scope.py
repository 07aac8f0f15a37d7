"""Which orders are sent at all, and why the others are not."""

from django.db.models import Q, QuerySet
from pretix.base.models import Order

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import EventConnection, ObjectMapping, OrderState


def in_scope(joined: EventConnection) -> QuerySet[Order]:
    """The orders of the event that are sent when they change."""
    placed_since, by_hand = Q(datetime__gte=joined.joined_at), Q(hubspot_state__by_hand=True)
    return Order.objects.filter(placed_since | by_hand, event_id=joined.event_id)


def mapped() -> QuerySet[ObjectMapping]:
    """The object mappings that can be sent, of all events; an event without any sends nothing."""
    return ObjectMapping.objects.exclude(pretix_id_field="").exclude(external_id_field="")


def excluded(order: Order, connection: EventConnection, state: OrderState | None, by_hand: bool) -> str:
    """The reason why an order is left out, or an empty string.

    *Sync now* brings an order into scope for good, test mode included.
    """
    if by_hand:
        return ""
    if state and state.excluded_reason == Exclusion.IGNORED:
        return Exclusion.IGNORED
    if state and state.by_hand:
        return ""
    if order.testmode and not connection.send_test_orders:
        return Exclusion.TEST_MODE
    if order.datetime < connection.joined_at:
        return Exclusion.BEFORE_CONNECTION
    return ""
