"""The memory of records for one slice: what we know about them, and which ones this worker may write.

Only records that the slice will write are leased: an unchanged company that all orders share needs no lease.
Keys are stored as keyed hashes, see ``connections.hash_key``.
"""

import secrets
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now

from pretix_hubspot.models import URL_LENGTH, KnownRecord, RecordAlias, RecordUse
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.config import lease_seconds, server_config
from pretix_hubspot.server.links import trusted
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey
from pretix_hubspot.sync.send.memory import Ownership
from pretix_hubspot.sync.send.outcome import SentRecord, StoredLink

from .owners import owners

#: Records that are looked up together.
PART = 5_000
_COLUMNS = ("pk", "object_type", "key", "record_id", "sent_hash", "url", "version", "source_kind", "source_pk")
_SENT = ("record_id", "source_kind", "source_pk", "sent_hash", "url")
_STORED = (*_SENT, "version", "lease", "leased_until", "updated_at")
_FREE = '{old}."lease" = {new}."lease" OR {old}."leased_until" IS NULL OR {old}."leased_until" < {new}."updated_at"'


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


class Memory:
    """The records of one plan. ``known`` comes first; every lease ends with ``release``.

    ``planned_before`` are the subjects of which records may be known by former identifiers.
    """

    def __init__(self, plan: Plan, planned_before: Container[Subject]) -> None:
        self._plan = plan
        self._planned_before = planned_before
        self._keys = {ref: plan.keyed(ref[1]) for ref in plan.records}
        self._rows: dict[RecordKey, Row] = {}
        self._token = secrets.token_hex(16)
        self._leased: set[int] = set()
        self._ended: set[int] = set()
        self._renamed: set[RecordKey] = set()
        self._leased_at: datetime | None = None

    # Reading

    def known(self) -> dict[RecordKey, StoredLink]:
        """The links of the plan's records that have an id, each with its owner among those that use it."""
        missing = self._read_keys(KnownRecord.objects.filter(portal_id=self._plan.portal_id), list(self._keys))
        if missing:
            missing = self._read_aliases(missing)
            self._read_sources(missing)
        return self._links()

    def _links(self) -> dict[RecordKey, StoredLink]:
        rows = {ref: row for ref, row in self._rows.items() if row.record_id}
        shared = {ref: row.pk for ref, row in rows.items() if not self._plan.records[ref].own_key}
        others = owners(self._plan, shared)
        return {ref: StoredLink(row.record_id, row.sent_hash, row.url, others.get(ref)) for ref, row in rows.items()}

    def _read_keys(self, rows: QuerySet[KnownRecord], refs: Sequence[RecordKey]) -> list[RecordKey]:
        """Read these keys' rows; returns the refs without one."""
        by_key = {(ref[0], self._keys[ref]): ref for ref in refs}
        for part in chunks(sorted(by_key), PART):
            types, keys = ({key[index] for key in part} for index in (0, 1))
            # Without the object type, the index is of no use beyond the portal, which may have millions of records.
            for row in rows.filter(object_type__in=types, key__in=keys).values_list(*_COLUMNS):
                if ref := by_key.get((row[1], row[2])):
                    self._rows[ref] = Row(*row)
        return [ref for ref in refs if ref not in self._rows]

    def _read_aliases(self, refs: Sequence[RecordKey]) -> list[RecordKey]:
        by_key = {(ref[0], self._keys[ref]): ref for ref in refs}
        aliases = RecordAlias.objects.filter(portal_id=self._plan.portal_id)
        # Few portals have any; in the order of the index, since another portal's may fill the table.
        if aliases.order_by("object_type", "key").values_list("pk", flat=True).first() is None:
            return list(refs)
        columns = ["object_type", "key", *(f"record__{name}" for name in _COLUMNS)]
        for part in chunks(sorted(by_key), PART):
            types, keys = ({key[index] for key in part} for index in (0, 1))
            for object_type, key, *row in aliases.filter(object_type__in=types, key__in=keys).values_list(*columns):
                if ref := by_key.get((object_type, key)):
                    self._rows[ref] = Row(*row)
        return [ref for ref in refs if ref not in self._rows]

    def _read_sources(self, refs: Sequence[RecordKey]) -> None:
        """Find records that stand for the same object of ours under a former identifier property.

        Not one that another mapping of the plan wants, or still uses: two mappings may make two records of one order.
        """
        wanted: dict[tuple[str, str, int | None], RecordKey] = {
            (ref[0], *stands_for): ref
            for ref in refs
            if (stands_for := self._plan.records[ref].stands_for) and self._may_be_known(ref)
        }
        if not wanted:
            return
        rows = KnownRecord.objects.filter(
            portal_id=self._plan.portal_id,
            object_type__in={key[0] for key in wanted},
            source_kind__in={key[1] for key in wanted},
            source_pk__in={key[2] for key in wanted},
        )
        taken = {row.pk for row in self._rows.values()}
        found: dict[RecordKey, dict[int, Row]] = defaultdict(dict)
        users: dict[int, set[int]] = defaultdict(set)
        for *columns, mapping in rows.exclude(pk__in=taken).values_list(*_COLUMNS, "uses__mapping_id"):
            row = Row(*columns)
            if ref := wanted.get((row.object_type, row.source_kind, row.source_pk)):
                found[ref][row.pk] = row
                users[row.pk].add(mapping)
        for ref, candidates in found.items():
            others = self._other_mappings(ref)
            free = [row for row in candidates.values() if not users[row.pk] & others]
            if len(free) == 1:
                self._rows[ref] = free[0]
                self._renamed.add(ref)

    def _may_be_known(self, ref: RecordKey) -> bool:
        return any(subject in self._planned_before for subject in self._plan.records[ref].subjects)

    def _other_mappings(self, ref: RecordKey) -> set[int]:
        """The mappings of the record's subjects that do not want it."""
        record = self._plan.records[ref]
        mappings = {spec.id for subject in record.subjects for spec in self._plan.subjects[subject].specs}
        return mappings - {contribution.mapping for contribution in record.contributions}

    # Leasing

    def lease(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        """Lease these records, by their keys if HubSpot has not got them yet. Returns those that another worker holds.

        What another worker wrote between ``known`` and the lease is read again.
        """
        refs = sorted(refs)
        mine = [ref for ref in refs if self._is_by_key(ref)]
        obtained = store_rows(
            KnownRecord,
            self._new_rows(mine),
            unique=["portal_id", "object_type", "key"],
            update=["lease", "leased_until"],
            only_if=_FREE,
            returning=["id", *_COLUMNS[1:]],
        )
        by_key = {(ref[0], self._keys[ref]): ref for ref in mine}
        leased = {by_key[row[1], row[2]]: Row(*row) for row in obtained}
        others = {ref: self._rows[ref].pk for ref in refs if ref not in mine}
        of_others = self._lease_rows(others.values())
        leased |= {ref: of_others[pk] for ref, pk in others.items() if pk in of_others}
        self._rows |= leased
        self._leased |= {row.pk for row in leased.values()}
        self._leased_at = self._leased_at or now()
        return set(refs) - leased.keys()

    def lease_rows(self, pks: Iterable[int]) -> set[int]:
        """Lease records by their primary keys, whether the plan has them or not. Returns those that are held."""
        held = set(self._lease_rows(pks))
        self._leased |= held
        if held:
            self._leased_at = self._leased_at or now()
        return held

    def fresh(self, links: Mapping[RecordKey, StoredLink]) -> dict[RecordKey, StoredLink]:
        """The links, with what was read while leasing."""
        rows = {ref: row for ref, row in self._rows.items() if row.record_id}
        return {
            ref: replace(links.get(ref, StoredLink(row.record_id)), record_id=row.record_id, sent_hash=row.sent_hash)
            for ref, row in rows.items()
        }

    def renew(self) -> None:
        """Extend the leases once a third of their time has passed."""
        if self._leased_at and now() - self._leased_at > timedelta(seconds=lease_seconds() / 3):
            self._leased_at = now()
            self._ours().update(leased_until=self._until())

    def release(self) -> None:
        """End all leases of this slice that ``store`` has not ended, and forget records that were not created."""
        if self._leased:
            self._ours().filter(record_id="").delete()
            self._ours().update(lease="", leased_until=None)
            self._leased.clear()

    def _is_by_key(self, ref: RecordKey) -> bool:
        """Whether the record's own row has this key: it is no alias, and of no former identifier."""
        row = self._rows.get(ref)
        return row is None or row.key == self._keys[ref]

    def _new_rows(self, refs: Iterable[RecordKey]) -> list[dict[str, Any]]:
        """The rows of records that are about to be created, as they are inserted."""
        lease = {"lease": self._token, "leased_until": self._until(), "updated_at": now()}
        same = {"portal_id": self._plan.portal_id, "record_id": "", "sent_hash": "", "url": "", "version": 0, **lease}
        rows = []
        for ref in refs:
            kind, pk = self._plan.records[ref].stands_for or ("", None)
            rows.append({**same, "object_type": ref[0], "key": self._keys[ref], "source_kind": kind, "source_pk": pk})
        return rows

    def _lease_rows(self, pks: Iterable[int]) -> dict[int, Row]:
        """Lease rows by their primary keys; returns those that nobody else holds."""
        if not (wanted := sorted(set(pks))):
            return {}
        free = Q(lease=self._token) | Q(leased_until=None) | Q(leased_until__lt=now())
        rows = KnownRecord.objects.filter(pk__in=wanted)
        with transaction.atomic():
            locked = list(rows.filter(free).order_by("pk").select_for_update(skip_locked=True).values_list(*_COLUMNS))
            leased = KnownRecord.objects.filter(free, pk__in=[row[0] for row in locked])
            leased.update(lease=self._token, leased_until=self._until())
        return {row[0]: Row(*row) for row in locked}

    def _ours(self) -> QuerySet[KnownRecord]:
        return KnownRecord.objects.filter(pk__in=self._leased, lease=self._token)

    def _until(self) -> datetime:
        return now() + timedelta(seconds=lease_seconds())

    # Records that HubSpot named

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        """Note the records that HubSpot named for these keys, and lease them.

        A record that another key of ours leads to as well, such as a contact with two addresses, is one record from now
        on; but none is taken over that stands for another object of ours.
        """
        rows = self._by_id({(ref[0], record_id) for ref, record_id in found.items()})
        known = {ref: row for ref, record_id in found.items() if (row := rows.get((ref[0], record_id)))}
        answers = self._of_others(known)
        joining = {ref: row for ref, row in known.items() if ref not in answers}
        leased = self._lease_rows(row.pk for row in joining.values())
        answers |= {ref: self._join(ref, leased.get(row.pk)) for ref, row in joining.items()}
        new: dict[tuple[str, str], list[RecordKey]] = defaultdict(list)
        for ref in found.keys() - known.keys():
            new[ref[0], found[ref]].append(ref)
        for place, refs in new.items():
            answers |= self._note(place[1], sorted(refs))
        return answers

    def _of_others(self, known: Mapping[RecordKey, Row]) -> dict[RecordKey, Ownership]:
        """The records among these that stand for another object of ours than the one that they were found for."""
        foreign = {}
        for ref, row in known.items():
            stands_for = self._plan.records[ref].stands_for
            if stands_for and row.stands_for and row.stands_for != stands_for:
                foreign[ref] = row
        used = self._used(foreign.values())
        return {r: Ownership.TAKEN if row.pk in used else Ownership.GIVEN_UP for r, row in foreign.items()}

    def _by_id(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Row]:
        types, ids = ({place[index] for place in places} for index in (0, 1))
        rows = KnownRecord.objects.filter(portal_id=self._plan.portal_id, object_type__in=types, record_id__in=ids)
        # PostgreSQL does not see for itself that none of more than 100 ids is empty, and would not use the index.
        return {(row[1], row[3]): Row(*row) for row in rows.exclude(record_id="").values_list(*_COLUMNS)}

    def _used(self, rows: Iterable[Row]) -> set[int]:
        pks = [row.pk for row in rows]
        uses = RecordUse.objects.filter(record__in=pks) if pks else RecordUse.objects.none()
        return set(uses.values_list("record_id", flat=True))

    def _join(self, ref: RecordKey, row: Row | None) -> Ownership:
        if row is None:
            return Ownership.BUSY
        self._leased.add(row.pk)
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
                KnownRecord.objects.filter(pk=row.pk).update(record_id=record_id)
        except IntegrityError:  # another worker was told of it in this moment
            return dict.fromkeys(refs, Ownership.BUSY)
        self._rows[first] = row
        return {first: Ownership.OURS} | {ref: self._join(ref, row) for ref in others}

    def _fold(self, former: Row, row: Row) -> None:
        """Let the keys and uses of a row lead to another one, since HubSpot has one record for both."""
        with transaction.atomic():
            RecordAlias.objects.filter(record=former.pk).update(record=row.pk)
            RecordAlias.objects.update_or_create(
                portal_id=self._plan.portal_id,
                object_type=row.object_type,
                key=former.key,
                defaults={"record_id": row.pk},
            )
            same = {name: OuterRef(name) for name in ("subject_kind", "subject_pk", "mapping_id", "part")}
            uses = RecordUse.objects.filter(record=former.pk)
            uses.filter(Exists(RecordUse.objects.filter(record=row.pk, **same))).delete()
            uses.update(record=row.pk)
            KnownRecord.objects.filter(pk=former.pk).delete()
        self._leased.discard(former.pk)
        for other, known in self._rows.items():
            if known.pk == former.pk:
                self._rows[other] = row

    # Writing

    def pk(self, ref: RecordKey) -> int | None:
        """The primary key of a record's row."""
        row = self._rows.get(ref)
        return row.pk if row else None

    def lost(self) -> set[RecordKey]:
        """The records of which another worker took over the lease, since this one was silent for too long."""
        if not self._leased_at or now() - self._leased_at < timedelta(seconds=lease_seconds()):
            return set()
        held = set(self._ours().values_list("pk", flat=True))
        return {ref for ref, row in self._rows.items() if row.pk in self._leased and row.pk not in held}

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
            if row.pk in self._leased or after != (row.record_id, row.sent_hash, row.url):
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
            self._forget_reused(rows)
            store_rows(KnownRecord, in_order, unique=["id"], update=list(_STORED))
        self._add_aliases(sent)
        self._ended = set(rows)

    def _forget_reused(self, rows: Mapping[int, Mapping[str, Any]]) -> None:
        """Forget former records with the ids of new ones: HubSpot or our database went back to a former state."""
        for pk, row in rows.items():
            place = {name: row[name] for name in ("portal_id", "object_type", "record_id")}
            KnownRecord.objects.filter(**place).exclude(pk=pk).update(record_id="", sent_hash="")

    def committed(self) -> None:
        """Note that the transaction of ``store`` is through, so that its leases have ended."""
        self._leased -= self._ended

    def _add_aliases(self, sent: Iterable[RecordKey]) -> None:
        """Let the new keys of records lead to them that were known by a former identifier property."""
        portal_id = self._plan.portal_id
        aliases = [
            {"portal_id": portal_id, "object_type": ref[0], "key": self._keys[ref], "record_id": self._rows[ref].pk}
            for ref in sorted(self._renamed.intersection(sent))
        ]
        store_rows(RecordAlias, aliases, unique=["portal_id", "object_type", "key"], update=["record"])
        self._renamed.clear()


class Glance(Memory):
    """The memory for a preview: it leases and notes nothing."""

    def lease(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        return set()

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        rows = self._by_id({(ref[0], record_id) for ref, record_id in found.items()})
        known = {ref: row for ref, record_id in found.items() if (row := rows.get((ref[0], record_id)))}
        return dict.fromkeys(found, Ownership.OURS) | self._of_others(known)
