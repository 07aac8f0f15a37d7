"""The portal's schema: properties, groups, pipelines, object types (hubspot.md 6 and 8)."""

from typing import Any

from pretix_hubspot.hubspot.data.schema import ObjectType, Pipeline, PropertyDefinition, PropertyGroup
from pretix_hubspot.hubspot.json_reading import mapping

from .base import Endpoints, rows, usable

_PROPERTIES = "/crm/properties/{V}/{}"


class SchemaCalls(Endpoints):
    """Endpoints that read and extend the portal's schema."""

    def properties(self, object_type: str) -> tuple[PropertyDefinition, ...]:
        """Every property that is not archived; HubSpot sends them in one page."""
        operation = f"{object_type} properties read"
        answer = self._call(operation, "GET", _PROPERTIES, [object_type])
        properties = map(PropertyDefinition.from_json, rows(answer, operation))
        return tuple(definition for definition in properties if definition)

    def create_property(self, object_type: str, body: dict[str, Any]) -> PropertyDefinition:
        """`body` as in hubspot.md 6.1; raises Conflict if the name is taken.

        Reads see the new property 250 to 700 ms later (hubspot.md 5.6, B).
        """
        operation = f"{object_type} property create"
        answer = self._call(operation, "POST", _PROPERTIES, [object_type], body=body)
        return usable(PropertyDefinition.from_json(answer), operation)

    def update_property(self, object_type: str, name: str, body: dict[str, Any]) -> PropertyDefinition:
        """Change parts of a definition.

        `options` replaces the whole list, so read first and keep the options of others (hubspot.md 6.1, B).
        """
        operation = f"{object_type} property update"
        answer = self._call(operation, "PATCH", _PROPERTIES + "/{}", [object_type, name], body=body)
        return usable(PropertyDefinition.from_json(answer), operation)

    def create_property_group(self, object_type: str, name: str, label: str) -> PropertyGroup:
        """Raises Conflict if the group exists."""
        operation = f"{object_type} property group create"
        body = {"name": name, "label": label}
        answer = self._call(operation, "POST", _PROPERTIES + "/groups", [object_type], body=body)
        return usable(PropertyGroup.from_json(answer), operation)

    def pipelines(self, object_type: str) -> tuple[Pipeline, ...]:
        """Pipelines with their stages, in display order; carts have none (hubspot.md 8)."""
        operation = f"{object_type} pipelines read"
        answer = self._call(operation, "GET", "/crm/pipelines/{V}/{}", [object_type])
        pipelines = map(Pipeline.from_json, rows(answer, operation))
        return tuple(sorted((pipeline for pipeline in pipelines if pipeline), key=lambda p: p.display_order))

    def schemas(self) -> tuple[ObjectType, ...]:
        """The portal's custom object types; MissingScope below Enterprise (hubspot.md 2.4)."""
        operation = "schemas read"
        answer = self._call(operation, "GET", "/crm-object-schemas/{V}/schemas")
        types = map(ObjectType.from_json, rows(answer, operation))
        return tuple(kind for kind in types if kind)

    def object_enablement(self) -> dict[str, bool]:
        """Object type id -> whether it is switched on; lists only types that can be switched (A, object library)."""
        operation = "object library read"
        answer = self._call(operation, "GET", "/crm/object-library/{V}/enablement")
        listed = answer.get("enablementByObjectTypeId")
        usable(listed if isinstance(listed, dict) else None, operation)
        return {type_id: enabled is True for type_id, enabled in mapping(listed).items()}
