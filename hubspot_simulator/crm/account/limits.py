"""Rate limits: a rolling ten seconds per app, a day per account, a second for search (hubspot.md 3)."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hubspot_simulator.oauth.state import Grant
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import LIMITED, Problem

WINDOW = 10.0
SEARCH_PER_SECOND = 5
OAUTH_BURST = 110
BURST = {"free": 100, "starter": 100, "professional": 190, "enterprise": 190}
DAILY = {"free": 250_000, "starter": 250_000, "professional": 625_000, "enterprise": 1_000_000}
POLICIES = {
    "TEN_SECONDLY_ROLLING": ("ten_secondly_rolling limit", "ten-secondly"),
    "DAILY": ("daily limit", "daily"),
    "SECONDLY": ("secondly limit", "secondly"),
}


@dataclass
class Limits:
    """Counts calls and refuses those beyond a limit.

    ``burst`` is calls per ten seconds: a number, None for no limit, or "auto" for what HubSpot allows
    (110 for OAuth apps, 100 or 190 for service keys by tier).
    ``daily`` works alike; refused calls count nothing.
    """

    clock: Callable[[], float]
    burst: int | str | None = "auto"
    daily: int | str | None = "auto"
    search_per_second: int | None = SEARCH_PER_SECOND
    violations: int = 0
    by_policy: Counter = field(default_factory=Counter)
    _windows: dict[tuple[int, int], deque[float]] = field(default_factory=dict)
    _searches: dict[int, deque[float]] = field(default_factory=dict)
    _days: dict[int, tuple[str, int]] = field(default_factory=dict)

    def burst_limit(self, portal: Portal, grant: Grant) -> int | None:
        if self.burst == "auto":
            return BURST.get(portal.account.tier, 100) if grant.service_key else OAUTH_BURST
        return self.burst  # type: ignore[return-value]  # "auto" was handled above

    def daily_limit(self, portal: Portal) -> int | None:
        return DAILY.get(portal.account.tier, 250_000) if self.daily == "auto" else self.daily  # type: ignore[return-value]  # see above

    def count(self, portal: Portal, grant: Grant, search: bool) -> None:
        """Counts one call, or raises the 429 that it deserves."""
        now = self.clock()
        used_today = self.used_today(portal)
        daily = self.daily_limit(portal)
        if daily is not None and used_today >= daily:
            self._refuse(portal, grant, "DAILY")
        if search:
            recent = _trim(self._searches.setdefault(portal.id, deque()), now - 1.0)
            if self.search_per_second is not None and len(recent) >= self.search_per_second:
                self._refuse(portal, grant, "SECONDLY")
            recent.append(now)
        else:
            window = _trim(self._windows.setdefault((portal.id, grant.app_id), deque()), now - WINDOW)
            burst = self.burst_limit(portal, grant)
            if burst is not None and len(window) >= burst:
                self._refuse(portal, grant, "TEN_SECONDLY_ROLLING")
            window.append(now)
        self._days[portal.id] = (self._today(portal), used_today + 1)

    def used_today(self, portal: Portal) -> int:
        day, used = self._days.get(portal.id, ("", 0))
        return used if day == self._today(portal) else 0

    def use_up(self, portal: Portal, calls: int) -> None:
        """Another integration of the account made that many calls today."""
        self._days[portal.id] = (self._today(portal), self.used_today(portal) + calls)

    def _today(self, portal: Portal) -> str:
        return portal.local_time().date().isoformat()

    def _refuse(self, portal: Portal, grant: Grant, policy: str) -> None:
        self.violations += 1
        self.by_policy[policy] += 1
        raise limit_problem(policy, portal, grant)

    def headers(self, portal: Portal, grant: Grant) -> dict[str, str]:
        """Sent with every normal call, never with search (hubspot.md 3, A)."""
        burst = self.burst_limit(portal, grant)
        headers = {}
        if burst is not None:
            window = _trim(self._windows.setdefault((portal.id, grant.app_id), deque()), self.clock() - WINDOW)
            headers = {
                "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
                "X-HubSpot-RateLimit-Max": str(burst),
                "X-HubSpot-RateLimit-Remaining": str(max(0, burst - len(window))),
            }
        daily = self.daily_limit(portal)
        if daily is not None and (grant.service_key or portal.switches.daily_headers_for_oauth):
            headers["X-HubSpot-RateLimit-Daily"] = str(daily)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, daily - self.used_today(portal)))
        return headers


def _trim(times: deque[float], until: float) -> deque[float]:
    while times and times[0] <= until:
        times.popleft()
    return times


def limit_problem(policy: str, portal: Portal | None, grant: Grant | None) -> Problem:
    """The 429 body (hubspot.md 3, A/C)."""
    words, group = POLICIES[policy]
    app_id, portal_id = (grant.app_id if grant else 0), (portal.id if portal else 0)
    field_name = portal.switches.rate_limit_field if portal else "errorType"
    extra = {"policyName": policy, "groupName": f"publicapi:private_app-api-calls-{group}:{app_id}:{portal_id}"}
    if field_name == "errorType":
        return Problem(LIMITED, f"You have reached your {words}.", extra={"errorType": "RATE_LIMIT"} | extra)
    return Problem(LIMITED, f"You have reached your {words}.", "RATE_LIMITS", extra=extra)
