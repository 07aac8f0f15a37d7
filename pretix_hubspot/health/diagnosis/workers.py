"""Checks of the server: whether it works through the queue."""

from datetime import timedelta

from django.conf import settings
from django.utils.timesince import timesince
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pretix.base.models.datasync import OrderSyncQueue
from pretix.celery_app import app

from pretix_hubspot.models import PROVIDER, Heartbeat
from pretix_hubspot.sync.queue import claims

from .findings import fail, ok, warn

LATE, STUCK = timedelta(minutes=40), timedelta(hours=2)  # pretix recommends to call the periodic task each half hour
SLOW = timedelta(minutes=10)  # from the periodic task to a worker
PING = 1.0  # seconds


def queue(diagnosis):
    rows = OrderSyncQueue.objects.filter(event=diagnosis.event, sync_provider=PROVIDER)
    due = rows.filter(in_flight=False, need_manual_retry__isnull=True, not_before__lte=now())
    oldest = due.order_by("triggered").values_list("triggered", flat=True).first()
    count = due.count()
    text = ngettext("One order is waiting.", "{number} orders are waiting.", count).format(number=count)
    if oldest and now() - oldest > LATE:
        text += " " + _("The oldest one has waited for {time}.").format(time=timesince(oldest))
        hint = _("If nothing above explains this, the periodic task or the workers do not run.")
        yield fail(text, hint) if now() - oldest > STUCK else warn(text, hint)
    else:
        yield ok(text)
    if dead := rows.filter(in_flight=True, in_flight_since__lt=now() - 2 * claims.lease()).count():
        text = ngettext("One order hangs with a dead worker.", "{number} orders hang with a dead worker.", dead)
        yield warn(text.format(number=dead), _("The periodic task returns them to the queue."))
    if failed := rows.filter(need_manual_retry__isnull=False).count():
        text = ngettext("One order could not be transferred.", "{number} orders could not be transferred.", failed)
        yield warn(text.format(number=failed), _("See “Sync problems”."))


def periodic_task(diagnosis):
    at = _last(Heartbeat.Name.PERIODIC)
    hint = _("Have the server's operator set up the cron job of pretix (python -m pretix runperiodic).")
    if at is None:
        yield fail(_("The periodic task of pretix has never run since the plugin was installed."), hint)
        return
    text = _("The periodic task of pretix last ran {time} ago.").format(time=timesince(at))
    age = now() - at
    yield fail(text, hint) if age > STUCK else warn(text, hint) if age > LATE else ok(text)


def workers(diagnosis):
    if not settings.HAS_CELERY:
        yield ok(_("There are no workers on this server: the periodic task transfers orders."))
        return
    hint = _("Have the server's operator look at the workers of pretix.")
    answers = app.control.ping(timeout=PING)
    if not answers:
        yield fail(_("No worker answers."), hint)
    else:
        text = ngettext("One worker answers.", "{number} workers answer.", len(answers))
        yield ok(text.format(number=len(answers)))
    called, worked = _last(Heartbeat.Name.PERIODIC), _last(Heartbeat.Name.WORKER)
    if called and now() - called > SLOW and (worked is None or worked < called - SLOW):
        yield warn(_("What the periodic task asked for was not carried out."), hint)


def _last(name):
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
