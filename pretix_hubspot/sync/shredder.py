"""pretix's data shredder for our tables: no personal data stays behind in pretix."""

import json
from collections.abc import Callable, Iterator

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncResult
from pretix.base.shredder import BaseDataShredder
from pretix.helpers.json import CustomJSONEncoder

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import PROVIDER, EventConnection, OrderState, RecordUse, RunEntry
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sync.queue.scope import in_scope
from pretix_hubspot.sync.run.history import OWN_LOG_ENTRIES, log_counts
from pretix_hubspot.sync.run.order_states import store_states
from pretix_hubspot.sync.run.results import EXCLUDED

from .queue import campaigns, order_queue
from .run import forgetting

#: Orders, or links, that are processed together.
PART = 1_000


#: The prefix of the event's log entries about sync problems.
PROBLEMS = "pretix_hubspot.event.problems"

#: Called with the progress in percent.
Progress = Callable[[float], object]


class HubSpotShredder(BaseDataShredder):
    """Record links, displayed results, problems and log data of an event's orders.

    HubSpot itself is not touched: the organizer decides about the data there.
    """

    identifier = "hubspot"
    verbose_name = _("HubSpot data transfer")
    description = _(
        "This will remove the links between orders and HubSpot records, including the names and email addresses that "
        "were used for identifying them. The records in HubSpot are not deleted."
    )

    def generate_files(self) -> Iterator[tuple[str, str, str]]:
        """Two files with all data that ``shred_data`` removes."""
        rows = OrderSyncResult.objects.filter(order__event=self.event, sync_provider=PROVIDER).exclude(
            external_object_type=EXCLUDED
        )
        data = rows.order_by("order__code", "pk").values(
            "order__code", "external_object_type", "id_value", "external_link_href", "transmitted"
        )
        yield "hubspot-records.json", "application/json", json.dumps(list(data), indent=4, cls=CustomJSONEncoder)
        runs = RunEntry.objects.filter(run__event=self.event).order_by("order__code", "pk")
        log = runs.values("order__code", "run__started", "records", "failures")
        yield "hubspot-log.json", "application/json", json.dumps(list(log), indent=4, cls=CustomJSONEncoder)

    def shred_data(self, progress_callback: Progress | None = None) -> None:
        """Remove the data. A later transfer starts anew, and finds the records in HubSpot by their identifier.

        Waiting orders are not sent, and a sending worker loses its claim first, so that it stores no data afterwards.
        """
        campaigns.cancel(self.event, None, "shredded")
        order_queue.forget(self.event)
        self._shred_states()
        OrderSyncResult.objects.filter(order__event=self.event, sync_provider=PROVIDER).delete()
        forgetting.shred(RecordUse.objects.filter(event=self.event))
        RunEntry.objects.filter(run__event=self.event).delete()
        self._shred_sentences()
        self._shred_log(progress_callback)

    def _shred_sentences(self) -> None:
        """Remove HubSpot's sentences from the event's log; current entries hold a code instead, see ``for_history``."""
        for entry in self.event.logentry_set.filter(action_type__startswith=PROBLEMS, data__contains="cause"):
            data = {name: value for name, value in entry.parsed_data.items() if name not in ("cause", "causes")}
            entry.data, entry.shredded = json.dumps(data), True
            entry.save(update_fields=["data", "shredded"])

    def _shred_states(self) -> None:
        """Reset the states; no order is sent until it changes, since its log is counted as read."""
        states = OrderState.objects.filter(order__event=self.event)
        event_connection = EventConnection.objects.select_related("connection").filter(event=self.event).first()
        if event_connection:
            new = in_scope(Order.objects.filter(event=self.event, hubspot_state=None)).values_list("pk", flat=True)
            unread = [OrderState(order_id=pk, portal_id=event_connection.connection.portal_id) for pk in new.iterator()]
            OrderState.objects.bulk_create(unread, batch_size=PART, ignore_conflicts=True)
        for part in chunks(states.order_by("order_id").values_list("order_id", flat=True), PART):
            counts = log_counts(part)
            with transaction.atomic():
                locked = list(states.filter(order_id__in=part).order_by("order_id").select_for_update())
                for state in locked:
                    state.excluded_reason = state.excluded_reason or Exclusion.SHREDDED
                    state.log_count = counts.get(state.order_id, 0)
                    state.problem, state.cause, state.sent_hash = None, "", ""
                store_states(locked)

    def _shred_log(self, progress_callback: Progress | None) -> None:
        entries = self.event.logentry_set.filter(action_type__startswith=OWN_LOG_ENTRIES).exclude(data="")
        own = [entry for entry in entries.iterator() if entry.parsed_data.get("provider") == PROVIDER]
        for number, entry in enumerate(own):
            entry.data = json.dumps({"provider": PROVIDER, "error": []})
            entry.shredded = True
            entry.save(update_fields=["data", "shredded"])
            if progress_callback and number % 100 == 0:
                progress_callback(100 * number / len(own))
