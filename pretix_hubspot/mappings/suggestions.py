"""*Start with a suggestion*: mappings that suit an event and a portal.

Personal data is suggested as *Fill if empty*: an address typed into a shop is not verified, and strangers must not
deface curated contacts.
A row is suggested only if the event has the field, the portal has the property, and the two fit together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pretix.base.models import Event, Order, User
from pretix.base.models.datasync import MODE_OVERWRITE, MODE_SET_IF_EMPTY, MODE_SET_IF_NEW

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.key_properties import GROUP_LABEL, GROUP_NAME, by_name, ensure
from pretix_hubspot.connections.conventions import conventions
from pretix_hubspot.hubspot.data import Pipeline
from pretix_hubspot.models import EventConnection, ObjectMapping
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.registry import fields_for
from pretix_hubspot.sources.source import Source
from pretix_hubspot.values.convert import risk_of

from .new_records import chosen_pipeline, is_closed, probability
from .options import StoredOptions
from .resolve import rows_of
from .spec import DETACH, LEAVE
from .store import SuggestionImpossible, add_all
from .stored import StoredAssociation, StoredMapping, StoredPipeline, StoredRow

BUYERS, ATTENDEES, DEALS = "buyers", "attendees", "deals"
EVERYTHING = (BUYERS, ATTENDEES, DEALS)

#: (source field, properties in order of preference, mode)
WantedRow = tuple[str, tuple[str, ...], str]

BUYER_ROWS = (
    ("buyer_name_given_name", ("firstname",), MODE_SET_IF_EMPTY),
    ("buyer_name_family_name", ("lastname",), MODE_SET_IF_EMPTY),
    ("invoice_address_company", ("company",), MODE_SET_IF_EMPTY),
    ("invoice_address_street", ("address",), MODE_SET_IF_EMPTY),
    ("invoice_address_zipcode", ("zip",), MODE_SET_IF_EMPTY),
    ("invoice_address_city", ("city",), MODE_SET_IF_EMPTY),
    ("invoice_address_country", ("hs_country_region_code", "country"), MODE_SET_IF_EMPTY),
    ("order_phone", ("phone",), MODE_SET_IF_EMPTY),
    ("order_locale", ("hs_language",), MODE_SET_IF_EMPTY),
)
ATTENDEE_ROWS = (
    ("attendee_name_given_name", ("firstname",), MODE_SET_IF_EMPTY),
    ("attendee_name_family_name", ("lastname",), MODE_SET_IF_EMPTY),
    ("attendee_company", ("company",), MODE_SET_IF_EMPTY),
    ("attendee_street", ("address",), MODE_SET_IF_EMPTY),
    ("attendee_zipcode", ("zip",), MODE_SET_IF_EMPTY),
    ("attendee_city", ("city",), MODE_SET_IF_EMPTY),
    ("attendee_country", ("hs_country_region_code", "country"), MODE_SET_IF_EMPTY),
)
# Sales people rename deals and plan closing dates, so these two are theirs once they are filled.
DEAL_ROWS = (
    ("event_order_code", ("dealname",), MODE_SET_IF_NEW),
    ("order_total", ("amount",), MODE_OVERWRITE),
    ("payment_date", ("closedate",), MODE_SET_IF_EMPTY),
)
CURRENCY_ROW = ("event_currency", ("deal_currency_code",), MODE_OVERWRITE)


@dataclass(frozen=True)
class Suggested:
    """One suggested object mapping; ``associations`` are the names of suggested mappings before it.

    ``texts`` are (name, label) of text properties that are created in HubSpot for its rows.
    """

    name: str
    source: Source
    object_type: str
    identifier: tuple[str, str]
    rows: tuple[StoredRow, ...]
    associations: tuple[str, ...] = ()
    pipeline: StoredPipeline = StoredPipeline()
    options: StoredOptions = StoredOptions()
    texts: tuple[tuple[str, str], ...] = ()

    def stored(self, places: Mapping[str, int]) -> StoredMapping:
        """``places`` are the numbers of the suggested mappings by name."""
        return StoredMapping(
            self.source.key,
            self.object_type,
            *self.identifier,
            rows=self.rows,
            associations=tuple(StoredAssociation(places[name]) for name in self.associations),
            pipeline=self.pipeline,
            options=self.options,
        )


def possible(event: Event, catalog: Catalog) -> tuple[str, ...]:
    """The suggestions that are possible here: attendees need their own addresses, deals need deals."""
    usable = {t.name for t in catalog.object_types()}
    names = [BUYERS] if "contacts" in usable else []
    if "contacts" in usable and event.settings.get("attendee_emails_asked", as_type=bool):
        names.append(ATTENDEES)
    if "deals" in usable:
        names.append(DEALS)
    return tuple(names)


def suggest(event: Event, catalog: Catalog, wanted: Iterable[str] = EVERYTHING) -> list[Suggested]:
    """The suggested mappings, in order of evaluation. Writes neither here nor in HubSpot."""
    chosen = [name for name in possible(event, catalog) if name in set(wanted)]
    makers = {BUYERS: _buyers, ATTENDEES: _attendees, DEALS: _deals}
    suggested: list[Suggested] = []
    for name in chosen:
        suggested.append(makers[name](event, catalog, tuple(s.name for s in suggested)))
    return suggested


def apply_suggestion(
    event_connection: EventConnection,
    wanted: Iterable[str] = EVERYTHING,
    user: User | None = None,
    catalog: Catalog | None = None,
) -> list[ObjectMapping]:
    """Create the properties that HubSpot lacks, then all suggested mappings or none.

    Raises ``SuggestionImpossible``, ``KeyPropertyUnusable``, or the client's errors; no mapping is stored then.
    """
    event = event_connection.event
    catalog = catalog or Catalog(event_connection.connection)
    if event.hubspot_object_mappings.exists():
        raise SuggestionImpossible("mapped")
    return apply(event_connection, suggest(event, catalog, wanted), user, catalog)


def apply(
    event_connection: EventConnection, suggested: list[Suggested], user: User | None, catalog: Catalog
) -> list[ObjectMapping]:
    """Like ``apply_suggestion``, for given mappings."""
    if not suggested:
        raise SuggestionImpossible("nothing")
    keys = by_name()
    for mapping in suggested:
        if key := keys.get(mapping.identifier[1]):
            ensure(catalog, mapping.object_type, key)
        for name, label in mapping.texts:
            _ensure_text(catalog, mapping.object_type, name, label)
    places = {mapping.name: number for number, mapping in enumerate(suggested, start=1)}
    return add_all(event_connection, [mapping.stored(places) for mapping in suggested], user, "suggested")


def _ensure_text(catalog: Catalog, object_type: str, name: str, label: str) -> None:
    if name in catalog.properties(object_type):
        return
    catalog.ensure_group(object_type, GROUP_NAME, GROUP_LABEL)
    body = {"name": name, "label": label, "type": "string", "fieldType": "textarea", "groupName": GROUP_NAME}
    catalog.create_property(object_type, {**body, "formField": False})


def property_mapping(pretix_field: str, external_field: str, mode: str) -> dict[str, Any]:
    """One row in the shape of core's ``to_property_mappings_list``."""
    return StoredRow(pretix_field, external_field, mode).to_json()


