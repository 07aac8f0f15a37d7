"""The operator's configuration: the OAuth app, HubSpot's addresses and the API version.

Read from ``pretix.cfg`` (section ``[hubspot]``, or ``PRETIX_HUBSPOT_*`` in the environment).
The client id and secret may also be set in pretix's global settings, which win.
Addresses come from here only, never from a form, a session or an answer of HubSpot.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from pretix.base.settings import GlobalSettingsObject

from pretix_hubspot.hubspot import versions
from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.values.rows import FRACTION, WHOLE

from . import scopes

SECTION = "hubspot"
CLIENT_ID_SETTING = "hubspot_client_id"
CLIENT_SECRET_SETTING = "hubspot_client_secret"
LEASE, SHORTEST_LEASE, LONGEST_LEASE = 300, 10, 900
#: Workers that send for one portal at once; with four, HubSpot's request limit is the bottleneck.
WORKERS, MOST_WORKERS = 2, 16
QUEUE = "background"
_QUEUE = re.compile(r"[\w.-]{1,100}", re.ASCII)
#: Letters of any script, digits, hyphens and dots; ``urlsplit`` has checked the part between brackets.
_HOST = re.compile(r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?|[0-9a-f:.]+")


class ServerMisconfigured(ImproperlyConfigured):
    """The operator's configuration cannot be used; the message says what to change, and holds no secret."""


@dataclass(frozen=True)
class ServerConfig:
    """The server's configuration, checked. ``errors`` stop all sending, ``warnings`` are for the operator to read."""

    client_id: str
    client_secret: Secret
    api_url: str
    app_url: str
    api_version: str
    optional_scopes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def has_oauth_app(self) -> bool:
        """Whether *Request access* can work at all."""
        return bool(self.client_id and self.client_secret) and not self.errors

    def checked(self) -> "ServerConfig":
        """Return this configuration, or raise ``ServerMisconfigured`` if a request with it would be wrong or unsafe."""
        if self.errors:
            raise ServerMisconfigured(" ".join(self.errors))
        return self


def server_config() -> ServerConfig:
    """The configuration as it is now; cheap, never raises."""
    values, errors = _file()
    client_id, client_secret = _oauth_app(values)
    warnings = errors + _incomplete_app(client_id, client_secret)
    of_file = {name: values[name] for name in ("api_url", "app_url", "api_version", "optional_scopes")}
    return ServerConfig(client_id, client_secret, **of_file, errors=errors, warnings=warnings)


def lease_seconds() -> int:
    """How long a worker may be silent before others take over its orders: 10 s to 15 minutes, default 5 minutes.

    Longer than the longest wait for one answer of HubSpot, shorter than the 20 minutes after which core gives up.
    """
    return _value("lease_seconds")[0]


def workers_per_portal() -> int:
    """How many workers send for one portal at once."""
    return _value("workers_per_portal")[0]


def task_queue() -> str:
    """The Celery queue of the plugin's tasks; a plain worker of pretix reads ``background``."""
    return _value("queue")[0]


def percentages():
    """How HubSpot keeps what it shows as a percentage; the same for all portals, and unverified (hubspot.md 6.2)."""
    return _value("percentages")[0]


def file_errors():
    """The mistakes in ``pretix.cfg`` alone, for checks that run without a database; one sentence per mistake."""
    return _file()[1]


def is_safe_base_url(url):
    """Whether tokens may be sent to ``url``: HTTPS, or HTTP to this very machine; with a host and no hidden part."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises ValueError for what is no port
    except ValueError:
        return False
    if (
        not parts.hostname
        or not _HOST.fullmatch(parts.hostname)
        or parts.username
        or parts.password
        or parts.query
        or parts.fragment
    ):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host):
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _file():
    """The section's valid values by name, and every mistake in it."""
    options = {name: _value(name) for name in OPTIONS}
    mistaken = (error for _value_as_it_is, error in options.values() if error)
    return {name: value for name, (value, _error) in options.items()}, (*_unknown_options(), *mistaken)


def _value(name):
    """``(value, error)`` of one option; a mistaken option gets a value that cannot do harm."""
    option = OPTIONS[name]
    try:
        text = settings.CONFIG_FILE.get(SECTION, name, fallback="").strip()
    except (OSError, UnicodeError):  # FILE__PRETIX_HUBSPOT_… names a file that cannot be read
        return option.fallback, _("The file that holds the option {option} of [hubspot] cannot be read.").format(
            option=name
        )
    try:
        return option.parse(text or option.default), None
    except ValueError:
        return option.fallback, _("The option {option} in section [hubspot] of pretix.cfg {must_be}").format(
            option=name, must_be=option.must_be()
        )


