"""How much of a portal's request budget is used, for people to look at."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.timezone import now

from pretix_hubspot.connections import request_budget
from pretix_hubspot.connections.resting import time_zone
from pretix_hubspot.models import Connection


@dataclass(frozen=True)
class Used:
    """Requests of this server in HubSpot's rolling window; of all apps today, where HubSpot tells."""

    used: int
    limit: int
    seconds: int
    used_today: int = 0
    limit_today: int = 0


def used(connection: Connection) -> Used:
    """As it stands; nothing is spent, and HubSpot is not asked."""
    state, moment = request_budget.state_of(connection.portal_id, connection.kind), now()
    crm, daily = state.crm, state.daily
    known = daily.limit > 0 and _same_day(daily.at, moment, connection)
    return Used(
        used=crm.used(round(moment.timestamp() * 1000)),
        limit=crm.limit,
        seconds=crm.interval_ms // 1000,
        used_today=max(0, daily.limit - daily.remaining) if known else 0,
        limit_today=daily.limit if known else 0,
    )


def _same_day(told_ms: int, moment: datetime, connection: Connection) -> bool:
    """The daily quota begins anew at midnight of the portal (hubspot.md 3)."""
    zone = time_zone(connection)
    return datetime.fromtimestamp(told_ms / 1000, UTC).astimezone(zone).date() == moment.astimezone(zone).date()
