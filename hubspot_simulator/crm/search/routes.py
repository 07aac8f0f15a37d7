"""Search (hubspot.md 5.7)."""

from hubspot_simulator.crm.objects import rendering as render
from hubspot_simulator.crm.objects.routes import strict
from hubspot_simulator.http import reading as fields
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import ROUTES
from hubspot_simulator.problems import invalid

from .state import MAX_RESULTS, Filter, Query, check_caps

BODY = ("filterGroups", "sorts", "query", "properties", "limit", "after", "filters")
FILTER = ("propertyName", "operator", "value", "values", "highValue")


@ROUTES.add("POST", "objects", "{type}/search", "search")
def search(call: Call) -> Reply:
    """Answers from the index, which lags; a record that changed since is shown as the index knows it."""
    call.require(*call.kind.read_scopes)
    body = fields.take(call.body, BODY, (), strict(call))
    query = _query(body, strict(call))
    check_caps(query, call.size)
    limit = fields.integer(body.get("limit") or 10, "limit", 1, 200)
    after = fields.integer(body.get("after") or 0, "after", 0, 10**9)
    if after + limit > MAX_RESULTS:
        raise invalid("There was a problem with the request: paging past 10,000 results is not possible")
    wanted = fields.texts(body.get("properties"), "properties")
    hits = call.portal.search.find(call.kind.name, query)
    store = call.portal.store(call.kind.name)
    results = []
    for record_id, values in hits[after : after + limit]:
        entry = store.live.get(record_id) or store.archived.get(record_id)
        if entry is not None:
            shown = render.record(call.portal, call.kind, entry, wanted or None)
            shown["properties"] = {name: values.get(name) for name in shown["properties"]}
            results.append(shown)
    answer: dict[str, object] = {"total": len(hits), "results": results}
    if after + limit < len(hits):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def _query(body: dict, refuse_unknown: bool) -> Query:
    groups = [
        _filters(fields.take(group, ("filters",), ("filters",), refuse_unknown)["filters"], refuse_unknown)
        for group in fields.listed(body.get("filterGroups") or [], "filterGroups")
    ]
    if body.get("filters"):
        groups.append(_filters(body["filters"], refuse_unknown))
    sorts = [_sort(item) for item in fields.listed(body.get("sorts") or [], "sorts")]
    return Query(groups, fields.optional(body.get("query"), "query"), sorts)


def _filters(raw: object, refuse_unknown: bool) -> list[Filter]:
    return [_filter(item, refuse_unknown) for item in fields.listed(raw, "filters")]


def _filter(raw: object, refuse_unknown: bool) -> Filter:
    item = fields.take(raw, FILTER, ("propertyName", "operator"), refuse_unknown)
    values = tuple(fields.texts(item.get("values"), "values"))
    return Filter(
        fields.text(item["propertyName"], "propertyName"),
        fields.text(item["operator"], "operator"),
        fields.optional(item.get("value"), "value"),
        fields.optional(item.get("highValue"), "highValue"),
        values,
    )


def _sort(raw: object) -> tuple[str, bool]:
    if isinstance(raw, str):
        return raw.lstrip("-"), raw.startswith("-")
    item = fields.take(raw, ("propertyName", "direction"), ("propertyName",))
    return fields.text(item["propertyName"], "propertyName"), item.get("direction") == "DESCENDING"
