"""What a stretch of work cost: time of the clock, time of the processor, statements, requests, memory."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection as database

from .place import Portal

_MIB = 1024 * 1024


@dataclass
class Cost:
    """Of one measured block; ``orders`` is set by whoever knows how many there were."""

    orders: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    queries: int = 0
    requests: int = 0

    def per_order(self, name: str) -> float:
        return getattr(self, name) / self.orders

    @property
    def orders_per_second(self) -> float:
        return self.orders / self.wall

    @property
    def orders_per_cpu_second(self) -> float:
        return self.orders / self.cpu


@contextmanager
def measured(portal: Portal, orders: int) -> Iterator[Cost]:
    """Fills the yielded ``Cost`` when the block ends. Processor time is that of this process alone."""
    cost = Cost(orders)

    def counted(execute: Callable, *args: object) -> object:
        cost.queries += 1
        return execute(*args)

    before = portal.requests
    with database.execute_wrapper(counted):
        wall, cpu = time.monotonic(), time.process_time()
        yield cost
        cost.wall, cost.cpu = time.monotonic() - wall, time.process_time() - cpu
    cost.requests = portal.requests - before


class Memory:
    """How far this process grows between two moments, at its peak; Linux only."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # 5: forget the peak so far
        self._idle = _status("VmRSS")

    @property
    def growth_mb(self) -> float:
        return (_status("VmHWM") - self._idle) / _MIB


def _status(name: str) -> int:
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
