"""Six starting points for common kinds of events: object mappings to begin with, and to change afterwards.

Built of the same parts as *Start with a suggestion*; a row is left out if the event lacks the field or the portal
the property.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Event
from pretix.base.models.datasync import MODE_APPEND_LIST, MODE_OVERWRITE, MODE_SET_IF_EMPTY, MODE_SET_IF_NEW

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.key_properties import COMPANY
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS

from .options import StoredFilters, StoredOptions
from .stored import StoredRow
from .suggestions import (
    ATTENDEES,
    BUYERS,
    CURRENCY_ROW,
    DEALS,
    Suggested,
    fitting,
    possible,
    stages_by_status,
    suggest,
)

COMPANIES, PLACES = "companies", "places"
COMPANY_ROWS = (
    ("invoice_address_company", ("name",), MODE_SET_IF_EMPTY),
    ("invoice_address_street", ("address",), MODE_SET_IF_EMPTY),
    ("invoice_address_zipcode", ("zip",), MODE_SET_IF_EMPTY),
    ("invoice_address_city", ("city",), MODE_SET_IF_EMPTY),
    ("invoice_address_country", ("country",), MODE_SET_IF_EMPTY),
)
PLACE_ROWS = (
    ("product", ("dealname",), MODE_SET_IF_NEW),
    ("ticket_price", ("amount",), MODE_OVERWRITE),
    ("payment_date", ("closedate",), MODE_SET_IF_EMPTY),
)
COURSES = ("pretix_courses", "pretix courses booked")
NEWSLETTER_FIELDS = ("firstname", "lastname", "hs_language")


@dataclass(frozen=True)
class StartingPoint:
    """``make`` returns the mappings, in order; without ``needs`` among the portal's object types it is not offered."""

    title: Promise
    description: Promise
    make: Callable[[Event, Catalog], list[Suggested]]
    needs: tuple[str, ...] = ("contacts",)


def newsletter(event: Event, catalog: Catalog) -> list[Suggested]:
    buyers = suggest(event, catalog, [BUYERS])
    return [replace(m, rows=tuple(row for row in m.rows if row.external_field in NEWSLETTER_FIELDS)) for m in buyers]


def attendees(event: Event, catalog: Catalog) -> list[Suggested]:
    return suggest(event, catalog, [BUYERS, ATTENDEES])


def conference(event: Event, catalog: Catalog) -> list[Suggested]:
    people = [_with(m, COMPANIES) for m in suggest(event, catalog, [BUYERS, ATTENDEES])]
    [deals] = suggest(event, catalog, [DEALS])
    return [_companies(event, catalog), *people, replace(deals, associations=(COMPANIES, *(m.name for m in people)))]


def courses(event: Event, catalog: Catalog) -> list[Suggested]:
    """Participants by date: one contact collects all dates that a participant booked, in all events."""
    name, _label = COURSES
    people = ATTENDEES if ATTENDEES in possible(event, catalog) else BUYERS
    field = "subevent_name" if people == ATTENDEES else "event_name"
    row = StoredRow(field, name, MODE_APPEND_LIST)
    return [replace(m, rows=(*m.rows, row), texts=(COURSES,)) for m in suggest(event, catalog, [people])]


def sponsors(event: Event, catalog: Catalog) -> list[Suggested]:
    buyers = [_with(m, COMPANIES) for m in suggest(event, catalog, [BUYERS])]
    return [_companies(event, catalog), *buyers, _places(event, catalog, (COMPANIES, BUYERS))]


def donations(event: Event, catalog: Catalog) -> list[Suggested]:
    buyers, deals = suggest(event, catalog, [BUYERS, DEALS])
    return [buyers, replace(deals, options=StoredOptions(StoredFilters(value=True)))]


STARTING_POINTS = {
    "newsletter": StartingPoint(
        _("Newsletter contacts"),
        _("The email address of each order becomes a contact with name and language. Nothing else is sent."),
        newsletter,
    ),
    "attendees": StartingPoint(
        _("Attendees"),
        _("Buyers and, if the event asks for their email addresses, attendees become contacts with their addresses."),
        attendees,
    ),
    "conference": StartingPoint(
        _("B2B conference with companies"),
        _("Companies from invoice addresses, buyers and attendees as contacts, a deal for each order, all associated."),
        conference,
        ("contacts", "companies", "deals"),
    ),
    "courses": StartingPoint(
        _("Course or webinar series"),
        _("Participants become contacts, and a new HubSpot field lists every course or date that they have booked."),
        courses,
    ),
    "sponsors": StartingPoint(
        _("Sponsors and exhibitors"),
        _("Companies, their contacts, and a deal for each position of an order, such as a booth or a package."),
        sponsors,
        ("contacts", "companies", "deals"),
    ),
    "donations": StartingPoint(
        _("Donations"),
        _("Donors become contacts, and each order with a value above zero becomes a deal."),
        donations,
        ("contacts", "deals"),
    ),
}


def offered(catalog: Catalog) -> dict[str, StartingPoint]:
    """The starting points for which the portal has the object types."""
    usable = {object_type.name for object_type in catalog.object_types()}
    return {name: point for name, point in STARTING_POINTS.items() if set(point.needs) <= usable}


def _with(mapping: Suggested, earlier: str) -> Suggested:
    return replace(mapping, associations=(*mapping.associations, earlier))


def _companies(event: Event, catalog: Catalog) -> Suggested:
    rows = fitting(event, catalog, ORDERS, "companies", COMPANY_ROWS)
    return Suggested(COMPANIES, ORDERS, "companies", (COMPANY.field, COMPANY.name), rows)


def _places(event: Event, catalog: Catalog, associations: tuple[str, ...]) -> Suggested:
    """A deal for each position."""
    key = POSITIONS.key_property
    return Suggested(
        PLACES,
        POSITIONS,
        "deals",
        (key.field, key.name),
        fitting(event, catalog, POSITIONS, "deals", (*PLACE_ROWS, CURRENCY_ROW)),
        associations=associations,
        pipeline=stages_by_status(catalog.pipelines("deals")),
    )
