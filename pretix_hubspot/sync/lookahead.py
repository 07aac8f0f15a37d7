"""The next slice, claimed and planned while HubSpot's limit lets no worker send.

In a rush, workers wait most of each ten seconds; a slice that they plan in that time need not be planned afterwards.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from celery.exceptions import SoftTimeLimitExceeded

from pretix_hubspot.models import Connection, EventConnection, ObjectMapping
from pretix_hubspot.server.safeguard import SERVER_ERRORS
from pretix_hubspot.sources.event_context import Contexts
from pretix_hubspot.sync.run.slices import PlannedSlice

from .queue import order_queue
from .run import engine, run_log

logger = logging.getLogger(__name__)

#: Seconds of waiting in which a slice can be planned; after a shorter wait, the worker can send before a plan is ready.
LONG_ENOUGH = 2.0

Revisions = set[tuple[int, int]]


class Lookahead:
    """At most one slice of live orders that is ready to be sent; ``claim`` claims the next orders, or returns None."""

    def __init__(
        self, connection: Connection, events: Sequence[EventConnection], claim: Callable[[], order_queue.Claim | None]
    ) -> None:
        self.contexts: Contexts = {}
        self._connection = connection
        self._events = events
        self._claim = claim
        self._tried = False  # once for each slice that is sent: a failed attempt would fail again
        self._took = 0.0  # seconds that the last planning took
        self._prepared: PlannedSlice | None = None
        self._revisions: Revisions = set()

    def sleep(self, seconds: float) -> None:
        """Sleep for this long, and plan a slice in the meantime."""
        started = time.monotonic()
        if seconds >= max(LONG_ENOUGH, 2 * self._took) and not self._tried:
            self._tried = True
            self._prepare()
            self._took = time.monotonic() - started
        time.sleep(max(0.0, started + seconds - time.monotonic()))

    def _prepare(self) -> None:
        """Claim and plan a slice; an error here does not stop the slice that is being sent."""
        claim = None
        try:
            if claim := self._claim():
                self._revisions = _revisions(claim)
                self._prepared = engine.prepare(self._connection, claim, self._events, self.contexts)
        except BaseException as error:
            if claim:
                _release(claim)
            if isinstance(error, SoftTimeLimitExceeded) or not isinstance(error, Exception):
                raise
            logger.info("A slice could not be planned in advance: %s", type(error).__name__)

    @property
    def is_ready(self) -> bool:
        return self._prepared is not None

    def rows(self, events: Sequence[int]) -> list[int]:
        """The rows that are ready; none if one of their events is not among these any more, or its mappings changed."""
        if not self._prepared:
            return []
        claim = self._prepared.work.claim
        if not {row.event_id for row in claim.rows} <= set(events) or _revisions(claim) != self._revisions:
            self.close()
            return []
        return [row.pk for row in claim.rows]

    def take(self) -> PlannedSlice | None:
        """Return the planned slice, to be sent now."""
        prepared, self._prepared, self._tried = self._prepared, None, False
        return prepared

    def close(self) -> None:
        """Release the orders of a planned slice that is not sent."""
        if prepared := self.take():
            _release(prepared.work.claim)
            with suppress(*SERVER_ERRORS):
                run_log.count_today(
                    (event_connection.event for event_connection in self._events), prepared.report.by_event
                )


def _revisions(claim: order_queue.Claim) -> Revisions:
    """The mappings of these orders, with their revisions."""
    mappings = ObjectMapping.objects.filter(event__in={row.event_id for row in claim.rows})
    return set(mappings.values_list("pk", "revision"))


def _release(claim: order_queue.Claim) -> None:
    """Release the claim. Delete rows of events that left the connection: no worker would pick them up."""
    with suppress(*SERVER_ERRORS):  # then the lease ends
        events = {row.event_id for row in claim.rows}
        event_connection = set(EventConnection.objects.filter(event__in=events).values_list("event_id", flat=True))
        gone = [row.order_id for row in claim.rows if row.event_id not in event_connection]
        order_queue.leave(claim, finished=gone, released=claim.orders.keys() - set(gone))
