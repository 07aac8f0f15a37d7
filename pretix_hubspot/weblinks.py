"""Links into HubSpot's web application. Scheme and host come from the configuration, or are HubSpot's own."""

import re

from .hubspot import versions

HUBSPOT_UI = re.compile(r"app(-[a-z0-9]{1,16})?\.hubspot\.com")
_IN_HUBSPOT_UI = re.compile(rf"https://{HUBSPOT_UI.pattern}(?![^/?#])")


def app_base(ui_domain, config):
    """Where people of a portal work: the region's host as HubSpot reported it, if it is one of HubSpot's at all."""
    if config.app_url == versions.DEFAULT_APP_URL and HUBSPOT_UI.fullmatch(ui_domain or ""):
        return f"https://{ui_domain}"
    return config.app_url


def portal_url(connection, config):
    """The portal's start page for people."""
    base = app_base(connection.account.get("ui_domain"), config)
    return f"{base}/contacts/{connection.portal_id:d}" if base else ""


def record_base(connection, type_id, config):
    """The address of any record of an object type, up to its id (hubspot.md 13, A)."""
    base = portal_url(connection, config)
    return f"{base}/record/{type_id}/" if base else ""


def trusted(url, config):
    """An address that HubSpot returned, if it leads to HubSpot's web application; else nothing."""
    if _IN_HUBSPOT_UI.match(url):
        return url
    return url if config.app_url and url.startswith(f"{config.app_url}/") else ""
