"""Batches on their way: how many at once, which of them again, and which item stands alone in the end."""

import pytest

from pretix_hubspot.hubspot import errors
from pretix_hubspot.sync.calls import Caller, PortalTrouble


class Portal:
    """Takes notes of what it is sent; ``refuse`` says what is wrong with a batch, if anything."""

    def __init__(self, refuse=lambda part: None, takes=99):
        self.groups, self.refuse, self.takes = [], refuse, takes

    def send(self, parts):
        parts = parts[: self.takes]
        self.groups.append(["".join(part) for part in parts])
        return [self.refuse("".join(part)) or dict.fromkeys(part, "done") for part in parts]


@pytest.fixture
def caller():
    return Caller(sleep=lambda seconds: None)


def test_groups_of_batches(caller):
    portal = Portal()
    assert caller.batch(portal.send, "abcdefg", 2, at_once=3) == dict.fromkeys("abcdefg", "done")
    assert portal.groups == [["ab", "cd", "ef"], ["g"]]


def test_one_batch_at_a_time_unless_told_otherwise(caller):
    portal = Portal()
    caller.batch(portal.send, "abc", 2)
    assert portal.groups == [["ab"], ["c"]]


def test_batches_that_were_not_made_are_in_the_next_group(caller):
    portal = Portal(takes=2)
    assert caller.batch(portal.send, "abcde", 1, at_once=4) == dict.fromkeys("abcde", "done")
    assert portal.groups == [["a", "b"], ["c", "d"], ["e"]]


def test_only_the_refused_batch_is_halved(caller):
    wrong = errors.InvalidInput("no", status=400)
    portal = Portal(lambda part: wrong if "d" in part else None)
    assert caller.batch(portal.send, "abcdefgh", 4, at_once=2) == dict.fromkeys("abcefgh", "done") | {"d": wrong}
    assert portal.groups == [["abcd", "efgh"], ["ab"], ["cd"], ["c"], ["d"]]


def test_only_the_batch_that_failed_for_a_passing_reason_is_repeated(caller):
    failures = [errors.ServerTrouble("oh", status=502), errors.RateLimited("wait", status=429)]
    portal = Portal(lambda part: failures.pop() if part == "b" and failures else None)
    assert caller.batch(portal.send, "abc", 1, at_once=3) == dict.fromkeys("abc", "done")
    assert portal.groups == [["a", "b", "c"], ["b"], ["b"]]


@pytest.mark.parametrize("where", [0, 37, 99])
def test_one_item_that_hubspot_always_stumbles_over_is_no_outage(caller, where):
    broken = errors.ServerTrouble("oh", status=500)
    items = [f"<{number}>" for number in range(100)]
    portal = Portal(lambda part: broken if items[where] in part else None)
    outcomes = caller.batch(portal.send, items, 100)
    assert outcomes[items[where]] is broken
    assert [item for item in items if outcomes[item] == "done"] == [i for i in items if i != items[where]]


def test_what_takes_too_long_twice_is_halved(caller):
    portal = Portal(lambda part: errors.ReadTimeout("late") if len(part) > 2 else None)
    assert caller.batch(portal.send, "abcdefgh", 4, at_once=2) == dict.fromkeys("abcdefgh", "done")
    assert portal.groups == [["abcd", "efgh"], ["abcd"], ["ab"], ["cd"], ["efgh"], ["ef"], ["gh"]]


def test_one_late_answer_among_other_troubles(caller):
    failures = [errors.ReadTimeout("late"), errors.ServerTrouble("oh", status=502), errors.ReadTimeout("late")]
    portal = Portal(lambda part: failures.pop() if failures else None)
    assert caller.batch(portal.send, "a", 1) == {"a": "done"}
    assert portal.groups == [["a"]] * 4


def test_an_outage_is_seen_after_three_calls(caller):
    portal = Portal(lambda part: errors.ServerTrouble("oh", status=503))
    with pytest.raises(PortalTrouble):
        caller.batch(portal.send, "abcd", 4)
    assert portal.groups == [["abcd"]] * 4 + [["ab"]] * 4 + [["cd"]] * 4


def test_what_concerns_the_portal_ends_everything(caller):
    portal = Portal(lambda part: errors.AuthenticationFailed("no", status=401) if part == "b" else None)
    with pytest.raises(PortalTrouble):
        caller.batch(portal.send, "abcd", 1, at_once=2)
    assert portal.groups == [["a", "b"]]


def test_an_error_that_is_raised_is_that_of_the_first_batch(caller):
    raised = [errors.ServerTrouble("oh", status=503)]
    portal = Portal()

    def send(parts):
        if raised:
            raise raised.pop()
        return portal.send(parts)

    assert caller.batch(send, "ab", 1, at_once=2) == dict.fromkeys("ab", "done")
    assert portal.groups == [["a"], ["b"]]


def test_the_claim_is_kept_alive_before_every_attempt():
    beats = []
    portal = Portal(lambda part: errors.InvalidInput("no", status=400) if part == "ab" else None)
    Caller(beat=lambda: beats.append(len(portal.groups)), sleep=lambda seconds: None).batch(portal.send, "abcd", 2)
    assert beats == [0, 1, 2, 3]
