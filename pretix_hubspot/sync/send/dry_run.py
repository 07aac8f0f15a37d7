"""An ``Api`` that reads from HubSpot and writes nothing: it collects the sender's writes for the preview.

The sender and the modules below it run as always, so that a preview cannot differ from a transfer.
This object has no access to a write: it answers each itself, as HubSpot would if it accepted it.
"""

from collections.abc import Callable, Sequence

from pretix_hubspot.hubspot.api.base import succeeded
from pretix_hubspot.hubspot.api.records import Batches, BatchResults
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import (
    AssociationInput,
    AssociationLabel,
    AssociationPair,
    AssociationResult,
    BatchResult,
    InputError,
    Record,
    WriteInput,
    match_read,
)
from pretix_hubspot.hubspot.errors import Conflict, HubSpotError

#: The beginning of the ids of records that would be created.
NEW = "new-"


class DryRun:
    """An ``Api`` that writes nothing; ``before`` and ``written`` are by object type and record id.

    ``detached`` are the associations that would be removed, as the two records of each.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._absent: set[tuple[str, str, str]] = set()
        self.before: dict[tuple[str, str], Record] = {}
        self.written: dict[tuple[str, str], dict[str, str]] = {}
        self.detached: list[tuple[tuple[str, str], tuple[str, str]]] = []

    def batch_read(
        self, object_type: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> BatchResult:
        return succeeded(self.batch_reads(object_type, [ids], properties, id_property)[0])

    def batch_reads(
        self, object_type: str, batches: Batches[str], properties: Sequence[str], id_property: str | None = None
    ) -> BatchResults:
        results = self._client.batch_reads(object_type, batches, properties, id_property)
        for ids, result in zip(batches, results, strict=False):
            if isinstance(result, BatchResult):
                self._note(object_type, ids, result, id_property)
        return results

    def get_record(
        self, object_type: str, record_id: str, properties: Sequence[str], id_property: str | None = None
    ) -> Record:
        record = self._client.get_record(object_type, record_id, properties, id_property)
        self.before[object_type, record.id] = record
        return record

    def _note(self, object_type: str, ids: Sequence[str], result: BatchResult, id_property: str | None) -> None:
        for record in result.records:
            self.before[object_type, record.id] = record
        if id_property:
            answers = match_read(ids, result, id_property)
            self._absent |= {(object_type, id_property, v) for v, found in answers.items() if _missing(found)}

    def batch_creates(self, object_type: str, batches: Batches[WriteInput]) -> BatchResults:
        """Refuse a record whose identifier exists as a conflict, as HubSpot does; all others get an id that marks
        them as new.
        """
        return [self._create(object_type, inputs) for inputs in batches]

    def begin_creates(self, object_type: str, batches: Batches[WriteInput]) -> Callable[[], BatchResults]:
        results = self.batch_creates(object_type, batches)
        return lambda: results

    def _create(self, object_type: str, inputs: Sequence[WriteInput]) -> BatchResult:
        taken = self._taken(object_type, inputs)
        records, errors = [], []
        for item in inputs:
            if item.trace_id in taken:
                error = Conflict("", context={"existingId": (taken[item.trace_id],)})
                errors.append(InputError(item.trace_id, (), error))
            else:
                records.append(self._write(object_type, f"{NEW}{len(self.written) + 1}", item))
        return BatchResult(tuple(records), tuple(errors))

    def batch_updates(self, object_type: str, batches: Batches[WriteInput]) -> BatchResults:
        return [
            BatchResult(tuple(self._write(object_type, item.id or "", item) for item in inputs)) for inputs in batches
        ]

    def batch_archives(self, object_type: str, batches: Batches[str]) -> list[HubSpotError | None]:
        return [None] * len(batches)

    def associate_default(self, from_type: str, to_type: str, pairs: Sequence[tuple[str, str]]) -> AssociationResult:
        return AssociationResult(tuple(AssociationPair(*pair) for pair in pairs))

    def associate(self, from_type: str, to_type: str, inputs: Sequence[AssociationInput]) -> AssociationResult:
        return AssociationResult(tuple(AssociationPair(item.from_id, item.to_id, item.types) for item in inputs))

    def read_associations(
        self, from_type: str, to_type: str, ids: Sequence[str], follow: bool = True
    ) -> AssociationResult:
        known = [record_id for record_id in ids if not record_id.startswith(NEW)]
        return self._client.read_associations(from_type, to_type, known, follow) if known else AssociationResult()

    def association_labels(self, from_type: str, to_type: str) -> tuple[AssociationLabel, ...]:
        return self._client.association_labels(from_type, to_type)

    def archive_associations(self, from_type: str, to_type: str, pairs: Sequence[tuple[str, str]]) -> AssociationResult:
        self.detached += [((from_type, one), (to_type, other)) for one, other in pairs]
        return AssociationResult()

    def _taken(self, object_type: str, inputs: Sequence[WriteInput]) -> dict[str, str]:
        """Trace id -> the record that has the identifier, for records that the sender creates without a lookup."""
        taken: dict[str, str] = {}
        for name in {item.id_property for item in inputs if item.id_property}:
            asked = {item.properties[name]: item.trace_id for item in inputs if item.id_property == name}
            values = [value for value in asked if (object_type, name, value) not in self._absent]
            if not values:
                continue
            answers = match_read(values, self._client.batch_read(object_type, values, [name], name), name)
            taken |= {asked[value]: found.id for value, found in answers.items() if isinstance(found, Record)}
        return taken

    def _write(self, object_type: str, record_id: str, item: WriteInput) -> Record:
        self.written.setdefault((object_type, record_id), {}).update(item.properties)
        return Record(record_id, dict(item.properties), item.trace_id)


def _missing(answer: object) -> bool:
    return not isinstance(answer, Record)
