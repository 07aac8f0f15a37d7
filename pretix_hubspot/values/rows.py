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


#: How HubSpot stores percentages: 19 % as 0.19, or as 19.
FRACTION, WHOLE = "fraction", "whole"


@dataclass(frozen=True)
class Conventions:
    """The currency and time zone of an event and of a portal, and how the portal stores percentages.

    Empty fields are unknown. ``portal_currencies`` are all that the portal uses, its own among them.
    """

    currency: str = ""
    time_zone: str = ""
    portal_currency: str = ""
    portal_currencies: frozenset[str] = frozenset()
    portal_time_zone: str = ""
    percentages: str = FRACTION


#: All unknown.
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
    """One property of one record, converted, before its mode decides.

    ``names`` marks a person's name.
    ``follows`` names the property without which this value means something other: the currency of an amount.
    """

    property: PropertyDefinition
    value: str | None
    mode: str
    names: bool = False
    follows: str = ""


@dataclass(frozen=True)
class Merged:
    """The values to send for one record: those that differ from the portal's, and the refusals."""

    changes: dict[str, str]
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class MappingRow:
    """A property mapping with everything needed to convert a value.

    ``property`` is ``None`` when the portal no longer has it; ``source_type`` when the field no longer exists.
    ``synonyms`` are the labels of the field's own choices, by which the portal's options are found.
    ``constant`` is the text that every record gets, in place of a value of the order.
    ``keeps`` leaves HubSpot's value alone if Overwrite has no value to write.
    ``amount_in`` is the currency in which HubSpot will read an amount, empty for other rows; ``currency`` is the
    property that has to be sent along for it.
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
