"""SharedBudget: sleeping, listening to headers, many threads on one store."""

import threading

import pytest

from pretix_hubspot.hubspot.budget.shared import NoBudget, SharedBudget
from pretix_hubspot.hubspot.budget.stores import MemoryStore
from pretix_hubspot.hubspot.budget.window import Decision, RollingWindow, State
from pretix_hubspot.hubspot.errors import RateLimited

HEADERS = {
    "X-HubSpot-RateLimit-Max": "100",
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Remaining": "99",
}


class World:
    """A clock that moves when somebody sleeps."""

    def __init__(self):
        self.now = 1_790_000_000.0
        self.slept = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def world():
    return World()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def budget(store, world):
    return SharedBudget(store, world.clock, world.sleep)


def take(budget, kind="crm", live=True):
    """Wait for one call; returns what the budget calls it."""
    [moment] = budget.acquire(kind, live)
    return moment


def test_the_hundred_and_first_call_waits(budget, world):
    for _ in range(101):
        take(budget)
    assert world.slept == [11.0]


def test_longer_than_max_wait_is_refused(store, world):
    budget = SharedBudget(store, world.clock, world.sleep, max_wait=5)
    for _ in range(100):
        take(budget)
    with pytest.raises(RateLimited) as caught:
        take(budget)
    assert (caught.value.policy, caught.value.retry_after, world.slept) == ("burst", 11.0, [])


def test_several_calls_have_their_moments_in_a_row(budget, store, world):
    for _ in range(97):
        take(budget)
    world.now += 5
    begin, moments = world.now, []
    for moment in budget.acquire(calls=5):
        assert moment == round(world.now * 1000)
        moments.append(world.now - begin)
        if len(moments) == 1:  # somebody else asks while the group is on its way, and comes after all of it
            with pytest.raises(RateLimited) as caught:
                take(SharedBudget(store, world.clock, world.sleep, max_wait=1))
            assert caught.value.retry_after == 6
    assert moments == [0, 0, 0, 6, 6]


def test_no_call_of_a_group_waits_ten_seconds_for_the_others(budget, world):
    for _ in range(99):
        take(budget)
    assert len(list(budget.acquire(calls=3))) == 1
    assert world.slept == []
    assert len(list(budget.acquire(calls=3))) == 3


def test_a_group_of_bulk_calls_takes_what_is_free(budget, world):
    for _ in range(88):
        take(budget)
    assert len(list(budget.acquire(live=False, calls=5))) == 2
    assert world.slept == []


def test_a_call_that_has_arrived_makes_room_that_much_earlier(budget, world):
    moments = [take(budget) for _ in range(100)]
    world.now += 0.5
    budget.arrived("crm", [(moment, 0.3) for moment in moments])
    take(budget)
    assert world.slept == [9.72]  # ten seconds after 0.2, instead of eleven after 0, and 20 ms more


def test_who_comes_too_late_for_a_call_reserves_anew(store, world):
    """HubSpot would count it for longer than we do."""

    def overslept(seconds):
        world.sleep(seconds + (7 if len(world.slept) < 1 else 0))

    began = world.now
    budget = SharedBudget(store, lambda: world.now, overslept)
    for _ in range(101):
        take(budget)
    assert world.now == began + 18
    assert max(store.state.crm.grants) == world.now * 1000


def test_who_comes_late_from_work_may_wait_as_long_as_anybody(store, world):
    """Planning a slice took longer than the patience of the worker, who meets a budget that is used up again."""

    def use_up():
        for _ in range(100):
            take(SharedBudget(store, world.clock, world.sleep))

    def planned_meanwhile(seconds):
        first = not world.slept
        world.sleep(seconds)
        if first:
            world.now += 40
            use_up()

    use_up()
    take(SharedBudget(store, world.clock, planned_meanwhile, max_wait=30))

    assert world.slept == [11.0, 11.0]


def test_who_comes_too_late_for_the_second_call_makes_the_first_only(budget, world):
    moments = budget.acquire(calls=3)
    next(moments)
    world.now += 1
    assert list(moments) == []


def test_max_wait_is_bounded(store):
    with pytest.raises(ValueError, match="60"):
        SharedBudget(store, max_wait=61)
    with pytest.raises(ValueError, match="60"):
        SharedBudget(store, max_wait=-1)
    assert [SharedBudget(store, max_wait=allowed)._max_wait_ms for allowed in (0, 60)] == [0, 60_000]


