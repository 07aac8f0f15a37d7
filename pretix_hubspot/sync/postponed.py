"""Orders that a worker gave back since another one writes a record of theirs: how long the worker stays for them."""

import time

from .queue.order_queue import POSTPONED
from .run.slices import SliceReport

#: Consecutive slices without any order that could be sent, until the orders are left to the next call: the record may
#: be leased by a worker that died.
IN_VAIN = 5
#: Seconds of one wait; the orders of other workers come back in between.
STEP = 0.5


class Postponed:
    """The orders of one worker that are due again in a moment; ``end`` is when its time is up."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._until = 0.0
        self._in_vain = 0

    def note(self, report: SliceReport) -> None:
        """Note which orders of a slice were given back."""
        if not report.postponed:
            self._in_vain = 0
            return
        self._until = time.monotonic() + POSTPONED
        self._in_vain = self._in_vain + 1 if report.postponed == len(report.endings) else 0

    @property
    def are_given_up(self) -> bool:
        return self._in_vain >= IN_VAIN

    def wait(self) -> bool:
        """Wait a while if orders will be due. Returns whether the worker looks again."""
        seconds = min(self._until, self._end) - time.monotonic()
        if seconds <= 0 or self.are_given_up:
            return False
        time.sleep(min(seconds, STEP))
        return True
