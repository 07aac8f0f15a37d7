"""Copy mappings along with an event; tokens and the state of transfers are not copied."""

import logging
from collections.abc import Mapping
from typing import Any

from django_scopes import scope
from pretix.base.models import Event, User

from pretix_hubspot.hubspot.data import OBJECT_TYPE
from pretix_hubspot.models import Connection, EventConnection, ObjectMapping

from . import limits
from .counterparts import (
    CATEGORIES,
    CHANNELS,
    CHECKIN_LISTS,
    ITEMS,
    OPTIONS,
    QUESTIONS,
    SUBEVENTS,
    VARIATIONS,
    Counterparts,
    matched,
)
from .names import names_of
from .store import add_all, create_all, numbered
from .stored import StoredMapping

logger = logging.getLogger(__name__)

#: Core's maps of a copied event, by kind. Dates of a series are not copied.
OF_CORE = {
    ITEMS: "item_map",
    VARIATIONS: "variation_map",
    CATEGORIES: "category_map",
    SUBEVENTS: "subevent_map",
    CHECKIN_LISTS: "checkin_list_map",
}


def copy_mappings(source_event: Event, target_event: Event, **maps: Mapping[int, Any]) -> list[ObjectMapping]:
    """Copy all object mappings of ``source_event``, with every reference translated.

    Takes the keyword arguments of core's ``event_copy_data``.
    The new event is not connected: the copies remember for which portal they were made.
    """
    mappings = _mappings_of(source_event)
    if problem := next(limits.problems(mappings), None):
        # The event itself is copied all the same.
        logger.warning("The object mappings of event %s are not copied: %s", source_event.pk, problem.code)
        return []
    counterparts = _of_core(source_event, target_event, maps)
    return create_all(target_event, [mapping.translated(counterparts) for mapping in mappings])


def copy_from(source_event: Event, event_connection: EventConnection, user: User | None) -> list[ObjectMapping]:
    """Copy the mappings of another event into one that exists: objects of the same name are taken for the same.

    Raises ``SuggestionImpossible`` if the event has mappings.
    """
    counterparts = matched(names_of(source_event), names_of(event_connection.event))
    portal_id = event_connection.connection.portal_id
    copies = [mapping.translated(counterparts).at_home(portal_id) for mapping in _mappings_of(source_event)]
    return add_all(event_connection, copies, user, "copied")


def _mappings_of(event: Event) -> list[StoredMapping]:
    """The event's mappings, without those of a text that is no object type: earlier versions stored such mappings."""
    mappings = event.hubspot_object_mappings.order_by("position", "pk")
    usable = numbered([mapping for mapping in mappings if OBJECT_TYPE.fullmatch(mapping.external_object_type)])
    return [mapping.made_for(_portal_of(event)) for mapping in usable]


def _portal_of(event: Event) -> int:
    """The portal of the event, else the only one that its organizer ever had, else 0 for unknown."""
    portals = set(Connection.objects.filter(event_connections__event=event).values_list("portal_id", flat=True))
    portals = portals or set(Connection.objects.filter(organizer=event.organizer).values_list("portal_id", flat=True))
    return portals.pop() if len(portals) == 1 else 0


def _of_core(source_event: Event, target_event: Event, maps: Mapping[str, Mapping[int, Any]]) -> Counterparts:
    """Core's maps in the form that stored mappings take; questions keep their identifier, unless it was taken."""
    keys = {
        kind: {str(pk): str(new.pk) for pk, new in (maps.get(name) or {}).items()} for kind, name in OF_CORE.items()
    }
    copied = {pk: question.identifier for pk, question in (maps.get("question_map") or {}).items()}
    with scope(organizer=source_event.organizer):
        questions = source_event.questions.filter(pk__in=copied)
        options = list(questions.filter(options__isnull=False).values_list("pk", "identifier", "options__identifier"))
        keys[QUESTIONS] = {identifier: copied[pk] for pk, identifier in questions.values_list("pk", "identifier")}
    keys[OPTIONS] = {f"{question}:{option}": f"{copied[pk]}:{option}" for pk, question, option in options}
    with scope(organizer=target_event.organizer):
        channels = target_event.organizer.sales_channels.values_list("identifier", flat=True)
        keys[CHANNELS] = {identifier: identifier for identifier in channels}
    return Counterparts(keys)
