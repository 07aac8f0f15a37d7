"""Tokens at rest: encrypted with a key derived from the server's secret.

Retired secrets (``SECRET_KEY_FALLBACKS``) still decrypt; new ciphertext uses the current one.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from pretix_hubspot.hubspot.secret import Secret, revealed, reveals

from .config import ServerMisconfigured

PURPOSE = b"pretix_hubspot tokens"  # separates this key from everything else derived from the server's secret


class KeyLost(ServerMisconfigured):
    """No secret of the server decrypts this text: the secret was changed without keeping the old one as fallback."""


@reveals
def encrypt(secret):
    """Encrypt a ``Secret``; an empty one stays empty."""
    return _fernet().encrypt(revealed(secret).encode()).decode() if secret else ""


@reveals
def decrypt(text):
    """Return the encrypted ``Secret``, by the current or a retired secret of the server. Raises ``KeyLost``."""
    if not text:
        return Secret()
    try:
        return Secret(_fernet().decrypt(text.encode()).decode())
    except InvalidToken:
        raise KeyLost(
            _(
                "The stored HubSpot access cannot be decrypted, since the server's secret key was changed. "
                "Add the former key as a fallback or connect again."
            )
        ) from None


@reveals
def derive(purpose, secret=None):
    """32 bytes for ``purpose``, bound to the server's secret, or to a retired one, as a ``Secret``."""
    key = Secret(settings.SECRET_KEY if secret is None else secret)
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return Secret(hkdf.derive(key.reveal().encode()))


def _fernet():
    secrets = map(Secret, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derive(PURPOSE, secret).reveal())) for secret in secrets])
