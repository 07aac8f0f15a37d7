"""How many requests a slice needs, and how long a portal's next small slice waits for more orders to come.

A slice costs four to five requests, whether it has one order or a hundred. The first order goes at once; those that
come while the portal is busy are gathered, for as long as the buyer's order may take to arrive.
"""

#: Requests of a slice with a single order: people are read and created, deals created, associations made.
LEAST = 5
#: Orders for which a slice needs another request; more people than orders make it fewer.
ORDERS_PER_CALL = 20
#: Seconds between the beginnings of two small slices: of a few orders, and of more.
APART_FEW, APART = 0.6, 1.2
#: As many orders come so rarely that gathering them would only delay them.
FEW = 2
#: Seconds between small slices once less than a tenth of the day's requests is left.
APART_TIGHT = 12.0


def expected_calls(orders: int) -> int:
    """How many requests a slice of so many orders is expected to need."""
    return LEAST + orders // ORDERS_PER_CALL


def orders_for(calls: int, orders: int) -> int:
    """How many of these orders so many requests are enough for."""
    return orders if calls >= expected_calls(orders) else max(1, (calls - LEAST + 1) * ORDERS_PER_CALL - 1)


def apart(waiting: int, at_once: bool) -> tuple[float, float]:
    """How long after the last slice's begin the next one may begin, in seconds: as a rule, and on a tight quota."""
    if at_once:
        return 0.0, 0.0
    return (APART_FEW if waiting <= FEW else APART), APART_TIGHT
