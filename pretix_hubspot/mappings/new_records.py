"""What HubSpot wants to know of every new record, and what it is told where no mapping says it. Pure.

HubSpot's documentation wants a deal to have a name, a pipeline and a stage from the start, and says the like of other
object types; which of it an account enforces is not known (hubspot.md 60), and a deal without them is hard to find.
So a record that is created gets a title and a stage. Neither is ever written into a record that exists.
"""

from collections.abc import Iterable, Mapping, Sequence

from pretix_hubspot.hubspot.data import Pipeline, PropertyDefinition, Stage
from pretix_hubspot.sources.order_state import CANCELED, EXPIRED, PAID, PENDING
from pretix_hubspot.values.rows import IF_NEW, Row

from .spec import Beginning, Beginnings, PipelineSpec

DEFAULT_PIPELINE = "default"
#: One of each group has to be filled for HubSpot to create a record; contacts alone have nothing that we could invent.
ONE_OF = {"contacts": ("email", "firstname", "lastname")}
#: What stands in for a title as well.
INSTEAD = {"companies": ("domain",)}


def beginnings(object_type: str, title: PropertyDefinition | None, stages: PipelineSpec | None) -> Beginnings:
    """Of an object type whose records are called by ``title``; a title that nobody can write is none."""
    usable = title if title and title.writable and title.type == "string" and object_type not in ONE_OF else None
    return Beginnings(usable, INSTEAD.get(object_type, ()), stages)


def of_record(start: Beginnings, title: str, status: str) -> tuple[Beginning, ...]:
    """What a record of this mapping gets if it is new."""
    found = []
    if start.title and title:
        row = Row(start.title, title, IF_NEW)
        found.append(Beginning((start.title.name, *start.instead), (row,)))
    if start.pipeline and (stage := start.pipeline.stages.get(status)):
        pipeline = Row(start.pipeline.pipeline_property, start.pipeline.pipeline_id, IF_NEW)
        row = Row(start.pipeline.stage_property, stage, IF_NEW)
        found.append(Beginning((row.property.name,), (pipeline, row)))
    return tuple(found)


def completed(properties: Mapping[str, str], beginning: Iterable[Beginning]) -> dict[str, str]:
    """The properties of a new record with what nobody said; whoever chose another pipeline gets no stage of ours."""
    found = dict(properties)
    for part in beginning:
        ours = {row.property.name: row.value or "" for row in part.rows}
        contradicted = any(found.get(name) and found[name] != value for name, value in ours.items())
        if not contradicted and not any(found.get(name) for name in part.unless):
            found |= ours
    return found


def chosen_pipeline(pipelines: Sequence[Pipeline], pipeline_id: str = "") -> Pipeline | None:
    """The pipeline of this id; without one the default pipeline, else the first."""
    if pipeline_id:
        return next((p for p in pipelines if p.id == pipeline_id), None)
    return next((p for p in pipelines if p.id == DEFAULT_PIPELINE), pipelines[0] if pipelines else None)


def first_stages(pipeline: Pipeline, chosen: Mapping[str, str]) -> dict[str, str]:
    """Where a record begins whose status has no stage of its own in ``chosen``, by order status.

    It begins where pending orders are, and is moved by people; only what is over already begins as lost.
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
