"""*Start with a suggestion*: mappings that make sense for an event and a portal.

Personal data is suggested as *Fill if empty*: an address typed into a shop is not verified, and strangers must not
deface curated contacts.
A row is suggested only if the event has the field, the portal has the property, and the two fit together.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from pretix.base.models import Order
from pretix.base.models.datasync import MODE_OVERWRITE, MODE_SET_IF_EMPTY, MODE_SET_IF_NEW

from pretix_hubspot.catalog import Catalog
from pretix_hubspot.fields import fields_for
from pretix_hubspot.keyproperty import BY_NAME, GROUP_LABEL, GROUP_NAME, KEYS, ensure
from pretix_hubspot.models import EventConnection, ObjectMapping
from pretix_hubspot.sync.values import warning

BUYERS, ATTENDEES, DEALS = "buyers", "attendees", "deals"
EVERYTHING = (BUYERS, ATTENDEES, DEALS)
ORDER, POSITION = ObjectMapping.Source.ORDER, ObjectMapping.Source.POSITION

# (source field, properties in order of preference, mode)
BUYER_ROWS = (
    ("invoice_address_name_given_name", ("firstname",), MODE_SET_IF_EMPTY),
    ("invoice_address_name_family_name", ("lastname",), MODE_SET_IF_EMPTY),
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
    """One object mapping to be; ``associations`` are the names of suggested mappings before it.

    ``texts`` are (name, label) of text properties that are made in HubSpot for its rows.
    """

    name: str
    source: str
    object_type: str
    identifier: tuple[str, str]
    rows: tuple[tuple[str, str, str], ...]
    associations: tuple[str, ...] = ()
    pipeline: dict | None = None
    options: dict | None = None
    texts: tuple[tuple[str, str], ...] = ()


class SuggestionImpossible(Exception):
    """Nothing was added; ``reason`` is ``mapped`` (the event has mappings) or ``nothing`` (nothing fits)."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def possible(event, catalog: Catalog) -> tuple[str, ...]:
    """What can be suggested here: attendees need their own addresses, deals need deals."""
    usable = {t.name for t in catalog.object_types()}
    found = [BUYERS] if "contacts" in usable else []
    if "contacts" in usable and event.settings.get("attendee_emails_asked", as_type=bool):
        found.append(ATTENDEES)
    if "deals" in usable:
        found.append(DEALS)
    return tuple(found)


def suggest(event, catalog: Catalog, wanted: Iterable[str] = EVERYTHING) -> list[Suggested]:
    """The suggestion, in order of evaluation. Writes nothing, here or in HubSpot."""
    chosen = [name for name in possible(event, catalog) if name in set(wanted)]
    makers = {BUYERS: _buyers, ATTENDEES: _attendees, DEALS: _deals}
    suggested = []
    for name in chosen:
        suggested.append(makers[name](event, catalog, tuple(s.name for s in suggested)))
    return suggested


def apply_suggestion(event_connection, wanted: Iterable[str] = EVERYTHING, user=None, catalog=None):
    """Creates what HubSpot lacks, then all suggested mappings or none.

    Raises ``SuggestionImpossible``, ``KeyPropertyUnusable``, or the client's errors; nothing is stored then.
    """
    event = event_connection.event
    catalog = catalog or Catalog(event_connection.connection)
    if event.hubspot_object_mappings.exists():
        raise SuggestionImpossible("mapped")
    return apply(event_connection, suggest(event, catalog, wanted), user, catalog)


def apply(event_connection, suggested: list[Suggested], user, catalog: Catalog) -> list[ObjectMapping]:
    """As ``apply_suggestion``, for mappings that somebody else suggests."""
    if not suggested:
        raise SuggestionImpossible("nothing")
    for mapping in suggested:
        if key := BY_NAME.get(mapping.identifier[1]):
            ensure(catalog, mapping.object_type, key)
        for name, label in mapping.texts:
            _ensure_text(catalog, mapping.object_type, name, label)
    return _store(event_connection, suggested, user)


def _ensure_text(catalog: Catalog, object_type: str, name: str, label: str) -> None:
    if name in catalog.properties(object_type):
        return
    catalog.ensure_group(object_type, GROUP_NAME, GROUP_LABEL)
    body = {"name": name, "label": label, "type": "string", "fieldType": "textarea", "groupName": GROUP_NAME}
    catalog.create_property(object_type, {**body, "formField": False})


