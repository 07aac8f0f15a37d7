"""Wire shapes of records, properties and pipelines (hubspot.md 5.1, 6.1, 8)."""

from collections.abc import Iterable

from hubspot_simulator.clock import iso
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import invalid

from .state import Change, Record
from .writing import Written

#: Records of which histories are answered at once.
MOST_WITH_HISTORY = 50


def record(
    portal: Portal,
    kind: ObjectType,
    entry: Record,
    wanted: Iterable[str] | None = None,
    history: Iterable[str] = (),
) -> dict:
    """A record as a read answers it.

    Requested and unset gives null, requested and undefined is left out, nothing requested gives the default set.
    """
    names = [*(wanted or ()), *kind.always_returned] if wanted else [*kind.always_returned]
    defined = portal.schema.active(kind.name)
    shown = _shell(portal, entry)
    shown["properties"] = {name: entry.properties.get(name) for name in dict.fromkeys(names) if name in defined}
    chosen = [name for name in history if name in defined]
    if chosen:
        shown["propertiesWithHistory"] = {name: _history(entry.history.get(name, [])) for name in chosen}
    return shown


def written(portal: Portal, kind: ObjectType, result: Written, echo_trace: bool, upsert: bool = False) -> dict:
    """A record as a write answers it: changed, default and calculated properties only (hubspot.md 5.1, A/B)."""
    shown = record(portal, kind, result.record)
    properties = shown["properties"]
    for name in result.changed:
        properties[name] = result.record.properties.get(name)
    defined = portal.schema.active(kind.name)
    for name, value in result.record.properties.items():
        if name not in properties and name in defined and defined[name].calculated:
            properties[name] = value
    if upsert:
        shown["new"] = result.new
    if echo_trace and result.trace is not None:
        shown["objectWriteTraceId"] = result.trace
    if result.warnings:
        shown["warnings"] = result.warnings
    return shown


def _shell(portal: Portal, entry: Record) -> dict:
    shown: dict[str, object] = {
        "id": entry.id,
        "properties": {},
        "createdAt": iso(entry.created_at),
        "updatedAt": iso(entry.updated_at),
        "archived": entry.archived_at is not None,
    }
    if entry.archived_at is not None:
        shown["archivedAt"] = iso(entry.archived_at)
    return shown | {"url": portal.url(entry)}


def _history(changes: list[Change]) -> list[dict]:
    """Newest first."""
    return [
        {
            "value": change.value,
            "timestamp": iso(change.at),
            "sourceType": change.author.source_type,
            "sourceId": change.author.source_id,
            "sourceLabel": change.author.source_label,
            **({"updatedByUserId": change.author.user_id} if change.author.user_id else {}),
        }
        for change in reversed(changes)
    ]


def check_history(wanted: list[str], number: int) -> None:
    """Histories come with 50 records at most (recorded answers, C)."""
    if wanted and number > MOST_WITH_HISTORY:
        raise invalid(
            "The maximum number of inputs supported in a batch request for property histories is "
            f"{MOST_WITH_HISTORY}, but received {number}"
        )
