"""Multiple checkboxes: an order adds its choice to the list that HubSpot holds, and says what the list is then."""

import re

import pytest

from hubspot_simulator import Option
from pretix_hubspot.models import ObjectMapping, RunEntry
from tests.integration.control.conftest import browser, make_user, page_of

OPTIONS = tuple(Option(value, value) for value in ("CONF-A1", "CONF-A2", "by hand", "vegan"))
ADA = "ada@example.org"


@pytest.fixture
def courses(story):
    story.add_property("contacts", "courses", "enumeration", "checkbox", options=OPTIONS)
    ObjectMapping.objects.all().delete()
    rows = (("event_order_code", "courses", "append"),)
    story.add_mapping(story.event, "Order", "contacts", ("email", "email"), rows)
    story.joined.log_values = True
    story.joined.save()
    return lambda: story.simulator.portal.find("contacts", "email", ADA).get("courses")


def test_a_choice_that_somebody_ticks_in_the_same_moment_stays(story, courses, before_request):
    record = story.simulator.record("contacts", email=ADA, courses="vegan")
    story.order("A1", email=ADA)
    before_request("batch update", lambda: story.edit(record, courses="vegan;by hand"))
    story.sync()
    assert set(courses().split(";")) == {"vegan", "by hand", "CONF-A1"}


def test_the_log_tells_the_whole_list(story, courses):
    for code in ("A1", "A2"):
        story.order(code, email=ADA)
        story.sync()
    logged = [entry.records[0]["values"] for entry in RunEntry.objects.order_by("pk")]
    assert logged[0]["courses"] == "CONF-A1"
    assert [set(logged[1]["courses"].split(";")), courses()] == [{"CONF-A1", "CONF-A2"}, logged[1]["courses"]]


def test_so_does_the_preview(story, courses):
    story.order("A1", email=ADA)
    story.sync()
    order = story.order("A2", email=ADA, queue=False)
    story.queue(order)
    boss = browser(
        make_user(
            story.organizer,
            "boss",
            **{f"event.{right}": True for right in ("settings.general:write", "orders:read", "orders:write")},
        )
    )
    html = page_of(boss.post("/control/event/ada/conf/hubspot/preview/", {"code": "A2"}))
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).count("CONF-A1;CONF-A2") == 1
    assert courses() == "CONF-A1"
