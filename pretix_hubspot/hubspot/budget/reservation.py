"""Calls that were reserved together, before the work that needs them began."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any


class Reservation:
    """A Budget that spends its reserved moments first, and then those of the budget that made it; see ``Budget``.

    ``wait`` is how many seconds to wait until enough calls are free, if none were reserved; ``close`` gives back what
    is left. A call may be made somewhat later than its moment: its arrival is noted as that of any other.
    """

    def __init__(
        self,
        budget: Any,
        kind: str,
        moments: Sequence[int] = (),
        wait: float = 0.0,
        give_back: Callable[[Sequence[int]], None] = lambda moments: None,
        is_void: Callable[[], bool] = lambda: False,
    ) -> None:
        self.wait = wait
        self._budget = budget
        self._kind = kind
        self._moments = list(moments)
        self._give_back = give_back
        self._is_void = is_void

    @property
    def left(self) -> int:
        """How many reserved calls are not spent."""
        return len(self._moments)

    def acquire(self, kind: str = "crm", live: bool = True, calls: int = 1) -> Iterator[int]:
        """Yield reserved moments, or those of the shared budget once they are spent, or void: HubSpot answered 429, or
        they are too long ago.
        """
        if kind != self._kind or not self._moments:
            yield from self._budget.acquire(kind, live, calls)
            return
        if self._is_void():
            self.close()
            yield from self._budget.acquire(kind, live, calls)
            return
        for _ in range(min(calls, len(self._moments))):
            yield self._moments.pop()

    def arrived(self, kind: str, calls: Sequence[tuple[int, float]]) -> None:
        self._budget.arrived(kind, calls)

    def observe(self, status: int, headers: Mapping[str, str], ago: float = 0.0) -> None:
        self._budget.observe(status, headers, ago)

    def throttled(self, policy: str, retry_after: float | None, kind: str = "crm") -> None:
        self._budget.throttled(policy, retry_after, kind)

    def reset(self) -> None:
        self._budget.reset()

    def close(self) -> None:
        """Give back the calls that are not needed."""
        if self._moments:
            self._give_back(self._moments)
            self._moments = []
