"""The organizer's page: all connections and the events that use them."""

from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from pretix_hubspot.health.budget_use import used
from pretix_hubspot.health.counted import shown_of, shown_total
from pretix_hubspot.health.numbers import STATES, WAITING, oldest_waiting
from pretix_hubspot.health.words import STATES as STATE_WORDS
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import organizer_url
from pretix_hubspot.server.permissions import EVENT_SETTINGS, SEE_ORDERS, events_with

from .base import HubSpotOrganizerMixin, live_connections
from .connect import disconnect_and_report, events_using
from .panels import ConnectionPanel, WaysToConnect

EVENTS_PER_PAGE = 50


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
    def page(self):
        """The events of this page."""
        return Paginator(self.used.visible, EVENTS_PER_PAGE).get_page(self._request.GET.get("page"))

    @cached_property
    def rows(self):
        """Each event with its use of the connection, its numbers, and a link."""
        pks = [event.pk for event in self.page]
        uses = self.connection.event_connections.select_related("paused_by").in_bulk(pks, field_name="event_id")
        numbers = shown_of(pks)
        opened = set(events_with(self._request, EVENT_SETTINGS).filter(pk__in=pks).values_list("pk", flat=True))
        return [
            self._row(uses[event.pk], event, numbers[event.pk], event.pk in opened)
            for event in self.page
            if event.pk in uses
        ]

    @staticmethod
    def _row(event_connection, event, numbers, may_open):
        counts = [(STATE_WORDS[state], numbers.of(state), state) for state in STATES]
        return {
            "event": event,
            "event_connection": event_connection,
            "counts": counts,
            "health": numbers,
            "may_open": may_open,
        }

    @cached_property
    def oldest(self):
        """The order that has waited longest for this portal, of the orders that the user may see."""
        return oldest_waiting(events_with(self._request, SEE_ORDERS).filter(pk__in=self._events))

    @cached_property
    def budget(self):
        return used(self.connection)

    @cached_property
    def total(self):
        """The numbers of all events, since the pause is for all of them."""
        return shown_total(self.connection)

    @property
    def waiting(self):
        return self.total.of(WAITING)

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
