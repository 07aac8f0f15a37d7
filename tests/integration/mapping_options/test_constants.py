"""Constant texts on their way to HubSpot: every type that takes them, orders and positions, and a changed text."""

import pytest

from hubspot_simulator import Option, Property
from pretix_hubspot.failures.texts import describe
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.models import OrderState
from pretix_hubspot.values.rows import Refusal

OPTIONS = [Option("TRADE_SHOW", "Trade show", 0), Option("WEB", "Website", 1)]
KINDS = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "flag": ("bool", "booleancheckbox"),
    "one": ("enumeration", "select"),
    "many": ("enumeration", "checkbox"),
}


@pytest.fixture
def properties(story):
    options_of = {"enumeration": OPTIONS, "bool": [Option("true", "Yes"), Option("false", "No")]}
    for name, (kind, field_type) in KINDS.items():
        options = list(options_of.get(kind, []))
        story.simulator.portal.schema.create(
            "contacts", Property(f"c_{name}", f"My {name}", kind, field_type, "contactinformation", options=options)
        )


def constant(name, text, mode="overwrite"):
    return property_mapping("constant_text", f"c_{name}", mode) | {"text": text}


def save(mapping, *rows):
    mapping.property_mappings = list(rows)
    mapping.revision += 1
    mapping.save()


def contact(story, email):
    found = story.simulator.portal.find("contacts", "email", email)
    return {name: found.get(f"c_{name}") for name in KINDS if found.get(f"c_{name}")}


def test_every_type_for_orders_and_positions(story, mappings, properties):
    save(
        mappings[0],
        constant("text", "Summer Conference 2027"),
        constant("number", "12.5"),
        constant("date", "2027-06-30"),
        constant("flag", "yes"),
        constant("one", "trade show"),
        constant("many", "Website;TRADE_SHOW", "append"),
    )
    save(mappings[1], constant("text", "Attendee"), constant("many", "WEB", "append"))
    story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    assert contact(story, "ada@example.org") == {
        "text": "Summer Conference 2027",
        "number": "12.5",
        "date": "2027-06-30",
        "flag": "true",
        "one": "TRADE_SHOW",
        "many": "TRADE_SHOW;WEB",
    }
    assert contact(story, "grace@example.org") == {"text": "Attendee", "many": "WEB"}


def test_modes_hold_for_it(story, mappings, properties):
    save(mappings[0], constant("text", "First", "if_empty"), constant("many", "WEB", "append"))
    order = story.order("A1", email="ada@example.org")
    story.sync()
    record = story.simulator.portal.find("contacts", "email", "ada@example.org")
    story.edit(record, c_text="By hand", c_many="TRADE_SHOW")
    story.queue(order, "user")
    story.sync()
    assert contact(story, "ada@example.org") == {"text": "By hand", "many": "TRADE_SHOW;WEB"}


def test_a_changed_text_is_sent_to_orders_that_are_queued_again(story, mappings, properties):
    save(mappings[0], constant("text", "Old"))
    order = story.order("A1", email="ada@example.org")
    story.sync()
    save(mappings[0], constant("text", "New"))
    story.queue(order)
    story.sync()
    assert contact(story, "ada@example.org") == {"text": "New"}
    story.simulator.requests.clear()
    story.queue(order)
    story.sync()
    assert not story.simulator.requests.entries, "an unchanged text costs nothing"


def test_a_text_that_does_not_fit_is_a_fault_of_the_mapping(story, mappings, properties):
    save(mappings[0], constant("number", "abc"))
    story.order("A1", email="ada@example.org")
    story.sync()
    [problem] = OrderState.objects.get().problem
    assert (problem["mode"], problem["code"]) == ("config", "not_a_number")
    assert describe(Refusal(problem["code"], problem["params"])) == (
        "The HubSpot field “My number” only takes numbers, and the constant text is not a number."
    )


def test_an_identifier_cannot_be_constant(story, mappings):
    """However it came there: every order would be the same record."""
    mappings[0].pretix_id_field = "constant_text"
    mappings[0].save()
    story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    assert [found["email"] for found in story.world(contacts=["email"])["contacts"]] == ["grace@example.org"]
