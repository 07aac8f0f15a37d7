"""The derived schemas accept what HubSpot accepts and refuse drift."""

import pytest

pytest.importorskip("hubspot_sdk")
jsonschema = pytest.importorskip("jsonschema")
from .schemas import OPERATIONS, schema_of, validate_request  # noqa: E402 - after the checks

pytestmark = pytest.mark.contract

TYPES = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
GOOD = {
    "objects.batch_create": {
        "inputs": [
            {
                "properties": {"email": "a@b.de"},
                "objectWriteTraceId": "1",
                "associations": [{"to": {"id": "1"}, "types": TYPES}],
            }
        ]
    },
    "objects.batch_read": {"inputs": [{"id": "1"}], "properties": ["email"], "idProperty": "email"},
    "objects.batch_update": {"inputs": [{"id": "1", "properties": {"a": "b"}, "objectWriteTraceId": "x"}]},
    "objects.batch_upsert": {"inputs": [{"id": "1", "idProperty": "email", "properties": {"a": "b"}}]},
    "objects.batch_archive": {"inputs": [{"id": "1"}]},
    "objects.merge": {"primaryObjectId": "1", "objectIdToMerge": "2"},
    "objects.gdpr_delete": {"objectId": "a@b.de", "idProperty": "email"},
    "associations.batch_create": {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": TYPES}]},
    "associations.batch_default": {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]},
    "associations.batch_read": {"inputs": [{"id": "1"}]},
    "properties.create": {
        "name": "a",
        "label": "A",
        "type": "string",
        "fieldType": "text",
        "groupName": "g",
        "hasUniqueValue": True,
    },
    "properties.batch_read": {"archived": False, "dataSensitivity": "non_sensitive", "inputs": [{"name": "a"}]},
    "oauth.token": {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "y", "client_secret": "z"},
}
BAD = [
    ("objects.batch_create", {"inputs": [{"properties": {"email": 1}}]}),
    ("objects.batch_create", {"inputs": [{"properties": {}, "idProperty": "email"}]}),
    ("objects.batch_update", {"inputs": [{"properties": {}}]}),
    ("objects.batch_upsert", {"inputs": [{"id": "1", "properties": {}, "associations": []}]}),
    ("objects.batch_archive", {"ids": ["1"]}),
    ("associations.batch_create", {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]}),
    ("associations.batch_default", {"inputs": [{"to": {"id": "2"}}]}),
    ("properties.create", {"name": "a", "label": "A", "type": "text", "fieldType": "text", "groupName": "g"}),
    ("oauth.token", {"grant_type": "password"}),
]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_has_a_schema(operation):
    jsonschema.Draft202012Validator.check_schema(schema_of(operation))
    assert schema_of(operation)["properties"]


@pytest.mark.parametrize("operation", sorted(GOOD))
def test_good_bodies_pass(operation):
    validate_request(operation, GOOD[operation])


@pytest.mark.parametrize(("operation", "body"), BAD)
def test_bad_bodies_are_refused(operation, body):
    with pytest.raises(jsonschema.ValidationError):
        validate_request(operation, body)
