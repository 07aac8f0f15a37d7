"""The digest: a regular mail about an event with its numbers, its sync problems, and the orders sent since the last
one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Sum
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


def send_due(joined: EventConnection) -> bool:
    """Send the digest if it is time. Returns whether it was; safe to call by several workers at once."""
    due = _last_due(joined)
    if due is None or not addresses(joined) or (joined.digest_sent_at and joined.digest_sent_at >= due):
        return False
    before, joined.digest_sent_at = joined.digest_sent_at, now()
    mine = EventConnection.objects.filter(pk=joined.pk, digest_sent_at=before)
    if not mine.update(digest_sent_at=joined.digest_sent_at):
        return False
    _send(joined)
    return True


def addresses(joined: EventConnection) -> list[str]:
    """The digest's recipients; each gets a mail of their own."""
    return joined.digest_to.split()[:MOST_ADDRESSES]


def _last_due(joined: EventConnection) -> datetime | None:
    """The last moment at which a digest should have been sent."""
    if joined.digest not in DAYS:
        return None
    here = now().astimezone(joined.event.timezone)
    due = here.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if due > here:
        due -= timedelta(days=1)
    if joined.digest == EventConnection.Digest.WEEKLY:
        due -= timedelta(days=(due.weekday() - MONDAY) % 7)
    return due


def _send(joined: EventConnection) -> None:
    event = joined.event
    with language(event.settings.locale, event.settings.region):
        subject, context = _("HubSpot: orders of {event}").format(event=event.name), _context(joined)
        for address in addresses(joined):
            mail(
                address,
                subject,
                "pretix_hubspot/email/digest.txt",
                context,
                event=event,
                locale=event.settings.locale,
                auto_email=True,
            )


def _context(joined: EventConnection) -> dict:
    counts = numbers(joined.event)
    return {
        "event_name": as_words(joined.event.name),
        "numbers": [(STATE_WORDS[state], counts.of(state)) for state in STATES],
        "total": counts.total,
        "causes": [replace(cause, text=as_words(cause.text)) for cause in causes(joined.event)[:MOST]],
        "days": DAYS[joined.digest],
        "sums": _sums(joined.event, DAYS[joined.digest]),
        "paused": joined.paused_since or joined.connection.paused_since,
        "revoked": joined.connection.status != joined.connection.Status.ACTIVE,
        "url": event_address(joined.event, "settings"),
        "problems_url": event_address(joined.event, "problems"),
    }


def _sums(event: Event, days: int) -> dict[str, int]:
    first = now().astimezone(event.timezone).date() - timedelta(days=days)
    sums = DailyCount.objects.filter(event=event, day__gte=first).aggregate(
        sent=Sum("sent"), unchanged=Sum("unchanged"), failed=Sum("failed")
    )
    return {name: value or 0 for name, value in sums.items()}
