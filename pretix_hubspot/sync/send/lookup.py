"""Look up records by their ids or by a unique value, in batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pretix_hubspot.hubspot.api.records import MAX_RECORDS
from pretix_hubspot.hubspot.data import Answer, Record, match_read
from pretix_hubspot.hubspot.errors import HubSpotError, NotFound
from pretix_hubspot.hubspot.threads import AT_ONCE
from pretix_hubspot.sync.plan.plan import RecordKey

from .api import Api
from .batches import BatchCaller
from .reading import each


@dataclass
class Found:
    """What HubSpot answered; what is in none of these does not exist. ``silent`` are keys without an answer."""

    records: dict[RecordKey, Record] = field(default_factory=dict)
    errors: dict[RecordKey, HubSpotError] = field(default_factory=dict)
    silent: list[RecordKey] = field(default_factory=list)


class Lookup:
    """Reads the records of one object type."""

    def __init__(self, api: Api, caller: BatchCaller, object_type: str) -> None:
        self._api = api
        self._caller = caller
        self._object_type = object_type

    def read(self, values: Mapping[RecordKey, str], names: list[str], id_property: str | None) -> Found:
        """Read these properties of the records with these values of a unique property, or with these ids if it is
        None.
        """

        def read(parts: list[list[str]]) -> list[dict[str, Answer] | HubSpotError]:
            results = self._api.batch_reads(self._object_type, parts, names, id_property)
            return each(parts, results, lambda ids, result: match_read(ids, result, id_property))

        answers = self._caller.batch(read, _unique(values.values(), id_property), MAX_RECORDS, AT_ONCE)
        if id_property is None:
            unclear = [record_id for record_id, answer in answers.items() if answer is None]
            answers |= self._caller.batch(lambda parts: self._read_alone(parts, names), unclear, 1)
        folded = {_fold(value, id_property): answer for value, answer in answers.items()}
        found = Found()
        for ref, value in values.items():
            answer = folded[_fold(value, id_property)]
            if isinstance(answer, Record):
                found.records[ref] = answer
            elif isinstance(answer, HubSpotError) and not isinstance(answer, NotFound):
                found.errors[ref] = answer
            elif answer is None:
                found.silent.append(ref)
        return found

    def _read_alone(self, parts: list[list[str]], names: list[str]) -> list[dict[str, Answer] | HubSpotError]:
        """Read a record that the answer of a batch left out: it is gone, or has another id now (hubspot.md 5.5).

        Creating it anew without this read would double it.
        """
        [[record_id]] = parts
        return [{record_id: self._api.get_record(self._object_type, record_id, names)}]


def _fold(value: str, id_property: str | None) -> str:
    return value.strip().lower() if id_property else value


def _unique(values: Iterable[str], id_property: str | None) -> list[str]:
    """HubSpot refuses a batch that names a record twice (hubspot.md 4.2, B)."""
    return list({_fold(value, id_property): value for value in values}.values())
