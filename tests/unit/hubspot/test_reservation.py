"""Calls that are reserved together: as many as are free, of none that another one holds; what is left is given back."""

import pytest

from pretix_hubspot.hubspot.budget.shared import SharedBudget
from pretix_hubspot.hubspot.budget.stores import MemoryStore
from pretix_hubspot.hubspot.budget.window import CRM_WINDOW, Daily, RollingWindow, State
from pretix_hubspot.hubspot.errors import OverBudget

NOW = 1_790_000_000_000
WINDOW = RollingWindow(10, 10_000, 1_000)


class World:
    def __init__(self):
        self.now = NOW / 1000

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def world():
    return World()


@pytest.fixture
def store():
    return MemoryStore(State(crm=WINDOW))


def budget_of(store, world, **options):
    return SharedBudget(store, lambda: world.now, world.sleep, **options)


def take(budget, **options):
    return list(budget.acquire(**options))


# The window


def test_as_many_calls_as_are_free():
    window, moments, wait = WINDOW.ahead(NOW, True, 4, 1)
    assert (moments, wait, window.grants) == ([NOW] * 4, 0, (NOW,) * 4)

    window, moments, wait = window.ahead(NOW, True, 20, 1)
    assert (len(moments), wait, len(window.grants)) == (6, 0, 10)


def test_none_if_too_few_are_free_and_how_long_that_lasts():
    window = WINDOW.ahead(NOW, True, 8, 1)[0]
    window = window.ahead(NOW + 500, True, 1, 1)[0]

    after, moments, wait = window.ahead(NOW + 2_000, True, 5, 5)

    assert (after, moments, wait) == (window, [], 9_000)
    assert window.ahead(NOW + 11_000, True, 5, 5)[1] == [NOW + 11_000] * 5


@pytest.mark.parametrize(("taken", "reserved"), [(5, 5), (6, 0)])
def test_work_that_needs_more_than_a_window_begins_with_half_of_it(taken, reserved):
    window = WINDOW.ahead(NOW, True, taken, 1)[0]

    assert len(window.ahead(NOW, True, 200, 200)[1]) == reserved


def test_bulk_work_leaves_a_tenth():
    assert len(WINDOW.ahead(NOW, False, 20, 1)[1]) == 9


def test_given_back():
    window = WINDOW.ahead(NOW, True, 3, 1)[0]
    assert window.without([NOW, NOW, NOW + 1]).grants == (NOW,)


# The budget


def test_reserved_calls_are_spent_first_and_together(store, world):
    reservation = budget_of(store, world).ahead(4)
    world.now += 3

    assert take(reservation, calls=3) == [NOW] * 3
    assert take(reservation, calls=3) == [NOW]
    assert take(reservation, calls=2) == [NOW + 3_000] * 2
    assert len(store.state.crm.grants) == 6


def test_calls_of_another_kind_are_no_part_of_it(store, world):
    reservation = budget_of(store, world).ahead(4)

    assert take(reservation, kind="search") == [NOW]

    assert reservation.left == 4


def test_what_is_left_is_given_back_once(store, world):
    reservation = budget_of(store, world).ahead(4)
    take(reservation)

    reservation.close()
    reservation.close()

    assert store.state.crm.grants == (NOW,)
    assert reservation.left == 0


def test_a_429_in_between_makes_them_void(store, world):
    reservation = budget_of(store, world, max_wait=1).ahead(4)
    budget_of(store, world).throttled("burst", 30)

    with pytest.raises(OverBudget):
        take(reservation)

    assert store.state.crm.grants == ()


def test_what_was_reserved_too_long_ago_is_void(store, world):
    """HubSpot took long to answer, and counts the next call for longer than the window remembers its moment."""
    reservation = budget_of(store, world).ahead(4)
    world.now += 6

    [moment] = take(reservation)

    assert (moment, reservation.left) == (NOW + 6_000, 0)
    assert store.state.crm.grants == (NOW + 6_000,)


def test_headers_and_answers_go_to_the_shared_budget(store, world):
    reservation = budget_of(store, world).ahead(1)
    [moment] = take(reservation)

    reservation.arrived("crm", [(moment, 0.0)])
    reservation.observe(200, {"x-hubspot-ratelimit-max": "190", "x-hubspot-ratelimit-interval-milliseconds": "10000"})
    reservation.throttled("burst", 30)
    assert (store.state.crm.limit, store.state.crm.blocked_policy) == (190, "burst")

    reservation.reset()
    assert store.state.crm.blocked_until == 0


def test_two_workers_never_reserve_the_same_calls(store, world):
    first, second = (budget_of(store, world).ahead(7, least=5) for _ in range(2))

    assert (first.left, second.left, second.wait) == (7, 0, 11.0)


def test_small_slices_begin_apart(store, world):
    assert budget_of(store, world).ahead(2, apart=1.2).left == 2
    world.now += 0.5

    waiting = budget_of(store, world).ahead(2, apart=1.2)
    assert (waiting.left, waiting.wait) == (0, 0.7)
    assert budget_of(store, world).ahead(2).left == 2, "one that is urgent"
    world.now += 1.2
    assert budget_of(store, world).ahead(2, apart=1.2).left == 2


def test_a_clock_that_was_set_back_holds_up_nobody(store, world):
    budget_of(store, world).ahead(2, apart=1.2)
    world.now -= 3_600

    assert budget_of(store, world).ahead(2, apart=1.2).wait == 0


@pytest.mark.parametrize(("remaining", "wait"), [(2_600, 0.0), (2_400, 11.0)])
def test_they_begin_further_apart_once_the_day_runs_short(store, world, remaining, wait):
    store.state = State(crm=WINDOW, daily=Daily(25_000, remaining, NOW), began=NOW)
    world.now += 1

    assert budget_of(store, world).ahead(2, tight_apart=12.0).wait == wait


def test_a_used_up_day_is_told_by_the_first_call(store, world):
    store.state = State(crm=WINDOW, daily=Daily(25_000, 0, NOW))

    reservation = budget_of(store, world).ahead(2)

    assert (reservation.left, reservation.wait) == (0, 0.0)
    with pytest.raises(OverBudget):
        take(reservation)


def test_the_state_remembers_when_work_began():
    state = State(CRM_WINDOW, began=NOW)
    assert State.from_json(state.to_json()) == state


def test_servers_whose_clocks_differ_share_the_clock_of_the_store(world):
    store = MemoryStore(State(crm=WINDOW), clock=lambda: world.now)
    early, late = (SharedBudget(store, lambda ahead=ahead: world.now + ahead, world.sleep) for ahead in (-15, 15))

    assert take(early) == take(late) == [NOW]
