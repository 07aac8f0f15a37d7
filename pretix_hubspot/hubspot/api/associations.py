"""Associations and their labels (hubspot.md 7)."""

from collections.abc import Iterable, Sequence
from typing import Any

from pretix_hubspot.hubspot.data.records import AssociationInput, AssociationPair, AssociationResult, InputError
from pretix_hubspot.hubspot.data.schema import AssociationLabel
from pretix_hubspot.hubspot.errors import BadAnswer
from pretix_hubspot.hubspot.json_reading import mapping, objects, text

from .base import Endpoints, check_batch, rows

#: Inputs of an association create; assumed for the other writes (hubspot.md 7.1, A).
MAX_ASSOCIATIONS = 2_000

#: Records whose associations one call reads (hubspot.md 7.1, A).
MAX_ASSOCIATION_READS = 1_000

# No record has so many pages of associations: a cursor that never ends is a fault, and must not be a loop here.
_MAX_PAGES = 200

_BATCH = "/crm/associations/{V}/{}/{}/batch/"
_LABELS = "/crm/associations/{V}/{}/{}/labels"


class AssociationCalls(Endpoints):
    """Endpoints below /crm/associations. Types and labels depend on the direction from -> to."""

    def associate_default(self, from_type: str, to_type: str, pairs: Sequence[tuple[str, str]]) -> AssociationResult:
        """Make unlabelled associations of (from id, to id); idempotent. The result has both directions."""
        check_batch(pairs, MAX_ASSOCIATIONS)
        inputs = [AssociationInput(from_id, to_id).to_json() for from_id, to_id in pairs]
        return self._associations(from_type, to_type, "associate/default", inputs)

    def associate(self, from_type: str, to_type: str, inputs: Sequence[AssociationInput]) -> AssociationResult:
        """Make associations of the given types; the types of a pair are replaced, not added to."""
        check_batch(inputs, MAX_ASSOCIATIONS)
        if not all(item.types for item in inputs):
            raise ValueError("every input needs an association type")
        return self._associations(from_type, to_type, "create", [item.to_json() for item in inputs])

    def read_associations(
        self, from_type: str, to_type: str, ids: Sequence[str], follow: bool = True
    ) -> AssociationResult:
        """All associations of up to 1,000 records, page after page; a record without any brings no pair.

        Without `follow` only the first page of each, with the records that have more.
        """
        check_batch(ids, MAX_ASSOCIATION_READS)
        operation = f"{from_type} to {to_type} associations read"
        pairs: list[AssociationPair] = []
        refusals: list[InputError] = []
        waiting: list[dict[str, Any]] = [{"id": record_id} for record_id in ids]
        for _ in range(_MAX_PAGES):
            answer = self._batch(operation, from_type, to_type, "read", waiting)
            page = AssociationResult.from_json(answer, operation)
            pairs += page.pairs
            refusals += page.errors
            waiting = list(_unfinished(answer))
            if not waiting or not follow:
                return AssociationResult(tuple(pairs), tuple(refusals), frozenset(row["id"] for row in waiting))
        raise BadAnswer("HubSpot's pages of associations never end", operation=operation)

    def archive_associations(self, from_type: str, to_type: str, pairs: Sequence[tuple[str, str]]) -> AssociationResult:
        """Remove every association between the (from id, to id) given, labelled or not."""
        check_batch(pairs, MAX_ASSOCIATIONS)
        targets: dict[str, list[dict[str, str]]] = {}
        for from_id, to_id in pairs:
            targets.setdefault(from_id, []).append({"id": to_id})
        inputs = [{"from": {"id": from_id}, "to": to} for from_id, to in targets.items()]
        return self._removed(from_type, to_type, "archive", inputs)

    def archive_association_labels(
        self, from_type: str, to_type: str, inputs: Sequence[AssociationInput]
    ) -> AssociationResult:
        """Remove only the given types; without the unlabelled type, HubSpot removes all of them (hubspot.md 7.1, A)."""
        check_batch(inputs, MAX_ASSOCIATIONS)
        if not all(item.types for item in inputs):
            raise ValueError("every input needs an association type")
        return self._removed(from_type, to_type, "labels/archive", [item.to_json() for item in inputs])

    def association_labels(self, from_type: str, to_type: str) -> tuple[AssociationLabel, ...]:
        """Every type of association in this direction, the unlabelled ones included."""
        operation = f"{from_type} to {to_type} labels read"
        return _labels(rows(self._call(operation, "GET", _LABELS, [from_type, to_type]), operation))

    def create_association_label(
        self, from_type: str, to_type: str, name: str, label: str, inverse_label: str | None = None
    ) -> tuple[AssociationLabel, ...]:
        """Create a label and return its types: two, one per direction, if the inverse label differs.

        Raises TooManyLabels at the portal's limit (hubspot.md 7.1, B).
        """
        body = {"name": name, "label": label}
        if inverse_label:
            body["inverseLabel"] = inverse_label
        operation = f"{from_type} to {to_type} label create"
        return _labels(rows(self._call(operation, "POST", _LABELS, [from_type, to_type], body=body), operation))

    def _associations(self, from_type: str, to_type: str, verb: str, inputs: list[Any]) -> AssociationResult:
        operation = f"{from_type} to {to_type} associations create"
        return AssociationResult.from_json(self._batch(operation, from_type, to_type, verb, inputs), operation)

    def _batch(self, operation: str, from_type: str, to_type: str, verb: str, inputs: list[Any]) -> dict[str, Any]:
        path, body = _BATCH + verb, {"inputs": inputs}
        answer = self._call(operation, "POST", path, [from_type, to_type], body=body, inputs=len(inputs))
        rows(answer, operation)
        return answer

    def _removed(self, from_type: str, to_type: str, verb: str, inputs: list[Any]) -> AssociationResult:
        operation = f"{from_type} to {to_type} associations archive"
        path, body = _BATCH + verb, {"inputs": inputs}
        answer = self._call(operation, "POST", path, [from_type, to_type], body=body, inputs=len(inputs))
        # 200 with results or 204 without any (hubspot.md 7.1, A).
        return AssociationResult.from_json(answer, operation)


def _unfinished(answer: dict[str, Any]) -> Iterable[dict[str, str]]:
    """The inputs that ask for the next page of each record that has one."""
    for row in objects(answer.get("results")):
        from_id = text(mapping(row.get("from")).get("id"), 100)
        after = text(mapping(mapping(row.get("paging")).get("next")).get("after"), 2_000)
        if from_id and after:
            yield {"id": from_id, "after": after}


def _labels(results: list[Any]) -> tuple[AssociationLabel, ...]:
    labels = (AssociationLabel.from_json(item) for item in results)
    return tuple(label for label in labels if label)
