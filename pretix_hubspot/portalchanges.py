"""What changed in the portal under a mapping's feet, in words, from the stored catalogue. Never asks HubSpot."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from pretix.base.models import Question
from pretix.base.models.datasync import MODE_OVERWRITE

from pretix_hubspot.catalog import Catalog
from pretix_hubspot.failures.texts import describe
from pretix_hubspot.hubspot.types import Pipeline, PropertyDefinition
from pretix_hubspot.mappings.stored import StoredMapping, StoredPipeline, StoredRow
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.objecttypes import ALWAYS, key
from pretix_hubspot.sync.values import warning


def changes(mapping: ObjectMapping, catalog: Catalog) -> list[str]:
    """Everything that keeps this mapping from working as it was set up, for the list of mappings."""
    object_type = mapping.external_object_type
    if lost := access_lost(object_type, catalog):
        return [lost]
    if gone := object_type_gone(object_type, catalog):
        return [gone]
    if not catalog.is_stored(object_type):
        return []
    definitions = catalog.properties(object_type)
    stored = StoredMapping.of(mapping)
    found = [property_change(name, definitions.get(name)) for name in stored.properties]
    for row in stored.rows:
        definition = definitions.get(row.external_field)
        found.append(options_gone(row.value_map, definition))
        found.append(_constant_refused(row, definition))
    found += pipeline_changes(stored.pipeline, catalog.pipelines(object_type))
    return list(dict.fromkeys(text for text in found if text))


def access_lost(object_type: str, catalog: Catalog) -> str | None:
    """Whether HubSpot refused the object type to orders, which are sent without it."""
    scopes = catalog.lacking(object_type)
    if scopes is None:
        return None
    text = _("HubSpot does not let pretix use {object_type}, so orders are sent without this mapping.")
    cure = _("Please connect again and grant {scopes}. Afterwards you can send these orders again.")
    told = text.format(object_type=catalog.label(object_type))
    return f"{told} {cure.format(scopes=', '.join(scopes))}" if scopes else told


def object_type_gone(object_type: str, catalog: Catalog) -> str | None:
    """Whether the portal no longer has the object type, or no longer lets us use it."""
    if catalog.age() is None or object_type in {*ALWAYS, *(key(known) for known in catalog.object_types())}:
        return None
    return _(
        "HubSpot no longer has the object type “{object_type}”, or pretix may no longer use it. Nothing can be sent."
    ).format(object_type=catalog.label(object_type))


def property_change(name: str, definition: PropertyDefinition | None) -> str | None:
    """Archived (or renamed internally, which is the same), or not to be written any more."""
    if definition is None or definition.archived:
        return _("The HubSpot field “{field}” no longer exists.").format(field=name)
    if not definition.writable:
        return _("The HubSpot field “{field}” can only be read.").format(field=definition.label)
    return None


def options_gone(value_map: Mapping[str, str], definition: PropertyDefinition | None) -> str | None:
    """Options of a value map that the property no longer has."""
    if not value_map or definition is None or definition.type != "enumeration" or not definition.options:
        return None
    known = {option.value for option in definition.options}
    gone = [value for value in dict.fromkeys(value_map.values()) if value and value not in known]
    if not gone:
        return None
    return _(
        "The value map uses options that the HubSpot field “{field}” no longer has: {options}. "
        "Please choose other options."
    ).format(field=definition.label, options=", ".join(gone))


def _constant_refused(row: StoredRow, definition: PropertyDefinition | None) -> str | None:
    """A constant text that fits no longer, such as the name of an option that is gone."""
    text = row.constant
    if text is None or definition is None or not definition.writable:
        return None
    refusal = warning(Question.TYPE_STRING, definition, MODE_OVERWRITE, constant=text)
    return describe(refusal) if refusal else None


def renamed(definition: PropertyDefinition | None, former: str | None) -> str | None:
    """A new label changes nothing for the mapping, but people look for the old one."""
    if definition is None or not former:
        return None
    return _("HubSpot renamed “{former}” to “{label}”. The mapping goes on as before.").format(
        former=former, label=definition.label
    )


def pipeline_changes(chosen: StoredPipeline, pipelines: Sequence[Pipeline]) -> list[str]:
    """A pipeline or stages that were chosen and are gone."""
    if not chosen:
        return []
    pipeline = next((p for p in pipelines if p.id == chosen.pipeline), None)
    if pipeline is None:
        return [_("The chosen pipeline no longer exists in HubSpot. Please choose another one.")]
    stages = {stage.id for stage in pipeline.stages if not stage.archived}
    if set(chosen.stages.values()) <= stages:
        return []
    return [
        _("A chosen stage of the pipeline “{pipeline}” no longer exists in HubSpot. Please choose another one.").format(
            pipeline=pipeline.label
        )
    ]
