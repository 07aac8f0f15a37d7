"""Pipelines and stages (hubspot.md 8)."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from hubspot_simulator.problems import CONFLICT, FORBIDDEN, INVALID, MISSING, Problem, invalid

STAGE_LIMIT = {"deals": 100, "tickets": 100, "event_sessions": 100}
PIPELINE_LIMIT = {"deals": 100, "tickets": 100, "event_sessions": 100}
METADATA = {"deals": "probability", "tickets": "ticketState"}


@dataclass
class Stage:
    """One step; ``metadata`` values are strings, as on the wire."""

    id: str
    label: str
    display_order: int
    metadata: dict[str, str]
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def closed(self) -> bool:
        return self.metadata.get("isClosed") == "true" or self.metadata.get("state") == "CLOSED"

    @property
    def won(self) -> bool:
        return self.closed and self.metadata.get("probability") == "1.0"


@dataclass
class Pipeline:
    """Stages in display order."""

    id: str
    label: str
    display_order: int
    stages: list[Stage] = field(default_factory=list)
    created_at: float = 0.0
    updated_at: float = 0.0

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)


class Pipelines:
    """The pipelines of a portal by object type; ``paid`` allows more than one per type (hubspot.md 8, B)."""

    def __init__(
        self, clock: Callable[[], float], rng: Random, paid: Callable[[], bool], by_type: dict[str, list[Pipeline]]
    ):
        self._clock = clock
        self._rng = rng
        self._paid = paid
        self._by_type = by_type
        for pipelines in self._by_type.values():
            for pipeline in pipelines:
                self._stamp(pipeline)

    def _stamp(self, pipeline: Pipeline) -> Pipeline:
        now = self._clock()
        pipeline.created_at, pipeline.updated_at = pipeline.created_at or now, now
        for stage in pipeline.stages:
            stage.created_at, stage.updated_at = stage.created_at or now, now
        return pipeline

    def listed(self, type_name: str) -> list[Pipeline]:
        if type_name not in self._by_type:
            raise invalid(f"Object type {type_name} does not support pipelines")
        return sorted(self._by_type[type_name], key=lambda pipeline: pipeline.display_order)

    def get(self, type_name: str, pipeline_id: str) -> Pipeline:
        for pipeline in self.listed(type_name):
            if pipeline.id == pipeline_id:
                return pipeline
        raise Problem(MISSING, f"Pipeline {pipeline_id} not found", "OBJECT_NOT_FOUND")

    def get_stage(self, type_name: str, pipeline_id: str, stage_id: str) -> Stage:
        stage = self.get(type_name, pipeline_id).stage(stage_id)
        if stage is None:
            raise Problem(MISSING, f"Stage {stage_id} not found", "OBJECT_NOT_FOUND")
        return stage

    def stages(self, type_name: str) -> list[Stage]:
        return [stage for pipeline in self.listed(type_name) for stage in pipeline.stages]

    def create(self, type_name: str, pipeline: Pipeline) -> Pipeline:
        existing = self.listed(type_name)
        if existing and not self._paid():
            raise Problem(FORBIDDEN, "This account has reached its limit of pipelines", "FORBIDDEN")
        if len(existing) >= PIPELINE_LIMIT.get(type_name, 50):
            raise invalid("This account has reached its limit of pipelines")
        pipeline.id = pipeline.id or str(self._rng.randrange(10**8, 10**9))
        if any(pipeline.id == other.id for listed in self._by_type.values() for other in listed):
            raise Problem(CONFLICT, f"Pipeline {pipeline.id} already exists", "OBJECT_ALREADY_EXISTS")
        if any(pipeline.label.lower() == other.label.lower() for other in existing):
            raise Problem(INVALID, f"A pipeline labelled {pipeline.label} already exists", "VALIDATION_ERROR")
        self._check_stages(type_name, pipeline.stages)
        self._by_type[type_name].append(self._stamp(pipeline))
        return pipeline

    def replace(self, type_name: str, pipeline_id: str, label: str, order: int, stages: list[Stage]) -> Pipeline:
        """PUT: stages that are not listed are gone (hubspot.md 8, B)."""
        current = self.get(type_name, pipeline_id)
        self._check_stages(type_name, stages)
        current.label, current.display_order, current.stages = label, order, stages
        return self._stamp(current)

    def delete(self, type_name: str, pipeline_id: str) -> None:
        self._by_type[type_name].remove(self.get(type_name, pipeline_id))

    def add_stage(self, type_name: str, pipeline_id: str, stage: Stage) -> Stage:
        pipeline = self.get(type_name, pipeline_id)
        self._check_stages(type_name, [*pipeline.stages, stage])
        pipeline.stages.append(stage)
        self._stamp(pipeline)
        return stage

    def change_stage(self, type_name: str, pipeline_id: str, stage_id: str, **changes: object) -> Stage:
        pipeline = self.get(type_name, pipeline_id)
        changed = replace(self.get_stage(type_name, pipeline_id, stage_id), **changes)
        self._check_metadata(type_name, changed)
        pipeline.stages = [changed if stage.id == stage_id else stage for stage in pipeline.stages]
        self._stamp(pipeline)
        return changed

    def delete_stage(self, type_name: str, pipeline_id: str, stage_id: str, in_use: bool = False) -> None:
        """204 even where the stage is absent; refused while records are in it (hubspot.md 8, B)."""
        if in_use:
            raise Problem(INVALID, f"Stage {stage_id} is in use", "VALIDATION_ERROR", "PipelineError.STAGE_ID_IN_USE")
        pipeline = self.get(type_name, pipeline_id)
        pipeline.stages = [stage for stage in pipeline.stages if stage.id != stage_id]

    def _check_stages(self, type_name: str, stages: list[Stage]) -> None:
        if len(stages) > STAGE_LIMIT.get(type_name, 30):
            raise invalid(f"A pipeline can have at most {STAGE_LIMIT.get(type_name, 30)} stages")
        for stage in stages:
            stage.id = stage.id or str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
            self._check_metadata(type_name, stage)
        if len({stage.label.lower() for stage in stages}) != len(stages):
            raise invalid("Stage labels must be unique within a pipeline")

    def _check_metadata(self, type_name: str, stage: Stage) -> None:
        """Unknown keys are dropped; ``isClosed`` is derived (hubspot.md 8, B)."""
        key = METADATA.get(type_name, "state")
        value = stage.metadata.get(key)
        if key == "probability":
            if value not in {f"{tenth / 10:.1f}" for tenth in range(11)}:
                raise invalid(f"Stage {stage.label}: probability must be 0.0 to 1.0 in steps of 0.1")
            closed = value in ("0.0", "1.0")
        else:
            value = value or "OPEN"
            if value not in ("OPEN", "CLOSED"):
                raise invalid(f"Stage {stage.label}: {key} must be OPEN or CLOSED")
            closed = value == "CLOSED"
        stage.metadata = {key: value, "isClosed": str(closed).lower()}
