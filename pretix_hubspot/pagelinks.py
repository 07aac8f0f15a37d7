"""Addresses of our own pages."""

from django.urls import reverse

NAMESPACE = "plugins:pretix_hubspot"


def event_url(event, name, **kwargs):
    """The URL of one of our pages in ``event``."""
    return reverse(f"{NAMESPACE}:{name}", kwargs=kwargs | {"organizer": event.organizer.slug, "event": event.slug})


def organizer_url(organizer, name, **kwargs):
    """The URL of one of our pages of ``organizer``."""
    return reverse(f"{NAMESPACE}:{name}", kwargs={"organizer": organizer.slug, **kwargs})
