"""Whose contributions to a refused record are told apart, as literals."""

from dataclasses import replace

import pytest

from pretix_hubspot.hubspot.errors import Forbidden, InvalidInput, ServerTrouble
from pretix_hubspot.mappings.spec import MappingOptions, NewRecordDefaults
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.send.outcome import FailedRecord, SentRecord
from pretix_hubspot.sync.send.shared_failures import FEW, TRIES, differing, searches
from pretix_hubspot.values.rows import Refusal
from tests.unit.sync.test_plan import ATTENDEE, BUYER, DEAL, order, position, prop

REFUSED = FailedRecord(InvalidInput(""))
SENT = SentRecord("1", "created")


def planned(*orders, specs=(BUYER,)):
    return build_plan(99, [(specs, orders)])


def outcomes(plan, contacts=REFUSED, others=SENT):
    return {
        subject: {
            ref: contacts if ref[0] == "contacts" else others for found in one.records.values() for _, ref in found
        }
        for subject, one in plan.subjects.items()
    }


def numbers(groups):
    return [[subject.pk for subject in group] for group in groups]


def apart(*orders, specs=(BUYER,), contacts=REFUSED, late=()):
    plan = planned(*orders, specs=specs)
    return numbers(differing(plan, outcomes(plan, contacts), late))


def test_who_contributes_the_same_shares_the_failure():
    assert apart(order(7), order(8), order(9)) == []
    assert apart(order(7), order(8, "grace@example.org", name="Hopper")) == [], "they share no record"


def test_who_contributes_something_else_is_told_apart():
    assert apart(order(7), order(8, name="Byron"), order(9)) == [[7, 9], [8]]


@pytest.mark.parametrize(
    ("outcome", "are_apart"),
    [
        (SENT, False),
        (FailedRecord(ServerTrouble("")), False),
        (FailedRecord(Forbidden("")), False),
        (FailedRecord(refusals=(Refusal("number_filled"),)), True),
    ],
)
def test_only_refused_values_may_be_the_fault_of_others(outcome, are_apart):
    assert bool(apart(order(7), order(8, name="Byron"), contacts=outcome)) == are_apart


def test_a_rank_makes_a_difference():
    """A buyer and an attendee with the same name: "the buyer wins" depends on who is what."""
    attendee = replace(ATTENDEE, rows=BUYER.rows)
    guest = order(8, "", positions=[position(80, "ada@example.org")], name="Lovelace")
    assert apart(order(7), guest, specs=(BUYER, attendee)) == [[7], [8]]
    assert apart(order(7), order(9), guest, specs=(BUYER, replace(attendee, options=MappingOptions()))) == [[7, 9], [8]]


def test_so_do_defaults_and_partners():
    named = replace(
        DEAL, identifier=BUYER.identifier, rows=(), associations=(), defaults=NewRecordDefaults(prop("name"))
    )
    plan = planned(order(7), order(8, "ADA@example.org"), specs=(named,))
    assert numbers(differing(plan, outcomes(plan, others=REFUSED), ())) == [[7], [8]], "the titles differ"

    lead = replace(BUYER, id=9, object_type="leads", associations=(3,))
    plan = planned(order(7), order(8), specs=(DEAL, lead))
    assert numbers(differing(plan, outcomes(plan, others=REFUSED), ())) == []
    assert numbers(differing(plan, outcomes(plan, others=REFUSED), {"leads"})) == [[7], [8]], "each has a deal"


def parts_of(search, plan, bad):
    """The parts that are tried if the orders ``bad`` are refused, with whoever is sent together with them."""
    tried = []
    while part := search.next_part():
        tried.append([subject.pk for subject in part])
        is_refused = not bad.isdisjoint(tried[-1])
        now = plan.only(part)
        search.go_on(differing(now, outcomes(now, REFUSED if is_refused else SENT), ()))
    return tried


def test_a_search_halves_what_failed_until_each_part_has_one_contribution():
    plan = planned(*(order(pk, name=f"name {pk}") for pk in range(8)))
    [search] = searches(plan, outcomes(plan), ())
    assert parts_of(search, plan, {2}) == [[0, 1, 2, 3], [4, 5, 6, 7], [0], [1], [2], [3]]


@pytest.mark.parametrize("number", [2, 3, 4, 14])
def test_each_of_a_few_contributions_has_a_try_of_its_own(number):
    plan = planned(*(order(pk, name=f"name {pk}") for pk in range(number)))
    [search] = searches(plan, outcomes(plan), ())
    tried = parts_of(search, plan, set(range(number)))
    assert sorted(part for part in tried if len(part) == 1) == [[pk] for pk in range(number)]
    assert len(tried) == number if number <= FEW else len(tried) == TRIES


def test_a_search_is_over_after_some_tries_however_many_are_bad():
    plan = planned(*(order(pk, name=f"name {pk}") for pk in range(100)))
    [search] = searches(plan, outcomes(plan), ())
    assert len(parts_of(search, plan, set(range(100)))) == TRIES


def test_records_that_no_order_links_are_searched_at_the_same_time():
    """7 and 8 share a contact, 9 and 10 another one; 11 links it with a third."""
    people = [order(7, "a@x.org", name="A"), order(8, "a@x.org", name="B"), order(9, "b@x.org", name="A")]
    people += [order(10, "b@x.org", name="B"), order(12, "c@x.org", name="C")]
    people.append(order(11, "b@x.org", name="A", positions=[position(110, "c@x.org", "X")]))
    plan = planned(*people, specs=(BUYER, ATTENDEE))
    first, second = searches(plan, outcomes(plan), ())
    assert (first.next_part(), first.next_part(), first.next_part()) == (
        [Subject.of_order(7)],
        [Subject.of_order(8)],
        [],
    )
    assert len(second.refs) == 2
    assert sorted(subject.pk for _ in range(FEW) for subject in second.next_part()) == [9, 10, 11, 12]
