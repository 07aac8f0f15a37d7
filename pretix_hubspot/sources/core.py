"""Core's source fields under core's keys, with readers that neither query nor fail.

Core's getters are kept where they only look at loaded instances; the others are replaced here, key by key.
"""

from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _
from pretix.base.datasync.sourcefields import (
    CAT_ATTENDEE,
    CAT_INVOICE_ADDRESS,
    ORDER,
    ORDER_POSITION,
    DataFieldInfo,
    get_data_fields,
)
from pretix.base.models import Question

from . import labels, names, readers
from .field import SourceField, WithRelated, guarded

QUESTION = "question_"
INVOICE = frozenset({"invoice_address"})
ITEM = frozenset({"item"})
POSITIONS = frozenset({"positions"})
TEXT = Question.TYPE_STRING
NEEDS = {
    "product": frozenset({"item", "variation"}),
    "product_id": ITEM,
    "product_is_admission": ITEM,
    "voucher_code": frozenset({"voucher"}),
    "order_status": POSITIONS,
    "ticket_status": POSITIONS,
    "payment_date": frozenset({"payments"}),
    "event_date_from": frozenset({"subevent"}),
    "event_date_to": frozenset({"subevent"}),
}
PREFIX_NEEDS = {
    "invoice_address_": INVOICE,
    "checkin_date_": frozenset({"checkins"}),
    QUESTION: frozenset({"answers"}),
}
#: pretix 2026.8 also asks questions about the order as a whole, which earlier versions do not know.
ASKS_ABOUT_ORDERS = any(field.name == "container_type" for field in Question._meta.get_fields())
SENSITIVE = frozenset({"presale_order_url", "presale_ticket_url"})


def core_fields(event) -> list[SourceField]:
    """All of core's fields for this event, labels in the current language."""
    getters = {**REPAIRED, **_name_getters(event.settings.name_scheme)}
    timezone, locales = event.timezone, event.settings.locales
    of_order = _questions_of_order(event)
    infos = [_of_order(info) if info.key in of_order else info for info in get_data_fields(event)]
    infos += _former_names({info.key for info in infos})
    return [_wrap(info, getters, timezone, locales) for info in infos]


def _questions_of_order(event):
    """Keys of the questions that are asked once in each order."""
    if not ASKS_ABOUT_ORDERS:
        return frozenset()
    asked = event.questions.filter(container_type=Question.ContainerType.ORDER)
    return frozenset(QUESTION + identifier for identifier in asked.values_list("identifier", flat=True))


def _of_order(info):
    """A question that is asked once per order: core offers it as one of the position, which never has the answer."""
    return info._replace(required_input=ORDER)


def _name_getters(scheme):
    """Readers of names and their parts, for names entered in any scheme."""
    attendee = {f"attendee_name_{key}": partial(readers.attendee_name_part, key, scheme) for key in names.KEYS}
    invoice = {f"invoice_address_name_{key}": partial(readers.invoice_name_part, key, scheme) for key in names.KEYS}
    whole = {
        "attendee_name": partial(readers.attendee_name, scheme),
        "invoice_address_name": partial(readers.invoice_name, scheme),
    }
    return {**whole, **attendee, **invoice}


def _former_names(known):
    """Parts of names from other schemes: mappings that use them outlive a change of the event's scheme."""
    sources = (
        ("attendee_name_", _("Attendee"), ORDER_POSITION, CAT_ATTENDEE),
        ("invoice_address_name_", _("Invoice address"), ORDER, CAT_INVOICE_ADDRESS),
    )
    return [
        DataFieldInfo(source, category, prefix + key, f"{label}: {names.LABELS[key]}", TEXT, None, None, True)
        for prefix, label, source, category in sources
        for key in names.KEYS
        if prefix + key not in known
    ]


def _wrap(info, getters, timezone, locales):
    return SourceField(
        key=info.key,
        label=str(info.label),
        type=info.type,
        category=info.category,
        required_input=info.required_input,
        enum_opts=labels.shown(info.enum_opts),
        synonyms=labels.synonyms(info.enum_opts, locales),
        read=guarded(info.key, info.required_input, _getter(info, getters, timezone)),
        sensitive=info.key in SENSITIVE,
        deprecated=info.deprecated,
        needs=_needs(info),
    )


def _needs(info):
    if info.key in NEEDS:
        return NEEDS[info.key]
    if info.required_input == ORDER and info.key.startswith(QUESTION):
        return frozenset({"order_answers"})
    return next((needs for prefix, needs in PREFIX_NEEDS.items() if info.key.startswith(prefix)), frozenset())


def _getter(info, getters, timezone):
    """Our reader if core's would query, raise or answer wrongly; otherwise core's."""
    if info.key.startswith(QUESTION):
        find = readers.answer_of_order if info.required_input == ORDER else readers.answer
        return WithRelated(partial(_question, find, info.key.removeprefix(QUESTION), info.type, timezone))
    if info.key.startswith("checkin_date_"):
        return WithRelated(partial(_newest_entry, int(info.key.removeprefix("checkin_date_")), timezone))
    if info.key == "payment_date":
        return WithRelated(partial(_payment_date, timezone))
    if info.key in DATES:
        return partial(_date, DATES[info.key], timezone)
    return getters.get(info.key, info.getter)


def _question(find, identifier, question_type, timezone, source, related):
    value = find(source, identifier, related)
    if value is None:
        return None
    if question_type == Question.TYPE_BOOLEAN:
        return value == "True"
    if question_type == Question.TYPE_DATETIME:
        return readers.moment(datetime.fromisoformat(value), timezone)
    return value


def _newest_entry(list_pk, timezone, position, related):
    """Core's "first" check-in is the newest one: check-ins are ordered newest first. Kept, as pretix shows it so."""
    entries = (c.datetime for c in related(position, "checkins") if c.list_id == list_pk and c.type == "entry")
    return readers.moment(max(entries, default=None), timezone)


def _payment_date(timezone, order, related):
    return readers.moment(readers.payment_date(order, related), timezone)


def _date(get, timezone, source):
    return readers.moment(get(source), timezone)


DATES = {
    "order_date": lambda order: order.datetime,
    "event_date_from": lambda event_or_subevent: event_or_subevent.date_from,
    "event_date_to": lambda event_or_subevent: event_or_subevent.date_to,
}

REPAIRED = {
    "email": lambda order: readers.clean_email(order.email),
    "email_domain": lambda order: readers.email_domain(order.email),
    "attendee_email": lambda position: readers.clean_email(readers.holder(position, "attendee_email")),
    "attendee_or_order_email": lambda position: readers.clean_email(
        readers.holder(position, "attendee_email") or position.order.email
    ),
    "attendee_country": lambda position: readers.country_code(readers.holder(position, "country")),
    "invoice_address_country": lambda order: readers.country_code(order.invoice_address.country),
    "order_status": WithRelated(lambda order, related: [readers.state(related, order)]),
    "ticket_status": WithRelated(lambda position, related: [readers.state(related, position.order, position)]),
}
