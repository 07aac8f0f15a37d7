"""Links: our own pages, complete addresses of this pretix, and HubSpot's web application.

Scheme and host of HubSpot's addresses come from the configuration, or are HubSpot's own.
"""

import re
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from pretix_hubspot.hubspot import versions
from pretix_hubspot.models import Connection

from .config import ServerConfig

#: The namespace of our pages' URL names.
NAMESPACE = "plugins:pretix_hubspot"

_HUBSPOT_UI = re.compile(r"app(-[a-z0-9]{1,16})?\.hubspot\.com")
_IN_HUBSPOT_UI = re.compile(rf"https://{_HUBSPOT_UI.pattern}(?![^/?#])")


# Within pretix


def event_url(event, name, **kwargs):
    """The URL of one of our pages in ``event``."""
    return reverse(f"{NAMESPACE}:{name}", kwargs=kwargs | {"organizer": event.organizer.slug, "event": event.slug})


def organizer_url(organizer, name, **kwargs):
    """The URL of one of our pages of ``organizer``."""
    return reverse(f"{NAMESPACE}:{name}", kwargs={"organizer": organizer.slug, **kwargs})


def backend_address(name: str, **kwargs: str) -> str:
    """The complete address of a backend page by its URL name, for mails, files and HubSpot.

    Core's helper changed its name between versions we support.
    """
    return urljoin(settings.SITE_URL, reverse(name, kwargs=kwargs, urlconf="pretix.multidomain.maindomain_urlconf"))


def event_address(event, name: str) -> str:
    """The complete address of one of our pages in ``event``."""
    return backend_address(f"{NAMESPACE}:{name}", organizer=event.organizer.slug, event=event.slug)


# Into HubSpot


def _app_base(ui_domain, config):
    """The host of the portal's web application, as HubSpot reported it, if it is one of HubSpot's at all."""
    if config.app_url == versions.DEFAULT_APP_URL and _HUBSPOT_UI.fullmatch(ui_domain or ""):
        return f"https://{ui_domain}"
    return config.app_url


def portal_url(connection, config):
    """The portal's start page for users."""
    base = _app_base(connection.account.get("ui_domain"), config)
    return f"{base}/contacts/{connection.portal_id:d}" if base else ""


def record_base(connection: Connection, type_id: str, config: ServerConfig) -> str:
    """The address of any record of an object type, up to its id (hubspot.md 13, A)."""
    base = portal_url(connection, config)
    return f"{base}/record/{type_id}/" if base else ""


def trusted(url: str, config: ServerConfig) -> str:
    """An address that HubSpot returned, if it leads to HubSpot's web application; otherwise an empty text."""
    if _IN_HUBSPOT_UI.match(url):
        return url
    return url if config.app_url and url.startswith(f"{config.app_url}/") else ""
