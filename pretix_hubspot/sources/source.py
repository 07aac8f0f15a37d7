"""Sources: descriptions of the pretix object types that mappings can send. Pure.

All differences between orders, positions and further sources stand in one ``Source`` each; the registry names them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .snapshot import PartSnapshot

#: Every filter of a mapping, by the names of ``StoredFilters``.
ORDER_FILTERS = frozenset({"paid", "value", "account", "sales_channels"})
FILTERS = ORDER_FILTERS | {"admission", "items", "variations", "categories", "subevents", "answers"}


@dataclass(frozen=True)
class KeyProperty:
    """``field`` is the source field whose value the unique property ``name`` of HubSpot holds."""

    field: str
    name: str
    label: str
    description: str


@dataclass(frozen=True)
class Parts:
    """How the parts of orders that are a source of their own are read for a slice.

    ``rows`` returns the instances by the order's primary key, in a constant number of queries, from ``LoadedOrders``.
    ``inputs`` are the inputs of fields for one instance, by name; order and event are added to them.
    ``snapshot`` makes plain data of an instance and the values of its fields.
    """

    rows: Callable[[Any], Mapping[int, Sequence[Any]]]
    inputs: Callable[[Any, Any], Mapping[str, Any]]
    snapshot: Callable[[Any, dict[str, Any]], PartSnapshot]


@dataclass(frozen=True)
class Source:
    """A pretix object type that mappings can send.

    ``key`` is stored with every mapping, and never renamed; ``label`` is an object's name on pages.
    ``inputs`` are the names of the inputs of its fields, core's names or its own; ``fields`` returns the source
    fields that it adds to those of the event.
    ``identity`` are the source fields whose value names one object for ever. Records that are identified by them are
    found by our primary key under the name ``link``, so that a renamed organizer or event never makes a second record.
    ``key_property`` is the one of them that pretix makes a property for; ``title`` is the field that names the object
    for users, for records that would have no title in HubSpot.
    ``filters`` are those that a mapping may have.
    ``of`` is the source to which the object belongs as one of its ``parts``, the order; None if it stands alone.
    """

    key: str
    label: Any
    inputs: frozenset[str]
    fields: Callable[[Any], list[Any]]
    identity: frozenset[str]
    link: str
    key_property: KeyProperty
    title: str = ""
    filters: frozenset[str] = FILTERS
    of: "Source | None" = None
    parts: Parts | None = None

    @property
    def subject(self) -> "Source":
        """The source whose objects are planned and sent as a whole."""
        return self.of or self

    def is_own(self, field: str) -> bool:
        """Whether the field's value is our own name of this very object, so that a record stands for nothing else."""
        return field in self.identity

    def is_identity(self, field: str) -> bool:
        """Whether the field's value is our own name of this object, or of the order to which it belongs."""
        return field in self.identity or field in self.subject.identity
