"""The page *HubSpot Integration* of an event: connection, warnings, options, object mappings."""

from django.views.generic import TemplateView

from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.connections.pausing import is_paused
from pretix_hubspot.control.forms.connect import EventOptionsForm
from pretix_hubspot.health.causes import causes
from pretix_hubspot.health.numbers import FAILED, FAILING
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import event_url

from .base import HubSpotEventMixin
from .core_pages import MOST
from .health import health_context
from .mappings import object_mappings_context
from .panels import ConnectionPanel, WaysToConnect


class Settings(HubSpotEventMixin, TemplateView):
    template_name = "pretix_hubspot/settings.html"

    def get_context_data(self, **kwargs):
        event_connection = for_event(self.request.event)
        context = super().get_context_data(**kwargs)
        context["event_connection"] = event_connection
        context["ways"] = WaysToConnect(self.request, self.event_url("connect.oauth"), self.event_url("connect.token"))
        context |= (
            _connected(self.request, event_connection) if event_connection else _not_connected(self.request.event)
        )
        health = context.get("health")
        context["has_sync_problems"] = has_sync_problems(self.request.event, health)
        context["causes"] = causes(self.request.event, health)[:MOST] if context["has_sync_problems"] else []
        return context


def has_sync_problems(event, health):
    """Core's condition for its warning on the dashboard, which reads the whole queue of the event."""
    if health and health.counted_at:
        return health.of(FAILING) > 0
    return event.queued_sync_jobs.filter(FAILED).exists()


def _connected(request, event_connection):
    return object_mappings_context(request, event_connection) | {
        "panel": ConnectionPanel(event_connection.connection, server_config()),
        "is_paused": is_paused(event_connection),
        **health_context(request, event_connection.connection),
        "options_form": EventOptionsForm(instance=event_connection),
        "options_url": event_url(request.event, "options"),
    }


def _not_connected(event):
    """The organizer's connections, each with a button to use it, and the one that this event used before."""
    connections = Connection.objects.filter(organizer=event.organizer)
    config = server_config()
    return {
        "joinable": [ConnectionPanel(c, config) for c in connections.filter(status=Connection.Status.ACTIVE)],
        "mappings": event.hubspot_object_mappings.count(),
        "former": connections.filter(event_connections__event=event).first(),
    }
