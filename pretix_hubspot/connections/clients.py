"""Ready API clients: refreshed tokens, the portal's shared request budget, limited patience."""

from typing import Any

from django.utils.timezone import now

from pretix_hubspot import __version__
from pretix_hubspot.hubspot import transport
from pretix_hubspot.hubspot.budget.shared import Budget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.patience import WORKER, Patience

from . import request_budget, tokens
from .resting import RestingReason, rest_after_refusal

#: Calls that are granted together, and whose moments are no further apart, in ms, begin with one look.
TOGETHER_MS = 500


def client_for(
    connection: Connection,
    live: bool = True,
    patience: Patience = WORKER,
    budget: Budget | None = None,
    **options: Any,
) -> Client:
    """A client whose token is refreshed as needed, paying from ``budget``, or the portal's shared request budget.

    ``live=False`` is for bulk work.
    Further ``options`` go to the client, which is not to be shared between threads.
    Raises ``ServerMisconfigured``; the client's calls raise ``TokenRevoked`` once access is lost for good.
    """
    shared_budget = budget or request_budget.for_portal(connection.portal_id, connection.kind, patience.budget)
    rested = connection.resting_until and connection.resting_until <= now()
    if rested and connection.resting_reason == RestingReason.DAILY_LIMIT:
        shared_budget.reset()  # the daily number that made the portal rest may be yesterday's: one call finds out
    return client_with(
        lambda: tokens.access_token(connection),
        lambda bad: tokens.better_token(connection, bad),
        WhileConnected(shared_budget, connection),
        patience,
        live=live,
        on_denied=lambda error: rest_after_refusal(connection, error),
        **options,
    )


class WhileConnected:
    """A request budget that grants no call once a user disconnects, or disables the plugin for the organizer.

    A call may have waited long for its moment, and the slice that it belongs to was loaded before.
    Calls that begin together share one look, which is a statement.
    """

    def __init__(self, shared_budget: Budget, connection: Connection) -> None:
        self._budget = shared_budget
        self._connection = connection

    def acquire(self, *arguments, **options):
        looked = None
        for moment in self._budget.acquire(*arguments, **options):
            if looked is None or moment - looked > TOGETHER_MS:
                if not tokens.is_in_use(self._connection):
                    if looked is not None:
                        return  # calls on their way may end; the next one is refused
                    raise tokens.not_active()
                looked = moment
            yield moment

    def __getattr__(self, name):
        return getattr(self._budget, name)


def new_session() -> Session:
    """HTTP connections that outlive a client, for its option ``http``; the caller closes them."""
    return transport.new_session(__version__)


def client_with(token, refresh, shared_budget, patience, **options):
    """A client for the HubSpot of this server's configuration. Raises ``ServerMisconfigured``."""
    config = server_config().checked()
    return Client(
        config.api_url,
        config.api_version,
        token,
        refresh,
        shared_budget,
        timeouts=patience.timeouts,
        plugin_version=__version__,
        **options,
    )
