"""A portal that has grown for years: a thousand custom properties (hubspot.md 6.1 limits)."""

from hubspot_simulator.crm.properties.definitions import Property, options
from hubspot_simulator.crm.properties.schema import CUSTOM_PER_TYPE, Schema

_KINDS = (
    ("string", "text"),
    ("string", "textarea"),
    ("number", "number"),
    ("date", "date"),
    ("datetime", "date"),
    ("enumeration", "select"),
    ("enumeration", "checkbox"),
    ("bool", "booleancheckbox"),
)


def add_custom_properties(schema: Schema, count: int) -> None:
    """``count`` custom properties of mixed types on contacts, and a tenth of that on deals."""
    for type_name, group, number in (
        ("contacts", "contactinformation", min(count, CUSTOM_PER_TYPE)),
        ("deals", "dealinformation", min(count // 10, CUSTOM_PER_TYPE)),
    ):
        schema.seed(type_name, [], [_custom(position, group) for position in range(1, number + 1)])


def _custom(position: int, group: str) -> Property:
    type_name, field_type = _KINDS[position % len(_KINDS)]
    choices = []
    if type_name == "enumeration":
        choices = options(*(f"choice_{number}|Choice {number}" for number in range(1, 21)))
    elif type_name == "bool":
        choices = options("true|Yes", "false|No")
    return Property(
        f"custom_{position:04d}",
        f"Custom property {position}",
        type_name,
        field_type,
        group,
        description=f"Made by hand, number {position}",
        options=choices,
        display_order=position,
    )
