"""How long HubSpot is waited for: it depends on who waits."""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Patience:
    """All in seconds.

    ``timeouts`` are those to connect, and without a byte; ``budget`` is how long one call waits for the request budget.
    ``pauses`` come before the second, third … attempt of a call that failed for a passing reason; a call is given up
    instead of a pause longer than ``longest_pause``.
    ``gives_up_at_once`` is for whoever leaves to the queue what does not work now: no second attempt after a timeout,
    and the first failure that lasts ends everything.
    """

    timeouts: tuple[float, float] = (5.0, 30.0)
    budget: float = 30.0
    pauses: tuple[float, ...] = (0.5, 2.0, 5.0)
    longest_pause: float = math.inf
    gives_up_at_once: bool = False

    def without_waiting(self) -> "Patience":
        """Nobody waits for the request budget."""
        return replace(self, budget=0.0)


#: Nobody looks.
WORKER = Patience()
#: Somebody asked HubSpot for this very thing, and waits for the page with the answer.
ASKED_FOR = Patience(budget=10.0)
#: Somebody waits for a page that can do without.
PERSON = Patience(timeouts=(3.0, 10.0), budget=10.0, longest_pause=1.0, gives_up_at_once=True)
