"""A clock that a test moves: whoever waits does not, and time goes on by as much."""

import threading
import time
from collections.abc import Callable

import time_machine


class FakeClock:
    """Takes the place of the wall clock, ``time.monotonic`` and, in the thread of the test, ``time.sleep``.

    Time passes as always, and by as much as somebody sleeps or the test advances it.
    ``slept`` holds the seconds of each sleep. Other threads, such as the simulator's, really sleep.
    """

    def __init__(self, monkeypatch) -> None:
        self.slept: list[float] = []
        self._meanwhile: list[Callable[[], object]] = []
        self._during_each: list[Callable[[float], object]] = []
        self._thread = threading.get_ident()
        self._sleep, self._monotonic = time.sleep, time.monotonic
        self._stopped_at: float | None = None
        self._passed = 0.0
        self._travel = None
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr(time, "monotonic", self.monotonic)

    def advance(self, seconds: float) -> None:
        """Let time pass, for everybody."""
        if self._travel is None:  # not before it is needed: a test that never waits keeps the real clock
            self._travel = time_machine.travel(time.time(), tick=True)
            self._coordinates = self._travel.start()
        self._coordinates.shift(seconds)
        self._passed += seconds

    def stop(self) -> None:
        """``time.monotonic`` stands still but for what is slept: however slow this machine is, nothing grows old."""
        self._stopped_at = self._monotonic()

    def meanwhile(self, act: Callable[[], object]) -> None:
        """Something happens during the next sleep, before it ends."""
        self._meanwhile.append(act)

    def during_each(self, note: Callable[[float], object]) -> None:
        """Somebody takes note of each sleep, and of its seconds."""
        self._during_each.append(note)

    def sleep(self, seconds: float) -> None:
        if threading.get_ident() != self._thread:
            self._sleep(seconds)
            return
        self.slept.append(seconds)
        for note in self._during_each:
            note(seconds)
        acts, self._meanwhile = self._meanwhile, []
        for act in acts:
            act()
        self.advance(seconds)

    def monotonic(self) -> float:
        return (self._monotonic() if self._stopped_at is None else self._stopped_at) + self._passed

    def close(self) -> None:
        if self._travel:
            self._travel.stop()
