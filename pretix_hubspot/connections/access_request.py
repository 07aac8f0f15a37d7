"""An event manager who may not connect HubSpot asks the users who may.

A connection is for all events of an organizer, so an event manager alone cannot make one; a click sends the request.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _
from pretix.base.i18n import language
from pretix.base.models import Event, LogEntry, Organizer, Team, User
from pretix.base.services.mail import mail

from pretix_hubspot.server.links import event_address
from pretix_hubspot.server.permissions import ORGANIZER_SETTINGS

ASKED = "pretix_hubspot.event.connection.asked"
#: How long an event does not ask again; users who are asked twice a day stop reading.
PAUSE = timedelta(days=1)
MOST = 20


def people_to_ask(organizer: Organizer) -> QuerySet[User]:
    """The active users who may connect the organizer."""
    teams = Team.objects.with_organizer_permission(ORGANIZER_SETTINGS)
    permitted = teams.filter(organizer=organizer, members=OuterRef("pk"))
    return User.objects.filter(Exists(permitted), is_active=True).order_by("pk")


def asked_at(event: Event) -> datetime | None:
    """When the event's last request was sent; None if it may ask again."""
    requests = LogEntry.objects.filter(event=event, action_type=ASKED, datetime__gt=now() - PAUSE)
    return requests.order_by("-datetime").values_list("datetime", flat=True).first()


def ask(event: Event, user: User) -> int:
    """Send a mail to each user who may connect. Returns how many; 0 if the event asked lately, or no user may
    connect.
    """
    with transaction.atomic():
        Event.objects.select_for_update().get(pk=event.pk)  # two event managers, or one double click
        if asked_at(event):
            return 0
        people = list(people_to_ask(event.organizer).exclude(pk=user.pk)[:MOST])
        if people:
            event.log_action(ASKED, user=user, data={})
    for person in people:
        _write(person, event, user)
    return len(people)


def _write(person: User, event: Event, user: User) -> None:
    asking = user.fullname or user.email
    context = {"event": event, "user": asking, "url": event_address(event, "settings")}
    with language(person.locale):
        mail(
            person.email,
            _("HubSpot: {user} asks you to connect {event}").format(user=asking, event=event.name),
            "pretix_hubspot/email/access_request.txt",
            context,
            event=event,
            locale=person.locale,
            auto_email=True,
        )
