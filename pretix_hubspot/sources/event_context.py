"""An event's context for a slice or a page: source fields, their names, and its mappings."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from django.utils.translation import get_language
from pretix.base.i18n import language
from pretix.base.models import Event

from pretix_hubspot.models import ObjectMapping

from .field import SourceField
from .registry import source_fields

#: Seconds for which the source fields of an event are kept: questions and their options may change.
FRESH = 2.0


class EventContext:
    """One event's context, made for a page, or for the slices that a worker sends one after the other.

    Each part is read when it is first needed, and then kept.
    """

    def __init__(self, event: Event) -> None:
        self.event = event
        self._fields: dict[str, tuple[float, Mapping[str, SourceField]]] = {}

    def fields(self, locale: str, keys: Iterable[str] = ()) -> Mapping[str, SourceField]:
        """The source fields in a language; in a long queue they are not collected anew for every slice.

        Kept fields that lack one of the wanted ``keys`` are collected again.
        """
        moment, fields = self._fields.get(locale, (-math.inf, {}))
        if time.monotonic() - moment > FRESH or not fields.keys() >= set(keys):
            with language(locale, self.event.settings.region):
                fields = source_fields(self.event)
            self._fields[locale] = (time.monotonic(), fields)
        return fields

    def label(self, field: str) -> str:
        """A source field's name for users, in the current language; its key if the field no longer exists."""
        locale = get_language()
        if locale not in self._fields:
            self._fields[locale] = (time.monotonic(), source_fields(self.event))
        known = self._fields[locale][1].get(field)
        return known.label if known else field

    @cached_property
    def mappings(self) -> frozenset[int]:
        """The primary keys of the event's object mappings."""
        return _mappings_of([self.event])[self.event.pk]


#: By the primary keys of events.
Contexts = dict[int, EventContext]


def contexts_of(events: Sequence[Event]) -> Contexts:
    """A context for each event by its primary key; their mappings are read in one query."""
    contexts, mappings = {event.pk: EventContext(event) for event in events}, _mappings_of(events)
    for pk, context in contexts.items():
        context.mappings = mappings[pk]
    return contexts


def _mappings_of(events: Sequence[Event]) -> dict[int, frozenset[int]]:
    by_event: dict[int, set[int]] = {event.pk: set() for event in events}
    for event, mapping in ObjectMapping.objects.order_by().filter(event__in=by_event).values_list("event", "pk"):
        by_event[event].add(mapping)
    return {event: frozenset(mappings) for event, mappings in by_event.items()}
