"""Object mappings as a file: settings only, nothing of people, no keys of the database that mean nothing elsewhere.

``load`` takes what anybody may have edited by hand: everything is checked, and every objection is a sentence.
"""

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from pretix.base.models.datasync import MODE_APPEND_LIST, MODE_OVERWRITE, MODE_SET_IF_EMPTY, MODE_SET_IF_NEW

from pretix_hubspot import valuemaps
from pretix_hubspot.fields.constant import CONSTANT, MAX_LENGTH
from pretix_hubspot.models import EventConnection, ObjectMapping
from pretix_hubspot.suggestions import SuggestionImpossible, log_data
from pretix_hubspot.sync.types import IDENTIFIERS, LABELS

FORMAT, VERSION = "pretix-hubspot-mappings", 1
MAX_BYTES, MAX_MAPPINGS, MAX_ROWS = 1_000_000, 50, 500
MODES = (MODE_OVERWRITE, MODE_SET_IF_NEW, MODE_SET_IF_EMPTY, MODE_APPEND_LIST)
STATUSES = ("n", "p", "e", "c")
#: Filters by their kind of value; those by primary key hold for one event only.
FLAGS = ("paid", "value", "account", "admission")
KEYS = ("items", "variations", "categories", "subevents")
CHOICES = {
    "canceled": ("leave", "detach"),
    "replaced": ("detach",),
    "same_address": ("first", "buyer", "newest", "keep_names"),
}
SWITCHES = ("lenient", "labels")


class FileProblem(Exception):
    """The file cannot be imported; the text says why, and where."""


def dump(event) -> dict[str, Any]:
    """All object mappings of the event; associations count from 1, as the rows of the page do."""
    mappings = list(event.hubspot_object_mappings.order_by("position", "pk"))
    place = {mapping.pk: number for number, mapping in enumerate(mappings, start=1)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "event": f"{event.organizer.slug}/{event.slug}",
        "mappings": [
            {
                **log_data(mapping),
                "association_mappings": [
                    {**entry, "mapping": place[entry["mapping"]]}
                    for entry in mapping.association_mappings
                    if entry["mapping"] in place
                ],
            }
            for mapping in mappings
        ],
    }


def load(content: bytes, event) -> list[dict[str, Any]]:
    """The mappings of a file, checked; raises ``FileProblem``."""
    if len(content) > MAX_BYTES:
        raise FileProblem(_("The file is too large."))
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise FileProblem(_("This is not a JSON file.")) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FileProblem(_("This file does not hold object mappings of this plugin."))
    if data.get("version") != VERSION:
        raise FileProblem(_("The file was made by a newer version of the plugin."))
    found = data.get("mappings")
    if not isinstance(found, list) or not found or len(found) > MAX_MAPPINGS:
        raise FileProblem(_("The file holds no object mappings, or too many."))
    same_event = data.get("event") == f"{event.organizer.slug}/{event.slug}"
    return [_Entry(entry, number, same_event).mapping() for number, entry in enumerate(found, start=1)]


