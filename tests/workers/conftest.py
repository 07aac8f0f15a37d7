"""A portal process, a story in a real PostgreSQL database, and workers that are stopped whatever happens."""

import pytest
import redis
from django.db import connection as database
from django_scopes import scopes_disabled

from tests.counting import numbers_add_up  # noqa: F401  for every test
from tests.integration.sync.story import Story

from . import harness


@pytest.fixture
def portal(request, settings, monkeypatch):
    """``@pytest.mark.parametrize("portal", [options], indirect=True)`` passes command line options."""
    if database.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    redis.Redis.from_url(harness.REDIS).flushdb()
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    with harness.portal_process(*getattr(request, "param", ("--rate-limit", "off"))) as portal:
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", portal.url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", portal.url)
        yield portal


@pytest.fixture
def story(transactional_db, portal):
    with scopes_disabled():
        yield Story(portal)


@pytest.fixture
def workers(tmp_path, portal):
    """``workers(processes)`` starts a worker; its log must hold nothing personal, whatever the test does."""
    started = []

    def start(processes):
        made = harness.Workers(tmp_path, portal, processes)
        started.append(made)
        made.start()
        return made

    yield start
    for made in started:
        made.kill()
        assert not harness.PERSONAL.findall(made.log.read_text())
