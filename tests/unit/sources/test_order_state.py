"""What an order or position is called, by status and by what is canceled."""

import pytest

from pretix_hubspot.sources.order_state import state_of
from pretix_hubspot.sources.snapshot import OrderSnapshot, PositionSnapshot

LIVE, GONE = PositionSnapshot(1, 1, False, {}), PositionSnapshot(2, 2, True, {})

#: Status and positions; what the order is called, and each position.
STATES = [
    ("n", (LIVE,), "n", ["n"]),
    ("p", (LIVE,), "p", ["p"]),
    ("e", (LIVE,), "e", ["e"]),
    ("c", (LIVE,), "c", ["c"]),
    ("p", (LIVE, GONE), "p", ["p", "c"]),
    ("n", (LIVE, GONE), "n", ["n", "c"]),
    ("c", (LIVE, GONE), "c", ["c", "c"]),
    ("p", (GONE,), "c", ["c"]),  # a fee is kept
    ("n", (GONE, GONE), "c", ["c", "c"]),  # a fee is kept, and still to be paid
    ("e", (GONE,), "c", ["c"]),
    ("p", (), "p", []),
]


@pytest.mark.parametrize(("status", "positions", "of_order", "of_positions"), STATES)
def test_the_state_of_orders_and_positions(status, positions, of_order, of_positions):
    order = OrderSnapshot(7, "A1", status, False, {}, positions)

    found = state_of(order), [state_of(order, position) for position in positions]

    assert found == (of_order, of_positions)
