"""Schemas of custom object types; read only (hubspot.md 1.2, 9)."""

from hubspot_simulator.clock import iso
from hubspot_simulator.crm.properties import rendering
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import FORBIDDEN, Problem

from .state import ObjectType

ROUTES = Routes()


@ROUTES.add(
    "GET",
    "schemas",
    "",
    "schema",
    ("archived", "includeAssociationDefinitions", "includeAuditMetadata", "includePropertyDefinitions"),
)
def list_schemas(call: Call) -> Reply:
    """Custom object types only (hubspot.md 1.2, A)."""
    call.require("crm.schemas.custom.read")
    if call.portal.account.tier != "enterprise" or call.flag("archived"):
        return Reply(200, {"results": []})
    customs = [kind for kind in call.portal.types.all if call.portal.types.is_custom(kind)]
    return Reply(200, {"results": [_schema(call, kind) for kind in customs]})


@ROUTES.add(
    "GET",
    "schemas",
    "{type}",
    "schema",
    ("includeAssociationDefinitions", "includeAuditMetadata", "includePropertyDefinitions"),
)
def get_schema(call: Call) -> Reply:
    call.require("crm.schemas.custom.read")
    if call.portal.account.tier != "enterprise":
        raise Problem(FORBIDDEN, "Custom objects are not available to this account", "FORBIDDEN")
    return Reply(200, _schema(call, call.kind))


def _schema(call: Call, kind: ObjectType) -> dict:
    definitions = call.portal.schema.listed(kind.name)
    links = [call.portal.association_types.default(kind.name, other) for other in ("contacts", "deals")]
    return {
        "id": kind.type_id.partition("-")[2],
        "objectTypeId": kind.type_id,
        "name": kind.singular,
        "fullyQualifiedName": call.portal.types.qualified(kind),
        "archived": False,
        "labels": {"singular": kind.label, "plural": kind.plural_label},
        "primaryDisplayProperty": kind.display[0],
        "secondaryDisplayProperties": list(kind.display[1:]),
        "requiredProperties": [group[0] for group in kind.required_any],
        "searchableProperties": [kind.display[0]],
        "allowsSensitiveProperties": False,
        "createdAt": iso(1_672_531_200),
        "updatedAt": iso(1_672_531_200),
        "properties": [rendering.definition(call.portal, kind.name, entry) for entry in definitions],
        "associations": [
            {
                "id": str(entry.id),
                "fromObjectTypeId": kind.type_id,
                "name": f"{kind.singular}_to_{entry.to_type}",
                "toObjectTypeId": call.portal.object_type(entry.to_type).type_id,
            }
            for entry in links
        ],
    }
