"""How long a portal is left alone when it is the problem, and what that is called."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.timezone import now

from pretix_hubspot.config import ServerMisconfigured
from pretix_hubspot.hubspot.errors import (
    AuthenticationFailed,
    BlockedByServer,
    CallRefused,
    Migrating,
    MissingScope,
    OAuthMisconfigured,
    OverBudget,
    RateLimited,
    TokenRevoked,
)
from pretix_hubspot.isolation import SERVER_TROUBLE
from pretix_hubspot.models import Connection

OUTAGE = timedelta(minutes=1)
SERVER = timedelta(minutes=10)
CONFIG = timedelta(seconds=30)  # a look at the configuration asks nobody, and its repair is to show within a minute
AT_MOST = timedelta(hours=1)  # whatever the reason, look again within the hour

#: Why a portal rests that does not grant what every order needs: people have to act, as after a revocation.
SCOPES = "scopes"
#: Why a portal rests that refused a token. HubSpot may have done so by mistake: a static token is called revoked only
#: if it is refused after the rest as well.
REVOKED = "revoked"
#: Why a portal rests while this server is not set up correctly: its operator has to act.
SERVERS_FAULT = "server"

_SERVER = (
    BlockedByServer,
    OAuthMisconfigured,
    ServerMisconfigured,
    *SERVER_TROUBLE,
)  # for the server's operator to repair


def is_needed(error: Exception, in_bulk: bool = False) -> bool:
    """Whether all workers have to leave the portal alone, and not only the one that met the error.

    A request budget that others are using up is theirs to use, and what is left of the day when bulk work may not go
    on is for live orders.
    """
    return not isinstance(error, OverBudget) or (error.policy == "daily" and not in_bulk)


def until(connection: Connection, error: Exception) -> datetime:
    """When to try the portal again."""
    wait, said = OUTAGE, getattr(error, "retry_after", None)
    if isinstance(error, RateLimited) and error.policy == "daily":
        wait = _midnight(connection) - now()  # hubspot.md 3: the daily quota ends at midnight of the portal
        said = None if isinstance(error, OverBudget) else said  # our budget does not know when that is
    elif isinstance(error, Migrating):
        wait = AT_MOST
    elif isinstance(error, ServerMisconfigured):
        wait = CONFIG
    elif isinstance(error, (*_SERVER, AuthenticationFailed, CallRefused, MissingScope, TokenRevoked)):
        wait = SERVER
    if said:
        wait = timedelta(seconds=said)
    return now() + min(max(wait, timedelta(seconds=1)), AT_MOST)


def reason(error: Exception) -> str:
    """A word for the settings page and the log: daily_limit, budget, migration, revoked, scopes, server, outage, or the
    code of what HubSpot refuses to every call."""
    if isinstance(error, RateLimited):
        if error.policy == "daily":
            return "daily_limit"
        return "budget" if isinstance(error, OverBudget) else "outage"
    if isinstance(error, Migrating):
        return "migration"
    if isinstance(error, (AuthenticationFailed, TokenRevoked)):
        return REVOKED
    if isinstance(error, MissingScope):
        return SCOPES
    if isinstance(error, CallRefused):
        return error.code
    if isinstance(error, _SERVER):
        return SERVERS_FAULT
    return "outage"


def time_zone(connection: Connection) -> ZoneInfo:
    """Where the portal's days begin."""
    try:
        return ZoneInfo(connection.account.get("time_zone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _midnight(connection: Connection) -> datetime:
    here = now().astimezone(time_zone(connection))
    return (here + timedelta(days=1)).replace(hour=0, minute=1, second=0, microsecond=0)
