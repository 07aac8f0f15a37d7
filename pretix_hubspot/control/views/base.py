"""The checks of every page of the plugin before it answers.

pretix serves a plugin's pages even if the plugin is not active, so each page checks that itself.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from pretix.control.permissions import EventPermissionRequiredMixin, OrganizerPermissionRequiredMixin
from pretix.control.views.event import EventSettingsViewMixin
from pretix.control.views.organizer import OrganizerDetailViewMixin

from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.connections.tokens import PLUGIN
from pretix_hubspot.mappings.reading import number, text
from pretix_hubspot.models import Connection
from pretix_hubspot.server.links import event_url, organizer_url
from pretix_hubspot.server.permissions import (
    EVENT_SETTINGS,
    ORGANIZER_SETTINGS,
    may_manage_connections,
    require_changing_orders,
    require_seeing_orders,
)
from pretix_hubspot.sync.provider import HubSpotSyncProvider
from pretix_hubspot.sync.queue.triggers import Trigger


def hides_secrets(view):
    """Keep tokens and orders out of the error reports of a page.

    Reports hold the posted data, and the variables of every function on the way.
    """
    view.dispatch = method_decorator(sensitive_post_parameters("token"))(sensitive_variables()(view.dispatch))
    return view


@hides_secrets
class HubSpotEventMixin(EventSettingsViewMixin, EventPermissionRequiredMixin):
    """A page in an event's settings: for users who may change them, if the plugin is active (otherwise 404)."""

    permission = EVENT_SETTINGS

    def dispatch(self, request, *args, **kwargs):
        if not is_active(request.event):
            raise Http404(_("The HubSpot plugin is not active in this event."))
        return super().dispatch(request, *args, **kwargs)

    def event_url(self, name, **kwargs):
        """The URL of another of our pages in this event."""
        return event_url(self.request.event, name, **kwargs)

    def back_to_settings(self, query=""):
        return HttpResponseRedirect(self.event_url("settings") + query)


@hides_secrets
class HubSpotOrganizerMixin(OrganizerDetailViewMixin, OrganizerPermissionRequiredMixin):
    """A page of the organizer: for users who may change its settings, if the plugin is active (otherwise 404)."""

    permission = ORGANIZER_SETTINGS
    #: Whether the page also works while the plugin is disabled, as long as pretix still has access to a portal.
    helps_to_disconnect = False

    def dispatch(self, request, *args, **kwargs):
        if not self.is_enabled and not (self.helps_to_disconnect and live_connections(request.organizer).exists()):
            raise Http404(_("The HubSpot plugin is not active for this organizer."))
        return super().dispatch(request, *args, **kwargs)

    @property
    def is_enabled(self):
        return PLUGIN in self.request.organizer.get_plugins()

    def back_to_settings(self, query=""):
        return HttpResponseRedirect(organizer_url(self.request.organizer, "organizer.connections") + query)

    def own_connection(self, pk):
        return own_connection(self.request.organizer, pk)


class ManagesConnectionsMixin:
    """A page that creates, replaces or disconnects a connection: it touches all events, so it needs the organizer's
    permission too.
    """

    def dispatch(self, request, *args, **kwargs):
        if not may_manage_connections(request):
            raise PermissionDenied(_("You need the permission to change the settings of the organizer to do this."))
        return super().dispatch(request, *args, **kwargs)


def asked(request, name):
    """A parameter of the address; nothing if it holds what no database can, as some encodings of an address do."""
    return text(request.GET.get(name, ""))


def live_connections(organizer):
    """The organizer's connections to which pretix has, or had, access."""
    return Connection.objects.filter(organizer=organizer).exclude(status=Connection.Status.DISCONNECTED)


class SeesOrdersMixin:
    """A page that names orders: needs the permission to see them too, as pretix' own lists of orders do."""

    def dispatch(self, request, *args, **kwargs):
        require_seeing_orders(request)
        return super().dispatch(request, *args, **kwargs)


class ChangesOrdersMixin:
    """A page that decides about orders: needs the permission to change them too."""

    def dispatch(self, request, *args, **kwargs):
        require_changing_orders(request)
        return super().dispatch(request, *args, **kwargs)


class SendsOrderMixin:
    """A page of an event that offers *Send this order now*."""

    def send_now(self, order):
        """Send the order as *Sync now* does, and show the page on which it arrives."""
        require_changing_orders(self.request)
        HubSpotSyncProvider.enqueue_order(order, Trigger.SYNC_NOW, immediate=True)
        return HttpResponseRedirect(self.event_url("wizard.try") + f"?order={order.code}")


def impossible(request, title, problem):
    """A dialog that only says why it has no choices."""
    return render(request, "pretix_hubspot/dialogs/impossible.html", {"title": title, "problem": problem})


def own_connection(organizer, pk):
    """The organizer's connection with this id; 404 for ids of other organizers too."""
    return get_object_or_404(Connection, organizer=organizer, pk=number(pk))
