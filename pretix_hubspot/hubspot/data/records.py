"""Records and associations as plain data: inputs that we send, results that HubSpot returns.

Every `from_json` is total: None (or an empty result) for a shape that cannot be used, never an exception.
Property values and identifiers can be personal data and stay out of every repr.
Shapes: hubspot.md 5.1 and 7.1 (A).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pretix_hubspot.hubspot.error_parsing import error_from_entry
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.json_reading import Allowance, flag, mapping, objects, text, texts, whole


@dataclass(frozen=True)
class AssociationType:
    """One kind of association; the number depends on the direction (hubspot.md 7.2, A)."""

    category: str  # HUBSPOT_DEFINED, USER_DEFINED, INTEGRATOR_DEFINED or WORK
    type_id: int
    label: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> "AssociationType | None":
        """From a read (category, typeId) or an echo of a write (associationCategory, associationTypeId)."""
        fields = mapping(data)
        type_id = whole(fields.get("typeId", fields.get("associationTypeId")), -1)
        category = text(fields.get("category", fields.get("associationCategory")), 50)
        return cls(category, type_id, text(fields.get("label"), 500) or None) if type_id >= 0 else None

    def to_json(self) -> dict[str, Any]:
        return {"associationCategory": self.category, "associationTypeId": self.type_id}


@dataclass(frozen=True)
class InlineAssociation:
    """An association made together with a new record; only batch create takes them (hubspot.md 7.1, A)."""

    to_id: str
    types: tuple[AssociationType, ...]

    def to_json(self) -> dict[str, Any]:
        return {"to": {"id": self.to_id}, "types": [kind.to_json() for kind in self.types]}


@dataclass(frozen=True)
class WriteInput:
    """One input of a batch create, update or upsert.

    `trace_id` is unique within the batch and makes HubSpot treat inputs one by one (hubspot.md 5.2, A/B).
    `id` is the record id, or the value of the unique property `id_property`.
    For a create, `id` and `id_property` are not sent, but `id_property` helps `match` to find the result.
    """

    trace_id: str
    properties: dict[str, str] = field(repr=False)
    id: str | None = field(default=None, repr=False)
    id_property: str | None = None
    associations: tuple[InlineAssociation, ...] = ()

    def to_create_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"properties": self.properties, "objectWriteTraceId": self.trace_id}
        if self.associations:
            body["associations"] = [association.to_json() for association in self.associations]
        return body

    def to_update_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"id": self.id, "properties": self.properties, "objectWriteTraceId": self.trace_id}
        if self.id_property:
            body["idProperty"] = self.id_property
        return body


@dataclass(frozen=True)
class Record:
    """One record. All values are strings; None means requested but unset (hubspot.md 5.1, A).

    `id` may differ from the id asked for, after a merge: store the one that came back (hubspot.md 5.5, A).
    Only upserts answer `is_new`. `warnings` are the normalisations of 2026-09 (hubspot.md 1.3, A).
    """

    id: str
    properties: dict[str, str | None] = field(repr=False)
    trace_id: str | None = None
    url: str | None = None
    archived: bool = False
    is_new: bool | None = None
    warnings: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, data: Any) -> "Record | None":
        fields = mapping(data)
        record_id = text(fields.get("id"), 100)
        if not record_id:
            return None
        properties = mapping(fields.get("properties")).items()
        return cls(
            id=record_id,
            properties={name: None if value is None else text(value, 1_000_000) for name, value in properties},
            trace_id=next(iter(texts(fields.get("objectWriteTraceId"))), None),
            url=text(fields.get("url"), 2_000) or None,
            archived=flag(fields.get("archived")),
            is_new=flag(fields["new"]) if "new" in fields else None,
            warnings=tuple(objects(fields.get("warnings")))[:100],
        )


# Where errors name the records they are about (hubspot.md 4.2, A/B).
_ID_KEYS = ("ids", "id", "objectId", "fromObjectId", "toObjectId", "INVALID_OBJECT_IDS")


#: More refusals than a batch has inputs, more ids than one names, and characters that suffice for all of them.
_MOST_ERRORS, _MOST_IDS, _CHARACTERS = 4_000, 1_000, 1_000_000


@dataclass(frozen=True)
class InputError:
    """One refusal out of a 207. `ids` may name several inputs, or none: HubSpot has sent `[""]` (hubspot.md 4.2)."""

    trace_id: str | None
    ids: tuple[str, ...] = field(repr=False)
    error: HubSpotError

    @classmethod
    def all_from_json(cls, entries: Any, operation: str = "") -> "tuple[InputError, ...]":
        """One InputError per entry, or one per trace id where an entry names several."""
        allowance = Allowance(_CHARACTERS)
        refusals = (error for entry in objects(entries) for error in cls._from_entry(entry, operation, allowance))
        return tuple(islice(refusals, _MOST_ERRORS))

    @classmethod
    def _from_entry(cls, entry: dict[str, Any], operation: str, allowance: Allowance) -> "Iterator[InputError]":
        context = mapping(entry.get("context"))
        ids = tuple(dict.fromkeys(record_id for key in _ID_KEYS for record_id in texts(_first(context.get(key)))))
        error = error_from_entry(entry, operation, allowance)
        for trace_id in texts(_first(context.get("objectWriteTraceId"))) or (None,):
            yield cls(trace_id, ids, error)


def _first(value: Any) -> Any:
    return value[:_MOST_IDS] if isinstance(value, list) else value


@dataclass(frozen=True)
class BatchResult:
    """Records and refusals of one batch, in no particular order (hubspot.md 5.3, B): see `match`."""

    records: tuple[Record, ...] = ()
    errors: tuple[InputError, ...] = ()

    @classmethod
    def from_json(cls, data: Any, operation: str = "") -> "BatchResult":
        fields = mapping(data)
        records = (Record.from_json(item) for item in objects(fields.get("results")))
        return cls(
            tuple(record for record in records if record), InputError.all_from_json(fields.get("errors"), operation)
        )


@dataclass(frozen=True)
class SearchResult:
    """One page of a search; `after` continues it. At most 10,000 results in all (hubspot.md 5.7, A)."""

    total: int
    records: tuple[Record, ...]
    after: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> "SearchResult":
        fields = mapping(data)
        return cls(whole(fields.get("total")), BatchResult.from_json(data).records, next_page(fields))


@dataclass(frozen=True)
class AssociationInput:
    """A pair of records, and for labelled associations the types; the pair's labels are replaced by them."""

    from_id: str
    to_id: str
    types: tuple[AssociationType, ...] = ()

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"from": {"id": self.from_id}, "to": {"id": self.to_id}}
        if self.types:
            body["types"] = [kind.to_json() for kind in self.types]
        return body


