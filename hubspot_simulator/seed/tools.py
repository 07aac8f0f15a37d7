"""Short hands for writing property definitions down."""

from hubspot_simulator.crm.properties.definitions import Group, Option, Property, options

YES_NO = [Option("true", "Yes", 0), Option("false", "No", 1)]
KINDS = {
    "text": ("string", "text"),
    "area": ("string", "textarea"),
    "html": ("string", "html"),
    "phone": ("string", "phonenumber"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "select": ("enumeration", "select"),
    "radio": ("enumeration", "radio"),
    "multi": ("enumeration", "checkbox"),
    "bool": ("bool", "booleancheckbox"),
}


def prop(name: str, label: str, kind: str = "text", *choices: str, **rest: object) -> Property:
    """A property of HubSpot's own; ``choices`` as in ``definitions.options``."""
    type_name, field_type = KINDS[kind]
    chosen = options(*choices) if choices else list(YES_NO) if kind == "bool" else []
    rest.setdefault("group", "")
    return Property(name, label, type_name, field_type, options=chosen, hubspot_defined=True, archivable=False, **rest)


def readonly(name: str, label: str, kind: str = "text", *choices: str, **rest: object) -> Property:
    return prop(name, label, kind, *choices, read_only=True, **rest)


def calculated(name: str, label: str, kind: str = "text", *choices: str, **rest: object) -> Property:
    return prop(name, label, kind, *choices, calculated=True, read_only=True, **rest)


def common(created: str, modified: str) -> list[Property]:
    """What every object type has."""
    return [
        calculated("hs_object_id", "Record ID", "number"),
        calculated(created, "Create Date", "datetime"),
        calculated(modified, "Last Modified Date", "datetime"),
        prop(
            "hubspot_owner_id",
            "Owner",
            "select",
            options_from="owners",
            hints={"externalOptions": True, "referencedObjectType": "OWNER"},
        ),
        calculated("hubspot_owner_assigneddate", "Owner Assigned Date", "datetime"),
        calculated("hs_merged_object_ids", "Merged record IDs", "multi"),
        calculated("hs_object_source", "Record creation source", hidden=True),
        calculated("hs_object_source_label", "Record source"),
        calculated("hs_created_by_user_id", "Created by user ID", "number"),
        calculated("hs_updated_by_user_id", "Updated by user ID", "number"),
        prop("hs_unique_creation_key", "Unique creation key", hidden=True, read_only=True),
    ]


def schema(group: str, label: str, properties: list[Property], *more: Group) -> tuple[list[Group], list[Property]]:
    """Puts properties without a group into ``group``."""
    for definition in properties:
        definition.group = definition.group or group
    return [Group(group, label, 0, hubspot_defined=True), *more], properties
