"""How one request is carried through: patience with HubSpot, and isolation of the one bad input.

Every write of ours can be repeated: creates are answered by a conflict, updates and associations by no change.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from pretix_hubspot.hubspot.errors import (
    AuthenticationFailed,
    BlockedByServer,
    Forbidden,
    HubSpotError,
    Locked,
    Migrating,
    MissingScope,
    OAuthError,
    OverBudget,
    RateLimited,
)

Item = TypeVar("Item")

#: Seconds to wait before the second, third and fourth attempt of a call that failed for a passing reason.
PATIENCE = (0.5, 2.0, 5.0)
#: Calls in a row that stayed without success after all attempts: the portal is the problem, not a record.
OUTAGE = 3
#: A property that cannot be written at all: halving would only find out that every input has it.
DEFINITION_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})


class PortalTrouble(Exception):
    """The portal as a whole cannot be written to now; no order is to blame."""

    def __init__(self, error: HubSpotError) -> None:
        super().__init__(str(error))
        self.error = error


def chunks(items: Iterable[Item], size: int) -> Iterable[list[Item]]:
    """Lists of at most ``size`` items."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class Caller:
    """Makes calls for one slice.

    ``beat`` is called before each attempt and keeps the claim alive; it raises if the claim is lost.
    """

    def __init__(self, beat: Callable[[], None] = lambda: None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._beat = beat
        self._sleep = sleep
        self._failures_in_a_row = 0

    def call(self, method: Callable[..., Any], *args: Any) -> Any:
        """Call with patience. Raises ``PortalTrouble``, or the last ``HubSpotError`` if it concerns this call."""
        for wait in (*PATIENCE, None):
            self._beat()
            try:
                answer = method(*args)
            except HubSpotError as error:
                self._raise_if_final(error, last=wait is None)
                self._sleep(_pause(error, wait or 0))
            else:
                self._failures_in_a_row = 0
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _raise_if_final(self, error: HubSpotError, last: bool) -> None:
        if concerns_portal(error):
            raise PortalTrouble(error) from error
        if not error.retryable:
            self._failures_in_a_row = 0  # HubSpot is there, and has read the request
            raise error
        if last:
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= OUTAGE or isinstance(error, OverBudget):
                raise PortalTrouble(error) from error
            raise error

    def batch(
        self, method: Callable[[list[Item]], dict[Item, Any]], items: Sequence[Item], size: int
    ) -> dict[Item, Any]:
        """Outcome per item; a refused batch is halved until the refused item stands alone."""
        outcomes: dict[Item, Any] = {}
        for part in chunks(items, size):
            outcomes |= self._isolated(method, part)
        return outcomes

    def _isolated(self, method: Callable[[list[Item]], dict[Item, Any]], items: list[Item]) -> dict[Item, Any]:
        try:
            return self.call(method, items)
        except HubSpotError as error:
            if len(items) == 1 or concerns_all(error):
                return dict.fromkeys(items, error)
        middle = len(items) // 2
        return self._isolated(method, items[:middle]) | self._isolated(method, items[middle:])


def concerns_portal(error: HubSpotError) -> bool:
    """Whether every other call would fail in the same way, until time passes or somebody acts."""
    if isinstance(error, RateLimited):
        return error.policy == "daily"
    return isinstance(error, (AuthenticationFailed, OAuthError, Migrating, BlockedByServer))


def concerns_all(error: HubSpotError) -> bool:
    """Whether every input of the same batch would fail in the same way alone."""
    return isinstance(error, (MissingScope, Forbidden)) or bool(error.codes and error.codes <= DEFINITION_CODES)


def _pause(error: HubSpotError, wait: float) -> float:
    """Seconds to wait: what HubSpot asked for, at least 2 s for a lock (hubspot.md 3, A), with jitter."""
    if isinstance(error, Locked):
        wait = max(wait, 2.0)
    if error.retry_after:
        wait = max(wait, min(error.retry_after, 60.0))
    return wait * random.uniform(1.0, 1.3)  # jitter needs no secrecy
