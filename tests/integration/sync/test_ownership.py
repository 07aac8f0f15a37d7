"""Whose record is it, and which mappings may write into it."""

import pytest
from pretix.base.models import Customer, Order
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Pipeline, Stage
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.models import ObjectMapping, OrderState

LAST_NAME = (("invoice_address_name_family_name", "lastname", "overwrite"),)


@pytest.fixture
def one_mapping(story):
    """Buyers to contacts, and nothing else."""
    ObjectMapping.objects.all().delete()
    return story.add_mapping(story.event, "Order", "contacts", ("email", "email"), LAST_NAME)


def test_a_taken_address_hands_over_nobody_elses_contact(story):
    """Contacts are told apart by the customer number here, and a couple shares one address."""
    story.add_property("contacts", "member_no", unique=True)
    ObjectMapping.objects.all().delete()
    rows = (("email", "email"), ("customer_name", "firstname"), ("customer_id", "member_no"))
    story.add_mapping(
        story.event, "Order", "contacts", ("customer_id", "member_no"), [(*row, "overwrite") for row in rows]
    )
    orders = {}
    for code, name in (("A1", "Ada"), ("B1", "Bob")):
        customer = Customer.objects.create(
            organizer=story.organizer,
            email=f"{name}@example.org",
            identifier=f"NO{name.upper()}",
            name_parts={"_scheme": "full", "full_name": name},
        )
        orders[name] = story.order(code, email="couple@example.org", customer=customer)
        story.sync()

    ada = story.simulator.portal.find("contacts", "email", "couple@example.org")
    assert (ada.get("member_no"), ada.get("firstname")) == ("NOADA", "Ada"), "Ada's contact is Bob's now"
    assert OrderSyncQueue.objects.get(order=orders["Bob"]).need_manual_retry


def test_the_contact_with_exactly_this_address_is_the_one(story, one_mapping):
    """Staff gave a known contact another address, and another person has the old one since."""
    story.order("A1", email="office@example.org")
    story.sync()
    former = story.simulator.portal.find("contacts", "email", "office@example.org")
    story.edit(former, email="ada@private.example")
    successor = story.simulator.record("contacts", email="office@example.org", lastname="Hopper")

    story.order("A2", email="office@example.org")
    story.sync()

    assert (former.get("lastname"), successor.get("lastname")) == ("A1", "A2")


def test_another_unique_property_as_identifier_doubles_no_deal(story):
    order = story.order("A1")
    story.sync()
    story.add_property("deals", "shop_key", unique=True)
    deal = ObjectMapping.objects.get(external_object_type="deals")
    deal.external_id_field = "shop_key"
    deal.revision += 1
    deal.save()
    Catalog(story.connection).refresh(["deals"])

    story.queue(order, "bulk")
    story.sync()

    assert len(story.simulator.portal.records("deals")) == 1, "one order, two deals"


def test_who_left_a_shared_contact_no_longer_rules_it(story, one_mapping):
    """Policy "the first order wins"; the first order corrects its address, so only the second one has this contact."""
    one_mapping.options = {"same_address": "first"}
    one_mapping.save()
    first = story.order("A1", email="grace@example.org")
    story.sync()
    first.email = "ada@example.org"
    first.save()
    story.queue(first, "order_modified")
    story.sync()

    story.order("A2", email="grace@example.org")
    story.sync()

    grace = story.simulator.portal.find("contacts", "email", "grace@example.org")
    assert grace.get("lastname") == "A2", "the contact keeps the name of an order that has another address"


def test_a_canceled_position_is_not_made_by_a_mapping_that_never_sent_it(story):
    order = story.order("A1", attendees=[("a@example.org", "A", "A"), ("b@example.org", "B", "B")])
    story.sync()
    gone = order.positions.get(positionid=2)
    gone.canceled = True
    gone.save()
    story.queue(order, "order_changed")
    story.sync()
    story.add_property("tickets", "pkey", unique=True)
    tickets = story.add_mapping(
        story.event, "OrderPosition", "tickets", ("position_key", "pkey"), (("position_key", "subject", "overwrite"),)
    )
    tickets.pipeline = {"pipeline": "0", "stages": {"n": "1"}}
    tickets.save()

    story.queue(order, "bulk")
    story.sync()

    assert story.world(tickets=["pkey"]) == {"tickets": [{"pkey": "ADA/CONF/A1-1"}]}


