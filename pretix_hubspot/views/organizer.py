"""The organizer's page: all connections and the events that use them."""

from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from ..config import server_config
from ..health.numbers import STATES, WAITING, Numbers, numbers_of, oldest_waiting
from ..health.requestbudget import used
from ..health.words import STATES as STATE_WORDS
from .base import HubSpotOrganizerMixin, live_connections, organizer_url
from .connect import disconnect_and_tell, events_using
from .panels import ConnectionPanel, WaysToConnect


class OrganizerPanel(ConnectionPanel):
    """A connection with the numbers of each event that uses it."""

    @cached_property
    def rows(self):
        """Each event with its use of the connection, its numbers, and where more is to be read."""
        used = self.connection.event_connections.select_related("event__organizer", "paused_by")
        joined = list(used.order_by("event__date_from"))
        found = numbers_of([row.event_id for row in joined])
        return [self._row(row, found.get(row.event_id, Numbers())) for row in joined]

    @staticmethod
    def _row(joined, found):
        counts = [(STATE_WORDS[state], found.of(state), state) for state in STATES]
        return {"event": joined.event, "joined": joined, "counts": counts, "total": found.total}

    @cached_property
    def oldest(self):
        """The order that has waited longest for this portal."""
        return oldest_waiting([row["event"].pk for row in self.rows])

    @cached_property
    def budget(self):
        return used(self.connection)

    @property
    def waiting(self):
        return sum(count for row in self.rows for _words, count, state in row["counts"] if state == WAITING)


class OrganizerPage(HubSpotOrganizerMixin, TemplateView):
    template_name = "pretix_hubspot/organizer.html"
    helps_to_disconnect = True

    def get_context_data(self, **kwargs):
        organizer, config = self.request.organizer, server_config()
        live = live_connections(organizer)
        context = super().get_context_data(is_enabled=self.is_enabled, **kwargs)
        context["panels"] = [OrganizerPanel(connection, config) for connection in live]
        context["ways"] = WaysToConnect(
            self.request,
            organizer_url(organizer, "organizer.connect.oauth"),
            organizer_url(organizer, "organizer.connect.token"),
        )
        return context


class OrganizerDisconnect(HubSpotOrganizerMixin, TemplateView):
    """Asks, then: nobody of this organizer has access any more."""

    template_name = "pretix_hubspot/organizer_disconnect.html"
    helps_to_disconnect = True

    def get_context_data(self, **kwargs):
        connection = self.own_connection(self.kwargs["connection"])
        back = organizer_url(self.request.organizer, "organizer.connections")
        context = {"connection": connection, "events": events_using(connection), "back": back}
        return super().get_context_data(**kwargs) | context

    def post(self, request, *args, **kwargs):
        disconnect_and_tell(request, self.own_connection(self.kwargs["connection"]))
        if self.is_enabled or live_connections(request.organizer).exists():
            return self.back_to_settings()
        return redirect("control:organizer", organizer=request.organizer.slug)  # our page is gone with the last one
