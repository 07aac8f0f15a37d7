"""What stands in the way of one event, one object type or one organizer is nobody else's problem."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models import Organizer
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Account, Property
from pretix_hubspot.catalog import last_failure
from pretix_hubspot.connections.connecting import connect_oauth, connect_token
from pretix_hubspot.hubspot.data import Tokens
from pretix_hubspot.hubspot.errors import HubSpotError, RateLimited
from pretix_hubspot.models import CatalogEntry, Connection, OrderState
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue import outdated_orders

LINES = ["crm.objects.line_items.read", "crm.objects.line_items.write", "e-commerce"]


@pytest.fixture
def party(story):
    """A healthy event whose schema is stored; the story's own event gets a mapping to what the portal does not have."""
    party = story.add_event("party")
    story.add_mappings(party)
    story.join(party)
    story.order("P0", event=party)
    story.sync(party)
    story.add_mapping(story.event, "Order", "2-999999", ("order_key", "pretix_order_key"), ())
    return party


def failures(order):
    return [(f["mode"], f["code"], f["object_type"]) for f in OrderState.objects.get(order=order).problem or ()]


def waiting(order):
    return list(OrderSyncQueue.objects.filter(order=order).values_list("need_manual_retry", "failed_attempts"))


def test_an_unknown_object_type_of_one_event_fails_its_own_orders_only(story, party):
    concerned, innocent = story.order("A1"), story.order("P1", event=party)

    worker.work_through_queue(story.connection, seconds=30)

    assert (waiting(innocent), failures(innocent)) == ([], [])
    assert (waiting(concerned), failures(concerned)) == (
        [("config", 0)],
        [("config", "unknown_object_type", "2-999999")],
    )
    assert [deal["dealname"] for deal in story.world(deals=["dealname"])["deals"]] == [
        "CONF-A1",
        "PARTY-P0",
        "PARTY-P1",
    ]


@pytest.mark.parametrize("fault", ["server-error", "bad-gateway", "reset"])
def test_an_object_type_that_hubspot_cannot_tell_lets_its_own_orders_wait_only(story, party, fault):
    story.simulator.faults.add(fault, path="2-999999", times=None)
    concerned, innocent = story.order("A1"), story.order("P1", event=party)

    worker.work_through_queue(story.connection, seconds=30)

    assert (waiting(innocent), failures(innocent)) == ([], [])
    assert waiting(concerned) == [(None, 1)]
    assert Connection.objects.get().resting_until is None


def test_hubspot_is_not_asked_for_the_same_broken_schema_by_every_slice(story, party):
    def asked():
        return sum("2-999999" in request.path for request in story.simulator.requests)

    story.order("A1")
    worker.work_through_queue(story.connection, seconds=30)
    first = asked()

    story.order("A2")
    worker.work_through_queue(story.connection, seconds=30)

    assert (first, asked()) == (1, 1)


def test_a_portal_that_answers_nothing_rests_and_no_order_is_to_blame(story, party):
    story.simulator.faults.add("unavailable", times=None)
    order = story.order("A1")

    worker.work_through_queue(story.connection, seconds=30)

    assert waiting(order) == [(None, 0)]
    assert Connection.objects.get().resting_reason == "outage"


@pytest.fixture
def lines(story):
    """The story's event also sends a line item for each order, linked with the deal."""
    key = Property("pretix_order_key", "key", "string", "text", "lineiteminformation", unique=True)
    story.simulator.portal.schema.create("line_items", key)
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")
    lines = story.add_mapping(
        story.event,
        "Order",
        "line_items",
        ("order_key", "pretix_order_key"),
        [("event_order_code", "name", "overwrite")],
    )
    lines.association_mappings = [{"mapping": deal.pk}]
    lines.save()
    return lines


def grant(story, lost=()):
    scopes = story.simulator.auth.tokens[story.simulator.service_key].grant.scopes
    scopes[:] = [scope for scope in {*scopes, *LINES} if scope not in lost]


def world(story):
    """How many records of each kind there are."""
    portal = story.simulator.portal
    return {name: len(portal.store(name).live) for name in ("contacts", "deals", "line_items")}


