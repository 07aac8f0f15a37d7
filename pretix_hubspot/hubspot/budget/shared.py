"""One request budget per portal, shared by all workers and pages that call it.

`window` decides, a store keeps the state, and this module sleeps and reads HubSpot's headers.
Clock and sleep are passed in; the clock gives seconds since the epoch. Servers' clocks differ, so that of the store
counts: a budget looks once how far its own is away.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from pretix_hubspot.hubspot.error_parsing import header
from pretix_hubspot.hubspot.errors import OverBudget
from pretix_hubspot.hubspot.json_reading import whole

from .redis_script import ARRIVED_LUA, ROLLING_WINDOW_LUA
from .reservation import Reservation
from .stores import ReservingStore, StateStore
from .window import CRM_WINDOW, HORIZON_MS, KEEP, MEMORY_MS, SEARCH_WINDOW, Daily, Decision, RollingWindow, State

__all__ = [
    "ARRIVED_LUA",
    "BELIEVED_MS",
    "CRM_WINDOW",
    "DAILY_RESERVE_PERCENT",
    "ROLLING_WINDOW_LUA",
    "SEARCH_WINDOW",
    "Budget",
    "Daily",
    "Decision",
    "NoBudget",
    "RollingWindow",
    "SharedBudget",
    "State",
    "daily_refusal",
    "reserve",
]

T = TypeVar("T")

#: Part of the daily quota kept for live orders; the quota is shared with the portal's other apps (hubspot.md 3, A).
DAILY_RESERVE_PERCENT = 10

#: A number about the day is valid for an hour: then one call finds out whether midnight has passed.
BELIEVED_MS = 3_600_000

# A difference to HubSpot's count below this is calls on their way, not another app's.
_SLACK = 3

# How often one worker compares HubSpot's count with ours, in ms: each comparison writes to the store.
_COMPARE_MS = 250


# How long, in ms, some calls of a group may wait for others: the worker has to look after other things as well.
_LONGEST_START_MS = 10_000


# After a wait as long as this, in ms, the store is asked whether HubSpot answered 429 in between.
_RECHECK_AFTER_MS = 1_000


# How much later than reserved, in ms, a call may be made: together with its way to HubSpot less than the margin.
_LATE_MS = 400


# How much later, in ms, a call that was reserved ahead may be made. HubSpot counts it from its arrival, and the window
# must not have forgotten its moment before its answer tells: after the lowest interval, ten seconds.
_RESERVED_FOR_MS = 5_000


# Distance to the window's edge, in ms: rounding of two clocks must not decide.
_EDGE_MS = 20


class Budget(Protocol):
    """The budget as the client uses it: it grants each call and learns from each answer."""

    def acquire(self, kind: str = "crm", live: bool = True, calls: int = 1) -> Iterator[int]:
        """Yield a moment for each of up to `calls` calls, as soon as that call may be made.

        At least one; raises OverBudget if the first is too far away. The moment is the call's name for `arrived`.
        """

    def arrived(self, kind: str, calls: Sequence[tuple[int, float]]) -> None:
        """HubSpot has counted these calls: the moment from `acquire`, and for how many seconds at least."""

    def observe(self, status: int, headers: Mapping[str, str], ago: float = 0.0) -> None:
        """Learn from the headers of an answer to a call that was sent so many seconds ago."""

    def throttled(self, policy: str, retry_after: float | None, kind: str = "crm") -> None:
        """HubSpot answered 429 to a call of this kind, with this policy: "burst", "secondly" or "daily"."""


class NoBudget:
    """A budget without limits: for tests, and for calls that HubSpot does not count."""

    def acquire(self, kind: str = "crm", live: bool = True, calls: int = 1) -> Iterator[int]:
        return iter([0] * calls)

    def arrived(self, kind: str, calls: Sequence[tuple[int, float]]) -> None:
        pass

    def observe(self, status: int, headers: Mapping[str, str], ago: float = 0.0) -> None:
        pass

    def throttled(self, policy: str, retry_after: float | None, kind: str = "crm") -> None:
        pass


def reserve(state: State, kind: str, now: int, live: bool, max_wait_ms: int) -> tuple[State, Decision]:
    """One step of the budget: the daily quota first, then the rolling window."""
    if refusal := daily_refusal(state.daily, now, live):
        return state, refusal
    window, decision = state.window(kind).reserve(now, live, max_wait_ms)
    return state.with_window(kind, window), decision


def daily_refusal(daily: Daily, now: int, live: bool) -> Decision | None:
    """The refusal of a call by the daily quota; None if it may be made.

    A live call is refused if the day is used up, a bulk call if only the reserve for live orders is left.
    """
    if daily.limit <= 0 or not now - BELIEVED_MS < daily.at <= now + HORIZON_MS:
        return None
    floor = 0 if live else daily.limit * DAILY_RESERVE_PERCENT // 100
    if daily.remaining > floor:
        return None
    return Decision(False, daily.at + BELIEVED_MS - now, "daily", refused=True)


class SharedBudget:
    """A Budget for any number of workers on one store.

    `max_wait` (seconds, at most 60) caps what `acquire` may sleep before it raises OverBudget instead.
    Threads may share one.
    """

    def __init__(
        self,
        store: StateStore,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
        max_wait: float = 30.0,
    ) -> None:
        if not 0 <= max_wait <= 60:
            raise ValueError("max_wait is 0 to 60 seconds")
        self._store = store
        self._clock = clock
        self._sleep = sleep or time.sleep
        self._max_wait_ms = int(max_wait * 1000)
        self._ahead: float | None = None  # of the store's clock, once somebody has looked
        self._stored_facts: tuple[int, int, Daily] = (0, 0, Daily())
        self._compared_at = 0

    def acquire(self, kind: str = "crm", live: bool = True, calls: int = 1) -> Iterator[int]:
        deadline, granted = self._now() + self._max_wait_ms, 0
        while not granted:
            for moment in self._reserve_moments(kind, live, calls, deadline):
                wait = moment - self._now()
                if wait > 0:
                    self._sleep(wait / 1000)
                if wait >= _RECHECK_AFTER_MS and self._is_blocked(kind):
                    break  # HubSpot answered 429 during the sleep: earlier reservations are void
                late = self._now() - moment
                if late > _LATE_MS:  # the sleeping worker planned a slice and returned late
                    deadline += late
                    break
                granted += 1
                yield moment

    def ahead(
        self,
        calls: int,
        least: int = 1,
        kind: str = "crm",
        live: bool = True,
        apart: float = 0.0,
        tight_apart: float = 0.0,
    ) -> Reservation:
        """Reserve up to so many calls for work that begins now, without waiting.

        Reserves none if fewer than `least` are free, or less than `apart` seconds have passed since somebody's last
        reservation; `tight_apart` holds once the day's quota runs short. A daily limit is left to `acquire`.
        """

        def step(state: State) -> tuple[State, tuple[list[int], int]]:
            now = self._now()
            if daily_refusal(state.daily, now, live):
                return state, ([], 0)
            is_tight = daily_refusal(state.daily, now, live=False) is not None
            early = state.began + round((tight_apart if is_tight else apart) * 1000) - now
            if early > 0 and state.began <= now:
                return state, ([], early)
            window, moments, wait = state.window(kind).ahead(now, live, calls, least)
            state = replace(state, began=now) if moments else state
            return state.with_window(kind, window), (moments, wait)

        moments, wait = self._store.update(step)

        def give_back(left: Sequence[int]) -> None:
            self._store.update(lambda state: (state.with_window(kind, state.window(kind).without(left)), None))

        def is_void() -> bool:
            return self._now() - moments[0] > _RESERVED_FOR_MS or self._is_blocked(kind)

        return Reservation(self, kind, moments, wait / 1000, give_back, is_void)

    def _reserve_moments(self, kind: str, live: bool, calls: int, deadline: int) -> list[int]:
        """Reserve moments in a row, so that a worker who needs several is not held up by other workers."""
        moments: list[int] = []
        while len(moments) < calls:
            now = self._now()
            last = min(deadline, moments[0] + _LONGEST_START_MS) if moments else deadline
            decision = self._reserve(kind, now, live, max(0, last - now))
            if decision.granted:
                moments.append(now + decision.wait_ms)
            elif moments:
                break
            elif decision.refused:
                message = "The request budget of this portal is used up"
                raise OverBudget(message, policy=decision.policy, retry_after=decision.wait_ms / 1000)
            else:
                self._sleep(decision.wait_ms / 1000)
        return moments

    def _reserve(self, kind: str, now: int, live: bool, max_wait_ms: int) -> Decision:
        if isinstance(self._store, ReservingStore):
            return self._store.reserve(kind, now, live, max_wait_ms)
        return self._store.update(lambda state: reserve(state, kind, now, live, max_wait_ms))

    def _is_blocked(self, kind: str) -> bool:
        return self._store.update(lambda state: (state, state.window(kind).blocked_until)) > self._now()

    def arrived(self, kind: str, calls: Sequence[tuple[int, float]]) -> None:
        now = self._now()
        latest = [(granted, now + _EDGE_MS - int(ago * 1000)) for granted, ago in calls]
        if isinstance(self._store, ReservingStore):
            self._store.arrived(kind, latest)
            return

        def learn(state: State) -> tuple[State, None]:
            window = state.window(kind)
            for granted, moment in latest:
                window = window.arrived(granted, moment)
            return state.with_window(kind, window), None

        self._store.update(learn)

    def observe(self, status: int, headers: Mapping[str, str], ago: float = 0.0) -> None:
        limit, interval, remaining = (
            whole(header(headers, f"x-hubspot-ratelimit-{name}"), -1)
            for name in ("max", "interval-milliseconds", "remaining")
        )
        daily = self._daily(headers)
        now = self._now()
        if not (limit >= 1 and 1_000 <= interval <= 60_000):
            limit = interval = 0  # absent (search, associations) or nonsense
        limit = min(limit, KEEP)
        since = now - int(ago * 1000)

        def learn(state: State) -> tuple[State, None]:
            return _learned(state, since, now, limit, interval, remaining, daily), None

        if self._is_worth_storing(limit, interval, remaining, daily):
            self._store.update(learn)

    def _daily(self, headers: Mapping[str, str]) -> Daily | None:
        """The daily quota in these headers; None for OAuth apps and nonsense."""
        limit = whole(header(headers, "x-hubspot-ratelimit-daily"), -1)
        remaining = whole(header(headers, "x-hubspot-ratelimit-daily-remaining"), -1)
        return Daily(limit, remaining, self._now()) if limit > 0 and remaining >= 0 else None

    def _is_worth_storing(self, limit: int, interval: int, remaining: int, daily: Daily | None) -> bool:
        """Whether these headers change the stored state: one write per answer would double the store's traffic."""
        known_limit, known_interval, known_daily = self._stored_facts
        news = False
        if limit and (limit, interval) != (known_limit, known_interval):
            news = True
        if limit and 0 <= remaining < limit // 2 and self._now() - self._compared_at >= _COMPARE_MS:
            news = True  # only a window half full is worth comparing with our own count
            self._compared_at = self._now()
        if daily is not None:
            step = max(50, daily.limit // 100)
            news = news or abs(daily.remaining - known_daily.remaining) >= step or daily.limit != known_daily.limit
            news = news or daily.remaining <= daily.limit * DAILY_RESERVE_PERCENT // 100
            news = news or daily.at - known_daily.at > BELIEVED_MS // 2
        if news:
            self._stored_facts = (limit or known_limit, interval or known_interval, daily or known_daily)
        return news

    def throttled(self, policy: str, retry_after: float | None, kind: str = "crm") -> None:
        now = self._now()
        kind = kind if policy == "secondly" else "crm"  # the other limits are those of all calls

        def rest(state: State) -> tuple[State, None]:
            window = state.window(kind)
            exceeded = state.search if policy == "secondly" else window
            usual = BELIEVED_MS if policy == "daily" else exceeded.interval_ms + exceeded.margin_ms
            until = now + (usual if retry_after is None else max(1_000, int(retry_after * 1000)))
            return state.with_window(kind, window.blocked(until, policy)), None

        self._store.update(rest)

    def reset(self) -> None:
        """Forget rests and the daily quota, after the organizer reconnected; recent grants keep counting."""

        def forget(state: State) -> tuple[State, None]:
            crm, search = (replace(w, blocked_until=0, blocked_policy="") for w in (state.crm, state.search))
            return State(crm, search, Daily(), state.began), None

        self._store.update(forget)

    def _now(self) -> int:
        if self._ahead is None:
            here, there = self._clock(), self._store.now()
            self._ahead = 0.0 if there is None else there - here
        return round((self._clock() + self._ahead) * 1000)


def _learned(
    state: State, since: int, now: int, limit: int, interval: int, remaining: int, daily: Daily | None
) -> State:
    """`state` after the headers of an answer to a call that was sent at `since`."""
    if limit:
        crm = replace(state.crm, limit=limit, interval_ms=interval)
        foreign = crm.foreign(remaining, since, now) if remaining >= 0 and now - since <= MEMORY_MS else 0
        # Another app uses this limit, and its calls count too.
        if foreign > max(_SLACK, limit // 20):
            crm = crm.shared_with(foreign, now)
        state = replace(state, crm=crm)
    return replace(state, daily=daily) if daily else state