@pytest.mark.parametrize("staged_first", [False, True])
def test_two_mappings_about_one_deal_send_stage_and_pipeline_together(story, staged_first):
    """A stage that comes alone is taken to be in the default pipeline."""
    stages = [
        Stage("vip-open", "Open", 0, {"probability": "0.5"}),
        Stage("vip-paid", "Paid", 1, {"probability": "1.0"}),
    ]
    story.simulator.portal.pipelines.create("deals", Pipeline("vip", "VIP", 1, stages))
    ObjectMapping.objects.all().delete()
    identifier, name = ("order_key", "pretix_order_key"), (("event_order_code", "dealname", "overwrite"),)
    for is_staged in (staged_first, not staged_first):
        mapping = story.add_mapping(story.event, "Order", "deals", identifier, () if is_staged else name)
        mapping.pipeline = {"pipeline": "vip", "stages": {"n": "vip-open", "p": "vip-paid"}} if is_staged else {}
        mapping.save()
    order = story.order("A1")
    story.sync()
    order.status = Order.STATUS_PAID
    order.save()

    story.queue(order, "order_paid")
    story.sync()

    assert not OrderSyncQueue.objects.exists(), OrderState.objects.get().problem
    assert story.world(deals=["dealname", "pipeline", "dealstage"]) == {
        "deals": [{"dealname": "CONF-A1", "pipeline": "vip", "dealstage": "vip-paid"}]
    }


def test_the_stage_of_a_shared_deal_is_that_of_whom_it_belongs_to(story):
    """Stage and pipeline travel together, each as the rules about shared records decide."""
    story.add_property("deals", "household", unique=True)
    ObjectMapping.objects.all().delete()
    mapping = story.add_mapping(story.event, "Order", "deals", ("email", "household"), ())
    mapping.options = {"same_address": "first"}
    mapping.pipeline = {"pipeline": "default", "stages": {"n": "appointmentscheduled", "p": "closedwon"}}
    mapping.save()
    story.order("A1", email="couple@example.org", status=Order.STATUS_PAID)
    story.order("A2", email="couple@example.org")

    story.sync()

    assert story.world(deals=["pipeline", "dealstage"]) == {
        "deals": [{"pipeline": "default", "dealstage": "closedwon"}]
    }


@pytest.mark.parametrize("parted", ["ada", "grace"])
def test_people_who_were_merged_by_mistake_are_two_again(story, one_mapping, parted):
    """Staff merged two people, saw the mistake, deleted the contact, and made one of them anew."""
    for code, name in (("A1", "ada"), ("G1", "grace")):
        story.order(code, email=f"{name}@example.org")
    story.sync()
    ada, grace = (story.simulator.portal.find("contacts", "email", f"{name}@example.org") for name in ("ada", "grace"))
    story.merge(ada, grace)
    for order in Order.objects.all():
        story.queue(order, "user")
    story.sync()
    [both] = story.simulator.portal.records("contacts")
    other = {"ada": "grace", "grace": "ada"}[parted]
    story.archive(both)
    own = story.simulator.record("contacts", email=f"{parted}@example.org", lastname="Herself")

    story.order("P2", email=f"{parted}@example.org")
    story.sync()
    story.order("O2", email=f"{other}@example.org")
    story.sync()

    contacts = {contact.get("email"): contact.get("lastname") for contact in story.simulator.portal.records("contacts")}
    assert (own.get("lastname"), contacts) == ("P2", {f"{parted}@example.org": "P2", f"{other}@example.org": "O2"})
    assert not OrderSyncQueue.objects.exists()


def test_a_corrected_address_that_orders_again_is_one_person(story, one_mapping):
    """Staff corrected an address; both of its forms lead to the one contact, also when the first order comes again."""
    old = story.order("A1", email="ada@exmaple.org")
    story.sync()
    [ada] = story.simulator.portal.records("contacts")
    story.edit(ada, email="ada@example.org")
    story.order("A2", email="ada@example.org")
    story.sync()

    story.queue(old, "user")
    story.sync()

    assert [contact.get("email") for contact in story.simulator.portal.records("contacts")] == ["ada@example.org"]
