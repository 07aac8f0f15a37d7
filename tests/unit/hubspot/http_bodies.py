"""HubSpot's answers, word for word as section 2 to 5 of the protocol notes quote them."""

import json

MISSING_TOKEN = {
    "status": "error",
    "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more"
    " details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    "correlationId": "5f2c8d1e-6a3b-4f6e-9d6a-0a1b2c3d4e5f",
    "category": "INVALID_AUTHENTICATION",
}
EXPIRED_TOKEN = {
    "status": "error",
    "message": "The OAuth token used to make this call expired 22 second(s) ago.",
    "correlationId": "0d8e9c2b-3d8f-4e0e-8f2c-4c0ff5a3a0aa",
    "category": "EXPIRED_AUTHENTICATION",
    "context": {"expire time": ["2026-11-20T08:11:00.000Z"]},
}
TEN_SECONDLY = {
    "status": "error",
    "message": "You have reached your ten_secondly_rolling limit.",
    "errorType": "RATE_LIMIT",
    "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
    "policyName": "TEN_SECONDLY_ROLLING",
    "groupName": "publicapi:private_app-api-calls-ten-secondly:123:456",
}
DAILY = {**TEN_SECONDLY, "message": "You have reached your daily limit.", "policyName": "DAILY"}
SECONDLY = {
    "status": "error",
    "message": "You have reached your secondly limit.",
    "category": "RATE_LIMITS",
    "policyName": "SECONDLY",
}
INVALID_PROPERTIES = {
    "status": "error",
    "message": "Property values were not valid: "
    + json.dumps(
        [
            {
                "isValid": False,
                "message": 'Property "x" does not exist',
                "error": "PROPERTY_DOESNT_EXIST",
                "name": "x",
                "localizedErrorMessage": 'Property "x" does not exist',
                "propertyValue": "Erika Mustermann",
                "portalId": 44237313,
            },
            {
                "isValid": False,
                "message": "Email address erika(at)example.org is invalid",
                "error": "INVALID_EMAIL",
                "name": "email",
            },
            {"isValid": False, "message": "+49 30 123456 was not a valid long.", "error": "INVALID_LONG", "name": "n"},
            {
                "isValid": False,
                "message": "discount was not a valid number",
                "error": "INVALID_INTEGER",
                "name": "discount",
            },
        ]
    ),
    "correlationId": "a1b2c3d4-0000-4000-8000-000000000001",
    "errors": [
        {
            "message": 'Property "x" does not exist',
            "code": "PROPERTY_DOESNT_EXIST",
            "context": {"propertyName": ["x"]},
        },
        {
            "message": "Email address erika(at)example.org is invalid",
            "code": "INVALID_EMAIL",
            "context": {"propertyName": ["email"]},
        },
        {
            "message": "discount was not a valid number",
            "code": "INVALID_INTEGER",
            "context": {"propertyName": ["discount"]},
        },
    ],
    "category": "VALIDATION_ERROR",
}
INVALID_OPTION = {
    "status": "error",
    "message": "Property values were not valid: "
    + json.dumps(
        [
            {
                "isValid": False,
                "message": "VIP was not one of the allowed options: ["
                + ", ".join(
                    f'label: "A{n}"\nvalue: "a{n}"\ndisplay_order: {n}\nhidden: false\nread_only: false\n'
                    for n in range(900)
                )
                + "]",
                "error": "INVALID_OPTION",
                "name": "ticket_type",
            }
        ]
    ),
    "correlationId": "a1b2c3d4-0000-4000-8000-000000000002",
    "errors": [
        {
            "message": 'VIP was not one of the allowed options: [label: "A"\nvalue: "a"\n]',
            "code": "INVALID_OPTION",
            "context": {"propertyName": ["ticket_type"]},
        }
    ],
    "category": "VALIDATION_ERROR",
}
REQUIRED = {
    "status": "error",
    "message": "A value for firstname must be provided",
    "category": "VALIDATION_ERROR",
    "errors": [
        {
            "message": "A value for firstname must be provided",
            "code": "MISSING_REQUIRED_PROPERTY",
            "context": {"propertyName": ["firstname"]},
        }
    ],
}
CONFLICTING_VALUE = {
    "status": "error",
    "message": "Property values were not valid: "
    + json.dumps(
        [
            {
                "isValid": False,
                "message": "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType="
                "DEAL}, propertyName=pretix_order_key, value=ACME/CONF/ABCDE} on 51. 901 already has that value.",
                "error": "CONFLICTING_UNIQUE_VALUE",
                "name": "pretix_order_key",
            }
        ]
    ),
    "category": "VALIDATION_ERROR",
}
CONFLICT = {
    "status": "error",
    "message": "Contact already exists. Existing ID: 37765128953",
    "correlationId": "e528f4b3-7f01-4a5c-9d3c-7b4f0f0f0f0f",
    "category": "CONFLICT",
}
BARE_CONFLICT = {"status": "error", "message": "Contact already exists", "category": "CONFLICT"}
PROPERTY_EXISTS = {
    "status": "error",
    "message": "A property named 'pretix_order_key' already exists.",
    "category": "OBJECT_ALREADY_EXISTS",
    "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
}
DUPLICATE_IDS = {
    "status": "error",
    "message": "Duplicate IDs found in batch input: [12877907025]. IDs must be unique",
    "context": {"ids": ["12877907025"]},
    "category": "VALIDATION_ERROR",
}
NOT_FOUND = {
    "status": "error",
    "message": "resource not found",
    "correlationId": "3e2f0c1a-1111-4222-8333-944445555666",
}
MISSING_SCOPES = {
    "status": "error",
    "message": "This app hasn't been granted all required scopes to make this call. Read more about required scopes"
    " here: https://developers.hubspot.com/scopes.",
    "correlationId": "3e2f0c1a-1111-4222-8333-944445555667",
    "errors": [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": ["crm.schemas.deals.write"]},
        }
    ],
    "links": {"scopes": "https://developers.hubspot.com/scopes"},
    "category": "MISSING_SCOPES",
}
BAD_ASSOCIATION = {
    "status": "error",
    "message": "One or more associations are invalid",
    "context": {"INVALID_OBJECT_IDS": ["77"], "objectType": ["CONTACT"]},
    "category": "VALIDATION_ERROR",
}
BAD_REFRESH_TOKEN = {
    "error": "invalid_grant",
    "error_description": "refresh token is invalid, expired or revoked",
    "status": "BAD_REFRESH_TOKEN",
    "message": "missing or invalid refresh token",
    "correlationId": "3e2f0c1a-1111-4222-8333-944445555668",
}
PARTIAL_CREATE = {
    "status": "COMPLETE",
    "results": [
        {
            "id": "171596044870",
            "properties": {"email": "good@example.org", "hs_object_id": "171596044870", "firstname": None},
            "createdAt": "2025-11-20T10:00:00.000Z",
            "updatedAt": "2025-11-20T10:00:00.000Z",
            "archived": False,
            "url": "https://app.hubspot.com/contacts/44237313/record/0-1/171596044870",
            "objectWriteTraceId": "1",
        }
    ],
    "numErrors": 1,
    "errors": [
        {
            "status": "error",
            "category": "CONFLICT",
            "message": "Contact already exists. Existing ID: 171591000198",
            "context": {"objectWriteTraceId": ["0"], "existingId": ["171591000198"]},
        }
    ],
    "startedAt": "2025-11-20T10:00:00.000Z",
    "completedAt": "2025-11-20T10:00:00.100Z",
}
PARTIAL_READ = {
    "status": "COMPLETE",
    "results": [{"id": "3", "properties": {"email": "a@b.c"}, "archived": False}],
    "numErrors": 1,
    "errors": [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are"
            " valid.",
            "context": {"ids": ["1", "2"]},
        }
    ],
}
PROPERTIES = {
    "results": [
        {
            "name": "ticket_type",
            "label": "Ticket type",
            "type": "enumeration",
            "fieldType": "select",
            "groupName": "pretix",
            "description": "",
            "options": [{"label": "VIP", "value": "vip", "displayOrder": 0, "hidden": False}],
            "hasUniqueValue": False,
            "hidden": False,
            "calculated": False,
            "displayOrder": 2,
            "modificationMetadata": {
                "archivable": True,
                "readOnlyDefinition": False,
                "readOnlyValue": False,
                "readOnlyOptions": False,
            },
            "hubspotDefined": False,
            "archived": False,
        }
    ]
}
PIPELINES = {
    "results": [
        {
            "id": "default",
            "label": "Sales Pipeline",
            "displayOrder": 0,
            "stages": [
                {
                    "id": "closedwon",
                    "label": "Closed won",
                    "displayOrder": 5,
                    "metadata": {"probability": "1.0", "isClosed": "true"},
                },
                {
                    "id": "appointmentscheduled",
                    "label": "Appointment",
                    "displayOrder": 0,
                    "metadata": {"probability": "0.2"},
                },
            ],
        }
    ]
}
ASSOCIATIONS_READ = {
    "results": [
        {
            "from": {"id": "1"},
            "to": [
                {"toObjectId": 2, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}]}
            ],
        }
    ]
}
ACCOUNT = {
    "portalId": 44237313,
    "accountType": "DEVELOPER_TEST",
    "timeZone": "Europe/Berlin",
    "companyCurrency": "EUR",
    "additionalCurrencies": ["USD"],
    "utcOffset": "+01:00",
    "utcOffsetMilliseconds": 3600000,
    "uiDomain": "app-eu1.hubspot.com",
    "dataHostingLocation": "eu1",
}
TOKENS = {
    "token_type": "bearer",
    "access_token": "eu1-a1B2c3D4e5F6g7H8-access",
    "expires_in": 1800,
    "refresh_token": "eu1-a1B2c3D4e5F6g7H8-refresh",
    "token_use": "access_token",
    "hub_id": 123,
    "user_id": 456,
    "scopes": ["oauth", "crm.objects.contacts.read"],
}
EDGE_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway | api.hubapi.com</title></head>"
    b"<body><h1>Bad gateway</h1><p>Cloudflare Ray ID: 8e2</p></body></html>"
)

ALL = {name: value for name, value in list(globals().items()) if name.isupper() and isinstance(value, dict)}


def encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
