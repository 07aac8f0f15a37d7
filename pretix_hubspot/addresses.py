"""Complete addresses of this pretix, for mails, files and HubSpot."""

from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse


def backend_address(name: str, **kwargs: str) -> str:
    """The address of a backend page by its URL name (core's helper changed its name between versions we support)."""
    return urljoin(settings.SITE_URL, reverse(name, kwargs=kwargs, urlconf="pretix.multidomain.maindomain_urlconf"))