def _unknown_options():
    """The errors for options that do not exist: each is a mistyped one, which would have no effect."""
    for name in sorted({*_names_in_file(), *_names_in_environment()} - OPTIONS.keys()):
        near = get_close_matches(name, OPTIONS, 1)
        text = _("There is no option {option} in section [hubspot] of pretix.cfg.").format(option=name)
        yield text + (" " + _("Did you mean {option}?").format(option=near[0]) if near else "")


def _names_in_file():
    parser = settings.CONFIG_FILE.cp
    return {*parser.options(SECTION)} - {*parser.defaults()} if parser.has_section(SECTION) else set()


def _names_in_environment():
    matches = (re.fullmatch(r"(?:FILE__)?PRETIX_HUBSPOT_(?!TEST_)(\w+)", name) for name in os.environ)
    return {match[1].lower() for match in matches if match}


def _oauth_app(values):
    stored = GlobalSettingsObject().settings
    return (
        stored.get(CLIENT_ID_SETTING, default="") or values["client_id"],
        Secret(stored.get(CLIENT_SECRET_SETTING, default="")) or values["client_secret"],
    )


def _incomplete_app(client_id, client_secret):
    if bool(client_id) == bool(client_secret):
        return ()
    return (_("The HubSpot app needs both a client ID and a client secret."),)


# What the options take


@dataclass(frozen=True)
class Option:
    """``parse`` raises ``ValueError``; ``fallback`` is the value of a mistaken option, which ``must_be`` explains."""

    default: str = ""
    parse: Callable[[str], Any] = str
    must_be: Callable[[], str] = str
    fallback: Any = ""


def _base_url(text):
    url = text.rstrip("/")
    if not is_safe_base_url(url):
        raise ValueError
    return url


def _api_version(text):
    if text not in versions.SUPPORTED:
        raise ValueError
    return text


def _lease(text):
    seconds = int(text)
    if not SHORTEST_LEASE <= seconds <= LONGEST_LEASE:
        raise ValueError
    return seconds


def _workers(text):
    number = int(text)
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError
    return number


def _queue(text):
    if not _QUEUE.fullmatch(text):
        raise ValueError
    return text


def _optional_scopes(text):
    asked, strange = scopes.chosen(text)
    if strange:
        raise ValueError
    return asked


def _percentages(text):
    if text not in (FRACTION, WHOLE):
        raise ValueError
    return text


def _must_be_url():
    return _("must be an HTTPS address. HTTP is only possible for this machine itself.")


#: All options of the section; any other name is a typing error.
OPTIONS = {
    "client_id": Option(),
    "client_secret": Option(parse=Secret),
    "api_url": Option(versions.DEFAULT_API_URL, _base_url, _must_be_url),
    "app_url": Option(versions.DEFAULT_APP_URL, _base_url, _must_be_url),
    "api_version": Option(
        versions.DEFAULT,
        _api_version,
        lambda: _("must be one of {versions}.").format(versions=", ".join(versions.SUPPORTED)),
        versions.DEFAULT,
    ),
    "optional_scopes": Option(
        "",
        _optional_scopes,
        lambda: _("must be a list of scopes that docs/operators.md names, or “{none}”.").format(none=scopes.NONE),
        (),
    ),
    "lease_seconds": Option(
        str(LEASE),
        _lease,
        lambda: _("must be a number of seconds from {least} to {most}.").format(
            least=SHORTEST_LEASE, most=LONGEST_LEASE
        ),
        LEASE,
    ),
    "workers_per_portal": Option(
        str(WORKERS),
        _workers,
        lambda: _("must be a number of workers from {least} to {most}.").format(least=1, most=MOST_WORKERS),
        WORKERS,
    ),
    "queue": Option(
        QUEUE, _queue, lambda: _("must be the name of a Celery queue: letters, digits, “.”, “_” and “-”."), QUEUE
    ),
    "percentages": Option(
        FRACTION, _percentages, lambda: _("must be one of {values}.").format(values=f"{FRACTION}, {WHOLE}"), FRACTION
    ),
}
