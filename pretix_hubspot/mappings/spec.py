"""Plain data that travels through the engine: snapshots in, plans through, verdicts out.

No Django, no pretix, no HTTP: everything here can be written down as a literal in a test.
"""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from pretix_hubspot.hubspot.data import AssociationType, PropertyDefinition
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.sources.source import Source
from pretix_hubspot.values.rows import MappingRow, Row

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
class MappingOptions:
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
    source: Source
    object_type: str
    identifier: MappingRow
    rows: tuple[MappingRow, ...]
    associations: tuple[int, ...] = ()
    labels: MappingABC[int, AssociationType] = field(default_factory=dict)
    pipeline: PipelineSpec | None = None
    revision: int = 1
    options: MappingOptions = MappingOptions()
    unreadable: HubSpotError | None = None
    left_out: bool = False
    foreign: bool = False
    beginnings: Beginnings = Beginnings()
