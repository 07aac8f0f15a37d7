"""Connecting a portal: the questions to HubSpot before a token is accepted, and storing the new access.

A connection belongs to an organizer; each portal has one, and connecting the same portal again renews it.
"""

import logging
from dataclasses import asdict

from django.db import transaction
from django.dispatch import Signal
from django.utils.timezone import now

from pretix_hubspot.hubspot.errors import (
    AuthenticationFailed,
    BadAnswer,
    CallRefused,
    EdgePage,
    Forbidden,
    HubSpotError,
    InvalidInput,
    MissingScope,
    NotFound,
    UnexpectedStatus,
)
from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.models import Connection
from pretix_hubspot.server.patience import ASKED_FOR
from pretix_hubspot.server.scopes import missing_required
from pretix_hubspot.server.workers import call_worker

from . import grants, oauth_app, request_budget, tokens, user_request_limit
from .clients import client_with

logger = logging.getLogger(__name__)

#: Sent with ``connection`` in the transaction that stores new access. This room does not know its receivers:
#: the catalogue asks again for what HubSpot refused.
access_granted = Signal()


class ScopesMissing(Exception):
    """The token is valid, but lacks scopes that we need. ``scopes`` names them; no access was stored."""

    def __init__(self, scopes):
        super().__init__(", ".join(scopes))
        self.scopes = tuple(scopes)


class WrongPortal(Exception):
    """The access is for another portal than the one to be renewed; no access was stored."""

    def __init__(self, expected, found):
        super().__init__(f"portal {found} instead of {expected}")
        self.expected = expected
        self.found = found


def connect_token(organizer, token, user, expected=None):
    """Connect with a service key or private app token, after asking HubSpot for its portal and scopes.

    Raises ``HubSpotError``, ``ScopesMissing``, or ``WrongPortal`` if it is not for the portal of ``expected``.
    """
    token = Secret(token)
    client = client_with(lambda: token, same_token, request_budget.for_check(ASKED_FOR.budget), ASKED_FOR)
    scopes = _scopes_of_static(client, token)
    account = client.account()
    _accept(account.portal_id, scopes, expected)

    def fill(connection):
        connection.kind = Connection.Kind.TOKEN
        connection.hubspot_user = ""
        connection.scopes = sorted(scopes or ())
        tokens.store_static(connection, token)

    return _connect(organizer, account, fill, user)


def connect_oauth(organizer, granted, user, expected=None):
    """Connect with the tokens that HubSpot granted to the server's app. Raises like ``connect_token``.

    A grant that is not accepted is revoked at HubSpot.
    """
    try:
        return _connect_granted(organizer, granted, user, expected)
    except Exception:
        grants.revoke_new(granted)
        raise


def _connect_granted(organizer, granted, user, expected):
    checking = client_with(
        lambda: granted.access_token, same_token, request_budget.for_check(ASKED_FOR.budget), ASKED_FOR
    )
    account = checking.account()
    hubspot_user, scopes = _introspected(granted)
    _accept(account.portal_id, scopes, expected)

    def fill(connection):
        connection.kind = Connection.Kind.OAUTH
        connection.hubspot_user = hubspot_user
        tokens.store_granted(connection, granted)
        connection.scopes = sorted(scopes or ())

    return _connect(organizer, account, fill, user, granted.refresh_token)


def same_token(token):
    """Repeat a refused call with the same token: HubSpot may refuse a good one by mistake, and granting again is
    work.
    """
    return token


def _connect(organizer, account, fill, user, grant=None):
    """Store the organizer's connection to the portal of ``account``, new or renewed, filled and logged.

    The access that it had before is revoked, unless it is the same ``grant``.
    """
    for former in Connection.objects.filter(organizer=organizer, portal_id=account.portal_id):
        grants.revoke_stored(former, instead=grant)
    with transaction.atomic():
        connection, created = Connection.objects.select_for_update().get_or_create(
            organizer=organizer, portal_id=account.portal_id, defaults={"kind": Connection.Kind.TOKEN}
        )
        fill(connection)
        was_revoked = connection.status == Connection.Status.REVOKED
        connection.account = asdict(account)
        connection.status = Connection.Status.ACTIVE
        connection.connected_at = now()
        connection.resting_until, connection.resting_reason = None, ""
        connection.save()
        action = f"pretix_hubspot.connection.{'created' if created else 'reconnected'}"
        connection.log_action(action, user=user, data={"portal": account.portal_id, "kind": connection.kind})
        if was_revoked:
            tokens.log_events(connection, "pretix_hubspot.recovered.connection", user)
        user_request_limit.reset(connection)
        access_granted.send(Connection, connection=connection)
        call_worker(connection.pk)
    request_budget.for_portal(connection.portal_id, connection.kind).reset()
    return connection


def _accept(portal_id, scopes, expected):
    if expected is not None and portal_id != expected.portal_id:
        raise WrongPortal(expected.portal_id, portal_id)
    if scopes is not None and (missing := missing_required(scopes)):
        raise ScopesMissing(missing)


def granted_scopes(connection, client):
    """The scopes that HubSpot currently grants to the connection; None if HubSpot does not answer them."""
    token = tokens.access_token(connection)
    if connection.kind == Connection.Kind.TOKEN:
        return _scopes_of_static(client, token)
    info = oauth_app.introspect(token)
    return info.scopes if info else None


def _scopes_of_static(client, token):
    """The scopes of a static token; None if HubSpot does not answer them: the endpoint is documented, but unverified.

    A token that this endpoint refuses may be good nonetheless, and a page of the edge may stand for a path that does
    not exist: the next call with the token shows it.
    """
    try:
        return client.private_app_token_info(token).scopes
    except (
        AuthenticationFailed,
        Forbidden,
        MissingScope,
        InvalidInput,
        NotFound,
        UnexpectedStatus,
        CallRefused,
        EdgePage,
        BadAnswer,
    ) as error:
        logger.info("HubSpot did not tell the scopes of a token: %s", error)
        return None


def _introspected(granted):
    """``(HubSpot user, scopes)``, the latter None if HubSpot does not answer them; an error here does not stop
    connecting.
    """
    try:
        info = oauth_app.introspect(granted.access_token)
    except HubSpotError as error:
        logger.info("HubSpot did not say who granted access: %s", error)
        info = None
    return (info.user[:255] if info else ""), granted.scopes or (info.scopes if info else None) or None
