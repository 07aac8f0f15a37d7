"""The server's own HubSpot app: its authorization address, and the exchange of codes and refresh tokens."""

import base64
import hashlib
import hmac

from django.utils.translation import gettext as _

from pretix_hubspot import __version__
from pretix_hubspot.hubspot.oauth import OAuthApp
from pretix_hubspot.hubspot.secret import Secret, revealed, reveals
from pretix_hubspot.server import crypto
from pretix_hubspot.server.config import ServerMisconfigured, server_config
from pretix_hubspot.server.links import NAMESPACE, backend_address
from pretix_hubspot.server.scopes import REQUIRED_SCOPES


def return_url():
    """The one URL of this server that is registered with the app."""
    return backend_address(f"{NAMESPACE}:oauth.return")


def authorize_url(state, portal_id=None):
    """The address at which a user grants access; ``portal_id`` preselects the portal."""
    challenge = _base64url(hashlib.sha256(_code_verifier(state).reveal().encode()).digest())
    optional = server_config().optional_scopes
    return _app().authorize_url(return_url(), state, REQUIRED_SCOPES, optional, portal_id, challenge)


def exchange(code, state):
    """Tokens for the code, a ``Secret``, that HubSpot sent back together with ``state``."""
    return _app().exchange(code, return_url(), _code_verifier(state))


def refresh(refresh_token):
    """A new access token."""
    return _app().refresh(refresh_token)


def revoke(refresh_token):
    """Revoke a refresh token at HubSpot."""
    _app().revoke(refresh_token)


def introspect(access_token):
    """User and scopes of a token; ``None`` if it is no longer valid."""
    return _app().introspect(access_token)


@reveals
def _code_verifier(state):
    """The proof of RFC 7636 that the same server asked for the code and exchanges it; derived from the state."""
    key = crypto.derive(b"pretix_hubspot code verifier")
    return Secret(_base64url(hmac.digest(key.reveal(), revealed(state).encode(), "sha256")))


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _app():
    config = server_config().checked()
    if not config.has_oauth_app:
        raise ServerMisconfigured(_("This server has no HubSpot app: its client ID and client secret are not set."))
    return OAuthApp(
        config.client_id,
        config.client_secret,
        config.api_url,
        config.app_url,
        config.api_version,
        plugin_version=__version__,
    )
