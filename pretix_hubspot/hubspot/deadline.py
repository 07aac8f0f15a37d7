"""One deadline for a whole exchange: connecting, sending, and waiting for a slow or silent server.

A socket's own timeout counts from the last byte, so that a server that sends one byte now and then holds the caller
for ever. Here every wait for the socket ends at the deadline as well, be it for the status line, a header, another
``100 Continue`` or the body. The deadline belongs to the thread that waits: an exchange never changes threads.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.client import HTTPResponse
from socket import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

#: Seconds; replaced by tests.
clock = time.monotonic

_end: ContextVar[float] = ContextVar("pretix_hubspot_deadline")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """End every wait of a `DeadlineAdapter` in this block after these seconds."""
    before = _end.set(clock() + seconds)
    try:
        yield
    finally:
        _end.reset(before)


def left() -> float:
    """Seconds until the deadline; raises TimeoutError after it."""
    if is_over():
        raise TimeoutError("the exchange took too long")
    return _end.get() - clock()


def is_over() -> bool:
    return clock() >= _end.get()


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter that connects, sends and receives before the deadline of its block, through proxies as
    well.
    """

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
    """Replace the manager's connection classes by ours; the pools stay pretix' own, which block private addresses."""
    pools = manager.pool_classes_by_scheme.items()
    manager.pool_classes_by_scheme = {scheme: _pool(pool, pool.ConnectionCls) for scheme, pool in pools}


@cache
def _pool(pool: type, connection: type) -> type:
    ours = type(connection.__name__, (_DeadlineConnection, connection), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": ours})


class _Reader(io.RawIOBase):
    """The receiving end of a socket: each wait lasts no longer than the socket's timeout, and ends at the deadline."""

    def __init__(self, sock: socket) -> None:
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


class _Response(HTTPResponse):
    def __init__(self, sock: socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()  # a reader of the same socket that knows no deadline
        self.fp = io.BufferedReader(_Reader(sock))


class _DeadlineConnection(HTTPConnection):
    """Mixed in before another connection class of urllib3."""

    response_class = _Response

    def connect(self) -> None:
        self.timeout = _shorter(self.timeout)
        super().connect()

    def send(self, data: Any) -> None:
        """Send bytes, which is all that HTTP passes: piece by piece, since `sendall` of a TLS socket restarts its
        timeout for each piece."""
        if self.sock is None:
            self.connect()
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(_shorter(self.timeout))
            rest = rest[self.sock.send(rest) :]


def _shorter(timeout: float | None) -> float:
    return left() if timeout is None else min(timeout, left())
