"""Mappings travel with a copied event; tokens and what was sent do not."""

from pretix_hubspot.mappings.counterparts import Counterparts
from pretix_hubspot.mappings.store import add_all, create_all, numbered
from pretix_hubspot.mappings.stored import StoredMapping


def copy_mappings(source_event, target_event, **maps):
    """Copies all object mappings of ``source_event``, with every reference translated.

    Takes the keyword arguments of core's ``event_copy_data``.
    A reference without a counterpart becomes a field ``_invalid_…``, which the editor shows with a warning.
    """
    return create_all(target_event, _translated(source_event, maps))


def copy_from(source_event, event_connection, user):
    """Copies the mappings of another event into one that exists: what has the same name there is the same.

    Raises ``SuggestionImpossible`` if the event has mappings.
    """
    maps = _same_names(source_event, event_connection.event)
    return add_all(event_connection, _translated(source_event, maps), user, "copied")


def _translated(source_event, maps) -> list[StoredMapping]:
    counterparts = _counterparts(source_event, **maps)
    mappings = numbered(source_event.hubspot_object_mappings.order_by("position", "pk"))
    return [mapping.translated(counterparts) for mapping in mappings]


def _counterparts(source_event, *, question_map=None, **maps) -> Counterparts:
    """Core's maps as the stored mappings take them. Dates of a series are not copied.

    Questions keep their identifier when copied, unless it was taken.
    """
    questions = {question.pk: question.identifier for question in source_event.questions.all()}
    return Counterparts(
        questions={questions[pk]: new.identifier for pk, new in (question_map or {}).items() if pk in questions},
        **{name: {pk: new.pk for pk, new in (maps.get(of) or {}).items()} for name, of in _MAPS.items()},
    )


_MAPS = {
    "checkin_lists": "checkin_list_map",
    "items": "item_map",
    "variations": "variation_map",
    "categories": "category_map",
    "subevents": "subevent_map",
}


def _same_names(source, target):
    """Core's maps of a copied event, for two events that were made independently."""
    items = _same(source.items.all(), target.items.all(), _item_name)
    return {
        "question_map": _same(source.questions.all(), target.questions.all(), lambda q: q.identifier),
        "checkin_list_map": _same(source.checkin_lists.all(), target.checkin_lists.all(), lambda c: c.name),
        "item_map": items,
        "category_map": _same(source.categories.all(), target.categories.all(), lambda c: str(c.name)),
        "variation_map": {
            old: new
            for pk, item in items.items()
            for old, new in _same(
                source.items.get(pk=pk).variations.all(), item.variations.all(), lambda v: str(v.value)
            ).items()
        },
    }


def _item_name(item):
    return item.internal_name or str(item.name)


def _same(old, new, name):
    by_name = {name(thing): thing for thing in new}
    return {thing.pk: by_name[name(thing)] for thing in old if name(thing) in by_name}
