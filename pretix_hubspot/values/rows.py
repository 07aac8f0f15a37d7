"""Plain data about values: one property of a record, how its value is merged, and why a value is refused. Pure."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from typing import Any

from pretix_hubspot.hubspot.data import PropertyDefinition

OVERWRITE = "overwrite"


IF_NEW = "if_new"


IF_EMPTY = "if_empty"


APPEND = "append"


#: How choices are sent into texts.
IDENTIFIERS, LABELS = "identifiers", "labels"


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
