"""Search (hubspot.md 5.7)."""

from hubspot_simulator.crm.objects import rendering
from hubspot_simulator.http import reading
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import invalid

from .state import MAX_RESULTS, Filter, Query, check_caps

ROUTES = Routes()
BODY = ("filterGroups", "sorts", "query", "properties", "limit", "after", "filters")
FILTER = ("propertyName", "operator", "value", "values", "highValue")


@ROUTES.add("POST", "objects", "{type}/search", "search")
def search(call: Call) -> Reply:
    """Answers from the index, which lags; a record that changed since is shown as the index knows it."""
    call.require(*call.kind.read_scopes)
    body = call.take(call.body, BODY, ())
    query = _query(call, body)
    check_caps(query, call.size)
    _check_names(call, query)
    limit = reading.integer(body.get("limit") or 10, "limit", 1, 200)
    after = reading.integer(body.get("after") or 0, "after", 0, 10**9)
    if after + limit > MAX_RESULTS:
        raise invalid("There was a problem with the request: paging past 10,000 results is not possible")
    wanted = reading.texts(body.get("properties"), "properties")
    hits = call.portal.search.find(call.kind.name, query)
    store = call.portal.store(call.kind.name)
    results = []
    for record_id, values in hits[after : after + limit]:
        entry = store.live.get(record_id) or store.archived.get(record_id)
        if entry is not None:
            shown = rendering.record(call.portal, call.kind, entry, wanted or None)
            shown["properties"] = {name: values.get(name) for name in shown["properties"]}
            results.append(shown)
    answer: dict[str, object] = {"total": len(hits), "results": results}
    if after + limit < len(hits):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def _check_names(call: Call, query: Query) -> None:
    """A property that does not exist cannot be searched or sorted by; the words are ours (U)."""
    names = [*(entry.name for group in query.groups for entry in group), *(name for name, _ in query.sorts)]
    for name in names:
        if call.portal.schema.find(call.kind.name, name) is None and not _is_of_association(name):
            raise invalid(f'There was a problem with the request: property "{name}" does not exist')


def _is_of_association(name: str) -> bool:
    """``associations.contact`` filters by a record that is associated (5.7)."""
    return name.startswith("associations.")


def _query(call: Call, body: dict) -> Query:
    groups = [
        _filters(call, call.take(group, ("filters",), ("filters",))["filters"])
        for group in reading.listed(body.get("filterGroups") or [], "filterGroups")
    ]
    if body.get("filters"):
        groups.append(_filters(call, body["filters"]))
    sorts = [_sort(item) for item in reading.listed(body.get("sorts") or [], "sorts")]
    return Query(groups, reading.optional(body.get("query"), "query"), sorts)


def _filters(call: Call, raw: object) -> list[Filter]:
    return [_filter(call, item) for item in reading.listed(raw, "filters")]


def _filter(call: Call, raw: object) -> Filter:
    item = call.take(raw, FILTER, ("propertyName", "operator"))
    values = tuple(reading.texts(item.get("values"), "values"))
    return Filter(
        reading.text(item["propertyName"], "propertyName"),
        reading.text(item["operator"], "operator"),
        reading.optional(item.get("value"), "value"),
        reading.optional(item.get("highValue"), "highValue"),
        values,
    )


def _sort(raw: object) -> tuple[str, bool]:
    if isinstance(raw, str):
        return raw.lstrip("-"), raw.startswith("-")
    item = reading.take(raw, ("propertyName", "direction"), ("propertyName",))
    return reading.text(item["propertyName"], "propertyName"), item.get("direction") == "DESCENDING"
