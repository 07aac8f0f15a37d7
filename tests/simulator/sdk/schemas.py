"""JSON schemas of HubSpot's request bodies, derived from the parameter types of ``hubspot-sdk``.

    validate_request("objects.batch_create", {"inputs": [...]})

raises ``jsonschema.ValidationError`` where the body isn't what HubSpot's specification describes:
unknown keys, missing ones and wrong types.
The SDK keeps path parameters in the same types; they are no part of a body and are left out.
"""

import importlib
import typing
from functools import cache

import jsonschema
import typing_extensions

PATH_PARAMETERS = {
    "objectType",
    "toObjectType",
    "fromObjectType",
    "objectId",
    "pipelineId",
    "groupName",
    "propertyName",
    "fromObjectId",
    "object_type",
    "to_object_type",
    "from_object_type",
}
# Query parameters that the SDK passes along with a body.
QUERY_PARAMETERS = {"archived", "locale", "validateDealStageUsagesBeforeDelete", "validateReferencesBeforeDelete"}
_CRM = "hubspot_sdk.types.crm."
OPERATIONS = {
    "objects.create": (_CRM + "objects.contact_create_params", "ContactCreateParams"),
    "objects.update": (_CRM + "objects.contact_update_params", "ContactUpdateParams"),
    "objects.search": (_CRM + "objects.contact_search_params", "ContactSearchParams"),
    "objects.merge": (_CRM + "objects.contact_merge_params", "ContactMergeParams"),
    "objects.gdpr_delete": (_CRM + "objects.contact_gdpr_delete_params", "ContactGdprDeleteParams"),
    "objects.batch_create": (_CRM + "objects.contacts.batch_create_params", "BatchCreateParams"),
    "objects.batch_read": (_CRM + "objects.contacts.batch_get_params", "BatchGetParams"),
    "objects.batch_update": (_CRM + "objects.contacts.batch_update_params", "BatchUpdateParams"),
    "objects.batch_upsert": (_CRM + "objects.contacts.batch_upsert_params", "BatchUpsertParams"),
    "objects.batch_archive": (_CRM + "objects.contacts.batch_delete_params", "BatchDeleteParams"),
    "associations.batch_create": (_CRM + "associations.batch_create_params", "BatchCreateParams"),
    "associations.batch_default": (_CRM + "associations.batch_create_default_params", "BatchCreateDefaultParams"),
    "associations.batch_read": (_CRM + "associations.batch_get_params", "BatchGetParams"),
    "associations.batch_archive": (_CRM + "associations.batch_delete_params", "BatchDeleteParams"),
    "associations.batch_labels_archive": (_CRM + "associations.batch_delete_labels_params", "BatchDeleteLabelsParams"),
    "associations.label_create": (_CRM + "associations_schema.label_create_label_params", "LabelCreateLabelParams"),
    "properties.create": (_CRM + "property_create_params", "PropertyCreateParams"),
    "properties.update": (_CRM + "property_update_params", "PropertyUpdateParams"),
    "properties.batch_create": (_CRM + "properties.batch_create_params", "BatchCreateParams"),
    "properties.batch_read": (_CRM + "properties.batch_get_params", "BatchGetParams"),
    "properties.batch_archive": (_CRM + "properties.batch_delete_params", "BatchDeleteParams"),
    "properties.group_create": (_CRM + "properties.group_create_params", "GroupCreateParams"),
    "pipelines.create": (_CRM + "pipeline_create_params", "PipelineCreateParams"),
    "pipelines.create_stage": (_CRM + "pipeline_create_stage_params", "PipelineCreateStageParams"),
    "oauth.token": ("hubspot_sdk.types.auth.oauth_create_token_params", "OAuthCreateTokenParams"),
    "oauth.introspect": ("hubspot_sdk.types.auth.oauth_introspect_token_params", "OAuthIntrospectTokenParams"),
    "oauth.revoke": ("hubspot_sdk.types.auth.oauth_revoke_token_params", "OAuthRevokeTokenParams"),
}
# What HubSpot's documentation leaves out or calls optional although its specification requires it:
# search without a cursor, reads without a history, creations without associations (hubspot.md 5.1, 5.7).
OPTIONAL_IN_PRACTICE = {"after", "sorts", "limit", "filterGroups", "propertiesWithHistory", "associations"}
# In the specification since 2026-03, though the SDK's types for some operations lag behind (hubspot.md 5.1).
_LAGGING = {"objects.batch_read": {"idProperty": {"type": "string"}}}
# The bodies of these operations carry names that other operations carry in the path.
_IN_BODY = {"objects.gdpr_delete": {"objectId"}, "properties.create": {"groupName"}, "properties.update": {"groupName"}}


def validate_request(operation: str, body: object) -> None:
    """Raises unless ``body`` is a valid request body of one of ``OPERATIONS``."""
    jsonschema.validate(body, schema_of(operation))


@cache
def schema_of(operation: str) -> dict:
    """The JSON schema of an operation's request body."""
    module, name = OPERATIONS[operation]
    made = _typed_dict(getattr(importlib.import_module(module), name))
    kept = _IN_BODY.get(operation, set())
    outside = (PATH_PARAMETERS - kept) | (QUERY_PARAMETERS - ({"archived"} if operation.startswith("prop") else set()))
    made["properties"] = {key: part for key, part in made["properties"].items() if key not in outside}
    made["properties"] |= _LAGGING.get(operation, {})
    made["required"] = [key for key in made["required"] if key in made["properties"]]
    return made


def _typed_dict(kind: type) -> dict:
    hints = typing.get_type_hints(kind, include_extras=True)
    properties, required = {}, []
    for name, hint in hints.items():
        hint, needed = _unwrap(hint, typing.Required, typing.NotRequired)
        key, hint = _alias(name, hint)
        properties[key] = _schema(hint)
        if needed and key not in OPTIONAL_IN_PRACTICE:
            required.append(key)
    if "from" in properties:  # the SDK keeps reserved words in a base class that says nothing about being required
        required.append("from")
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _unwrap(hint: object, required: object, not_required: object) -> tuple[object, bool]:
    if typing.get_origin(hint) is required:
        return typing.get_args(hint)[0], True
    if typing.get_origin(hint) is not_required:
        return typing.get_args(hint)[0], False
    return hint, False


def _alias(name: str, hint: object) -> tuple[str, object]:
    """The name on the wire; the SDK keeps it in an annotation."""
    if typing.get_origin(hint) is not typing.Annotated:
        return name, hint
    inner, *notes = typing.get_args(hint)
    aliases = [note.alias for note in notes if getattr(note, "alias", None)]
    return (aliases[0] if aliases else name), inner


SCALARS = {str: {"type": "string"}, int: {"type": "integer"}, bool: {"type": "boolean"}, float: {"type": "number"}}


def _schema(hint: object) -> dict:
    if hint in SCALARS:
        return dict(SCALARS[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _schema(arguments[0])
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is typing.Union:
        return {"anyOf": [_schema(one) for one in arguments if one is not type(None)]}
    if typing_extensions.is_typeddict(hint):
        return _typed_dict(hint)
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin is not None and arguments:
        return {"type": "array", "items": _schema(arguments[0])}
    return {}
