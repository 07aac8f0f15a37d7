"""Notes for the editor and *Check connection* about properties that new records need and no row sends.

They name the defaults that pretix fills in, and the properties for which it has no default.
"""

from typing import Protocol

from django.utils.translation import gettext as _

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.object_types import stage_properties
from pretix_hubspot.hubspot.data import Pipeline, PropertyDefinition
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.sources.order_state import CANCELED, EXPIRED, PAID, PENDING
from pretix_hubspot.sources.source import Source

from .new_records import INSTEAD, ONE_OF, chosen_pipeline, first_stages

EXAMPLE = "A1B2C"


class Setup(Protocol):
    """The part of ``EditorSetup`` that the notes read."""

    mapping: ObjectMapping
    source: Source
    object_type: str
    catalog: Catalog
    definitions: dict[str, PropertyDefinition]
    pipelines: list[Pipeline]
    error: Exception | None

    @property
    def chosen(self) -> set[str]: ...


def title_note(setup: Setup) -> str | None:
    """The default title of new records, if no row sends one; otherwise None."""
    name = setup.catalog.primary_property(setup.object_type)
    definition = setup.definitions.get(name)
    is_unfilled = setup.chosen.isdisjoint({name, *INSTEAD.get(setup.object_type, ())})
    if definition is None or not definition.writable or definition.type != "string" or not is_unfilled:
        return None
    identifier = setup.mapping.pretix_id_field
    if identifier and not setup.source.is_identity(identifier):
        return _(
            "HubSpot wants “{field}” of every new object. No row fills it, so pretix fills in the value of the "
            "identifier when it creates an object."
        ).format(field=definition.label)
    return _(
        "HubSpot wants “{field}” of every new object. No row fills it, so pretix fills in the order code when it "
        "creates an object, for example {example}."
    ).format(field=definition.label, example=f"{setup.mapping.event.slug.upper()}-{EXAMPLE}")


def stage_note(setup: Setup) -> str | None:
    """The default stage of new records, if some status has no stage; otherwise None."""
    chosen = setup.mapping.pipeline or {}
    pipeline = chosen_pipeline(setup.pipelines, chosen.get("pipeline", ""))
    stages = chosen.get("stages", {})
    if pipeline is None or {PENDING, PAID, EXPIRED, CANCELED} <= stages.keys():
        return None
    if not set(stage_properties(setup.object_type)) <= setup.definitions.keys():
        return None
    labels = {stage.id: stage.label for stage in pipeline.stages}
    begin = {status: labels.get(stage, stage) for status, stage in first_stages(pipeline, stages).items()}
    if not begin:
        return None
    return _(
        "HubSpot wants a stage of every new object. Where the stage is left alone, new objects begin in “{stage}” of "
        "the pipeline “{pipeline}”, those of orders that are canceled or expired already in “{over}”. "
        "Afterwards pretix only moves them to stages that are chosen here."
    ).format(stage=begin[PENDING], over=begin[CANCELED], pipeline=pipeline.label)


def missing(setup: Setup) -> str | None:
    """The properties that HubSpot requires and pretix cannot fill in; None if a row sends one."""
    required = ONE_OF.get(setup.object_type, ())
    if not required or setup.error or not setup.chosen.isdisjoint(required):
        return None
    labels = [setup.definitions[name].label for name in required if name in setup.definitions]
    return _(
        "HubSpot wants one of these fields of every new object: {fields}. No row fills any of them, so orders may be "
        "reported as sync problems."
    ).format(fields=", ".join(f"“{label}”" for label in labels))
