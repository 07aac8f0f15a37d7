"""Where a portal's budget is kept: what a store does, and one in memory."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from .window import Decision, State

T = TypeVar("T")


class StateStore(Protocol):
    """Keeps one portal's State."""

    def update(self, fn: Callable[[State], tuple[State, T]]) -> T:
        """Read, apply and write in one atomic step; `fn` is pure, quick, and may be called again after a collision."""

    def now(self) -> float | None:
        """The store's own clock, in seconds since the epoch; None if it has no other than this machine's."""


@runtime_checkable
class ReservingStore(Protocol):
    """A store that takes the frequent steps in one command of its own, as Redis does with scripts."""

    def reserve(self, kind: str, now_ms: int, live: bool, max_wait_ms: int) -> Decision:
        """The same decision as `shared.reserve`."""

    def arrived(self, kind: str, calls: Sequence[tuple[int, int]]) -> None:
        """The same as `RollingWindow.arrived` for each."""


class MemoryStore:
    """A store for one process and any number of threads."""

    def __init__(self, state: State | None = None, clock: Callable[[], float] | None = None) -> None:
        self.state = state or State()
        self._clock = clock
        self._lock = threading.Lock()

    def update(self, fn: Callable[[State], tuple[State, T]]) -> T:
        with self._lock:
            self.state, result = fn(self.state)
        return result

    def now(self) -> float | None:
        return self._clock() if self._clock else None
