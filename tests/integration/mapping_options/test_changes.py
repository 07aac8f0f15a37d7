"""Canceled positions and replaced people: what becomes of the associations that pretix has made."""

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import suggestions
from pretix_hubspot.models import OrderState, RecordUse

ARCHIVES = "associations/.*/batch/archive"  # and "labels/archive" is none of it


@pytest.fixture
def order(story):
    order = story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    return order


def made():
    """The associations that are remembered."""
    return [association for use in RecordUse.objects.all() for association in use.associated]


def linked(story):
    return story.world()["deals"][0]["associations"]["contacts"]


def replace_attendee(story, order):
    order.positions.update(attendee_email="alan@example.org")
    story.queue(order)
    story.sync()


def cancel(story, order):
    order.positions.update(canceled=True)
    story.queue(order)
    story.sync()


def test_a_replaced_attendee_stays_linked_without_a_choice(story, order):
    replace_attendee(story, order)
    assert linked(story) == ["ada@example.org", "alan@example.org", "grace@example.org"]


def test_a_replaced_attendee_is_detached_on_request(story, order, mappings, choose):
    choose(mappings[1], replaced="detach")
    replace_attendee(story, order)
    assert linked(story) == ["ada@example.org", "alan@example.org"]
    assert len(made()) == 2
    story.simulator.requests.clear()
    story.queue(order, "user")
    story.sync()
    assert "grace@example.org" not in linked(story)
    assert len(story.world()["contacts"]) == 3, "nobody is deleted"


def test_a_changed_address_of_the_buyer(story, order, mappings, choose):
    choose(mappings[0], replaced="detach")
    order.email = "lovelace@example.org"
    order.save()
    story.queue(order)
    story.sync()
    assert linked(story) == ["grace@example.org", "lovelace@example.org"]


@pytest.mark.parametrize(
    "choice, left", [("leave", ["ada", "grace"]), ("detach", ["ada"]), ("update", ["ada", "grace"])]
)
def test_canceled_positions(story, order, mappings, choose, choice, left):
    choose(mappings[1], canceled=choice)
    order.positions.update(attendee_name_cached="", attendee_name_parts={"_scheme": "full", "full_name": "Nobody"})
    cancel(story, order)
    assert linked(story) == [f"{name}@example.org" for name in left]


def test_an_interrupted_transfer_detaches_later(story, order, mappings, choose):
    """The new association is made, the old one cannot be removed: the next attempt knows what is left."""
    choose(mappings[1], replaced="detach")
    story.simulator.faults.add("bad-request", path=ARCHIVES, times=None)

    replace_attendee(story, order)

    assert linked(story) == ["ada@example.org", "alan@example.org", "grace@example.org"]
    assert OrderState.objects.get().problem

    story.simulator.faults.clear()
    story.queue(order, "user")
    story.sync()

    assert linked(story) == ["ada@example.org", "alan@example.org"]
    assert not OrderState.objects.get().problem


def test_who_is_deleted_just_before_the_removal_is_no_reason_to_stop(story, order, mappings, choose, before_request):
    choose(mappings[1], replaced="detach")
    people = story.simulator.people
    before_request("associations archive", lambda: people.archive("contacts", find={"email": "grace@example.org"}))
    story.simulator.faults.add("bad-request", path=ARCHIVES, times=None)

    replace_attendee(story, order)

    assert [(p["mode"], p["code"]) for p in OrderState.objects.get().problem] == [("temporary", "record_vanished")]

    story.simulator.faults.clear()
    OrderSyncQueue.objects.update(not_before=now())
    story.sync()

    assert (OrderState.objects.get().problem, linked(story)) == (None, ["ada@example.org", "alan@example.org"])


def test_a_merged_contact_is_not_detached_from_itself(story, order, mappings, choose):
    """Its former id leads to what it became; fails without the look in ``Associations.remove``."""
    choose(mappings[1], replaced="detach")
    grace = story.simulator.portal.find("contacts", "email", "grace@example.org")
    story.merge(story.simulator.record("contacts", email="amazing@example.org"), grace)
    story.queue(order, "user")
    story.sync()
    assert linked(story) == ["ada@example.org", "amazing@example.org"]
    assert len(made()) == 2
    replace_attendee(story, order)
    assert linked(story) == ["ada@example.org", "alan@example.org"], "the new id is detached like any other"


def test_nothing_is_detached_while_hubspot_does_not_say_who_is_who(story, order, mappings, choose):
    choose(mappings[1], replaced="detach")
    grace = story.simulator.portal.find("contacts", "email", "grace@example.org")
    story.simulator.faults.add("drop-results", stage="read", path="/contacts/", body=f'"{grace.id}"', times=None)

    replace_attendee(story, order)

    assert linked(story) == ["ada@example.org", "alan@example.org", "grace@example.org"]
    assert OrderState.objects.get().problem[0]["mode"] == "temporary"

    story.simulator.faults.clear()
    story.queue(order)
    story.sync()
    assert linked(story) == ["ada@example.org", "alan@example.org"]


def test_with_the_suggestion_who_was_replaced_or_canceled_is_no_attendee_any_more(story):
    story.event.settings.attendee_emails_asked = True
    story.event.hubspot_object_mappings.all().delete()
    suggestions.apply_suggestion(story.joined, catalog=Catalog(story.connection))
    people = [("paul@example.org", "Paul", "Lee"), ("mia@example.org", "Mia", "Lee")]
    order = story.order("A1", email="buyer@example.org", attendees=people)
    story.sync()
    assert linked(story) == ["buyer@example.org", "mia@example.org", "paul@example.org"]

    order.positions.filter(attendee_email="paul@example.org").update(attendee_email="pia@example.org")
    order.all_positions.filter(attendee_email="mia@example.org").update(canceled=True)
    story.queue(order)
    story.sync()

    assert linked(story) == ["buyer@example.org", "pia@example.org"]
