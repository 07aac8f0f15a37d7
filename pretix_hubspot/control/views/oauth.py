"""*Request access*: to HubSpot and back. There is one return URL for the whole server."""

import logging

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View
from django_scopes import scope

from pretix_hubspot.connections import oauth_app, oauth_state
from pretix_hubspot.connections.connecting import connect_oauth
from pretix_hubspot.connections.lifecycle import for_event, is_active
from pretix_hubspot.connections.tokens import PLUGIN
from pretix_hubspot.failures import connecting
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.server.links import event_url, organizer_url
from pretix_hubspot.server.permissions import may_change_settings, may_manage_connections

from .base import HubSpotEventMixin, HubSpotOrganizerMixin, ManagesConnectionsMixin, hides_secrets
from .connect import join_and_report, report_connected

logger = logging.getLogger(__name__)


class RequestAccess(HubSpotEventMixin, ManagesConnectionsMixin, View):
    """Start for an event, which will use the connection; renews the one that it uses already."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        event_connection = for_event(request.event)
        return _to_hubspot(self, request, request.event, event_connection.connection if event_connection else None)


class OrganizerRequestAccess(HubSpotOrganizerMixin, View):
    """Start for an organizer; with an id, one of its connections is renewed."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        pk = request.POST.get("connection")
        return _to_hubspot(self, request, None, self.own_connection(pk) if pk else None)


def _to_hubspot(view, request, event, connection):
    try:
        return HttpResponseRedirect(oauth_state.begin(request, request.organizer, event, connection))
    except ServerMisconfigured as error:
        logger.error("HubSpot cannot be connected: %s", error)
        messages.error(request, connecting.oauth_failure(error))
        return view.back_to_settings()


@hides_secrets
class OAuthReturn(View):
    """End: HubSpot sends the user back to this page, with a code or with a refusal."""

    http_method_names = ["get"]

    def get(self, request, *args, **kwargs):
        returned = oauth_state.Returned.from_request(request)
        try:
            started = oauth_state.consume(request, returned.state)
        except oauth_state.StateRefused as refusal:
            return self.refused(connecting.state_refusal(refusal.reason))
        with scope(organizer=started.organizer):
            if problem := self.changed_since(started):
                return self.refused(problem)
            self.finish(started, returned)
        return HttpResponseRedirect(_settings_url(started))

    def refused(self, message):
        """A page of our own, since this user may not be sent to the event."""
        return render(self.request, "pretix_hubspot/oauth_refused.html", {"message": message}, status=400)

    def changed_since(self, started):
        """A change in the meantime that forbids connecting; None without one."""
        event, organizer = started.event, started.organizer
        if not may_manage_connections(self.request, organizer):
            return _("You no longer have the permission to connect HubSpot. Nothing has been changed.")
        if event and not may_change_settings(self.request, event):
            return _("You no longer have the permission to connect HubSpot. Nothing has been changed.")
        if not (is_active(event) if event else PLUGIN in organizer.get_plugins()):
            return _("The HubSpot plugin has been disabled in the meantime. Nothing has been changed.")
        return None

    def finish(self, started, returned):
        """Exchange the code for tokens and connect. A failure stores nothing and has its own message."""
        if not returned.code:
            messages.error(self.request, connecting.denial(returned.error))
            return
        try:
            granted = oauth_app.exchange(returned.code, returned.state)
            connection = connect_oauth(started.organizer, granted, self.request.user, started.connection)
        except connecting.CONNECT_ERRORS as error:
            logger.warning("HubSpot could not be connected: %s", error)
            messages.error(self.request, connecting.oauth_failure(error))
            return
        if started.event:
            join_and_report(self.request, started.event, connection)
        report_connected(self.request, connection)


def _settings_url(started):
    if started.event:
        return event_url(started.event, "settings")
    return organizer_url(started.organizer, "organizer.connections")
