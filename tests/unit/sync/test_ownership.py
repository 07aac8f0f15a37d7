"""Who counts when people share a record, as literals."""

from dataclasses import replace

import pytest

from pretix_hubspot.mappings.spec import BUYER, BY_MODES, FIRST, KEEP_NAMES, NEWEST, MappingOptions, MappingSpec
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.ownership import MAX_NAMED, Contributor
from pretix_hubspot.sync.plan.plan import as_one
from pretix_hubspot.sync.plan.planner import build_plan, value_key
from pretix_hubspot.values.rows import APPEND, IF_EMPTY, OVERWRITE
from tests.unit.sync.test_plan import DEAL, EMAIL, ORDER_7, order, position, row

BUYERS = MappingSpec(
    1, ORDERS, "contacts", EMAIL, (row("invoice_address_name", "lastname"), row("tag", "tags", APPEND))
)
ATTENDEES = MappingSpec(
    2, POSITIONS, "contacts", row("attendee_email", "email"), (row("attendee_name", "lastname"), row("city", "city"))
)
SHARED = "ada@example.org"
ORDER_6, ORDER_8, ORDER_9 = map(Subject.of_order, (6, 8, 9))
REF = ("contacts", value_key("email", SHARED))


def attendee(pk, name, email=SHARED, **more):
    found = position(pk, email, **more)
    return replace(found, values={**found.values, "attendee_name": name, "city": f"city of {name}"})


def bought(pk, buyer, *attendees):
    return order(pk, SHARED, attendees, invoice_address_name=buyer, tag=f"T{pk}")


def record(policy, *orders, previous=None):
    specs = [replace(spec, options=MappingOptions(same_address=policy)) for spec in (BUYERS, ATTENDEES)]
    found = build_plan(99, [(specs, orders)]).records[REF]
    found.previous = previous
    return found


def lastnames(found):
    return [(r.value, r.mode) for r in found.rows() if r.property.name == "lastname"]


ONE = bought(7, "Ada", attendee(70, "Bea"), attendee(71, "Cia"))
TWO = bought(8, "Dora", attendee(80, "Eva"))
MANY = (TWO, ONE)  # the queue knows no age


@pytest.mark.parametrize(
    "policy, ranked",
    [
        (FIRST, ["Ada", "Bea", "Cia", "Dora", "Eva"]),
        (NEWEST, ["Eva", "Dora", "Cia", "Bea", "Ada"]),
        (BUYER, ["Ada", "Dora", "Bea", "Cia", "Eva"]),
    ],
)
def test_one_writes_and_the_others_fill_gaps(policy, ranked):
    found = lastnames(record(policy, *MANY))
    assert found == [(name, OVERWRITE if name == ranked[0] else IF_EMPTY) for name in ranked]


def test_without_a_choice_the_modes_decide():
    assert lastnames(record(BY_MODES, ONE)) == [(name, OVERWRITE) for name in ("Ada", "Bea", "Cia")]


def test_all_add_to_lists():
    tags = [(r.value, r.mode) for r in record(FIRST, *MANY).rows() if r.property.name == "tags"]
    assert tags == [("T7", APPEND), ("T8", APPEND)]


@pytest.mark.parametrize(
    "policy, previous, mode",
    [
        (FIRST, Contributor(ORDER_6), IF_EMPTY),
        (FIRST, Contributor(ORDER_9), OVERWRITE),
        (NEWEST, Contributor(ORDER_9), IF_EMPTY),
        (NEWEST, Contributor(ORDER_6), OVERWRITE),
        (BUYER, Contributor(ORDER_6, 60), OVERWRITE),
        (BUYER, Contributor(ORDER_6), IF_EMPTY),
        (FIRST, Contributor(ORDER_7, 1), OVERWRITE),
        (BY_MODES, Contributor(ORDER_6), OVERWRITE),
    ],
)
def test_what_was_sent_before_counts(policy, previous, mode):
    found = record(policy, bought(7, "Ada"), previous=previous)
    assert lastnames(found) == [("Ada", mode)]
    assert found.owner() == (Contributor(ORDER_7, None, "C7") if mode == OVERWRITE and policy else previous)


