"""Who may change one event and its orders is no reader of the organizer's whole CRM."""

import pytest
from django.test import Client
from pretix.base.models import Team

from hubspot_simulator import Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.models import KnownRecord
from tests.integration.connections.conftest import EVENT_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

ORDERS = {"event.orders:read": True, "event.orders:write": True}
BASE = "/control/event/ada/small/hubspot/"
UNSAID = "No order of this event has been sent to this record yet"


@pytest.fixture
def small(story):
    """An event that was never connected."""
    return story.add_event("small")


@pytest.fixture
def helper(story, small):
    """May change this event and its orders, and nothing else of the organizer."""
    user = make_user(story.organizer, "helper", {**EVENT_SETTINGS, **ORDERS})
    team = Team.objects.get(name="helper")
    team.all_events = False
    team.save()
    team.limit_events.add(small)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss(story):
    """A contact of the conference, with a property that only HubSpot fills."""
    portal = story.simulator.portal
    portal.schema.create("contacts", Property("salary", "Salary", "string", "text", "contactinformation"))
    story.order("X1", email="boss@example.com")
    story.sync()
    found = portal.find("contacts", "email", "boss@example.com")
    story.edit(found, salary="98765")
    Catalog(story.connection).refresh(["contacts"])
    return found


def look(story, helper, small, row, **values):
    """What the helper sees of an order with the boss' address, and a field mapped to the property of interest."""
    helper.post(BASE + "join/", {"connection": story.connection.pk})
    story.order("MINE1", email="boss@example.com", event=small, testmode=True, queue=False, **values)
    mapping = story.add_mapping(small, "Order", "contacts", ("email", "email"), [row])
    return page(helper), mapping


def page(helper):
    response = helper.post(BASE + "preview/", {"code": "MINE1"})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("mode", ["overwrite", "if_new", "if_empty", "append"])
def test_a_helper_of_one_event_cannot_read_a_stranger_in_the_crm(story, small, helper, boss, mode):
    html, _mapping = look(story, helper, small, ("order_code", "salary", mode))

    assert "98765" not in html
    assert UNSAID in html and "exists already" in html
    assert "MINE1" in html, "what pretix has is shown"


@pytest.mark.parametrize("mode", ["overwrite", "if_new", "if_empty", "append"])
@pytest.mark.parametrize("salary", ["", "MINE1", "98765"])
def test_nor_guess_by_what_would_happen(story, small, helper, boss, mode, salary):
    story.edit(boss, salary="")
    empty, mapping = look(story, helper, small, ("order_code", "salary", mode))
    story.edit(boss, salary=salary)

    assert without_token(page(helper)) == without_token(empty)


def without_token(html):
    return html.partition("<h3>")[2].partition("csrfmiddlewaretoken")[0]


def test_that_nobody_has_the_address_is_told(story, small, helper, boss):
    html, _mapping = look(story, helper, small, ("order_code", "salary", "overwrite"))
    small.orders.update(email="nobody@example.com")

    assert UNSAID in html
    assert "will be created" in page(helper)


def test_once_an_order_of_the_event_was_sent_there_the_record_is_shown(story, small, helper, boss):
    look(story, helper, small, ("order_code", "salary", "if_empty"))
    story.queue(small.orders.get(), "user")
    story.sync(small)

    html = page(helper)

    assert "98765" in html and UNSAID not in html


def test_what_was_sent_to_another_portal_is_no_link(story, small, helper, boss):
    look(story, helper, small, ("order_code", "salary", "if_empty"))
    story.queue(small.orders.get(), "user")
    story.sync(small)
    KnownRecord.objects.update(portal_id=1)

    assert "98765" not in page(helper)
