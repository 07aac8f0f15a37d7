"""Connecting with a token, joining, leaving, disconnecting, options.

Each page asks or acts, reports the result, and goes back to the settings page.
"""

import logging
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import TemplateView
from pretix.base.models import Event

from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.lifecycle import disconnect, for_event
from pretix_hubspot.control.forms.connect import EventOptionsForm, TokenForm
from pretix_hubspot.failures import connecting
from pretix_hubspot.health.actions import retry_access
from pretix_hubspot.health.words import retried_text
from pretix_hubspot.models import Connection, EventConnection
from pretix_hubspot.server.permissions import events_seen_by
from pretix_hubspot.sync.joining import join, leave
from pretix_hubspot.sync.queue import campaigns

from .base import HubSpotEventMixin, HubSpotOrganizerMixin, ManagesConnectionsMixin, own_connection

logger = logging.getLogger(__name__)

#: Opens the box for a token again, of a connection by its id, or of a new one.
REFUSED, NEW = "?refused=", "new"


class ConnectToken(HubSpotEventMixin, ManagesConnectionsMixin, View):
    """A pasted token for an event, which will use the connection; renews the one that it uses already."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        event_connection = for_event(request.event)
        connection = connect_pasted_token(request, event_connection.connection if event_connection else None)
        if connection is None:
            return self.back_to_settings(REFUSED + NEW)
        join_and_report(request, request.event, connection)
        return self.back_to_settings()


class OrganizerConnectToken(HubSpotOrganizerMixin, View):
    """A pasted token for the organizer; with an id, for one of its connections."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        pk = request.POST.get("connection")
        connection = connect_pasted_token(request, self.own_connection(pk) if pk else None)
        return self.back_to_settings("" if connection else REFUSED + (pk or NEW))


class Join(HubSpotEventMixin, View):
    """Use one of the organizer's connections for the event, in one click."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        connection = own_connection(request.organizer, request.POST.get("connection"))
        if connection.status != Connection.Status.ACTIVE:
            messages.error(request, _("This connection is not active. Please reconnect it first."))
        else:
            join_and_report(request, request.event, connection)
            messages.success(request, _("The HubSpot integration is now active."))
        return self.back_to_settings()


class Leave(HubSpotEventMixin, TemplateView):
    """Ask, then stop using the connection in this event; it stays for others."""

    template_name = "pretix_hubspot/leave.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(event_connection=event_connection_or_404(self.request.event), **kwargs)

    def post(self, request, *args, **kwargs):
        leave(request.event, request.user)
        messages.success(request, _("This event no longer uses HubSpot."))
        return self.back_to_settings()


class Disconnect(HubSpotEventMixin, ManagesConnectionsMixin, TemplateView):
    """Ask, then delete the access of all events of this organizer."""

    template_name = "pretix_hubspot/disconnect.html"

    def get_context_data(self, **kwargs):
        connection = event_connection_or_404(self.request.event).connection
        used = events_using(self.request, connection)
        return super().get_context_data(connection=connection, used=used, back=self.event_url("settings"), **kwargs)

    def post(self, request, *args, **kwargs):
        disconnect_and_report(request, event_connection_or_404(request.event).connection)
        return self.back_to_settings()


class EventOptions(HubSpotEventMixin, View):
    """Save the options of an event's use of its connection."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        form = EventOptionsForm(request.POST, instance=event_connection_or_404(request.event))
        if not form.is_valid():
            messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
            return self.back_to_settings()
        if form.changes:
            form.instance.none_before = None  # other orders may be sent from now on
            form.save()
            request.event.log_action("pretix_hubspot.event.options.changed", user=request.user, data=form.changes)
        messages.success(request, _("Your changes have been saved."))
        return self.back_to_settings()


def event_connection_or_404(event):
    """The event connection; 404 if the event has none, or its connection was disconnected."""
    event_connection = for_event(event)
    if event_connection is None:
        raise Http404(_("This event is not connected to HubSpot."))
    return event_connection


@dataclass(frozen=True)
class EventsUsing:
    """The events that use a connection: those that the user may see, by date, and the number of the others."""

    visible: QuerySet[Event]
    others: int


def events_using(request, connection):
    """All events that lose access together."""
    used = Event.objects.filter(hubspot_connection__connection=connection)
    visible = (
        events_seen_by(request).filter(pk__in=used.values("pk")).select_related("organizer").order_by("date_from", "pk")
    )
    return EventsUsing(visible, used.exclude(pk__in=visible.values("pk")).count())


def connect_pasted_token(request, renewed):
    """The connection for the token in this request; ``None`` after a message says why not."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(form.errors["token"]))
        return None
    try:
        connection = connect_token(request.organizer, form.cleaned_data["token"], request.user, renewed)
    except connecting.CONNECT_ERRORS as error:
        logger.warning("A token for HubSpot was not accepted: %s", error)
        messages.error(request, connecting.token_failure(error))
        return None
    report_connected(request, connection)
    return connection


def report_connected(request, connection):
    """Show that access was granted, and retry the orders that lacked it."""
    messages.success(request, _("The HubSpot integration is now active."))
    if retried := retry_access(connection, request.user):
        messages.success(request, retried_text(retried))


def join_and_report(request, event, connection):
    """Let the event use the connection; warn if its mappings were made for another portal."""
    before = EventConnection.objects.filter(event=event).select_related("connection").first()
    join(event, connection, request.user)
    old, new = before and before.connection.portal_id, connection.portal_id
    if before and old != new and event.hubspot_object_mappings.exists():
        text = _(
            "This event used portal {old} before. Its object mappings are kept and now apply to portal {new}: please "
            "check that they fit."
        )
        messages.warning(request, text.format(old=old, new=new))


def disconnect_and_report(request, connection):
    """Disconnect, and show the steps that remain in HubSpot."""
    was_token = connection.kind == Connection.Kind.TOKEN
    campaigns.cancel_all(connection, request.user, "disconnected")
    if disconnect(connection, request.user):
        messages.success(request, _("HubSpot has been disconnected."))
    elif was_token:
        messages.success(request, _("HubSpot has been disconnected. Please delete the key in HubSpot as well."))
    else:
        messages.warning(
            request,
            _(
                "HubSpot has been disconnected, but HubSpot did not confirm that the access was revoked. "
                "Please uninstall the app in HubSpot as well."
            ),
        )
