"""Whom a refusal is about: nobody else pays, and no record of somebody else becomes ours."""

from dataclasses import replace

import pytest
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from hubspot_simulator import Property
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import AssociationResult, InputError
from pretix_hubspot.models import OrderState
from pretix_hubspot.sync.queue import order_queue

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


def test_an_address_of_another_contact_is_a_problem_where_it_does_not_identify(unique):
    """What the editor warns of."""
    unique.event.hubspot_object_mappings.all().delete()
    row = ("email", "email", "overwrite")
    unique.add_mapping(unique.event, "Order", "contacts", ("order_code", MEMBER), [row])
    for code in ("A1", "B2"):
        unique.order(code, email="ada@example.org")
        unique.sync()
    assert [contact["email"] for contact in unique.world()["contacts"]] == ["ada@example.org"]
    assert OrderSyncQueue.objects.get().order.code == "B2"
    [failure] = OrderState.objects.get(order__code="B2").problem
    assert failure["mode"] == "permanent"


@pytest.mark.parametrize("write", ["associate_default", "archive_associations"])
def test_a_refused_association_that_names_no_record(story, monkeypatch, write):
    """A 207 that does not say which input it refuses."""
    if write == "archive_associations":
        story.event.hubspot_object_mappings.update(options={"replaced": "detach"})
    orders = {code: story.order(code, email=f"{code}@old.example") for code in "ABCD"}
    if write == "archive_associations":
        story.sync()
        for order in orders.values():
            order.email = f"{order.code}@new.example"
            order.save()
            story.queue(order)
    real = getattr(Client, write)
    refused = []

    def partly(client, from_type, to_type, pairs):
        refused[:] = refused or pairs[2:3]  # the third is never accepted
        good = [pair for pair in pairs if pair not in refused]
        done = real(client, from_type, to_type, good) if good else AssociationResult()
        error = errors.InvalidInput("One or more associations are invalid")
        return done if len(good) == len(pairs) else replace(done, errors=(InputError(None, (), error),))

    monkeypatch.setattr(Client, write, partly)
    story.sync()
    [row] = OrderSyncQueue.objects.all()
    assert row.need_manual_retry == "permanent"
    [failure] = OrderState.objects.get(order=row.order).problem
    assert failure["code"] == "invalid_association"
    linked = sorted(len(deal.get("associations", {}).get("contacts", ())) for deal in story.world()["deals"])
    assert linked == ([0, 1, 1, 1] if write == "associate_default" else [1, 1, 1, 2])


def test_what_arrived_is_not_sent_again_with_a_record_that_is_refused(story):
    story.simulator.people.set_rules("contacts", "email", [["EMAIL_BLOCKED_DOMAINS", ["blocked.example"]]])
    for code in "ABC":
        story.order(code, email="ada@blocked.example")
    story.simulator.requests.clear()
    story.sync()
    assert OrderSyncQueue.objects.filter(need_manual_retry="permanent").count() == 3
    writes = [request.path for request in story.simulator.requests if request.stage in ("create", "update")]
    assert sorted(path.split("/")[-3] for path in writes) == ["contacts"] * 4 + ["deals"]
    made = OrderSyncResult.objects.filter(external_object_type="deals")
    assert [row.sync_info["action"] for row in made] == ["created"] * 3


def test_a_retry_looks_at_the_records_of_a_refused_association(story):
    """What was sent before is not looked at again, but a refused association tells that a record may be gone."""
    order = story.order("A1", email="ada@example.org")
    story.sync()
    story.simulator.people.archive("contacts", find={"email": "ada@example.org"})
    refused = [{"mode": "permanent", "code": "invalid_association", "object_type": "deals"}]
    OrderState.objects.filter(order=order).update(sent_hash="", problem=refused)

    order_queue.retry(story.event, [order.pk])
    story.sync()
    assert OrderState.objects.get(order=order).problem is None
    assert [contact["email"] for contact in story.world()["contacts"]] == ["ada@example.org"]
