"""After *Disconnect* nothing more is written, and a disabled plugin uses no key; but it can still be disconnected."""

import threading

import pytest
import requests
from django.test import Client

from pretix_hubspot import tasks
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.hubspot.errors import TokenRevoked
from pretix_hubspot.models import Connection
from tests.integration.connections.conftest import ORGANIZER_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures


@pytest.fixture(autouse=True)
def no_scopes(no_scope):
    """Pages lift scopes by themselves; tests look at everything."""


@pytest.fixture
def during(before_request, monkeypatch):
    """Does something in the middle of a slice: before so many further requests, when none is on its way."""
    send, started, ended = requests.Session.send, [], []

    def counted(*arguments, **options):
        started.append(1)
        try:
            return send(*arguments, **options)
        finally:
            ended.append(1)

    def install(number, action):
        def act():
            while len(started) > len(ended):
                threading.Event().wait(0.01)  # whatever the clock says
            action()

        before_request(".", act, after=number)

    monkeypatch.setattr(requests.Session, "send", counted)
    return install


def disable(story):
    story.organizer.plugins = ""
    story.organizer.save()


ENDS = {
    "disconnect": lambda story: disconnect(Connection.objects.get(), None),
    "disable": disable,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_slice_on_its_way_writes_nothing_more(story, during, end, number):
    for code in ("A1", "A2"):
        story.order(code, attendees=[(f"{code}@example.org", "Ada", code)])
    Catalog(story.connection).refresh(["contacts", "deals"])
    kept = {}

    def ended():
        end(story)
        kept["requests"], kept["world"] = story.simulator.requests.total, story.world()

    during(number, ended)

    story.sync()

    assert story.world() == kept["world"]
    assert story.simulator.requests.total == kept["requests"]


def test_its_orders_wait_and_go_when_somebody_connects_again(story, during):
    story.order("A1")
    during(1, lambda: disconnect(Connection.objects.get(), None))
    story.sync()
    assert story.world()["deals"] == []

    connect_token(story.organizer, story.simulator.service_key, None)
    story.sync()

    assert len(story.world()["deals"]) == 1


def test_a_disabled_plugin_uses_no_key(story):
    disable(story)
    before = story.simulator.requests.total

    with pytest.raises(TokenRevoked):
        client_for(story.connection).account()
    tasks.renew_catalog.apply(args=(story.connection.pk,))
    tasks.drain.apply(args=(story.connection.pk,))

    assert story.simulator.requests.total == before
    assert Connection.objects.get().status == Connection.Status.ACTIVE


def test_the_organizers_page_of_a_disabled_plugin_can_still_disconnect(story):
    disable(story)
    browser = Client()
    browser.force_login(make_user(story.organizer, "manager", {}, ORGANIZER_SETTINGS))

    page = browser.get("/control/organizer/ada/hubspot/")
    asked = browser.get(f"/control/organizer/ada/hubspot/disconnect/{story.connection.pk}/")
    done = browser.post(f"/control/organizer/ada/hubspot/disconnect/{story.connection.pk}/", follow=True)

    assert (page.status_code, asked.status_code, done.status_code) == (200, 200, 200)
    html = page.content.decode()
    assert "The HubSpot plugin is disabled for this organizer" in html
    assert f"/hubspot/disconnect/{story.connection.pk}/" in html
    assert "connect/token/" not in html
    assert Connection.objects.get().status == Connection.Status.DISCONNECTED


def test_nothing_else_of_a_disabled_plugin_answers(story):
    disable(story)
    browser = Client()
    browser.force_login(make_user(story.organizer, "manager", {}, ORGANIZER_SETTINGS))

    for page in ("connect/token/", "connect/oauth/", f"pause/{story.connection.pk}/"):
        assert browser.post(f"/control/organizer/ada/hubspot/{page}").status_code == 404
    disconnect(Connection.objects.get(), None)
    assert browser.get("/control/organizer/ada/hubspot/").status_code == 404  # there is nothing left to do
