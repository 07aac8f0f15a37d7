"""Object mappings as a file: only settings, without personal data and without keys of the database.

``load`` reads files that users may have edited: everything is checked, and every objection is a sentence.
"""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pretix.base.models import Event, User

from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.models import EventConnection, ObjectMapping
from pretix_hubspot.sources.registry import SOURCES

from . import limits
from . import reading as read
from .counterparts import IDENTIFIED, KINDS, Counterparts, Names, matched
from .limit_texts import too_much
from .names import names_for, names_of
from .reading import Problem
from .spec import REMOVE
from .store import add_all, numbered
from .stored import StoredMapping

#: Version 2 has the choice for a property without a value; a file without it empties the property, as version 1 did.
FORMAT, VERSION, READABLE = "pretix-hubspot-mappings", 2, (1, 2)
MAX_BYTES = 1_000_000

#: The sentences about problems of stored mappings.
SENTENCES = {
    "mapping": gettext_noop("Object mapping {number} of the file is not an object."),
    "unknown_entries": gettext_noop("Object mapping {number} of the file has unknown entries: {names}."),
    "source": gettext_noop("Object mapping {number} of the file has an unknown pretix object type."),
    "text": gettext_noop("Object mapping {number} of the file has an invalid “{names}”."),
    "lacks": gettext_noop("Object mapping {number} of the file lacks “{names}”."),
    "rows": gettext_noop("Object mapping {number} of the file has invalid properties."),
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
    "removes_others": gettext_noop(
        "Object mapping {number} of the file removes what was canceled from HubSpot, which needs an identifier of "
        "pretix's own."
    ),
    "option": gettext_noop("Object mapping {number} of the file has an invalid option “{names}”."),
}


class FileProblem(Exception):
    """The file cannot be imported; the text says why, and where."""


def dump(event: Event) -> dict[str, Any]:
    """All object mappings of the event; associations count from 1, as the rows of the page do."""
    mappings = numbered(event.hubspot_object_mappings.order_by("position", "pk"))
    return {
        "format": FORMAT,
        "version": VERSION,
        "event": f"{event.organizer.slug}/{event.slug}",
        "portal": _portal_of(event),
        "names": names_for(event, mappings),
        "mappings": [mapping.to_json() for mapping in mappings],
    }


def load(content: bytes, event: Event) -> list[StoredMapping]:
    """The mappings of a file, checked; raises ``FileProblem``."""
    if len(content) > MAX_BYTES:
        raise FileProblem(_("The file is too large."))
    try:
        data = read.parse(content)
    except ValueError:
        raise FileProblem(_("This is not a JSON file.")) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FileProblem(_("This file does not hold object mappings of this plugin."))
    if type(data.get("version")) is not int or data["version"] not in READABLE:
        raise FileProblem(_("The file was made by a newer version of the plugin."))
    listed = data.get("mappings")
    if not isinstance(listed, list) or not listed:
        raise FileProblem(_("The file holds no object mappings."))
    if len(listed) > limits.MAX_MAPPINGS:
        raise FileProblem(too_much(Problem("too_many_mappings")))
    if read.holds_odd_text(data):
        raise FileProblem(_("The file holds characters that cannot be stored."))
    mappings = [_mapping(entry, number) for number, entry in enumerate(listed, start=1)]
    if problem := next(limits.problems_of_event(mappings), None):
        raise FileProblem(too_much(problem))
    counterparts, portal_id = _counterparts(data, event), _portal(data, event)
    here = _portal_of(event)
    return [mapping.translated(counterparts).made_for(portal_id).at_home(here) for mapping in mappings]


def _counterparts(data: dict[str, Any], event: Event) -> Counterparts:
    """The event's objects by their names in the file; for a file of version 1, only in its own event, or by
    identifiers.
    """
    here = names_of(event)
    if data["version"] > 1:
        return matched(_names(data.get("names")), here)
    kinds = KINDS if _is_of(data, event) else IDENTIFIED
    return matched({kind: here[kind] for kind in kinds}, here)


def _names(data: Any) -> Names:
    """The valid names in the file."""
    things = {kind: read.entries(read.entries(data).get(kind)) for kind in KINDS}
    return {
        kind: {key: [name for name in read.items(names) if isinstance(name, str)] for key, names in by_key.items()}
        for kind, by_key in things.items()
    }


def _is_of(data: dict[str, Any], event: Event) -> bool:
    return data.get("event") == f"{event.organizer.slug}/{event.slug}"


def _portal_of(event: Event) -> int:
    """The HubSpot account of the event, 0 without one."""
    event_connection = for_event(event)
    return event_connection.connection.portal_id if event_connection else 0


def _portal(data: dict[str, Any], event: Event) -> int | None:
    """The account for which the file was made; a file of version 1 has none, and takes its own event's."""
    if data["version"] == 1 and _is_of(data, event):
        return None
    return read.portal(data.get("portal")) or 0


def _mapping(data: Any, number: int) -> StoredMapping:
    """One mapping of the file; every objection names its number."""
    problem = next(StoredMapping.problems(data, SOURCES, range(1, number)), None)
    if problem:
        raise FileProblem(_(SENTENCES[problem.code]).format(number=number, names=problem.names))
    stored = StoredMapping.from_json(data)
    if stored.options.canceled == REMOVE and not SOURCES[stored.pretix_model].is_own(stored.pretix_id_field):
        raise FileProblem(_(SENTENCES["removes_others"]).format(number=number))
    if problem := next(limits.problems_of_rows(stored.rows), None):
        text = _("Object mapping {number} of the file: {problem}")
        raise FileProblem(text.format(number=number, problem=too_much(problem)))
    return stored


def store(event_connection: EventConnection, mappings: list[StoredMapping], user: User | None) -> list[ObjectMapping]:
    """Add the mappings of ``load``. Raises ``SuggestionImpossible`` if the event has mappings by now."""
    return add_all(event_connection, mappings, user, "imported")
