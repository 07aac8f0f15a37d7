"""Associations and their labels (hubspot.md 7.1)."""

from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.http import reading
from hubspot_simulator.http.batching import envelope, inputs
from hubspot_simulator.http.request import ENFORCING, Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import FORBIDDEN, INVALID, MISSING, BatchError, Problem, invalid, not_found

from .specs import association_type
from .state import AssociationType, Node

ROUTES = Routes()
MOST_CREATED, MOST_READ, PAGE = 2_000, 1_000, 500
PAIR = ("from", "to")


def ends(call: Call, writing: bool) -> tuple[ObjectType, ObjectType]:
    """Both object types of the path, with scopes checked."""
    first = call.params.get("from") or call.params["type"]
    kinds = call.type_of(first), call.type_of(call.params["to"])
    for kind in kinds:
        call.require(*(kind.write_scopes if writing else (*kind.read_scopes, *kind.write_scopes)))
    enforced = writing and call.version in ENFORCING and call.grant.user_level
    if enforced and not call.portal.switches.user_level_edit_associations:
        raise invalid("Missing 'Edit Associations' permission.")
    return kinds


def node(call: Call, kind: ObjectType, raw: object) -> Node:
    item = call.take(raw, ("id",), ("id",))
    return kind.name, call.portal.store(kind.name).survivor(reading.text(item["id"], "id"))


def check_pair(call: Call, one: Node, other: Node) -> Problem | None:
    """The refusal of a link with a record that doesn't exist (hubspot.md 4.2, B), or beyond the account's limit."""
    for kind, record_id in (one, other):
        if not call.portal.exists((kind, record_id)):
            return invalid(
                "One or more associations are invalid",
                INVALID_OBJECT_IDS=[record_id],
                objectId=[record_id],
                objectType=[call.portal.object_type(kind).type_id],
            )
    limit = call.portal.associations.over_limit(one, other)
    return None if limit is None else beyond_limit(limit, one, other)


def beyond_limit(limit: int, one: Node, other: Node) -> Problem:
    """The exact body is not public (hubspot.md 16, A): it is about the account's rule, and names both records (U)."""
    return Problem(
        INVALID,
        f"The number of associated {other[0]} exceeds the limit of {limit} that is set for this association",
        "VALIDATION_ERROR",
        "associations.ASSOCIATION_LIMIT_EXCEEDED",
        context={"fromObjectId": [one[1]], "toObjectId": [other[1]]},
    )


