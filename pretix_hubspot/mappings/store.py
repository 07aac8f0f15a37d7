"""Store object mappings: all of them or none, for one user at a time."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from pretix.base.models import Event, User

from pretix_hubspot.models import EventConnection, ObjectMapping

from . import limits
from .limit_texts import too_much
from .stored import COLUMNS, StoredMapping


class SuggestionImpossible(Exception):
    """No mapping was added; ``reason`` is ``mapped`` (the event has mappings) or ``nothing`` (none fits)."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class TooMuch(SuggestionImpossible):
    """No mapping was added, since they would exceed a limit; ``text`` explains it to users."""

    def __init__(self, text: str):
        super().__init__("too_much")
        self.text = text


def log_data(mapping: ObjectMapping) -> dict[str, Any]:
    """The data of a mapping in the event's history: its settings, no personal data."""
    return StoredMapping.of(mapping).to_json()


def put(mapping: ObjectMapping, stored: StoredMapping) -> None:
    """Fill the columns of a mapping without saving it."""
    data = stored.to_json()
    for name in COLUMNS:
        setattr(mapping, name, data.get(name))


@transaction.atomic
def add_all(
    event_connection: EventConnection, mappings: Sequence[StoredMapping], user: User | None, origin: str
) -> list[ObjectMapping]:
    """Add the first mappings of an event, see ``create_all``; ``origin`` is stored in the history.

    Raises ``SuggestionImpossible`` if the event has mappings (two users, or one double click), or ``TooMuch``.
    """
    if problem := next(limits.problems(mappings), None):
        raise TooMuch(too_much(problem))
    EventConnection.objects.select_for_update().get(pk=event_connection.pk)
    event = event_connection.event
    if event.hubspot_object_mappings.exists():
        raise SuggestionImpossible("mapped")
    created = create_all(event, mappings)
    for mapping in created:
        mapping.log_action("pretix_hubspot.mapping.added", user=user, data=log_data(mapping) | {origin: True})
    return created


@transaction.atomic
def create_all(event: Event, mappings: Sequence[StoredMapping]) -> list[ObjectMapping]:
    """Create mappings in this order; their associations count from 1, as the rows of the page do."""
    created: list[ObjectMapping] = []
    for position, stored in enumerate(mappings):
        places = {number: mapping.pk for number, mapping in enumerate(created, start=1)}
        mapping = ObjectMapping(event=event, position=position)
        put(mapping, stored.associated(places))
        mapping.save()
        created.append(mapping)
    return created


def numbered(mappings: Sequence[ObjectMapping]) -> list[StoredMapping]:
    """Stored mappings in the form that ``create_all`` takes."""
    places = {mapping.pk: number for number, mapping in enumerate(mappings, start=1)}
    return [StoredMapping.of(mapping).associated(places) for mapping in mappings]
