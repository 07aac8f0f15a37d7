"""Real Celery workers, started as an operator starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pretix.base.models.datasync import OrderSyncQueue
from pretix.celery_app import app

from pretix_hubspot import tasks

from .shop import Shop

ROOT = Path(__file__).resolve().parent.parent
GIVE_UP = 900.0  # seconds


@contextmanager
def celery(number: int, per_portal: int | None = None) -> Iterator[None]:
    """This many worker processes, ready for work; how many of them serve one portal is the default, unless told."""
    app.control.purge()
    option = {"PRETIX_HUBSPOT_WORKERS_PER_PORTAL": str(per_portal)} if per_portal else {}
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "pretix.celery_app", "worker", "-c", str(number)]
    command += ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "-n", f"bench{number}@localhost"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | option, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or bool(app.control.ping(timeout=0.5)), 120)
        if process.poll() is not None:
            raise RuntimeError("The workers did not start")
        yield
    finally:
        process.terminate()  # ends when the tasks at work are done
        process.wait(timeout=60)


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that computes all the time, as a shop's own work does."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def drained(shop: Shop, least: int = 0) -> float:
    """Ring once, and wait until at most ``least`` orders are left; returns the seconds that it took."""
    started = time.monotonic()
    tasks.drain.apply_async(args=(shop.connection.pk,))
    wait_until(lambda: not OrderSyncQueue.objects.all()[least : least + 1].exists())
    return time.monotonic() - started


def wait_until(true: Callable[[], bool], seconds: float = GIVE_UP) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("The workers take too long")
        time.sleep(0.1)  # asking costs the processor that is measured
