"""Resolve object mappings for the planner, with the portal's stored schema and the event's source fields."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from pretix.base.datasync.datasync import SyncConfigError
from pretix.base.datasync.sourcefields import ORDER as ORDER_INPUT
from pretix.base.models import Event

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.object_types import stage_properties
from pretix_hubspot.connections.conventions import conventions
from pretix_hubspot.failures.reach import is_lack_of_access
from pretix_hubspot.hubspot.data import AssociationType, Pipeline, PropertyDefinition
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.sources.field import SourceField
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.registry import SOURCES
from pretix_hubspot.sources.source import Source
from pretix_hubspot.values.money import with_currencies
from pretix_hubspot.values.risks import options_elsewhere
from pretix_hubspot.values.rows import IDENTIFIERS, LABELS, NO_CONVENTIONS, Conventions, MappingRow

from . import new_records, value_maps
from .filters import question_fields
from .options import StoredFilters, StoredOptions
from .schemas import unreadable
from .spec import LEAVE, Filters, MappingOptions, MappingSpec, PipelineSpec
from .stored import StoredMapping, StoredRow


def mappings_of(event: Event) -> list[ObjectMapping]:
    """The event's mappings that can be sent, in order."""
    return [mapping for mapping in event.hubspot_object_mappings.all() if mapping.is_complete]


def specs_for(
    mappings: Sequence[ObjectMapping], catalog: Catalog, fields: Mapping[str, SourceField]
) -> tuple[MappingSpec, ...]:
    """Resolve mappings. Raises ``HubSpotError`` if a schema was never stored and the portal does not answer at all."""
    errors = unreadable(catalog, {mapping.external_object_type for mapping in mappings})
    understood = conventions(mappings[0].event, catalog.connection) if mappings else NO_CONVENTIONS
    return tuple(
        _without_schema(mapping, fields, error, catalog.connection.portal_id)
        if (error := errors.get(mapping.external_object_type))
        else _with_defaults(
            _here(
                _spec(mapping, catalog.properties(mapping.external_object_type), fields, understood), mapping, catalog
            ),
            catalog,
        )
        for mapping in mappings
    )


def _without_schema(
    mapping: ObjectMapping, fields: Mapping[str, SourceField], error: HubSpotError, portal_id: int
) -> MappingSpec:
    spec = _spec(mapping, {}, fields, NO_CONVENTIONS)
    return replace(
        spec,
        unreadable=error,
        left_out=is_lack_of_access(error, mapping.external_object_type),
        foreign=StoredMapping.of(mapping).is_foreign(portal_id),
    )


def _here(spec: MappingSpec, mapping: ObjectMapping, catalog: Catalog) -> MappingSpec:
    """The mapping without the numbers of another portal, which mean other things here."""
    stored, portal_id = StoredMapping.of(mapping), catalog.connection.portal_id
    foreign_labels = {entry.mapping for entry in stored.associations if entry.is_foreign(portal_id)}
    if foreign_labels:
        spec = replace(spec, labels={key: label for key, label in spec.labels.items() if key not in foreign_labels})
    if not stored.is_foreign(portal_id):
        return spec
    return replace(
        spec,
        foreign=True,
        rows=tuple(_without_owner(row) for row in spec.rows),
        pipeline=_pipeline_here(spec.pipeline, catalog.pipelines(spec.object_type)),
    )


def _without_owner(row: MappingRow) -> MappingRow:
    """The row without a number that only the other portal knows, such as an owner's id."""
    written = row.constant is not None or row.value_map
    return replace(row, property=None) if row.property and written and options_elsewhere(row.property) else row


def _pipeline_here(chosen: PipelineSpec | None, pipelines: Sequence[Pipeline]) -> PipelineSpec | None:
    """The pipeline and its stages, as far as this portal has them."""
    pipeline = chosen and next((p for p in pipelines if p.id == chosen.pipeline_id), None)
    if not chosen or not pipeline:
        return None
    have = {stage.id for stage in pipeline.stages if not stage.archived}
    return replace(chosen, stages={status: stage for status, stage in chosen.stages.items() if stage in have})


def _with_defaults(spec: MappingSpec, catalog: Catalog) -> MappingSpec:
    title = catalog.properties(spec.object_type).get(catalog.primary_property(spec.object_type))
    defaults = new_records.defaults_for(spec.object_type, title, first_stages(spec, catalog))
    return replace(spec, defaults=defaults, pipeline=_with_known_stages(spec, catalog))


def _with_known_stages(spec: MappingSpec, catalog: Catalog) -> PipelineSpec | None:
    pipelines = catalog.pipelines(spec.object_type)
    if not spec.pipeline or not pipelines:
        return spec.pipeline
    chosen = new_records.chosen_pipeline(pipelines, spec.pipeline.pipeline_id)
    stages = chosen.stages if chosen else ()
    return replace(spec.pipeline, known=frozenset(stage.id for stage in stages if not stage.archived))


def first_stages(spec: MappingSpec, catalog: Catalog) -> PipelineSpec | None:
    """The default stages of new records of this mapping."""
    properties, chosen = catalog.properties(spec.object_type), spec.pipeline
    names = stage_properties(spec.object_type)
    pipelines = catalog.pipelines(spec.object_type)
    pipeline = new_records.chosen_pipeline(pipelines, chosen.pipeline_id if chosen else "")
    if pipeline is None or any(name not in properties for name in names):
        return None
    stages = new_records.first_stages(pipeline, chosen.stages if chosen else {})
    return PipelineSpec(properties[names[0]], properties[names[1]], pipeline.id, stages)


