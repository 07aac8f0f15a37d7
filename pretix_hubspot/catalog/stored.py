"""The portal's schema as rows store it: definitions trimmed to the parts that we use, and our own notes beside them."""

import json
from collections.abc import Iterable
from datetime import timedelta

from django.utils.timezone import now

from pretix_hubspot.hubspot.data import Option, Pipeline, PropertyDefinition, Stage

#: The kinds of rows that hold an object type's properties and pipelines.
PROPERTIES, PIPELINES = "properties", "pipelines"
#: Seconds; a new property shows in HubSpot's list 250 to 700 ms after its creation (hubspot.md 5.6).
LAG = 1
# In a stored property: when we created it; its former label, if users renamed it in HubSpot, and since when.
MADE, FORMER, RENAMED = "made_at", "former_label", "renamed_at"
#: In a stored property or pipeline: when HubSpot was first seen to define it otherwise, or to have it again.
CHANGED = "changed_at"
#: The parts of a definition on which no value depends, and our own notes. Owners come and go.
_NO_MEANING = frozenset({"label", "group_name", "hidden", "display_order", MADE, FORMER, RENAMED, CHANGED})
SHOWN_FOR = timedelta(days=14).total_seconds()


def trimmed(definition: PropertyDefinition) -> dict:
    """The parts of a definition that we use: a portal has a thousand definitions."""
    data = {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "field_type": definition.field_type,
        "group_name": definition.group_name,
        "has_unique_value": definition.has_unique_value,
        "hidden": definition.hidden,
        "calculated": definition.calculated,
        "read_only_value": definition.read_only_value,
        "owners": definition.owners,
        "number_display_hint": definition.number_display_hint,
        "show_currency_symbol": definition.show_currency_symbol,
        "currency_property_name": definition.currency_property_name,
        "options": [[o.value, o.label, o.hidden] for o in definition.options],
    }
    return {key: value for key, value in data.items() if value}


def property_of(data: dict) -> PropertyDefinition:
    options = tuple(Option(value, label, hidden) for value, label, hidden in data.get("options", ()))
    fields = {name: value for name, value in data.items() if name not in (MADE, FORMER, RENAMED, CHANGED)}
    return PropertyDefinition(**{"type": "", "field_type": "", **fields, "options": options})


def pipeline_of(data: dict) -> Pipeline:
    fields = {name: value for name, value in data.items() if name != CHANGED}
    return Pipeline(**{**fields, "stages": tuple(Stage(**stage) for stage in data["stages"])})


def note_changes(listed: Iterable[dict], before: Iterable[dict], key: str) -> None:
    """Note on properties or pipelines, by their ``key``, when their definition changed as far as values depend on it.

    What is there for the first time is noted as well, since it may have been gone for a while.
    """
    moment, known = now().timestamp(), {old[key]: old for old in before}
    for new in listed if known else ():
        old = known.get(new[key])
        if old is None or _meaning(old) != _meaning(new):
            new[CHANGED] = moment
        elif CHANGED in old:
            new[CHANGED] = old[CHANGED]


def _meaning(data: dict) -> dict:
    without = _NO_MEANING | ({"options"} if data.get("owners") else set())
    return json.loads(json.dumps({name: value for name, value in data.items() if name not in without}))


def note_new_labels(listed: dict[str, dict], before: Iterable[dict]) -> None:
    """Store former labels for a while, so that the editor can show what was renamed."""
    moment = now().timestamp()
    for old in before:
        new = listed.get(old["name"])
        if new is None:
            continue
        if new["label"] != old["label"]:
            new |= {FORMER: old["label"], RENAMED: moment}
        elif old.get(RENAMED, 0) > moment - SHOWN_FOR:
            new |= {FORMER: old[FORMER], RENAMED: old[RENAMED]}
