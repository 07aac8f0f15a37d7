"""The registry of sources: the pretix object types that mappings can send, with their fields.

A further source is one module and one line of ``SOURCES``.
``source_fields`` costs a few queries and is called once per page or slice; reading a field never queries.
"""

from . import choices
from .constant import constant_field
from .core import core_fields
from .event import event_fields
from .field import SourceField
from .order import ORDERS
from .position import POSITIONS
from .source import Source

#: By the keys that mappings store, in the order in which pages offer them.
SOURCES: dict[str, Source] = {
    ORDERS.key: ORDERS,
    POSITIONS.key: POSITIONS,
}


def label(source: str) -> str:
    """The name of a source on pages, by its key; empty for an unknown key."""
    return str(SOURCES[source].label) if source in SOURCES else ""


def labels() -> list[tuple[str, str]]:
    """The sources as choices of a select."""
    return [(key, label(key)) for key in SOURCES]


def source_fields(event) -> dict[str, SourceField]:
    """All source fields of an event by key: core's under core's keys, then ours. Labels in the current language."""
    ours = [field for source in SOURCES.values() for field in source.fields(event)]
    everything = [*core_fields(event), *ours, *event_fields(event), constant_field()]
    return {field.key: field for field in everything}


def offered(fields: dict[str, SourceField], source: str) -> dict[str, SourceField]:
    """The source fields that a source offers, out of an event's, by its key."""
    inputs = SOURCES[source].inputs
    return {key: field for key, field in fields.items() if field.required_input in inputs}


def fields_for(event, source: str) -> dict[str, SourceField]:
    """The source fields that a source offers in an event."""
    return offered(source_fields(event), source)


def choices_for(event, source: str, current: str | None = None):
    """The same as grouped choices of a select; deprecated fields only when ``current`` is one."""
    return choices.grouped(fields_for(event, source), current)