def wanted_fields(specs: Sequence[MappingSpec], fields: Mapping[str, SourceField]) -> dict[str, frozenset[str]]:
    """Source field keys by the key of the source that reads them."""
    keys: dict[str, set[str]] = {ORDERS.key: set(), POSITIONS.key: set()}
    for spec in specs:
        keys.setdefault(spec.source.key, set()).update(
            row.field for row in (spec.identifier, *spec.rows) if row.source_type and row.constant is None
        )
        subject = spec.source.subject
        if spec.defaults.title and subject.title in fields:
            keys.setdefault(subject.key, set()).add(subject.title)
        for key in question_fields(spec.options.filters):
            of_order = key in fields and fields[key].required_input == ORDER_INPUT
            keys[ORDERS.key if of_order else POSITIONS.key].add(key)
    return {source: frozenset(of_source) for source, of_source in keys.items()}


def _spec(
    mapping: ObjectMapping,
    properties: Mapping[str, PropertyDefinition],
    fields: Mapping[str, SourceField],
    understood: Conventions,
) -> MappingSpec:
    stored = StoredMapping.of(mapping)
    if stored.pretix_model not in SOURCES:
        raise SyncConfigError([f"Invalid pretix model '{stored.pretix_model}'"])
    source = SOURCES[stored.pretix_model]
    return MappingSpec(
        id=mapping.pk,
        source=source,
        object_type=stored.external_object_type,
        identifier=_row(stored.identifier, properties, fields, understood),
        rows=rows_of(stored, properties, fields, understood),
        associations=tuple(entry.mapping for entry in stored.associations),
        labels={entry.mapping: _label(entry.type) for entry in stored.associations if entry.type},
        pipeline=_pipeline(stored, properties),
        revision=mapping.revision,
        options=_options(mapping.event, stored.options, source),
    )


def _label(stored: str) -> AssociationType:
    category, _, number = stored.partition(":")
    return AssociationType(category, int(number))


def _options(event: Event, stored: StoredOptions, source: Source) -> MappingOptions:
    """The stored options as the planner takes them, with the defaults.

    A filter that the source cannot meet is no condition.
    """
    names = {option.name for option in dataclasses.fields(MappingOptions)} - {"filters"}
    chosen = {name: value for name in names if (value := getattr(stored, name))}
    return MappingOptions(_filters(event, stored.filters.only(source.filters)), **chosen)


def _filters(event: Event, stored: StoredFilters) -> Filters:
    """Categories and admission become products, channels become keys: a query for each that is used."""
    items, categories, channels = set(stored.items), stored.categories, stored.sales_channels
    if categories:
        items |= _keys(event.items.filter(category__in=categories))
    return Filters(
        paid=stored.paid,
        value=stored.value,
        account=stored.account,
        channels=_keys(event.organizer.sales_channels.filter(identifier__in=channels)) if channels else None,
        items=frozenset(items) if items or categories or stored.variations else None,
        variations=frozenset(stored.variations),
        admission_items=_keys(event.items.filter(admission=True)) if stored.admission else None,
        subevents=frozenset(stored.subevents) if stored.subevents else None,
        answers=stored.answers,
    )


def _keys(rows: QuerySet[Any]) -> frozenset[int]:
    return frozenset(rows.values_list("pk", flat=True))


def rows_of(
    stored: StoredMapping,
    properties: Mapping[str, PropertyDefinition],
    fields: Mapping[str, SourceField],
    understood: Conventions,
) -> tuple[MappingRow, ...]:
    """The rows with their references to each other: an amount has a currency."""
    rows = [_row(row, properties, fields, understood, stored.options.labels) for row in stored.rows]
    return with_currencies(stored.external_object_type, rows, properties)


def _row(
    row: StoredRow,
    properties: Mapping[str, PropertyDefinition],
    fields: Mapping[str, SourceField],
    understood: Conventions,
    labels: bool = False,
) -> MappingRow:
    """``labels`` sends choices into texts by their labels, in the language of ``fields``, unless the row decides."""
    field = fields.get(row.pretix_field)
    definition = properties.get(row.external_field)
    value_map = row.value_map or None
    labels = {LABELS: True, IDENTIFIERS: False}.get(row.choices, labels)
    if labels and not value_map and field and value_maps.into_text(field, definition):
        value_map = dict(field.enum_opts or ())
    return MappingRow(
        field=row.pretix_field,
        source_type=field.type if field else None,
        external_field=row.external_field,
        property=definition if definition and not definition.archived else None,
        mode=row.mode,
        value_map=value_map,
        synonyms=field.synonyms if field else (),
        constant=row.constant,
        keeps=row.empty == LEAVE,
        conventions=understood,
    )


def _pipeline(stored: StoredMapping, properties: Mapping[str, PropertyDefinition]) -> PipelineSpec | None:
    names = stage_properties(stored.external_object_type)
    chosen = stored.pipeline
    if not chosen or any(name not in properties for name in names):
        return None
    pipeline, stage = (properties[name] for name in names)
    return PipelineSpec(pipeline, stage, chosen.pipeline, chosen.stages)
