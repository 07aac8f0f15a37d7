"""A user who looks at pages and presses buttons, as a browser would, without the network."""

import time
from collections.abc import Callable
from statistics import median

from django.test import Client
from django.urls import reverse
from pretix.base.models import Event, Team, User

from pretix_hubspot.server.links import event_url, organizer_url

from .shop import Shop

#: Times that a page of core is asked for, which is what a page costs without us.
TURNS = 5
_RIGHTS = ("all_events", "all_event_permissions", "all_organizer_permissions")


class Reader:
    """A user with all rights, who has seen each page once of an event where nothing happens: nothing has to be
    imported or compiled after that.
    """

    def __init__(self, shop: Shop, idle_event: Event) -> None:
        self._shop, self._client = shop, Client()
        user = User.objects.create_user(f"{shop.organizer.slug}@example.org", "")
        team = Team.objects.create(organizer=shop.organizer, name="All", **dict.fromkeys(_RIGHTS, True))
        team.members.add(user)
        self._client.force_login(user)
        for name in ("settings", "problems", "resend"):
            self._seconds(event_url(idle_event, name))
        core = reverse(
            "control:event.settings.widget", kwargs={"organizer": shop.organizer.slug, "event": idle_event.slug}
        )
        self._seconds(core)
        self._core = median(self._seconds(core) for _ in range(TURNS))

    def event_page(self, name: str) -> float:
        """Seconds for our part of a page: what it takes longer than a page of core."""
        return max(0.0, self._seconds(event_url(self._shop.event, name)) - self._core)

    def organizer_page(self) -> float:
        """As ``event_page``, for the page about all events."""
        return max(0.0, self._seconds(organizer_url(self._shop.organizer, "organizer.connections")) - self._core)

    def press(self, name: str, *buttons: str) -> float:
        """Seconds until a button of an event's page has answered, and the one that confirms it."""
        return self._seconds(event_url(self._shop.event, name), dict.fromkeys(buttons, "on"))

    def _seconds(self, url: str, data: dict[str, str] | None = None) -> float:
        ask: Callable = self._client.get if data is None else self._client.post
        started = time.perf_counter()
        answer = ask(url, data)
        took = time.perf_counter() - started
        if answer.status_code != (200 if data is None else 302):
            raise AssertionError(f"{url} answers {answer.status_code}, {answer.headers.get('location')}")
        return took
