"""Read records, and give each answer to what was asked."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pretix_hubspot.hubspot.api.records import MAX_RECORDS
from pretix_hubspot.hubspot.data import Answer, BatchResult, match_read
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.threads import AT_ONCE

from .api import Api
from .batches import BatchCaller

Asked = TypeVar("Asked")
Results = list[BatchResult | HubSpotError]

#: Read with every contact and record: HubSpot returns them under other names (hubspot.md 5.5).
_ALIASES = {"contacts": ("email", "hs_additional_emails", "hs_merged_object_ids", "hs_calculated_merged_vids")}
_MERGED = ("hs_merged_object_ids",)


def names_of_ids(object_type: str) -> tuple[str, ...]:
    """The properties that say under which ids and addresses a record is known as well."""
    return _ALIASES.get(object_type, _MERGED)


def read_by_id(api: Api, caller: BatchCaller, object_type: str, ids: Sequence[str]) -> dict[str, Answer]:
    """The records with these ids; the id of a merged record leads to the record that it became."""
    names = list(names_of_ids(object_type))

    def read(parts: list[list[str]]) -> list[dict[str, Answer] | HubSpotError]:
        return each(parts, api.batch_reads(object_type, parts, names, None), match_read)

    return caller.batch(read, list(ids), MAX_RECORDS, AT_ONCE)


def each(
    parts: list[list[Asked]],
    results: Results,
    matched: Callable[[list[Asked], BatchResult], dict[str, Answer]],
) -> list[dict[str, Answer] | HubSpotError]:
    """The results of each part that has any."""
    return [
        result if isinstance(result, HubSpotError) else matched(part, result)
        for part, result in zip(parts, results, strict=False)
    ]
