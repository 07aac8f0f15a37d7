"""HubSpot as a provider of core's datasync: core's queue, panel and pages, and our way to work through the queue."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from celery import current_task
from django.conf import settings
from pretix.base.datasync.datasync import OutboundSyncProvider, datasync_providers
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services.datasync import sync_all, sync_single

from pretix_hubspot.connections import lifecycle as connections
from pretix_hubspot.connections.pausing import is_paused
from pretix_hubspot.failures.exclusions import why_excluded
from pretix_hubspot.mappings.resolve import mappings_of
from pretix_hubspot.models import PROVIDER, Connection, ObjectMapping
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.patience import PERSON, WORKER, Patience
from pretix_hubspot.server.workers import call_worker
from pretix_hubspot.sync.queue.triggers import Trigger, is_bulk
from pretix_hubspot.sync.run.results import EXCLUDED

from . import worker
from .queue import claims, schedule

#: Seconds that core's periodic run may take for one portal on a server without workers.
TURN = 30.0


def _patience() -> Patience:
    """The patience for a page, if *Sync now* or *Retry now* runs within the request, on servers without workers."""
    somebody_waits = current_task and current_task.name == sync_single.name and current_task.request.is_eager
    return PERSON if somebody_waits else WORKER


@datasync_providers.register
class HubSpotSyncProvider(OutboundSyncProvider):
    """Sends slices of orders instead of one order after the other.

    Core calls ``sync_queued_orders`` with the rows that it would like to see done; rows that other workers hold,
    or whose portal rests, are left alone.
    """

    identifier = PROVIDER
    display_name = "HubSpot"  # a plain attribute: core's classmethod property fails on Python 3.13
    max_attempts = 5
    list_field_joiner = ";"

    @classmethod
    def enqueue_order(
        cls, order: Order, triggered_by: str, not_before: datetime | None = None, immediate: bool = False
    ) -> tuple[OrderSyncQueue, bool]:
        """Queue an order, or leave it where it waits; a user's *Sync now* is kept over a later signal."""
        if triggered_by != Trigger.SYNC_NOW and worker.waits_by_hand(order):
            triggered_by = Trigger.SYNC_NOW
        enqueue = partial(super().enqueue_order, order, triggered_by, not_before, immediate)
        row, created = claims.retry_on_conflict(
            enqueue
        )  # core fails if the row is claimed and given back in the same moment
        if triggered_by == Trigger.SYNC_NOW and row.failed_attempts:
            row.failed_attempts = 0  # core keeps the old count, and would give up at the first new failure
            row.save(update_fields=["failed_attempts"])
        return row, created

    @classmethod
    def get_external_link_info(
        cls, event: Event, external_link_href: str | None, external_link_display_name: str | None
    ) -> dict[str, str | None]:
        """The link to a record, or the reason why an order is left out."""
        kind, _, reason = (external_link_display_name or "").partition(":")
        if kind == EXCLUDED:
            return {"val": why_excluded(reason)}
        if not external_link_href:
            return {"val": external_link_display_name}
        return super().get_external_link_info(event, external_link_href, external_link_display_name)

    @property
    def mappings(self) -> list[ObjectMapping]:
        return mappings_of(self.event)

    def sync_queued_orders(self, queued_orders: Iterable[OrderSyncQueue]) -> None:
        """Send these rows in slices. Never raises; see ``engine.run`` for the end of each row.

        Core's periodic run calls this event by event, and a slice may hold orders of many: it hands over.
        """
        event_connection = connections.for_event(self.event)
        rows = sorted(queued_orders, key=lambda row: is_bulk(row.triggered_by))
        if event_connection is None:
            worker.refuse_unconnected(self.event, [row.pk for row in rows if row.triggered_by == Trigger.SYNC_NOW])
            return
        if is_paused(event_connection):
            return
        if current_task and current_task.name == sync_all.name:
            schedule.put_rows(rows)
            self._hand_over(event_connection.connection)
            return
        patience = _patience()
        for part in chunks(rows, schedule.SIZE.orders):
            pks = [row.pk for row in part]
            wait = worker.send(event_connection.connection, [event_connection], pks, patience=patience)
            if wait not in (0.0, worker.COLLISION):
                break

    def _hand_over(self, connection: Connection) -> None:
        if settings.HAS_CELERY:
            call_worker(connection.pk)
        else:
            worker.work_through_queue(connection, seconds=TURN)
