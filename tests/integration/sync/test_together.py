"""Records that HubSpot takes only with an association, and other rules that somebody set in the account."""

from contextlib import closing

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Property
from hubspot_simulator.crm.objects.state import RecordStore
from hubspot_simulator.crm.schemas.state import _standard
from hubspot_simulator.seed.tools import common, prop, schema
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.failures.explanations import explain, where_to_fix
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import KnownRecord, OrderState
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sources.snapshot import CONSTANT
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.run.preview import preview

EVE = ("eve@example.org", "Eve", "L")
BOB = ("bob@example.org", "Bob", "B")


@pytest.fixture(autouse=True)
def enforcing(monkeypatch):
    """The version of HubSpot's API that enforces what the create form asks for."""
    monkeypatch.setenv("PRETIX_HUBSPOT_API_VERSION", "2026-09")


@pytest.fixture
def required(story):
    story.simulator.people.require_association("deals", "contacts")


def failures(order):
    return [Failure(**data) for data in OrderState.objects.get(order=order).problem or ()]


def codes(order):
    return [(failure.mode, failure.code, failure.object_type) for failure in failures(order)]


def deals(story):
    found = story.world(deals=["dealname"], contacts=["email"])["deals"]
    return {deal["dealname"]: deal.get("associations", {}).get("contacts", []) for deal in found}


def creates(story, object_type="deals"):
    """How many inputs each create of an object type carried."""
    return [r.inputs for r in story.simulator.requests if r.stage == "create" and r.object_type == object_type]


def test_a_deal_that_must_have_a_contact_from_the_start(story, required):
    order = story.order("A1", email="ada@example.org", attendees=[EVE])

    story.sync()

    assert codes(order) == []
    assert deals(story) == {"CONF-A1": ["ada@example.org", "eve@example.org"]}


def test_the_rule_is_learned_once_for_a_portal(story, required):
    for number in range(30):
        story.order(f"A{number:02}", attendees=[(f"a{number}@example.org", "A", "B")])
    story.sync()
    assert creates(story) == [30, 30]

    for number in range(30, 60):
        story.order(f"A{number:02}")
    story.sync()

    assert creates(story) == [30, 30, 30]
    assert len(deals(story)) == 60
    assert all(deals(story).values())


def test_two_events_in_one_slice(story, required):
    party = story.add_event("party")
    story.add_mappings(party)
    story.join(party)
    story.order("A1", email="ada@example.org")
    story.order("P1", email="ada@example.org", event=party)

    worker.work_through_queue(story.connection, seconds=30)

    assert deals(story) == {"CONF-A1": ["ada@example.org"], "PARTY-P1": ["ada@example.org"]}


def test_the_partner_may_come_later_in_the_list_of_mappings(story, required):
    """Associations lead from the later mapping to the earlier one, whichever of the two needs the other."""
    buyer, attendee, deal = story.event.hubspot_object_mappings.all()
    attendee.delete()
    deal.position, deal.association_mappings = 0, []
    deal.save()
    buyer.position, buyer.association_mappings = 1, [{"mapping": deal.pk}]
    buyer.save()
    order = story.order("A1", email="ada@example.org")

    story.sync()

    assert codes(order) == []
    assert deals(story) == {"CONF-A1": ["ada@example.org"]}


@pytest.mark.parametrize("forgotten", [False, True], ids=["known", "by its key only"])
def test_a_deal_that_exists_already_is_updated_and_associated(story, required, forgotten):
    order = story.order("A1", email="ada@example.org")
    story.sync()
    if forgotten:
        KnownRecord.objects.all().delete()
    order.email = "grace@example.org"
    order.save()
    story.queue(order)

    story.sync()

    assert codes(order) == []
    assert deals(story) == {"CONF-A1": ["ada@example.org", "grace@example.org"]}


def test_an_order_without_a_partner_fails_for_the_rule_and_all_of_them_for_one_cause(story, required):
    mine = [story.order(code, email="") for code in ("A1", "A2")]

    story.sync()

    assert [codes(order) for order in mine] == [[("config", "association_required", "deals")]] * 2
    [cause] = causes(story.event)
    assert cause.orders == 2
    [failure] = failures(mine[0])
    assert "Choose it under “Association setup”" in explain(failure)
    assert where_to_fix(failure, EventContext(story.event)).endswith(f"/hubspot/mapping/{failure.mapping}/")