@dataclass(frozen=True)
class AssociationPair:
    """Two associated records. Default associations report both directions (hubspot.md 7.1, A)."""

    from_id: str
    to_id: str
    types: tuple[AssociationType, ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def all_from_json(cls, row: dict[str, Any]) -> "Iterator[AssociationPair]":
        """Pairs of one row of a create, default create or read answer; a read row holds several."""
        from_id = text(row.get("fromObjectId") or mapping(row.get("from")).get("id"), 100)
        listed = row.get("to")
        if from_id and isinstance(listed, list):
            for target in objects(listed):
                if to_id := text(target.get("toObjectId") or target.get("id"), 100):
                    yield cls(from_id, to_id, _types(target.get("associationTypes")))
            return
        to_id = text(row.get("toObjectId") or mapping(listed).get("id"), 100)
        if from_id and to_id:
            yield cls(from_id, to_id, _types([row.get("associationSpec")]), texts(row.get("labels")))


@dataclass(frozen=True)
class AssociationResult:
    """Associations made, read or removed, and refusals; `InputError.ids` names the records of a refusal.

    `unfinished` are the records of a read that have more associations, on pages that were not asked for.
    """

    pairs: tuple[AssociationPair, ...] = ()
    errors: tuple[InputError, ...] = ()
    unfinished: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, data: Any, operation: str = "") -> "AssociationResult":
        fields = mapping(data)
        pairs = tuple(pair for row in objects(fields.get("results")) for pair in AssociationPair.all_from_json(row))
        return cls(pairs, InputError.all_from_json(fields.get("errors"), operation))


def next_page(data: Any) -> str | None:
    """The cursor of the next page; the `link` beside it leads to odd hosts and is never followed (hubspot.md 1.2)."""
    return text(mapping(mapping(mapping(data).get("paging")).get("next")).get("after"), 2_000) or None


def _types(listed: Any) -> tuple[AssociationType, ...]:
    types = (AssociationType.from_json(item) for item in objects(listed))
    return tuple(kind for kind in types if kind)
