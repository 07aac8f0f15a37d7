"""Batches on their way: how many at once, which of them again, and which item stands alone in the end."""

import random

import pytest

from pretix_hubspot.hubspot import errors
from pretix_hubspot.server.patience import PERSON
from pretix_hubspot.sync.send import batches
from pretix_hubspot.sync.send.batches import BatchCaller, PortalUnavailable


class Portal:
    """Takes notes of what it is sent; ``refuse`` says what is wrong with a batch, if anything."""

    def __init__(self, refuse=lambda part: None, takes=99):
        self.groups, self.refuse, self.takes = [], refuse, takes

    def send(self, parts):
        parts = parts[: self.takes]
        self.groups.append(["".join(part) for part in parts])
        return [self.refuse("".join(part)) or dict.fromkeys(part, "done") for part in parts]


@pytest.fixture(autouse=True)
def clock(fake_clock):
    """Nobody waits."""
    return fake_clock


@pytest.fixture
def caller():
    return BatchCaller()


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


@pytest.mark.parametrize(
    "where", [(0, 99), (20, 70), (49, 50), (0, 30, 60, 90), range(60, 70), range(90, 100), range(1, 100, 9)], ids=str
)
def test_several_items_that_hubspot_always_stumbles_over_are_no_outage(caller, where):
    """Fails without ``BatchCaller._probe_items``: both halves fail for good, as they would in an outage."""
    random.seed(1)
    broken = errors.ServerTrouble("oh", status=500)
    items = [f"<{number}>" for number in range(100)]
    bad = {items[number] for number in where}
    portal = Portal(lambda part: broken if any(item in part for item in bad) else None)
    outcomes = caller.batch(portal.send, items, 100)
    assert outcomes == {item: broken if item in bad else "done" for item in items}


@pytest.mark.parametrize("works", "abc")
def test_one_item_that_works_is_found_and_asked_again_later(caller, works):
    """As many as there are probes, so that whichever comes first, the one is among them."""
    broken = errors.ServerTrouble("oh", status=500)
    portal = Portal(lambda part: None if part == works else broken)
    assert caller.batch(portal.send, "abc", 3) == dict.fromkeys("abc", broken) | {works: "done"}


def test_a_refusal_of_a_single_item_is_a_sign_of_life(caller):
    broken, no = errors.ServerTrouble("oh", status=500), errors.InvalidInput("no", status=400)
    portal = Portal(lambda part: no if len(part) == 1 else broken)
    assert caller.batch(portal.send, "abcdefgh", 8) == dict.fromkeys("abcdefgh", no)


def test_an_item_that_was_tried_alone_is_in_no_later_batch(caller):
    broken, no = errors.ServerTrouble("oh", status=500), errors.InvalidInput("no", status=400)
    portal = Portal(lambda part: no if len(part) == 1 else broken)

    caller.batch(portal.send, "abcdefgh", 8)

    sent = [part for group in portal.groups for part in group]
    first = next(number for number, part in enumerate(sent) if len(part) == 1)
    assert first < len(sent) - 1
    assert [part for part in sent[first:] if len(part) > 1 and sent[first] in part] == []


def test_an_outage_that_begins_in_the_middle_is_noticed_by_what_worked_before(caller):
    down = errors.ServerTrouble("oh", status=503)
    sent = []

    def refuse(part):
        sent.append(part)
        return down if len(sent) > 1 else None

    portal = Portal(refuse)
    with pytest.raises(PortalUnavailable):
        caller.batch(portal.send, "abcdefgh", 4)
    assert portal.groups == [["abcd"]] + [["efgh"]] * 4 + [["ef"]] * 4 + [["gh"]] * 4 + [["a"]]


@pytest.mark.parametrize(
    "error",
    [errors.RateLimited("day", status=429, policy="daily"), errors.OverBudget("ours"), errors.Migrating(status=477)],
    ids=lambda error: type(error).__name__,
)
def test_a_probe_may_meet_what_concerns_the_portal(caller, error):
    portal = Portal(lambda part: error if len(part) == 1 else errors.ServerTrouble("oh", status=500))
    with pytest.raises(PortalUnavailable) as caught:
        caller.batch(portal.send, "abcdefgh", 8)
    assert caught.value.error is error


def test_who_names_a_long_time_is_left_alone_until_then(caller):
    """Fails without ``LONGEST_PAUSE``: three attempts within three minutes, of which HubSpot asked for none."""
    busy = errors.ServerTrouble("busy", status=503, retry_after=600.0)
    portal = Portal(lambda part: busy)
    with pytest.raises(PortalUnavailable) as caught:
        caller.batch(portal.send, "ab", 2)
    assert portal.groups == [["ab"]]
    assert caught.value.error.retry_after == 600


@pytest.mark.parametrize(
    ("error", "least"),
    [
        (errors.ServerTrouble(status=502), [0.5, 2, 5]),
        (errors.ServerTrouble(status=503, retry_after=30.0), [30, 30, 30]),
        (errors.ServerTrouble(status=503, retry_after=60.0), [60, 60, 60]),
        (errors.ServerTrouble(status=503, retry_after=1.0), [1, 2, 5]),
        (errors.Locked(status=423), [2, 2, 5]),
    ],
    ids=lambda value: str(getattr(value, "retry_after", "")),
)
def test_waits_grow_with_jitter_and_are_never_shorter_than_hubspot_asks_for(clock, error, least):
    waits = [waits_for(clock, error) for _ in range(20)]

    for number, at_least in enumerate(least):
        found = [wait[number] for wait in waits]
        assert at_least <= min(found) < max(found) <= 1.3 * at_least


