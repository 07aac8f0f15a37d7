"""The key of the keyed hashes that are stored about HubSpot records: random, one per portal, encrypted like a token.

It is made once and copied to every connection of the portal, so that all of them know the same records; and it does not
depend on the server's secret, so that a changed secret makes no record unknown while the former one is a fallback.
"""

import secrets
from collections.abc import Callable
from typing import Any

from django.db import transaction

from pretix_hubspot.hubspot.secret import Secret, reveals
from pretix_hubspot.models import Connection
from pretix_hubspot.server import crypto
from pretix_hubspot.values.fingerprint import keyed

Hasher = Callable[[str], str]
_BYTES = 32


def hasher(connection: Connection) -> Hasher:
    """The function that makes keyed hashes for the connection's portal.

    A key that no secret of the server decrypts is replaced: every record is then unknown, found again by its
    identifier, and not doubled.
    """
    key = _stored(connection.hash_key) or _made(connection)
    return lambda text: keyed(key.reveal(), text)


@reveals
def _stored(text: str) -> Any:
    try:
        secret = crypto.decrypt(text)
    except crypto.KeyLost:
        return None
    return Secret(bytes.fromhex(secret.reveal())) if secret else None


@reveals
def _made(connection: Connection) -> Any:
    """The key of the portal's other connections, or a new one, stored with the connection."""
    with transaction.atomic():
        rows = Connection.objects.filter(portal_id=connection.portal_id).order_by("pk").select_for_update()
        stored = filter(None, (_stored(row.hash_key) for row in rows))
        key = next(stored, None) or Secret(secrets.token_bytes(_BYTES))
        connection.hash_key = crypto.encrypt(Secret(key.reveal().hex()))
        Connection.objects.filter(pk=connection.pk).update(hash_key=connection.hash_key)
    return key
