"""Resolved object mappings and their options, as plain data for the planner.

No Django, no pretix, no HTTP: everything here can be written down as a literal in a test.
"""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from pretix_hubspot.hubspot.data import AssociationType, PropertyDefinition
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.sources.source import Source
from pretix_hubspot.values.rows import MappingRow, Row

#: The treatment of a record whose position was canceled, and of an association that is no longer true.
UPDATE = "update"
LEAVE = "leave"
DETACH = "detach"
REMOVE = "remove"

#: Whose values count if several orders share a record; without a choice, the modes of the rows decide.
BY_MODES = ""
FIRST = "first"
BUYER = "buyer"
NEWEST = "newest"
KEEP_NAMES = "keep_names"


@dataclass(frozen=True)
class PipelineSpec:
    """The stages of a mapping's records by order status; both properties always travel together.

    ``known`` are the stages that the pipeline has today; None if they are unknown.
    """

    pipeline_property: PropertyDefinition
    stage_property: PropertyDefinition
    pipeline_id: str
    stages: MappingABC[str, str]
    known: frozenset[str] | None = None


@dataclass(frozen=True)
class NewRecordDefaults:
    """The defaults of new records of a mapping, see ``new_records``.

    A ``title`` unless one of ``instead`` is filled, and a stage by order status.
    """

    title: PropertyDefinition | None = None
    instead: tuple[str, ...] = ()
    pipeline: PipelineSpec | None = None


@dataclass(frozen=True)
class DefaultRows:
    """Rows that go into a new record together unless one of the properties ``unless`` is filled."""

    unless: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Filters:
    """Which orders and positions a mapping sends; ``None`` is no condition, an empty set one that no order meets.

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
    """The organizer's options of one mapping, with their defaults.

    ``canceled`` is about records of what was canceled: UPDATE what HubSpot has, LEAVE it alone, DETACH it, or REMOVE
    it, which is for records that stand for one order or position only, see ``MappingSpec.removes``.
    ``replaced`` is about the record that stood for an order or position before, say under another address: LEAVE or
    DETACH it.
    ``same_address`` says whose values count when orders share a record, see ``sync.plan.ownership``.
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

    ``unreadable`` is why HubSpot did not return the definitions; with ``left_out`` a setting in HubSpot is the reason,
    so that the orders are sent without this mapping. ``foreign`` is an unsaved copy from another portal: properties and
    options that this portal lacks fail no order.
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
    defaults: NewRecordDefaults = NewRecordDefaults()

    @property
    def removes(self) -> bool:
        """Whether the record of what was canceled is removed from HubSpot: only one that is ours alone ever is."""
        return self.options.canceled == REMOVE and self.source.is_own(self.identifier.field)
