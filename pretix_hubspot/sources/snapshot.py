"""Orders and their parts as they were read for a slice: plain data, written down as literals in tests. Pure."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

#: Keys of sources, see ``Source``: every order is read with its positions, by which filters and states go.
ORDER = "Order"
POSITION = "OrderPosition"

#: The source field of a row whose text is written in the row itself.
CONSTANT = "constant_text"


class Subject(NamedTuple):
    """A pretix object that is planned, sent and judged as a whole; ``kind`` is its source, such as ``Order``."""

    kind: str
    pk: int

    @classmethod
    def of_order(cls, pk: int) -> "Subject":
        return cls(ORDER, pk)


@dataclass(frozen=True)
class PartSnapshot:
    """One part of an order that mappings can make a record of: ``values`` by source field key, only those wanted.

    ``number`` tells the parts of one order apart for people; ``price`` is what the filter of values looks at.
    """

    pk: int
    number: int | str
    canceled: bool
    values: dict[str, Any]
    price: Decimal = field(default=Decimal(0), kw_only=True)


@dataclass(frozen=True)
class PositionSnapshot(PartSnapshot):
    """One order position, with the primary keys that filters look at."""

    item: int | None = None
    variation: int | None = None
    subevent: int | None = None


@dataclass(frozen=True)
class OrderSnapshot:
    """One order as it is now, positions in positionid order, canceled ones included.

    ``other_parts`` are those of further sources, by their keys.
    """

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
    other_parts: MappingABC[str, tuple[PartSnapshot, ...]] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        return Subject.of_order(self.pk)

    def read_for(self, mapping: int) -> "OrderSnapshot":
        """The order in the language that this mapping asks for."""
        return self.translated.get(mapping, self)

    def parts_of(self, source: str) -> tuple[PartSnapshot, ...]:
        """The parts that a source is about, by its key."""
        return self.positions if source == POSITION else self.other_parts.get(source, ())
