"""The defaults of new records: properties that HubSpot requires of every one, if no mapping sends them. Pure.

HubSpot's documentation wants a deal to have a name, a pipeline and a stage from the start, and similar properties for
other object types; which of them an account enforces is not known (hubspot.md 60), and a deal without them is hard to
find. So a record that is created gets a title and a stage. Neither is ever written into a record that exists.
"""

from collections.abc import Iterable, Mapping, Sequence

from pretix_hubspot.hubspot.data import Pipeline, PropertyDefinition, Stage
from pretix_hubspot.sources.order_state import CANCELED, EXPIRED, PAID, PENDING
from pretix_hubspot.values.rows import IF_NEW, Row

from .spec import DefaultRows, NewRecordDefaults, PipelineSpec

DEFAULT_PIPELINE = "default"
#: HubSpot requires one of each group to create a record; only for contacts pretix has no default.
ONE_OF = {"contacts": ("email", "firstname", "lastname")}
#: Properties that serve as a title as well.
INSTEAD = {"companies": ("domain",)}


def defaults_for(object_type: str, title: PropertyDefinition | None, stages: PipelineSpec | None) -> NewRecordDefaults:
    """The defaults for an object type whose title is ``title``; a title that cannot be written is left out."""
    usable = title if title and title.writable and title.type == "string" and object_type not in ONE_OF else None
    return NewRecordDefaults(usable, INSTEAD.get(object_type, ()), stages)


def of_record(start: NewRecordDefaults, title: str, status: str) -> tuple[DefaultRows, ...]:
    """The defaults of one record of this mapping."""
    defaults = []
    if start.title and title:
        row = Row(start.title, title, IF_NEW)
        defaults.append(DefaultRows((start.title.name, *start.instead), (row,)))
    if start.pipeline and (stage := start.pipeline.stages.get(status)):
        pipeline = Row(start.pipeline.pipeline_property, start.pipeline.pipeline_id, IF_NEW)
        row = Row(start.pipeline.stage_property, stage, IF_NEW)
        defaults.append(DefaultRows((row.property.name,), (pipeline, row)))
    return tuple(defaults)


def completed(properties: Mapping[str, str], defaults: Iterable[DefaultRows]) -> dict[str, str]:
    """The properties of a new record with the missing defaults; a record in another pipeline gets no default stage."""
    filled = dict(properties)
    for part in defaults:
        ours = {row.property.name: row.value or "" for row in part.rows}
        contradicted = any(filled.get(name) and filled[name] != value for name, value in ours.items())
        if not contradicted and not any(filled.get(name) for name in part.unless):
            filled |= ours
    return filled


def chosen_pipeline(pipelines: Sequence[Pipeline], pipeline_id: str = "") -> Pipeline | None:
    """The pipeline of this id; without one the default pipeline, else the first."""
    if pipeline_id:
        return next((p for p in pipelines if p.id == pipeline_id), None)
    return next((p for p in pipelines if p.id == DEFAULT_PIPELINE), pipelines[0] if pipelines else None)


def first_stages(pipeline: Pipeline, chosen: Mapping[str, str]) -> dict[str, str]:
    """The stage of new records, by order status, for statuses without a stage in ``chosen``.

    It is the stage of pending orders, from which users move records on; only an order that is over begins as lost.
    """
    stages = [stage for stage in pipeline.stages if not stage.archived]
    if not stages:
        return {}
    opened = chosen.get(PENDING) or next((s.id for s in stages if not is_closed(s)), stages[0].id)
    lost = next((s.id for s in stages if probability(s) == 0), opened)
    over = chosen.get(CANCELED) or chosen.get(EXPIRED) or lost
    return {PENDING: opened, PAID: opened, EXPIRED: over, CANCELED: over}


def is_closed(stage: Stage) -> bool:
    return probability(stage) in (0, 1) or stage.metadata.get("isClosed") == "true"


def probability(stage: Stage) -> float | None:
    try:
        return float(stage.metadata.get("probability", ""))
    except ValueError:
        return None
