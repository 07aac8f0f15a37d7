"""SharedBudget: sleeping, listening to headers, many threads on one store."""

import threading

import pytest

from pretix_hubspot.hubspot.errors import RateLimited
from pretix_hubspot.hubspot.pacing import Decision, MemoryStore, NoBudget, SharedBudget
from pretix_hubspot.hubspot.rolling_window import RollingWindow, State

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


def test_the_hundred_and_first_call_waits(budget, world):
    for _ in range(101):
        budget.acquire()
    assert world.slept == [10.5]


def test_longer_than_max_wait_is_refused(store, world):
    budget = SharedBudget(store, world.clock, world.sleep, max_wait=5)
    for _ in range(100):
        budget.acquire()
    with pytest.raises(RateLimited) as caught:
        budget.acquire()
    assert (caught.value.policy, caught.value.retry_after, world.slept) == ("burst", 10.5, [])


def test_max_wait_is_bounded(store):
    with pytest.raises(ValueError, match="60"):
        SharedBudget(store, max_wait=61)


def test_bulk_asks_again_and_yields_to_live_calls(budget, world):
    for _ in range(90):
        budget.acquire(live=False)
    assert world.slept == []
    budget.acquire(live=False)
    assert world.slept == [10.5]


def test_limits_are_adopted_from_the_headers(budget, store):
    budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Max": "190"})
    assert (store.state.crm.limit, store.state.crm.interval_ms) == (190, 10_000)


@pytest.mark.parametrize("value", ["", "0", "-5", "many", "99999999", "1e3", "nan", "٣"])
def test_nonsense_in_headers_is_ignored(budget, store, value):
    for name in HEADERS:
        budget.observe(200, {**HEADERS, name: value})
    budget.observe(200, {"X-HubSpot-RateLimit-Daily": value, "X-HubSpot-RateLimit-Daily-Remaining": value})
    assert 1 <= store.state.crm.limit <= 500
    budget.acquire()


def test_answers_without_news_do_not_touch_the_store(budget, store):
    budget.observe(200, HEADERS)
    before = store.state
    for _ in range(10):
        budget.acquire()
    taken = store.state
    budget.observe(200, HEADERS)
    assert store.state is taken
    assert before.crm.limit == 100


def test_somebody_else_on_the_same_limit_gets_their_part(budget, world):
    budget.acquire()
    budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Remaining": "5"})
    for _ in range(5):
        budget.acquire()
    assert world.slept == []
    budget.acquire()
    assert world.slept == [10.5]


def test_our_own_calls_are_not_taken_for_somebody_elses(budget, world):
    for n in range(100):
        budget.acquire()
        budget.observe(200, {**HEADERS, "X-HubSpot-RateLimit-Remaining": str(99 - n)})
    assert world.slept == []


def test_daily_reserve(budget):
    daily = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "100"}
    budget.observe(200, daily)
    budget.acquire()
    with pytest.raises(RateLimited) as caught:
        budget.acquire(live=False)
    assert caught.value.policy == "daily"


def test_429s(budget, world):
    budget.throttled("burst", None)
    budget.acquire()
    assert world.slept == [10.5]
    budget.throttled("secondly", None, "search")
    budget.acquire()
    budget.acquire("search")
    assert world.slept == [10.5, 1.1]
    budget.throttled("burst", 2.5, "search")
    budget.acquire("search")
    budget.acquire()
    assert world.slept == [10.5, 1.1, 2.5]


def test_a_secondly_limit_on_another_call_stops_those_for_a_second(budget, world):
    """HubSpot documents it for search only; whoever meets it elsewhere has to wait there."""
    budget.throttled("secondly", None)
    budget.acquire("search")
    assert world.slept == []
    budget.acquire()
    assert world.slept == [1.1]


def test_daily_429_rests_for_an_hour_unless_reset(budget, world):
    budget.throttled("daily", None)
    with pytest.raises(RateLimited) as caught:
        budget.acquire()
    assert (caught.value.policy, caught.value.retry_after) == ("daily", 3600)
    budget.reset()
    budget.acquire()
    budget.throttled("daily", None)
    world.now += 3_600
    budget.acquire()


def test_a_moment_reserved_before_a_429_is_void(store, world):
    """Sleeping through a 429 and calling right after it would earn the next one."""

    def sleep(seconds):
        if not world.slept:
            SharedBudget(store, world.clock, world.sleep).throttled("burst", 15)
        world.sleep(seconds)

    budget = SharedBudget(store, world.clock, sleep)
    for _ in range(100):
        budget.acquire()
    budget.acquire()
    assert sum(world.slept) == pytest.approx(15)


def test_a_store_that_reserves_by_itself_is_used():
    class Redis(MemoryStore):
        asked = ()

        def reserve(self, kind, now_ms, live, max_wait_ms):
            self.asked += ((kind, live, max_wait_ms),)
            return Decision(True, 0)

    store = Redis()
    SharedBudget(store).acquire("search", live=False)
    assert store.asked == (("search", False, 30_000),)
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
    threads = [threading.Thread(target=lambda: [budget.acquire() for _ in range(3)]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(moments) == 60
    assert all(later - earlier >= 100 for earlier, later in zip(moments, moments[5:], strict=False))


def test_no_budget_never_waits():
    budget = NoBudget()
    budget.acquire()
    budget.observe(200, {})
    budget.throttled("daily", None)
