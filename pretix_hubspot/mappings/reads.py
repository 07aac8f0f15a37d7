"""What the mappings of an event read beside its orders, so that a change of it leads to the orders that have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pretix.base.models import Event, Question

from pretix_hubspot.catalog.stored import CHANGED, PIPELINES, PROPERTIES
from pretix_hubspot.connections.conventions import conventions
from pretix_hubspot.models import CatalogEntry, Connection, ObjectMapping
from pretix_hubspot.sources.field import SourceField
from pretix_hubspot.sources.load import event_values
from pretix_hubspot.sources.registry import SOURCES, source_fields
from pretix_hubspot.sources.snapshot import CONSTANT
from pretix_hubspot.sources.things import Thing
from pretix_hubspot.values.fingerprint import fingerprint

from .filters import QUESTION
from .stored import StoredMapping

#: Fields of these types are told in the event's time zone.
ON_THE_CLOCK = (Question.TYPE_DATETIME, Question.TYPE_DATE, Question.TYPE_TIME)
#: Things whose names are options of fields, and concern only the orders that have one.
WITH_OPTIONS = frozenset({Thing.PRODUCT, Thing.QUESTION})
#: Length of a fact's fingerprint: it is compared with one earlier fact only.
SHORT = 16

Facts = dict[str, str]


@dataclass(frozen=True)
class Reads:
    """The source fields that an event's mappings read, and the kinds of things of which these tell."""

    event: Event
    keys: frozenset[str]
    fields: Mapping[str, SourceField]
    things: frozenset[Thing]

    def facts(self) -> Facts:
        """Fingerprints of everything that is the same for all orders of the event, by source field or setting."""
        settings, known = self.event.settings, [self.fields[key] for key in sorted(self.keys) if key in self.fields]
        facts: dict[str, object] = {
            " language": [settings.locale, settings.region],
            " keys": [self.event.organizer.slug, self.event.slug, self.event.currency],
        }
        if any(field.type in ON_THE_CLOCK for field in known):
            facts[" clock"] = settings.timezone
        if any("name" in field.key for field in known):
            facts[" names"] = settings.name_scheme
        values = [event_values(self.event, known, locale) for locale in self._locales()]
        for key in sorted(self.keys):
            facts[key] = [_definition(self.fields.get(key)), [_readable(of.get(key)) for of in values]]
        return {key: fingerprint(fact)[:SHORT] for key, fact in facts.items()}

    def _locales(self) -> list[str]:
        return sorted({self.event.settings.locale, *self.event.settings.locales})


def _definition(field: SourceField | None) -> object:
    """The facts about a field itself; its options count unless only the orders that have one depend on them."""
    if field is None:
        return None
    return [field.type] if field.reads & WITH_OPTIONS else [field.type, field.enum_opts, field.synonyms]


def _readable(value: object) -> object:
    return value if isinstance(value, str | bool | list) else repr(value)


def reads_of(event: Event, mappings: Sequence[ObjectMapping]) -> Reads:
    """What these mappings of the event read. It costs as many queries as the event's source fields."""
    stored = [StoredMapping.of(mapping) for mapping in mappings]
    keys = frozenset(key for mapping in stored for key in _keys(mapping))
    fields = source_fields(event) if stored else {}
    things = {thing for key in keys if key in fields for thing in fields[key].reads}
    if any(mapping.options.filters.categories or mapping.options.filters.admission for mapping in stored):
        things.add(Thing.PRODUCT)  # what a product is, and not only which one it is
    if any(key.startswith(QUESTION) for key in keys - fields.keys()):
        things.add(Thing.QUESTION)  # which has another identifier now, or was deleted
    return Reads(event, keys, fields, frozenset(things))


def _keys(mapping: StoredMapping) -> frozenset[str]:
    """The fields of the mapping's rows and filters, and the one for the title of new records."""
    source = SOURCES.get(mapping.pretix_model)
    title = source.subject.title if source else ""
    asked = {QUESTION + question for question, _ in mapping.options.filters.answers}
    return (mapping.fields | asked | {title}) - {"", CONSTANT}


def portal_conventions(event: Event, connection: Connection) -> str:
    """A fingerprint of the portal's settings on which plans depend: its currencies and its time zone."""
    known = conventions(event, connection)
    facts = [known.portal_currency, sorted(known.portal_currencies), known.portal_time_zone]
    return fingerprint(facts)[:SHORT]


def definitions_changed(
    connection: Connection, mappings: Sequence[ObjectMapping], looked: datetime
) -> tuple[datetime, float]:
    """When the stored schema was last fetched, as far as these mappings write it, and when HubSpot was then first seen
    to define one of their properties or pipelines otherwise; 0 if it was not since ``looked``.
    """
    written: dict[str, set[str]] = {}
    for mapping in map(StoredMapping.of, mappings):
        names = written.setdefault(mapping.external_object_type, set())
        names.update(mapping.properties)
        if mapping.pipeline:
            names.add(mapping.pipeline.pipeline)
    rows = CatalogEntry.objects.filter(connection=connection, name__in=written, kind__in=(PROPERTIES, PIPELINES))
    fetched = list(rows.filter(fetched_at__gt=looked))
    changed = [
        data[CHANGED]
        for row in fetched
        for data in row.data
        if CHANGED in data and data["name" if row.kind == PROPERTIES else "id"] in written[row.name]
    ]
    since = [moment for moment in changed if moment > looked.timestamp()]
    return max((row.fetched_at for row in fetched), default=looked), max(since, default=0.0)
