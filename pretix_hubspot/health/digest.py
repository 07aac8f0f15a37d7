"""The digest: a regular mail about an event with its numbers, its sync problems, and the orders sent since the last
one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.utils.timezone import now
from django.utils.translation import gettext as _
from pretix.base.i18n import language
from pretix.base.models import Event
from pretix.base.services.mail import mail

from pretix_hubspot.models import DailyCount, EventConnection
from pretix_hubspot.server.links import event_address

from .causes import causes
from .numbers import STATES, numbers
from .plain_text import as_words
from .words import STATES as STATE_WORDS

HOUR = 7  # in the event's time zone
MONDAY = 0
DAYS = {EventConnection.Digest.DAILY: 1, EventConnection.Digest.WEEKLY: 7}
MOST = 20
#: As many as pretix takes for its scheduled exports; each is a mail of its own.
MOST_ADDRESSES = 25


def send_due(event_connection: EventConnection) -> bool:
    """Send the digest if it is time. Returns whether it was; safe to call by several workers at once."""
    due = _last_due(event_connection)
    if (
        due is None
        or not addresses(event_connection)
        or (event_connection.digest_sent_at and event_connection.digest_sent_at >= due)
    ):
        return False
    before, event_connection.digest_sent_at = event_connection.digest_sent_at, now()
    unsent = EventConnection.objects.filter(pk=event_connection.pk, digest_sent_at=before)
    if not unsent.update(digest_sent_at=event_connection.digest_sent_at):
        return False
    _send(event_connection)
    return True


def wanted() -> Q:
    """The condition for events' connections with a digest."""
    return Q(digest__in=DAYS)


def addresses(event_connection: EventConnection) -> list[str]:
    """The digest's recipients; each gets a mail of their own."""
    return event_connection.digest_to.split()[:MOST_ADDRESSES]


def _last_due(event_connection: EventConnection) -> datetime | None:
    """The last moment at which a digest should have been sent."""
    if event_connection.digest not in DAYS:
        return None
    here = now().astimezone(event_connection.event.timezone)
    due = here.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if due > here:
        due -= timedelta(days=1)
    if event_connection.digest == EventConnection.Digest.WEEKLY:
        due -= timedelta(days=(due.weekday() - MONDAY) % 7)
    return due


def _send(event_connection: EventConnection) -> None:
    event = event_connection.event
    with language(event.settings.locale, event.settings.region):
        subject, context = _("HubSpot: orders of {event}").format(event=event.name), _context(event_connection)
        for address in addresses(event_connection):
            mail(
                address,
                subject,
                "pretix_hubspot/email/digest.txt",
                context,
                event=event,
                locale=event.settings.locale,
                auto_email=True,
            )


def _context(event_connection: EventConnection) -> dict:
    counts = numbers(event_connection.event)
    return {
        "event_name": as_words(event_connection.event.name),
        "numbers": [(STATE_WORDS[state], counts.of(state)) for state in STATES],
        "total": counts.total,
        "causes": [replace(cause, text=as_words(cause.text)) for cause in causes(event_connection.event)[:MOST]],
        "days": DAYS[event_connection.digest],
        "sums": _sums(event_connection.event, DAYS[event_connection.digest]),
        "paused": event_connection.paused_since or event_connection.connection.paused_since,
        "revoked": event_connection.connection.status != event_connection.connection.Status.ACTIVE,
        "url": event_address(event_connection.event, "settings"),
        "problems_url": event_address(event_connection.event, "problems"),
    }


def _sums(event: Event, days: int) -> dict[str, int]:
    first = now().astimezone(event.timezone).date() - timedelta(days=days)
    sums = DailyCount.objects.filter(event=event, day__gte=first).aggregate(
        sent=Sum("sent"), unchanged=Sum("unchanged"), failed=Sum("failed")
    )
    return {name: value or 0 for name, value in sums.items()}
