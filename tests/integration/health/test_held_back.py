"""Paused, or in test mode: nothing fails and nothing arrives, and both the event's pages say so."""

import pytest
from django.utils.timezone import now

from pretix_hubspot.connections.pausing import pause_connection, pause_event
from pretix_hubspot.models import EventConnection, ObjectMapping
from tests.integration.health.conftest import browser, make_user

PAGE = "/control/event/ada/conf/hubspot/"
DASHBOARD = "/control/event/ada/conf/"
TEST_MODE = "This event is in test mode: test orders are not sent to HubSpot."


@pytest.fixture
def testing(story):
    story.event.testmode = True
    story.event.save()
    return story


def text(client, page):
    return " ".join(client.get(page).content.decode().split())


def test_nothing_is_said_where_orders_are_sent(story, client):
    assert TEST_MODE not in text(client, PAGE) + text(client, DASHBOARD)
    assert "paused" not in text(client, DASHBOARD)


def test_test_mode_is_said_with_the_way_to_the_option(testing, client):
    for page in (PAGE, DASHBOARD, PAGE + "wizard/try/"):
        shown = text(client, page)
        assert TEST_MODE in shown, page
        assert f'href="{PAGE}#options"' in shown, page


def test_guided_setup_does_not_promise_what_test_mode_prevents(testing, client):
    page = text(client, PAGE + "wizard/try/")

    assert "They are sent by themselves once the event is no longer in test mode." in page
    assert "As soon as there are, they are sent by themselves." not in page


def test_nothing_is_said_where_test_orders_are_sent_too(testing, client):
    EventConnection.objects.update(send_test_orders=True)

    assert TEST_MODE not in text(client, PAGE) + text(client, DASHBOARD)


def test_the_dashboard_of_a_test_event_without_mappings_is_quiet(testing, client):
    ObjectMapping.objects.all().delete()

    assert TEST_MODE not in text(client, DASHBOARD)


@pytest.mark.parametrize("pause", ["event", "connection"])
def test_a_pause_cannot_be_overlooked(story, client, pause):
    story.order("A1")
    if pause == "event":
        pause_event(EventConnection.objects.get(), None)
    else:
        pause_connection(EventConnection.objects.get().connection, None)

    dashboard, page = text(client, DASHBOARD), text(client, PAGE)
    assert f"The transfer was paused on {now():%Y-%m-%d}" in dashboard
    assert "One order waits." in dashboard
    assert "Connected to HubSpot, but paused" in page
    assert "panel-success" not in page


def test_who_may_not_change_settings_sees_no_notice(story):
    pause_event(EventConnection.objects.get(), None)
    user = make_user(story, "clerk", ("event.orders:read",))

    assert "paused" not in text(browser(user), DASHBOARD)
