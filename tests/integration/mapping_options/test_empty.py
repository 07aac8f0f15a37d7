"""Overwrite where pretix has lost its value: HubSpot keeps its own, or loses it too, as the row says."""

import pytest

ROW = {"overwrite": "overwrite", "value_map": ""}
GIVEN = ROW | {"pretix_field": "attendee_name_given_name", "external_field": "firstname"}
FAMILY = ROW | {"pretix_field": "attendee_name_family_name", "external_field": "lastname"}


@pytest.fixture
def attendees(mappings):
    """Attendees whose given name is left alone; their family name comes from a row as it was before the choice."""
    mappings[1].property_mappings = [GIVEN | {"empty": "leave"}, FAMILY]
    mappings[1].save()
    return mappings[1]


@pytest.fixture
def shredded(story, attendees):
    """An order whose attendee was sent by name, and was shredded since, but for the address."""
    order = story.order(attendees=[("ada@example.org", "Ada", "Lovelace")])
    story.sync()
    position = order.positions.get()
    position.attendee_name_parts, position.attendee_name_cached = {"_shredded": True}, None
    position.save()
    return order


def names(story):
    contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
    return contact.get("firstname"), contact.get("lastname")


def test_a_row_that_leaves_alone_and_one_that_empties(story, shredded):
    story.queue(shredded)
    story.sync()

    assert names(story) == ("Ada", "")


def test_whoever_changes_the_choice_gets_what_the_choice_says(story, attendees, shredded):
    attendees.property_mappings = [GIVEN, FAMILY | {"empty": "leave"}]
    attendees.revision += 1
    attendees.save()

    story.queue(shredded)
    story.sync()

    assert names(story) == ("", "Lovelace")


def test_a_new_name_is_written_as_ever(story, shredded):
    position = shredded.positions.get()
    position.attendee_name_parts = {"_scheme": "given_family", "given_name": "Augusta", "family_name": "King"}
    position.save()

    story.queue(shredded)
    story.sync()

    assert names(story) == ("Augusta", "King")