def test_a_partner_that_is_refused_is_the_reason(story, required):
    story.simulator.people.set_rules("contacts", "email", [["EMAIL_BLOCKED_DOMAINS", ["blocked.example"]]])
    order = story.order("A1", email="ada@blocked.example")

    story.sync()

    assert [code[0] for code in codes(order)] == ["permanent", "temporary"]
    assert codes(order)[1] == ("temporary", "partner_not_written", "deals")
    assert OrderSyncQueue.objects.get(order=order).need_manual_retry == "permanent"
    story.simulator.people.set_rules("contacts", "email", [])
    story.queue(order, "user")
    story.sync()
    assert deals(story) == {"CONF-A1": ["ada@blocked.example"]}


def test_a_partner_that_hubspot_stumbles_over_lets_the_order_wait(story, required):
    story.order("A0")
    story.sync()  # known to be taken together only
    story.simulator.faults.add("locked", stage="create", path="/contacts/", times=None)
    order = story.order("A1", email="ada@example.org")

    story.sync()

    assert {code[0] for code in codes(order)} == {"temporary"}
    story.simulator.faults.clear()
    OrderSyncQueue.objects.update(not_before="2020-01-01T00:00Z")
    story.sync()
    assert deals(story)["CONF-A1"] == ["ada@example.org"]


def test_a_partner_that_vanishes_meanwhile_is_looked_at_again(story, required):
    story.order("A0", email="ada@example.org")
    story.sync()
    [contact] = story.simulator.portal.records("contacts")
    story.archive(contact)
    order = story.order("A1", email="ada@example.org")

    story.sync()
    OrderSyncQueue.objects.update(not_before="2020-01-01T00:00Z")
    story.sync()

    assert codes(order) == []
    assert deals(story)["CONF-A1"] == ["ada@example.org"]


# Leads


@pytest.fixture
def leads(story):
    """An account with leads, which takes them only with a contact, and a mapping of orders to leads."""
    portal = story.simulator.portal
    kind = _standard("leads", "lead", "0-136", ("Lead", "Leads"), display=("hs_lead_name",), first_id=5_000)
    portal.types.all.append(kind)
    portal.types._register(kind)
    portal.stores["leads"] = RecordStore("leads", 5_000)
    properties = [prop("hs_lead_name", "Lead name"), *common("hs_createdate", "hs_lastmodifieddate")]
    portal.schema.seed("leads", *schema("leadinformation", "Lead information", properties))
    portal.schema.create("leads", Property("pretix_order_key", "key", "string", "text", "leadinformation", unique=True))
    portal.required_associations["leads"] = ["contacts"]
    buyer = story.event.hubspot_object_mappings.first()
    rows = [("event_order_code", "hs_lead_name", "overwrite")]
    leads = story.add_mapping(story.event, "Order", "leads", ("order_key", "pretix_order_key"), rows)
    leads.association_mappings = [{"mapping": buyer.pk}]
    leads.save()
    return leads


def names_of_leads(story):
    return [(lead.get("hs_lead_name"), len(linked(story, lead))) for lead in story.simulator.portal.records("leads")]


def linked(story, record):
    return list(story.simulator.portal.associations.neighbours((record.type_name, record.id), "contacts"))


def test_leads_are_made_with_their_contact_at_the_first_try(story, leads):
    order = story.order("A1", email="ada@example.org")

    story.sync()

    assert codes(order) == []
    assert names_of_leads(story) == [("CONF-A1", 1)]
    assert creates(story, "leads") == [1]


def test_the_preview_of_a_lead_writes_nothing(story, leads):
    order = story.order("A1", email="ada@example.org")

    with closing(client_for(story.connection)) as client:
        seen = preview(story.joined, order, client)

    assert {(record.object_type, record.action) for record in seen.records} >= {("leads", "created")}
    assert names_of_leads(story) == []


# Other rules


