"""Reading, writing and searching records (hubspot.md 5)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pretix_hubspot.hubspot.data.records import BatchResult, Record, SearchResult, WriteInput
from pretix_hubspot.hubspot.errors import BadAnswer, HubSpotError

from .base import Endpoints, check_batch, check_unique, rows, succeeded, usable

#: Inputs of a record batch; 101 are refused whole (hubspot.md 5.1, A/B).
MAX_RECORDS = 100

_BATCH = "/crm/objects/{V}/{}/batch/"

Item = TypeVar("Item")
Batches = Sequence[Sequence[Item]]
BatchResults = list[BatchResult | HubSpotError]


class RecordCalls(Endpoints):
    """Endpoints below /crm/objects."""

    def batch_read(
        self, object_type: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> BatchResult:
        """Read by record id, or by a unique property; use `match_read` to join the answer to `ids`.

        Consistent right away, unlike search (hubspot.md 5.6, B); brings no associations.
        """
        return succeeded(self.batch_reads(object_type, [ids], properties, id_property)[0])

    def batch_reads(
        self, object_type: str, batches: Batches[str], properties: Sequence[str], id_property: str | None = None
    ) -> BatchResults:
        """Several `batch_read` at the same time; a result or an error for each of the first, see `_begin`."""
        bodies = []
        for ids in batches:
            check_batch(ids, MAX_RECORDS)
            check_unique("id", [_comparable(value, id_property) for value in ids])
            body: dict[str, Any] = {
                "properties": list(properties),
                "propertiesWithHistory": [],
                "inputs": [{"id": record_id} for record_id in ids],
            }
            bodies.append(body | {"idProperty": id_property} if id_property else body)
        return self._batches(object_type, "read", bodies)()

    def batch_create(self, object_type: str, inputs: Sequence[WriteInput]) -> BatchResult:
        """Create up to 100 records; associations may be made along."""
        return succeeded(self.batch_creates(object_type, [inputs])[0])

    def batch_creates(self, object_type: str, batches: Batches[WriteInput]) -> BatchResults:
        """Several `batch_create` at the same time; a result or an error for each of the first, see `_begin`."""
        return self._writes(object_type, "create", batches, WriteInput.to_create_json)()

    def begin_creates(self, object_type: str, batches: Batches[WriteInput]) -> Callable[[], BatchResults]:
        """Start several `batch_create` in the background; the returned function waits for their results."""
        return self._writes(object_type, "create", batches, WriteInput.to_create_json, in_background=True)

    def batch_update(self, object_type: str, inputs: Sequence[WriteInput]) -> BatchResult:
        """Update by `id`: contacts take record ids only (hubspot.md 5.4, A/C)."""
        return succeeded(self.batch_updates(object_type, [inputs])[0])

    def batch_updates(self, object_type: str, batches: Batches[WriteInput]) -> BatchResults:
        """Several `batch_update` at the same time; a result or an error for each of the first, see `_begin`."""
        for inputs in batches:
            _check_ids(inputs)
        return self._writes(object_type, "update", batches, WriteInput.to_update_json)()

    def batch_upsert(self, object_type: str, inputs: Sequence[WriteInput]) -> BatchResult:
        """Create or update by the unique property `id_property`; takes no associations (hubspot.md 5.1, A)."""
        _check_ids(inputs)
        if not all(item.id_property for item in inputs):
            raise ValueError("an upsert needs an id_property")
        return succeeded(self._writes(object_type, "upsert", [inputs], WriteInput.to_update_json)()[0])

    def batch_archive(self, object_type: str, ids: Sequence[str]) -> None:
        """Move records to the recycle bin; ids that do not exist are ignored (hubspot.md 5.1)."""
        succeeded(self.batch_archives(object_type, [ids])[0])

    def batch_archives(self, object_type: str, batches: Batches[str]) -> list[HubSpotError | None]:
        """Several `batch_archive` at the same time; None or an error for each of the first, see `_begin`."""
        for ids in batches:
            check_batch(ids, MAX_RECORDS)
            check_unique("id", ids)
        bodies = [{"inputs": [{"id": found} for found in ids]} for ids in batches]
        operation, inputs = f"{object_type} batch archive", [len(ids) for ids in batches]
        answers = self._begin(operation, "POST", _BATCH + "archive", [object_type], bodies, inputs)()
        return [answer if isinstance(answer, HubSpotError) else None for answer in answers]

    def search(self, object_type: str, body: dict[str, Any]) -> SearchResult:
        """One page; `body` as in hubspot.md 5.7. The index lags: never decide on a create by it."""
        operation = f"{object_type} search"
        answer = self._call(operation, "POST", "/crm/objects/{V}/{}/search", [object_type], body=body, budget="search")
        rows(answer, operation)
        return SearchResult.from_json(answer)

    def get_record(
        self, object_type: str, record_id: str, properties: Sequence[str], id_property: str | None = None
    ) -> Record:
        """One record, also by a former id after a merge; raises NotFound.

        Names of many properties make the URL too long (hubspot.md 5.1, C): use `batch_read` for them.
        """
        params = {"properties": ",".join(properties)} if properties else {}
        if id_property:
            params["idProperty"] = id_property
        operation = f"{object_type} read"
        answer = self._call(operation, "GET", "/crm/objects/{V}/{}/{}", [object_type, record_id], params=params)
        return usable(Record.from_json(answer), operation)

    def _writes(
        self,
        object_type: str,
        verb: str,
        batches: Batches[WriteInput],
        to_json: Callable[[WriteInput], dict[str, Any]],
        *,
        in_background: bool = False,
    ) -> Callable[[], BatchResults]:
        for inputs in batches:
            check_batch(inputs, MAX_RECORDS)
            # Without a unique trace id on every input, one bad record refuses all (hubspot.md 5.2, A/B).
            check_unique("trace id", [item.trace_id for item in inputs])
            if not all(item.trace_id for item in inputs):
                raise ValueError("every input needs a trace id")
        bodies = [{"inputs": [to_json(item) for item in inputs]} for inputs in batches]
        return self._batches(object_type, verb, bodies, in_background=in_background)

    def _batches(
        self, object_type: str, verb: str, bodies: list[dict[str, Any]], *, in_background: bool = False
    ) -> Callable[[], BatchResults]:
        operation = f"{object_type} batch {verb}"
        inputs = [len(body["inputs"]) for body in bodies]
        answers = self._begin(
            operation, "POST", _BATCH + verb, [object_type], bodies, inputs, in_background=in_background
        )
        return lambda: [_batch(answer, operation) for answer in answers()]


def _check_ids(inputs: Sequence[WriteInput]) -> None:
    if not all(item.id for item in inputs):
        raise ValueError("every input needs an id")
    check_unique("id", [_comparable(item.id or "", item.id_property) for item in inputs])
    if any(item.associations for item in inputs):
        raise ValueError("only a create takes associations")


def _comparable(value: str, id_property: str | None) -> str:
    """HubSpot compares e-mail addresses without regard to case (hubspot.md 5.5, B)."""
    return value.strip().lower() if id_property == "email" else value


def _batch(answer: dict[str, Any] | HubSpotError, operation: str) -> BatchResult | HubSpotError:
    if isinstance(answer, HubSpotError):
        return answer
    try:
        rows(answer, operation)
    except BadAnswer as error:
        return error
    return BatchResult.from_json(answer, operation)