def test_bulk_asks_again_and_yields_to_live_calls(budget, world):
    for _ in range(90):
        take(budget, live=False)
    assert world.slept == []
    take(budget, live=False)
    assert world.slept == [11.0]


def test_limits_are_adopted_from_the_headers(budget, store):
    budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Max": "190"})
    assert (store.state.crm.limit, store.state.crm.interval_ms) == (190, 10_000)


@pytest.mark.parametrize("value", ["", "0", "-5", "many", "99999999", "1e3", "nan", "٣"])
def test_nonsense_in_headers_is_ignored(budget, store, value):
    for name in HEADERS:
        budget.observe(200, {**HEADERS, name: value})
    budget.observe(200, {"X-HubSpot-RateLimit-Daily": value, "X-HubSpot-RateLimit-Daily-Remaining": value})
    assert 1 <= store.state.crm.limit <= 500
    take(budget)


@pytest.mark.parametrize(
    ("limit", "interval", "adopted"),
    [
        ("1", "1000", (1, 1_000)),
        ("190", "60000", (190, 60_000)),
        ("0", "10000", (100, 10_000)),
        ("190", "999", (100, 10_000)),
        ("190", "60001", (100, 10_000)),
        (None, None, (100, 10_000)),
    ],
)
def test_limits_are_believed_where_they_make_sense(budget, store, limit, interval, adopted):
    """Beside a daily quota, which makes the answer worth storing."""
    named = {"X-HubSpot-RateLimit-Max": limit, "X-HubSpot-RateLimit-Interval-Milliseconds": interval}
    daily = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "900"}

    budget.observe(200, daily | {name: value for name, value in named.items() if value})

    assert (store.state.crm.limit, store.state.crm.interval_ms) == adopted
    assert store.state.daily.remaining == 900


@pytest.mark.parametrize(
    ("known", "told", "later", "stored"),
    [
        ((500_000, 200_000), (250_000, 200_000), 0, True),  # the account is smaller now
        ((500_000, 200_000), (500_000, 195_001), 0, False),
        ((500_000, 200_000), (500_000, 195_000), 0, True),  # a hundredth of it
        ((500_000, 200_000), (500_000, 205_000), 0, True),
        ((1_000, 900), (1_000, 851), 0, False),
        ((1_000, 900), (1_000, 850), 0, True),  # fifty calls, where a hundredth is less
        ((500_000, 50_004), (500_000, 50_001), 0, False),
        ((500_000, 50_004), (500_000, 50_000), 0, True),  # what is left is for live orders
        ((500_000, 200_000), (500_000, 200_000), 1_800, False),
        ((500_000, 200_000), (500_000, 200_000), 1_801, True),  # what is not told again is forgotten
    ],
)
def test_news_of_the_daily_quota_are_stored(budget, store, world, known, told, later, stored):
    def say(limit, remaining):
        daily = {"X-HubSpot-RateLimit-Daily": str(limit), "X-HubSpot-RateLimit-Daily-Remaining": str(remaining)}
        budget.observe(200, daily)

    say(*known)
    before = store.state
    world.now += later

    say(*told)

    assert (store.state is not before) == stored
    assert (store.state.daily.limit, store.state.daily.remaining) == (told if stored else known)


def test_answers_without_news_do_not_touch_the_store(budget, store):
    budget.observe(200, HEADERS)
    before = store.state
    for _ in range(10):
        take(budget)
    taken = store.state
    budget.observe(200, HEADERS)
    assert store.state is taken
    assert before.crm.limit == 100


def test_somebody_else_on_the_same_limit_gets_their_part(budget, world):
    take(budget)
    budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Remaining": "5"})
    for _ in range(5):
        take(budget)
    assert world.slept == []
    take(budget)
    assert world.slept == [11.0]


@pytest.mark.parametrize(
    ("limit", "remaining", "ago", "counted"),
    [
        (100, 94, 0.0, 0),  # a twentieth may be a matter of moments
        (100, 93, 0.0, 6),
        (20, 16, 0.0, 0),  # and so may three calls
        (20, 15, 0.0, 4),
        (100, 40, 2.0, 59),
        (100, 40, 2.1, 0),  # what was counted so long ago says little
    ],
)
def test_how_many_calls_of_somebody_else_are_noticed(budget, store, limit, remaining, ago, counted):
    take(budget)
    headers = {**HEADERS, "X-HubSpot-RateLimit-Max": str(limit), "X-HubSpot-RateLimit-Remaining": str(remaining)}

    budget.observe(200, headers, ago)

    assert len(store.state.crm.grants) == 1 + counted


