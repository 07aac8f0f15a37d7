"""How much memory something takes, by what Python allocates: the same on every machine."""

import tracemalloc
from contextlib import contextmanager
from types import SimpleNamespace


@contextmanager
def traced():
    """Yields what has, after the block, ``kept`` and ``peak``: the bytes that the block left, and its most."""
    used = SimpleNamespace(kept=0, peak=0)
    tracemalloc.start()
    try:
        yield used
        used.kept, used.peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
