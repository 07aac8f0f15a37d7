"""Calls to Celery workers: one open call per portal, however many orders wait.

A single order is sent without delay, and a rush costs one task per second and worker instead of one per order.
The open call is a key in Redis, and so are the places of the workers of a portal; a call for later has a key of its
own for each moment, so that an earlier one need not wait for it. Without Redis every call starts a task, which finds an
empty queue.
Tasks are called by name: the engine behind them stands above this room.
"""

import math
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from pretix.celery_app import app

from . import redis
from .config import lease_seconds, workers_per_portal

#: Seconds after which an unanswered call expires, such as one that a restarted broker lost.
CALL_EXPIRES = 60
#: Seconds between two calls for later, which are no more than necessary, and none of which holds up an earlier one.
MOMENT = 0.25


def call_worker(connection_id: int, wait: float = 0.0) -> None:
    """Call a worker to send a portal's waiting orders as soon as the transaction commits, or so many seconds later.

    Without workers a task would run inside the request that calls, so that the periodic task sends them instead.
    A call that fails stops no order: the periodic task finds the waiting ones.
    """
    if settings.HAS_CELERY:
        transaction.on_commit(lambda: _call(connection_id, wait), robust=True)


def _call(connection_id: int, wait: float) -> None:
    if claim_call(connection_id, wait):
        app.tasks["pretix_hubspot.tasks.drain"].apply_async(args=(connection_id,), countdown=wait or None)


def notify(entry_ids: Sequence[int]) -> None:
    """Call a worker to notify each user once about log entries of one action in many events."""
    app.tasks["pretix_hubspot.tasks.notify"].apply_async(args=(list(entry_ids),))


def call_to_count(pks: Sequence[int]) -> None:
    """Call a worker to count the orders of these rows of ``CountedOrders``."""
    app.tasks["pretix_hubspot.tasks.count_orders"].apply_async(args=(list(pks),))


def claim_call(connection_id: int, wait: float = 0.0) -> bool:
    """Whether this process may call a worker: no such call is open since a worker last looked at the portal's queue,
    or none for about the same moment.
    """
    if not settings.HAS_REDIS:
        return True
    key, expires = _key(connection_id), CALL_EXPIRES
    if wait:
        key, expires = f"{key}:{math.ceil((time.time() + wait) / MOMENT)}", math.ceil(wait + MOMENT)
    return bool(redis.connect().set(key, 1, nx=True, ex=expires))


def clear_call(connection_id: int) -> None:
    """Close the open call, before a worker looks at the portal's queue: orders that come later need another call."""
    if settings.HAS_REDIS:
        redis.connect().delete(_key(connection_id))


def _key(connection_id: int) -> str:
    return f"pretix_hubspot:worker_call:{connection_id}"


@contextmanager
def place_at(connection_id: int) -> Iterator[bool]:
    """Take one of the places of a portal's workers; yields whether one was free.

    That of a worker that died is free again after the lease of its orders. Without Redis nobody counts.
    """
    if not settings.HAS_REDIS:
        yield True
        return
    store, token = redis.connect(), secrets.token_hex(8)
    keys = [f"pretix_hubspot:worker:{connection_id}:{number}" for number in range(workers_per_portal())]
    mine = next((key for key in keys if store.set(key, token, nx=True, ex=lease_seconds())), None)
    try:
        yield mine is not None
    finally:
        if mine and store.get(mine) == token.encode():
            store.delete(mine)
