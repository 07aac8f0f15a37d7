"""The state of an order or one of its positions: pending, paid, expired or canceled. Pure.

pretix stores one status per order, and an order of which only a fee is left counts as paid.
Filters, stages and source fields take the state from here, so that they never disagree.
"""

from collections.abc import Iterable
from typing import Protocol

STATES = PENDING, PAID, EXPIRED, CANCELED = "n", "p", "e", "c"


class Cancelable(Protocol):
    """A position."""

    @property
    def canceled(self) -> bool: ...


class Stateful(Protocol):
    """An order with all of its positions, canceled ones included."""

    @property
    def status(self) -> str: ...

    @property
    def positions(self) -> Iterable[Cancelable]: ...


def state_of(order: Stateful, position: Cancelable | None = None) -> str:
    """The state of the order, or of one of its positions: canceling the whole order cancels each of them.

    An order is canceled as soon as all of its positions are, whether the fee that was kept is paid or still due.
    """
    if position is not None and position.canceled:
        return CANCELED
    positions = list(order.positions)
    if positions and all(other.canceled for other in positions):
        return CANCELED
    return order.status
