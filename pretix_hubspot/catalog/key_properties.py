"""The unique property by which we find our own records again, created in HubSpot if it is missing.

Idempotent: it may exist already, another worker may create it at the same moment, or it may have been archived once.
HubSpot fixes uniqueness at creation, so a property of our name that is not unique cannot be repaired from here.
"""

from django.utils.translation import gettext_noop

from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.sources.registry import SOURCES
from pretix_hubspot.sources.source import KeyProperty

GROUP_NAME = "pretixinformation"
GROUP_LABEL = "pretix information"


#: Companies have no unique property in HubSpot; the ones in pretix are identified by their name.
COMPANY = KeyProperty(
    "invoice_address_company",
    "pretix_company",
    "pretix company",
    "The name of the company as it was first used in pretix. Identifies the company. Do not change the values.",
)


def by_name() -> dict[str, KeyProperty]:
    """The key properties of all sources, and of companies."""
    keys = (*(source.key_property for source in SOURCES.values()), COMPANY)
    return {key.name: key for key in keys}


class KeyPropertyUnusable(Exception):
    """A property of our name exists, but cannot find records; ``reason`` is a key of ``REASONS``."""

    def __init__(self, name: str, reason: str):
        super().__init__(reason)
        self.name = name
        self.reason = reason

    @property
    def message(self) -> str:
        """An untranslated sentence with the placeholder ``property``."""
        return REASONS[self.reason]


REASONS = {
    "not_unique": gettext_noop(
        'The property "{property}" exists in HubSpot, but does not require unique values. HubSpot does not allow '
        "changing that. Please delete the property in HubSpot, or give it another internal name, and try again."
    ),
    "read_only": gettext_noop(
        'The property "{property}" exists in HubSpot, but its values cannot be changed by pretix. '
        "Please check the property's settings in HubSpot and try again."
    ),
}


def ensure_key_property(catalog, object_type: str, source: str) -> PropertyDefinition:
    """The unique key property of ``object_type`` for a source, see ``ensure``."""
    return ensure(catalog, object_type, SOURCES[source].key_property)


def ensure(catalog, object_type: str, key_property: KeyProperty) -> PropertyDefinition:
    """Return a unique property of ours, created unless it exists.

    Raises ``KeyPropertyUnusable``, or the client's errors (a missing scope, HubSpot's limit of unique properties).
    Asks HubSpot only if the stored definition is missing or unusable.
    """
    stored = catalog.properties(object_type).get(key_property.name)
    if stored is not None and _reason_unusable(stored) is None:
        return stored
    catalog.ensure_group(object_type, GROUP_NAME, GROUP_LABEL)
    definition = catalog.create_property(object_type, _definition(key_property))
    if reason := _reason_unusable(definition):
        raise KeyPropertyUnusable(key_property.name, reason)
    return definition


def _reason_unusable(definition: PropertyDefinition) -> str | None:
    if not definition.writable:
        return "read_only"
    return None if definition.has_unique_value else "not_unique"


def _definition(key_property: KeyProperty) -> dict:
    """HubSpot's ``PropertyCreate`` (hubspot.md 6.1)."""
    return {
        "name": key_property.name,
        "label": key_property.label,
        "description": key_property.description,
        "type": "string",
        "fieldType": "text",
        "groupName": GROUP_NAME,
        "hasUniqueValue": True,
        "formField": False,
    }
