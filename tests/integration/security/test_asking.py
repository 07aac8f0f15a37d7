"""Whoever clicks, and however often: people have HubSpot asked once a minute per connection and purpose."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from freezegun import freeze_time

from hubspot_simulator import Property
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.user_request_limit import may_ask
from pretix_hubspot.health.actions import retry
from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import CatalogEntry, Connection
from tests.integration.health.conftest import (  # noqa: F401  fixtures
    ORDERS,
    SETTINGS,
    browser,
    client,
    make_user,
    manager,
    no_scopes,
)
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures


@pytest.fixture
def people(story, client):
    """Two browsers and two events with one connection: (browser, address of the event's pages) each."""
    other = story.add_event("gala")
    story.join(other)
    story.add_mappings(other)
    second = browser(make_user(story, "second", (SETTINGS, *ORDERS)))
    return [(client, "/control/event/ada/conf/hubspot/"), (second, "/control/event/ada/gala/hubspot/")]


@pytest.fixture
def asked(story, people):
    """Clicks in turns, and counts what that made HubSpot answer; the catalogue is stored before."""
    for visitor, base in people:
        for mapping in mappings(base):
            visitor.get(f"{base}mapping/{mapping}/")

    def click(*pages, times=1):
        before = story.simulator.requests.total
        for _ in range(times):
            for visitor, base in people:
                for page in pages:
                    page(visitor, base)
        return story.simulator.requests.total - before

    return click


def mappings(base):
    from pretix_hubspot.models import ObjectMapping  # inline: pytest imports this file before Django is ready

    return list(ObjectMapping.objects.filter(event__slug=base.split("/")[4]).values_list("pk", flat=True))


def check(visitor, base):
    assert visitor.post(base + "check/").status_code == 200


def refresh(visitor, base):
    assert visitor.post(base + "catalog/refresh/").status_code == 302


def refresh_in_the_editor(visitor, base):
    for mapping in mappings(base):
        assert visitor.post(f"{base}mapping/{mapping}/refresh/").status_code == 302


def look_at_a_repair(visitor, base):
    for mapping in mappings(base):
        assert visitor.get(f"{base}mapping/{mapping}/", {"fix": "email"}).status_code == 200


PAGES = {
    "check": (check,),
    "refresh": (refresh, refresh_in_the_editor),
    "repair": (look_at_a_repair,),
}


@pytest.mark.parametrize("pages", PAGES.values(), ids=PAGES)
def test_many_clicks_cost_what_one_does(asked, people, pages):
    first = asked(*pages)

    assert 0 < first <= 20
    assert asked(*pages, times=5) == 0


@pytest.mark.parametrize("pages", PAGES.values(), ids=PAGES)
def test_a_minute_later_somebody_may_ask_again(asked, people, pages):
    first = asked(*pages)

    with freeze_time(now() + timedelta(seconds=61), tick=True):
        assert asked(*pages) == first
        assert asked(*pages) == 0


def test_trying_again_reads_what_hubspot_offers_once_a_minute(story, manager):
    story.add_mapping(story.event, "Order", "companies", ("order_key", "gone"), [])
    story.order("A1")
    story.sync()
    cause = causes(story.event)[0]
    assert cause.mode == "config"

    before = story.simulator.requests.total
    retry(story.joined, cause, manager)
    once = story.simulator.requests.total - before
    for _ in range(5):
        retry(story.joined, cause, manager)

    assert once > 0
    assert story.simulator.requests.total - before == once


def test_who_comes_too_early_is_told_and_sees_what_is_stored(story, client, people, asked):
    base = people[0][1]
    asked(refresh)

    page = client.post(base + "catalog/refresh/", follow=True).content.decode()

    assert "HubSpot was asked less than a minute ago." in page


def test_everything_stored_is_looked_at_so_that_the_next_one_needs_no_turn(story, client, people, asked):
    """Two mappings of different object types are opened to be repaired, one right after the other."""
    deals, contacts = (
        Property("level", "Level", "string", "text", "dealinformation"),
        Property("diet", "Diet", "string", "text", "contactinformation"),
    )
    story.simulator.portal.schema.create("deals", deals)
    story.simulator.portal.schema.create("contacts", contacts)

    pages = [client.get(f"{people[0][1]}mapping/{pk}/", {"fix": "x"}).content.decode() for pk in mappings(people[0][1])]

    assert ["Diet" in page for page in pages] == [True, True, False]
    assert ["Level" in page for page in pages] == [False, False, True]


def test_who_checks_twice_sees_the_report_again(client, people, asked):
    base = people[0][1]

    first = client.post(base + "check/")
    again = client.post(base + "check/")

    assert again.context["report"] == first.context["report"]
    assert (first.context["too_early"], bool(again.context["too_early"])) == ("", True)


def test_access_that_was_granted_anew_is_checked_at_once(story, client, people, asked, manager):
    base = people[0][1]
    story.connection.status = Connection.Status.REVOKED
    story.connection.save()
    before = client.post(base + "check/").context

    connect_token(story.organizer, story.simulator.service_key, manager)

    after = client.post(base + "check/").context
    words = [{r.check: r.status.word for r in context["report"].results} for context in (before, after)]
    assert [found["connection"] for found in words] == ["fail", "ok"]
    assert after["too_early"] == ""


def test_who_checks_another_event_sees_what_takes_no_question(people, asked):
    (one, first), (two, second) = people
    one.post(first + "check/")

    report = two.post(second + "check/").context["report"]

    words = {result.check: result.status.word for result in report.results}
    assert report.is_partial
    assert (words["connection"], words["token"], words["properties"]) == ("ok", "skipped", "skipped")


def test_only_one_of_those_who_come_together_may_ask(story):
    assert [may_ask(story.connection, "x") for _ in range(3)] == [True, False, False]
    CatalogEntry.objects.filter(kind="asked").update(fetched_at=now() + timedelta(hours=1))  # a clock was put back
    assert [may_ask(story.connection, "x") for _ in range(3)] == [True, False, False]
