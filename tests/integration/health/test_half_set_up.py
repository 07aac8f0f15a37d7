"""Connected, but nothing mapped; mapped, but not connected: nothing is sent, and both events say so."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.mappings.copying import copy_from, copy_mappings
from pretix_hubspot.mappings.suggestions import apply_suggestion
from pretix_hubspot.models import ObjectMapping, OrderState
from pretix_hubspot.sync.joining import leave
from pretix_hubspot.sync.queue import scope
from pretix_hubspot.values.fingerprint import fingerprint
from tests.integration.health.conftest import browser, make_user
from tests.integration.health.test_numbers import counts
from tests.interruptions import LOCKS_EVENTS

PAGE = "/control/event/ada/conf/hubspot/"
DASHBOARD = "/control/event/ada/conf/"


@pytest.fixture
def unmapped(story):
    """The story's event before anybody mapped anything, with three orders."""
    ObjectMapping.objects.all().delete()
    for code in ("A1", "A2", "A3"):
        story.order(code)
    story.sync()
    return story


def deals(story):
    return sorted(deal["dealname"] for deal in story.world()["deals"])


def test_orders_without_a_mapping_are_not_in_sync(unmapped, client):
    assert counts(unmapped.event) == {"excluded: no_mappings": 3}
    assert "no object mappings yet" in client.get("/control/event/ada/conf/orders/A1/").content.decode()


def test_the_settings_page_says_that_nothing_is_sent(unmapped, client):
    page = client.get(PAGE).content.decode()
    assert "Nothing is sent to HubSpot: this event has no object mappings yet." in page
    assert "3 orders wait for it" in page

    unmapped.add_mapping(unmapped.event, "Order", "deals", ("", ""), ())
    page = client.get(PAGE).content.decode()
    assert "Nothing is sent to HubSpot: none of the object mappings has an identifier yet." in page

    unmapped.add_mappings(unmapped.event)
    assert "Nothing is sent" not in client.get(PAGE).content.decode()


def test_they_go_when_the_first_mapping_comes(unmapped):
    unmapped.add_mappings(unmapped.event)
    assert counts(unmapped.event) == {"waiting": 3}
    unmapped.sync()
    assert deals(unmapped) == ["CONF-A1", "CONF-A2", "CONF-A3"]
    assert counts(unmapped.event) == {"in_sync": 3}


def test_they_go_when_a_mapping_gets_its_identifier(unmapped):
    mapping = unmapped.add_mapping(unmapped.event, "Order", "contacts", ("", ""), ())
    assert counts(unmapped.event) == {"excluded: no_mappings": 3}
    mapping.pretix_id_field, mapping.external_id_field = "email", "email"
    mapping.save()
    assert counts(unmapped.event) == {"waiting": 3}


@pytest.mark.parametrize("way", ["suggestion", "copy"])
def test_they_go_however_the_first_mapping_comes(unmapped, way):
    if way == "suggestion":
        apply_suggestion(unmapped.joined)
    else:
        party = unmapped.add_event("party")
        unmapped.add_mappings(party)
        copy_from(party, unmapped.joined, None)
    unmapped.sync()
    assert deals(unmapped) == ["CONF-A1", "CONF-A2", "CONF-A3"]


def test_only_those_in_scope_go(unmapped):
    Order.objects.filter(code="A2").update(datetime=now() - timedelta(days=9))
    Order.objects.filter(code="A3").update(testmode=True)
    unmapped.add_mappings(unmapped.event)
    unmapped.sync()
    assert deals(unmapped) == ["CONF-A1"]
    assert counts(unmapped.event) == {"in_sync": 1, "not_in_scope": 1, "excluded: test_mode": 1}


def test_an_order_sent_by_hand_waits_for_the_first_mapping_too(story):
    ObjectMapping.objects.all().delete()
    order = story.order("A1", datetime=now() - timedelta(days=9), queue=False)
    story.queue(order, "user")
    story.sync()
    assert counts(story.event) == {"excluded: no_mappings": 1}
    story.add_mappings(story.event)
    story.sync()
    assert deals(story) == ["CONF-A1"]


def test_who_counted_as_sent_with_nothing_before_there_was_a_reason_goes_too(unmapped):
    portal_id = unmapped.connection.portal_id
    OrderState.objects.update(excluded_reason="", sent_hash=fingerprint([portal_id]), sent_at=now())
    assert counts(unmapped.event) == {"excluded: no_mappings": 3}
    unmapped.add_mappings(unmapped.event)
    unmapped.sync()
    assert deals(unmapped) == ["CONF-A1", "CONF-A2", "CONF-A3"]


def test_a_mapping_that_comes_while_a_worker_finds_none_is_not_overlooked(story, statements):
    ObjectMapping.objects.all().delete()
    story.order("A1")
    statements.before(LOCKS_EVENTS, lambda: story.add_mappings(story.event))

    story.sync()

    assert counts(story.event) == {"waiting": 1}
    assert not OrderSyncQueue.objects.filter(in_flight=True).exists()


def test_an_event_whose_last_mapping_was_deleted_claims_nothing(story):
    story.order("A1")
    story.sync()
    ObjectMapping.objects.all().delete()
    assert counts(story.event) == {"excluded: no_mappings": 1}


def test_another_events_mappings_are_no_mappings(unmapped):
    party = unmapped.add_event("party")
    unmapped.join(party)
    unmapped.add_mappings(party)
    assert counts(unmapped.event) == {"excluded: no_mappings": 3}
    assert set(scope.mapped().values_list("event__slug", flat=True)) == {"party"}


@pytest.fixture
def copied(story):
    """Next year's event, as pretix copies it: the mappings come along, the connection does not."""
    party = story.add_event("party")
    party.date_from = now() + timedelta(days=365)
    party.save()
    copy_mappings(story.event, party)
    return party


def test_a_copied_event_says_that_it_is_not_connected(copied, client):
    sentence = "This event has 3 object mappings for HubSpot, but it is not connected: nothing is sent."
    assert sentence in client.get("/control/event/ada/party/").content.decode()
    assert sentence not in client.get(DASHBOARD).content.decode()
    page = client.get("/control/event/ada/party/hubspot/").content.decode()
    assert "It has 3 object mappings already, but nothing is sent before it is connected." in page


def test_it_says_nothing_to_people_who_cannot_help_nor_after_a_decision_nor_when_it_is_over(story, copied, client):
    onlooker = browser(make_user(story, "onlooker", ("event.orders:read",)))
    assert "not connected" not in onlooker.get("/control/event/ada/party/").content.decode()

    story.join(copied)
    leave(copied, None)
    assert "not connected" not in client.get("/control/event/ada/party/").content.decode()

    gone = story.add_event("gone")
    copy_mappings(story.event, gone)
    gone.date_from = now() - timedelta(days=3)
    gone.save()
    assert "not connected" not in client.get("/control/event/ada/gone/").content.decode()