def test_names_are_left_alone_where_people_differ():
    assert lastnames(record(KEEP_NAMES, ONE)) == []
    assert [r.value for r in record(KEEP_NAMES, ONE).rows()] == ["T7", "city of Bea", "city of Cia"]
    same = bought(7, "Ada", attendee(70, "Ada"), attendee(71, ""))
    assert [name for name, _ in lastnames(record(KEEP_NAMES, same))] == ["Ada", "Ada", ""]
    assert lastnames(record(KEEP_NAMES, bought(7, "Ada"), previous=Contributor(ORDER_6))) == []
    assert lastnames(record(KEEP_NAMES, bought(7, "Ada"), previous=Contributor(ORDER_7, None, "C7"))) == [
        ("Ada", OVERWRITE)
    ]


def test_merges_are_named_by_codes():
    event = {ORDER_6, ORDER_7, ORDER_8}

    assert record(FIRST, *MANY).also_used_by(ORDER_7, None, event) == ["C7-70", "C7-71", "C8", "C8-80"]
    assert record(FIRST, *MANY).also_used_by(ORDER_7, 70, event) == ["C7", "C7-71", "C8", "C8-80"]
    assert record(FIRST, bought(7, "Ada", attendee(70, "Ada"))).also_used_by(ORDER_7, 70, event) == [], "one person"
    assert record(FIRST, bought(7, "Ada")).also_used_by(ORDER_7, None, event) == []
    shared = record(FIRST, bought(7, "Ada"), previous=Contributor(ORDER_6, 60, "C6-60"))
    assert shared.also_used_by(ORDER_7, None, event) == ["C6-60"]


def test_orders_of_other_events_are_not_named():
    earlier = Contributor(ORDER_6, 60, "C6-60")

    assert record(FIRST, *MANY).also_used_by(ORDER_7, None, {ORDER_7}) == ["C7-70", "C7-71"]
    assert record(FIRST, *MANY).also_used_by(ORDER_8, 80, {ORDER_8}) == ["C8"]
    assert record(FIRST, bought(7, "Ada"), previous=earlier).also_used_by(ORDER_7, None, {ORDER_7}) == []


def test_records_of_one_order_belong_to_nobody_else():
    deal = build_plan(99, [((replace(DEAL, options=MappingOptions(same_address=FIRST)),), [order()])])
    [found] = deal.records.values()
    assert found.owner() is None and len(found.rows()) == 2


class Counted:
    """The orders of an event, which count how often somebody asks for one."""

    def __init__(self, orders):
        self.orders, self.asked = orders, 0

    def __contains__(self, order):
        self.asked += 1
        return order in self.orders


@pytest.mark.parametrize("name", ["Ada", None], ids=["one person", "many people"])
def test_who_shares_a_record_is_found_out_once_and_not_for_each_ticket(name, monkeypatch):
    """Two orders of a thousand tickets each, all with one address."""
    crowds = [
        bought(number, "Ada", *(attendee(1_000 * number + n, name or f"Guest {n}") for n in range(1_000)))
        for number in (7, 8)
    ]
    found, event, live = record(FIRST, *crowds), Counted({ORDER_7, ORDER_8}), []
    genuine = type(found)._live
    monkeypatch.setattr(type(found), "_live", lambda self: live.append(1) or genuine(self))

    told = [found.also_used_by(ORDER_7, 7_000 + n, event) for n in range(1_000)]

    assert len(told[0]) == MAX_NAMED
    assert event.asked <= 2 * MAX_NAMED + 2
    assert len(live) <= 3


def test_a_person_with_two_addresses_is_one_record_with_one_policy():
    """HubSpot has one contact for both; the first order has it by its old address, an order from before by both."""
    one, other = (record("first", bought(pk, f"Name {pk}"), previous=None) for pk in (7, 8))
    before = [Contributor(Subject.of_order(pk), None, f"C{pk}") for pk in (5, 6)]
    one.previous, other.previous = before[1], before[0]

    both = as_one([one, other])

    assert both.contributions == [*one.contributions, *other.contributions]
    assert (both.policy, both.previous) == ("first", before[0])
    assert as_one([one]) is one


def test_without_others_nobody_was_first():
    assert as_one([record("first", bought(7, "Ada")), record("first", bought(8, "Ada"))]).previous is None


def test_the_contribution_of_one_subject_or_part_is_found():
    found = record("first", ONE, TWO)

    contributions = [found.contribution(ORDER_7, 2, 71), found.contribution(ORDER_8, 1, None)]
    assert [c.contributor.part for c in contributions] == [71, None]
    assert [c.subject for c in contributions] == [ORDER_7, ORDER_8]
