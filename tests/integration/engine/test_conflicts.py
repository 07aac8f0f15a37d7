"""A record of somebody else must never become ours because one of its values is ours as well."""

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator.definitions import Property
from pretix_hubspot.models import OrderState

MEMBER = "member_number"


@pytest.fixture
def unique(story):
    """Another property whose values are unique, the same for every order here."""
    for object_type, group in (("contacts", "contactinformation"), ("deals", "dealinformation")):
        story.simulator.portal.schema.create(
            object_type, Property(MEMBER, MEMBER, "string", "text", group, unique=True)
        )
    return story


def add_row(story, object_type):
    mapping = story.event.hubspot_object_mappings.filter(external_object_type=object_type).first()
    row = {"pretix_field": "constant_text", "text": "4711", "external_field": MEMBER, "overwrite": "overwrite"}
    mapping.property_mappings = [*mapping.property_mappings, {**row, "value_map": ""}]
    mapping.save()


def problem(code):
    queued = OrderSyncQueue.objects.get(order__code=code)
    [failure] = OrderState.objects.get(order__code=code).problem
    return queued.need_manual_retry, failure["object_type"], failure["code"], failure["params"]["property"]


@pytest.mark.parametrize("object_type", ["contacts", "deals"])
def test_a_unique_value_of_another_record_is_a_problem_and_takes_nothing_over(unique, object_type):
    add_row(unique, object_type)
    unique.order("A1")
    unique.sync()
    before = unique.world()[object_type]
    unique.order("B2")
    unique.sync()
    assert unique.world()[object_type] == before
    assert problem("B2") == ("permanent", object_type, "CONFLICTING_UNIQUE_VALUE", MEMBER)