def _buyers(event: Event, catalog: Catalog, before: tuple[str, ...]) -> Suggested:
    rows = fitting(event, catalog, ORDERS, "contacts", BUYER_ROWS)
    return Suggested(BUYERS, ORDERS, "contacts", ("email", "email"), rows)


def _attendees(event: Event, catalog: Catalog, before: tuple[str, ...]) -> Suggested:
    # By their own address only: with the order's as a substitute, an attendee without one would overwrite the buyer.
    rows = fitting(event, catalog, POSITIONS, "contacts", ATTENDEE_ROWS)
    # Who was replaced, or whose ticket was canceled, is no attendee of the order any more.
    options = StoredOptions(canceled=DETACH, replaced=DETACH)
    return Suggested(ATTENDEES, POSITIONS, "contacts", ("attendee_email", "email"), rows, options=options)


def _deals(event: Event, catalog: Catalog, before: tuple[str, ...]) -> Suggested:
    key = ORDERS.key_property
    return Suggested(
        DEALS,
        ORDERS,
        "deals",
        (key.field, key.name),
        fitting(event, catalog, ORDERS, "deals", (*DEAL_ROWS, CURRENCY_ROW)),
        associations=before,
        pipeline=stages_by_status(catalog.pipelines("deals")),
    )


def fitting(
    event: Event, catalog: Catalog, source: Source, object_type: str, wanted: Iterable[WantedRow]
) -> tuple[StoredRow, ...]:
    """The rows of ``wanted`` whose field and property exist and fit together, with the first such property."""
    fields = fields_for(event, source.key)
    properties = catalog.mappable(object_type)
    rows = []
    for field_key, names, mode in wanted:
        name = next((name for name in names if name in properties), None)
        if field_key in fields and name:
            rows.append(StoredRow(field_key, name, mode, empty=LEAVE if mode == MODE_OVERWRITE else ""))
    stored = StoredMapping(source.key, object_type, rows=tuple(rows))
    judged = rows_of(stored, properties, fields, conventions(event, catalog.connection))
    return tuple(row for row, meant in zip(rows, judged, strict=True) if risk_of(meant) is None)


def stages_by_status(pipelines: Sequence[Pipeline]) -> StoredPipeline:
    """The default pipeline (else the first), and a stage for each order status as far as the portal has one.

    Pending orders go to the first open stage, paid ones to the stage that is won, expired and canceled ones to the one
    that is lost.
    """
    pipeline = chosen_pipeline(pipelines)
    if pipeline is None:
        return StoredPipeline()
    stages = [stage for stage in pipeline.stages if not stage.archived]
    by_status = {
        Order.STATUS_PENDING: next((s.id for s in stages if not is_closed(s)), None),
        Order.STATUS_PAID: next((s.id for s in stages if probability(s) == 1), None),
        Order.STATUS_EXPIRED: next((s.id for s in stages if probability(s) == 0), None),
        Order.STATUS_CANCELED: next((s.id for s in stages if probability(s) == 0), None),
    }
    return StoredPipeline(pipeline.id, {status: stage for status, stage in by_status.items() if stage})
