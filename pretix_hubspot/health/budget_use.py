"""The used part of a portal's request budget, for pages."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.timezone import now

from pretix_hubspot.connections import request_budget
from pretix_hubspot.connections.resting import time_zone
from pretix_hubspot.models import Connection


@dataclass(frozen=True)
class BudgetUse:
    """Requests of this server in HubSpot's rolling window; today's requests of all apps, if HubSpot states them."""

    used: int
    limit: int
    seconds: int
    used_today: int = 0
    limit_today: int = 0


def used(connection: Connection) -> BudgetUse:
    """The budget's current use; reading it spends nothing and does not ask HubSpot."""
    state, moment = request_budget.state_of(connection.portal_id, connection.kind), now()
    crm, daily = state.crm, state.daily
    is_today = daily.limit > 0 and _same_day(daily.at, moment, connection)
    return BudgetUse(
        used=crm.used(round(moment.timestamp() * 1000)),
        limit=crm.limit,
        seconds=crm.interval_ms // 1000,
        used_today=max(0, daily.limit - daily.remaining) if is_today else 0,
        limit_today=daily.limit if is_today else 0,
    )


def _same_day(told_ms: int, moment: datetime, connection: Connection) -> bool:
    """The daily quota begins anew at midnight of the portal (hubspot.md 3)."""
    zone = time_zone(connection)
    return datetime.fromtimestamp(told_ms / 1000, UTC).astimezone(zone).date() == moment.astimezone(zone).date()
