"""Changes in the portal that concern a mapping, in words, from the stored catalogue. Never asks HubSpot."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from pretix.base.models import Question
from pretix.base.models.datasync import MODE_OVERWRITE

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.object_types import ALWAYS, key
from pretix_hubspot.failures.texts import describe
from pretix_hubspot.hubspot.data import Pipeline, PropertyDefinition
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.values.convert import warning

from . import value_maps
from .stored import StoredMapping, StoredPipeline, StoredRow


def changes(mapping: ObjectMapping, catalog: Catalog) -> list[str]:
    """All changes that keep this mapping from working as it was set up, for the list of mappings."""
    return changes_of(StoredMapping.of(mapping), catalog)


def changes_of(stored: StoredMapping, catalog: Catalog) -> list[str]:
    """The same for stored data, saved or not."""
    object_type = stored.external_object_type
    copied = [*foreign(stored, catalog.connection.portal_id), *lost_filters(stored)]
    if lost := access_lost(object_type, catalog):
        return [*copied, lost]
    if problem := object_type_gone(object_type, catalog):
        return [*copied, problem]
    definitions = catalog.properties(object_type) if catalog.is_stored(object_type) else {}
    copied += [lost for row in stored.rows if (lost := _lost(row, definitions.get(row.external_field)))]
    if not definitions:
        return copied
    notes = copied + [property_change(name, definitions.get(name)) for name in stored.properties]
    for row in stored.rows:
        definition = definitions.get(row.external_field)
        notes.append(options_gone(row.value_map, definition))
        notes.append(_constant_refused(row, definition))
    notes += pipeline_changes(stored.pipeline, catalog.pipelines(object_type))
    return list(dict.fromkeys(text for text in notes if text))


#: The sentences for a row of the editor, which shows the fields itself.
LOST_FIELD = gettext_lazy(
    "This pretix field was copied from another event and has no counterpart in this one. "
    "Orders are sent without it. Please choose another field, or remove the row."
)
FILTERS = {
    "items": gettext_lazy("products"),
    "variations": gettext_lazy("variations"),
    "categories": gettext_lazy("categories"),
    "subevents": gettext_lazy("dates"),
    "sales_channels": gettext_lazy("sales channels"),
    "answers": gettext_lazy("answers"),
}


def foreign(stored: StoredMapping, portal_id: int) -> list[str]:
    """The note about a copy from another account, until a user saves it."""
    notes = []
    if stored.is_foreign(portal_id):
        notes.append(
            _(
                "This mapping was made for another HubSpot account. Orders are sent without what this account does "
                "not have, and without owners. Please check the mapping and save it."
            )
        )
    labels = [entry.label for entry in stored.associations if entry.is_foreign(portal_id)]
    if labels:
        text = _(
            "These association labels were chosen in another HubSpot account: {labels}. "
            "Objects are associated without them until you save the mapping."
        )
        notes.append(text.format(labels=", ".join(labels)))
    return notes


def lost_filters(stored: StoredMapping) -> list[str]:
    """The filters of a copy that name objects which this event does not have."""
    names = [str(FILTERS[name]) for name in stored.options.filters.lost()]
    if not names:
        return []
    text = _("Filters name {things} that have no counterpart in this event, and that no order meets.")
    return [text.format(things=", ".join(names))]


def lost_choices(row: StoredRow, definition: PropertyDefinition | None) -> str:
    """The choices of a copied value map that this event does not have: then it may lack some that this event has."""
    return ngettext(
        "“{field}”: {count} value of the value map has no counterpart in this event. "
        "Orders with a value that is not in the map are sent without it. Please map the values again.",
        "“{field}”: {count} values of the value map have no counterpart in this event. "
        "Orders with a value that is not in the map are sent without it. Please map the values again.",
        row.lost_choices,
    ).format(field=definition.label if definition else row.external_field, count=row.lost_choices)


def _lost(row: StoredRow, definition: PropertyDefinition | None) -> str | None:
    if row.is_lost:
        label = definition.label if definition else row.external_field
        return _("“{field}” is not filled: its pretix field has no counterpart in this event.").format(field=label)
    return lost_choices(row, definition) if row.lost_choices else None


def access_lost(object_type: str, catalog: Catalog) -> str | None:
    """Whether HubSpot refused the object type to orders, which are sent without it."""
    scopes = catalog.lacking(object_type)
    if scopes is None:
        return None
    text = _("HubSpot does not let pretix use {object_type}, so orders are sent without this mapping.")
    cure = _("Please connect again and grant {scopes}. Afterwards you can send these orders again.")
    sentence = text.format(object_type=catalog.label(object_type))
    return f"{sentence} {cure.format(scopes=', '.join(scopes))}" if scopes else sentence


def object_type_gone(object_type: str, catalog: Catalog) -> str | None:
    """Whether the portal no longer has the object type, or no longer lets us use it."""
    if catalog.age() is None or object_type in {*ALWAYS, *(key(known) for known in catalog.object_types())}:
        return None
    return _(
        "HubSpot no longer has the object type “{object_type}”, or pretix may no longer use it. Nothing can be sent."
    ).format(object_type=catalog.label(object_type))


def property_change(name: str, definition: PropertyDefinition | None) -> str | None:
    """The note about a property that is archived (or renamed internally, which is the same), or read-only by now."""
    if definition is None or definition.archived:
        return _("The HubSpot field “{field}” no longer exists.").format(field=name)
    if not definition.writable:
        return _("The HubSpot field “{field}” can only be read.").format(field=definition.label)
    return None


def options_gone(value_map: Mapping[str, str], definition: PropertyDefinition | None) -> str | None:
    """The options of a value map that the property no longer has."""
    if not value_map or definition is None or definition.type != "enumeration" or not definition.options:
        return None
    usable, labels = value_maps.usable(definition), {option.value: option.label for option in definition.options}
    missing = [labels.get(value, value) for value in dict.fromkeys(value_map.values()) if value and value not in usable]
    if not missing:
        return None
    return _(
        "The value map uses options that the HubSpot field “{field}” no longer has: {options}. "
        "Please choose other options."
    ).format(field=definition.label, options=", ".join(missing))


def _constant_refused(row: StoredRow, definition: PropertyDefinition | None) -> str | None:
    """The note about a constant text that no longer fits, such as the name of a removed option."""
    text = row.constant
    if text is None or definition is None or not definition.writable:
        return None
    refusal = warning(Question.TYPE_STRING, definition, MODE_OVERWRITE, constant=text)
    return describe(refusal) if refusal else None


def renamed(definition: PropertyDefinition | None, former: str | None) -> str | None:
    """The note about a new label: the mapping works, but users look for the old one."""
    if definition is None or not former:
        return None
    return _("HubSpot renamed “{former}” to “{label}”. The mapping goes on as before.").format(
        former=former, label=definition.label
    )


def pipeline_changes(chosen: StoredPipeline, pipelines: Sequence[Pipeline]) -> list[str]:
    """The chosen pipeline or stages that no longer exist."""
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
