"""How long to wait for HubSpot: longer in a worker than for a page."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Timeouts, waits and pauses, all in seconds.

    ``timeouts`` are those to connect, and without a byte; ``budget`` is how long one call waits for the request budget.
    ``pauses`` come before the second, third … attempt of a call that failed for a passing reason; a call is given up
    instead of a pause longer than ``longest_pause``.
    ``gives_up_at_once`` is for a caller that leaves failures to the queue: no second attempt after a timeout, and the
    first failure that lasts ends the work.
    """

    timeouts: tuple[float, float] = (5.0, 30.0)
    budget: float = 10.0
    pauses: tuple[float, ...] = (0.5, 2.0, 5.0)
    longest_pause: float = math.inf
    gives_up_at_once: bool = False


#: A background task: no user waits, but other tasks do.
WORKER = Patience(budget=1.0)
#: A user asked for this call to HubSpot, and waits for the page with the answer.
ASKED_FOR = Patience()
#: A user waits for a page that works without the answer.
PERSON = Patience(timeouts=(3.0, 10.0), longest_pause=1.0, gives_up_at_once=True)
