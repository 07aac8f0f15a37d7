"""The editor's data of one mapping: the event's fields, the portal's properties, and which of them fit together.

The notes come from the same table that the engine converts with, so that the editor warns of values that would fail.
"""

from dataclasses import replace

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from pretix_hubspot.catalog.catalog import Catalog, is_identifier
from pretix_hubspot.catalog.display import shown
from pretix_hubspot.catalog.object_types import stage_properties
from pretix_hubspot.connections.conventions import conventions
from pretix_hubspot.failures.texts import describe
from pretix_hubspot.hubspot.data import Pipeline, PropertyDefinition
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.sources.choices import grouped
from pretix_hubspot.sources.constant import CATEGORY
from pretix_hubspot.sources.field import SourceField
from pretix_hubspot.sources.registry import SOURCES, label, offered, source_fields
from pretix_hubspot.values import owners
from pretix_hubspot.values.convert import convert, risk_of
from pretix_hubspot.values.kinds import PropertyKind, kind_of
from pretix_hubspot.values.rows import Conventions, MappingRow

from . import drift, new_record_notes, value_maps
from .counterparts import is_lost, original_key
from .resolve import rows_of
from .stored import StoredMapping, StoredRow

#: The largest number of suggestions for one input of a page.
MOST_LABELS = 500
#: A choice of a select, or a group of them by its name.
FieldChoice = tuple[str, str | list[tuple[str, str]]]


def property_text(definition: PropertyDefinition | None, name: str) -> str:
    """A HubSpot field as the editor shows it: ``Email (email | string)``."""
    if definition is None:
        return _("{field} (no longer exists in HubSpot)").format(field=name)
    return f"{definition.label} ({definition.name} | {definition.type})"


