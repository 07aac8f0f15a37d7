"""The request budget as a pure algorithm: state and now -> a granted moment, a wait, or a refusal.

At most `limit` grants lie in any `interval_ms` plus `margin_ms`, however many callers ask at once:
a live caller reserves its moment, possibly in the future, in one atomic step, and sleeps until then without a lock.
So callers are served in the order they asked, and waiters never stampede.
Bulk callers (`live=False`) reserve nothing in the future and leave a tenth of the window free for live orders;
their decision says how long to wait before they ask again.

HubSpot counts a call when it arrives, which is later than it was granted: by `margin_ms` at most, we assume, until
its answer proves an earlier arrival (`arrived`). So the distance between two windows is no longer than necessary.

All times are integer milliseconds since the epoch, so that Python, Lua and JSON agree exactly.
HubSpot's limits: hubspot.md 3 (A).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pretix_hubspot.hubspot.json_reading import mapping, text, whole

#: Grants further in the future than this were made before the clock was set back; they are forgotten.
HORIZON_MS = 120_000

#: Share of the window that only live callers may use, as a divisor of the limit.
LIVE_SHARE = 10

#: Grants remembered at most, and so the highest limit: twice HubSpot's own highest, 250.
KEEP = 500

#: How long grants are kept after they ceased to count: an answer describes the window when its call arrived.
MEMORY_MS = 2_000

# A longer rest than this was written by a broken clock; HubSpot's longest Retry-After is a day.
_LONGEST_REST_MS = 172_800_000


@dataclass(frozen=True)
class Decision:
    """The answer to one caller. `granted`: make the call after `wait_ms`.

    Not granted: ask again after `wait_ms`, or give up if `refused`.
    `policy` says which limit is the reason: "burst", "secondly" or "daily".
    """

    granted: bool
    wait_ms: int
    policy: str = "burst"
    refused: bool = False


@dataclass(frozen=True)
class RollingWindow:
    """The grants of one limit, in ascending order; those after now are reserved. No grant lies before `blocked_until`.

    A grant counts until `interval_ms` and `margin_ms` later; that of a call known to have arrived is moved accordingly.
    """

    limit: int
    interval_ms: int
    margin_ms: int
    policy: str = "burst"
    grants: tuple[int, ...] = ()
    blocked_until: int = 0
    blocked_policy: str = ""

    def reserve(self, now: int, live: bool, max_wait_ms: int) -> "tuple[RollingWindow, Decision]":
        """Take the next free moment, unless it is further away than `max_wait_ms`."""
        current = self.pruned(now)
        free = current.next_free(now, live)
        wait = free - now
        policy = current.blocked_policy if now < current.blocked_until == free else self.policy
        if wait > max_wait_ms:
            return current, Decision(False, wait, policy, refused=True)
        if wait > 0 and not live:
            return current, Decision(False, wait, policy)
        return replace(current, grants=(*current.grants, free)), Decision(True, wait, policy)

    def ahead(self, now: int, live: bool, calls: int, least: int) -> "tuple[RollingWindow, list[int], int]":
        """Take as many of these calls as are free now; none, and how long to wait, if these are fewer than `least`, or
        than half of the window.
        """
        window, moments, least = self.pruned(now), list[int](), min(least, max(1, self.usable(live) // 2))
        while len(moments) < calls and (free := window.next_free(now, live)) <= now:
            window = replace(window, grants=(*window.grants, free))
            moments.append(free)
        if len(moments) >= least:
            return window, moments, 0
        for _ in range(least - len(moments)):
            free = window.next_free(now, live)
            window = replace(window, grants=(*window.grants, free))
        return self.pruned(now), [], free - now

    def without(self, moments: Sequence[int]) -> "RollingWindow":
        """Give back these grants."""
        left = list(self.grants)
        for moment in moments:
            if moment in left:
                left.remove(moment)
        return replace(self, grants=tuple(left))

    def arrived(self, granted: int, latest: int) -> "RollingWindow":
        """The call of this grant reached HubSpot at `latest` or before.

        Its place is free again that much earlier, or later if it took longer than the margin.
        """
        if granted not in self.grants:
            return self
        others = list(self.grants)
        others.remove(granted)
        return replace(self, grants=tuple(sorted((*others, max(granted, latest) - self.margin_ms))))

    def next_free(self, now: int, live: bool) -> int:
        """The first moment that keeps every window within the limit, after all moments already given away."""
        usable = self.usable(live)
        free = max(now, self.blocked_until)
        if self.grants:
            free = max(free, self.grants[-1])
        if len(self.grants) >= usable:
            free = max(free, self.grants[-usable] + self.interval_ms + self.margin_ms)
        return free

    def usable(self, live: bool) -> int:
        """How many calls of a window these callers may make."""
        return self.limit if live else max(1, self.limit - max(1, self.limit // LIVE_SHARE))

    def pruned(self, now: int) -> "RollingWindow":
        """The window without grants that no longer count, and without those that a clock set back has left behind."""
        oldest = now - self.interval_ms - self.margin_ms - MEMORY_MS
        grants = tuple(grant for grant in self.grants if oldest < grant <= now + HORIZON_MS)[-KEEP:]
        blocked = self.blocked_until if now < self.blocked_until <= now + _LONGEST_REST_MS else 0
        policy = self.blocked_policy if blocked else ""
        return replace(self, grants=grants, blocked_until=blocked, blocked_policy=policy)

    def used(self, now: int) -> int:
        """Grants in the window that ended at this moment, not longer than `MEMORY_MS` ago."""
        oldest = now - self.interval_ms - self.margin_ms
        return sum(1 for grant in self.grants if oldest < grant <= now)

    def blocked(self, until: int, policy: str) -> "RollingWindow":
        """Rest until then; a longer rest stays."""
        return self if until <= self.blocked_until else replace(self, blocked_until=until, blocked_policy=policy)

    def foreign(self, remaining: int, since: int, now: int) -> int:
        """How many more calls HubSpot counted than we made, as it answered a call that was sent at `since`.

        HubSpot counted between `since` and `now`; a grant that began or ceased to count in between is taken for ours.
        """
        return self.limit - max(self.used(since), self.used(now)) - remaining

    def shared_with(self, foreign: int, now: int) -> "RollingWindow":
        """Count `foreign` calls of other apps as if they were made now."""
        current = self.pruned(now)
        past = tuple(grant for grant in current.grants if grant <= now)
        return replace(current, grants=(*past, *(now,) * foreign, *current.grants[len(past) :]))

    def to_json(self) -> dict[str, Any]:
        return {
            "limit": self.limit,
            "interval": self.interval_ms,
            "margin": self.margin_ms,
            "policy": self.policy,
            "grants": list(self.grants),
            "blocked": self.blocked_until,
            "blocked_policy": self.blocked_policy,
        }

    @classmethod
    def from_json(cls, data: Any, default: "RollingWindow") -> "RollingWindow":
        """Read a stored window; a field that cannot be read is as in `default`."""
        fields = mapping(data)
        listed = fields.get("grants")  # Lua writes an empty list as an object
        grants = sorted(whole(grant) for grant in listed) if isinstance(listed, list) else []
        return cls(
            limit=min(max(1, whole(fields.get("limit"), default.limit)), KEEP),
            interval_ms=max(1, whole(fields.get("interval"), default.interval_ms)),
            margin_ms=max(0, whole(fields.get("margin"), default.margin_ms)),
            policy=text(fields.get("policy"), 20) or default.policy,
            grants=tuple(grants[-KEEP:]),
            blocked_until=max(0, whole(fields.get("blocked"))),
            blocked_policy=text(fields.get("blocked_policy"), 20),
        )


#: 100 calls in 10 s is the lowest limit HubSpot has; higher ones are adopted from the headers.
#: A second for a call to arrive that is not answered yet: a worker on a busy server may be slow to send it.
CRM_WINDOW = RollingWindow(100, 10_000, 1_000)
#: 5 searches a second per portal; headers do not mention them.
SEARCH_WINDOW = RollingWindow(5, 1_000, 100, "secondly")


@dataclass(frozen=True)
class Daily:
    """The daily quota as HubSpot stated it last; `limit` 0 if HubSpot states none (OAuth apps)."""

    limit: int = 0
    remaining: int = 0
    at: int = 0


@dataclass(frozen=True)
class State:
    """All of a portal's budget; a store keeps it as a few kB of JSON. `began` is when work was last reserved ahead."""

    crm: RollingWindow = field(default=CRM_WINDOW)
    search: RollingWindow = field(default=SEARCH_WINDOW)
    daily: Daily = field(default=Daily())
    began: int = 0

    def window(self, kind: str) -> RollingWindow:
        return self.search if kind == "search" else self.crm

    def with_window(self, kind: str, window: RollingWindow) -> "State":
        return replace(self, search=window) if kind == "search" else replace(self, crm=window)

    def to_json(self) -> dict[str, Any]:
        daily = {"limit": self.daily.limit, "remaining": self.daily.remaining, "at": self.daily.at}
        return {"crm": self.crm.to_json(), "search": self.search.to_json(), "daily": daily, "began": self.began}

    @classmethod
    def from_json(cls, data: Any, default: "State | None" = None) -> "State":
        """Read a stored state; an empty or damaged one begins anew."""
        default = default or cls()
        fields, daily = mapping(data), mapping(mapping(data).get("daily"))
        return cls(
            RollingWindow.from_json(fields.get("crm"), default.crm),
            RollingWindow.from_json(fields.get("search"), default.search),
            Daily(whole(daily.get("limit")), whole(daily.get("remaining")), whole(daily.get("at"))),
            whole(fields.get("began")),
        )
