"""The memory of records for a preview, which notes nothing."""

from collections.abc import Iterable, Mapping

from pretix_hubspot.sync.plan.ownership import Contributor
from pretix_hubspot.sync.plan.plan import RecordKey
from pretix_hubspot.sync.send.memory import Ownership

from .memory import Memory


class Glance(Memory):
    """The memory for a preview: it leases and notes nothing."""

    def lease(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        return set()

    def lease_also(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        return set()

    def owners(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Contributor]:
        return {}

    def part(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Ownership]:
        return dict.fromkeys(self._sharing(refs), Ownership.OURS)

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        rows = self._known.by_id({(ref[0], record_id) for ref, record_id in found.items()})
        known = {ref: row for ref, record_id in found.items() if (row := rows.get((ref[0], record_id)))}
        return dict.fromkeys(found, Ownership.OURS) | self._of_others(known)
