"""The objects of an event by their names in all languages, so that a mapping finds them again in another event."""

from collections.abc import Iterable, Iterator

from django_scopes import scope
from pretix.base.models import Event

from pretix_hubspot.sources.labels import synonyms

from .counterparts import CATEGORIES, CHANNELS, CHECKIN_LISTS, ITEMS, OPTIONS, QUESTIONS, SUBEVENTS, VARIATIONS, Names
from .stored import StoredMapping


def names_of(event: Event) -> Names:
    """The names of all objects, in one query for each kind."""
    with scope(organizer=event.organizer):
        return {
            ITEMS: _by_key(_items(event)),
            VARIATIONS: _by_key(_variations(event)),
            CATEGORIES: _by_key(event.categories.values_list("pk", "name")),
            SUBEVENTS: _by_key((d.pk, f"{d.name} {d.date_from.isoformat()}") for d in event.subevents.all()),
            CHECKIN_LISTS: _by_key(event.checkin_lists.values_list("pk", "name")),
            QUESTIONS: _by_key(event.questions.values_list("identifier", "question")),
            OPTIONS: _by_key(_options(event)),
            CHANNELS: _by_key(event.organizer.sales_channels.values_list("identifier", "label")),
        }


def names_for(event: Event, mappings: Iterable[StoredMapping]) -> Names:
    """The names of the objects that the mappings name, and of others with the same names."""
    named = {reference for mapping in mappings for reference in mapping.references()}
    result: dict[str, dict[str, Iterable[str]]] = {}
    for kind, things in names_of(event).items():
        searched = {name for key, names in things.items() if (kind, key) in named for name in names}
        if matching := {key: names for key, names in things.items() if searched.intersection(names)}:
            result[kind] = matching
    return result


def _by_key(things: Iterable[tuple[object, object]]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for key, name in synonyms(things, ()):
        names.setdefault(key, []).append(name)
    return names


def _items(event: Event) -> Iterator[tuple[object, object]]:
    for pk, internal_name, name in event.items.values_list("pk", "internal_name", "name"):
        yield pk, internal_name or name


def _variations(event: Event) -> Iterator[tuple[object, object]]:
    """With the names of their products: several products may have a variation of the same name."""
    columns = ("variations__pk", "internal_name", "name", "variations__value")
    for pk, internal_name, name, value in event.items.filter(variations__isnull=False).values_list(*columns):
        for _pk, item in synonyms([(pk, internal_name or name)], ()):
            for _same, variation in synonyms([(pk, value)], ()):
                yield pk, f"{item} – {variation}"


def _options(event: Event) -> Iterator[tuple[object, object]]:
    columns = ("identifier", "options__identifier", "options__answer")
    for question, option, answer in event.questions.filter(options__isnull=False).values_list(*columns):
        yield f"{question}:{option}", answer