@pytest.mark.parametrize("known", [True, False], ids=["schema-known", "schema-unknown"])
def test_a_lost_side_scope_leaves_contacts_and_deals_in_place(story, lines, known):
    """Once as a setting, not once for each order; whether it is noticed by a schema, by a record or not at all."""
    if known:
        story.order("A0")
        story.sync()
    grant(story, lost=LINES)
    before = world(story)

    for code in ("A1", "A2"):
        order = story.order(code)
        story.sync()
        assert (waiting(order), failures(order)) == ([], [])

    assert world(story) == {**before, "contacts": before["contacts"] + 2, "deals": before["deals"] + 2}
    [told] = last_failure.lacking(story.connection)
    assert (told["name"], set(told["scopes"]) & set(LINES) != set()) == ("line_items", True)
    refused = [r for r in story.simulator.requests if r.status == 403]
    assert len(refused) == 1, "who is refused asks once, and then leaves it for minutes"


def test_a_side_scope_that_comes_back_is_noticed_and_the_orders_are_offered(story, lines):
    story.order("A0")
    story.sync()
    grant(story, lost=LINES)
    story.order("A1")
    story.sync()
    grant(story)
    CatalogEntry.objects.filter(kind="lacking").update(fetched_at=now() - timedelta(minutes=11))

    story.order("A2")
    story.sync()

    assert last_failure.lacking(story.connection) == []
    assert world(story)["line_items"] == 2
    assert "A1" in set(outdated_orders.outdated(story.event).values_list("order__code", flat=True))
    story.send_again()
    worker.work_through_queue(story.connection, seconds=30)
    assert world(story)["line_items"] == 3


def test_connecting_again_with_the_scope_offers_the_orders_at_once(story, lines):
    grant(story, lost=LINES)
    order = story.order("A1")
    story.sync()

    connect_token(story.organizer, story.simulator.people.add_service_key()["key"], None)

    assert last_failure.lacking(story.connection) == []
    assert list(outdated_orders.outdated(story.event).values_list("order", flat=True)) == [order.pk]


def test_an_order_of_which_nothing_but_the_side_is_sent_fails_for_the_scope(story, lines):
    story.event.hubspot_object_mappings.exclude(pk=lines.pk).delete()
    grant(story, lost=LINES)

    order = story.order("A1")
    story.sync()

    assert failures(order) == [("config", "missing_scope", "line_items")]


def test_a_line_item_that_may_be_read_and_not_written_is_left_out_as_well(story, lines):
    grant(story, lost=["crm.objects.line_items.write", "e-commerce"])

    order = story.order("A1")
    story.sync()

    assert (waiting(order), failures(order)) == ([], [])
    assert [told["name"] for told in last_failure.lacking(story.connection)] == ["line_items"]


def test_a_used_up_portal_of_one_organizer_keeps_nobody_else_from_connecting(story, simulator):
    other = simulator.add_portal(Account(48_100_002))
    key = simulator.auth.add_service_key(other.id, "eu1")
    neighbour = Organizer.objects.create(name="Neighbour", slug="neighbour", plugins="pretix_hubspot")
    simulator.faults.add("daily", path="account-info", times=1)

    with pytest.raises(RateLimited):
        connect_token(story.organizer, simulator.service_key, None)

    assert connect_token(neighbour, key, None).portal_id == other.id


@pytest.mark.parametrize("fault", ["daily", "ten-secondly"])
def test_a_refused_authorization_keeps_no_other_from_being_checked(story, simulator, fault, monkeypatch):
    """The same for *Request access*."""
    granted = [Tokens(simulator.auth.add_service_key(simulator.portal.id, "eu1"), "refresh", 1800) for _ in "ab"]
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_ID", "app")
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_SECRET", "secret")
    simulator.faults.add("unavailable", path="introspect", times=None)
    simulator.faults.add(fault, path="account-info", times=1)

    with pytest.raises(HubSpotError):
        connect_oauth(story.organizer, granted[0], None)

    assert connect_oauth(story.organizer, granted[1], None).kind == "oauth"
