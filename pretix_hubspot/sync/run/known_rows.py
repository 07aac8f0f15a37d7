"""The rows of the memory of records that a plan's records have: by key, by a further key, by what they stand for."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

from django.db.models import QuerySet

from pretix_hubspot.models import KnownRecord, RecordAlias
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey

from .leases import COLUMNS, Row

#: Records that are looked up together.
PART = 5_000


class KnownRows:
    """The rows that are known of a plan's records.

    ``planned_before`` are the subjects of which records may be known by former identifiers; ``renamed`` are those that
    were found so, and have no row for their key of today.
    """

    def __init__(self, plan: Plan, planned_before: Container[Subject]) -> None:
        self._plan = plan
        self._planned_before = planned_before
        self.keys = {ref: plan.keyed(ref[1]) for ref in plan.records}
        self.rows: dict[RecordKey, Row] = {}
        self.renamed: set[RecordKey] = set()

    def read(self) -> None:
        """Read the rows of all records of the plan."""
        if missing := self.read_keys(list(self.keys)):
            self._read_sources(self._read_aliases(missing))

    def read_keys(self, refs: Sequence[RecordKey]) -> list[RecordKey]:
        """Read these keys' rows; returns the refs without one."""
        return self._read(self._of_portal(), COLUMNS, refs)

    def _read_aliases(self, refs: Sequence[RecordKey]) -> list[RecordKey]:
        aliases = RecordAlias.objects.filter(portal_id=self._plan.portal_id)
        # Few portals have any; in the order of the index, since another portal's may fill the table.
        if aliases.order_by("object_type", "key").values_list("pk", flat=True).first() is None:
            return list(refs)
        return self._read(aliases, [f"record__{name}" for name in COLUMNS], refs)

    def _read(
        self, found_by: QuerySet[KnownRecord] | QuerySet[RecordAlias], columns: Sequence[str], refs: Sequence[RecordKey]
    ) -> list[RecordKey]:
        by_key = {(ref[0], self.keys[ref]): ref for ref in refs}
        for part in chunks(sorted(by_key), PART):
            types, keys = ({key[index] for key in part} for index in (0, 1))
            # Without the object type, the index is of no use beyond the portal, which may have millions of records.
            rows = found_by.filter(object_type__in=types, key__in=keys)
            for object_type, key, *row in rows.values_list("object_type", "key", *columns):
                if ref := by_key.get((object_type, key)):
                    self.rows[ref] = Row(*row)
        return [ref for ref in refs if ref not in self.rows]

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
        rows = self._of_portal().filter(
            object_type__in={key[0] for key in wanted},
            source_kind__in={key[1] for key in wanted},
            source_pk__in={key[2] for key in wanted},
        )
        taken = {row.pk for row in self.rows.values()}
        found: dict[RecordKey, dict[int, Row]] = defaultdict(dict)
        users: dict[int, set[int]] = defaultdict(set)
        for *columns, mapping in rows.exclude(pk__in=taken).values_list(*COLUMNS, "uses__mapping_id"):
            row = Row(*columns)
            if ref := wanted.get((row.object_type, row.source_kind, row.source_pk)):
                found[ref][row.pk] = row
                users[row.pk].add(mapping)
        for ref, candidates in found.items():
            others = self._other_mappings(ref)
            free = [row for row in candidates.values() if not users[row.pk] & others]
            if len(free) == 1:
                self.rows[ref] = free[0]
                self.renamed.add(ref)

    def _may_be_known(self, ref: RecordKey) -> bool:
        return any(subject in self._planned_before for subject in self._plan.records[ref].subjects)

    def _other_mappings(self, ref: RecordKey) -> set[int]:
        """The mappings of the record's subjects that do not want it."""
        record = self._plan.records[ref]
        mappings = {spec.id for subject in record.subjects for spec in self._plan.subjects[subject].specs}
        return mappings - {contribution.mapping for contribution in record.contributions}

    def by_id(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Row]:
        """The rows of these records, each given by its object type and HubSpot's id."""
        types, ids = ({place[index] for place in places} for index in (0, 1))
        rows = self._of_portal().filter(object_type__in=types, record_id__in=ids)
        # PostgreSQL does not see for itself that none of more than 100 ids is empty, and would not use the index.
        return {(row[1], row[3]): Row(*row) for row in rows.exclude(record_id="").values_list(*COLUMNS)}

    def _of_portal(self) -> QuerySet[KnownRecord]:
        return KnownRecord.objects.filter(portal_id=self._plan.portal_id)
