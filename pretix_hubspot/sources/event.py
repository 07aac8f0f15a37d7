"""Source fields of the event, the same for all of its orders, and of a series' date."""

from functools import partial

from django.utils.translation import gettext as _
from pretix.base.datasync.sourcefields import CAT_EVENT, CAT_EVENT_OR_SUBEVENT, EVENT, EVENT_OR_SUBEVENT
from pretix.base.models import Question

try:
    from pretix.multidomain.urlreverse import eventreverse_absolute
except ImportError:  # before pretix 2026.4
    from pretix.multidomain.urlreverse import build_absolute_uri as eventreverse_absolute

from . import readers
from .field import SourceField, WithRelated, guarded


def event_fields(event) -> list[SourceField]:
    """Fields of the event and of a series' date, labels in the current language."""
    timezone = event.timezone
    text, when = Question.TYPE_STRING, Question.TYPE_DATETIME
    names = event.organizer.meta_properties.values_list("name", flat=True)
    return [
        # A single choice, so that the editor can compare it with a portal's list of currencies.
        _field(
            "event_currency",
            _("Event currency"),
            Question.TYPE_CHOICE,
            lambda e: [e.currency],
            enum_opts=((event.currency, event.currency),),
        ),
        _field("event_timezone", _("Event time zone"), text, lambda e: str(e.timezone)),
        _field("event_url", _("Event link"), text, lambda e: eventreverse_absolute(e, "presale:event.index")),
        _field("main_event_date_from", _("Event start"), when, lambda e: readers.moment(e.date_from, timezone)),
        _field("main_event_date_to", _("Event end"), when, lambda e: readers.moment(e.date_to, timezone)),
        _field("main_event_location", _("Event location"), Question.TYPE_TEXT, lambda e: str(e.location or "")),
        _field("organizer_name", _("Organizer name"), text, lambda e: str(e.organizer.name)),
        _field("organizer_slug", _("Organizer short form"), text, lambda e: e.organizer.slug),
        *(_meta(name) for name in names),
        *_date_fields(),
    ]


def _field(key, label, kind, getter, *, needs=(), required_input=EVENT, category=CAT_EVENT, enum_opts=None):
    return SourceField(
        key=key,
        label=str(label),
        type=kind,
        category=category,
        required_input=required_input,
        enum_opts=enum_opts,
        synonyms=enum_opts or (),
        read=guarded(key, required_input, getter),
        needs=frozenset(needs),
    )


def _meta(name):
    return _field(
        f"event_meta_{name}",
        _("Event meta data: {name}").format(name=name),
        Question.TYPE_STRING,
        WithRelated(partial(_meta_value, name)),
        needs=["meta"],
    )


def _meta_value(name, event, related):
    return related(event, "meta").get(name, "")


def _date_fields():
    """Fields of the position's date in an event series, otherwise of the event."""
    common = {"required_input": EVENT_OR_SUBEVENT, "category": CAT_EVENT_OR_SUBEVENT, "needs": ["subevent"]}
    text, number, lines = Question.TYPE_STRING, Question.TYPE_NUMBER, Question.TYPE_TEXT
    return [
        _field("subevent_name", _("Event or date name"), text, lambda s: str(s.name), **common),
        _field("event_location", _("Event or date location"), lines, lambda s: str(s.location or ""), **common),
        _field("subevent_id", _("Event or date ID"), number, lambda s: str(s.pk), **common),
    ]
