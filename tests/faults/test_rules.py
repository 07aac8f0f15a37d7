"""Rules of the account, and scopes of a side that were lost, at every stage that they strike.

While they last, what they do not concern arrives, and people are told once; afterwards everything is as it should be.
"""

from dataclasses import dataclass

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Property
from pretix_hubspot.catalog import last_failure
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import Connection, OrderState
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue import campaigns
from tests.counting import every_order_counts_once
from tests.integration.sync.story import KEY

from .conftest import expected, later, orders, settle

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

READ, WRITE = "crm.objects.line_items.read", "crm.objects.line_items.write"
EITHER = ["e-commerce"]


@pytest.fixture(autouse=True)
def enforcing(monkeypatch, our_own):
    """The version of HubSpot's API that enforces what forms ask for."""
    monkeypatch.setenv("PRETIX_HUBSPOT_API_VERSION", "2026-09")


def change(story, mine):
    """Something else is to be sent of these orders."""
    for order in mine:
        order.total = 55
        order.save()
        story.queue(order, "order_changed")


def refused_at(simulator):
    """The stages at which HubSpot refused something since the log was cleared."""
    return {request.stage for request in simulator.requests if request.status in (207, 400, 403)}


# Side scopes


@dataclass(frozen=True)
class Lost:
    """Scopes that are lost, and where that shows."""

    scopes: tuple
    stage: str
    story: str = "new"
    schema_known: bool = True

    def __str__(self):
        return f"{self.story}-{self.stage}{'' if self.schema_known else '-unknown'}"


LOST = [
    Lost((READ, WRITE, *EITHER), "schema", schema_known=False),
    Lost((READ, WRITE, *EITHER), "create"),
    Lost((WRITE, *EITHER), "create"),
    Lost((READ, WRITE, *EITHER), "read", "changed"),
    Lost((WRITE, *EITHER), "update", "changed"),
    Lost((WRITE, *EITHER), "associate", "linked"),
]


@pytest.fixture
def lines(story):
    key = Property(KEY, KEY, "string", "text", "lineiteminformation", unique=True)
    story.simulator.portal.schema.create("line_items", key)
    rows = [("event_order_code", "name", "overwrite"), ("order_total", "price", "overwrite")]
    return story.add_mapping(story.event, "Order", "line_items", ("order_key", KEY), rows)


def link(story, lines):
    """Line items are associated with the deal from now on."""
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")
    lines.association_mappings = [{"mapping": deal.pk}]
    lines.revision += 1
    lines.save()


@pytest.mark.parametrize("lost", LOST, ids=str)
def test_a_lost_side_scope_is_a_setting_at_every_stage(story, simulator, lines, lost):
    if lost.story != "linked":
        link(story, lines)
    if lost.schema_known:
        Catalog(story.connection).fetch("line_items")
    mine = orders(story, range(3))
    if lost.story != "new":
        story.sync()
    if lost.story == "linked":
        link(story, lines)
    amount = "100.0" if lost.story == "new" else "55.0"
    if lost.story != "new":
        change(story, mine)
    if lost.stage == "associate":
        lines.property_mappings = lines.property_mappings[:1]  # the records stay as they are, only links are missing
        lines.save()
        for order in mine:
            story.queue(order, "user")
    simulator.people.reduce_scopes(list(lost.scopes))
    simulator.requests.clear()

    story.sync()

    assert lost.stage in refused_at(simulator) or lost.stage == "update"
    assert not OrderSyncQueue.objects.exists(), "no order waits, and none has failed"
    assert not OrderState.objects.exclude(problem=None).exists()
    assert [told["name"] for told in last_failure.lacking(story.connection)] == ["line_items"]
    assert Connection.objects.get().resting_until is None
    assert story.world() == expected(range(3), amount)
    every_order_counts_once()

    key = simulator.people.add_service_key()["key"]
    connection = connect_token(story.organizer, key, None)
    campaigns.start(story.event, None)
    worker.work_through_queue(connection, seconds=10)

    found = story.world(line_items=["name", "price"], deals=["dealname"])["line_items"]
    assert [(line["name"], line.get("associations")) for line in found] == [
        (f"CONF-A00{n}", {"deals": [f"CONF-A00{n}"]}) for n in range(3)
    ]


