"""People who order again after somebody deleted or merged their contact: nothing about them has changed for us."""

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import OrderState, Run

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
    """Fails without ``Executor._find_again``: the new deal could not be linked, and somebody would have to retry."""
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
    """Fails without ``Executor._find_again``: HubSpot names the other id, so the link would never be confirmed."""
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
    assert stages == ["create", "associate", "read", "read", "associate"]