@ROUTES.add("POST", "associations", "{from}/{to}/batch/create", "associate")
def create(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    results, errors = [], []
    for item in inputs(call, (*PAIR, "types"), (*PAIR, "types"), largest=MOST_CREATED):
        one, other = node(call, from_kind, item["from"]), node(call, to_kind, item["to"])
        entries = _types(call, from_kind, to_kind, item["types"])
        problem = check_pair(call, one, other)
        if problem is not None:
            errors.append(BatchError(problem, problem.context))
            continue
        labelled = any(entry.label for entry in entries)
        call.portal.associations.link(one, other, entries, replace=labelled)
        results.append(_labels(call, from_kind, to_kind, one, other))
    return _answer(call, results, errors, 201)


@ROUTES.add("POST", "associations", "{from}/{to}/batch/associate/default", "associate")
def associate_default(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    results, errors = [], []
    for item in inputs(call, PAIR, PAIR, largest=MOST_CREATED):
        one, other = node(call, from_kind, item["from"]), node(call, to_kind, item["to"])
        problem = check_pair(call, one, other)
        if problem is not None:
            errors.append(BatchError(problem, problem.context))
            continue
        results += _link_default(call, one, other)
    return _answer(call, results, errors, 200)


def _answer(call: Call, results: list[dict], errors: list[BatchError], ok: int) -> Reply:
    """Invalid pairs refuse the batch only when nothing else is in it (U)."""
    if errors and not results:
        raise errors[0].problem
    return envelope(call, results, errors, ok)


def _link_default(call: Call, one: Node, other: Node) -> list[dict]:
    """Links two records and tells both directions (hubspot.md 7.1, A)."""
    entry = call.portal.association_types.default(one[0], other[0])
    call.portal.associations.link(one, other, [])
    return [
        {
            "from": {"id": first[1]},
            "to": {"id": second[1]},
            "associationSpec": {"associationCategory": kind.category, "associationTypeId": kind.id},
        }
        for first, second, kind in ((one, other, entry), (other, one, call.portal.association_types.inverse(entry)))
    ]


@ROUTES.add("POST", "associations", "{from}/{to}/batch/read", "read")
def read(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=False)
    results, unknown = [], []
    for item in inputs(call, ("id", "after"), ("id",), largest=MOST_READ):
        one = node(call, from_kind, {"id": item["id"]})
        linked = _linked(call, one, to_kind)
        if not linked:
            unknown.append(one[1])
            continue
        results.append({"from": {"id": one[1]}, **_page(linked, item.get("after"), PAGE, "to")})
    errors = []
    if unknown:
        message = f"No {to_kind.name} is associated with {from_kind.name} {', '.join(unknown)}."
        problem = Problem(MISSING, message, "OBJECT_NOT_FOUND", "crm.associations.NO_ASSOCIATIONS_FOUND")
        errors.append(BatchError(problem, {"fromObjectId": unknown}))
    return envelope(call, results, errors, 200)


@ROUTES.add("POST", "associations", "{from}/{to}/batch/archive", "associate")
def archive(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    for item in inputs(call, PAIR, PAIR, largest=MOST_CREATED):
        one = node(call, from_kind, item["from"])
        for target in reading.listed(item["to"], "to"):
            call.portal.associations.unlink(one, node(call, to_kind, target))
    return _done(call)


@ROUTES.add("POST", "associations", "{from}/{to}/batch/labels/archive", "associate")
def archive_labels(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    for item in inputs(call, (*PAIR, "types"), (*PAIR, "types"), largest=MOST_CREATED):
        entries = _types(call, from_kind, to_kind, item["types"])
        call.portal.associations.remove_types(
            node(call, from_kind, item["from"]), node(call, to_kind, item["to"]), entries
        )
    return _done(call)


def _done(call: Call) -> Reply:
    """200 on dated paths, 204 on v4 (hubspot.md 7.1, A)."""
    if call.legacy:
        return Reply(204)
    return envelope(call, [], [], 200)


@ROUTES.add("GET", "objects", "{type}/{id}/associations/{to}", "read", ("limit", "after"))
def list_linked(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=False)
    one = _existing(call, from_kind)
    limit = reading.integer(call.text("limit", str(PAGE)), "limit", 1, PAGE)
    return Reply(200, _page(_linked(call, one, to_kind), call.text("after") or None, limit, "results"))


@ROUTES.add("PUT", "objects", "{type}/{id}/associations/default/{to}/{to_id}", "associate")
def put_default(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    one, other = _existing(call, from_kind), node(call, to_kind, {"id": call.params["to_id"]})
    problem = check_pair(call, one, other)
    if problem is not None:
        raise problem
    return envelope(call, _link_default(call, one, other), [], 200)


@ROUTES.add("PUT", "objects", "{type}/{id}/associations/{to}/{to_id}", "associate")
def put_labels(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    one, other = _existing(call, from_kind), node(call, to_kind, {"id": call.params["to_id"]})
    problem = check_pair(call, one, other)
    if problem is not None:
        raise problem
    call.portal.associations.link(one, other, _types(call, from_kind, to_kind, call.body), replace=True)
    return Reply(201, _labels(call, from_kind, to_kind, one, other))


@ROUTES.add("DELETE", "objects", "{type}/{id}/associations/{to}/{to_id}", "associate")
def delete(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    call.portal.associations.unlink(_existing(call, from_kind), node(call, to_kind, {"id": call.params["to_id"]}))
    return Reply(204)


@ROUTES.add("GET", "associations", "{from}/{to}/labels", "schema")
def list_labels(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=False)
    found = call.portal.association_types.between(from_kind.name, to_kind.name)
    return Reply(200, {"results": [_label(entry) for entry in found]})


@ROUTES.add("POST", "associations", "{from}/{to}/labels", "schema")
def create_label(call: Call) -> Reply:
    from_kind, to_kind = ends(call, writing=True)
    if call.portal.account.tier in ("free", "starter"):
        raise Problem(FORBIDDEN, "Association labels are not available to this account", "FORBIDDEN")
    body = call.take(call.body, ("name", "label", "inverseLabel"), ("name", "label"))
    limit = call.portal.switches.association_label_limit
    entry = call.portal.association_types.add_label(
        from_kind.name,
        to_kind.name,
        reading.text(body["label"], "label"),
        reading.optional(body.get("inverseLabel"), "inverseLabel"),
        reading.text(body["name"], "name"),
        limit,
    )
    pair = {made.key: made for made in (entry, call.portal.association_types.inverse(entry))}
    return Reply(200, {"results": [_label(made) for made in pair.values()]})


@ROUTES.add("PUT", "associations", "{from}/{to}/labels", "schema")
def change_label(call: Call) -> Reply:
    ends(call, writing=True)
    body = call.take(call.body, ("associationTypeId", "label", "inverseLabel"), ("associationTypeId", "label"))
    number = reading.integer(body["associationTypeId"], "associationTypeId", 0, 10**9)
    inverse = reading.optional(body.get("inverseLabel"), "inverseLabel") or None
    call.portal.association_types.rename_label(number, reading.text(body["label"], "label"), inverse)
    return Reply(204)


@ROUTES.add("DELETE", "associations", "{from}/{to}/labels/{number}", "schema")
def delete_label(call: Call) -> Reply:
    ends(call, writing=True)
    call.portal.association_types.remove_label(reading.integer(call.params["number"], "associationTypeId", 0, 10**9))
    return Reply(204)


def _existing(call: Call, kind: ObjectType) -> Node:
    one = node(call, kind, {"id": call.params["id"]})
    if not call.portal.exists(one):
        raise not_found()
    return one


def _types(call: Call, from_kind: ObjectType, to_kind: ObjectType, raw: object) -> list[AssociationType]:
    entries = [association_type(call, from_kind, item) for item in reading.listed(raw, "types")]
    if not entries:
        raise invalid("One or more associations are invalid")
    for entry in entries:
        if entry.to_type != to_kind.name:
            expected = call.portal.object_type(entry.to_type).type_id
            raise invalid(
                f"Association type {entry.id} is invalid to object type {to_kind.type_id} "
                f"for associations to be created. expected: {expected}"
            )
    return entries


def _linked(call: Call, one: Node, to_kind: ObjectType) -> list[dict]:
    """Ids are numbers in v4 and texts in dated versions (specifications; recorded answers, C)."""
    shown = int if call.legacy else str
    return [
        {"toObjectId": shown(other[1]), "associationTypes": [_label(entry) for entry in entries]}
        for other, entries in call.portal.associations.neighbours(one, to_kind.name)
    ]


def _label(entry: AssociationType) -> dict:
    return {"category": entry.category, "typeId": entry.id, "label": entry.label}


def _page(linked: list[dict], after: object, limit: int, name: str) -> dict:
    start = reading.integer(after, "after", 0, 10**12) if after is not None else 0
    page: dict[str, object] = {name: linked[start : start + limit]}
    if start + limit < len(linked):
        page["paging"] = {"next": {"after": str(start + limit)}}
    return page


def _labels(call: Call, from_kind: ObjectType, to_kind: ObjectType, one: Node, other: Node) -> dict:
    entries = dict(call.portal.associations.neighbours(one, to_kind.name)).get(other, [])
    return {
        "fromObjectTypeId": from_kind.type_id,
        "fromObjectId": one[1],
        "toObjectTypeId": to_kind.type_id,
        "toObjectId": other[1],
        "labels": [entry.label for entry in entries if entry.label],
    }
