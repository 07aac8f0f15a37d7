import pytest
from django_scopes import scopes_disabled
from hierarkey.proxy import dirty_cache_keys
from pretix.base.models import Team
from rest_framework.test import APIClient

from hubspot_simulator import Property, Simulator
from pretix_hubspot import tasks

from .story import KEY, Story


@pytest.fixture
def simulator():
    return Simulator(rate_limit=None, property_lag_ms=0)


@pytest.fixture
def served(simulator, settings, monkeypatch):
    """The simulator on a loopback port, configured as the server's operator would configure HubSpot."""
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    with simulator.serve() as url:
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        yield simulator


@pytest.fixture(autouse=True)
def impatient(fake_clock):
    """Waits take no time, so that failures can be tested by the hundred."""


@pytest.fixture
def field_names_are_kept(fake_clock):
    """For tests that count queries: however slow this machine is, the fields of an event are collected once."""
    fake_clock.stop()


@pytest.fixture
def story(db, served):
    key = Property(KEY, "pretix order key", "string", "text", "dealinformation", unique=True)
    served.portal.schema.create("deals", key)
    with scopes_disabled():
        story = Story(served)
        dirty_cache_keys.set(set())  # as after a commit; else each look at a setting would be a query
        yield story


@pytest.fixture
def period(story, django_capture_on_commit_callbacks):
    """``period()``: pretix's periodic task, and the workers that it calls."""

    def period():
        with django_capture_on_commit_callbacks(execute=True):
            tasks.run_periodic.apply_async()

    return period


@pytest.fixture
def api(story):
    """A client of pretix's API with all permissions of the organizer."""
    rights = {"all_events": True, "all_event_permissions": True, "all_organizer_permissions": True}
    team = Team.objects.create(organizer=story.organizer, name="api", **rights)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {team.tokens.create(name='token').token}")
    return client
