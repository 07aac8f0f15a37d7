"""The smallest mappings that people make: an identifier, two properties, nothing else."""

import pytest
from pretix.base.models import Order

from hubspot_simulator import Property
from pretix_hubspot.models import ObjectMapping, OrderState

ORDER_ID = "pretix_order_id"
DEAL = {"deals": [ORDER_ID, "dealname", "amount", "pipeline", "dealstage"]}


@pytest.fixture
def guide(story):
    """The published guide's deal mapping, with the property that it has people make by hand."""
    story.simulator.portal.schema.create(
        "deals", Property(ORDER_ID, "pretix-order-id", "string", "text", "dealinformation", unique=True)
    )
    ObjectMapping.objects.all().delete()
    rows = (("order_date", "closedate", "overwrite"), ("order_total", "amount", "overwrite"))
    story.mapping = story.add_mapping(story.event, "Order", "deals", ("order_code", ORDER_ID), rows)
    return story


@pytest.fixture(params=["documented", "nothing"])
def portal(request, simulator):
    """An account that enforces what the documentation wants of new records, and one that does not."""
    simulator.switches.change(required_on_create=request.param)
    return simulator


def deals(story):
    return [{name: deal[name] for name in DEAL["deals"]} for deal in story.world(**DEAL)["deals"]]


def deal(**values):
    usual = {ORDER_ID: "A1", "dealname": "CONF-A1", "amount": "100.0"}
    return {**usual, "pipeline": "default", "dealstage": "appointmentscheduled", **values}


@pytest.mark.parametrize(
    ("status", "stage"),
    [("n", "appointmentscheduled"), ("p", "appointmentscheduled"), ("e", "closedlost"), ("c", "closedlost")],
)
def test_the_guides_deal_arrives_with_a_name_and_a_stage(guide, portal, status, stage):
    guide.order("A1", status=status)
    guide.sync()
    assert deals(guide) == [deal(dealstage=stage)]


def test_what_people_make_of_it_is_theirs(guide, portal):
    order = guide.order("A1")
    guide.sync()
    [record] = guide.simulator.portal.store("deals")
    guide.edit(record, dealname="Ada's order", dealstage="contractsent")

    order.status, order.total = Order.STATUS_PAID, 120
    order.save()
    guide.queue(order, "order_paid")
    guide.sync()
    assert deals(guide) == [deal(dealname="Ada's order", dealstage="contractsent", amount="120.0")]


def test_a_stage_that_is_left_alone_for_the_state_of_a_new_record_fails_no_order(guide, portal):
    guide.mapping.pipeline = {"pipeline": "default", "stages": {"n": "qualifiedtobuy", "c": "closedlost"}}
    guide.mapping.save()
    guide.order("A1", status="p")
    guide.sync()
    assert deals(guide) == [deal(dealstage="qualifiedtobuy")]


def test_a_row_that_says_the_name_counts(guide, portal):
    guide.mapping.property_mappings += [
        {"pretix_field": "event_name", "external_field": "dealname", "overwrite": "if_empty", "value_map": ""}
    ]
    guide.mapping.save()
    guide.order("A1")
    guide.sync()
    assert deals(guide) == [deal(dealname="Conference")]


def test_a_deal_for_each_position_is_called_by_it(story, portal):
    story.simulator.portal.schema.create(
        "deals", Property("place", "place", "string", "text", "dealinformation", unique=True)
    )
    ObjectMapping.objects.all().delete()
    story.add_mapping(story.event, "OrderPosition", "deals", ("position_key", "place"), ())
    story.order("A1", attendees=[("", "", ""), ("", "", "")])
    story.sync()
    names = [entry["dealname"] for entry in story.world(deals=["dealname"])["deals"]]
    assert sorted(names) == ["CONF-A1-1", "CONF-A1-2"]


def test_a_contact_that_hubspot_wants_to_know_more_about_says_what(story):
    story.simulator.portal.schema.create(
        "contacts", Property("number", "number", "string", "text", "contactinformation", unique=True)
    )
    ObjectMapping.objects.all().delete()
    mapping = story.add_mapping(story.event, "Order", "contacts", ("order_code", "number"), ())
    order = story.order("A1")
    story.sync()
    [problem] = OrderState.objects.get(order=order).problem
    assert (problem["code"], problem["mapping"], problem["params"]) == (
        "MISSING_REQUIRED_PROPERTY",
        mapping.pk,
        {"property": "email"},
    )
