"""The next slice, claimed and planned while HubSpot's limit lets nobody send.

In a rush, workers wait most of each ten seconds; what they plan then need not be planned once HubSpot listens again.
"""

import logging
import time
from collections.abc import Callable, Sequence

from celery.exceptions import SoftTimeLimitExceeded

from pretix_hubspot.models import Connection, EventConnection

from . import engine, jobs
from .slices import Prepared

logger = logging.getLogger(__name__)

#: Seconds of waiting in which a slice can be planned; whoever waits less has something to send before that.
WORTH_IT = 2.0


class Ahead:
    """At most one slice of live orders that is ready to be sent; ``claim`` takes the next ones, if there are any."""

    def __init__(
        self,
        connection: Connection,
        events: Sequence[EventConnection],
        claim: Callable[[], jobs.Claim | None],
    ) -> None:
        self._connection = connection
        self._events = events
        self._claim = claim
        self._prepared: Prepared | None = None

    def sleep(self, seconds: float) -> None:
        """Wait for this long, and make use of it."""
        end = time.monotonic() + seconds
        if seconds >= WORTH_IT and self._prepared is None:
            self._prepare()
        time.sleep(max(0.0, end - time.monotonic()))

    def _prepare(self) -> None:
        claim = self._claim()
        if claim is None:
            return
        try:
            self._prepared = engine.prepare(self._connection, claim, self._events)
        except SoftTimeLimitExceeded:
            jobs.release(claim, claim.orders)
            raise
        except Exception as error:  # whatever it is, sending these orders meets it as well, and knows what to do
            logger.info("A slice could not be planned in advance: %s", type(error).__name__)
            jobs.release(claim, claim.orders)

    def rows(self, events: Sequence[int]) -> list[int]:
        """The rows that are ready; none if one of their events is not among these any more."""
        if self._prepared and not {row.event_id for row in self._prepared.work.claim.rows} <= set(events):
            self.close()
        return [row.pk for row in self._prepared.work.claim.rows] if self._prepared else []

    def take(self) -> Prepared | None:
        """What is ready, to be sent now."""
        prepared, self._prepared = self._prepared, None
        return prepared

    def close(self) -> None:
        """Give the orders back that nobody is going to send."""
        if prepared := self.take():
            jobs.release(prepared.work.claim, prepared.work.claim.orders)
