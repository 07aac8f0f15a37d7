"""Owners, the account itself, its limits and its object library (hubspot.md 1.2, 13)."""

from hubspot_simulator.clock import iso
from hubspot_simulator.crm.properties.schema import CUSTOM_PER_TYPE
from hubspot_simulator.http import reading
from hubspot_simulator.http.request import ENFORCING, Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import not_found

from .state import Owner

ROUTES = Routes()
CUSTOM_OVERALL = 10_000


@ROUTES.add("GET", "owners", "", "owners", ("limit", "after", "email", "archived"))
def list_owners(call: Call) -> Reply:
    call.require("crm.objects.owners.read")
    archived, email = call.flag("archived"), call.text("email").lower()
    found = [
        owner for owner in call.portal.owners if owner.archived == archived and (not email or owner.email == email)
    ]
    limit = reading.integer(call.text("limit", "100"), "limit", 1, 500)
    after = reading.integer(call.text("after", "0"), "after", 0, 10**12)
    body: dict[str, object] = {"results": [_owner(owner) for owner in found[after : after + limit]]}
    if after + limit < len(found):
        body["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, body)


@ROUTES.add("GET", "owners", "{id}", "owners", ("idProperty", "archived"))
def get_owner(call: Call) -> Reply:
    call.require("crm.objects.owners.read")
    by_user, archived = call.text("idProperty", "id") == "userId", call.flag("archived")
    for owner in call.portal.owners:
        number = str(owner.user_id) if by_user else owner.id
        if number == call.params["id"] and owner.archived == archived:
            return Reply(200, _owner(owner))
    raise not_found()


def _owner(owner: Owner) -> dict:
    created = iso(owner.created_at)
    return {
        "id": owner.id,
        "email": owner.email,
        "type": "PERSON",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": owner.user_id,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": created,
        "updatedAt": created,
        "archived": owner.archived,
        "teams": [],
    }


@ROUTES.add("GET", "account-info", "details", "account")
def details(call: Call) -> Reply:
    """2026-09 adds the portal's name and age (hubspot.md 13, C)."""
    body = call.portal.details()
    if call.version in ENFORCING:
        body |= {"portalName": call.portal.account.name, "createdAt": iso(1_672_531_200)}
    return Reply(200, body)


@ROUTES.add("GET", "account-info", "api-usage/daily/private-apps", "account")
def api_usage(call: Call) -> Reply:
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": call.backend.limits.daily_limit(call.portal) or 0,
        "currentUsage": call.backend.limits.used_today(call.portal),
        "collectedAt": iso(call.portal.clock()),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(call.portal.next_midnight()),
    }
    return Reply(200, {"results": [usage]})


def _type_usage(call: Call, limit: int | None, usage: dict[str, int]) -> list[dict]:
    return [
        {
            "objectTypeId": kind.type_id,
            "singularLabel": kind.label,
            "pluralLabel": kind.plural_label,
            "usage": usage[kind.name],
            **({"limit": limit, "percentage": round(100 * usage[kind.name] / limit, 2)} if limit else {}),
        }
        for kind in call.portal.types.all
        if kind.name in usage
    ]


@ROUTES.add("GET", "limits", "custom-properties", "limits")
def custom_properties(call: Call) -> Reply:
    usage = {
        kind.name: sum(not entry.hubspot_defined for entry in call.portal.schema.active(kind.name).values())
        for kind in call.portal.types.all
    }
    total = sum(usage.values())
    return Reply(
        200,
        {
            "byObjectType": _type_usage(call, CUSTOM_PER_TYPE, usage),
            "overallLimit": CUSTOM_OVERALL,
            "overallUsage": total,
            "overallPercentage": round(100 * total / CUSTOM_OVERALL, 2),
        },
    )


@ROUTES.add("GET", "limits", "calculated-properties", "limits")
def calculated_properties(call: Call) -> Reply:
    """The limit of self-made calculated properties; the simulator has none of these."""
    usage = {kind.name: 0 for kind in call.portal.types.all}
    return Reply(
        200,
        {
            "byObjectType": _type_usage(call, None, usage),
            "overallLimit": 200,
            "overallUsage": 0,
            "overallPercentage": 0.0,
        },
    )


@ROUTES.add("GET", "limits", "custom-object-types", "limits")
def custom_types(call: Call) -> Reply:
    return Reply(200, {"limit": 10, "usage": 1, "percentage": 10.0})


@ROUTES.add("GET", "limits", "pipelines", "limits")
def pipelines(call: Call) -> Reply:
    usage = {name: len(call.portal.pipelines.listed(name)) for name in ("deals", "tickets", "orders")}
    custom = {"byObjectType": [], "overallLimit": 100, "overallUsage": 0, "overallPercentage": 0.0}
    return Reply(200, {"customObjectTypes": custom, "hubspotDefinedObjectTypes": _type_usage(call, 100, usage)})


@ROUTES.add("GET", "limits", "records", "limits")
def records(call: Call) -> Reply:
    usage = {kind.name: len(call.portal.store(kind.name).live) for kind in call.portal.types.all}
    hubspot = _type_usage(call, 15_000_000, usage)
    return Reply(
        200,
        {
            "hubspotDefinedObjectTypes": [entry for entry in hubspot if not entry["objectTypeId"].startswith("2-")],
            "customObjectTypes": {
                "byObjectType": [],
                "overallLimit": 1_500_000,
                "overallUsage": 0,
                "overallPercentage": 0.0,
            },
        },
    )


@ROUTES.add("GET", "limits", "associations/labels", "limits", ("fromObjectTypeId", "toObjectTypeId"))
def association_labels(call: Call) -> Reply:
    """Pairs that have labels of their own."""
    types, limit = call.portal.association_types, call.portal.switches.association_label_limit
    results = []
    for one in call.portal.types.all:
        for other in call.portal.types.all:
            labels = [entry.label for entry in types.known(one.name, other.name) if entry.category == "USER_DEFINED"]
            if labels:
                results.append(
                    {
                        "allLabels": labels,
                        "limit": limit,
                        "usage": len(labels),
                        "percentage": round(100 * len(labels) / limit, 2),
                        "fromObjectType": _type_names(one),
                        "toObjectType": _type_names(other),
                    }
                )
    return Reply(200, {"results": results})


def _type_names(kind) -> dict:
    return {"objectTypeId": kind.type_id, "singularLabel": kind.label, "pluralLabel": kind.plural_label}


@ROUTES.add("GET", "object-library", "enablement", "account")
def enablement(call: Call) -> Reply:
    """Which object types the account has switched on (hubspot.md 9, A)."""
    enabled = {kind.type_id: kind.name not in call.portal.types.disabled for kind in call.portal.types.all}
    return Reply(200, {"enablementByObjectTypeId": enabled})


@ROUTES.add("GET", "object-library", "enablement/{id}", "account")
def enablement_of(call: Call) -> Reply:
    for kind in call.portal.types.all:
        if kind.type_id == call.params["id"]:
            return Reply(200, {"enablement": kind.name not in call.portal.types.disabled})
    raise not_found()
