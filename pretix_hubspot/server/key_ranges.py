"""Ranges of primary keys, so that no statement reads a table as a whole."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet


def key_ranges(rows: QuerySet[Any], size: int) -> Iterator[tuple[int, int]]:
    """Ranges of primary keys, first and last, with at most ``size`` of these rows each; gaps cost nothing."""
    last = None
    while True:
        behind = rows if last is None else rows.filter(pk__gt=last)
        keys = list(behind.order_by("pk").values_list("pk", flat=True)[:1])
        if not keys:
            return
        full = behind.order_by("pk").values_list("pk", flat=True)[size - 1 : size]
        last = next(iter(full), None) or behind.order_by("-pk").values_list("pk", flat=True)[0]
        yield keys[0], last
