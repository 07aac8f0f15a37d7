"""Association types as requests name them, by category and id (hubspot.md 7.1)."""

from hubspot_simulator.crm.objects.writing import Link
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.http import reading
from hubspot_simulator.http.request import Call
from hubspot_simulator.problems import invalid

from .state import HUBSPOT, USER, AssociationType


def links(call: Call, kind: ObjectType, raw: object) -> list[Link]:
    """Associations given along with a creation (hubspot.md 5.1, 7.1); invalid ids give 400."""
    found: list[Link] = []
    for item in reading.listed(raw or [], "associations"):
        entry = call.take(item, ("to", "types"), ("to", "types"))
        other_id = reading.text(reading.take(entry["to"], ("id",), ("id",))["id"], "id")
        types = [association_type(call, kind, one) for one in reading.listed(entry["types"], "types")]
        if not types:
            raise invalid("One or more associations are invalid")
        node = (types[0].to_type, other_id)
        if not call.portal.exists(node):
            raise invalid(
                "One or more associations are invalid",
                INVALID_OBJECT_IDS=[other_id],
                objectId=[other_id],
                objectType=[call.portal.object_type(node[0]).type_id],
            )
        found.append((node, types))
    return found


def association_type(call: Call, kind: ObjectType, raw: object) -> AssociationType:
    """An association type that starts at ``kind``; the wrong direction has its own words (hubspot.md 4.2, B)."""
    names = ("associationCategory", "associationTypeId")
    spec = call.take(raw, names, names)
    category, number = str(spec["associationCategory"]), reading.integer(spec["associationTypeId"], names[1], 0, 10**9)
    if category not in (HUBSPOT, USER, "INTEGRATOR_DEFINED", "WORK"):
        raise invalid(f"Invalid association category {category}")
    entry = call.portal.association_types.find(category, number)
    if entry is None:
        raise invalid(f"Association type {number} of category {category} does not exist")
    if entry.from_type != kind.name:
        expected = call.portal.object_type(entry.from_type).type_id
        raise invalid(
            f"Association type {number} is invalid from object type {kind.type_id} for associations to be created. "
            f"expected: {expected}"
        )
    return entry
