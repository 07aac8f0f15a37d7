"""Which records go when something is canceled, as literals."""

from dataclasses import replace

import pytest

from pretix_hubspot.hubspot.errors import Forbidden, InvalidInput
from pretix_hubspot.mappings.spec import DETACH, REMOVE, Filters, MappingOptions, MappingSpec
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.run.judge import judge
from pretix_hubspot.sync.send.outcome import Execution, FailedRecord, RecordAction, Removal, SentRecord
from pretix_hubspot.sync.send.removing import FormerUse, to_remove
from tests.unit.sync.test_plan import ATTENDEE, BUYER, DEAL, ORDER_7, order, row
from tests.unit.sync.test_plan import position as any_position

TICKET = MappingSpec(4, POSITIONS, "tickets", row("position_key", "pretix_position_key"), ())
TICKET_70 = Removal(11, 21, (4, 70), ("tickets", "900"), "C7-1")
TICKET_71 = Removal(12, 22, (4, 71), ("tickets", "901"), "C7-2")
DEAL_7 = Removal(13, 23, (3, None), ("deals", "9"), "C7")
FORMER = [FormerUse(removal, is_own=True) for removal in (TICKET_70, TICKET_71, DEAL_7)]


def removing(spec, **options):
    return replace(spec, options=MappingOptions(canceled=REMOVE, **options))


def position(pk, canceled=False):
    found = any_position(pk, canceled=canceled)
    return replace(found, values={**found.values, "position_key": f"ORG/EV/C7-{pk}"})


REMOVING = (removing(TICKET), DEAL)


def gone(*positions, specs=REMOVING, status="p", former=FORMER):
    snapshot = replace(order(positions=positions), status=status)
    return to_remove(build_plan(99, [(specs, [snapshot])]).subjects[ORDER_7], former)


def test_the_record_of_a_canceled_position_goes():
    assert gone(position(70), position(71, canceled=True)) == [TICKET_71]
    assert gone(position(70), position(71)) == []


def test_it_is_not_planned_either():
    plan = build_plan(99, [((removing(TICKET),), [order(positions=[position(70, canceled=True), position(71)])])])
    assert [record.id_value for record in plan.records.values()] == ["ORG/EV/C7-71"]


def test_a_canceled_order_cancels_each_position():
    assert gone(position(70), position(71), status="c") == [TICKET_70, TICKET_71]


def test_the_deal_of_a_canceled_order_has_an_option_of_its_own():
    both = (removing(TICKET), removing(DEAL))
    assert gone(position(70), specs=both, status="c") == [TICKET_70, DEAL_7]
    assert gone(position(70), specs=(TICKET, removing(DEAL)), status="c") == [DEAL_7]
    assert gone(position(70), specs=both) == []


@pytest.mark.parametrize("options", [MappingOptions(), MappingOptions(canceled=DETACH)])
def test_nothing_goes_without_the_choice(options):
    assert gone(position(71, canceled=True), specs=(replace(TICKET, options=options),)) == []


def test_who_is_known_by_a_value_never_goes():
    former = [FormerUse(Removal(1, 2, (2, 70), ("contacts", "5")), is_own=False)]
    assert gone(position(70, canceled=True), specs=(removing(ATTENDEE),), former=former) == []
    assert not removing(BUYER).removes
    by_order = replace(removing(TICKET), identifier=row("order_key", "pretix_order_key"))
    assert not by_order.removes, "the positions of an order share the record"


def test_what_filters_leave_out_stays():
    assert gone(position(71), specs=(removing(TICKET, filters=Filters(items=frozenset({5}))),)) == []


def test_a_position_that_was_split_off_takes_its_record_along():
    assert gone(position(70)) == []


def test_what_a_person_confirmed_goes_without_a_mapping():
    former = [FormerUse(TICKET_70, is_own=True, is_confirmed=True), FormerUse(TICKET_71, is_own=True)]
    assert gone(position(70), position(71), specs=(DEAL,), former=former) == [TICKET_70]
    shared = [FormerUse(TICKET_70, is_own=False, is_confirmed=True)]
    assert gone(position(70), specs=(DEAL,), former=shared) == []


def judged(outcome):
    plan = build_plan(99, [((removing(TICKET),), [order(positions=[position(70, canceled=True)])])])
    [verdict] = judge(plan, Execution(records={ORDER_7: {}}, removals={ORDER_7: {TICKET_70: outcome}}))
    return verdict


def test_a_record_that_is_gone_is_a_change_and_no_failure():
    verdict = judged(SentRecord("900", RecordAction.REMOVED))
    assert (verdict.failures, verdict.removed, verdict.changed) == ((), [TICKET_70], True)


def test_a_record_that_is_left_to_others_is_no_change():
    verdict = judged(SentRecord("900", RecordAction.NOTHING_TO_DO))
    assert (verdict.failures, verdict.removed, verdict.changed) == ((), [], False)
    assert verdict.ended == ((TICKET_70, SentRecord("900", RecordAction.NOTHING_TO_DO)),)


@pytest.mark.parametrize(
    "error, mode, code",
    [
        (InvalidInput("You cannot delete this ticket"), "permanent", "not_removed"),
        (Forbidden("No"), "config", "forbidden"),
        (None, "temporary", "no_answer_for_record"),
    ],
)
def test_a_removal_that_fails(error, mode, code):
    verdict = judged(FailedRecord(error))
    [failure] = verdict.failures
    assert (failure.mode, failure.code, failure.mapping, failure.position) == (mode, code, 4, 70)
    assert (verdict.removed, verdict.unremoved) == ([], frozenset({11}))
