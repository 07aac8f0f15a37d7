"""Batches of records (hubspot.md 5.1 to 5.4)."""

from collections.abc import Callable

from hubspot_simulator.clock import iso
from hubspot_simulator.http import reading as fields
from hubspot_simulator.http.envelopes import batch_error
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import ROUTES
from hubspot_simulator.problems import invalid

from . import batches
from . import rendering as render
from .batches import LARGEST, BatchError, Input, Outcome
from .lifecycle import archive
from .routes import links, strict

READ_BODY = ("properties", "propertiesWithHistory", "idProperty", "inputs")


@ROUTES.add("POST", "objects", "{type}/batch/create", "create")
def create(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    raw = inputs(call, ("properties", "associations", "objectWriteTraceId"), ("properties",))
    entries = [
        Input(
            fields.properties(item["properties"]),
            trace=_trace(item),
            links=links(call, call.kind, item.get("associations")),
        )
        for item in raw
    ]
    outcome = batches.create(call.portal, call.kind, entries, call.rules, call.author)
    return written(call, outcome, ok=201)


@ROUTES.add("POST", "objects", "{type}/batch/update", "update")
def update(call: Call) -> Reply:
    return _with_ids(call, batches.update)


@ROUTES.add("POST", "objects", "{type}/batch/upsert", "upsert")
def upsert(call: Call) -> Reply:
    return _with_ids(call, batches.upsert, upsert=True)


def _with_ids(call: Call, action: Callable[..., Outcome], upsert: bool = False) -> Reply:
    call.require(*call.kind.write_scopes)
    raw = inputs(call, ("id", "idProperty", "properties", "objectWriteTraceId"), ("id", "properties"))
    entries = [
        Input(fields.properties(item["properties"]), fields.text(item["id"], "id"), _id_property(item), _trace(item))
        for item in raw
    ]
    outcome = action(call.portal, call.kind, entries, call.rules, call.author)
    return written(call, outcome, ok=200, upsert=upsert)


@ROUTES.add("POST", "objects", "{type}/batch/read", "read", ("archived",))
def read(call: Call) -> Reply:
    call.require(*call.kind.read_scopes)
    raw = inputs(call, ("id",), ("id",), READ_BODY)
    entries = [Input(id=fields.text(item["id"], "id")) for item in raw]
    wanted = fields.texts(call.body.get("properties"), "properties")
    history = fields.texts(call.body.get("propertiesWithHistory"), "propertiesWithHistory")
    records, errors = batches.read(call.portal, call.kind, entries, _id_property(call.body), call.flag("archived"))
    results = [render.record(call.portal, call.kind, entry, wanted, history) for entry in records]
    return envelope(call, results, errors, ok=200)


@ROUTES.add("POST", "objects", "{type}/batch/archive", "archive")
def archive_batch(call: Call) -> Reply:
    """Always 204; unknown ids are ignored (hubspot.md 5.1, B)."""
    call.require(*call.kind.write_scopes)
    for item in inputs(call, ("id",), ("id",)):
        archive(call.portal, call.kind, fields.text(item["id"], "id"))
    return Reply(204)


def inputs(
    call: Call,
    allowed: tuple[str, ...],
    required: tuple[str, ...],
    body: tuple[str, ...] = ("inputs",),
    largest: int = LARGEST,
) -> list[dict]:
    """The checked inputs of a batch; one too many and the whole batch is refused (hubspot.md 5.1, A/B)."""
    listed = fields.listed(fields.take(call.body, body, ("inputs",), strict(call))["inputs"], "inputs")
    if not listed:
        raise invalid("Batch input must not be empty")
    if len(listed) > largest:
        raise invalid(f"The number of inputs in the batch exceeds the maximum of {largest}: {len(listed)}")
    return [fields.take(item, allowed, required, strict(call)) for item in listed]


def _id_property(body: dict) -> str | None:
    return fields.optional(body.get("idProperty"), "idProperty") or None


def _trace(item: dict) -> str | None:
    trace = item.get("objectWriteTraceId")
    return None if trace is None else fields.text(trace, "objectWriteTraceId")


def written(call: Call, outcome: Outcome, ok: int, upsert: bool = False) -> Reply:
    """Trace ids come back on dated paths only (hubspot.md 5.3)."""
    results = [render.written(call.portal, call.kind, result, not call.legacy, upsert) for result in outcome.results]
    return envelope(call, results, outcome.errors, ok)


def envelope(call: Call, results: list[dict], errors: list[BatchError], ok: int) -> Reply:
    """The batch answer; 207 as soon as anything failed, and ``numErrors`` counts entries, not records (4.2, B)."""
    now = iso(call.portal.clock())
    body: dict[str, object] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": [batch_error(error) for error in errors]}
    return Reply(207 if errors else ok, body)
