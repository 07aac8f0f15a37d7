"""An event manager who may not connect asks those who may."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils.timezone import now
from freezegun import freeze_time
from pretix.base.models import LogEntry, Organizer

from pretix_hubspot.connections.access_request import ASKED, ask, people_to_ask
from pretix_hubspot.connections.connecting import connect_token

from .conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, browser, make_event, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_scope")]
PAGE = "/control/event/acme/conf/hubspot/"


@pytest.fixture
def asking(event, manager, helper):
    return browser(helper)


def clicked(client):
    response = client.post(PAGE + "connect/ask/", follow=True)
    return [str(message) for message in response.context["messages"]]


def test_one_click_asks_everybody_who_may_connect(
    asking, organizer, manager, helper, django_capture_on_commit_callbacks
):
    boss = make_user(organizer, "boss", {}, ORGANIZER_SETTINGS)
    gone = make_user(organizer, "gone", {}, ORGANIZER_SETTINGS)
    gone.is_active = False
    gone.save()
    assert "Ask for the connection" in asking.get(PAGE).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        assert clicked(asking) == ["2 people who may connect HubSpot have been asked by email."]
    assert sorted(message.to[0] for message in mail.outbox) == sorted([manager.email, boss.email])
    assert "asks you to connect" in mail.outbox[0].subject
    assert f"{PAGE}\n" in mail.outbox[0].body
    [entry] = LogEntry.objects.filter(action_type=ASKED)
    assert (entry.user, entry.display()) == (helper, "Somebody was asked to connect HubSpot.")


def test_nobody_is_asked_twice_a_day(asking, event, helper):
    clicked(asking)
    assert "were asked by email on" in " ".join(asking.get(PAGE).content.decode().split())
    assert clicked(asking) == ["Nobody has been asked: somebody did so within a day, or there is nobody to ask."]
    assert ask(make_event(event.organizer, "party"), helper) == 1, "another event"
    with freeze_time(now() + timedelta(days=1, minutes=1)):
        assert ask(event, helper) == 1


def test_who_may_connect_is_not_told_to_ask(event, manager):
    page = browser(manager).get(PAGE).content.decode()
    assert "Ask for the connection" not in page
    assert "Request access" in page


def test_with_a_connection_there_is_nothing_to_ask_for(asking, organizer, portal, manager):
    connect_token(organizer, portal.service_key, manager)
    page = asking.get(PAGE).content.decode()
    assert "Use this connection" in page


def test_people_of_other_organizers_are_nobody_to_ask(event, manager, other_people):
    assert list(people_to_ask(event.organizer)) == [manager]


@pytest.fixture
def other_people(db):
    other = Organizer.objects.create(name="Other", slug="other", plugins="pretix_hubspot")
    return make_user(other, "other", EVENT_SETTINGS, ORGANIZER_SETTINGS)
