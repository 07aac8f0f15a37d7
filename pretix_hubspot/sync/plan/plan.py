"""The plan of a slice: records, their contributions, and the associations between them.

Plain data, which the planner fills and the sender, the judge and the preview read.
A person who occurs several times in a slice is one record with several contributions, so that no request carries the
same record twice and no two requests race for one address.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.hubspot.data import AssociationType, PropertyDefinition
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.mappings.spec import BY_MODES, DefaultRows, MappingSpec
from pretix_hubspot.sources.snapshot import ORDER, PartKey, Subject
from pretix_hubspot.values.fingerprint import fingerprint
from pretix_hubspot.values.rows import Refusal, Row

from . import ownership
from .ownership import Contributor

#: The length in characters from which a text is shared.
LONG = 100
#: Contributors to look for where some are named: one of them may be the asking one.
_ENOUGH = ownership.MAX_NAMED + 1

RecordKey = tuple[str, str]  # (object type, our key)


@dataclass(frozen=True)
class Contribution:
    """The rows of one subject for a record, or of one part of an order, say a position, by its primary key.

    ``defaults`` are its rows for a new record, see ``new_records``.
    """

    subject: Subject
    mapping: int
    part: int | None
    rows: tuple[Row, ...]
    canceled: bool = False
    label: str = ""
    policy: str = BY_MODES
    left_out: tuple[Refusal, ...] = ()
    defaults: tuple[DefaultRows, ...] = ()

    @property
    def contributor(self) -> Contributor:
        return Contributor(self.subject, self.part, self.label)


@dataclass
class WantedRecord:
    """One record that should exist, with all contributions, in order of evaluation.

    ``own_key`` means that only pretix can have created it: it is created without looking for it first.
    ``sent_together`` lists properties that must be sent together if one of them is.
    ``previous`` is its owner after the last transfer, if known.
    ``stands_for`` is the one object of ours that a record with an ``own_key`` stands for: kind and primary key.
    """

    object_type: str
    key: str
    id_property: PropertyDefinition
    id_value: str
    own_key: bool
    sent_together: tuple[str, ...] = ()
    contributions: list[Contribution] = field(default_factory=list)
    previous: Contributor | None = None
    stands_for: tuple[str, int] | None = None
    _others: dict[Subject, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def ref(self) -> RecordKey:
        return (self.object_type, self.key)

    @property
    def defaults(self) -> tuple[DefaultRows, ...]:
        """Its rows if it is new: those of each contribution, except those that an earlier one has."""
        found: dict[tuple[str, ...], DefaultRows] = {}
        for contribution in self.contributions:
            for part in contribution.defaults:
                found.setdefault(part.unless, part)
        return tuple(found.values())

    def rows(self) -> list[Row]:
        """All rows in order of evaluation; those of a canceled part count only without a contribution that is not
        canceled.
        """
        live = self._live()
        if self.own_key or not live[0].policy:
            return [row for contribution in live for row in contribution.rows]
        return ownership.rows(live[0].policy, [(c.contributor, c.rows) for c in live], self.previous)

    def _live(self) -> list[Contribution]:
        if len(self.contributions) == 1:
            return self.contributions
        return [c for c in self.contributions if not c.canceled] or self.contributions

    def owner(self) -> Contributor | None:
        """The owner of the record; None if only one object can ever write into it."""
        live = self._live()
        return None if self.own_key else ownership.owner(live[0].policy, [c.contributor for c in live], self.previous)

    @property
    def policy(self) -> str:
        """The policy that decides whose values count."""
        return self._live()[0].policy

    def left_out(self, subject: Subject, mapping: int, part: int | None) -> tuple[Refusal, ...]:
        """The properties that could not take the value of this subject or part."""
        contribution = self._by_use.get((subject, mapping, part))
        return contribution.left_out if contribution else ()

    def contribution(self, subject: Subject, mapping: int, part: int | None) -> Contribution:
        """The contribution of this subject or part with one mapping."""
        return self._by_use[subject, mapping, part]

    @cached_property
    def _by_use(self) -> dict[tuple[Subject, int, int | None], Contribution]:
        return {(c.subject, c.mapping, c.part): c for c in reversed(self.contributions)}

    def also_used_by(self, subject: Subject, part: int | None, of_event: Container[Subject]) -> list[str]:
        """The others who share the record: other subjects, and people of the same one under different names.

        Only those ``of_event`` are named: a user who may see this order may not see those of other events.
        """
        if len(self.contributions) == 1 and not self.previous:
            return []
        others = self._others_of_event(subject, of_event)
        same = islice((p.label for p in self._under_other_names.get(subject, ()) if p.part != part), _ENOUGH)
        return sorted({*others, *same})[: ownership.MAX_NAMED]

    def _others_of_event(self, subject: Subject, of_event: Container[Subject]) -> list[str]:
        """The others of the event, computed once per subject, whatever its number of tickets."""
        if subject not in self._others:
            labels = (p.label for p in self._contributors if p.subject != subject and p.subject in of_event)
            self._others[subject] = list(islice(labels, _ENOUGH))
        return self._others[subject]

    @cached_property
    def _contributors(self) -> list[Contributor]:
        """All contributors with a label, each label once."""
        contributors = [c.contributor for c in self._live()]
        if self.previous and self.previous.subject not in self.subjects:
            contributors.append(self.previous)
        return sorted({p.label: p for p in contributors if p.label}.values(), key=lambda one: one.label)

    @cached_property
    def _under_other_names(self) -> dict[Subject, list[Contributor]]:
        """The contributors of each subject that has different names."""
        names: dict[Subject, dict[Contributor, tuple[object, ...]]] = {}
        for c in self._live():
            names.setdefault(c.subject, {})[c.contributor] = tuple(row.value for row in c.rows if row.names)
        mixed = {subject for subject, of_people in names.items() if len({*of_people.values()} - {()}) > 1}
        by_subject: dict[Subject, list[Contributor]] = {subject: [] for subject in mixed}
        for contributor in self._contributors:
            if contributor.subject in mixed:
                by_subject[contributor.subject].append(contributor)
        return by_subject

    @property
    def subjects(self) -> frozenset[Subject]:
        return frozenset(c.subject for c in self.contributions)

    def fingerprint(self, portal_id: int) -> str:
        """A hash of all values that would be written."""
        return fingerprint([portal_id, self.id_property.name, self.id_value, [row_facts(row) for row in self.rows()]])


def as_one(records: Sequence[WantedRecord]) -> WantedRecord:
    """Several wanted records that are one in HubSpot, such as a contact with two addresses."""
    first = records[0]
    if len(records) == 1:
        return first
    earlier = [record.previous for record in records if record.previous]
    previous = min(earlier, key=lambda one: ownership.rank(first.policy, one), default=None)
    contributions = [contribution for record in records for contribution in record.contributions]
    return replace(first, contributions=contributions, previous=previous)


@dataclass(frozen=True)
class Withheld:
    """A record of a subject that is not sent, and why: a refusal of ours, or HubSpot's error about the schema."""

    mapping: int
    part: int | None
    object_type: str
    refusal: Refusal | HubSpotError


