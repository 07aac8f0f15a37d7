"""The one-time state of an OAuth authorisation: bound to a user, a session and the organizer or event to connect.

Rows hold hashes, live ten minutes and are used up in one atomic step.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.http import QueryDict
from django.utils.timezone import now

from pretix_hubspot.hubspot.secret import Secret, revealed
from pretix_hubspot.models import OAuthState

from . import oauth_app

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=1)  # long enough to distinguish a used state from an unknown one


class StateRefused(Exception):
    """The return from HubSpot is not accepted; ``reason`` is "unknown", "foreign", "used" or "expired"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def begin(request, organizer, event=None, connection=None):
    """Store what is to be connected, and return the address at HubSpot for the user.

    With ``connection`` an existing one is to be renewed, and its portal is preselected.
    """
    state = secrets.token_urlsafe(32)
    url = oauth_app.authorize_url(state, connection.portal_id if connection else None)  # raises before we store
    OAuthState.objects.filter(created__lt=now() - KEPT).delete()
    OAuthState.objects.create(
        state_hash=_hash(state),
        session_hash=_hash(request.session.session_key),
        user=request.user,
        organizer=organizer,
        event=event,
        connection=connection,
    )
    return url


@dataclass(frozen=True)
class Returned:
    """The parameters with which HubSpot sent a user back."""

    state: Secret
    code: Secret
    error: str

    @classmethod
    def from_request(cls, request):
        """Take the parameters out of the request: error reports show addresses, and a code is worth tokens."""
        sent = request.GET
        returned = cls(Secret(sent.get("state", "")), Secret(sent.get("code", "")), sent.get("error", ""))
        request.GET = QueryDict()
        request.META["QUERY_STRING"] = ""
        for name in ("REQUEST_URI", "RAW_URI"):  # the name that uWSGI and gunicorn use
            if name in request.META:
                request.META[name] = request.META[name].partition("?")[0]
        return returned


def consume(request, state):
    """Return the authorisation that this request returns from, and use it up. Raises ``StateRefused``.

    The state of another user or session is not used up.
    """
    row = OAuthState.objects.filter(state_hash=_hash(state)).first()
    if row is None:
        raise StateRefused("unknown")
    if row.user_id != request.user.pk or row.session_hash != _hash(request.session.session_key):
        raise StateRefused("foreign")
    if not OAuthState.objects.filter(pk=row.pk, used_at=None).update(used_at=now()):
        raise StateRefused("used")
    if row.created < now() - LIFETIME:
        raise StateRefused("expired")
    return row


def _hash(value):
    return hashlib.sha256((revealed(value) or "").encode()).hexdigest()