class EditorSetup:
    """The data of one mapping. ``error`` is set if HubSpot could not be asked and no copy is stored: the page still
    opens.
    """

    def __init__(self, mapping: ObjectMapping, catalog: Catalog) -> None:
        self.mapping = mapping
        self.source = SOURCES[mapping.pretix_model]
        self.stored = StoredMapping.of(mapping)
        self.catalog = catalog
        self.object_type = mapping.external_object_type
        self.definitions: dict[str, PropertyDefinition] = {}
        self.pipelines: list[Pipeline] = []
        self.error: Exception | None = None
        try:
            self.definitions = catalog.properties(self.object_type)
            self.pipelines = catalog.pipelines(self.object_type)
        except (HubSpotError, ServerMisconfigured) as e:
            self.definitions, self.error = {}, e
        self._choices: dict[str | None, list[FieldChoice]] = {}

    # pretix

    @cached_property
    def all_fields(self) -> dict[str, SourceField]:
        return source_fields(self.mapping.event)

    @cached_property
    def fields(self) -> dict[str, SourceField]:
        return offered(self.all_fields, self.mapping.pretix_model)

    def identifier_field_choices(self) -> list[FieldChoice]:
        """The same choices without the constant text, which cannot distinguish objects."""
        groups = self.field_choices(self.mapping.pretix_id_field)
        return [group for group in groups if group[0] != str(CATEGORY.label)]

    def field_choices(self, current: str | None = None) -> list[FieldChoice]:
        """Grouped choices; a field that vanished, or is deprecated, only if it is chosen already."""
        known = self.fields.get(current) if current else None
        if (known is None and current not in self.chosen_fields) or (known and not known.deprecated):
            current = None
        if current not in self._choices:
            choices: list[FieldChoice] = [*grouped(self.fields, current)]
            if current and known is None:
                choices.append((current, _("{field} (not available)").format(field=original_key(current))))
            self._choices[current] = choices
        return self._choices[current]

    @cached_property
    def chosen_fields(self) -> frozenset[str]:
        return self.stored.fields

    # HubSpot

    @cached_property
    def own_properties(self) -> set[str]:
        """Pipeline and stage, which have a form of their own, since they must be sent together."""
        return set(stage_properties(self.object_type)) if self.pipelines else set()

    @cached_property
    def chosen(self) -> set[str]:
        return set(self.stored.properties)

    @property
    def named(self) -> set[str]:
        """All names by which a failure may refer to the mapping's current HubSpot fields."""
        stored = StoredMapping.of(self.mapping)
        names = set(stored.properties)
        names |= set(stage_properties(self.object_type)) if stored.pipeline else set()
        return names | {self.definitions[name].label for name in names if name in self.definitions}

    def external_choices(self) -> list[dict[str, str]]:
        """The list that all rows search, in the shape that select2 takes."""
        offered = [
            p for p in self.definitions.values() if p.writable and not p.hidden and p.name not in self.own_properties
        ]
        offered.sort(key=lambda p: p.label.lower())
        return [{"id": p.name, "text": property_text(p, p.name)} for p in offered]

    def may_write(self, name: str) -> bool:
        """Whether a row may name this property: the portal lets us write it, or the row has named it before."""
        definition = self.definitions.get(name)
        return name in self.chosen or bool(definition and definition.writable and not definition.hidden)

    def identifier_choices(self) -> list[tuple[str, str]]:
        """Unique properties, and the current one in any case."""
        current = self.mapping.external_id_field
        offered = [
            p
            for p in self.definitions.values()
            if p.name == current or (p.writable and not p.hidden and is_identifier(self.object_type, p))
        ]
        choices = [(p.name, property_text(p, p.name)) for p in sorted(offered, key=lambda p: p.label.lower())]
        if current and current not in self.definitions:
            choices.append((current, current if self.error else property_text(None, current)))
        return choices

    @property
    def has_identifiers(self) -> bool:
        return bool(self.error or self.identifier_choices())

    def identifier_problem(self, name: str) -> str | None:
        """Why records cannot be found by this property, in words; None if they can, or if the schema is unknown."""
        if self.error:
            return None
        definition = self.definitions.get(name)
        if definition is None:
            return _("The HubSpot field “{field}” no longer exists.").format(field=name)
        if not is_identifier(self.object_type, definition):
            return _(
                "HubSpot cannot find an object by “{field}”, since several objects may have the same value. "
                "Please choose a field that requires unique values."
            ).format(field=definition.label)
        return None

    @property
    def other_mappings(self) -> QuerySet[ObjectMapping]:
        return self.mapping.event.hubspot_object_mappings.exclude(pk=self.mapping.pk)

    @cached_property
    def earlier_mappings(self) -> list[tuple[int, str]]:
        """Choices of "Association setup"."""
        earlier = self.mapping.event.hubspot_object_mappings.filter(position__lt=self.mapping.position)
        return [(m.pk, describe_mapping(m, self.catalog)) for m in earlier]

    # Both

    @property
    def title_note(self) -> str | None:
        return new_record_notes.title_note(self)

    @property
    def stage_note(self) -> str | None:
        return new_record_notes.stage_note(self)

    @property
    def missing_note(self) -> str | None:
        return new_record_notes.missing(self)

    def identifier_notes(self, field_key: str, name: str) -> list[str]:
        if not field_key or not name:
            return []
        problem = self.identifier_problem(name)
        return [problem] if problem else self._field_notes(field_key)

    def takes_value_map(self, field_key: str, name: str) -> bool:
        """Whether the row has choices that can be mapped to options."""
        return value_maps.fits(self.fields.get(field_key), self.definitions.get(name))

    def takes_choices(self, field_key: str, name: str) -> bool:
        """Whether the row has to choose between identifiers and labels of choices."""
        return value_maps.into_text(self.fields.get(field_key), self.definitions.get(name))

    def option_labels(self, name: str) -> list[str]:
        """The choices for a constant text: the options of the property, as far as they are offered."""
        definition = self.definitions.get(name)
        if definition is None or definition.type != "enumeration":
            return []
        return [option.label for option in definition.options if not option.hidden][:MOST_LABELS]

    def shown_text(self, name: str, text: str) -> str:
        """A constant text as users chose it: an owner's name, where the id is stored."""
        definition = self.definitions.get(name)
        owner = owners.find(definition.options, text) if definition and definition.owners and text else None
        return owner.label if owner else text

    def stored_text(self, name: str, text: str) -> str:
        """The reverse: the id is stored, since a name may change, and several owners may have it."""
        definition = self.definitions.get(name)
        owner = owners.find(definition.options, text) if definition and definition.owners and text else None
        return owner.value if owner else text

    def shown_as(self, name: str) -> str:
        """The note about a number that HubSpot shows otherwise than it stores it."""
        definition = self.definitions.get(name)
        if definition is None or kind_of(definition) not in (PropertyKind.PERCENTAGE, PropertyKind.DURATION):
            return ""
        percentage = kind_of(definition) == PropertyKind.PERCENTAGE
        text, kind = ("19", "N") if percentage else ("1:30", "S")
        stored = convert(text, kind, definition, conventions=self.conventions)
        if not isinstance(stored, str):
            return ""
        display = shown(stored, definition, {}, self.conventions)
        return _("{value} is sent as {stored}, and HubSpot shows {seen}.").format(
            value=text, stored=stored, seen=display.text
        )

    def notes(self, row: StoredRow) -> list[str]:
        """Warnings and hints about a row, in words. They never block saving."""
        field_key, name = row.pretix_field, row.external_field
        notes = self._field_notes(field_key)
        if self.error:
            return notes
        definition = self.definitions.get(name)
        if changed := drift.property_change(name, definition):
            return [*notes, changed]
        if name in self.own_properties:
            return [*notes, _("Please use “Pipeline and stages” below instead of this row.")]
        field = self.fields.get(field_key)
        return [*notes, *self._value_notes(field, definition, row), *self._unique_notes(definition, row)]

    def _value_notes(
        self, field: SourceField | None, definition: PropertyDefinition | None, row: StoredRow
    ) -> list[str]:
        """The warnings of the table of conversions; a value map is compared with today's choices and options."""
        if field is None:
            return []
        if row.lost_choices:
            return [drift.lost_choices(row, definition)]
        if lost := drift.options_gone(row.value_map, definition):
            return [lost]
        refusal = risk_of(self._resolved(row))
        return [str(describe(refusal, field.label))] if refusal else []

    def _resolved(self, row: StoredRow) -> MappingRow:
        """The row as the planner gets it, among the stored rows."""
        others = [other for other in self.stored.rows if other.external_field != row.external_field]
        stored = replace(self.stored, rows=(*others, row))
        return rows_of(stored, self.definitions, self.fields, self.conventions)[-1]

    @cached_property
    def conventions(self) -> Conventions:
        return conventions(self.mapping.event, self.catalog.connection)

    def _unique_notes(self, definition: PropertyDefinition | None, row: StoredRow) -> list[str]:
        """The warning about a unique property, unless it is the identifier."""
        if definition is None or not is_identifier(self.object_type, definition):
            return []
        if (row.pretix_field, definition.name) == (self.mapping.pretix_id_field, self.mapping.external_id_field):
            return []
        if row.constant is not None:
            return [
                _(
                    "HubSpot takes each value of “{field}” only once. "
                    "Only one object can get the constant text, all other orders are reported as sync problems."
                ).format(field=definition.label)
            ]
        return [
            _(
                "HubSpot takes each value of “{field}” only once. "
                "An order is reported as a sync problem if another object has the value already."
            ).format(field=definition.label)
        ]

    def news(self, name: str) -> str | None:
        """Changes in HubSpot without consequences for the row, and how HubSpot shows its values."""
        return self.shown_as(name) or drift.renamed(self.definitions.get(name), self.renamed.get(name))

    @cached_property
    def renamed(self) -> dict[str, str]:
        return {} if self.error else self.catalog.renamed(self.object_type)

    @property
    def changes(self) -> list[str]:
        """Changes in HubSpot for the mapping as a whole, and references outside its rows that a copy lost."""
        lost = [*drift.foreign(self.stored, self.portal_id), *drift.lost_filters(self.stored)]
        if problem := drift.object_type_gone(self.object_type, self.catalog):
            return [*lost, problem]
        return [*lost, *([] if self.error else drift.pipeline_changes(self.stored.pipeline, self.pipelines))]

    @cached_property
    def portal_id(self) -> int:
        return self.catalog.connection.portal_id

    @property
    def is_foreign(self) -> bool:
        """Whether this is a copy from another account; properties and options that it names and that are missing
        fail no order.
        """
        return self.stored.is_foreign(self.portal_id)

    def looked_at(self, stored: StoredMapping) -> StoredMapping:
        """The mapping without the mark of a copy, once no property or option is missing here."""
        here = stored.at_home(self.portal_id)
        if not here.is_foreign(self.portal_id):
            return here
        as_own = replace(here, made_for_portal=None)
        return here if self.error or drift.changes_of(as_own, self.catalog) else as_own

    def _field_notes(self, field_key: str) -> list[str]:
        if is_lost(field_key):
            return [str(drift.LOST_FIELD)]
        field = self.fields.get(field_key)
        if field is None:
            return [_("This pretix field is not available in this event, nothing can be sent.")]
        if field.sensitive:
            return [_("This link contains a secret: everyone who sees it in HubSpot can open the order.")]
        return []


def describe_mapping(mapping: ObjectMapping, catalog: Catalog) -> str:
    """The name of an object mapping for users: ``Order -> Contacts``."""
    return f"{label(mapping.pretix_model)} -> {catalog.label(mapping.external_object_type)}"
