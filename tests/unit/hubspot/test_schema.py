"""What is read of a portal's schema: whole definitions, what stands in for what is missing, and what is left out."""

import pytest

from pretix_hubspot.hubspot.data import (
    AccountDetails,
    AssociationLabel,
    ObjectType,
    Option,
    Owner,
    Pipeline,
    PropertyDefinition,
    PropertyGroup,
    Stage,
    TokenInfo,
    Tokens,
)
from pretix_hubspot.hubspot.secret import Secret

LEVEL = {
    "name": "level",
    "label": "Level",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "dealinformation",
    "description": "How far",
    "options": [{"value": "1", "label": "One", "hidden": True, "displayOrder": 2, "description": "first"}],
    "hasUniqueValue": True,
    "hidden": True,
    "calculated": True,
    "modificationMetadata": {"readOnlyValue": True, "readOnlyOptions": True},
    "archived": True,
    "hubspotDefined": True,
    "displayOrder": 3,
    "referencedObjectType": "OWNER",
    "numberDisplayHint": "percentage",
    "showCurrencySymbol": True,
    "currencyPropertyName": "deal_currency_code",
}
WHOLE = [
    (
        PropertyDefinition,
        LEVEL,
        PropertyDefinition(
            name="level",
            label="Level",
            type="enumeration",
            field_type="select",
            group_name="dealinformation",
            description="How far",
            options=(Option("1", "One", True, 2, "first"),),
            has_unique_value=True,
            hidden=True,
            calculated=True,
            read_only_value=True,
            read_only_options=True,
            archived=True,
            hubspot_defined=True,
            display_order=3,
            owners=True,
            number_display_hint="percentage",
            show_currency_symbol=True,
            currency_property_name="deal_currency_code",
        ),
    ),
    (PropertyGroup, {"name": "g", "label": "Group", "displayOrder": 4}, PropertyGroup("g", "Group", 4)),
    (
        Stage,
        {"id": "s", "label": "Won", "displayOrder": 5, "metadata": {"probability": "1.0"}, "archived": True},
        Stage("s", "Won", 5, {"probability": "1.0"}, True),
    ),
    (
        Pipeline,
        {"id": "p", "label": "Sales", "displayOrder": 6, "stages": [{"id": "s"}]},
        Pipeline("p", "Sales", 6, (Stage("s", "s"),)),
    ),
    (
        ObjectType,
        {
            "objectTypeId": "2-7",
            "name": "seat",
            "labels": {"singular": "Seat", "plural": "Seats"},
            "primaryDisplayProperty": "number",
        },
        ObjectType("2-7", "seat", "Seat", "Seats", "number", custom=True),
    ),
    (
        AssociationLabel,
        {"category": "USER_DEFINED", "typeId": 36, "label": "Guest"},
        AssociationLabel("USER_DEFINED", 36, "Guest"),
    ),
    (
        Owner,
        {"id": "9", "email": "o@x.org", "firstName": "O", "lastName": "X", "userId": 4, "archived": True},
        Owner("9", "o@x.org", "O", "X", 4, True),
    ),
    (
        AccountDetails,
        {
            "portalId": 7,
            "portalName": "Ada",
            "accountType": "STANDARD",
            "timeZone": "Europe/Berlin",
            "companyCurrency": "EUR",
            "additionalCurrencies": ["USD", "CHF"],
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "eu1",
            "utcOffsetMilliseconds": 3_600_000,
        },
        AccountDetails(
            7, "Ada", "STANDARD", "Europe/Berlin", "EUR", ("USD", "CHF"), "app.hubspot.com", "eu1", 3_600_000
        ),
    ),
    (
        TokenInfo,
        {"hub_id": 7, "user_id": 4, "user": "o@x.org", "app_id": 5, "scopes": ["oauth"]},
        TokenInfo(7, 4, "o@x.org", 5, ("oauth",)),
    ),
    (
        Tokens,
        {"access_token": "a", "refresh_token": "r", "expires_in": 60, "hub_id": 7, "user_id": 4, "scopes": ["oauth"]},
        Tokens(Secret("a"), Secret("r"), 60, 7, 4, ("oauth",)),
    ),
]
BARE = [
    (Option, {"value": ""}, Option("", "", False, -1, "")),
    (PropertyDefinition, {"name": "n"}, PropertyDefinition("n", "n", "", "")),
    (PropertyGroup, {"name": "g"}, PropertyGroup("g", "g", -1)),
    (Stage, {"stageId": "s"}, Stage("s", "s", -1, {}, False)),
    (Pipeline, {"pipelineId": "p"}, Pipeline("p", "p", -1, ())),
    (ObjectType, {"objectTypeId": "2-7"}, ObjectType("2-7", "2-7", "2-7", "2-7", "", True)),
    (ObjectType, {"objectTypeId": "0-123", "name": "x"}, ObjectType("0-123", "x", "x", "x", "", False)),
    (AssociationLabel, {"typeId": 0}, AssociationLabel("", 0, None)),
    (Owner, {"id": "9"}, Owner("9", "", "", "", None, False)),
    (AccountDetails, {"portalId": 1}, AccountDetails(1)),
    (TokenInfo, {"hubId": 1, "userId": 4, "appId": 5}, TokenInfo(1, 4, "", 5, ())),
    (TokenInfo, {"hub_id": 1, "scope": "oauth tickets"}, TokenInfo(1, None, "", None, ("oauth", "tickets"))),
    (Tokens, {"access_token": "a"}, Tokens(Secret("a"), Secret(""), 1_800, None, None, ())),
    (Tokens, {"access_token": "a", "expires_in": -5}, Tokens(Secret("a"), Secret(""), 0)),
]
#: Without the name, id or number that everything else hangs on.
NOTHING = [
    (Option, {"label": "One"}),
    (PropertyDefinition, {"label": "Level", "name": ""}),
    (PropertyGroup, {"label": "Group"}),
    (Stage, {"label": "Won", "id": ""}),
    (Pipeline, {"label": "Sales"}),
    (ObjectType, {"name": "seat"}),
    (AssociationLabel, {"label": "Guest"}),
    (AssociationLabel, {"typeId": -1}),
    (Owner, {"email": "o@x.org"}),
    (AccountDetails, {"timeZone": "UTC"}),
    (AccountDetails, {"portalId": 0}),
    (AccountDetails, {"portalId": -1}),
    (TokenInfo, {"scopes": ["oauth"]}),
    (TokenInfo, {"hub_id": 0}),
    (Tokens, {"refresh_token": "r"}),
]