class _Entry:
    """One mapping of the file; every check names its number."""

    def __init__(self, data: Any, number: int, same_event: bool):
        self.data, self.number, self.same_event = data, number, same_event
        self.require(isinstance(data, dict), _("Object mapping {number} of the file is not an object."))

    def require(self, condition: bool, problem: str, **named: str) -> None:
        if not condition:
            raise FileProblem(problem.format(number=self.number, **named))

    def mapping(self) -> dict[str, Any]:
        known = {*log_data(ObjectMapping())}
        unknown = sorted(set(self.data) - known)
        names = ", ".join(map(str, unknown[:5]))
        self.require(not unknown, _("Object mapping {number} of the file has unknown entries: {names}."), names=names)
        source = self.data.get("pretix_model")
        self.require(
            source in ObjectMapping.Source.values,
            _("Object mapping {number} of the file has an unknown pretix object type."),
        )
        return {
            "pretix_model": source,
            "external_object_type": self.text("external_object_type", 128, required=True),
            "pretix_id_field": self.text("pretix_id_field", 190),
            "external_id_field": self.text("external_id_field", 190),
            "property_mappings": self.rows(),
            "association_mappings": self.associations(),
            "pipeline": self.pipeline(),
            "options": self.options(),
        }

    def text(self, name: str, limit: int, required: bool = False) -> str:
        value = self.data.get(name, "")
        fits = isinstance(value, str) and len(value) <= limit
        self.require(fits, _("Object mapping {number} of the file has an invalid “{name}”."), name=name)
        self.require(bool(value) or not required, _("Object mapping {number} of the file lacks “{name}”."), name=name)
        return value

    def rows(self) -> list[dict[str, str]]:
        rows = self.data.get("property_mappings", [])
        fits = isinstance(rows, list) and len(rows) <= MAX_ROWS
        self.require(fits, _("Object mapping {number} of the file has invalid properties, or too many."))
        return [self.row(row) for row in rows]

    def row(self, row: Any) -> dict[str, str]:
        self.require(
            isinstance(row, dict), _("Object mapping {number} of the file has invalid properties, or too many.")
        )
        names = ("pretix_field", "external_field", "overwrite")
        texts = all(isinstance(row.get(name), str) and 0 < len(row[name]) <= 190 for name in names)
        self.require(
            texts, _("Object mapping {number} of the file has a property without pretix field, HubSpot field or mode.")
        )
        self.require(
            row["overwrite"] in MODES, _("Object mapping {number} of the file has a property with an unknown mode.")
        )
        self.require(
            self.is_text(row) and row.get("choices", "") in ("", LABELS, IDENTIFIERS),
            _("Object mapping {number} of the file has a property whose constant text or choices are invalid."),
        )
        value_map = row.get("value_map") or ""
        self.require(isinstance(value_map, str), _("Object mapping {number} of the file has an invalid value map."))
        stored = valuemaps.parse(value_map)
        self.require(
            bool(stored) == bool(value_map), _("Object mapping {number} of the file has an invalid value map.")
        )
        kept = {name: row[name] for name in ("text", "choices") if row.get(name)}
        return {name: row[name] for name in names} | {"value_map": json.dumps(stored) if stored else ""} | kept

    @staticmethod
    def is_text(row: dict[str, Any]) -> bool:
        """Whether a constant text is there exactly where one belongs."""
        text = row.get("text", "")
        fits = isinstance(text, str) and len(text) <= MAX_LENGTH
        return fits and bool(text.strip()) == (row["pretix_field"] == CONSTANT)

    def associations(self) -> list[dict[str, Any]]:
        entries = self.data.get("association_mappings", [])
        self.require(isinstance(entries, list), _("Object mapping {number} of the file has invalid associations."))
        for entry in entries:
            earlier = entry.get("mapping") if isinstance(entry, dict) else None
            fits = type(earlier) is int and 0 < earlier < self.number
            self.require(
                fits,
                _("Object mapping {number} of the file is associated with something that does not come before it."),
            )
            self.require(
                all(isinstance(v, (int, str)) for v in entry.values()),
                _("Object mapping {number} of the file has invalid associations."),
            )
        return entries

    def pipeline(self) -> dict[str, Any]:
        data = self.data.get("pipeline") or {}
        stages = data.get("stages", {}) if isinstance(data, dict) else None
        fits = isinstance(stages, dict) and set(stages) <= set(STATUSES)
        self.require(fits, _("Object mapping {number} of the file has an invalid pipeline."))
        if not data:
            return {}
        texts = [data.get("pipeline"), *stages.values()]
        fits = all(isinstance(t, str) and t for t in texts)
        self.require(fits, _("Object mapping {number} of the file has an invalid pipeline."))
        return {"pipeline": data["pipeline"], "stages": stages}

    def options(self) -> dict[str, Any]:
        data = self.data.get("options") or {}
        self.require(isinstance(data, dict), _("Object mapping {number} of the file has invalid options."))
        checks = {"filters": self.is_filters, "language": lambda v: isinstance(v, str) and len(v) <= 20}
        checks |= {name: lambda v, allowed=allowed: v in allowed for name, allowed in CHOICES.items()}
        checks |= {name: lambda v: isinstance(v, bool) for name in SWITCHES}
        for name, value in data.items():
            fits = name in checks and checks[name](value)
            self.require(fits, _("Object mapping {number} of the file has an invalid option “{name}”."), name=name)
        filters = {name: self.own(name, value) for name, value in data.get("filters", {}).items()}
        return {**data, "filters": filters} if filters else {k: v for k, v in data.items() if k != "filters"}

    def own(self, name: str, value: Any) -> Any:
        """Products and dates of another event become one that nothing meets: else more would be sent than there."""
        return [0] if name in KEYS and value and not self.same_event else value

    @staticmethod
    def is_filters(data: Any) -> bool:
        checks = {name: lambda v: isinstance(v, bool) for name in FLAGS}
        checks |= {name: lambda v: _all(v, int) for name in KEYS}
        checks |= {"sales_channels": lambda v: _all(v, str)}
        checks |= {"answers": lambda v: _all(v, list) and all(len(pair) == 2 and _all(pair, str) for pair in v)}
        return isinstance(data, dict) and all(name in checks and checks[name](value) for name, value in data.items())


def _all(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(type(value) is kind for value in values)


@transaction.atomic
def store(event_connection, mappings: list[dict[str, Any]], user) -> list[ObjectMapping]:
    """Adds what ``load`` answered. Raises ``SuggestionImpossible`` if the event has mappings meanwhile."""
    EventConnection.objects.select_for_update().get(pk=event_connection.pk)
    event = event_connection.event
    if event.hubspot_object_mappings.exists():
        raise SuggestionImpossible("mapped")
    made: list[ObjectMapping] = []
    for position, data in enumerate(mappings):
        links = [{**entry, "mapping": made[entry["mapping"] - 1].pk} for entry in data["association_mappings"]]
        values = {**data, "association_mappings": links}
        made.append(mapping := ObjectMapping.objects.create(event=event, position=position, **values))
        mapping.log_action("pretix_hubspot.mapping.added", user=user, data=log_data(mapping) | {"imported": True})
    return made
