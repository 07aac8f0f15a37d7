"""What the server's operator decides: the OAuth app, HubSpot's addresses and the API version.

Read from ``pretix.cfg`` (section ``[hubspot]``, or ``PRETIX_HUBSPOT_*`` in the environment).
The client id and secret may also be set in pretix's global settings, which win.
Addresses come from here only, never from a form, a session or an answer of HubSpot.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from pretix.base.settings import GlobalSettingsObject

from .hubspot import versions

SECTION = "hubspot"
CLIENT_ID_SETTING = "hubspot_client_id"
CLIENT_SECRET_SETTING = "hubspot_client_secret"


class ServerMisconfigured(ImproperlyConfigured):
    """The operator's configuration cannot be used; the message says what to change, and holds no secret."""


@dataclass(frozen=True)
class ServerConfig:
    """The server's configuration, checked. ``errors`` stop everything, ``warnings`` are for the operator to read."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str
    app_url: str
    api_version: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def has_oauth_app(self):
        """Whether *Request access* can work at all."""
        return bool(self.client_id and self.client_secret) and not self.errors

    def checked(self):
        """This configuration, or ``ServerMisconfigured`` if a request with it would be wrong or unsafe."""
        if self.errors:
            raise ServerMisconfigured(" ".join(self.errors))
        return self


def server_config():
    """The configuration as it is now; cheap, never raises."""
    client_id, client_secret = _oauth_app()
    api_url, app_url, version, errors = _addresses()
    warnings = errors + _half_an_app(client_id, client_secret)
    return ServerConfig(client_id, client_secret, api_url, app_url, version, errors, warnings)


def lease_seconds():
    """How long a worker may be silent before others take over its orders: 10 s to 15 minutes, default 5 minutes.

    Longer than the longest wait for one answer of HubSpot, shorter than the 20 minutes after which core gives up.
    """
    return min(max(settings.CONFIG_FILE.getint(SECTION, "lease_seconds", fallback=300), 10), 900)


def file_errors():
    """What is wrong with ``pretix.cfg`` alone, for checks that run without a database."""
    return _addresses()[3]


def is_safe_base_url(url):
    """Whether tokens may be sent to ``url``: HTTPS, or HTTP to this very machine; a host and nothing hidden in it."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises ValueError for what is no port
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host):
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _option(name, default=""):
    return settings.CONFIG_FILE.get(SECTION, name, fallback=default).strip() or default


def _oauth_app():
    stored = GlobalSettingsObject().settings
    return (
        stored.get(CLIENT_ID_SETTING, default="") or _option("client_id"),
        stored.get(CLIENT_SECRET_SETTING, default="") or _option("client_secret"),
    )


def _addresses():
    api_url, api_error = _base_url("api_url", versions.DEFAULT_API_URL)
    app_url, app_error = _base_url("app_url", versions.DEFAULT_APP_URL)
    version, version_error = _api_version()
    return api_url, app_url, version, tuple(e for e in (api_error, app_error, version_error) if e)


def _base_url(name, default):
    url = _option(name, default).rstrip("/")
    if is_safe_base_url(url):
        return url, None
    return "", _(
        "The option {option} in section [hubspot] of pretix.cfg must be an HTTPS address. "
        "HTTP is only possible for this machine itself."
    ).format(option=name)


def _api_version():
    version = _option("api_version", versions.DEFAULT)
    if version in versions.SUPPORTED:
        return version, None
    return versions.DEFAULT, _(
        "The option api_version in section [hubspot] of pretix.cfg must be one of {versions}."
    ).format(versions=", ".join(versions.SUPPORTED))


def _half_an_app(client_id, client_secret):
    if bool(client_id) == bool(client_secret):
        return ()
    return (_("The HubSpot app needs both a client ID and a client secret."),)
