"""One trouble must not become everybody's: what no order is to blame for, and steps that cannot stop each other."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

#: pretix's own database or Redis does not answer.
SERVER_ERRORS = (OperationalError, InterfaceError, RedisError, ConnectionInterrupted)


def run_isolated(step: Callable[..., Any], *args: Any) -> None:
    """Run one of several steps that have nothing to do with each other; trouble is logged and stops it alone."""
    try:
        step(*args)
    except SoftTimeLimitExceeded:
        raise  # the time of all steps is up
    except Exception as error:
        log_without_values(f"{step.__module__}.{step.__qualname__} failed", error)


def log_without_values(what: str, error: Exception) -> None:
    """The place and kind of an error, without its text, which may quote an order."""
    place = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, place)
