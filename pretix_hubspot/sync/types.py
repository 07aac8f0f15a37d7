"""Plain data that travels through the engine: snapshots in, plans through, verdicts out.

No Django, no pretix, no HTTP: everything here can be written down as a literal in a test.
"""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.types import AssociationType, PropertyDefinition

ORDER = "Order"
POSITION = "OrderPosition"

OVERWRITE = "overwrite"
IF_NEW = "if_new"
IF_EMPTY = "if_empty"
APPEND = "append"

#: The source field of a row whose text is written in the row itself.
CONSTANT = "constant_text"

#: How choices are sent into texts.
IDENTIFIERS, LABELS = "identifiers", "labels"

#: What becomes of a record whose position was canceled, and of an association that is no longer true.
UPDATE = "update"
LEAVE = "leave"
DETACH = "detach"

#: Whose values count when several people share a record; without a choice, the modes of the rows decide.
BY_MODES = ""
FIRST = "first"
BUYER = "buyer"
NEWEST = "newest"
KEEP_NAMES = "keep_names"


#: How HubSpot keeps what it shows as a percentage: 19 % as 0.19, or as 19.
FRACTION, WHOLE = "fraction", "whole"


@dataclass(frozen=True)
class Conventions:
    """What goes without saying: the currency and the clock of an event and of a portal, and how percentages are kept.

    What is empty is unknown. ``portal_currencies`` are all that the portal uses, its own among them.
    """

    currency: str = ""
    time_zone: str = ""
    portal_currency: str = ""
    portal_currencies: frozenset[str] = frozenset()
    portal_time_zone: str = ""
    percentages: str = FRACTION


#: Nothing is known.
NO_CONVENTIONS = Conventions()


@dataclass(frozen=True)
class FieldRefused:
    """A source field whose value cannot be used, and why (a code, never the value)."""

    reason: str


@dataclass(frozen=True)
class Refusal:
    """A value, row or record that is not sent, in terms that can be shown and grouped.

    ``code`` is one of ``failures.codes``; ``params`` hold names of fields, properties and options.
    """

    code: str
    params: MappingABC[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One property of one record, converted and waiting for its mode to decide.

    ``names`` marks what a person is called.
    ``follows`` names the property whose value means something else without this one: the currency of an amount.
    """

    property: PropertyDefinition
    value: str | None
    mode: str
    names: bool = False
    follows: str = ""


@dataclass(frozen=True)
class Merged:
    """What to send for one record: only what differs from the portal, and what was refused."""

    changes: dict[str, str]
    refusals: tuple[Refusal, ...] = ()


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


@dataclass(frozen=True)
class MappingRow:
    """A property mapping with everything needed to convert a value.

    ``property`` is ``None`` when the portal no longer has it; ``source_type`` when the field no longer exists.
    ``synonyms`` are the labels of the field's own choices, by which the portal's options are found.
    ``constant`` is the text that every record gets, in place of a value of the order.
    ``keeps`` leaves HubSpot's value alone where Overwrite has none of its own.
    ``amount_in`` is the currency in which HubSpot will read an amount, empty for what is none; ``currency`` is the
    property that has to be sent along so that it does.
    """

    field: str
    source_type: str | None
    external_field: str
    property: PropertyDefinition | None
    mode: str
    value_map: MappingABC[str, str] | None = None
    synonyms: tuple[tuple[str, str], ...] = ()
    constant: str | None = None
    keeps: bool = False
    conventions: Conventions = NO_CONVENTIONS
    amount_in: str = ""
    currency: PropertyDefinition | None = None


@dataclass(frozen=True)
class PipelineSpec:
    """Where records of a mapping stand in a pipeline, by order status; both properties always travel together.

    ``known`` are the stages that the pipeline has today; None where nobody knows.
    """

    pipeline_property: PropertyDefinition
    stage_property: PropertyDefinition
    pipeline_id: str
    stages: MappingABC[str, str]
    known: frozenset[str] | None = None


@dataclass(frozen=True)
class Beginnings:
    """What new records of a mapping get where no row says it, see ``newrecords``.

    A ``title`` unless one of ``instead`` is filled, and a stage by order status.
    """

    title: PropertyDefinition | None = None
    instead: tuple[str, ...] = ()
    pipeline: PipelineSpec | None = None


@dataclass(frozen=True)
class Beginning:
    """Rows that go into a new record together unless one of the properties ``unless`` is filled."""

    unless: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Filters:
    """Which orders and positions a mapping is about; ``None`` is no condition, an empty set one that nothing meets.

    ``items`` and ``variations`` are alternatives of one condition; products of chosen categories are among ``items``.
    ``answers`` are alternatives too: identifiers of a question and of an option, or "" for any answer.
    """

    paid: bool = False
    value: bool = False
    account: bool = False
    channels: frozenset[int] | None = None
    items: frozenset[int] | None = None
    variations: frozenset[int] = frozenset()
    admission_items: frozenset[int] | None = None
    subevents: frozenset[int] | None = None
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Options:
    """What an organizer chose for one mapping; the defaults are what happens without a choice.

    ``canceled`` is about records of canceled positions: UPDATE what HubSpot has, LEAVE it alone, or DETACH it.
    ``replaced`` is about the record that stood for an order or position before, say under another address: LEAVE or
    DETACH it.
    ``same_address`` says whose values count when people share a record, see ``sharing``.
    ``lenient`` leaves out a property that cannot take a value, instead of withholding the record.
    """

    filters: Filters = Filters()
    canceled: str = UPDATE
    replaced: str = LEAVE
    same_address: str = BY_MODES
    lenient: bool = False


@dataclass(frozen=True)
class MappingSpec:
    """An object mapping with its portal definitions resolved; ``identifier`` is the row of mode Identifier.

    ``unreadable`` is why HubSpot did not tell the definitions; ``left_out`` that nothing but a setting is to blame for
    it, so that the orders are sent without this mapping.
    ``foreign`` is a copy from another portal that nobody has looked at: what this portal lacks fails no order.
    """

    id: int
    source: str
    object_type: str
    identifier: MappingRow
    rows: tuple[MappingRow, ...]
    associations: tuple[int, ...] = ()
    labels: MappingABC[int, AssociationType] = field(default_factory=dict)
    pipeline: PipelineSpec | None = None
    revision: int = 1
    options: Options = Options()
    unreadable: HubSpotError | None = None
    left_out: bool = False
    foreign: bool = False
    beginnings: Beginnings = Beginnings()
