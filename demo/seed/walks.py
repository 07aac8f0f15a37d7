"""City walks: an event series with six dates."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.timezone import now
from pretix.base.models import Event, Item

from demo.names import WALKS
from demo.seed.conference import add_quota
from demo.seed.house import open_for_business

DATES = 6


@dataclass
class Walks:
    event: Event
    adult: Item
    child: Item
    dates: list


def build(organizer):
    first = (now() + timedelta(days=14)).replace(hour=13, minute=0, second=0, microsecond=0)
    event = Event.objects.create(
        organizer=organizer,
        name={"en": "City walks", "de": "Stadtspaziergänge"},
        slug=WALKS,
        currency="EUR",
        date_from=first,
        has_subevents=True,
        is_public=True,
    )
    open_for_business(event)
    event.settings.attendee_names_asked = True
    event.settings.attendee_emails_asked = False
    tax = event.tax_rules.create(name="VAT", rate=Decimal("7.00"), default=True)
    adult = add_product(event, tax, "Adult", "18.00")
    child = add_product(event, tax, "Child", "0.00")
    dates = [add_date(event, first + timedelta(weeks=week), (adult, child)) for week in range(DATES)]
    return Walks(event, adult, child, dates)


def add_product(event, tax, name, price):
    return event.items.create(
        name=name, default_price=Decimal(price), tax_rule=tax, admission=True, personalized=True, active=True
    )


def add_date(event, starts, items):
    date = event.subevents.create(
        name={"en": "Old town and river", "de": "Altstadt und Fluss"}, date_from=starts, active=True
    )
    for item in items:
        add_quota(event, f"{item.name} {starts:%d %b}", 20, item, subevent=date)
    return date
