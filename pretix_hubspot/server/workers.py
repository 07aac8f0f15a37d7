"""Calls to Celery workers: one open call per portal, however many orders wait.

A single order goes without delay, and a rush costs one task per slice instead of one per order.
The open call is a key in Redis; without Redis every call starts a task, which finds nothing left to do.
Tasks are called by name: the engine behind them stands above this room.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from pretix.celery_app import app

from . import redis

#: Seconds after which a call that no worker answered counts no more, such as one that a restarted broker forgot.
CALL_EXPIRES = 60


def call_worker(connection_id: int) -> None:
    """Have a worker send what waits for a portal as soon as the transaction commits.

    Without workers a task would run inside the request that calls, so there the periodic task sends it.
    A call that fails stops no order: the periodic task finds what waits.
    """
    if settings.HAS_CELERY:
        transaction.on_commit(lambda: _call(connection_id), robust=True)


def _call(connection_id: int) -> None:
    if claim_call(connection_id):
        app.tasks["pretix_hubspot.tasks.drain"].apply_async(args=(connection_id,))


def notify(entry_ids: Sequence[int]) -> None:
    """Have a worker notify each person once about log entries of one action in many events."""
    app.tasks["pretix_hubspot.tasks.notify"].apply_async(args=(list(entry_ids),))


def claim_call(connection_id: int) -> bool:
    """Whether no other process has called a worker since one last looked at the portal's queue."""
    return not settings.HAS_REDIS or bool(redis.connect().set(_key(connection_id), 1, nx=True, ex=CALL_EXPIRES))


def clear_call(connection_id: int) -> None:
    """A worker looks at the portal's queue now: orders that come later need another call."""
    if settings.HAS_REDIS:
        redis.connect().delete(_key(connection_id))


def _key(connection_id: int) -> str:
    return f"pretix_hubspot:doorbell:{connection_id}"
