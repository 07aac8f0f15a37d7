"""What users have created in a portal's schema: property groups, properties, options."""

import time
from collections.abc import Callable

from django.db import transaction
from django.utils.timezone import now

from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.data import Option, PropertyDefinition

from .stored import LAG, MADE, PROPERTIES, trimmed


class OptionsFixed(Exception):
    """HubSpot itself sets the options of this property."""


class CatalogCreation:
    """A part of the catalogue, whose rows it shares."""

    def ensure_group(self, object_type: str, name: str, label: str) -> None:
        """Create the property group unless it exists."""
        try:
            self.client.create_property_group(object_type, name=name, label=label)
        except errors.Conflict:
            pass  # another worker, or an earlier attempt, has created it

    def create_property(self, object_type: str, definition: dict) -> PropertyDefinition:
        """Create the property, or return the existing one of that name; the stored copy has it at once.

        ``definition`` is HubSpot's ``PropertyCreate``.
        A name that was archived comes back with its old definition: check the returned one.
        """
        try:
            created = self.client.create_property(object_type, definition)
        except errors.Conflict:
            return self._existing_property(object_type, definition["name"])
        self.remember(object_type, created)
        return created

    def add_options(self, object_type: str, name: str, make: Callable[[PropertyDefinition], list[Option]]) -> None:
        """Add the options that ``make`` returns, given the definition as it is in HubSpot at this moment.

        HubSpot replaces the whole list (hubspot.md 6.1), so the existing options are sent along.
        Raises ``OptionsFixed`` or the client's errors.
        """
        current = next((p for p in self.client.properties(object_type) if p.name == name and not p.archived), None)
        if current is None:
            raise errors.NotFound(f"The property {name} does not exist.")
        if current.read_only_options:
            raise OptionsFixed(name)
        if new := make(current):
            options = [option.to_json() for option in (*current.options, *new)]
            current = self.client.update_property(object_type, name, {"options": options})
        self.remember(object_type, current)

    def _existing_property(self, object_type: str, name: str) -> PropertyDefinition:
        for wait in (0, LAG):
            time.sleep(wait)
            self._fetch(object_type)
            if definition := self.properties(object_type).get(name):
                return definition
        raise errors.Conflict(f"The property {name} exists, but HubSpot does not list it.")

    def remember(self, object_type: str, definition: PropertyDefinition) -> None:
        """Store a definition that HubSpot just returned; its list lacks a change for a moment, see ``LAG``."""
        with transaction.atomic():
            row = self.connection.catalog_entries.select_for_update().filter(kind=PROPERTIES, name=object_type).first()
            if row is None:
                return
            stored = {**trimmed(definition), MADE: now().timestamp()}
            row.data = [p for p in row.data if p["name"] != definition.name] + [stored]
            row.save(update_fields=["data"])
        self._forget(object_type)
