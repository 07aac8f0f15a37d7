"""Mappings travel with a copied event; tokens and what was sent do not."""

from django.db import transaction
from pretix.base.datasync.utils import translate_property_mappings

from pretix_hubspot.models import EventConnection, ObjectMapping
from pretix_hubspot.suggestions import SuggestionImpossible, log_data

QUESTION = "question_"


@transaction.atomic
def copy_mappings(source_event, target_event, *, question_map=None, checkin_list_map=None, **maps):
    """Copies all object mappings of ``source_event``, with every reference translated.

    Takes the keyword arguments of core's ``event_copy_data``.
    A reference without a counterpart becomes a field ``_invalid_…``, which the editor shows with a warning.
    """
    fields = _FieldTranslation(source_event, question_map or {}, checkin_list_map or {})
    copies: dict[int, ObjectMapping] = {}
    for mapping in source_event.hubspot_object_mappings.order_by("position", "pk"):
        copies[mapping.pk] = ObjectMapping.objects.create(
            event=target_event,
            position=mapping.position,
            pretix_model=mapping.pretix_model,
            external_object_type=mapping.external_object_type,
            pretix_id_field=fields.key(mapping.pretix_id_field),
            external_id_field=mapping.external_id_field,
            property_mappings=fields.rows(mapping.property_mappings),
            association_mappings=[
                {**entry, "mapping": copies[entry["mapping"]].pk}
                for entry in mapping.association_mappings
                if entry["mapping"] in copies
            ],
            pipeline=mapping.pipeline,
            options=_options(mapping.options, fields, maps),
        )
    return list(copies.values())


#: Primary keys in filters, with core's map that translates them. Dates of a series are not copied.
_KEYS = {"items": "item_map", "variations": "variation_map", "categories": "category_map", "subevents": "subevent_map"}


def _options(options, fields, maps):
    """The options with the filters' references translated.

    One without a counterpart becomes one that nothing meets: without it, more would be sent than in the old event.
    """
    filters = options.get("filters")
    if not filters:
        return options
    filters = {
        name: [_translated(pk, maps.get(_KEYS[name])) for pk in value] if name in _KEYS else value
        for name, value in filters.items()
    }
    if "answers" in filters:
        filters["answers"] = [[fields.question(question), option] for question, option in filters["answers"]]
    return {**options, "filters": filters}


def _translated(pk, objects):
    """The key of the copied object; 0, which is nobody's key, where there is none."""
    return objects[pk].pk if objects and pk in objects else 0


class _FieldTranslation:
    """Core translates check-in lists; questions keep their identifier when copied, unless it was taken."""

    def __init__(self, source_event, question_map, checkin_list_map):
        self.checkin_list_map = checkin_list_map
        self.identifiers = {
            old.identifier: question_map[old.pk].identifier
            for old in source_event.questions.all()
            if old.pk in question_map
        }

    def rows(self, property_mappings):
        return [
            {**row, "pretix_field": self._question(row["pretix_field"])}
            for row in translate_property_mappings(property_mappings, self.checkin_list_map)
        ]

    def key(self, field_key):
        return self.rows([{"pretix_field": field_key}])[0]["pretix_field"] if field_key else ""

    def _question(self, field_key):
        if not field_key.startswith(QUESTION):
            return field_key
        return QUESTION + self.question(field_key.removeprefix(QUESTION))

    def question(self, identifier):
        return self.identifiers.get(identifier, identifier)


@transaction.atomic
def copy_from(source_event, event_connection, user):
    """Copies the mappings of another event into one that exists: what has the same name there is the same.

    Raises ``SuggestionImpossible`` if the event has mappings.
    """
    EventConnection.objects.select_for_update().get(pk=event_connection.pk)
    target = event_connection.event
    if target.hubspot_object_mappings.exists():
        raise SuggestionImpossible("mapped")
    made = copy_mappings(source_event, target, **_counterparts(source_event, target))
    for mapping in made:
        mapping.log_action("pretix_hubspot.mapping.added", user=user, data=log_data(mapping) | {"copied": True})
    return made


def _counterparts(source, target):
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
