"""TutCon: a conference with variations, add-ons, questions, vouchers and everything a CRM wants to know."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.timezone import now
from pretix.base.models import Event, Item, ItemAddOn, ItemCategory, Question

from demo.names import CONFERENCE
from demo.seed.house import open_for_business

TICKET_KINDS = (("Early bird", "349.00"), ("Regular", "449.00"), ("Community", "99.00"))
WORKSHOPS = (("Badges that scan", "120.00"), ("Accessible events", "120.00"), ("CRM without tears", "140.00"))
SIZES = ("S", "M", "L", "XL")


@dataclass
class Conference:
    """The parts of the shop that orders refer to."""

    event: Event
    ticket: Item
    workshop: Item
    shirt: Item
    stream: Item
    questions: dict[str, Question]


def build(organizer):
    event = build_event(organizer)
    tax = event.tax_rules.create(name="VAT", rate=Decimal("19.00"), default=True)
    extras = event.categories.create(name="Extras", is_addon=True, position=1)
    passes = event.categories.create(name="Tickets", position=0)
    ticket = build_product(event, tax, passes, "Conference pass", "449.00", TICKET_KINDS, admission=True)
    workshop = build_product(event, tax, extras, "Workshop", "120.00", WORKSHOPS)
    shirt = build_product(event, tax, extras, "T-shirt", "25.00", [(size, "25.00") for size in SIZES])
    stream = build_product(event, tax, passes, "Live stream", "29.00", (), admission=True)
    ItemAddOn.objects.create(base_item=ticket, addon_category=extras, max_count=4)
    add_quota(event, "Conference passes", 250, ticket)
    add_quota(event, "Workshops", 60, workshop)
    add_quota(event, "T-shirts", 100, shirt)
    add_quota(event, "Live stream", None, stream)
    event.vouchers.create(code="SPEAKER", price_mode="percent", value=100, max_usages=30, item=ticket, tag="speakers")
    event.vouchers.create(code="PARTNER20", price_mode="percent", value=20, max_usages=100, item=ticket, tag="partners")
    return Conference(event, ticket, workshop, shirt, stream, build_questions(event, (ticket, stream)))


def build_event(organizer):
    starts = (now() + timedelta(days=120)).replace(hour=7, minute=0, second=0, microsecond=0)
    event = Event.objects.create(
        organizer=organizer,
        name={
            "en": "TutCon: the conference for people who sell tickets",
            "de": "TutCon: die Konferenz für alle, die Tickets verkaufen",
        },
        slug=CONFERENCE,
        currency="EUR",
        date_from=starts,
        date_to=starts + timedelta(days=2, hours=9),
        location={"en": "Old Power Station, Heidelberg"},
        is_public=True,
    )
    open_for_business(event)
    settings = event.settings
    settings.frontpage_text = {
        "en": "Three days of talks, workshops and coffee. *A demo: nothing here costs anything.*"
    }
    settings.attendee_names_asked = settings.attendee_names_required = True
    settings.attendee_emails_asked = True
    settings.attendee_company_asked = True
    settings.order_phone_asked = True
    settings.invoice_address_asked = True
    return event


def build_product(event, tax, category: ItemCategory, name, price, variations, admission=False):
    item = event.items.create(
        name=name,
        category=category,
        default_price=Decimal(price),
        tax_rule=tax,
        admission=admission,
        personalized=admission,
        active=True,
    )
    for position, (value, variation_price) in enumerate(variations):
        item.variations.create(value=value, default_price=Decimal(variation_price), position=position)
    return item


def add_quota(event, name, size, item, subevent=None):
    quota = event.quotas.create(name=name, size=size, subevent=subevent)
    quota.items.add(item)
    quota.variations.add(*item.variations.all())


def build_questions(event, items):
    asked = {
        "DIET": (
            "What do you eat?",
            Question.TYPE_CHOICE_MULTIPLE,
            ("Everything", "Vegetarian", "Vegan", "Gluten-free"),
        ),
        "SOURCE": ("How did you hear of us?", Question.TYPE_CHOICE, ("A colleague", "Newsletter", "Social media")),
        "EMPLOYER": ("Which company do you work for?", Question.TYPE_STRING, ()),
        "YEARS": ("For how many years have you sold tickets?", Question.TYPE_NUMBER, ()),
        "ARRIVAL": ("When do you arrive?", Question.TYPE_DATE, ()),
        "SPONSORS": ("May our sponsors contact you?", Question.TYPE_BOOLEAN, ()),
    }
    built = {}
    for position, (identifier, (text, kind, options)) in enumerate(asked.items()):
        question = event.questions.create(
            question=text, type=kind, identifier=identifier, required=False, position=position
        )
        question.items.add(*items)
        for rank, answer in enumerate(options):
            question.options.create(answer=answer, identifier=f"{identifier}-{rank + 1}", position=rank)
        built[identifier] = question
    return built
