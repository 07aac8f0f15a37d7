"""Connections to portals: joined by events, left, cut, left alone for a while, and turned into a ready client.

Who may do what is the views' business; what is stored, and what is logged, is decided here.
"""

import json
import logging
from dataclasses import asdict

from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import now
from pretix.base.models import LogEntry

from . import __version__, budget, former, grants, tokens
from .config import server_config
from .hubspot import transport
from .hubspot.client import Client
from .hubspot.pacing import Budget
from .models import Connection, EventConnection, OrderState
from .scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES, missing_required
from .server import workers
from .server.patience import ASKED_FOR, WORKER
from .sync import jobs, resting
from .sync.resting import RestingReason
from .tokens import PLUGIN, mark_revoked

__all__ = [
    "OPTIONAL_SCOPES",
    "REQUIRED_SCOPES",
    "client_for",
    "client_with",
    "disconnect",
    "for_event",
    "is_active",
    "join",
    "leave",
    "mark_revoked",
    "missing_scopes",
    "new_session",
    "note_account",
    "refresh_account",
    "rest",
    "wake",
]

logger = logging.getLogger(__name__)

#: What the event's history says of somebody who decided to use HubSpot no longer.
LEFT = "pretix_hubspot.event.left"


def is_active(event):
    """Whether the plugin is enabled for the event, and for its organizer, as pretix wants for a hybrid plugin."""
    return PLUGIN in event.get_plugins() and PLUGIN in event.organizer.get_plugins()


def for_event(event):
    """How ``event`` uses HubSpot, or ``None`` if it does not: plugin not enabled, not joined, or disconnected.

    A revoked or resting connection is returned: its orders are queued and wait.
    """
    if not is_active(event):
        return None
    rows = EventConnection.objects.select_related("connection").filter(event=event)
    joined = rows.exclude(connection__status=Connection.Status.DISCONNECTED).first()
    if joined:
        joined.event = event  # the caller's instance, which may know its settings already
    return joined


def missing_scopes(connection):
    """The required scopes that this connection was not granted."""
    return missing_required(connection.scopes)


def client_for(connection, live=True, patience=WORKER, sleep=None, **options):
    """A client whose token is refreshed as needed, paying from the portal's shared request budget.

    ``live=False`` is for bulk work; ``sleep`` waits for the budget instead of ``time.sleep``.
    Further ``options`` go to the client, which is not to be shared between threads.
    Raises ``ServerMisconfigured``; the client's calls raise ``TokenRevoked`` once access is lost for good.
    """
    shared_budget = budget.for_portal(connection.portal_id, connection.kind, patience.budget, sleep)
    rested = connection.resting_until and connection.resting_until <= now()
    if rested and connection.resting_reason == RestingReason.DAILY_LIMIT:
        shared_budget.reset()  # the number that made the portal rest may be yesterday's: one call finds out
    return client_with(
        lambda: tokens.access_token(connection),
        lambda bad: tokens.better_token(connection, bad),
        WhileConnected(shared_budget, connection),
        patience,
        live=live,
        on_denied=lambda error: _rest_denied(connection, error),
        **options,
    )


class WhileConnected:
    """A request budget that grants nothing once somebody disconnects, or disables the plugin for the organizer.

    A call may have waited long for its moment, and the slice that it belongs to was loaded before.
    """

    def __init__(self, shared_budget: Budget, connection: Connection) -> None:
        self._budget = shared_budget
        self._connection = connection

    def acquire(self, *arguments, **options):
        for number, moment in enumerate(self._budget.acquire(*arguments, **options)):
            if not tokens.is_in_use(self._connection):
                if number:
                    return  # what was begun may end; the next call is told
                raise tokens.not_active()
            yield moment

    def __getattr__(self, name):
        return getattr(self._budget, name)


def new_session():
    """Connections that outlive a client, as its option ``http``; whoever makes them closes them."""
    return transport.new_session(__version__)


