"""How a property of HubSpot behaves, whatever is written into it. Pure."""

from pretix_hubspot.hubspot.data import PropertyDefinition

# Kinds of properties. ONE and MANY are enumerations: select, radio and single checkbox; multiple checkboxes.
# PERCENTAGE and DURATION are numbers that HubSpot shows as such.
K_TEXT, K_NUMBER, K_PERCENTAGE, K_DURATION, K_DATE, K_DATETIME, K_BOOL, K_ONE, K_MANY, K_PHONE = (
    "text", "number", "percentage", "duration", "date", "datetime", "bool", "one", "many", "phone",
)  # fmt: skip
NUMBERS = (K_NUMBER, K_PERCENTAGE, K_DURATION)
KINDS = {
    "string": K_TEXT,
    "number": K_NUMBER,
    "date": K_DATE,
    "datetime": K_DATETIME,
    "bool": K_BOOL,
    "phone_number": K_PHONE,
}
SHOWN_AS = {"percentage": K_PERCENTAGE, "probability": K_PERCENTAGE, "duration": K_DURATION}


def kind_of(prop: PropertyDefinition) -> str | None:
    """How a property behaves, or None for what is never written: coordinates, JSON, files, types of the future."""
    if prop.type == "enumeration":
        return K_MANY if prop.field_type == "checkbox" else K_ONE
    if prop.type == "number":
        return SHOWN_AS.get(prop.number_display_hint, K_NUMBER)
    return None if prop.field_type == "file" else KINDS.get(prop.type)


def is_list(prop: PropertyDefinition) -> bool:
    """Whether "Add to list" can add: multiple checkboxes and text, except for an address that identifies someone."""
    return kind_of(prop) == K_MANY or (kind_of(prop) == K_TEXT and not is_email(prop) and not prop.has_unique_value)


def is_email(prop: PropertyDefinition) -> bool:
    """HubSpot's own e-mail property, compared without regard to case."""
    return prop.name == "email"