def test_an_account_that_allows_one_contact_per_deal(story):
    story.simulator.people.limit_associations("deals", "contacts", 1)
    mine = [story.order(code, email=f"{code.lower()}@example.org", attendees=[EVE, BOB]) for code in ("A1", "A2")]

    story.sync()

    assert [codes(order) for order in mine] == [[("config", "association_limit", "deals")]] * 2
    assert [cause.orders for cause in causes(story.event)] == [2]
    assert {name: len(people) for name, people in deals(story).items()} == {"CONF-A1": 1, "CONF-A2": 1}
    asked = [r for r in story.simulator.requests if r.stage == "associate"]
    assert len(asked) <= 2, "nobody looks for records that vanished, or tries again"


def test_a_limit_and_a_required_association_at_once(story, required):
    """One partner goes along; the others are refused on their own."""
    story.simulator.people.limit_associations("deals", "contacts", 1)
    order = story.order("A1", email="ada@example.org", attendees=[EVE])

    story.sync()

    assert codes(order) == [("config", "association_limit", "deals")]
    assert deals(story) == {"CONF-A1": ["ada@example.org"]}


@pytest.mark.parametrize("when", [None, ["dealname", "CONF-A1"]], ids=["required", "required-if"])
def test_a_property_that_the_account_requires_is_one_setting_for_all(story, when):
    story.simulator.people.require("deals", "description", when=when)
    orders = [story.order(code) for code in (["A1", "A2"] if when is None else ["A1"])]

    story.sync()

    code = "MISSING_REQUIRED_PROPERTY" if when is None else "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert [codes(order) for order in orders] == [[("config", code, "deals")]] * len(orders)
    assert [cause.orders for cause in causes(story.event)] == [len(orders)]
    assert "description" in explain(failures(orders[0])[0])


@pytest.fixture
def owned(story):
    """Deals get the same owner, as the editor stores it."""
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")

    def by(owner):
        row = {"pretix_field": CONSTANT, "external_field": "hubspot_owner_id", "overwrite": "overwrite", "text": owner}
        deal.property_mappings = [r for r in deal.property_mappings if r["pretix_field"] != CONSTANT] + [row]
        deal.revision += 1
        deal.save()

    return by


def owners_of_deals(story):
    return [deal["hubspot_owner_id"] for deal in story.world(deals=["hubspot_owner_id"])["deals"]]


@pytest.mark.parametrize(
    "chosen", ["610048101", "Erika Muster (erika.muster@example.org)", "erika muster", "Erika.Muster@example.org"]
)
def test_an_owner_is_found_by_id_name_and_address(story, owned, chosen):
    owned(chosen)
    order = story.order("A1")

    story.sync()

    assert codes(order) == []
    assert owners_of_deals(story) == ["610048101"]


@pytest.mark.parametrize("seen", [True, False], ids=["known here", "known to HubSpot only"])
def test_an_owner_who_left_is_one_setting_for_all(story, owned, seen):
    owned("610048101")
    Catalog(story.connection).refresh(["deals"])
    story.simulator.portal.owners[0].archived = True
    if seen:
        Catalog(story.connection).refresh(["deals"])
    mine = [story.order(code) for code in ("A1", "A2")]

    story.sync()

    assert [codes(order) for order in mine] == [[("config", "owner_gone", "deals")]] * 2
    [cause] = causes(story.event)
    assert cause.orders == 2
    assert "is no active user of your HubSpot account any more" in explain(failures(mine[0])[0])
    place = where_to_fix(failures(mine[0])[0], EventContext(story.event))
    assert f"/hubspot/mapping/{failures(mine[0])[0].mapping}/?fix=" in place


def test_without_the_scope_for_owners_ids_are_sent_as_they_are(story, owned):
    story.simulator.people.reduce_scopes(["crm.objects.owners.read"])
    owned("610048102")
    order = story.order("A1")

    story.sync()

    assert codes(order) == []
    assert owners_of_deals(story) == ["610048102"]
    assert order.hubspot_state.problem is None


def test_owners_who_cannot_be_asked_for_stay_as_they_were(story, owned):
    catalog = Catalog(story.connection)
    before = catalog.properties("deals")["hubspot_owner_id"].options
    story.simulator.faults.add("server-error", path="/crm/owners", times=None)

    catalog.refresh(["deals"])

    assert Catalog(story.connection).properties("deals")["hubspot_owner_id"].options == before != ()
