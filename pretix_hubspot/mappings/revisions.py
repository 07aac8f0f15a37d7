"""Revisions of the planner: which one sent an order, and what newer ones send otherwise.

A developer who changes what the same order becomes in HubSpot raises ``PLANNER`` and adds a ``Change``: *Send orders
again* then offers the orders that were sent otherwise before the upgrade, with the reason, and no others.
Each event is looked through once after an upgrade and its orders are marked, so that no page has to search 300,000
orders. A mapping that is changed later makes all of its orders outdated anyway.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Event, InvoiceAddress, OrderPosition, Question

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.conventions import conventions
from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.models import EventConnection, ObjectMapping, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.order_state import CANCELED
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.registry import source_fields
from pretix_hubspot.values.money import is_amount

from .resolve import mappings_of

#: Stored with each transfer; it only ever grows.
PLANNER = 1

#: A regular expression for addresses whose domain has more than ASCII.
ODD_DOMAIN = r"@.*[^ -~]"

Mappings = Sequence[ObjectMapping]


@dataclass(frozen=True)
class Change:
    """A difference of one revision; ``concerns`` is a condition on order states, or None for no order of this event.

    ``code`` is stored, and never renamed.
    """

    revision: int
    code: str
    reason: str | Promise
    concerns: Callable[[Event, Mappings], Q | None]


def review(event_connection: EventConnection) -> None:
    """Mark the event's orders that an older planner sent otherwise than today's would. Done once per revision."""
    if event_connection.planner >= PLANNER:
        return
    states = OrderState.objects.filter(order__event=event_connection.event, outdated_by="").exclude(sent_hash="")
    mappings = mappings_of(event_connection.event)
    for change in CHANGES if states.filter(planner__lt=PLANNER).exists() else ():
        which = (
            change.concerns(event_connection.event, mappings) if change.revision > event_connection.planner else None
        )
        if which is not None:
            _mark(states.filter(which), change)
    EventConnection.objects.filter(pk=event_connection.pk).update(planner=PLANNER)
    event_connection.planner = PLANNER


def _mark(states: QuerySet[OrderState], change: Change) -> None:
    """Mark orders in parts, so that no worker has to wait for long; an order that a worker sends in between is not
    marked.
    """
    older = states.filter(planner__lt=change.revision)
    for part in chunks(list(older.order_by("order_id").values_list("order_id", flat=True)), 1_000):
        outdated = OrderState.objects.filter(order_id__in=part, planner__lt=change.revision)
        outdated.update(outdated_by=change.code)


def _fields(mappings: Mappings) -> set[str]:
    """The source fields that the mappings read."""
    rows = {row["pretix_field"] for mapping in mappings for row in mapping.property_mappings}
    return rows | {mapping.pretix_id_field for mapping in mappings}


def _cancellations(event: Event, mappings: Mappings) -> Q | None:
    """Canceled positions of orders that are not canceled, and orders of which only a fee is left."""
    by_state = [
        mapping
        for mapping in mappings
        if mapping.pipeline
        or mapping.options.get("filters", {}).get("paid")
        or _fields([mapping]) & {"order_status", "ticket_status"}
    ]
    if not by_state:
        return None
    positions = OrderPosition.all.filter(order=OuterRef("order"))
    which = Q(Exists(positions.filter(canceled=True)))
    if all(mapping.pretix_model != POSITIONS.key for mapping in by_state):
        which &= ~Q(Exists(positions.filter(canceled=False)))
    return which & ~Q(order__status=CANCELED)


def _amounts(event: Event, mappings: Mappings) -> Q | None:
    """All orders, if HubSpot reads an amount in its own currency and the event sells in another one."""
    customs = conventions(event, event.hubspot_connection.connection)
    if not customs.portal_currency or customs.currency == customs.portal_currency:
        return None
    return Q() if any(is_amount(prop) for prop, _ in _written(event, mappings)) else None


def _days(event: Event, mappings: Mappings) -> Q | None:
    """All orders, if a day is written into date and time: it was midnight in Greenwich, the day before elsewhere."""
    days = {key for key, field in source_fields(event).items() if field.type == Question.TYPE_DATE}
    into_moments = (name in days and prop.type == "datetime" for prop, name in _written(event, mappings))
    return Q() if any(into_moments) else None


def _written(event: Event, mappings: Mappings) -> Iterator[tuple[PropertyDefinition, str]]:
    """The properties that are written, each with its source field, as far as the portal's schema is stored."""
    catalog = Catalog(event.hubspot_connection.connection)
    catalog.load(mapping.external_object_type for mapping in mappings)
    for mapping in mappings:
        if not catalog.is_stored(mapping.external_object_type):
            continue  # no record was ever sent, and a review is no reason to ask HubSpot
        properties = catalog.properties(mapping.external_object_type)
        for row in mapping.property_mappings:
            if row["external_field"] in properties:
                yield properties[row["external_field"]], row["pretix_field"]


def _domains(event: Event, mappings: Mappings) -> Q | None:
    """Addresses with a domain beyond ASCII: some became addresses of another domain."""
    if not any("email" in name for name in _fields(mappings)):
        return None
    positions = OrderPosition.all.filter(order=OuterRef("order"), attendee_email__regex=ODD_DOMAIN)
    return Q(order__email__regex=ODD_DOMAIN) | Q(order__customer__email__regex=ODD_DOMAIN) | Q(Exists(positions))


def _names(event: Event, mappings: Mappings) -> Q | None:
    """Names that were entered otherwise than the event asks for them now, and those that an add-on left blank."""
    fields, scheme = _fields(mappings), event.settings.name_scheme
    which: list[Q | Exists] = []
    if any(name.startswith("attendee_name") for name in fields):
        positions = OrderPosition.all.filter(order=OuterRef("order"))
        blank = Q(addon_to__isnull=False) & (Q(attendee_name_cached="") | Q(attendee_name_cached=None))
        entered = _with_scheme(positions, "attendee_name_parts").exclude(attendee_name_cached=None)
        which.append(Exists(positions.filter(blank)) | Exists(_of_other_scheme(entered, scheme)))
    if any(name.startswith("invoice_address_name_") for name in fields):
        addresses = InvoiceAddress.objects.filter(order=OuterRef("order")).exclude(name_cached="")
        which.append(Exists(_of_other_scheme(_with_scheme(addresses, "name_parts"), scheme)))
    return None if not which else Q(which[0]) if len(which) == 1 else Q(which[0]) | Q(which[1])


def _with_scheme(rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    return rows.annotate(scheme=Cast(KeyTextTransform("_scheme", column), CharField()))


def _of_other_scheme(rows: QuerySet[Any], scheme: str) -> QuerySet[Any]:
    """One text that came by API has none."""
    return rows.filter(Q(scheme=None) | ~Q(scheme=scheme))


CHANGES = (
    Change(
        1,
        "cancellations",
        _("Canceled positions, and orders of which only a fee was kept, were sent as if they were not canceled."),
        _cancellations,
    ),
    Change(1, "amounts", _("HubSpot took amounts for ones in its own currency."), _amounts),
    Change(1, "days", _("Days arrived as midnight in Greenwich, which is the day before in the west."), _days),
    Change(1, "domains", _("Domains with special characters were written as another domain."), _domains),
    Change(
        1, "names", _("Names that were entered in one field, or left blank for an add-on, arrived incomplete."), _names
    ),
)
#: The sentences about marked orders.
REASONS = {change.code: change.reason for change in CHANGES}