def join(event, connection, user):
    """Let ``event`` use ``connection``: its orders count from now on, unless it used this connection already.

    Whoever comes back to the connection that the event left goes on as if nothing had happened in between.
    What waited for another portal, was on its way there, or was sent there by hand, is not sent to this one by itself.
    What people sent to this one by hand, and could not send to another one in the meantime, is tried again.
    """
    if connection.organizer_id != event.organizer_id:
        raise ValueError("a connection is for events of its own organizer")
    with transaction.atomic():
        joined = EventConnection.objects.select_for_update().filter(event=event).first()
        if joined and joined.connection_id == connection.pk:
            return joined
        if joined:
            jobs.forget(event)
        states = OrderState.objects.filter(order__event=event)
        states.exclude(portal_id=connection.portal_id).filter(by_hand=True).update(by_hand=False)
        joined = joined or EventConnection(event=event)
        joined.connection, joined.joined_at = connection, now()
        joined.log_watermark = LogEntry.all.aggregate(newest=Max("pk"))["newest"] or 0
        came_back = former.come_back(joined)
        joined.save()
        if not came_back:
            _bring_back(states, connection)
        _try_again(event, connection)
        event.log_action("pretix_hubspot.event.joined", user=user, data={"portal": connection.portal_id})
    return joined


def _bring_back(states, connection):
    """Orders that this portal holds stay in scope, although the event used another one for a while."""
    known = states.filter(portal_id=connection.portal_id, by_hand=False, excluded_reason="")
    known.exclude(sent_hash="").exclude(order__testmode=True).update(by_hand=True)


def _try_again(event, connection):
    """Orders that are in scope since people sent them to this portal, whatever became of them since."""
    failing = OrderState.objects.filter(order__event=event, by_hand=True, excluded_reason="").exclude(cause="")
    if orders := list(failing.filter(portal_id=connection.portal_id).values_list("order_id", flat=True)):
        jobs.retry(event, orders)
        workers.call_worker(connection.pk)


def leave(event, user):
    """Stop using a connection in ``event``. Mappings and record links stay.

    What waited or was on its way is not sent any more, unless the event comes back to this connection.
    """
    with transaction.atomic():
        joined = EventConnection.objects.select_related("connection").filter(event=event).first()
        if joined:
            former.leave(joined)
            data = {"portal": joined.connection.portal_id}
            event.log_action(LEFT, user=user, data=data)


def disconnect(connection, user):
    """Forget all access, for all events, and revoke it at HubSpot where we can.

    Record links, mappings and waiting orders stay, so that connecting the same portal again doubles nothing.
    Returns whether HubSpot confirmed; what is stored here is wiped in any case.
    """
    revoked = grants.give_up(connection)
    with transaction.atomic():
        tokens.wipe(connection)
        connection.status = Connection.Status.DISCONNECTED
        connection.resting_until, connection.resting_reason = None, ""
        connection.save()
        tokens.log_everywhere(connection, "pretix_hubspot.connection.disconnected", user)
    return revoked


def rest(connection, until, reason):
    """Leave the portal alone until then; a longer rest stays, also one that another worker decided on meanwhile."""
    shorter = Q(resting_until__isnull=True) | Q(resting_until__lt=until)
    if reason == RestingReason.REVOKED:  # who is refused meanwhile learns nothing new, and does not put off its end
        shorter &= ~Q(resting_until__gt=now(), resting_reason=RestingReason.REVOKED)
    Connection.objects.filter(shorter, pk=connection.pk).update(resting_until=until, resting_reason=reason[:32])
    _see_rest(connection)


def _rest_denied(connection, error):
    """Leave a portal alone that refused a token for good. Once it rests for that, a worker decides what comes next:
    a page that is opened before the worker had a look must not begin the rest anew."""
    if not Connection.objects.filter(pk=connection.pk, resting_reason=RestingReason.REVOKED).exists():
        rest(connection, resting.until(connection, error), resting.reason(error))


def wake(connection):
    """The portal answers again, unless another worker learned otherwise meanwhile."""
    if connection.resting_until is not None or connection.resting_reason:
        same = Connection.objects.filter(pk=connection.pk, resting_until=connection.resting_until)
        same.update(resting_until=None, resting_reason="")
        _see_rest(connection)


def _see_rest(connection):
    """Take up what is stored, unless the connection is gone with its organizer."""
    for row in Connection.objects.filter(pk=connection.pk).values("resting_until", "resting_reason"):
        connection.resting_until, connection.resting_reason = row["resting_until"], row["resting_reason"]


def refresh_account(connection):
    """Ask HubSpot again who this portal is: a region migration changes where links lead, people change time zones."""
    note_account(connection, client_for(connection, patience=ASKED_FOR).account())


def note_account(connection, account):
    """Take up what HubSpot just said about the portal."""
    described = json.loads(json.dumps(asdict(account)))  # as the database answers it
    if connection.account != described:
        connection.account = described
        connection.save(update_fields=["account"])


def client_with(token, refresh, shared_budget, patience, **options):
    """A client for HubSpot as this server is configured, and no other. Raises ``ServerMisconfigured``."""
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
