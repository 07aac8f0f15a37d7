"""Wire shapes of property definitions and groups (hubspot.md 6.1)."""

from hubspot_simulator.clock import iso
from hubspot_simulator.portal.state import Portal

from .definitions import Group, Option, Property


def _option(entry: Option) -> dict:
    shown = {
        "label": entry.label,
        "value": entry.value,
        "displayOrder": entry.display_order,
        "hidden": entry.hidden,
    }
    return shown | ({"description": entry.description} if entry.description else {})


def definition(portal: Portal, type_name: str, entry: Property) -> dict:
    """A property definition (hubspot.md 6.1, A)."""
    options = portal.options(type_name, entry) if entry.options_from != "owners" else []
    shown: dict[str, object] = {
        "name": entry.name,
        "label": entry.label,
        "type": entry.type,
        "fieldType": entry.field_type,
        "description": entry.description,
        "groupName": entry.group,
        "options": [_option(one) for one in options],
        "displayOrder": entry.display_order,
        "calculated": entry.calculated,
        "externalOptions": False,
        "archived": entry.archived_at is not None,
        "hasUniqueValue": entry.unique,
        "hidden": entry.hidden,
        "hubspotDefined": entry.hubspot_defined,
        "formField": entry.form_field,
        "dataSensitivity": "non_sensitive",
        "createdAt": iso(entry.created_at),
        "updatedAt": iso(entry.updated_at),
        "modificationMetadata": _modification(entry),
    }
    if entry.archived_at is not None:
        shown["archivedAt"] = iso(entry.archived_at)
    return shown | entry.hints


def _modification(entry: Property) -> dict:
    """What of a property may be changed."""
    metadata = {
        "archivable": entry.archivable,
        "readOnlyDefinition": entry.hubspot_defined,
        "readOnlyValue": entry.read_only or entry.calculated,
    }
    return metadata | ({"readOnlyOptions": entry.hubspot_defined} if entry.type == "enumeration" else {})


def group(entry: Group) -> dict:
    return {"name": entry.name, "label": entry.label, "displayOrder": entry.display_order, "archived": False}
