"""The JSON of an object mapping, written down once: model columns, files, and the event's history.

``from_json`` takes any JSON and keeps the valid part; ``to_json`` writes what ``from_json`` reads, and only
deviations from the defaults, so that a better default improves all mappings.
``problems`` names the mistakes in JSON that a user may have edited, as codes; ``mapping_file`` has the words.
``translated`` is the same mapping with the objects of another event, see ``Counterparts``.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pretix_hubspot.hubspot.data import OBJECT_TYPE
from pretix_hubspot.sources.order_state import STATES
from pretix_hubspot.sources.snapshot import CONSTANT
from pretix_hubspot.values.rows import APPEND, IDENTIFIERS, IF_EMPTY, IF_NEW, LABELS, OVERWRITE

from . import reading as read
from .counterparts import Counterparts, is_lost, references
from .options import StoredFilters, StoredOptions
from .reading import MAX_NAME, Problem
from .spec import LEAVE

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
MAX_LABEL = 50
MODES = (OVERWRITE, IF_NEW, IF_EMPTY, APPEND)
ASSOCIATION_TYPE = re.compile(r"[A-Z_]{1,40}:[0-9]{1,10}", re.ASCII)
#: The text columns of a mapping with their lengths, and all of its columns that hold what is stored here.
TEXTS = {"pretix_model": 20, "external_object_type": 128, "pretix_id_field": MAX_NAME, "external_id_field": MAX_NAME}
COLUMNS = (*TEXTS, "property_mappings", "association_mappings", "pipeline", "options", "made_for_portal")


@dataclass(frozen=True)
class StoredRow:
    """One property; the shape is core's ``to_property_mappings_list``, with ``value_map`` as JSON text.

    ``text`` is the constant text; ``choices`` is "labels" or "identifiers" if it differs from the options. ``empty`` is
    LEAVE if Overwrite leaves HubSpot's value alone when pretix has none. Rows without it empty the property, as all
    rows did before the choice existed.
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
        entries = read.value_map(value_map)
        if not isinstance(value_map, str) or bool(entries) != bool(value_map) or len(entries) > read.MAX_ENTRIES:
            yield Problem("value_map")

    def translated(self, counterparts: Counterparts) -> "StoredRow":
        return replace(
            self,
            pretix_field=counterparts.field(self.pretix_field),
            value_map={counterparts.choice(self.pretix_field, key): value for key, value in self.value_map.items()},
        )

    @property
    def is_lost(self) -> bool:
        """Whether the source field has no counterpart in this event."""
        return is_lost(self.pretix_field)

    @property
    def lost_choices(self) -> int:
        """How many choices of the value map have no counterpart in this event."""
        return sum(map(is_lost, self.value_map))


@dataclass(frozen=True)
class StoredAssociation:
    """A link to the records of an earlier mapping, with a label as HubSpot numbers it in this direction.

    ``portal`` is the account that numbered the label of a copied or imported mapping, see ``StoredOptions``.
    """

    mapping: int
    label: str = ""
    type: str = ""
    portal: int | None = None

    @classmethod
    def from_json(cls, data: Any) -> "StoredAssociation":
        data = read.entries(data)
        label_type = read.text(data.get("type"))
        return cls(
            mapping=read.number(data.get("mapping")),
            label=read.text(data.get("label"))[:MAX_LABEL],
            type=label_type if ASSOCIATION_TYPE.fullmatch(label_type) else "",
            portal=read.portal(data.get("portal")),
        )

    def to_json(self) -> dict[str, Any]:
        more = {"label": self.label, "type": self.type}
        stored = {"mapping": self.mapping} | {name: value for name, value in more.items() if value}
        return stored | ({} if self.portal is None else {"portal": self.portal})

    def is_foreign(self, portal_id: int) -> bool:
        """Whether the label's number belongs to another account."""
        return bool(self.type) and self.portal not in (None, portal_id)

    @classmethod
    def problems(cls, data: Any, earlier: Container[int]) -> Iterator[Problem]:
        if not isinstance(data, dict) or type(data.get("mapping")) is not int or data["mapping"] not in earlier:
            yield Problem("association_not_earlier")
        elif not set(data) <= {"mapping", "label", "type", "portal"} or cls.from_json(data).to_json() != data:
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
        if (
            not isinstance(stages, dict)
            or not set(stages) <= set(STATES)
            or (data and not all(map(read.is_name, (data.get("pipeline"), *stages.values()))))
        ):
            yield Problem("pipeline")


