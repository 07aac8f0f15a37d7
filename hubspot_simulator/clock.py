"""Time as the simulated portal sees it.

Every time that the simulator stores, compares or prints comes from one clock, so that a test can let
thirty minutes, a day or ninety days pass in one statement.
Only the configured latency really sleeps.
"""

import threading
import time
from datetime import UTC, datetime
from functools import lru_cache


class Clock:
    """Seconds since the epoch; runs with the wall clock unless it was started at a given time.

    ``Clock()`` follows the wall clock plus whatever was advanced.
    ``Clock(start)`` stands still between calls of ``advance``.
    """

    def __init__(self, start: float | None = None):
        self._lock = threading.Lock()
        self._start = start
        self._offset = 0.0

    def __call__(self) -> float:
        base = time.time() if self._start is None else self._start
        return base + self._offset

    def advance(self, seconds: float) -> float:
        """Moves the clock forward and returns the new time."""
        with self._lock:
            self._offset += seconds
        return self()


@lru_cache(maxsize=4096)
def iso(timestamp: float) -> str:
    """The way HubSpot prints an instant: milliseconds, left out when they are zero (hubspot.md 6.2, B)."""
    whole, milliseconds = divmod(int(round(timestamp * 1000)), 1000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def parse_iso(text: str) -> datetime | None:
    """An ISO 8601 instant, or None where the text is no such thing; a missing offset stays missing."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def midnight_utc(milliseconds: int) -> bool:
    return milliseconds % 86_400_000 == 0


def from_milliseconds(milliseconds: int) -> datetime | None:
    """The instant, or None where it is in no year from 1 to 9999."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (ValueError, OverflowError):
        return None
