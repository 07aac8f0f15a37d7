"""The kinds of HubSpot's properties, by how they take values. Pure."""

from enum import StrEnum

from pretix_hubspot.hubspot.data import PropertyDefinition


class PropertyKind(StrEnum):
    """PERCENTAGE and DURATION are numbers that HubSpot shows as such; the choices are HubSpot's enumerations."""

    TEXT = "text"
    NUMBER = "number"
    PERCENTAGE = "percentage"
    DURATION = "duration"
    DATE = "date"
    DATETIME = "datetime"
    YES_NO = "bool"
    #: A select, radio buttons or a single checkbox.
    SINGLE_CHOICE = "one"
    #: Several checkboxes.
    MULTIPLE_CHOICE = "many"
    PHONE = "phone"


NUMBERS = (PropertyKind.NUMBER, PropertyKind.PERCENTAGE, PropertyKind.DURATION)
KINDS = {
    "string": PropertyKind.TEXT,
    "number": PropertyKind.NUMBER,
    "date": PropertyKind.DATE,
    "datetime": PropertyKind.DATETIME,
    "bool": PropertyKind.YES_NO,
    "phone_number": PropertyKind.PHONE,
}
SHOWN_AS = {
    "percentage": PropertyKind.PERCENTAGE,
    "probability": PropertyKind.PERCENTAGE,
    "duration": PropertyKind.DURATION,
}


def kind_of(prop: PropertyDefinition) -> PropertyKind | None:
    """The kind of a property, or None for types that are never written: coordinates, JSON, files, types of the
    future.
    """
    if prop.type == "enumeration":
        return PropertyKind.MULTIPLE_CHOICE if prop.field_type == "checkbox" else PropertyKind.SINGLE_CHOICE
    if prop.type == "number":
        return SHOWN_AS.get(prop.number_display_hint, PropertyKind.NUMBER)
    return None if prop.field_type == "file" else KINDS.get(prop.type)


def is_list(prop: PropertyDefinition) -> bool:
    """Whether "Add to list" can add: multiple checkboxes and text, except for text that identifies a record."""
    return kind_of(prop) == PropertyKind.MULTIPLE_CHOICE or (
        kind_of(prop) == PropertyKind.TEXT and not is_email(prop) and not prop.has_unique_value
    )


def is_email(prop: PropertyDefinition) -> bool:
    """HubSpot's own e-mail property, compared without regard to case."""
    return prop.name == "email"
