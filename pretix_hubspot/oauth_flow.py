"""The one-time state of an OAuth authorisation: bound to a user, a session and what is to be connected.

Rows hold hashes, live ten minutes and are used up in one atomic step.
"""

import hashlib
import secrets
from datetime import timedelta

from django.utils.timezone import now

from . import hubspot_app
from .models import OAuthState

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=1)  # long enough to tell "used already" from "never heard of"


class StateRefused(Exception):
    """The return from HubSpot is not accepted; ``reason`` is "unknown", "foreign", "used" or "expired"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def begin(request, organizer, event=None, connection=None):
    """Remember what is to be connected, and return HubSpot's URL to send the person to.

    With ``connection`` an existing one is to be renewed, and its portal is preselected.
    """
    state = secrets.token_urlsafe(32)
    url = hubspot_app.authorize_url(state, connection.portal_id if connection else None)  # raises before we store
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


def consume(request):
    """The started authorisation that this request returns from, used up. Raises ``StateRefused``.

    Somebody else's state stays as it is: it is not theirs to use up.
    """
    found = OAuthState.objects.filter(state_hash=_hash(request.GET.get("state", ""))).first()
    if found is None:
        raise StateRefused("unknown")
    if found.user_id != request.user.pk or found.session_hash != _hash(request.session.session_key):
        raise StateRefused("foreign")
    if not OAuthState.objects.filter(pk=found.pk, used_at=None).update(used_at=now()):
        raise StateRefused("used")
    if found.created < now() - LIFETIME:
        raise StateRefused("expired")
    return found


def _hash(value):
    return hashlib.sha256((value or "").encode()).hexdigest()
