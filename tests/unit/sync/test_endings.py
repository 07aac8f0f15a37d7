"""How orders leave a slice, as literals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pretix_hubspot.failures.causes import cause_of
from pretix_hubspot.failures.codes import MISCONFIGURATION, PERMANENT, TEMPORARY
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import SubjectPlan
from pretix_hubspot.sync.run import endings
from pretix_hubspot.sync.run.endings import BACKOFF, EXCEEDED, Ending, Occasion, Past, RowAction
from pretix_hubspot.sync.run.judge import Verdict, Written
from pretix_hubspot.sync.send.association import Association
from pretix_hubspot.sync.send.outcome import Removal, SentRecord

PLANNED = datetime(2027, 6, 4, 12, tzinfo=UTC)
OCCASION = Occasion(portal_id=99, planner=3, planned_at=PLANNED, moment=PLANNED + timedelta(minutes=1))
ORDER_7 = Subject.of_order(7)
DEAL, CONTACT = ("deals", "k"), ("contacts", "p")
SETTLED = {
    "sent_at": PLANNED,
    "planner": 3,
    "outdated_by": "",
    "excluded_reason": "",
    "problem": None,
    "cause": "",
    "failing_since": None,
    "attempts": 0,
}
BEFORE = Past(log_count=4)
LINK = Association(("deals", "9"), ("contacts", "1"))


def written(ref, record_id, action="created"):
    return Written(mapping=1 if ref == DEAL else 2, part=None, ref=ref, sent=SentRecord(record_id, action))


def failure(mode=PERMANENT):
    return Failure(mode, "not_unique", {}, 1, None, "deals")


def ending(verdict, past=BEFORE):
    [found] = endings.judged([verdict], lambda order: past, OCCASION)
    return found


def test_an_order_that_was_deleted_only_leaves_the_queue():
    assert endings.missing([7]) == [Ending(7)]


def test_orders_out_of_scope_say_why():
    found = endings.left_out({7: "test_mode"}, lambda order: BEFORE)

    state = {"excluded_reason": "test_mode", "log_count": 4}
    assert found == [Ending(7, counted="excluded", state=state, excluded="test_mode")]


def test_of_a_filtered_order_nothing_counts_as_sent():
    found = endings.filtered({7: "filter_paid"}, lambda order: BEFORE)

    state = {"excluded_reason": "filter_paid", "log_count": 4, "sent_hash": ""}
    assert found == [Ending(7, counted="excluded", state=state, excluded="filter_paid")]


def test_an_unchanged_order_is_in_sync_and_its_records_are_passed_over():
    plan = SubjectPlan(ORDER_7, (), records={1: [(None, DEAL)], 2: [(70, CONTACT), (71, CONTACT)]})

    found = endings.unchanged([plan], lambda order: BEFORE, OCCASION)

    state = {"log_count": 4, **SETTLED}
    passed = frozenset({DEAL, CONTACT})
    assert found == [Ending(7, counted="unchanged", state=state, excluded="", passed_over=passed)]


def test_an_order_that_was_sent():
    verdict = Verdict(ORDER_7, "hash", (written(DEAL, "9"),), associated=(LINK,))

    found = ending(verdict)

    state = {
        "portal_id": 99,
        "sent_hash": "hash",
        "log_count": 4,
        **SETTLED,
    }
    shown = (written(DEAL, "9"),)
    assert found == Ending(7, counted="sent", state=state, verdict=verdict, shown=shown, entry="success")


@pytest.mark.parametrize(
    "action, was_sent, entry",
    [
        ("updated", True, "success"),
        ("nothing_to_do", False, "success"),
        ("nothing_to_do", True, ""),
    ],
)
def test_history_tells_what_changed_and_the_first_time(action, was_sent, entry):
    verdict = Verdict(ORDER_7, "hash", (written(DEAL, "9", action),))

    assert ending(verdict, Past(was_sent=was_sent)).entry == entry


def test_an_order_without_records_has_nothing_to_tell():
    assert ending(Verdict(ORDER_7, "hash")).entry == ""


def test_a_failure_that_needs_somebody_stops_the_order():
    since = PLANNED - timedelta(days=1)
    verdict = Verdict(ORDER_7, "hash", (written(CONTACT, "1"),), (failure(), failure(MISCONFIGURATION)), (LINK,))

    found = ending(verdict, Past(log_count=4, failed_attempts=1, attempts=2, failing_since=since))

    state = {
        "sent_hash": "",
        "excluded_reason": "",
        "problem": [failure(MISCONFIGURATION).to_json(), failure().to_json()],
        "cause": cause_of(verdict.failures),
        "attempts": 3,
        "failing_since": since,
        "log_count": 4,
    }
    assert replace(found, wait=0) == Ending(
        7,
        RowAction.STOP,
        mode=MISCONFIGURATION,
        counted="failed",
        state=state,
        verdict=verdict,
        shown=(written(CONTACT, "1"),),
        entry="failed.config",
    )


def test_a_temporary_failure_waits_and_leaves_the_rest_to_the_sweep():
    verdict = Verdict(ORDER_7, "hash", failures=(failure(TEMPORARY),))

    found = ending(verdict)

    assert (found.action, found.wait, found.mode, found.entry) == (RowAction.RETRY, BACKOFF[0], TEMPORARY, "")
    assert found.state["failing_since"] == OCCASION.moment
    assert "log_count" not in found.state


@pytest.mark.parametrize("attempts", range(len(BACKOFF)))
def test_attempts_come_ever_later(attempts):
    verdict = Verdict(ORDER_7, "hash", failures=(failure(TEMPORARY),))

    assert ending(verdict, Past(failed_attempts=attempts)).wait == BACKOFF[attempts]


def test_whoever_used_up_the_attempts_is_called_exceeded():
    verdict = Verdict(ORDER_7, "hash", failures=(failure(TEMPORARY),))

    found = ending(verdict, Past(log_count=4, failed_attempts=len(BACKOFF)))

    assert (found.action, found.mode, found.entry) == (RowAction.STOP, EXCEEDED, "failed.exceeded")
    assert "log_count" not in found.state


def test_an_order_whose_record_another_worker_writes_goes_back_without_an_attempt():
    busy = Failure(TEMPORARY, "record_busy", {}, 1, None, "contacts")
    verdict = Verdict(ORDER_7, "hash", (written(DEAL, "9"),), (failure(), busy))

    assert ending(verdict) == Ending(7, RowAction.POSTPONE, verdict=verdict)
    assert endings.busy([7, 8]) == [Ending(7, RowAction.POSTPONE), Ending(8, RowAction.POSTPONE)]


def test_orders_that_are_only_offered_say_why():
    assert endings.offered({7: "names"}) == [Ending(7, state={"outdated_by": "names"})]


REMOVAL = Removal(stored=3, record=4, use=(1, None), place=("deals", "9"))


@pytest.mark.parametrize("action, entry", [("removed", "success"), ("nothing_to_do", "")])
def test_an_order_of_which_only_former_records_were_removed(action, entry):
    verdict = Verdict(ORDER_7, "hash", ended=((REMOVAL, SentRecord("9", action)),))

    [sent] = endings.only_removed({}, [verdict], lambda order: BEFORE)
    [left_out] = endings.only_removed({7: "ignored"}, [verdict], lambda order: BEFORE)

    state = {"excluded_reason": "ignored", "log_count": 4, "sent_hash": ""}
    assert sent == Ending(7, verdict=verdict, entry=entry)
    assert left_out == Ending(7, counted="excluded", state=state, excluded="ignored", verdict=verdict, entry=entry)
