"""Source fields: everything about an order that a mapping can send, core's fields and ours.

``source_fields`` costs a few queries and is called once per page or slice; reading a field never queries.
"""

from . import choices
from .constant import constant_field
from .core import core_fields
from .event import event_fields
from .field import NotLoaded, SourceField, attach, related
from .order import order_fields
from .position import position_fields

__all__ = [
    "NotLoaded",
    "SourceField",
    "attach",
    "choices_for",
    "fields_for",
    "related",
    "source_fields",
]


def source_fields(event) -> dict[str, SourceField]:
    """All source fields of an event by key: core's under core's keys, then ours. Labels in the current language."""
    core = core_fields(event)
    ours = [*order_fields(event), *position_fields(event), *event_fields(event), constant_field()]
    return {field.key: field for field in [*core, *ours]}


def fields_for(event, pretix_model: str) -> dict[str, SourceField]:
    """The source fields that an order ("Order") or a position ("OrderPosition") offers."""
    return choices.for_model(source_fields(event), pretix_model)


def choices_for(event, pretix_model: str, current: str | None = None):
    """The same as grouped choices of a select; deprecated fields only when ``current`` is one."""
    return choices.grouped(fields_for(event, pretix_model), current)