# Rules


@dataclass(frozen=True)
class Rule:
    """What somebody sets in the account, how it is lifted again, and what it means for orders until then.

    Without a stage, the stored schema tells already what HubSpot would refuse.
    """

    name: str
    story: str
    stage: str | None
    code: str

    def __str__(self):
        return f"{self.name}-{self.story}-{self.stage}"


RULES = [
    Rule("required property", "new", "create", "MISSING_REQUIRED_PROPERTY"),
    Rule("property required by another", "new", "create", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"),
    Rule("property required by another", "changed", "update", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"),
    Rule("association limit", "new", "associate", "association_limit"),
    Rule("deleted stage", "new", None, "unknown_stage"),
    Rule("deleted stage", "changed", "update", "INVALID_OPTION"),
]


def set_rule(people, name):
    if name == "required property":
        people.require("deals", "description")
    elif name == "property required by another":
        people.require("deals", "description", when=["dealstage", "closedwon"])
    elif name == "association limit":
        people.limit_associations("deals", "contacts", 1)
    else:
        people.delete_stage("deals", "default", "closedwon")


def lift_rule(story, simulator, name):
    if name == "association limit":
        simulator.people.limit_associations("deals", "contacts", None)
    elif name == "deleted stage":
        stages = simulator.portal.pipelines.get("deals", "default").stages
        stages.append(simulator.lost_stage)
        Catalog(story.connection).refresh(["deals"])  # as *Refresh from HubSpot* and *Try again* do
    else:
        simulator.people.require("deals", "description", required=False)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_of_the_account_is_one_setting_at_every_stage(story, simulator, rule):
    paid = rule.name != "association limit" and rule.name != "required property"
    simulator.lost_stage = simulator.portal.pipelines.get_stage("deals", "default", "closedwon")
    mine = orders(story, range(3), status="p" if paid and rule.story == "new" else "n")
    if rule.story == "changed":
        story.sync()
        for order in mine:
            order.status = "p"
            order.save()
            story.queue(order, "order_paid")
    set_rule(simulator.people, rule.name)
    simulator.requests.clear()

    story.sync()

    assert rule.stage is None or rule.stage in refused_at(simulator)
    assert set(OrderSyncQueue.objects.values_list("need_manual_retry", flat=True)) == {"config"}
    assert [(cause.orders, cause.failure.code) for cause in causes(story.event)] == [(3, rule.code)]
    assert len(story.world()["contacts"]) == 6, "what the rule does not concern has arrived"
    every_order_counts_once()

    lift_rule(story, simulator, rule.name)
    OrderSyncQueue.objects.update(need_manual_retry=None)
    later()
    settle(story)

    world = expected(range(3))
    for deal in world["deals"]:
        deal["dealstage"] = "closedwon" if paid else "appointmentscheduled"
    assert story.world() == world


def test_a_required_association_needs_nobody(story, simulator):
    """The only rule that pretix meets by itself."""
    simulator.people.require_association("deals", "contacts")
    orders(story, range(3))

    story.sync()

    assert story.world() == expected(range(3))
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.parametrize("fault", ["bad-gateway", "reset", "ten-secondly", "timeout"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failure_between_the_refusal_and_the_second_try_doubles_nothing(story, simulator, fault, when, request):
    if fault == "timeout":
        request.getfixturevalue("short_timeouts")
    simulator.people.require_association("deals", "contacts")
    simulator.faults.add(fault, stage="create", path="/deals/", when=when, nth=2)
    orders(story, range(3))

    story.sync()
    settle(story)

    assert story.world() == expected(range(3))


def test_labels_that_cannot_be_read_let_the_orders_wait(story, simulator):
    """Without the numbers of the associations nothing can go along."""
    simulator.people.require_association("deals", "contacts")
    simulator.faults.add("server-error", path="/deals/contacts/labels", times=None)
    orders(story, range(2))

    story.sync()

    simulator.faults.clear()
    OrderSyncQueue.objects.update(need_manual_retry=None)
    later()
    settle(story)
    assert story.world() == expected(range(2))
