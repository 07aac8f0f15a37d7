"""The JSON of an object mapping, written down once: model columns, files, and the event's history.

``from_json`` takes any JSON and keeps what it understands; ``to_json`` writes what ``from_json`` reads, and only what
deviates from the defaults, so that a default which improves improves all mappings.
``problems`` names what is wrong with JSON that anybody may have edited, as codes; ``mappingfile`` has the words.
``translated`` is the same mapping about the things of another event, see ``Counterparts``.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pretix_hubspot.sync.types import (
    APPEND,
    CONSTANT,
    IDENTIFIERS,
    IF_EMPTY,
    IF_NEW,
    LABELS,
    LEAVE,
    ORDER,
    OVERWRITE,
    POSITION,
)

from . import reading as read
from .counterparts import Counterparts
from .options import StoredFilters, StoredOptions
from .reading import MAX_NAME, Problem

__all__ = [
    "Counterparts",
    "Problem",
    "StoredAssociation",
    "StoredFilters",
    "StoredMapping",
    "StoredOptions",
    "StoredPipeline",
    "StoredRow",
]

MAX_TEXT = 1_000
MODES = (OVERWRITE, IF_NEW, IF_EMPTY, APPEND)
SOURCES = (ORDER, POSITION)
#: Order statuses that may have a stage.
STATUSES = ("n", "p", "e", "c")
ASSOCIATION_TYPE = re.compile(r"[A-Z_]{1,40}:[0-9]{1,10}", re.ASCII)
#: The text columns of a mapping with their lengths, and all of its columns that hold what is stored here.
TEXTS = {"pretix_model": 20, "external_object_type": 128, "pretix_id_field": MAX_NAME, "external_id_field": MAX_NAME}
COLUMNS = (*TEXTS, "property_mappings", "association_mappings", "pipeline", "options")


@dataclass(frozen=True)
class StoredRow:
    """One property; the shape is core's ``to_property_mappings_list``, with ``value_map`` as JSON text.

    ``text`` is what a constant text sends; ``choices`` is "labels" or "identifiers" where it differs from the options.
    ``empty`` is LEAVE where Overwrite leaves HubSpot's value alone if pretix has none. Rows that say nothing empty it,
    as all rows did before there was a choice.
    """

    pretix_field: str = ""
    external_field: str = ""
    mode: str = OVERWRITE
    value_map: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    choices: str = ""
    empty: str = ""

    @property
    def constant(self) -> str | None:
        """The text that every record gets; None for a row with a source field."""
        return self.text if self.pretix_field == CONSTANT else None

    @classmethod
    def from_json(cls, data: Any) -> "StoredRow":
        data = read.entries(data)
        return cls(
            pretix_field=read.text(data.get("pretix_field")),
            external_field=read.text(data.get("external_field")),
            mode=read.text(data.get("overwrite")),
            value_map=read.value_map(data.get("value_map")),
            text=read.text(data.get("text")),
            choices=read.text(data.get("choices")),
            empty=read.text(data.get("empty")),
        )

    def to_json(self) -> dict[str, str]:
        more = {"text": self.text, "choices": self.choices, "empty": self.empty}
        return {
            "pretix_field": self.pretix_field,
            "external_field": self.external_field,
            "overwrite": self.mode,
            "value_map": json.dumps(dict(self.value_map)) if self.value_map else "",
        } | {name: value for name, value in more.items() if value}

    @staticmethod
    def problems(data: Any) -> Iterator[Problem]:
        if not isinstance(data, dict):
            yield Problem("rows")
            return
        if not all(read.is_name(data.get(name)) for name in ("pretix_field", "external_field", "overwrite")):
            yield Problem("row_incomplete")
        if data.get("overwrite") not in MODES:
            yield Problem("row_mode")
        text = data.get("text", "")
        is_text = isinstance(text, str) and len(text) <= MAX_TEXT
        if not is_text or bool(text.strip()) != (data.get("pretix_field") == CONSTANT):
            yield Problem("row_text")
        if data.get("choices", "") not in ("", LABELS, IDENTIFIERS):
            yield Problem("row_text")
        if data.get("empty", "") not in ("", LEAVE):
            yield Problem("row_empty")
        value_map = data.get("value_map") or ""
        if not isinstance(value_map, str) or bool(read.value_map(value_map)) != bool(value_map):
            yield Problem("value_map")

    def translated(self, counterparts: Counterparts) -> "StoredRow":
        return replace(self, pretix_field=counterparts.field(self.pretix_field))


@dataclass(frozen=True)
class StoredAssociation:
    """A link to the records of an earlier mapping, with a label as HubSpot numbers it in this direction."""

    mapping: int
    label: str = ""
    type: str = ""

    @classmethod
    def from_json(cls, data: Any) -> "StoredAssociation":
        data = read.entries(data)
        label_type = read.text(data.get("type"))
        return cls(
            mapping=read.number(data.get("mapping")),
            label=read.text(data.get("label")),
            type=label_type if ASSOCIATION_TYPE.fullmatch(label_type) else "",
        )

    def to_json(self) -> dict[str, Any]:
        more = {"label": self.label, "type": self.type}
        return {"mapping": self.mapping} | {name: value for name, value in more.items() if value}

    @staticmethod
    def problems(data: Any, earlier: Container[int]) -> Iterator[Problem]:
        if not isinstance(data, dict) or type(data.get("mapping")) is not int or data["mapping"] not in earlier:
            yield Problem("association_not_earlier")
        elif not all(isinstance(value, (int, str)) for value in data.values()):
            yield Problem("associations")


@dataclass(frozen=True)
class StoredPipeline:
    """A pipeline, and a stage for each order status; a status without a stage leaves the stage alone."""

    pipeline: str = ""
    stages: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.pipeline)

    @classmethod
    def from_json(cls, data: Any) -> "StoredPipeline":
        data = read.entries(data)
        stages = read.entries(data.get("stages"))
        return cls(
            read.text(data.get("pipeline")), {s: read.text(stage) for s, stage in stages.items() if read.text(stage)}
        )

    def to_json(self) -> dict[str, Any]:
        return {"pipeline": self.pipeline, "stages": dict(self.stages)} if self.pipeline else {}

    @staticmethod
    def problems(data: Any) -> Iterator[Problem]:
        stages = data.get("stages", {}) if isinstance(data, dict) else None
        known = isinstance(stages, dict) and set(stages) <= set(STATUSES)
        if not known or (data and not all(map(read.is_name, (data.get("pipeline"), *stages.values())))):
            yield Problem("pipeline")


@dataclass(frozen=True)
class StoredMapping:
    """Everything about one object mapping but its place."""

    pretix_model: str
    external_object_type: str
    pretix_id_field: str = ""
    external_id_field: str = ""
    rows: tuple[StoredRow, ...] = ()
    associations: tuple[StoredAssociation, ...] = ()
    pipeline: StoredPipeline = StoredPipeline()
    options: StoredOptions = StoredOptions()

    @property
    def identifier(self) -> StoredRow:
        return StoredRow(self.pretix_id_field, self.external_id_field)

    @property
    def fields(self) -> frozenset[str]:
        """The source fields that are read."""
        return frozenset({row.pretix_field for row in (self.identifier, *self.rows)} - {""})

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties that are written, each once."""
        return tuple(dict.fromkeys(row.external_field for row in (self.identifier, *self.rows) if row.external_field))

    @classmethod
    def of(cls, mapping: Any) -> "StoredMapping":
        """What a row of the model holds."""
        return cls.from_json({name: getattr(mapping, name) for name in COLUMNS})

    @classmethod
    def from_json(cls, data: Any) -> "StoredMapping":
        data = read.entries(data)
        return cls(
            **{name: read.text(data.get(name)) for name in TEXTS},
            rows=tuple(map(StoredRow.from_json, read.items(data.get("property_mappings")))),
            associations=tuple(map(StoredAssociation.from_json, read.items(data.get("association_mappings")))),
            pipeline=StoredPipeline.from_json(data.get("pipeline")),
            options=StoredOptions.from_json(data.get("options")),
        )

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TEXTS} | {
            "property_mappings": [row.to_json() for row in self.rows],
            "association_mappings": [association.to_json() for association in self.associations],
            "pipeline": self.pipeline.to_json(),
            "options": self.options.to_json(),
        }

    @staticmethod
    def problems(data: Any, earlier: Container[int] = ()) -> Iterator[Problem]:
        """``earlier`` are the mappings that an association may name."""
        if not isinstance(data, dict):
            yield Problem("mapping")
            return
        if unknown := sorted(set(data) - set(COLUMNS)):
            yield Problem("unknown_entries", ", ".join(unknown[:5]))
        if data.get("pretix_model") not in SOURCES:
            yield Problem("source")
        for name, limit in TEXTS.items():
            if not isinstance(data.get(name, ""), str) or len(data.get(name, "")) > limit:
                yield Problem("text", name)
        if not data.get("external_object_type"):
            yield Problem("lacks", "external_object_type")
        yield from read.problems_of_list(data.get("property_mappings", []), "rows", StoredRow.problems)
        yield from read.problems_of_list(
            data.get("association_mappings", []), "associations", lambda v: StoredAssociation.problems(v, earlier)
        )
        yield from StoredPipeline.problems(data.get("pipeline") or {})
        yield from StoredOptions.problems(data.get("options") or {})

    def translated(self, counterparts: Counterparts) -> "StoredMapping":
        """Associations are not translated: they name mappings, not things of the event."""
        return replace(
            self,
            pretix_id_field=counterparts.field(self.pretix_id_field),
            rows=tuple(row.translated(counterparts) for row in self.rows),
            options=self.options.translated(counterparts),
        )

    def associated(self, places: Mapping[int, int]) -> "StoredMapping":
        """With other numbers for the earlier mappings; an association without one is dropped."""
        kept = (entry for entry in self.associations if entry.mapping in places)
        return replace(self, associations=tuple(replace(e, mapping=places[e.mapping]) for e in kept))
