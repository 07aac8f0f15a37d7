"""Convert pretix values for a property of HubSpot, or refuse them with a reason. Pure.

The engine (``convert``) and the editor's warning symbol (``warning``) read the same table, ``rules.RULES``:
a pair that warns has values that are refused, and a pair that does not warn has none.
"""

from collections.abc import Mapping
from typing import Any

from pretix_hubspot.hubspot.data import PropertyDefinition

from . import money
from .kinds import NUMBERS, is_list, kind_of
from .risks import Choices, Context, Rule, property_names, refuse
from .rows import APPEND, NO_CONVENTIONS, Conventions, FieldRefused, MappingRow, Refusal
from .rules import FILE, RULES


def convert(
    value: Any,
    source_type: str | None,
    prop: PropertyDefinition | None,
    value_map: Mapping[str, str] | None = None,
    joiner: str = ";",
    enum_opts: Choices | None = None,
    conventions: Conventions = NO_CONVENTIONS,
) -> str | Refusal:
    """The wire value; "" for an empty one.

    ``enum_opts`` are the field's own choices (its ``synonyms``: several labels each), which help to find the portal's
    option when there is no value map.
    """
    if isinstance(value, FieldRefused):
        return Refusal(value.reason, property_names(prop) if prop else {})
    value = value.strip() if isinstance(value, str) else value
    if is_nothing(value):
        return ""
    usable = _rule(source_type, prop)
    if isinstance(usable, Refusal):
        return usable
    rule, prop = usable
    if misread := money.unused_currency(value, prop, conventions):
        return misread
    return rule.write(value, Context(prop, value_map, enum_opts, joiner, conventions))


def is_nothing(value: Any) -> bool:
    """Whether a source has no value."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def warning(
    source_type: str | None,
    prop: PropertyDefinition | None,
    mode: str,
    enum_opts: Choices | None = None,
    value_map: Mapping[str, str] | None = None,
    constant: str | None = None,
    conventions: Conventions = NO_CONVENTIONS,
    amount_in: str = "",
) -> Refusal | None:
    """The values that may be refused if this field is mapped to this property; None if every value fits.

    ``constant`` is the text of a row that sends a constant; ``amount_in`` as in ``MappingRow``.
    """
    usable = _rule(source_type, prop)
    if isinstance(usable, Refusal):
        return usable
    rule, prop = usable
    if constant is None:
        risk = rule.risk(Context(prop, value_map, enum_opts, ";", conventions))
        risk = money.foreign(prop, amount_in, conventions) or _unused_choice(prop, enum_opts, conventions) or risk
    else:
        risk = _refusal_of_constant(constant, source_type, prop, conventions)
    return risk or (append_risk(prop) if mode == APPEND else None)


def risk_of(row: MappingRow) -> Refusal | None:
    """The values of a mapping's row that may be refused, as in ``warning``."""
    return warning(
        row.source_type,
        row.property,
        row.mode,
        row.synonyms,
        row.value_map,
        row.constant,
        row.conventions,
        row.amount_in,
    )


def _unused_choice(prop: PropertyDefinition, enum_opts: Choices | None, conventions: Conventions) -> Refusal | None:
    """The refusal of a currency among the choices, of which a field mostly has one: that of the event."""
    refusals = (money.unused_currency([choice], prop, conventions) for choice, _ in enum_opts or ())
    return next((refusal for refusal in refusals if refusal), None)


def _refusal_of_constant(
    text: str, source_type: str | None, prop: PropertyDefinition, conventions: Conventions
) -> Refusal | None:
    written = convert(text, source_type, prop, conventions=conventions)
    return Refusal(written.code, {**written.params, "constant": True}) if isinstance(written, Refusal) else None


def append_risk(prop: PropertyDefinition) -> Refusal | None:
    """The warning for "Add to list" on a property that holds one value: it works only while the field is empty."""
    kind = kind_of(prop)
    if kind in NUMBERS:
        return refuse("append_number", prop)
    return None if is_list(prop) else refuse("append_single", prop)


def _rule(source_type: str | None, prop: PropertyDefinition | None) -> tuple[Rule, PropertyDefinition] | Refusal:
    """The rule for a pair, with its property; the refusal of a pair that can never work."""
    if prop is None or prop.archived:
        return refuse("unknown_property", prop)
    if not prop.writable:
        return refuse("read_only_property", prop)
    if source_type is None:
        return refuse("unknown_field", prop)
    if source_type == FILE:
        return refuse("file", prop)
    kind = kind_of(prop)
    rule = RULES.get(source_type, {}).get(kind) if kind else None
    if rule is None:
        return refuse("incompatible", prop, source_type=source_type)
    return rule, prop
