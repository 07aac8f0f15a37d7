"""Where the request budget of a portal is stored, so that all workers of this server share it.

Redis if pretix has it, otherwise one locked row. pretix's default cache cannot hold it: without Redis it stores
nothing. HubSpot limits bursts per app and portal, so OAuth and static tokens of one portal have a budget each.
"""

import json
import time
from itertools import chain

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F

from pretix_hubspot.hubspot.budget.redis_script import ARRIVED_LUA, ROLLING_WINDOW_LUA
from pretix_hubspot.hubspot.budget.shared import BELIEVED_MS, DAILY_RESERVE_PERCENT, SharedBudget, daily_refusal
from pretix_hubspot.hubspot.budget.stores import MemoryStore
from pretix_hubspot.hubspot.budget.window import Decision, State
from pretix_hubspot.models import RequestBudgetState
from pretix_hubspot.server import redis

REDIS_TTL_MS = 86_400_000  # as in the script: after a day without calls, the budget begins anew anyway


def for_portal(portal_id: int, kind: str, max_wait: float = 30.0) -> SharedBudget:
    """The shared budget that pays for calls to ``portal_id`` with this kind of credential."""
    key = f"{portal_id}:{kind}"
    store = RedisStore(key) if settings.HAS_REDIS else RowStore(key)
    return SharedBudget(store, max_wait=max_wait)


def for_check(max_wait=30.0):
    """A budget for the few calls that check one new token, whose portal is not known yet.

    HubSpot's refusals of one token do not concern any other, so no other call shares it.
    """
    return SharedBudget(MemoryStore(), max_wait=max_wait)


def state_of(portal_id, kind):
    """The state of the budget, to be shown; reading it spends nothing."""
    key = f"{portal_id}:{kind}"
    store = RedisStore(key) if settings.HAS_REDIS else RowStore(key)
    return store.read()


def is_kept_for_live(portal_id: int, kind: str) -> bool:
    """Whether the rest of the daily quota is reserved for live orders, so that bulk work has to wait."""
    return daily_refusal(state_of(portal_id, kind).daily, round(time.time() * 1000), live=False) is not None


class RowStore:
    """A store in a locked row, with a transaction of its own. Do not use it while another transaction is open for
    long.
    """

    def __init__(self, key):
        self.key = key

    def now(self):
        if database.vendor != "postgresql":
            return None  # the database is a file of this machine
        with database.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            return float(cursor.fetchone()[0])

    def read(self):
        row = RequestBudgetState.objects.filter(portal=self.key).first()
        return State.from_json(row.state if row else None)

    def update(self, fn):
        RequestBudgetState.objects.get_or_create(portal=self.key)
        with transaction.atomic():
            rows = RequestBudgetState.objects.filter(portal=self.key)
            if not database.features.has_select_for_update:
                rows.update(portal=F("portal"))  # SQLite: begin with a write, which waits for its turn
            row = rows.select_for_update().get()
            state, result = fn(State.from_json(row.state))
            row.state = state.to_json()
            row.save(update_fields=["state"])
        return result


class RedisStore:
    """A key in pretix's Redis. The frequent steps are scripts, the others are retried when they collide."""

    def __init__(self, key, client=None):
        self.key = f"pretix_hubspot:budget:{key}"
        self.redis = client or redis.connect()
        self._reserve = self.redis.register_script(ROLLING_WINDOW_LUA)
        self._arrived = self.redis.register_script(ARRIVED_LUA)

    def now(self):
        seconds, microseconds = self.redis.time()
        return seconds + microseconds / 1_000_000

    def read(self):
        return State.from_json(_parsed(self.redis.get(self.key)))

    def update(self, fn):
        results = []

        def step(pipe):
            state, result = fn(State.from_json(_parsed(pipe.get(self.key))))
            results.append(result)
            pipe.multi()
            pipe.set(self.key, json.dumps(state.to_json()), px=REDIS_TTL_MS)

        self.redis.transaction(step, self.key)
        return results[-1]

    def reserve(self, kind, now_ms, live, max_wait_ms):
        default = json.dumps(State().to_json())
        args = [kind, now_ms, int(live), max_wait_ms, default, DAILY_RESERVE_PERCENT, BELIEVED_MS]
        granted, wait, policy, refused, _now = self._reserve(keys=[self.key], args=args)
        return Decision(bool(granted), wait, policy.decode(), bool(refused))

    def arrived(self, kind, calls):
        self._arrived(keys=[self.key], args=[kind, *chain.from_iterable(calls)])


def _parsed(stored):
    return json.loads(stored) if stored else None