def waits_for(clock, error):
    before = len(clock.slept)
    BatchCaller().batch(Portal(lambda part: error).send, "a", 1)
    return clock.slept[before:]


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
    with pytest.raises(PortalUnavailable):
        caller.batch(portal.send, "abcd", 4)
    assert portal.groups[:12] == [["abcd"]] * 4 + [["ab"]] * 4 + [["cd"]] * 4
    probes = {item for [item] in portal.groups[12:]}
    assert len(probes) == len(portal.groups[12:]) == batches.PROBES
    assert probes < set("abcd")


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (errors.ServerTrouble("oh", status=503), 2),
        (errors.ConnectionFailed("refused"), 2),
        (errors.ServerTrouble("oh", status=503, retry_after=2.0), 1),
        (errors.RateLimited("wait", status=429, retry_after=10.0), 1),
        (errors.ConnectTimeout("late"), 1),
        (errors.ReadTimeout("late"), 1),
    ],
    ids=str,
)
def test_nobody_is_patient_while_somebody_waits_for_the_page(clock, error, attempts):
    portal = Portal(lambda part: error)

    with pytest.raises(PortalUnavailable):
        BatchCaller(patience=PERSON).batch(portal.send, "abcd", 2, at_once=2)

    assert portal.groups == [["ab", "cd"], ["ab"]][:attempts]
    assert sum(clock.slept) <= 1


def test_a_locked_record_is_no_outage_for_a_person_either(clock):
    locked = errors.Locked("busy", status=423)
    portal = Portal(lambda part: locked if "a" in part else None)

    outcomes = BatchCaller(patience=PERSON).batch(portal.send, "ab", 2)

    assert outcomes == {"a": locked, "b": "done"}
    assert clock.slept == []


def test_a_glitch_is_forgiven_by_a_person_too():
    failures = [errors.ServerTrouble("oh", status=502)]
    portal = Portal(lambda part: failures.pop() if failures else None)

    assert BatchCaller(patience=PERSON).batch(portal.send, "ab", 2) == dict.fromkeys("ab", "done")


def test_what_concerns_the_portal_ends_everything(caller):
    portal = Portal(lambda part: errors.AuthenticationFailed("no", status=401) if part == "b" else None)
    with pytest.raises(PortalUnavailable):
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
    BatchCaller(renew_claim=lambda: beats.append(len(portal.groups))).batch(portal.send, "abcd", 2)
    assert beats == [0, 1, 2, 3]


ABOUT_THE_CALL = [
    errors.PaymentRequired(status=402),
    errors.CallRefused(status=405),
    errors.VersionEnded(status=410),
    errors.CallRefused(status=415),
    errors.LegallyBlocked(status=451),
    errors.UnexpectedStatus(status=302),
    errors.UnexpectedStatus(status=418),
]
answered_as = pytest.mark.parametrize("error", ABOUT_THE_CALL, ids=lambda error: f"{error.status}")


@answered_as
def test_a_refusal_of_the_call_is_not_halved(clock, error):
    asked = []
    portal = Portal(lambda part: error)
    caller = BatchCaller(probe=lambda: asked.append("account"))

    outcomes = caller.batch(portal.send, "abcdef", 3)

    assert outcomes == dict.fromkeys("abcdef", error)
    assert portal.groups == [["abc"], ["def"]]
    assert asked == ["account"], "once for all"
    assert clock.slept == []


@answered_as
def test_a_refusal_of_every_call_is_the_portals_trouble(clock, error):
    def probe():
        raise type(error)(status=error.status)

    portal = Portal(lambda part: error)

    with pytest.raises(PortalUnavailable) as trouble:
        BatchCaller(probe=probe).batch(portal.send, "abcdef", 3)

    assert trouble.value.error is error
    assert portal.groups == [["abc"]]
    assert clock.slept == []


@pytest.mark.parametrize("other", [errors.ServerTrouble(status=503), errors.OverBudget("wait")], ids=lambda e: e.code)
def test_a_probe_without_an_answer_leaves_it_to_the_next_run(other):
    def probe():
        raise other

    with pytest.raises(PortalUnavailable) as trouble:
        BatchCaller(probe=probe).batch(Portal(lambda part: ABOUT_THE_CALL[0]).send, "ab", 2)

    assert trouble.value.error is other


def test_an_input_with_an_unknown_word_is_no_refusal_of_the_call(caller):
    unknown = errors.UnexpectedStatus("of an entry, which has no status")
    portal = Portal(lambda part: unknown if "b" in part else None)

    assert caller.batch(portal.send, "ab", 2) == {"a": "done", "b": unknown}


def test_one_page_of_the_edge_is_forgiven(caller):
    pages = [errors.EdgePage(status=403)]
    portal = Portal(lambda part: pages.pop() if pages else None)

    assert caller.batch(portal.send, "abc", 3) == dict.fromkeys("abc", "done")
    assert portal.groups == [["abc"], ["abc"]]


def test_a_page_for_one_item_stops_no_other(caller):
    page = errors.EdgePage(status=403)  # a firewall that dislikes a name, say
    portal = Portal(lambda part: page if "d" in part else None)

    assert caller.batch(portal.send, "abcdefgh", 8) == dict.fromkeys("abcefgh", "done") | {"d": page}


def test_pages_for_everything_are_an_outage(caller):
    with pytest.raises(PortalUnavailable) as trouble:
        caller.batch(Portal(lambda part: errors.EdgePage(status=404)).send, "abcdefgh", 8)

    assert trouble.value.error.status == 404
