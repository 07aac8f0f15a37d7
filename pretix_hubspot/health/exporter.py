"""pretix's data export of sync problems: one row per failing order and problem, for an event or for many."""

from collections.abc import Iterator
from typing import Any

from django.dispatch import receiver
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from pretix.base.exporter import ListExporter
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.signals import register_data_exporters, register_multievent_data_exporters

from pretix_hubspot.catalog.object_types import STANDARD
from pretix_hubspot.failures.explanations import explain, named
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.failures.texts import mode_word
from pretix_hubspot.models import PROVIDER, ObjectMapping, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.links import backend_address
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sources.registry import label

from .causes import row_text
from .numbers import FAILING, classified

PART = 1_000


class SyncProblemsExporter(ListExporter):
    """The orders that could not be sent, and why; without names, addresses and answers."""

    identifier = "hubspot_sync_problems"
    verbose_name = gettext_lazy("HubSpot sync problems")
    category = pgettext_lazy("export_category", "Order data")
    description = gettext_lazy(
        "Download a list of all orders that could not be sent to HubSpot as configured, with the reasons."
    )

    def get_filename(self) -> str:
        return f"{self.organizer.slug if self.is_multievent else self.event.slug}_hubspot_sync_problems"

    def iterate_list(self, form_data: dict) -> Iterator[list[Any]]:
        yield [
            _("Organizer"),
            _("Event slug"),
            _("Order code"),
            _("Failure"),
            _("Cause"),
            _("HubSpot property"),
            _("Object mapping"),
            _("Message from HubSpot"),
            _("Correlation ID"),
            _("Attempts"),
            _("First seen"),
            _("Next attempt"),
            _("Link to order"),
        ]
        for event in self.events.select_related("organizer").order_by("pk"):
            yield from _EventRows(event, self.timezone).all()


class _EventRows:
    """The rows of one event, in a constant number of queries per thousand orders."""

    def __init__(self, event: Event, timezone: Any) -> None:
        self._event = event
        self._timezone = timezone
        self._context = EventContext(event)
        mappings = ObjectMapping.objects.filter(event=event)
        self._mappings = {m.pk: f"{label(m.pretix_model)} -> {_plural(m)}" for m in mappings}

    def all(self) -> Iterator[list[Any]]:
        orders = classified(Order.objects.filter(event=self._event)).filter(hubspot__startswith=f"{FAILING}:")
        found = orders.order_by("datetime", "pk").values_list("pk", "code")
        for part in chunks(list(found), PART):
            pks = [pk for pk, _code in part]
            states = {state.order_id: state for state in OrderState.objects.filter(order_id__in=pks)}
            rows = self._queue(pks)
            for pk, code in part:
                yield from self._order(code, states.get(pk), rows.get(pk))

    def _queue(self, orders: list[int]) -> dict[int, OrderSyncQueue]:
        rows = OrderSyncQueue.objects.filter(order_id__in=orders, sync_provider=PROVIDER, in_flight=False)
        return {row.order_id: row for row in rows}

    def _order(self, code: str, state: OrderState | None, row: OrderSyncQueue | None) -> Iterator[list[Any]]:
        problems = [Failure(**problem) for problem in (state.problem or [] if state else [])]
        facts_of_order = [self._failure(f) for f in problems] or [self._core_says(row)]
        for facts in dict.fromkeys(map(tuple, facts_of_order)):  # positions that fail for the same reason
            yield [
                self._event.organizer.slug,
                self._event.slug,
                code,
                *facts,
                *self._times(state, row),
                self._url(code),
            ]

    def _failure(self, failure: Failure) -> list[Any]:
        text = explain(named(Failure(**{**vars(failure), "message": "", "correlation_id": ""}), self._context))
        prop = failure.params.get("label") or failure.params.get("property") or ""
        mapping = self._mappings.get(failure.mapping, "")
        return [mode_word(failure.mode), text, prop, mapping, failure.message, failure.correlation_id]

    @staticmethod
    def _core_says(row: OrderSyncQueue | None) -> list[Any]:
        mode = (row.need_manual_retry if row else "") or "temporary"
        return [mode_word(mode), row_text(mode), "", "", "", ""]

    def _times(self, state: OrderState | None, row: OrderSyncQueue | None) -> list[Any]:
        waits = row and not row.need_manual_retry
        times = (state.failing_since if state else None, max(row.not_before, now()) if waits else None)
        return [state.attempts if state else 0, *(self._local(time) for time in times)]

    def _local(self, time: Any) -> str:
        return time.astimezone(self._timezone).strftime("%Y-%m-%d %H:%M:%S") if time else ""

    def _url(self, code: str) -> str:
        event = self._event
        return backend_address("control:event.order", organizer=event.organizer.slug, event=event.slug, code=code)


def _plural(mapping: ObjectMapping) -> str:
    entry = STANDARD.get(mapping.external_object_type)
    return str(entry.plural if entry else mapping.external_object_type)


@receiver(register_data_exporters, dispatch_uid="pretix_hubspot_exporter")
def register_for_events(sender, **kwargs):
    return SyncProblemsExporter


@receiver(register_multievent_data_exporters, dispatch_uid="pretix_hubspot_multievent_exporter")
def register_for_organizers(sender, **kwargs):
    return SyncProblemsExporter
