"""Keep errors apart: errors of the server, which no order causes, and steps that must not stop each other."""

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


def run_isolated(step: Callable[..., Any], *args: Any) -> bool:
    """Run one of several independent steps; an error is logged and stops this step alone. Returns whether it went
    well.
    """
    try:
        step(*args)
    except SoftTimeLimitExceeded:
        raise  # the time limit of all steps is over
    except Exception as error:
        log_without_values(f"{step.__module__}.{step.__qualname__} failed", error)
        return False
    return True


def log_without_values(what: str, error: Exception) -> None:
    """Log the place and kind of an error, without its text, which may quote an order."""
    place = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, place)
