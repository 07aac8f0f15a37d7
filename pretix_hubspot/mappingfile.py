"""Object mappings as a file: settings only, nothing of people, no keys of the database that mean nothing elsewhere.

``load`` takes what anybody may have edited by hand: everything is checked, and every objection is a sentence.
"""

import json
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pretix_hubspot.mappings.counterparts import NOBODY
from pretix_hubspot.mappings.options import KEYS
from pretix_hubspot.mappings.store import add_all, numbered
from pretix_hubspot.mappings.stored import Problem, StoredMapping
from pretix_hubspot.models import ObjectMapping

#: Version 2 knows what becomes of a property without a value; without that, it is emptied as it was before.
FORMAT, VERSION, READABLE = "pretix-hubspot-mappings", 2, (1, 2)
MAX_BYTES, MAX_MAPPINGS, MAX_ROWS = 1_000_000, 50, 500

#: What is said about the problems of stored mappings.
SENTENCES = {
    "mapping": gettext_noop("Object mapping {number} of the file is not an object."),
    "unknown_entries": gettext_noop("Object mapping {number} of the file has unknown entries: {names}."),
    "source": gettext_noop("Object mapping {number} of the file has an unknown pretix object type."),
    "text": gettext_noop("Object mapping {number} of the file has an invalid “{names}”."),
    "lacks": gettext_noop("Object mapping {number} of the file lacks “{names}”."),
    "rows": gettext_noop("Object mapping {number} of the file has invalid properties, or too many."),
    "row_incomplete": gettext_noop(
        "Object mapping {number} of the file has a property without pretix field, HubSpot field or mode."
    ),
    "row_mode": gettext_noop("Object mapping {number} of the file has a property with an unknown mode."),
    "row_text": gettext_noop(
        "Object mapping {number} of the file has a property whose constant text or choices are invalid."
    ),
    "row_empty": gettext_noop(
        "Object mapping {number} of the file has a property for which it is unclear what happens without a value."
    ),
    "value_map": gettext_noop("Object mapping {number} of the file has an invalid value map."),
    "associations": gettext_noop("Object mapping {number} of the file has invalid associations."),
    "association_not_earlier": gettext_noop(
        "Object mapping {number} of the file is associated with something that does not come before it."
    ),
    "pipeline": gettext_noop("Object mapping {number} of the file has an invalid pipeline."),
    "options": gettext_noop("Object mapping {number} of the file has invalid options."),
    "option": gettext_noop("Object mapping {number} of the file has an invalid option “{names}”."),
}


class FileProblem(Exception):
    """The file cannot be imported; the text says why, and where."""


def dump(event) -> dict[str, Any]:
    """All object mappings of the event; associations count from 1, as the rows of the page do."""
    mappings = numbered(event.hubspot_object_mappings.order_by("position", "pk"))
    return {
        "format": FORMAT,
        "version": VERSION,
        "event": f"{event.organizer.slug}/{event.slug}",
        "mappings": [mapping.to_json() for mapping in mappings],
    }


def load(content: bytes, event) -> list[StoredMapping]:
    """The mappings of a file, checked; raises ``FileProblem``."""
    if len(content) > MAX_BYTES:
        raise FileProblem(_("The file is too large."))
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise FileProblem(_("This is not a JSON file.")) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FileProblem(_("This file does not hold object mappings of this plugin."))
    if data.get("version") not in READABLE:
        raise FileProblem(_("The file was made by a newer version of the plugin."))
    found = data.get("mappings")
    if not isinstance(found, list) or not found or len(found) > MAX_MAPPINGS:
        raise FileProblem(_("The file holds no object mappings, or too many."))
    same_event = data.get("event") == f"{event.organizer.slug}/{event.slug}"
    return [_mapping(entry, number, same_event) for number, entry in enumerate(found, start=1)]


def _mapping(data: Any, number: int, same_event: bool) -> StoredMapping:
    """One mapping of the file; every objection names its number."""
    problem = next(StoredMapping.problems(data, range(1, number)), None)
    stored = StoredMapping.from_json(data)
    if problem is None and len(stored.rows) > MAX_ROWS:
        problem = Problem("rows")
    if problem:
        raise FileProblem(_(SENTENCES[problem.code]).format(number=number, names=problem.names))
    return stored if same_event else _without_keys(stored)


def _without_keys(stored: StoredMapping) -> StoredMapping:
    """Products and dates of another event become one that nothing meets: else more would be sent than there."""
    filters = stored.options.filters
    nobody = {name: (NOBODY,) for name in KEYS if getattr(filters, name)}
    return replace(stored, options=replace(stored.options, filters=replace(filters, **nobody)))


def store(event_connection, mappings: list[StoredMapping], user) -> list[ObjectMapping]:
    """Adds what ``load`` answered. Raises ``SuggestionImpossible`` if the event has mappings meanwhile."""
    return add_all(event_connection, mappings, user, "imported")
