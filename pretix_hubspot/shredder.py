"""What pretix's data shredder removes of ours: nothing personal stays behind in pretix."""

import json

from django.utils.translation import gettext_lazy as _
from pretix.base.models.datasync import OrderSyncResult
from pretix.base.shredder import BaseDataShredder
from pretix.helpers.json import CustomJSONEncoder

from .models import PROVIDER, OrderState, RecordLink, RunEntry
from .sync.recording import EXCLUDED, OWN_LOG_ENTRIES
from .sync.scope import SHREDDED


class HubSpotShredder(BaseDataShredder):
    """Record links, displayed results, problems and log data of an event's orders.

    HubSpot itself is not touched: what the organizer keeps there is the organizer's decision.
    """

    identifier = "hubspot"
    verbose_name = _("HubSpot data transfer")
    description = _(
        "This will remove the links between orders and HubSpot records, including the names and email addresses that "
        "were used for identifying them. The records in HubSpot are not deleted."
    )

    def generate_files(self):
        """Two files with everything that shred_data removes."""
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

    def shred_data(self, progress_callback=None):
        """Remove it. A later transfer starts anew, and finds the records in HubSpot by their identifier."""
        results = OrderSyncResult.objects.filter(order__event=self.event, sync_provider=PROVIDER)
        keys = {info.get("key") for info in results.values_list("sync_info", flat=True)} - {None}
        states = OrderState.objects.filter(order__event=self.event)
        portals = set(states.values_list("portal_id", flat=True))
        RecordLink.objects.filter(portal_id__in=portals, key__in=keys).delete()
        results.delete()
        RunEntry.objects.filter(run__event=self.event).delete()
        states.filter(excluded_reason="").update(excluded_reason=SHREDDED)
        states.update(problem=None, cause="", associated=[], sent_hash="")
        self._shred_log(progress_callback)

    def _shred_log(self, progress_callback):
        entries = self.event.logentry_set.filter(action_type__startswith=OWN_LOG_ENTRIES).exclude(data="")
        mine = [entry for entry in entries.iterator() if entry.parsed_data.get("provider") == PROVIDER]
        for number, entry in enumerate(mine):
            entry.data = json.dumps({"provider": PROVIDER, "error": []})
            entry.shredded = True
            entry.save(update_fields=["data", "shredded"])
            if progress_callback and number % 100 == 0:
                progress_callback(100 * number / len(mine))
