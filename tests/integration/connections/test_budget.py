"""The shared request budget, in a row and in Redis."""

import pytest
from django.db import connection as database
from django.test import override_settings

from pretix_hubspot.connections import request_budget
from pretix_hubspot.hubspot.budget.window import State
from pretix_hubspot.models import RequestBudgetState

pytestmark = pytest.mark.django_db


def count_up(state):
    window = state.crm.blocked(state.crm.blocked_until + 1, "burst")
    return state.with_window("crm", window), window.blocked_until


def test_the_row_keeps_what_it_was_told():
    assert request_budget.RowStore("1:oauth").update(count_up) == 1
    assert request_budget.RowStore("1:oauth").update(count_up) == 2
    assert request_budget.RowStore("2:oauth").update(count_up) == 1
    assert RequestBudgetState.objects.get(portal="1:oauth").state["crm"]["blocked"] == 2


def test_a_damaged_row_begins_anew():
    RequestBudgetState.objects.create(portal="1:oauth", state={"crm": "nonsense"})
    assert request_budget.RowStore("1:oauth").update(lambda state: (state, state)) == State()


def test_without_redis_the_row_is_used():
    shared = request_budget.for_portal(1, "oauth")
    assert len(list(shared.acquire())) == 1
    assert len(RequestBudgetState.objects.get(portal="1:oauth").state["crm"]["grants"]) == 1


class FakeScript:
    def __init__(self, calls):
        self.calls = calls

    def __call__(self, keys, args):
        self.calls.append((keys, args))
        return [1, 5, b"burst", 0, 1000]


class FakeRedis:
    """As much of Redis as the store uses; the real one is used in the workers suite."""

    def __init__(self):
        self.values, self.calls = {}, []

    def register_script(self, source):
        return FakeScript(self.calls)

    def transaction(self, step, key):
        step(self)

    def get(self, key):
        return self.values.get(key)

    def multi(self):
        pass

    def time(self):
        return (1_790_000_000, 250_000)

    def set(self, key, value, px):
        self.values[key] = value.encode()


def test_redis_keeps_what_it_was_told():
    client = FakeRedis()
    assert request_budget.RedisStore("1:oauth", client).update(count_up) == 1
    assert request_budget.RedisStore("1:oauth", client).update(count_up) == 2
    assert list(client.values) == ["pretix_hubspot:budget:1:oauth"]


def test_the_clock_of_redis_counts():
    assert request_budget.RedisStore("1:oauth", FakeRedis()).now() == 1_790_000_000.25


def test_the_clock_of_the_database_counts_where_it_may_be_another_machines():
    moment = request_budget.RowStore("1:oauth").now()
    assert isinstance(moment, float if database.vendor == "postgresql" else type(None))


def test_redis_reserves_in_one_script():
    client = FakeRedis()
    decision = request_budget.RedisStore("1:oauth", client).reserve("crm", 1000, True, 30_000)
    assert (decision.granted, decision.wait_ms, decision.policy, decision.refused) == (True, 5, "burst", False)
    [(keys, args)] = client.calls
    assert keys == ["pretix_hubspot:budget:1:oauth"]
    assert args[:4] == ["crm", 1000, 1, 30_000]


def test_with_redis_the_row_is_not_used(monkeypatch):
    monkeypatch.setattr("django_redis.get_redis_connection", lambda name: FakeRedis())
    with override_settings(HAS_REDIS=True):
        assert len(list(request_budget.for_portal(1, "oauth").acquire())) == 1
    assert not RequestBudgetState.objects.exists()
