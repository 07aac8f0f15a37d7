"""How many requests a slice needs, and how long a portal's next small slice waits for more orders to come.

A slice costs four to five requests, whether it has one order or a hundred. The first order goes at once; those that
come while the portal is busy are gathered, for as long as the buyer's order may take to arrive.
"""

#: Requests of a slice with a single order: people are read and created, deals created, associations made.
LEAST = 5
#: Each further hundred of orders and positions, as many as a request takes, is read, and created or changed.
BATCH, CALLS_PER_BATCH = 100, 2
#: Seconds between the beginnings of two small slices: of a few orders, and of more.
APART_FEW, APART = 0.6, 1.2
#: As many orders come so rarely that gathering them would only delay them.
FEW = 2
#: Seconds between small slices once less than a tenth of the day's requests is left.
APART_TIGHT = 12.0


def expected_calls(orders: int, positions: int) -> int:
    """How many requests a slice needs, generously: what is left is given back, and a slice that runs short is given up
    in the middle.
    """
    return LEAST + CALLS_PER_BATCH * ((orders + positions) // BATCH)


def orders_for(calls: int, orders: int, positions: int) -> int:
    """How many of these orders, with their share of the positions, so many requests are enough for."""
    if calls >= expected_calls(orders, positions):
        return orders
    records = BATCH * ((calls - LEAST) // CALLS_PER_BATCH + 1) - 1
    return max(1, records * orders // (orders + positions))


def apart(waiting: int, at_once: bool) -> tuple[float, float]:
    """How long after the last slice's begin the next one may begin, in seconds: as a rule, and on a tight quota."""
    if at_once:
        return 0.0, 0.0
    return (APART_FEW if waiting <= FEW else APART), APART_TIGHT
