"""Snapshots: orders and their parts as they were read for a slice, as plain data that tests write as literals. Pure."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from .order_state import state_of

#: Keys of sources, see ``Source``: every order is read with its positions, on which filters and states depend.
ORDER = "Order"
POSITION = "OrderPosition"

#: The source field of a row whose text is written in the row itself.
CONSTANT = "constant_text"


PartKey = tuple[str, int]  # (key of the source, primary key)


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

    ``number`` distinguishes the parts of one order for users; the filter of values compares ``price``.
    """

    pk: int
    number: int | str
    canceled: bool
    values: dict[str, Any]
    price: Decimal = field(default=Decimal(0), kw_only=True)


@dataclass(frozen=True)
class PositionSnapshot(PartSnapshot):
    """One order position, with the primary keys that filters compare."""

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
        """The order in the language of this mapping."""
        return self.translated.get(mapping, self)

    @property
    def parts(self) -> MappingABC[str, tuple[PartSnapshot, ...]]:
        """Positions and all other parts that were read, by the keys of their sources."""
        return {POSITION: self.positions, **self.other_parts}

    @property
    def canceled(self) -> frozenset[PartKey]:
        """The canceled parts, read in any language."""
        read = (self, *self.translated.values())
        keys = ((source, part) for order in read for source, parts in order.parts.items() for part in parts)
        return frozenset((source, part.pk) for source, part in keys if part.canceled)

    def state(self, part: PartSnapshot | None = None) -> str:
        """The state of the order, or of one of its parts: see ``state_of``."""
        return state_of(self, part)


@dataclass(frozen=True)
class ObjectSnapshot:
    """A pretix object that stands alone and has no parts, such as a product; ``code`` is its name for users.

    ``current_state`` decides on its stage, if it has states.
    """

    subject: Subject
    code: str
    values: dict[str, Any]
    current_state: str = ""
    translated: MappingABC[int, "ObjectSnapshot"] = field(default_factory=dict)

    parts: ClassVar[MappingABC[str, tuple[PartSnapshot, ...]]] = MappingProxyType({})
    canceled: ClassVar[frozenset[PartKey]] = frozenset()

    @property
    def pk(self) -> int:
        return self.subject.pk

    def read_for(self, mapping: int) -> "ObjectSnapshot":
        """The object in the language of this mapping."""
        return self.translated.get(mapping, self)

    def state(self, part: PartSnapshot | None = None) -> str:
        return self.current_state


Snapshot = OrderSnapshot | ObjectSnapshot
