"""What the batches of every area have in common: their inputs, and the envelope of their results."""

from hubspot_simulator.clock import iso
from hubspot_simulator.problems import BatchError, invalid

from . import reading
from .request import Call, Reply

LARGEST = 100


def inputs(
    call: Call,
    allowed: tuple[str, ...],
    required: tuple[str, ...],
    body: tuple[str, ...] = ("inputs",),
    largest: int = LARGEST,
) -> list[dict]:
    """The checked inputs of a batch; one too many and the whole batch is refused (hubspot.md 5.1, A/B)."""
    listed = reading.listed(call.take(call.body, body, ("inputs",))["inputs"], "inputs")
    if not listed:
        raise invalid("Batch input must not be empty")
    if len(listed) > largest:
        raise invalid(f"The number of inputs in the batch exceeds the maximum of {largest}: {len(listed)}")
    return [call.take(item, allowed, required) for item in listed]


def envelope(call: Call, results: list[dict], errors: list[BatchError], ok: int) -> Reply:
    """The batch answer; 207 as soon as anything failed, and ``numErrors`` counts entries, not records (4.2, B)."""
    now = iso(call.portal.clock())
    body: dict[str, object] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": [_batch_error(error) for error in errors]}
    return Reply(207 if errors else ok, body)


def _batch_error(error: BatchError) -> dict:
    """An entry of a 207's ``errors`` (hubspot.md 4.2, B)."""
    entry: dict[str, object] = {"status": "error"}
    if error.problem.category:
        entry["category"] = error.problem.category
    if error.problem.sub_category:
        entry["subCategory"] = error.problem.sub_category
    return entry | {"message": error.problem.message, "context": error.context}
