"""The memory of records for one slice: what we know about them, and which ones this worker may write.

Only records that the slice will write are leased: an unchanged company that all orders share needs no lease.
Keys are stored as keyed hashes, see ``connections.hash_key``.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from pretix_hubspot.models import URL_LENGTH, KnownRecord, RecordAlias, RecordUse
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import trusted
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.ownership import Contributor
from pretix_hubspot.sync.plan.plan import Plan, RecordKey
from pretix_hubspot.sync.send.memory import Ownership
from pretix_hubspot.sync.send.outcome import SentRecord, StoredLink

from . import shared_keys
from .forgetting import forget_reused
from .known_rows import KnownRows
from .leases import Leases, Row
from .owners import owners

_SENT = ("record_id", "source_kind", "source_pk", "sent_hash", "url")
_STORED = (*_SENT, "version", "lease", "leased_until", "updated_at")


class Memory:
    """The records of one plan. ``known`` comes first; every lease ends with ``release``.

    ``planned_before`` are the subjects of which records may be known by former identifiers.
    """

    def __init__(self, plan: Plan, planned_before: Container[Subject]) -> None:
        self._plan = plan
        self._known = known = KnownRows(plan, planned_before)
        self._keys, self._rows = known.keys, known.rows
        self._leases = Leases()
        self._ended: set[int] = set()

    # Reading

    def known(self) -> dict[RecordKey, StoredLink]:
        """The links of the plan's records that have an id, each with its owner among those that use it."""
        self._known.read()
        return self._links()

    def _links(self) -> dict[RecordKey, StoredLink]:
        rows = {ref: row for ref, row in self._rows.items() if row.record_id}
        shared = {ref: row.pk for ref, row in rows.items() if not self._plan.records[ref].own_key}
        others = owners(self._plan, shared)
        return {ref: StoredLink(row.record_id, row.sent_hash, row.url, others.get(ref)) for ref, row in rows.items()}

    # Leasing

    def lease(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        """Lease these records, by their keys if HubSpot has not got them yet. Returns those that another worker holds.

        What another worker wrote between ``known`` and the lease is read again.
        """
        refs = sorted(refs)
        new = [ref for ref in refs if ref not in self._rows]
        by_key = {(ref[0], self._keys[ref]): ref for ref in new}
        inserted = self._leases.insert(self._new_rows(new))
        leased = {by_key[row.object_type, row.key]: row for row in inserted.values()}
        if overtaken := [ref for ref in new if ref not in leased]:
            self._known.read_keys(overtaken)
        known = {ref: self._rows[ref].pk for ref in refs if ref in self._rows}
        taken = self._leases.take(known.values())
        leased |= {ref: taken[pk] for ref, pk in known.items() if pk in taken}
        self._rows.update(leased)
        return set(refs) - leased.keys()

    def lease_rows(self, pks: Iterable[int]) -> set[int]:
        """Lease records by their primary keys, whether the plan has them or not. Returns those that are held."""
        return set(self._leases.take(pks))

    def lease_also(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        """Lease those of these records that are not leased yet. Returns those that another worker holds, or has
        written since they were read.
        """
        before = {ref: self._rows.get(ref) for ref in refs}
        more = {ref for ref, row in before.items() if not row or row.pk not in self._leases.held}
        busy = self.lease(more) if more else set()
        return busy | {ref for ref in more - busy if before[ref] and before[ref] != self._rows[ref]}

    def fresh(self, links: Mapping[RecordKey, StoredLink], plan: Plan) -> dict[RecordKey, StoredLink]:
        """The links of the plan's records, with what was read while leasing, and with the owners of this moment."""
        rows = {ref: row for ref, row in self._rows.items() if row.record_id and ref in plan.records}
        leased = {ref: row.pk for ref, row in rows.items() if row.pk in self._leases.held and self._has_policy(ref)}
        others = owners(plan, leased)
        return {
            ref: StoredLink(
                row.record_id, row.sent_hash, row.url, others.get(ref) if ref in leased else _owner(links, ref)
            )
            for ref, row in rows.items()
        }

    def owners(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Contributor]:
        """The owners of records whose policy says whose values count."""
        return owners(self._plan, {ref: self._rows[ref].pk for ref in refs if self._has_policy(ref)})

    def _has_policy(self, ref: RecordKey) -> bool:
        record = self._plan.records[ref]
        return bool(record.policy) and not record.own_key

    def renew(self) -> None:
        self._leases.renew()

    def lost(self) -> set[RecordKey]:
        """The records of which another worker took over the lease, since this one was silent for too long."""
        lost = self._leases.lost()
        return {ref for ref, row in self._rows.items() if row.pk in lost} if lost else set()

    def overtaken(self, joining: Iterable[RecordKey]) -> set[RecordKey]:
        """The records that another worker took over; and, among those ``joining`` new users, each that another worker
        has written since it was read, or is writing: the other one did not know of its new owner.

        The others of the latter stay locked until the end of the transaction.
        """
        joined = [ref for ref in joining if self._has_policy(ref) and self._rows[ref].pk not in self._leases.held]
        unchanged = self._leases.lock_unchanged(self._rows[ref] for ref in joined)
        return self.lost() | {ref for ref in joined if self._rows[ref].pk not in unchanged}

    def release(self) -> None:
        """End all leases of this slice that ``store`` has not ended, and forget records that were not created."""
        self._leases.release()

    def _new_rows(self, refs: Iterable[RecordKey]) -> list[dict[str, Any]]:
        """The rows of records that are about to be created, as they are inserted."""
        same = {"portal_id": self._plan.portal_id, "record_id": "", "sent_hash": "", "url": "", "version": 0}
        rows = []
        for ref in refs:
            kind, pk = self._plan.records[ref].stands_for or ("", None)
            rows.append({**same, "object_type": ref[0], "key": self._keys[ref], "source_kind": kind, "source_pk": pk})
        return rows

    # Records that HubSpot named

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        """Note the records that HubSpot named for these keys, and lease them.

        A record that another key of ours leads to as well, such as a contact with two addresses, is one record from now
        on; but none is taken over that stands for another object of ours.
        """
        rows = self._known.by_id({(ref[0], record_id) for ref, record_id in found.items()})
        known = {ref: row for ref, record_id in found.items() if (row := rows.get((ref[0], record_id)))}
        answers = self._of_others(known)
        joining = {ref: row for ref, row in known.items() if ref not in answers}
        leased = self._leases.take(row.pk for row in joining.values())
        answers |= {ref: self._join(ref, leased.get(row.pk)) for ref, row in joining.items()}
        new: dict[tuple[str, str], list[RecordKey]] = defaultdict(list)
        for ref in found.keys() - known.keys():
            new[ref[0], found[ref]].append(ref)
        for place, refs in new.items():
            answers |= self._note(place[1], sorted(refs))
        return answers

    def part(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Ownership]:
        """Give keys rows of their own that share one with others, since they no longer lead to the same record.

        Returns those that did share one: ``BUSY`` if another worker is doing the same.
        """
        apart = self._sharing(refs)
        for ref in apart:
            row = self._rows.pop(ref)
            left = shared_keys.part(self._plan.portal_id, self._keys[ref], row)
            self._rows.update({other: left for other, known in self._rows.items() if known.pk == row.pk})
        busy = self.lease(apart) if apart else set()
        return {ref: Ownership.BUSY if ref in busy else Ownership.OURS for ref in apart}

    def _sharing(self, refs: Iterable[RecordKey]) -> list[RecordKey]:
        """The refs among these whose keys share a record with other keys."""
        by_key = {self._keys[ref]: ref for ref in refs if ref in self._rows}
        return sorted(by_key[key] for key in shared_keys.shared({key: self._rows[by_key[key]] for key in by_key}))

    def _of_others(self, known: Mapping[RecordKey, Row]) -> dict[RecordKey, Ownership]:
        """The records among these that stand for another object of ours than the one that they were found for."""
        foreign = {}
        for ref, row in known.items():
            stands_for = self._plan.records[ref].stands_for
            if stands_for and row.stands_for and row.stands_for != stands_for:
                foreign[ref] = row
        used = self._used(foreign.values())
        return {r: Ownership.TAKEN if row.pk in used else Ownership.GIVEN_UP for r, row in foreign.items()}

    def _used(self, rows: Iterable[Row]) -> set[int]:
        pks = [row.pk for row in rows]
        uses = RecordUse.objects.filter(record__in=pks) if pks else RecordUse.objects.none()
        return set(uses.values_list("record_id", flat=True))

    def _join(self, ref: RecordKey, row: Row | None) -> Ownership:
        if row is None:
            return Ownership.BUSY
        former, self._rows[ref] = self._rows.get(ref), row
        if former and former.pk != row.pk:
            self._fold(former, row)
        return Ownership.OURS

    def _note(self, record_id: str, refs: Sequence[RecordKey]) -> dict[RecordKey, Ownership]:
        """Store the id with the first key's row, so that no other worker takes the record; the other keys join it."""
        first, *others = refs
        row = self._rows[first]._replace(record_id=record_id)
        try:
            with transaction.atomic():
                is_ours = self._leases.ours().filter(pk=row.pk).update(record_id=record_id)
        except IntegrityError:  # another worker was told of it in this moment
            is_ours = 0
        if not is_ours:
            return dict.fromkeys(refs, Ownership.BUSY)
        self._rows[first] = row
        return {first: Ownership.OURS} | {ref: self._join(ref, row) for ref in others}

    def _fold(self, former: Row, row: Row) -> None:
        """Let the keys and uses of a row lead to another one, since HubSpot has one record for both."""
        shared_keys.join(self._plan.portal_id, former, row)
        self._leases.held.discard(former.pk)
        self._rows.update({ref: row for ref, known in self._rows.items() if known.pk == former.pk})

    # Writing

    def pk(self, ref: RecordKey) -> int | None:
        """The primary key of a record's row."""
        row = self._rows.get(ref)
        return row.pk if row else None

    def store(self, sent: Mapping[RecordKey, SentRecord]) -> None:
        """Store the places of records and their fingerprints, and end their leases; unchanged rows are not written.

        Rows are written in the order of their primary keys, so that two workers never wait for each other in a circle.
        """
        config = server_config()
        moment = now()
        rows: dict[int, dict[str, Any]] = {}
        for ref, item in sent.items():
            row = self._rows[ref]
            url = trusted(item.url, config) or row.url
            url = url if len(url) <= URL_LENGTH else ""
            after = (item.record_id, item.fingerprint, url)
            if row.pk in self._leases.held or after != (row.record_id, row.sent_hash, row.url):
                kind, pk = self._plan.records[ref].stands_for or (row.source_kind, row.source_pk)
                rows[row.pk] = {
                    "id": row.pk,
                    "portal_id": self._plan.portal_id,
                    "object_type": ref[0],
                    "key": row.key,
                    **dict(zip(_SENT, (item.record_id, kind, pk, item.fingerprint, url), strict=True)),
                    "version": row.version + 1,
                    "lease": "",
                    "leased_until": None,
                    "updated_at": moment,
                }
        in_order = [rows[pk] for pk in sorted(rows)]
        try:
            with transaction.atomic():
                store_rows(KnownRecord, in_order, unique=["id"], update=list(_STORED))
        except IntegrityError:
            forget_reused(rows)
            store_rows(KnownRecord, in_order, unique=["id"], update=list(_STORED))
        self._add_aliases(sent)
        self._ended = set(rows)

    def committed(self) -> None:
        """Note that the transaction of ``store`` is through, so that its leases have ended."""
        self._leases.held -= self._ended

    def _add_aliases(self, sent: Iterable[RecordKey]) -> None:
        """Let the new keys of records lead to them that were known by a former identifier property."""
        portal_id = self._plan.portal_id
        aliases = [
            {"portal_id": portal_id, "object_type": ref[0], "key": self._keys[ref], "record_id": self._rows[ref].pk}
            for ref in sorted(self._known.renamed.intersection(sent))
        ]
        store_rows(RecordAlias, aliases, unique=["portal_id", "object_type", "key"], update=["record"])
        self._known.renamed.clear()


def _owner(links: Mapping[RecordKey, StoredLink], ref: RecordKey) -> Contributor | None:
    return links[ref].owner if ref in links else None