def of(kind):
    return kind.__name__ if isinstance(kind, type) else ""


@pytest.mark.parametrize(("kind", "data", "expected"), WHOLE + BARE, ids=of)
def test_all_that_is_there_is_read(kind, data, expected):
    assert kind.from_json(data) == expected


@pytest.mark.parametrize(("kind", "data"), NOTHING, ids=of)
def test_what_lacks_its_name_is_nothing(kind, data):
    assert kind.from_json(data) is None


def test_a_property_is_written_unless_hubspot_alone_fills_it():
    base = {"name": "n", "hubspotDefined": True}
    read_only, calculated = {"modificationMetadata": {"readOnlyValue": True}}, {"calculated": True}

    writable = [PropertyDefinition.from_json(base | more).writable for more in ({}, read_only, calculated)]

    assert writable == [True, False, False]


def test_damaged_parts_leave_the_rest_in_order():
    stages = [{"id": "b", "displayOrder": 2}, {"label": "no id"}, None, {"id": "a", "displayOrder": 1}]
    options = [{"label": "no value"}, 5, {"value": "v"}]

    pipeline = Pipeline.from_json({"id": "p", "stages": stages})
    definition = PropertyDefinition.from_json({"name": "n", "options": options})

    assert [stage.id for stage in pipeline.stages] == ["a", "b"]
    assert definition.options == (Option("v", "v"),)


def test_an_option_is_written_as_it_was_read():
    described = {"value": "1", "label": "One", "hidden": True, "displayOrder": 2, "description": "first"}
    bare = {"value": "2", "label": "Two", "hidden": False, "displayOrder": -1}

    assert [Option.from_json(data).to_json() for data in (described, bare)] == [described, bare]
