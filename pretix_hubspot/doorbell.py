"""One doorbell per portal: the first ring calls a worker at once, further rings until that worker looks are the same.

So a single order goes without delay, and a rush costs one task per slice instead of one per order.
The bell is a key in Redis; without Redis every ring calls a worker, which finds nothing left to do.
"""

from django.conf import settings

from .server import redis

#: Seconds after which a ring that no worker answered counts no more, such as one that a restarted broker forgot.
FORGOTTEN = 60


def press(connection_id):
    """Whether nobody has rung since a worker last looked."""
    return not settings.HAS_REDIS or bool(redis.connect().set(_key(connection_id), 1, nx=True, ex=FORGOTTEN))


def answer(connection_id):
    """A worker is going to look now: whoever comes later has to ring again."""
    if settings.HAS_REDIS:
        redis.connect().delete(_key(connection_id))


def _key(connection_id):
    return f"pretix_hubspot:doorbell:{connection_id}"