@dataclass(frozen=True)
class Filtered:
    """A record that a mapping's filters leave out, and why."""

    mapping: int
    part: int | None
    reason: str


@dataclass
class SubjectPlan:
    """The plan of one subject: its records by mapping, withheld and filtered ones, and a fingerprint of all.

    ``removed`` are mappings and parts of which the records are removed, since what they stood for was canceled.
    ``only_removes`` means that nothing is sent, but former records are removed.
    ``shredded`` means that its personal data is being removed in pretix, so that missing values replace no record.
    """

    subject: Subject
    specs: tuple[MappingSpec, ...]
    records: dict[int, list[tuple[int | None, RecordKey]]] = field(default_factory=dict)
    withheld: list[Withheld] = field(default_factory=list)
    filtered: list[Filtered] = field(default_factory=list)
    canceled: frozenset[PartKey] = frozenset()
    removed: set[tuple[int, int | None]] = field(default_factory=set)
    only_removes: bool = False
    shredded: bool = False
    fingerprint: str = ""

    @property
    def excluded(self) -> str:
        """Why no record of the subject is sent: no mappings, or filters that leave out all of it."""
        if not self.specs:
            return Exclusion.NO_MAPPINGS
        reasons = {item.reason for item in self.filtered} - {Exclusion.NO_ACCESS}
        if self.records or self.withheld or not reasons:
            return ""
        return reasons.pop() if len(reasons) == 1 else Exclusion.FILTERS

    def associations(self) -> Iterator[tuple[RecordKey, RecordKey, AssociationType | None]]:
        """Pairs of records to associate, from the later mapping to the earlier one, each with its label or None.

        The record of a position, or of another part, is associated with those of the same one, any other with all of
        them.
        """
        sources = {spec.id: spec.source.key for spec in self.specs}
        for spec in self.specs:
            for earlier in spec.associations:
                of_same_source = sources.get(earlier) == spec.source.key
                for part, record in self.records.get(spec.id, ()):
                    for other_part, other in self.records.get(earlier, ()):
                        same = of_same_source and part == other_part
                        if (same or None in (part, other_part)) and record != other:
                            yield record, other, spec.labels.get(earlier)


@dataclass
class Plan:
    """All records of a slice; ``records`` is in mapping order. ``keyed`` makes the hashes that are stored."""

    portal_id: int
    records: dict[RecordKey, WantedRecord] = field(default_factory=dict)
    subjects: dict[Subject, SubjectPlan] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    keyed: Callable[[str], str] = field(default=str, repr=False)

    def with_shared_text(self, row: Row) -> Row:
        """The row, with a long text that many records get stored only once."""
        if row.value is None or len(row.value) <= LONG:
            return row
        return replace(row, value=self.texts.setdefault(row.value, row.value))

    def sealed(self, record: WantedRecord) -> str:
        """The keyed hash of all values of a record that would be written."""
        return self.keyed(record.fingerprint(self.portal_id))

    def object_types(self) -> list[str]:
        """The object types in the order in which they are written."""
        return list(dict.fromkeys(record.object_type for record in self.records.values()))

    def orders(self) -> set[int]:
        """The primary keys of the orders among the subjects."""
        return {subject.pk for subject in self.subjects if subject.kind == ORDER}

    def only(self, subjects: Iterable[Subject]) -> "Plan":
        """The same plan for fewer subjects, as if the others did not exist."""
        keep = set(subjects)
        if keep >= self.subjects.keys():
            return self
        subjects = {key: one for key, one in self.subjects.items() if key in keep}
        part = Plan(self.portal_id, subjects=subjects, keyed=self.keyed)
        for ref, record in self.records.items():
            contributions = [c for c in record.contributions if c.subject in keep]
            if contributions:
                part.records[ref] = replace(record, contributions=contributions, previous=None)
        return part


def row_facts(row: Row) -> list[str | None]:
    """The facts about one property that a fingerprint covers."""
    return [row.property.name, row.value, row.mode]