@dataclass(frozen=True)
class StoredMapping:
    """Everything about one object mapping except its place.

    ``made_for_portal`` is the HubSpot account for which a copied or imported mapping was made, 0 if unknown. If it is
    not the account of the event, references that this account lacks are left out, until a user saves the mapping.
    """

    pretix_model: str
    external_object_type: str
    pretix_id_field: str = ""
    external_id_field: str = ""
    rows: tuple[StoredRow, ...] = ()
    associations: tuple[StoredAssociation, ...] = ()
    pipeline: StoredPipeline = StoredPipeline()
    options: StoredOptions = StoredOptions()
    made_for_portal: int | None = None

    @property
    def identifier(self) -> StoredRow:
        return StoredRow(self.pretix_id_field, self.external_id_field)

    @property
    def fields(self) -> frozenset[str]:
        """The source fields that the mapping reads."""
        return frozenset({row.pretix_field for row in (self.identifier, *self.rows)} - {""})

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties that the mapping writes, each once."""
        return tuple(dict.fromkeys(row.external_field for row in (self.identifier, *self.rows) if row.external_field))

    def references(self) -> Iterator[tuple[str, str]]:
        """The objects of the event that the mapping names, by kind and key."""
        for row in (self.identifier, *self.rows):
            yield from references(row.pretix_field, row.value_map)
        yield from self.options.filters.references()

    @classmethod
    def of(cls, mapping: Any) -> "StoredMapping":
        """The data of a row of the model."""
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
            made_for_portal=read.portal(data.get("made_for_portal")),
        )

    def to_json(self) -> dict[str, Any]:
        stored = {name: getattr(self, name) for name in TEXTS} | {
            "property_mappings": [row.to_json() for row in self.rows],
            "association_mappings": [association.to_json() for association in self.associations],
            "pipeline": self.pipeline.to_json(),
            "options": self.options.to_json(),
        }
        return stored | ({} if self.made_for_portal is None else {"made_for_portal": self.made_for_portal})

    @classmethod
    def problems(cls, data: Any, sources: Container[str], earlier: Container[int] = ()) -> Iterator[Problem]:
        """The mistakes of the mapping; ``sources`` are the existing keys, ``earlier`` the mappings that it may
        associate.
        """
        if not isinstance(data, dict):
            yield Problem("mapping")
            return
        if unknown := sorted(set(data) - set(COLUMNS)):
            yield Problem("unknown_entries", ", ".join(name[:50] for name in unknown[:5]))
        if read.text(data.get("pretix_model")) not in sources:
            yield Problem("source")
        for name, limit in TEXTS.items():
            if not isinstance(data.get(name, ""), str) or len(data.get(name, "")) > limit:
                yield Problem("text", name)
        object_type = data.get("external_object_type")
        if not object_type:
            yield Problem("lacks", "external_object_type")
        elif not OBJECT_TYPE.fullmatch(read.text(object_type)):
            yield Problem("text", "external_object_type")
        yield from read.problems_of_list(data.get("property_mappings", []), "rows", StoredRow.problems)
        yield from read.problems_of_list(
            data.get("association_mappings", []), "associations", lambda v: StoredAssociation.problems(v, earlier)
        )
        named = [entry.mapping for entry in cls.from_json(data).associations]
        if len(set(named)) < len(named):
            yield Problem("associations")
        yield from StoredPipeline.problems(data.get("pipeline") or {})
        yield from StoredOptions.problems(data.get("options") or {})
        if "made_for_portal" in data and read.portal(data["made_for_portal"]) is None:
            yield Problem("option", "made_for_portal")

    def translated(self, counterparts: Counterparts) -> "StoredMapping":
        """The mapping for another event. Associations stay: they name mappings, not objects of the event.

        A mapping without its identifier waits for a user to choose another one.
        """
        identifier = counterparts.field(self.pretix_id_field)
        return replace(
            self,
            pretix_id_field="" if is_lost(identifier) else identifier,
            rows=tuple(row.translated(counterparts) for row in self.rows),
            options=self.options.translated(counterparts),
        )

    def is_foreign(self, portal_id: int) -> bool:
        """Whether the mapping was made for another account, and no user has saved it since."""
        return self.made_for_portal not in (None, portal_id)

    def made_for(self, portal_id: int | None) -> "StoredMapping":
        """A copy that remembers its account; a copy of a copy remembers the first."""
        if portal_id is None:
            return self
        first = portal_id if self.made_for_portal is None else self.made_for_portal
        associations = (
            replace(entry, portal=portal_id) if entry.type and entry.portal is None else entry
            for entry in self.associations
        )
        return replace(self, made_for_portal=first, associations=tuple(associations))

    def at_home(self, portal_id: int) -> "StoredMapping":
        """The mapping without its remembered account, if that is this one."""
        associations = (
            replace(entry, portal=None) if entry.portal == portal_id else entry for entry in self.associations
        )
        first = None if self.made_for_portal == portal_id else self.made_for_portal
        return replace(self, made_for_portal=first, associations=tuple(associations))

    def associated(self, places: Mapping[int, int]) -> "StoredMapping":
        """The mapping with new numbers for the earlier mappings; an association without one is dropped."""
        associations = (entry for entry in self.associations if entry.mapping in places)
        return replace(self, associations=tuple(replace(e, mapping=places[e.mapping]) for e in associations))
