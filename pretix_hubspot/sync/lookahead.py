"""The next slice, claimed and planned while HubSpot's limit lets nobody send.

In a rush, workers wait most of each ten seconds; what they plan then need not be planned once HubSpot listens again.
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

#: Seconds of waiting in which a slice can be planned; whoever waits less has something to send before that.
WORTH_IT = 2.0

Revisions = set[tuple[int, int]]


class Lookahead:
    """At most one slice of live orders that is ready to be sent; ``claim`` takes the next ones, if there are any."""

    def __init__(
        self, connection: Connection, events: Sequence[EventConnection], claim: Callable[[], order_queue.Claim | None]
    ) -> None:
        self.contexts: Contexts = {}
        self._connection = connection
        self._events = events
        self._claim = claim
        self._tried = False  # once for each slice that is sent: what failed would fail again
        self._took = 0.0  # seconds, the last time
        self._prepared: PlannedSlice | None = None
        self._revisions: Revisions = set()

    def sleep(self, seconds: float) -> None:
        """Wait for this long, and make use of it."""
        started = time.monotonic()
        if seconds >= max(WORTH_IT, 2 * self._took) and not self._tried:
            self._tried = True
            self._prepare()
            self._took = time.monotonic() - started
        time.sleep(max(0.0, started + seconds - time.monotonic()))

    def _prepare(self) -> None:
        """Whatever stands in the way here, the slice that is being sent goes on."""
        claim = None
        try:
            if claim := self._claim():
                self._revisions = _revisions(claim)
                self._prepared = engine.prepare(self._connection, claim, self._events, self.contexts)
        except BaseException as error:
            if claim:
                _give_back(claim)
            if isinstance(error, SoftTimeLimitExceeded) or not isinstance(error, Exception):
                raise
            logger.info("A slice could not be planned in advance: %s", type(error).__name__)

    @property
    def is_ready(self) -> bool:
        return self._prepared is not None

    def rows(self, events: Sequence[int]) -> list[int]:
        """The rows that are ready; none if one of their events is not among these any more, or is mapped otherwise."""
        if not self._prepared:
            return []
        claim = self._prepared.work.claim
        if not {row.event_id for row in claim.rows} <= set(events) or _revisions(claim) != self._revisions:
            self.close()
            return []
        return [row.pk for row in claim.rows]

    def take(self) -> PlannedSlice | None:
        """What is ready, to be sent now."""
        prepared, self._prepared, self._tried = self._prepared, None, False
        return prepared

    def close(self) -> None:
        """Give the orders back that nobody is going to send."""
        if prepared := self.take():
            _give_back(prepared.work.claim)
            with suppress(*SERVER_ERRORS):
                run_log.count_today((joined.event for joined in self._events), prepared.report.by_event)


def _revisions(claim: order_queue.Claim) -> Revisions:
    """What the orders of this claim are mapped by."""
    mappings = ObjectMapping.objects.filter(event__in={row.event_id for row in claim.rows})
    return set(mappings.values_list("pk", "revision"))


def _give_back(claim: order_queue.Claim) -> None:
    """The rows wait again, but for those whose event left the portal: nobody would ever come for them."""
    with suppress(*SERVER_ERRORS):  # then the lease ends
        events = {row.event_id for row in claim.rows}
        joined = set(EventConnection.objects.filter(event__in=events).values_list("event_id", flat=True))
        gone = [row.order_id for row in claim.rows if row.event_id not in joined]
        order_queue.leave(claim, finished=gone, released=claim.orders.keys() - set(gone))