def test_only_a_window_half_used_is_compared_and_not_all_the_time(budget, store, world):
    def somebody_else_after(seconds, remaining):
        before = len(store.state.crm.grants)
        world.now += seconds
        budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Remaining": str(remaining)})
        return len(store.state.crm.grants) - before

    somebody_else_after(0, 99)

    assert somebody_else_after(0.25, 50) == 0
    assert somebody_else_after(0, 49) == 51
    assert somebody_else_after(0.24, 30) == 0
    assert somebody_else_after(0.01, 30) == 19


def test_our_own_calls_are_not_taken_for_somebody_elses(budget, world):
    for n in range(100):
        take(budget)
        budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Remaining": str(99 - n)})
    assert world.slept == []


def test_daily_reserve(budget):
    daily = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "100"}
    budget.observe(200, daily)
    take(budget)
    with pytest.raises(RateLimited) as caught:
        take(budget, live=False)
    assert caught.value.policy == "daily"


def test_429s(budget, world):
    budget.throttled("burst", None)
    take(budget)
    assert world.slept == [11.0]
    budget.throttled("secondly", None, "search")
    take(budget)
    take(budget, "search")
    assert world.slept == [11.0, 1.1]
    budget.throttled("burst", 2.5, "search")
    take(budget, "search")
    take(budget)
    assert world.slept == [11.0, 1.1, 2.5]


def test_a_429_stops_calls_for_a_second_at_least(budget, world):
    budget.throttled("burst", 0.2)

    take(budget)

    assert world.slept == [1.0]


def test_a_secondly_limit_on_another_call_stops_those_for_a_second(budget, world):
    """HubSpot documents it for search only; whoever meets it elsewhere has to wait there."""
    budget.throttled("secondly", None)
    take(budget, "search")
    assert world.slept == []
    take(budget)
    assert world.slept == [1.1]


def test_daily_429_rests_for_an_hour_unless_reset(budget, world):
    budget.throttled("daily", None)
    with pytest.raises(RateLimited) as caught:
        take(budget)
    assert (caught.value.policy, caught.value.retry_after) == ("daily", 3600)
    budget.reset()
    take(budget)
    budget.throttled("daily", None)
    world.now += 3_600
    take(budget)


def test_a_moment_reserved_before_a_429_is_void(store, world):
    """Sleeping through a 429 and calling right after it would earn the next one."""

    def sleep(seconds):
        if not world.slept:
            SharedBudget(store, world.clock, world.sleep).throttled("burst", 15)
        world.sleep(seconds)

    budget = SharedBudget(store, world.clock, sleep)
    for _ in range(100):
        take(budget)
    take(budget)
    assert sum(world.slept) == pytest.approx(15)


def test_a_store_that_reserves_by_itself_is_used():
    class Redis(MemoryStore):
        asked = ()

        def reserve(self, kind, now_ms, live, max_wait_ms):
            self.asked += ((kind, live, max_wait_ms),)
            return Decision(True, 0)

        def arrived(self, kind, calls):
            self.asked += ((kind, calls),)

    store = Redis()
    budget = SharedBudget(store, clock=lambda: 1_000.0)
    take(budget, "search", live=False)
    budget.arrived("search", [(1_000_000, 0.25), (1_000_001, 0.5)])
    assert store.asked == (("search", False, 30_000), ("search", [(1_000_000, 999_770), (1_000_001, 999_520)]))
    assert store.state == State()


def test_threads_never_exceed_the_limit_in_real_time():
    """Twenty threads in a rush on a window of a tenth of a second."""
    store = MemoryStore(State(crm=RollingWindow(5, 100, 0)))
    budget = SharedBudget(store)
    moments = []
    recording = store.update

    def update(fn):
        def noted(state):
            state, decision = fn(state)
            if isinstance(decision, Decision):
                moments.append(state.crm.grants[-1])
            return state, decision

        return recording(noted)

    store.update = update
    threads = [threading.Thread(target=lambda: [take(budget) for _ in range(3)]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(moments) == 60
    assert all(later - earlier >= 100 for earlier, later in zip(moments, moments[5:], strict=False))


def test_no_budget_never_waits():
    budget = NoBudget()
    take(budget)
    budget.observe(200, {})
    budget.throttled("daily", None)
