"""Exchanges at the same time, in threads.

Only sending and receiving happens in threads: tokens, the request budget and the log stay with the caller, which may
keep them in a database connection of its own.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

#: Exchanges at once: as many batches as a slice of orders usually has of one type, so that it waits for HubSpot once.
AT_ONCE = 6
#: Exchanges that may run in the background beside them.
BACKGROUND = 2


class ExchangeThreads:
    """Threads that are started when they are needed, and awaited in `close`."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    def start(self, exchange: Callable[[], T]) -> "Future[T]":
        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE + BACKGROUND, thread_name_prefix="hubspot")
        return self._pool.submit(exchange)

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
