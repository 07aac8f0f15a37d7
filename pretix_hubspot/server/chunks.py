"""Lists and ranges of limited length."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterable[list[Item]]:
    """Lists of at most ``size`` items."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


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
