"""Outcomes of a plan, as plain data: the sender returns them, the judge reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.ownership import Contributor
from pretix_hubspot.sync.plan.plan import RecordKey
from pretix_hubspot.values.rows import Refusal

from .association import Association, Place, Use


@dataclass(frozen=True)
class StoredLink:
    """A stored record id, with the fingerprint of the last transfer; ``owner`` is the first of its other users."""

    record_id: str
    sent_hash: str = ""
    url: str = ""
    owner: Contributor | None = None


class RecordAction(StrEnum):
    """The action on a record that is in HubSpot as planned, in core's words; stored with orders and runs."""

    CREATED = "created"
    UPDATED = "updated"
    NOTHING_TO_DO = "nothing_to_do"
    REMOVED = "removed"


@dataclass(frozen=True)
class SentRecord:
    """A record that is in HubSpot as planned.

    ``values`` are those written into the properties named by ``changed``, for a log that may hold them.
    """

    record_id: str
    action: RecordAction
    url: str = ""
    changed: tuple[str, ...] = ()
    fingerprint: str = ""
    owner: Contributor | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class FailedRecord:
    """A record that could not be brought to the planned state; one of the two says why."""

    error: HubSpotError | None = None
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Removal:
    """A record to remove, and the use that ends with it.

    ``stored`` and ``record`` are the primary keys of the use and of what we know of the record; ``label`` names the
    subject or part, such as ``ABC12-1``.
    """

    stored: int
    record: int
    use: Use
    place: Place
    label: str = ""


Outcome = SentRecord | FailedRecord
Pair = tuple[RecordKey, RecordKey]


@dataclass
class Execution:
    """The outcomes of each subject's records and associations, and of the records that were to be removed.

    ``together`` are object types of which HubSpot turned out to take new records only with an association.
    """

    records: dict[Subject, dict[RecordKey, Outcome]] = field(default_factory=dict)
    associated: dict[Subject, set[Association]] = field(default_factory=dict)
    association_errors: dict[Subject, dict[Pair, HubSpotError | Refusal | None]] = field(default_factory=dict)
    detach_errors: dict[Subject, dict[Association, HubSpotError | Refusal | None]] = field(default_factory=dict)
    removals: dict[Subject, dict[Removal, Outcome]] = field(default_factory=dict)
    together: set[str] = field(default_factory=set)

    def update(self, other: "Execution") -> None:
        """Take over the outcomes of other subjects, or later outcomes of the same ones."""
        self.records |= other.records
        self.associated |= other.associated
        self.association_errors |= other.association_errors
        self.detach_errors |= other.detach_errors
        self.removals |= other.removals
        self.together |= other.together

    def keep(self, removals: Mapping[Subject, Iterable[Removal]]) -> None:
        """Note uses that end although their records stay, since others use them."""
        for subject, of_subject in removals.items():
            kept = {r: SentRecord(r.place[1], RecordAction.NOTHING_TO_DO) for r in of_subject}
            self.removals[subject] = {**self.removals.get(subject, {}), **kept}

    def sent(self) -> dict[RecordKey, SentRecord]:
        """All records that arrived."""
        return {
            ref: outcome
            for outcomes in self.records.values()
            for ref, outcome in outcomes.items()
            if isinstance(outcome, SentRecord)
        }
