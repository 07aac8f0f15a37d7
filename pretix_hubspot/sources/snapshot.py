"""Orders and positions as they were read for a slice: plain data, written down as literals in tests. Pure."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ORDER = "Order"


POSITION = "OrderPosition"


#: The source field of a row whose text is written in the row itself.
CONSTANT = "constant_text"


@dataclass(frozen=True)
class PositionSnapshot:
    """One order position: ``values`` by source field key, only those that a mapping wants.

    What follows the values is what filters look at: primary keys, and the price.
    """

    pk: int
    positionid: int
    canceled: bool
    values: dict[str, Any]
    item: int | None = None
    variation: int | None = None
    subevent: int | None = None
    price: Decimal = Decimal(0)


@dataclass(frozen=True)
class OrderSnapshot:
    """One order as it is now, positions in positionid order, canceled ones included."""

    pk: int
    code: str
    status: str
    testmode: bool
    values: dict[str, Any]
    positions: tuple[PositionSnapshot, ...]
    total: Decimal = Decimal(0)
    has_account: bool = False
    sales_channel: int | None = None
    translated: MappingABC[int, "OrderSnapshot"] = field(default_factory=dict)

    def read_for(self, mapping: int) -> "OrderSnapshot":
        """The order in the language that this mapping asks for."""
        return self.translated.get(mapping, self)
