"""People who order again after somebody deleted or merged their contact: nothing about them has changed for us."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import OrderState, Run
from pretix_hubspot.sync.send.associations import Associations

from .story import KEY

ADA = ("ada@example.org", "Ada", "Lovelace")


@pytest.fixture
def ada(story):
    """Her contact, after her first order arrived."""
    story.order("A1", email="", attendees=[ADA])
    story.sync()
    return story.simulator.portal.find("contacts", "email", "ada@example.org")


def order_again(story):
    story.order("A2", email="", attendees=[ADA])
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.filter(problem__isnull=True).exclude(sent_hash="").count() == 2
    return story.world(contacts=["email", "firstname", "lastname"], deals=[KEY])


def test_a_deleted_contact_is_made_again(story, ada):
    """Fails without ``Sender._reread_unlinked``: the new deal could not be linked, and somebody would have to retry."""
    story.archive(ada)
    assert order_again(story) == {
        "contacts": [
            {
                "email": "ada@example.org",
                "firstname": "Ada",
                "lastname": "Lovelace",
                "associations": {"deals": ["ADA/CONF/A2"]},
            }
        ],
        "deals": [
            {KEY: "ADA/CONF/A1"},
            {KEY: "ADA/CONF/A2", "associations": {"contacts": ["ada@example.org"]}},
        ],
    }
    run = Run.objects.first()
    assert (run.created, run.updated) == (2, 0), "the deal, and the contact"


def test_a_merged_contact_is_followed(story, ada):
    """Fails without ``Sender._reread_unlinked``: HubSpot names the other id, so the link would never be confirmed."""
    other = story.simulator.record("contacts", email="countess@example.org", firstname="Augusta", lastname="King")
    story.merge(other, ada)
    assert order_again(story) == {
        "contacts": [
            {
                "email": "countess@example.org",
                "firstname": "Augusta",
                "lastname": "King",
                "associations": {"deals": ["ADA/CONF/A1", "ADA/CONF/A2"]},
            }
        ],
        "deals": [
            {KEY: "ADA/CONF/A1", "associations": {"contacts": ["countess@example.org"]}},
            {KEY: "ADA/CONF/A2", "associations": {"contacts": ["countess@example.org"]}},
        ],
    }


def test_what_cannot_be_linked_is_looked_for_once(story, ada):
    story.simulator.faults.add("bad-request", stage="associate", times=None)
    story.order("A2", email="", attendees=[ADA])
    story.simulator.requests.clear()
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == "permanent"
    stages = [request.stage for request in story.simulator.requests]
    assert stages == ["create", "associate", "read", "read", "associate", "read", "read"]


def test_a_contact_deleted_again_and_again_heals_without_a_person(story, ada, before_request):
    """Fails without ``Associations.mark_vanished``: the order waits for somebody to retry."""
    people = story.simulator.people
    delete = lambda: people.archive("contacts", find={"email": "ada@example.org"})  # noqa: E731
    before_request("associations create", delete, times=2)
    order = story.order("A2", email="", attendees=[ADA])
    story.sync()
    [row] = OrderSyncQueue.objects.all()
    assert (row.need_manual_retry, row.failed_attempts) == (None, 1)
    [problem] = OrderState.objects.get(order=order).problem
    assert (problem["mode"], problem["code"]) == ("temporary", "record_vanished")

    OrderSyncQueue.objects.update(not_before=now() - timedelta(seconds=1))
    story.simulator.requests.clear()
    story.sync()
    assert [request.stage for request in story.simulator.requests][:2] == ["read", "read"], "it looks before it writes"
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get(order=order).problem is None
    [deal] = [deal for deal in story.world()["deals"] if deal[KEY] == "ADA/CONF/A2"]
    assert deal["associations"] == {"contacts": ["ada@example.org"]}
    assert len(story.world()["contacts"]) == 1


LOOKS = {
    "both there": (lambda found: found, "permanent"),
    "merged": (lambda found: dict.fromkeys(found, "4711"), None),
    "left out": (lambda found: dict.fromkeys(found), None),
    "gone": (lambda found: dict.fromkeys(found, errors.NotFound()), None),
    "no answer": (lambda found: dict.fromkeys(found, errors.ReadTimeout()), None),
}


@pytest.mark.parametrize(("look", "word"), LOOKS.values(), ids=LOOKS)
def test_a_refused_association_is_final_only_if_both_records_are_there(story, ada, monkeypatch, look, word):
    look_up = Associations.look_up
    monkeypatch.setattr(Associations, "look_up", lambda associations, places: look(look_up(associations, places)))
    story.simulator.faults.add("bad-request", stage="associate", times=None)
    story.order("A2", email="", attendees=[ADA])
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == word
