"""Records one by one: create, read, list, update, archive, merge, forget (hubspot.md 5)."""

from urllib.parse import urlencode

from hubspot_simulator.crm.associations.specs import links
from hubspot_simulator.http import reading
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import invalid, not_found, not_numeric

from . import rendering
from .batches import Input, require_unique
from .batches import create as create_batch
from .batches import update as update_batch
from .lifecycle import archive, gdpr_delete, merge
from .state import Record

ROUTES = Routes()
READ_QUERY = ("properties", "propertiesWithHistory", "associations", "archived", "idProperty")


@ROUTES.add("POST", "objects", "{type}", "create")
def create(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    body = call.take(call.body, ("properties", "associations", "objectWriteTraceId"), ("properties",))
    entry = Input(reading.properties(body["properties"]), links=links(call, call.kind, body.get("associations")))
    outcome = create_batch(call.portal, call.kind, [entry], call.rules, call.author)
    result = outcome.results[0]
    shown = rendering.written(call.portal, call.kind, result, not call.legacy)
    return Reply(201, shown, headers={"Location": f"{call.path}/{result.record.id}"})


@ROUTES.add("GET", "objects", "{type}/{id}", "read", READ_QUERY)
def read(call: Call) -> Reply:
    call.require(*call.kind.read_scopes)
    if call.flag("archived"):
        entry = call.portal.store(call.kind.name).archived.get(call.params["id"])
    else:
        entry = find(call, call.params["id"], call.text("idProperty"))
    if entry is None:
        raise not_found()
    shown = rendering.record(
        call.portal, call.kind, entry, call.listed("properties"), call.listed("propertiesWithHistory")
    )
    return Reply(200, with_associations(call, entry, shown))


@ROUTES.add("GET", "objects", "{type}", "read", (*READ_QUERY, "limit", "after"))
def list_records(call: Call) -> Reply:
    """Pages by record id; the next page begins after the cursor (hubspot.md 5.1, A)."""
    call.require(*call.kind.read_scopes)
    limit = reading.integer(call.text("limit", "10"), "limit", 1, 100)
    after = reading.integer(call.text("after") or 0, "after", 0, 10**15)
    store = call.portal.store(call.kind.name)
    pool = store.archived if call.flag("archived") else store.live
    ids = sorted(int(record_id) for record_id in pool if int(record_id) >= after)
    page = [pool[str(number)] for number in ids[:limit]]
    wanted, history = call.listed("properties"), call.listed("propertiesWithHistory")
    rendering.check_history(history, limit)
    results = [
        with_associations(call, entry, rendering.record(call.portal, call.kind, entry, wanted, history))
        for entry in page
    ]
    return Reply(200, {"results": results} | paging(call, ids, limit))


def paging(call: Call, ids: list[int], limit: int) -> dict:
    """The cursor, and a link with the whole query (recorded answers, C)."""
    if len(ids) <= limit:
        return {}
    after = str(ids[limit])
    query = urlencode({**call.query, "after": [after]}, doseq=True)
    return {"paging": {"next": {"after": after, "link": f"https://api.hubapi.com{call.path}?{query}"}}}


@ROUTES.add("PATCH", "objects", "{type}/{id}", "update", ("idProperty",))
def update(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    body = call.take(call.body, ("properties", "objectWriteTraceId"), ("properties",))
    entry = find(call, call.params["id"], call.text("idProperty"))
    if entry is None:
        raise not_found()
    change = Input(reading.properties(body["properties"]), entry.id)
    outcome = update_batch(call.portal, call.kind, [change], call.rules, call.author)
    return Reply(200, rendering.written(call.portal, call.kind, outcome.results[0], not call.legacy))


@ROUTES.add("DELETE", "objects", "{type}/{id}", "archive")
def delete(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    archive(call.portal, call.kind, call.params["id"])
    return Reply(204)


@ROUTES.add("POST", "objects", "{type}/merge", "merge")
def merge_records(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    names = ("primaryObjectId", "objectIdToMerge")
    body = call.take(call.body, names, names)
    primary, other = (reading.text(body[name], name) for name in names)
    return Reply(
        200, rendering.record(call.portal, call.kind, merge(call.portal, call.kind, primary, other, call.author))
    )


@ROUTES.add("POST", "objects", "{type}/gdpr-delete", "gdpr")
def forget(call: Call) -> Reply:
    call.require(*call.kind.write_scopes)
    if call.kind.name != "contacts":
        raise invalid("gdpr-delete is available for contacts only")
    body = call.take(call.body, ("objectId", "idProperty"), ("objectId",))
    id_property = reading.optional(body.get("idProperty"), "idProperty") or None
    gdpr_delete(call.portal, reading.text(body["objectId"], "objectId"), id_property)
    return Reply(204)


def find(call: Call, value: str, id_property: str) -> Record | None:
    """A live record by id or unique value; merged-away ids lead to the survivor (hubspot.md 5.5, A)."""
    store = call.portal.store(call.kind.name)
    if id_property and id_property != "hs_object_id":
        require_unique(call.portal, call.kind, id_property, "read" if call.method == "GET" else "update")
        return store.by_value(id_property, value)
    if not value.isdigit():
        raise not_numeric()
    return store.resolve(value)


def with_associations(call: Call, entry: Record, shown: dict) -> dict:
    """Adds the linked ids of the requested types, as v3 names them."""
    for name in call.listed("associations"):
        other = call.type_of(name)
        results = [
            {"id": node[1], "type": f"{call.kind.singular}_to_{other.singular}"}
            for node, _ in call.portal.associations.neighbours((entry.type_name, entry.id), other.name)
        ]
        if results:
            shown.setdefault("associations", {})[other.name.replace("_", " ")] = {"results": results}
    return shown
