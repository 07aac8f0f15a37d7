"""Batches of records (hubspot.md 5.1 to 5.4)."""

from collections.abc import Callable

from hubspot_simulator.crm.associations.specs import links
from hubspot_simulator.http import reading
from hubspot_simulator.http.batching import envelope, inputs
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import Routes

from . import batches, rendering
from .batches import Input, Outcome
from .lifecycle import archive

ROUTES = Routes()
READ_BODY = ("properties", "propertiesWithHistory", "idProperty", "inputs")


@ROUTES.add("POST", "objects", "{type}/batch/create", "create")
def create(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    raw = inputs(call, ("properties", "associations", "objectWriteTraceId"), ("properties",))
    entries = [
        Input(
            reading.properties(item["properties"]),
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
        Input(reading.properties(item["properties"]), reading.text(item["id"], "id"), _id_property(item), _trace(item))
        for item in raw
    ]
    outcome = action(call.portal, call.kind, entries, call.rules, call.author)
    return written(call, outcome, ok=200, upsert=upsert)


@ROUTES.add("POST", "objects", "{type}/batch/read", "read", ("archived",))
def read(call: Call) -> Reply:
    call.require(*call.kind.read_scopes)
    raw = inputs(call, ("id",), ("id",), READ_BODY)
    entries = [Input(id=reading.text(item["id"], "id")) for item in raw]
    wanted = reading.texts(call.body.get("properties"), "properties")
    history = reading.texts(call.body.get("propertiesWithHistory"), "propertiesWithHistory")
    rendering.check_history(history, len(entries))
    records, errors = batches.read(call.portal, call.kind, entries, _id_property(call.body), call.flag("archived"))
    results = [rendering.record(call.portal, call.kind, entry, wanted, history) for entry in records]
    return envelope(call, results, errors, ok=200)


@ROUTES.add("POST", "objects", "{type}/batch/archive", "archive")
def archive_batch(call: Call) -> Reply:
    """Always 204; unknown ids are ignored (hubspot.md 5.1, B)."""
    call.require(*call.kind.write_scopes)
    for item in inputs(call, ("id",), ("id",)):
        archive(call.portal, call.kind, reading.text(item["id"], "id"))
    return Reply(204)


def _id_property(body: dict) -> str | None:
    return reading.optional(body.get("idProperty"), "idProperty") or None


def _trace(item: dict) -> str | None:
    trace = item.get("objectWriteTraceId")
    return None if trace is None else reading.text(trace, "objectWriteTraceId")


def written(call: Call, outcome: Outcome, ok: int, upsert: bool = False) -> Reply:
    """Trace ids come back on dated paths only (hubspot.md 5.3)."""
    results = [rendering.written(call.portal, call.kind, result, not call.legacy, upsert) for result in outcome.results]
    return envelope(call, results, outcome.errors, ok)
