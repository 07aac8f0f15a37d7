"""The organizer's pages name only events that the person may see, and count the rest."""

import pytest
from django.test import Client
from pretix.base.models import Team

from tests.integration.connections.conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

ORGANIZER = "/control/organizer/ada/hubspot/"
SEES = {"event.orders:read": True}


@pytest.fixture
def secret(story):
    """An event of somebody else with the same connection; its order waits longer than any other."""
    event = story.add_event("secret")
    event.name = "Secret merger party"
    event.save()
    story.join(event)
    story.order("S1", event=event)
    story.order("A1")
    return event


def browser(story, name, permissions, events):
    """Somebody who may change the organizer's settings, with these permissions in these events."""
    user = make_user(story.organizer, name, permissions, ORGANIZER_SETTINGS)
    team = Team.objects.get(name=name)
    team.all_events = False
    team.save()
    team.limit_events.set(events)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def limited(story, secret):
    """May change the organizer's settings, and one of its two events."""
    return browser(story, "limited", {**EVENT_SETTINGS, **SEES}, [story.event])


@pytest.fixture
def pages(story):
    return [
        ORGANIZER,
        f"{ORGANIZER}disconnect/{story.connection.pk}/",
        "/control/event/ada/conf/hubspot/disconnect/",
        "/control/event/ada/conf/hubspot/",
        "/control/event/ada/conf/hubspot/start/",
        "/control/event/ada/conf/hubspot/check/",
    ]


def html(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_core_does_not_name_them_either(limited):
    assert "Secret merger party" not in html(limited, "/control/organizer/ada/")
    assert limited.get("/control/event/ada/secret/").status_code == 404


def test_events_of_others_are_not_named(limited, pages):
    words = ("Secret merger party", "/secret/", ">S1<", "/S1/")

    assert {url: [word for word in words if word in html(limited, url)] for url in pages} == {url: [] for url in pages}


def test_they_are_counted_where_they_would_stand(limited, pages):
    for url in pages[:3]:
        page = html(limited, url)
        assert "Conference" in page
        assert "One event that you do not have access to" in page


def test_whoever_sees_all_events_reads_all_names(story, secret, pages):
    client = browser(story, "boss", {**EVENT_SETTINGS, **SEES}, [story.event, secret])

    for url in pages[:3]:
        page = html(client, url)
        assert "Secret merger party" in page and "do not have access" not in page
    assert ">S1</a>" in html(client, ORGANIZER), "the oldest waiting order"


def test_the_oldest_waiting_order_is_one_that_the_person_may_see(story, secret, limited):
    blind = browser(story, "blind", EVENT_SETTINGS, [story.event, secret])

    assert ">A1</a>" in html(limited, ORGANIZER)
    assert "Oldest waiting order" not in html(blind, ORGANIZER)


def test_a_name_is_a_link_only_where_the_settings_may_be_changed(story, secret):
    client = browser(story, "viewer", {"event.vouchers:read": True}, [story.event])

    page = html(client, ORGANIZER)

    assert "Conference" in page
    assert "/control/event/ada/conf/hubspot/" not in page


def test_nobody_is_named_where_all_events_are_others(story, secret):
    client = browser(story, "nobody", {}, [])

    page = html(client, ORGANIZER)

    assert "2 events that you do not have access to" in page
    assert "Conference</" not in page and "No event uses this connection yet" not in page
    assert "Pause the transfer of all events" in page
