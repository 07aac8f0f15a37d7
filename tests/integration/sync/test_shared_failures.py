"""A refused record that orders share: what it costs, and whom it fails."""

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import ObjectMapping, OrderState

POISON = "poison"
WRITES = "companies/batch/(create|update)"


@pytest.fixture
def company(story):
    """A company that all orders share, with a note of each; HubSpot refuses it with a poisonous note."""
    story.add_property("companies", "ckey", unique=True)
    story.add_property("companies", "notes", "string", "textarea")
    ObjectMapping.objects.all().delete()
    rows = (("organizer_name", "name", "overwrite"), ("order_comment", "notes", "append"))
    mapping = story.add_mapping(story.event, "Order", "companies", ("organizer_slug", "ckey"), rows)
    story.simulator.faults.add("bad-request", path=WRITES, body=POISON, times=None)
    return mapping


def sell(story, notes):
    for number, note in enumerate(notes):
        story.order(f"A{number:02}", comment=note)
    story.simulator.requests.clear()
    story.sync()


def failed():
    codes = OrderSyncQueue.objects.filter(need_manual_retry="permanent").values_list("order__code", flat=True)
    assert OrderSyncQueue.objects.count() == len(codes)
    return sorted(codes)


def asked(story):
    """The requests about companies."""
    return len([request for request in story.simulator.requests if "/crm/objects/" in request.path])


def noted(story):
    [company] = story.world(companies=["name", "notes"])["companies"]
    assert company["name"] == "Ada's Conferences"
    return set(company["notes"].split(";"))


@pytest.mark.parametrize("bad", [0, 1, 42, 99])
def test_one_bad_value_among_a_hundred_fails_its_order_alone(story, company, bad):
    notes = [f"note {number}" for number in range(100)]
    notes[bad] = POISON

    sell(story, notes)

    assert failed() == [f"A{bad:02}"]
    assert noted(story) == {*notes} - {POISON}
    assert asked(story) <= 30


def test_orders_with_the_same_values_are_tried_together(story, company):
    sell(story, ["red", POISON, "blue", POISON, "red"] * 20)

    assert failed() == [f"A{number:02}" for number in range(100) if number % 5 in (1, 3)]
    assert noted(story) == {"red", "blue"}
    assert asked(story) <= 10


def test_a_hundred_bad_values_cost_no_attempt_each(story, company):
    sell(story, [f"{POISON} {number}" for number in range(100)])

    assert len(failed()) == 100
    assert story.world(companies=["name"])["companies"] == []
    assert asked(story) <= 50
    causes = {
        (failure["object_type"], failure["code"]) for state in OrderState.objects.all() for failure in state.problem
    }
    assert causes == {("companies", "invalid_input")}


@pytest.mark.parametrize(("policy", "name"), [("first", "note 1"), ("newest", "note 2")])
def test_the_owner_of_a_record_does_not_keep_the_others_away(story, company, policy, name):
    company.property_mappings = [{**row, "external_field": "name"} for row in company.property_mappings[1:]]
    company.property_mappings[0]["overwrite"] = "overwrite"
    company.options = {"same_address": policy}
    company.save()

    sell(story, [POISON, "note 1", "note 2", POISON])

    assert failed() == ["A00", "A03"]
    assert story.world(companies=["name"]) == {"companies": [{"name": name}]}


def test_many_refused_records_are_told_apart_at_the_same_time(story, company):
    """Thirty people with two orders each, of which one has a bad value."""
    rows = (("order_comment", "jobtitle", "append"),)
    company.delete()
    story.add_mapping(story.event, "Order", "contacts", ("email", "email"), rows)
    story.simulator.faults.add("bad-request", path="contacts/batch/(create|update)", body=POISON, times=None)
    for number in range(60):
        comment = POISON if number % 2 else "fine"
        story.order(f"A{number:02}", comment=comment, email=f"p{number // 2}@example.org")
    story.simulator.requests.clear()
    story.sync()

    assert failed() == [f"A{number:02}" for number in range(1, 60, 2)]
    people = story.world(contacts=["jobtitle"])["contacts"]
    assert people == [{"jobtitle": "fine"}] * 30


def test_other_records_of_the_orders_are_written_once(story, company):
    """What arrived is no part of the search, be it shared or not."""
    story.add_mapping(
        story.event, "Order", "contacts", ("email", "email"), (("order_comment", "jobtitle", "overwrite"),)
    )
    for number, note in enumerate(["one", POISON, "two", "three"]):
        story.order(f"A{number:02}", comment=note, email=f"p{number % 2}@example.org")
    story.simulator.requests.clear()
    story.sync()

    assert failed() == ["A01"]
    writes = [r for r in story.simulator.requests if "contacts/batch" in r.path]
    assert [(r.stage, r.inputs) for r in writes] == [("read", 2), ("create", 2)]
