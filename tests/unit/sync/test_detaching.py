"""Which associations go, as literals."""

from dataclasses import replace

import pytest

from pretix_hubspot.mappings.spec import DETACH, LEAVE, Filters, MappingOptions
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.send.association import Association
from pretix_hubspot.sync.send.detaching import obsolete, wants_detaching
from pretix_hubspot.sync.send.outcome import SentRecord
from tests.unit.sync.test_plan import ATTENDEE, BUYER, DEAL, ORDER_7, order, position

#: The buyer was contact 1, the attendee contact 2, the deal is deal 9.
EARLIER = {(1, None): ("contacts", "1"), (2, 70): ("contacts", "2"), (3, None): ("deals", "9")}
DEAL_9 = ("deals", "9")
OF_BUYER = Association(DEAL_9, ("contacts", "1"))
OF_ATTENDEE = Association(DEAL_9, ("contacts", "2"))
MADE = {OF_BUYER, OF_ATTENDEE, Association(("contacts", "2"), ("companies", "5"))}


def gone(found, attendee=ATTENDEE, buyer=BUYER, ids=("1", "2", "9"), earlier=EARLIER, shredded=False):
    plan = build_plan(99, [((buyer, attendee, DEAL), [found])])
    plan.subjects[ORDER_7].shredded = shredded
    names = dict(zip(("ada@example.org", "grace@example.org", "ORG/EV/C7"), ids, strict=True))
    outcomes = {ref: SentRecord(names.get(record.id_value, "3"), "updated") for ref, record in plan.records.items()}
    return obsolete(plan, plan.subjects[ORDER_7], earlier.items(), outcomes, MADE)


def detaching(spec, **options):
    return replace(spec, options=MappingOptions(**(options or {"canceled": DETACH, "replaced": DETACH})))


def with_attendee(email, **more):
    return order(positions=[position(70, email, **more)])


def test_nothing_is_removed_without_a_choice():
    assert gone(with_attendee("new@example.org")) == []
    assert gone(with_attendee("grace@example.org", canceled=True)) == []


def test_nothing_is_removed_that_still_holds():
    assert gone(with_attendee("grace@example.org"), detaching(ATTENDEE)) == []
    merged = gone(with_attendee("grace@example.org"), detaching(ATTENDEE), ids=("2", "2", "9"))
    assert merged == [], "the attendee is the buyer now"


def test_a_replaced_attendee_is_detached_from_what_stands_for_the_order():
    assert gone(with_attendee("new@example.org"), detaching(ATTENDEE)) == [OF_ATTENDEE]


@pytest.mark.parametrize("email", ["", None])
def test_an_address_that_was_emptied_replaces_nobody(email):
    """pretix's data shredder does so, and whoever was linked took part all the same."""
    assert gone(with_attendee(email), detaching(ATTENDEE)) == []


def test_in_an_event_that_is_shredded_nobody_is_known_to_be_replaced():
    """The attendee's address is gone, so the ticket falls back to the buyer's."""
    assert gone(with_attendee("new@example.org"), detaching(ATTENDEE), shredded=True) == []
    canceled = with_attendee("grace@example.org", canceled=True)
    assert gone(canceled, detaching(ATTENDEE, canceled=DETACH), shredded=True) == [OF_ATTENDEE]


def test_a_canceled_position_has_a_choice_of_its_own():
    canceled = with_attendee("grace@example.org", canceled=True)
    assert gone(canceled, detaching(ATTENDEE, canceled=DETACH)) == [OF_ATTENDEE]
    assert gone(canceled, detaching(ATTENDEE, canceled=LEAVE, replaced=DETACH)) == []


def test_a_changed_address_of_the_buyer():
    assert gone(order(email="new@example.org"), buyer=detaching(BUYER)) == [OF_BUYER]


def test_who_is_filtered_out_keeps_the_associations():
    picky = detaching(ATTENDEE, replaced=DETACH, filters=Filters(items=frozenset({5})))
    assert gone(with_attendee("grace@example.org"), picky) == []


def test_records_of_deleted_mappings_are_left_alone():
    earlier = {**EARLIER, (4, None): ("contacts", "2")}
    assert gone(with_attendee("grace@example.org"), detaching(ATTENDEE), earlier=earlier) == []


def test_orders_without_such_a_choice_cost_no_look():
    plans = [build_plan(99, [((spec,), [order()])]).subjects[ORDER_7] for spec in (BUYER, detaching(BUYER))]
    assert [wants_detaching(plan) for plan in plans] == [False, True]
