"""Leases of known records: only the worker that holds a record's lease writes it, until a moment.

No lease waits for a lock, so that two workers never wait for each other in a circle: a row that is locked is busy.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from pretix_hubspot.models import KnownRecord
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.config import lease_seconds

COLUMNS = ("pk", "object_type", "key", "record_id", "sent_hash", "url", "version", "source_kind", "source_pk")


class Row(NamedTuple):
    """A known record as it is stored."""

    pk: int
    object_type: str
    key: str
    record_id: str = ""
    sent_hash: str = ""
    url: str = ""
    version: int = 0
    source_kind: str = ""
    source_pk: int | None = None

    @property
    def stands_for(self) -> tuple[str, int | None] | None:
        return (self.source_kind, self.source_pk) if self.source_kind else None


class Leases:
    """The leases of one slice; ``held`` are the rows' primary keys."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self._token = secrets.token_hex(16)
        self._renewed: datetime | None = None
        self._was_silent = False

    def take(self, pks: Iterable[int]) -> dict[int, Row]:
        """Lease rows; returns those that no other worker holds, as they are now."""
        if not (wanted := sorted(set(pks))):
            return {}
        free = self._free()
        rows = KnownRecord.objects.filter(free, pk__in=wanted).order_by("pk")
        with transaction.atomic():
            locked = list(rows.select_for_update(skip_locked=True, no_key=True).values_list(*COLUMNS))
            leased = KnownRecord.objects.filter(free, pk__in=[row[0] for row in locked])
            leased.update(lease=self._token, leased_until=_until())
        return self._note(Row(*row) for row in locked)

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, Row]:
        """Insert rows, leased; returns those that did not exist. Rows of several workers come in the same order."""
        lease = {"lease": self._token, "leased_until": _until(), "updated_at": now()}
        new = [{**row, **lease} for row in rows]
        unique, returned = ["portal_id", "object_type", "key"], ["id", *COLUMNS[1:]]
        return self._note(Row(*row) for row in store_rows(KnownRecord, new, unique=unique, returning=returned))

    def _note(self, rows: Iterable[Row]) -> dict[int, Row]:
        leased = {row.pk: row for row in rows}
        self.held |= leased.keys()
        self._renewed = self._renewed or now()
        return leased

    def renew(self) -> None:
        """Extend the leases once a third of their time has passed."""
        if self._renewed and now() - self._renewed > timedelta(seconds=lease_seconds() / 3):
            self._was_silent |= self._is_silent()
            self._renewed = now()
            self.ours().update(leased_until=_until())

    def lost(self) -> set[int]:
        """The rows of which another worker took over the lease, since this one was silent for too long."""
        if not self._was_silent and not self._is_silent():
            return set()
        self._was_silent, self._renewed = True, now()
        self.ours().update(leased_until=_until())  # so that the others stay ours
        return self.held - set(self.ours().values_list("pk", flat=True))

    def _is_silent(self) -> bool:
        return self._renewed is not None and now() - self._renewed >= timedelta(seconds=lease_seconds())

    def release(self) -> None:
        """End the leases, and forget records that were not created."""
        if self.held:
            self.ours().filter(record_id="").delete()
            self.ours().update(lease="", leased_until=None)
            self.held.clear()

    def ours(self) -> QuerySet[KnownRecord]:
        return KnownRecord.objects.filter(pk__in=self.held, lease=self._token)

    def lock_unchanged(self, rows: Iterable[Row]) -> set[int]:
        """Lock rows that no worker holds, or has written since they were read; returns their primary keys."""
        versions = {row.pk: row.version for row in rows}
        if not versions:
            return set()
        locked = KnownRecord.objects.filter(self._free(), pk__in=versions).order_by("pk")
        now_there = locked.select_for_update(skip_locked=True, no_key=True).values_list("pk", "version")
        return {pk for pk, version in now_there if version == versions[pk]}

    def _free(self) -> Q:
        return Q(lease=self._token) | Q(leased_until=None) | Q(leased_until__lt=now())


def _until() -> datetime:
    return now() + timedelta(seconds=lease_seconds())
