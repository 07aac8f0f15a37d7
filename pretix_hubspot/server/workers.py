"""Calls to Celery workers: one open call per portal, however many orders wait.

A single order is sent without delay, and a rush costs one task per slice instead of one per order.
The open call is a key in Redis; without Redis every call starts a task, which finds an empty queue.
Tasks are called by name: the engine behind them stands above this room.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from pretix.celery_app import app

from . import redis

#: Seconds after which an unanswered call expires, such as one that a restarted broker lost.
CALL_EXPIRES = 60


def call_worker(connection_id: int) -> None:
    """Call a worker to send a portal's waiting orders as soon as the transaction commits.

    Without workers a task would run inside the request that calls, so that the periodic task sends them instead.
    A call that fails stops no order: the periodic task finds the waiting ones.
    """
    if settings.HAS_CELERY:
        transaction.on_commit(lambda: _call(connection_id), robust=True)


def _call(connection_id: int) -> None:
    if claim_call(connection_id):
        app.tasks["pretix_hubspot.tasks.drain"].apply_async(args=(connection_id,))


def notify(entry_ids: Sequence[int]) -> None:
    """Call a worker to notify each user once about log entries of one action in many events."""
    app.tasks["pretix_hubspot.tasks.notify"].apply_async(args=(list(entry_ids),))


def call_to_count(pks: Sequence[int]) -> None:
    """Call a worker to count the orders of these rows of ``CountedOrders``."""
    app.tasks["pretix_hubspot.tasks.count_orders"].apply_async(args=(list(pks),))


def claim_call(connection_id: int) -> bool:
    """Whether this process may call a worker: no call is open since a worker last looked at the portal's queue."""
    return not settings.HAS_REDIS or bool(redis.connect().set(_key(connection_id), 1, nx=True, ex=CALL_EXPIRES))


def clear_call(connection_id: int) -> None:
    """Close the open call, before a worker looks at the portal's queue: orders that come later need another call."""
    if settings.HAS_REDIS:
        redis.connect().delete(_key(connection_id))


def _key(connection_id: int) -> str:
    return f"pretix_hubspot:worker_call:{connection_id}"
