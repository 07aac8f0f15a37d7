"""One deadline for a whole exchange: connecting, sending, and whatever the far end does meanwhile.

A socket's own timeout counts from the last byte, so that who sends one byte now and then holds the caller for ever.
Here every wait for the socket ends at the deadline as well, be it for the status line, a header, another
``100 Continue`` or the body. The deadline belongs to the thread that waits: an exchange never changes threads.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter

#: Seconds; replaced by tests.
clock = time.monotonic

_end: ContextVar[float] = ContextVar("pretix_hubspot_deadline")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything in this block is over after these seconds, as far as it waits for a `DeadlineAdapter`."""
    before = _end.set(clock() + seconds)
    try:
        yield
    finally:
        _end.reset(before)


def left() -> float:
    """Seconds that are left; raises TimeoutError when there are none."""
    if is_over():
        raise TimeoutError("the exchange took too long")
    return _end.get() - clock()


def is_over() -> bool:
    return clock() >= _end.get()


class DeadlineAdapter(HTTPAdapter):
    """Connects, sends and receives before the deadline of its block, through proxies as well."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        _set_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            _set_pools(manager)
        return manager


def _set_pools(manager: Any) -> None:
    """Whatever pools the manager has, with our connections: pretix replaces urllib3's by some that block addresses."""
    found = manager.pool_classes_by_scheme.items()
    manager.pool_classes_by_scheme = {scheme: _pool(pool, pool.ConnectionCls) for scheme, pool in found}


@cache
def _pool(pool: type, connection: type) -> type:
    ours = type(connection.__name__, (_DeadlineConnection, connection), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": ours})


class _Reader(io.RawIOBase):
    """The receiving end of a socket: each wait lasts no longer than the socket's timeout, and ends at the deadline."""

    def __init__(self, sock: Any) -> None:
        self._sock, self._timeout = sock, sock.gettimeout()
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_shorter(self._timeout))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Socket:
    """What an HTTP response wants of a socket."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock))


class _Response(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(_Socket(sock), *arguments, **options)


class _DeadlineConnection:
    """Comes before a connection class of urllib3."""

    response_class = _Response

    def connect(self) -> None:
        self.timeout = _shorter(self.timeout)
        super().connect()

    def send(self, data: bytes) -> None:
        """Piece by piece: `sendall` of a TLS socket waits anew for each."""
        if self.sock is None:
            self.connect()
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(_shorter(self.timeout))
            rest = rest[self.sock.send(rest) :]


def _shorter(timeout: float | None) -> float:
    return left() if timeout is None else min(timeout, left())
