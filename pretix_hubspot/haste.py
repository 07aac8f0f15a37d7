"""Whether somebody waits for the page on which HubSpot is asked: then nobody is patient with HubSpot.

What does not work at once is said, and left to the queue.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_somebody_waits = ContextVar("pretix_hubspot_somebody_waits", default=False)


@contextmanager
def haste() -> Iterator[None]:
    """Everything that this thread asks HubSpot meanwhile is asked in haste."""
    before = _somebody_waits.set(True)
    try:
        yield
    finally:
        _somebody_waits.reset(before)


def in_haste() -> bool:
    return _somebody_waits.get()
