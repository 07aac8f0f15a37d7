"""What a person reads in HubSpot is what pretix says: days, percentages, durations, and lines of rich text."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from pretix.base.models import Question, QuestionAnswer

from hubspot_simulator import Property
from pretix_hubspot.catalog import refresh
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.lifecycle import refresh_account
from pretix_hubspot.mappings.editing import EditorSetup
from tests.integration.control.conftest import browser, make_user

RIGHTS = ("event.settings.general:write", "event.orders:read", "event.orders:write")


@pytest.fixture
def sent(story):
    """Sends an attendee's answer, or whatever a field reads, into a property; answers what is stored and seen."""

    def sent(field, kind, field_type, answer=None, **hints):
        definition = Property("here", "Here", kind, field_type, "contactinformation", hints=hints)
        story.simulator.portal.schema.create("contacts", definition)
        mapping = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
        row = {"pretix_field": field, "external_field": "here", "overwrite": "overwrite", "value_map": ""}
        mapping.property_mappings = [*mapping.property_mappings, row]
        mapping.save()
        order = story.order("A1", attendees=[("ada@example.org", "Ada", "L")])
        order.positions.update(tax_rate=Decimal("19.00"))
        if answer is not None:
            question = story.event.questions.get()
            QuestionAnswer.objects.create(question=question, orderposition=order.positions.get(), answer=answer)
        story.sync()
        contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
        return contact.get("here"), story.simulator.shown(contact, "here")

    return sent


def ask(story, kind):
    story.event.questions.create(question="?", identifier="Q", type=kind)


@pytest.mark.parametrize(
    ("portal", "event", "stored"),
    [
        ("America/New_York", "America/New_York", "2027-07-04T16:00:00Z"),
        ("Europe/Berlin", "America/New_York", "2027-07-04T10:00:00Z"),
        ("America/New_York", "Europe/Berlin", "2027-07-04T16:00:00Z"),
        ("Pacific/Auckland", "Europe/Berlin", "2027-07-04T00:00:00Z"),
    ],
)
def test_a_day_is_that_day_in_the_portal(story, sent, portal, event, stored):
    story.simulator.portal.account.time_zone = portal
    refresh_account(story.connection)
    story.event.settings.timezone = event
    ask(story, Question.TYPE_DATE)

    assert sent("question_Q", "datetime", "date", "2027-07-04") == (stored, "2027-07-04 12:00")


def test_a_day_survives_a_portal_whose_clock_nobody_knows(story, sent):
    story.connection.account["time_zone"] = "Mars/Olympus_Mons"
    story.connection.save()
    ask(story, Question.TYPE_DATE)

    assert sent("question_Q", "datetime", "date", "2027-07-04") == ("2027-07-04T12:00:00Z", "2027-07-04 14:00")


def test_a_moment_is_the_day_of_the_event(story, sent):
    ask(story, Question.TYPE_DATETIME)

    assert sent("question_Q", "date", "date", "2027-07-03T23:30:00+00:00") == ("2027-07-04", "2027-07-04")


def test_a_tax_rate_is_a_percentage(story, sent):
    shown = sent("ticket_tax_rate", "number", "number", numberDisplayHint="percentage")

    assert shown == ("0.19", "19%")


def test_a_portal_that_keeps_whole_percentages(story, sent, monkeypatch):
    monkeypatch.setenv("PRETIX_HUBSPOT_PERCENTAGES", "whole")
    story.simulator.switches.change(percentages="whole")

    assert sent("ticket_tax_rate", "number", "number", numberDisplayHint="percentage") == ("19", "19%")


def test_a_tax_rate_is_a_number(story, sent):
    assert sent("ticket_tax_rate", "number", "number") == ("19", "19")


def test_a_time_is_a_duration(story, sent):
    ask(story, Question.TYPE_TIME)

    shown = sent("question_Q", "number", "number", "01:30:00", numberDisplayHint="duration")

    assert shown == ("5400000", "1 h 30 min")


def test_rich_text_keeps_its_lines(story, sent):
    ask(story, Question.TYPE_TEXT)

    assert sent("question_Q", "string", "html", "a < b\r\nc") == ("a &lt; b<br>c", "a < b\nc")


# ---- what was left out is told on the page of the order and in the preview


@pytest.fixture
def boss(story):
    return browser(make_user(story.organizer, "boss", **dict.fromkeys(RIGHTS, True)))


def test_an_amount_that_was_left_out_is_told(story, boss):
    story.event.currency = "JPY"
    story.event.save()
    story.order("A1")
    story.sync()

    page = boss.get("/control/event/ada/conf/orders/A1/").content.decode()
    preview = boss.post("/control/event/ada/conf/hubspot/preview/", {"code": "A1"}).content.decode()

    assert "without Amount in JPY" in page
    assert "does not use the currency JPY" in page
    assert "does not use the currency JPY" in preview


def test_after_an_upgrade_stored_properties_are_read_again(story, sent):
    """What was stored before says nothing of percentages."""
    sent("ticket_tax_rate", "number", "number", numberDisplayHint="percentage")
    for entry in story.connection.catalog_entries.filter(kind="properties"):
        entry.data = [{k: v for k, v in data.items() if k != "number_display_hint"} for data in entry.data]
        entry.save()
    assert refresh.outdated() == []

    import_module("pretix_hubspot.migrations.0004_read_properties_again").read_again(apps, None)
    assert refresh.outdated() == [story.connection.pk]
    story.connection.refresh_from_db()
    refresh.renew(story.connection)

    assert Catalog(story.connection).properties("contacts")["here"].number_display_hint == "percentage"
    assert refresh.outdated() == []


@pytest.mark.parametrize(
    ("hint", "news"),
    [
        ("percentage", "19 is sent as 0.19, and HubSpot shows 19 %."),
        ("duration", "1:30 is sent as 5400000, and HubSpot shows 1:30:00."),
        ("formatted", ""),
    ],
)
def test_the_editor_shows_a_number_as_hubspot_will(story, sent, hint, news):
    sent("ticket_tax_rate", "number", "number", numberDisplayHint=hint)
    mapping = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")

    assert (EditorSetup(mapping, Catalog(story.connection)).news("here") or "") == news
