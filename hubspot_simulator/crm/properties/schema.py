"""The schema of one portal: property definitions and groups of every object type (hubspot.md 6.1)."""

import re
from collections.abc import Callable

from hubspot_simulator.problems import CONFLICT, INVALID, MISSING, Problem, invalid

from .definitions import FIELD_TYPES, UNIQUE_TYPES, Group, Option, Property, field_type_fits

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
UNIQUE_PER_TYPE = 10
CUSTOM_PER_TYPE = 1000


class Schema:
    """Definitions by object type and name; the clock decides what reads can see already."""

    def __init__(self, clock: Callable[[], float], lag_seconds: Callable[[], float]):
        self._clock = clock
        self._lag = lag_seconds
        self._properties: dict[str, dict[str, Property]] = {}
        self._groups: dict[str, dict[str, Group]] = {}
        self._cached: dict[tuple[str, str], object] = {}

    def seed(self, type_name: str, groups: list[Group], properties: list[Property]) -> None:
        """Adds what a portal has from the beginning: visible at once and not to be archived."""
        self._groups.setdefault(type_name, {}).update({group.name: group for group in groups})
        known = self._properties.setdefault(type_name, {})
        for definition in properties:
            definition.created_at = definition.updated_at = definition.created_at or self._clock() - 30_000_000
            known[definition.name] = definition
        self._cached.clear()

    # Writing values looks here; a definition works from the moment it exists.

    def active(self, type_name: str) -> dict[str, Property]:
        """All definitions that are not archived, those included that reads can't see yet."""
        return self._remember(
            "active",
            type_name,
            lambda: {name: entry for name, entry in self._properties[type_name].items() if entry.archived_at is None},
        )

    def _remember(self, what: str, type_name: str, compute: Callable[[], object]):
        """Batches ask a hundred times between two changes of the schema."""
        key = what, type_name
        if key not in self._cached:
            self._cached[key] = compute()
        return self._cached[key]

    def find(self, type_name: str, name: str) -> Property | None:
        entry = self._properties[type_name].get(name)
        return entry if entry is not None and entry.archived_at is None else None

    def uniques(self, type_name: str) -> list[str]:
        """Names usable as ``idProperty`` next to a contact's e-mail (hubspot.md 5.4, A/B)."""
        return self._remember(
            "uniques", type_name, lambda: [name for name, entry in self.active(type_name).items() if entry.unique]
        )

    def required(self, type_name: str) -> list[Property]:
        """What the create form demands (hubspot.md 1.3, A)."""
        return self._remember(
            "required", type_name, lambda: [entry for entry in self.active(type_name).values() if entry.required]
        )

    def conditional(self, type_name: str) -> list[Property]:
        """What is demanded only when another property has a certain value (hubspot.md 1.3, A)."""
        return self._remember(
            "conditional",
            type_name,
            lambda: [entry for entry in self.active(type_name).values() if entry.required_when],
        )

    # Reading definitions.

    def listed(self, type_name: str, archived: bool = False) -> list[Property]:
        now = self._clock()
        return [
            entry
            for entry in self._properties[type_name].values()
            if entry.visible_at <= now and (entry.archived_at is not None) == archived
        ]

    def get(self, type_name: str, name: str, archived: bool = False) -> Property:
        entry = self._properties[type_name].get(name)
        if entry is None or entry.visible_at > self._clock() or (entry.archived_at is not None) != archived:
            raise missing_property(name)
        return entry

    # Changing definitions.

    def create(self, type_name: str, definition: Property) -> Property:
        """Adds a definition; an archived one of that name comes back with its old values (B)."""
        known = self._properties[type_name]
        existing = known.get(definition.name)
        if existing is not None and existing.archived_at is None:
            raise Problem(
                CONFLICT,
                f"A property named '{definition.name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                "Properties.PROPERTY_WITH_NAME_EXISTS",
            )
        self._check(type_name, definition)
        now = self._clock()
        definition.created_at = definition.updated_at = now
        definition.visible_at = now + self._lag()
        known[definition.name] = definition
        self._cached.clear()
        return definition

    def change(self, type_name: str, name: str, **changes: object) -> Property:
        """PATCH: ``options`` replace the whole list; ``hasUniqueValue`` never changes (B)."""
        current = self.find(type_name, name)
        if current is None:
            raise missing_property(name)
        changed = current.copy(**changes, updated_at=self._clock())
        self._check_shape(type_name, changed)
        self._properties[type_name][name] = changed
        self._cached.clear()
        return changed

    def archive(self, type_name: str, name: str) -> None:
        current = self.find(type_name, name)
        if current is None:
            raise missing_property(name)
        if current.hubspot_defined:
            raise invalid(f'Property "{name}" is defined by HubSpot and can\'t be deleted')
        current.archived_at = self._clock()
        self._cached.clear()

    def remove(self, type_name: str, name: str) -> None:
        """As if the portal had never had it."""
        self._properties[type_name].pop(name, None)
        self._cached.clear()

    def rename(self, type_name: str, name: str, new_name: str) -> None:
        """What HubSpot can't do, but a re-created property amounts to: the old name is gone."""
        current = self._properties[type_name].pop(name)
        self._properties[type_name][new_name] = current.copy()
        self._properties[type_name][new_name].name = new_name
        self._cached.clear()

    def _check(self, type_name: str, definition: Property) -> None:
        if not NAME.match(definition.name):
            raise invalid(f'Property name "{definition.name}" is invalid: use lower-case letters, digits, underscores')
        self._check_shape(type_name, definition)
        if definition.unique and definition.type not in UNIQUE_TYPES:
            raise invalid(f'Property "{definition.name}" of type {definition.type} can\'t have unique values')
        own = [entry for entry in self.active(type_name).values() if not entry.hubspot_defined]
        if definition.unique and sum(entry.unique for entry in own) >= UNIQUE_PER_TYPE:
            raise Problem(
                INVALID,
                f"Only {UNIQUE_PER_TYPE} unique properties per object type",
                "VALIDATION_ERROR",
                "Properties.TOO_MANY_UNIQUE_PROPERTIES",
            )
        if len(own) >= CUSTOM_PER_TYPE:
            raise Problem(
                INVALID,
                f"The limit of {CUSTOM_PER_TYPE} custom properties is reached",
                "VALIDATION_ERROR",
                "Properties.TOO_MANY_PROPERTIES",
            )

    def _check_shape(self, type_name: str, definition: Property) -> None:
        if definition.type not in FIELD_TYPES or not field_type_fits(definition.type, definition.field_type):
            raise invalid(f"Invalid field type {definition.field_type} for property type {definition.type}")
        if definition.group not in self._groups[type_name]:
            raise Problem(
                INVALID,
                f'Property group "{definition.group}" does not exist',
                "VALIDATION_ERROR",
                "Properties.PROPERTY_GROUP_DOES_NOT_EXIST",
            )
        if definition.type == "bool" and {option.value for option in definition.options} != {"true", "false"}:
            raise Problem(
                INVALID,
                "Boolean properties must have exactly two options: true and false",
                "VALIDATION_ERROR",
                "Properties.INVALID_BOOLEAN_OPTION",
            )
        values = [option.value for option in definition.options]
        if len(values) != len(set(values)):
            raise invalid(f'Options of property "{definition.name}" are not unique')

    # Groups.

    def groups(self, type_name: str) -> list[Group]:
        return list(self._groups[type_name].values())

    def group(self, type_name: str, name: str) -> Group:
        if name not in self._groups[type_name]:
            raise Problem(MISSING, f'Property group "{name}" does not exist', "OBJECT_NOT_FOUND")
        return self._groups[type_name][name]

    def create_group(self, type_name: str, group: Group) -> Group:
        if group.name in self._groups[type_name]:
            raise Problem(
                CONFLICT,
                f'Property group "{group.name}" already exists.',
                "OBJECT_ALREADY_EXISTS",
                "Properties.PROPERTY_GROUP_WITH_NAME_EXISTS",
            )
        if not NAME.match(group.name):
            raise invalid(f'Property group name "{group.name}" is invalid')
        self._groups[type_name][group.name] = group
        return group

    def archive_group(self, type_name: str, name: str) -> None:
        self.group(type_name, name)
        if any(entry.group == name for entry in self.active(type_name).values()):
            raise Problem(
                INVALID,
                f'Property group "{name}" has active properties',
                "VALIDATION_ERROR",
                "Properties.GROUP_WITH_ACTIVE_PROPERTIES",
            )
        del self._groups[type_name][name]

    def set_options(self, type_name: str, name: str, new: list[Option]) -> None:
        """An admin edits the options; records keep removed ones as raw values (hubspot.md 6.1, B)."""
        self.change(type_name, name, options=new)


def missing_property(name: str) -> Problem:
    return Problem(MISSING, f'Property "{name}" does not exist', "OBJECT_NOT_FOUND", "Properties.PROPERTY_NOT_FOUND")
