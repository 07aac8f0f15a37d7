"""The organizer's page: all connections and the events that use them."""

from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from pretix_hubspot.health.budget_use import used
from pretix_hubspot.health.numbers import STATES, WAITING, Numbers, numbers_of, oldest_waiting
from pretix_hubspot.health.words import STATES as STATE_WORDS
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import organizer_url
from pretix_hubspot.server.permissions import EVENT_SETTINGS, SEE_ORDERS, events_with

from .base import HubSpotOrganizerMixin, live_connections
from .connect import disconnect_and_report, events_using
from .panels import ConnectionPanel, WaysToConnect


class OrganizerPanel(ConnectionPanel):
    """A connection with the numbers of each event that uses it, if the user may see the event."""

    def __init__(self, connection, config, request):
        super().__init__(connection, config)
        self._request = request

    @cached_property
    def used(self):
        """The events that use the connection."""
        return events_using(self._request, self.connection)

    @cached_property
    def rows(self):
        """Each event with its use of the connection, its numbers, and a link."""
        event_connections = self.connection.event_connections.select_related("paused_by").in_bulk(field_name="event_id")
        numbers_by_event = numbers_of([event.pk for event in self.used.visible])
        opened = set(events_with(self._request, EVENT_SETTINGS).values_list("pk", flat=True))
        return [
            self._row(event_connections[event.pk], event, numbers_by_event.get(event.pk, Numbers()), event.pk in opened)
            for event in self.used.visible
            if event.pk in event_connections
        ]

    @staticmethod
    def _row(event_connection, event, numbers, may_open):
        counts = [(STATE_WORDS[state], numbers.of(state), state) for state in STATES]
        return {
            "event": event,
            "event_connection": event_connection,
            "counts": counts,
            "total": numbers.total,
            "may_open": may_open,
        }

    @cached_property
    def oldest(self):
        """The order that has waited longest for this portal, of the orders that the user may see."""
        return oldest_waiting(events_with(self._request, SEE_ORDERS).filter(pk__in=self._events))

    @cached_property
    def budget(self):
        return used(self.connection)

    @property
    def waiting(self):
        """The number of waiting orders of all events, since the pause is for all of them."""
        return sum(found.of(WAITING) for found in numbers_of(self._events).values())

    @property
    def _events(self):
        return self.connection.event_connections.values_list("event", flat=True)


class OrganizerPage(HubSpotOrganizerMixin, TemplateView):
    template_name = "pretix_hubspot/organizer.html"
    helps_to_disconnect = True

    def get_context_data(self, **kwargs):
        organizer, config = self.request.organizer, server_config()
        live = live_connections(organizer)
        context = super().get_context_data(is_enabled=self.is_enabled, **kwargs)
        context["panels"] = [OrganizerPanel(connection, config, self.request) for connection in live]
        context["ways"] = WaysToConnect(
            self.request,
            organizer_url(organizer, "organizer.connect.oauth"),
            organizer_url(organizer, "organizer.connect.token"),
        )
        return context


class OrganizerDisconnect(HubSpotOrganizerMixin, TemplateView):
    """Ask, then delete the access of all events of this organizer."""

    template_name = "pretix_hubspot/organizer_disconnect.html"
    helps_to_disconnect = True

    def get_context_data(self, **kwargs):
        connection = self.own_connection(self.kwargs["connection"])
        back = organizer_url(self.request.organizer, "organizer.connections")
        context = {"connection": connection, "used": events_using(self.request, connection), "back": back}
        return super().get_context_data(**kwargs) | context

    def post(self, request, *args, **kwargs):
        disconnect_and_report(request, self.own_connection(self.kwargs["connection"]))
        if self.is_enabled or live_connections(request.organizer).exists():
            return self.back_to_settings()
        # our page is gone with the last connection
        return redirect("control:organizer", organizer=request.organizer.slug)
