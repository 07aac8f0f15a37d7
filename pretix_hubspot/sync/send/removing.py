"""Find the records that a subject has no use for any more, and remove them from HubSpot: archive is a verb like update.

Only a record that stands for this very order or position is ever removed, because a mapping's option says so for what
was canceled, or because a person confirmed it. The caller has leased the records, and knows that nothing else uses
them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pretix_hubspot.hubspot.api.records import MAX_RECORDS
from pretix_hubspot.hubspot.data import Answer, Record
from pretix_hubspot.hubspot.errors import HubSpotError, NotFound
from pretix_hubspot.hubspot.threads import AT_ONCE
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import SubjectPlan

from .api import Api
from .association import Place
from .batches import BatchCaller
from .outcome import Execution, FailedRecord, Outcome, RecordAction, Removal, SentRecord
from .reading import read_by_id

Removals = Mapping[Subject, Sequence[Removal]]


@dataclass(frozen=True)
class FormerUse:
    """A use of a record as it was stored.

    ``is_own`` says that the record stands for one object of ours, ``is_confirmed`` that a person deleted its mapping
    and wants the record to be removed.
    """

    removal: Removal
    is_own: bool
    is_confirmed: bool = False


def to_remove(planned: SubjectPlan, former: Iterable[FormerUse]) -> list[Removal]:
    """The records to remove of a subject: of what was canceled, and of mappings that a person deleted. Pure."""
    return [use.removal for use in former if use.is_own and (use.is_confirmed or use.removal.use in planned.removed)]


class Removing:
    """Removes records from one portal, in batches."""

    def __init__(self, api: Api, caller: BatchCaller) -> None:
        self._api = api
        self._caller = caller

    def remove(self, removals: Removals, execution: Execution) -> None:
        """Archive these records, and forget their associations; a record that is gone needs no more."""
        outcomes = self._outcomes({removal.place for of_subject in removals.values() for removal in of_subject})
        for subject, of_subject in removals.items():
            execution.removals[subject] = {removal: outcomes[removal.place] for removal in of_subject}
            gone = {place for place in map(_place, of_subject) if isinstance(outcomes[place], SentRecord)}
            made = execution.associated.get(subject, set())
            execution.associated[subject] = {link for link in made if not gone & {link.source, link.target}}

    def _outcomes(self, places: Iterable[Place]) -> dict[Place, Outcome]:
        by_type: dict[str, list[str]] = {}
        for object_type, record_id in sorted(places):
            by_type.setdefault(object_type, []).append(record_id)
        return {
            (object_type, record_id): outcome
            for object_type, ids in by_type.items()
            for record_id, outcome in self._of_type(object_type, ids).items()
        }

    def _of_type(self, object_type: str, ids: list[str]) -> dict[str, Outcome]:
        there = read_by_id(self._api, self._caller, object_type, ids)
        outcomes = {record_id: outcome for record_id in ids if (outcome := _before(record_id, there[record_id]))}

        def archive(parts: list[list[str]]) -> list[dict[str, None] | HubSpotError]:
            answers = self._api.batch_archives(object_type, parts)
            return [answer or dict.fromkeys(part) for part, answer in zip(parts, answers, strict=False)]

        left = [record_id for record_id in ids if record_id not in outcomes]
        answers = self._caller.batch(archive, left, MAX_RECORDS, AT_ONCE)
        return outcomes | {record_id: _after(record_id, answer) for record_id, answer in answers.items()}


def _place(removal: Removal) -> Place:
    return removal.place


def _before(record_id: str, answer: Answer) -> Outcome | None:
    """The outcome of a record that is not archived: it is gone, cannot be read, or users merged it with another one.

    A merged record holds more than ours, and goes by another id.
    """
    if isinstance(answer, NotFound):
        return SentRecord(record_id, RecordAction.REMOVED)
    if isinstance(answer, Record):
        is_merged = answer.id != record_id or answer.properties.get("hs_merged_object_ids")
        return SentRecord(record_id, RecordAction.NOTHING_TO_DO) if is_merged else None
    return FailedRecord(answer)


def _after(record_id: str, answer: HubSpotError | None) -> Outcome:
    """The outcome of an archive."""
    is_gone = answer is None or isinstance(answer, NotFound)
    return SentRecord(record_id, RecordAction.REMOVED) if is_gone else FailedRecord(answer)
