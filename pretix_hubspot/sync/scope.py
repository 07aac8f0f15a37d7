"""Which orders are sent at all, and why the others are not."""

from pretix.base.models import Order

from pretix_hubspot.models import EventConnection, OrderState

TEST_MODE = "test_mode"
BEFORE_CONNECTION = "before_connection"
#: Somebody decided that the order is never sent, until *Sync now*.
IGNORED = "ignored"
#: Somebody decided to live with the order's problem, until the order changes.
DISMISSED = "dismissed"
#: Personal data was removed, what was sent included; until the order changes.
SHREDDED = "shredded"


def excluded(order: Order, connection: EventConnection, state: OrderState | None, by_hand: bool) -> str:
    """The reason why an order is left out, or an empty string.

    *Sync now* brings an order into scope for good, test mode included.
    """
    if by_hand:
        return ""
    if state and state.excluded_reason == IGNORED:
        return IGNORED
    if state and state.by_hand:
        return ""
    if order.testmode and not connection.send_test_orders:
        return TEST_MODE
    if order.datetime < connection.joined_at:
        return BEFORE_CONNECTION
    return ""
