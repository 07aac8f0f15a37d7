"""Which of the plugin's addresses are pages that people see: each of them is looked at, and none can be forgotten."""

from urllib.parse import urlsplit

from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern

from pretix_hubspot.urls import urlpatterns

#: What shows nothing of its own, and why.
NO_PAGES = {
    "catalog.refresh": "acts and goes back",
    "connect.ask": "acts and goes back",
    "connect.oauth": "leads to HubSpot",
    "connect.token": "acts and goes back",
    "export": "is a file",
    "join": "acts and goes back",
    "mapping.check": "is data for the editor",
    "mapping.refresh": "acts and goes back",
    "options": "acts and goes back",
    "order.ignore": "acts and goes back",
    "organizer.connect.oauth": "leads to HubSpot",
    "organizer.connect.token": "acts and goes back",
    "organizer.pause": "acts and goes back",
    "pause": "acts and goes back",
    "property.create": "acts and goes back",
    "suggest": "acts and goes back",
}
_RESOLVER = URLResolver(RegexPattern(r"^/"), urlpatterns)


def name_of(address):
    """How the plugin calls this address; None for an address of somebody else."""
    try:
        return _RESOLVER.resolve(urlsplit(address).path).url_name
    except Resolver404:
        return None


def all_names():
    return {pattern.name for pattern in urlpatterns}