@transaction.atomic
def _store(event_connection, suggested: list[Suggested], user) -> list[ObjectMapping]:
    EventConnection.objects.select_for_update().get(pk=event_connection.pk)
    event = event_connection.event
    if event.hubspot_object_mappings.exists():  # two people, or one double click
        raise SuggestionImpossible("mapped")
    made: dict[str, ObjectMapping] = {}
    for position, entry in enumerate(suggested):
        made[entry.name] = mapping = ObjectMapping.objects.create(
            event=event,
            position=position,
            pretix_model=entry.source,
            external_object_type=entry.object_type,
            pretix_id_field=entry.identifier[0],
            external_id_field=entry.identifier[1],
            property_mappings=[property_mapping(*row) for row in entry.rows],
            association_mappings=[{"mapping": made[name].pk} for name in entry.associations],
            pipeline=entry.pipeline or {},
            options=entry.options or {},
        )
        mapping.log_action("pretix_hubspot.mapping.added", user=user, data=log_data(mapping) | {"suggested": True})
    return list(made.values())


def property_mapping(pretix_field: str, external_field: str, mode: str) -> dict:
    """One row in the shape of core's ``to_property_mappings_list``."""
    return {"pretix_field": pretix_field, "external_field": external_field, "overwrite": mode, "value_map": ""}


def log_data(mapping: ObjectMapping) -> dict:
    """What the event's history remembers of a mapping: its settings, no data of people."""
    return {
        "pretix_model": mapping.pretix_model,
        "external_object_type": mapping.external_object_type,
        "pretix_id_field": mapping.pretix_id_field,
        "external_id_field": mapping.external_id_field,
        "property_mappings": mapping.property_mappings,
        "association_mappings": mapping.association_mappings,
        "pipeline": mapping.pipeline,
        "options": mapping.options,
    }


def _buyers(event, catalog, before) -> Suggested:
    rows = fitting(event, catalog, ORDER, "contacts", BUYER_ROWS)
    return Suggested(BUYERS, ORDER, "contacts", ("email", "email"), rows)


def _attendees(event, catalog, before) -> Suggested:
    # By their own address only: with the order's as a substitute, an attendee without one would overwrite the buyer.
    rows = fitting(event, catalog, POSITION, "contacts", ATTENDEE_ROWS)
    return Suggested(ATTENDEES, POSITION, "contacts", ("attendee_email", "email"), rows)


def _deals(event, catalog, before) -> Suggested:
    key = KEYS[ORDER]
    wanted = DEAL_ROWS + ((CURRENCY_ROW,) if has_currency(catalog, event.currency) else ())
    return Suggested(
        DEALS,
        ORDER,
        "deals",
        (key.field, key.name),
        fitting(event, catalog, ORDER, "deals", wanted),
        associations=before,
        pipeline=stages_by_status(catalog.pipelines("deals")),
    )


def has_currency(catalog, currency: str) -> bool:
    """HubSpot refuses currencies that nobody enabled in the account, whatever the property lists (hubspot.md 6.2)."""
    account = catalog.connection.account
    return currency in {account.get("currency"), *account.get("additional_currencies", ())}


def fitting(event, catalog, source, object_type, wanted) -> tuple[tuple[str, str, str], ...]:
    """The rows of ``wanted`` whose field and property exist and go together, with the first property that does."""
    fields = fields_for(event, source)
    properties = catalog.mappable(object_type)
    rows = []
    for field_key, names, mode in wanted:
        field = fields.get(field_key)
        found = next((properties[name] for name in names if name in properties), None)
        if field and found and warning(field.type, found, mode, field.enum_opts) is None:
            rows.append((field_key, found.name, mode))
    return tuple(rows)


def stages_by_status(pipelines) -> dict | None:
    """The default pipeline (else the first), and a stage for each order status as far as the portal has one.

    Pending orders go to the first open stage, paid ones to the stage that is won, expired and canceled ones to the one
    that is lost.
    """
    pipeline = next((p for p in pipelines if p.id == "default"), pipelines[0] if pipelines else None)
    if pipeline is None:
        return None
    stages = [stage for stage in pipeline.stages if not stage.archived]
    by_status = {
        Order.STATUS_PENDING: next((s.id for s in stages if not _closed(s)), None),
        Order.STATUS_PAID: next((s.id for s in stages if _probability(s) == 1), None),
        Order.STATUS_EXPIRED: next((s.id for s in stages if _probability(s) == 0), None),
        Order.STATUS_CANCELED: next((s.id for s in stages if _probability(s) == 0), None),
    }
    return {"pipeline": pipeline.id, "stages": {status: stage for status, stage in by_status.items() if stage}}


def _closed(stage) -> bool:
    return _probability(stage) in (0, 1) or stage.metadata.get("isClosed") == "true"


def _probability(stage) -> float | None:
    try:
        return float(stage.metadata.get("probability", ""))
    except ValueError:
        return None
