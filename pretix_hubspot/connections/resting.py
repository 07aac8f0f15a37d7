"""How long a portal rests after an error, and the words for the reason."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q, TextChoices
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

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
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.server.safeguard import SERVER_ERRORS

OUTAGE = timedelta(minutes=1)
SERVER = timedelta(minutes=10)
# no request is needed to check the configuration, and its repair should take effect within a minute
CONFIG = timedelta(seconds=30)
AT_MOST = timedelta(hours=1)  # at the latest, try again within the hour


class RestingReason(TextChoices):
    """Why a portal rests; stored with connections and runs, so a code is never renamed.

    A refusal of every call is stored as the code of that failure, see ``failures.codes.REFUSED_CALLS``.
    """

    BUDGET = (
        "budget",
        _("More requests were waiting than HubSpot allows at once. The orders follow in one of the next runs."),
    )
    DAILY_LIMIT = "daily_limit", _("The daily limit of requests to HubSpot is used up.")
    MIGRATION = "migration", _("HubSpot is moving this account to a different region.")
    OUTAGE = "outage", _("HubSpot cannot be reached at the moment.")
    #: A token was refused. HubSpot may have done so by mistake: a static token is called revoked only if it is refused
    #: after the rest as well.
    REVOKED = "revoked", _("HubSpot does not accept the access of pretix at the moment.")
    #: HubSpot does not grant scopes that every order needs: users have to act, as after a revocation.
    SCOPES = (
        "scopes",
        _("HubSpot does not grant all scopes any more that pretix needs. Please connect again to grant them."),
    )
    #: This server is not set up correctly: its operator has to act.
    SERVER = (
        "server",
        _(
            "The HubSpot integration of this server is not set up correctly. "
            "Please contact the operator of this server."
        ),
    )


_SERVER = (
    BlockedByServer,
    OAuthMisconfigured,
    ServerMisconfigured,
    *SERVER_ERRORS,
)  # for the server's operator to repair


def is_needed(error: Exception, in_bulk: bool = False) -> bool:
    """Whether the portal has to rest for all workers, not only for the one that met the error.

    A request budget that other workers use up does not make the portal rest, nor does a daily quota whose rest is
    reserved for live orders when bulk work has to stop.
    """
    return not isinstance(error, OverBudget) or (error.policy == "daily" and not in_bulk)


def until(connection: Connection, error: Exception) -> datetime:
    """When to try the portal again."""
    wait, seconds = OUTAGE, getattr(error, "retry_after", None)
    if isinstance(error, RateLimited) and error.policy == "daily":
        wait = _midnight(connection) - now()  # hubspot.md 3: the daily quota ends at midnight of the portal
        seconds = (
            None if isinstance(error, OverBudget) else seconds
        )  # our own request budget does not know the reset time
    elif isinstance(error, Migrating):
        wait = AT_MOST
    elif isinstance(error, ServerMisconfigured):
        wait = CONFIG
    elif isinstance(error, (*_SERVER, AuthenticationFailed, CallRefused, MissingScope, TokenRevoked)):
        wait = SERVER
    if seconds:
        wait = timedelta(seconds=seconds)
    return now() + min(max(wait, timedelta(seconds=1)), AT_MOST)


def reason(error: Exception) -> str:
    """The code to store: a ``RestingReason``, or the code of a refusal of every call."""
    if isinstance(error, RateLimited):
        if error.policy == "daily":
            return RestingReason.DAILY_LIMIT
        return RestingReason.BUDGET if isinstance(error, OverBudget) else RestingReason.OUTAGE
    if isinstance(error, Migrating):
        return RestingReason.MIGRATION
    if isinstance(error, (AuthenticationFailed, TokenRevoked)):
        return RestingReason.REVOKED
    if isinstance(error, MissingScope):
        return RestingReason.SCOPES
    if isinstance(error, CallRefused):
        return error.code
    if isinstance(error, _SERVER):
        return RestingReason.SERVER
    return RestingReason.OUTAGE


def time_zone(connection: Connection) -> ZoneInfo:
    """The time zone in which the portal's days begin."""
    try:
        return ZoneInfo(connection.account.get("time_zone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _midnight(connection: Connection) -> datetime:
    here = now().astimezone(time_zone(connection))
    return (here + timedelta(days=1)).replace(hour=0, minute=1, second=0, microsecond=0)


def rest(connection: Connection, until: datetime, reason: str) -> None:
    """Let the portal rest until then; a longer rest stays, also one that another worker has just stored."""
    shorter = Q(resting_until__isnull=True) | Q(resting_until__lt=until)
    if reason == RestingReason.REVOKED:  # another refusal during this rest does not extend it
        shorter &= ~Q(resting_until__gt=now(), resting_reason=RestingReason.REVOKED)
    Connection.objects.filter(shorter, pk=connection.pk).update(resting_until=until, resting_reason=reason[:32])
    _reload_rest(connection)


def rest_after_refusal(connection, error):
    """Let a portal rest that refused a token for good, unless it already does for this reason.

    A worker decides after that rest; a page that is opened before must not begin the rest anew.
    """
    if not Connection.objects.filter(pk=connection.pk, resting_reason=RestingReason.REVOKED).exists():
        rest(connection, until(connection, error), reason(error))


def wake(connection: Connection) -> None:
    """End the rest after the portal answered, unless another worker has stored a new one since."""
    if connection.resting_until is not None or connection.resting_reason:
        same = Connection.objects.filter(pk=connection.pk, resting_until=connection.resting_until)
        same.update(resting_until=None, resting_reason="")
        _reload_rest(connection)


def _reload_rest(connection):
    """Copy the stored rest to ``connection``, unless its row is gone with its organizer."""
    for row in Connection.objects.filter(pk=connection.pk).values("resting_until", "resting_reason"):
        connection.resting_until, connection.resting_reason = row["resting_until"], row["resting_reason"]
