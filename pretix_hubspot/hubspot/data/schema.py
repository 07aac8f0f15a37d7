"""The portal's schema as plain data: properties, pipelines, object types, labels, account, owners, tokens.

Every `from_json` is total: None for a shape without its name or id.
Shapes: hubspot.md 2.2, 6.1, 7.1, 8 and 13 (A).
"""

import re
from dataclasses import dataclass, field
from typing import Any

from pretix_hubspot.hubspot.json_reading import flag, mapping, objects, text, texts, whole
from pretix_hubspot.hubspot.secret import Secret

#: A standard object type by its name, a custom one by its number; it becomes a part of addresses.
OBJECT_TYPE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class Option:
    """One value of an enumeration; `value` is written, exactly and case sensitive, `label` is shown."""

    value: str
    label: str
    hidden: bool = False
    display_order: int = -1
    description: str = ""

    @classmethod
    def from_json(cls, data: Any) -> "Option | None":
        fields = mapping(data)
        if "value" not in fields:
            return None
        value = text(fields["value"])
        label = text(fields.get("label")) or value
        order = whole(fields.get("displayOrder"), -1)
        return cls(value, label, flag(fields.get("hidden")), order, text(fields.get("description")))

    def to_json(self) -> dict[str, Any]:
        data = {"value": self.value, "label": self.label, "hidden": self.hidden, "displayOrder": self.display_order}
        return data | ({"description": self.description} if self.description else {})


@dataclass(frozen=True)
class PropertyDefinition:
    """One property of an object type; `type` and `field_type` as in hubspot.md 6.1.

    `owners` means that its values are ids of owners, which HubSpot lists elsewhere (hubspot.md 6.2, A).
    How HubSpot shows a number: `number_display_hint` is "percentage" or "duration", say; `currency_property_name` is
    the property of the same record that holds the currency.
    """

    name: str
    label: str
    type: str
    field_type: str
    group_name: str = ""
    description: str = ""
    options: tuple[Option, ...] = ()
    has_unique_value: bool = False
    hidden: bool = False
    calculated: bool = False
    read_only_value: bool = False
    archived: bool = False
    hubspot_defined: bool = False
    display_order: int = -1
    read_only_options: bool = False
    owners: bool = False
    number_display_hint: str = ""
    show_currency_symbol: bool = False
    currency_property_name: str = ""

    @property
    def writable(self) -> bool:
        """Whether values may be written; `hubspot_defined` says nothing about it (hubspot.md 6.1, A)."""
        return not self.read_only_value and not self.calculated

    @classmethod
    def from_json(cls, data: Any) -> "PropertyDefinition | None":
        fields = mapping(data)
        name = text(fields.get("name"), 500)
        if not name:
            return None
        options = (Option.from_json(item) for item in objects(fields.get("options")))
        metadata = mapping(fields.get("modificationMetadata"))
        return cls(
            name=name,
            label=text(fields.get("label"), 1_000) or name,
            type=text(fields.get("type"), 50),
            field_type=text(fields.get("fieldType"), 50),
            group_name=text(fields.get("groupName"), 500),
            description=text(fields.get("description")),
            options=tuple(option for option in options if option),
            has_unique_value=flag(fields.get("hasUniqueValue")),
            hidden=flag(fields.get("hidden")),
            calculated=flag(fields.get("calculated")),
            read_only_value=flag(metadata.get("readOnlyValue")),
            read_only_options=flag(metadata.get("readOnlyOptions")),
            archived=flag(fields.get("archived")),
            hubspot_defined=flag(fields.get("hubspotDefined")),
            display_order=whole(fields.get("displayOrder"), -1),
            owners=text(fields.get("referencedObjectType"), 50) == "OWNER",
            number_display_hint=text(fields.get("numberDisplayHint"), 50),
            show_currency_symbol=flag(fields.get("showCurrencySymbol")),
            currency_property_name=text(fields.get("currencyPropertyName"), 500),
        )


@dataclass(frozen=True)
class PropertyGroup:
    """A heading under which HubSpot shows properties."""

    name: str
    label: str
    display_order: int = -1

    @classmethod
    def from_json(cls, data: Any) -> "PropertyGroup | None":
        fields = mapping(data)
        name = text(fields.get("name"), 500)
        label = text(fields.get("label"), 1_000) or name
        return cls(name, label, whole(fields.get("displayOrder"), -1)) if name else None


@dataclass(frozen=True)
class Stage:
    """One stage; `metadata` values are strings, such as {"probability": "0.5"} (hubspot.md 8, A)."""

    id: str
    label: str
    display_order: int = -1
    metadata: dict[str, str] = field(default_factory=dict)
    archived: bool = False

    @classmethod
    def from_json(cls, data: Any) -> "Stage | None":
        fields = mapping(data)
        stage_id = text(fields.get("id") or fields.get("stageId"), 200)
        if not stage_id:
            return None
        metadata = {key: text(value, 1_000) for key, value in mapping(fields.get("metadata")).items()}
        label = text(fields.get("label"), 1_000) or stage_id
        return cls(stage_id, label, whole(fields.get("displayOrder"), -1), metadata, flag(fields.get("archived")))


@dataclass(frozen=True)
class Pipeline:
    """A pipeline; its stages in display order."""

    id: str
    label: str
    display_order: int = -1
    stages: tuple[Stage, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "Pipeline | None":
        fields = mapping(data)
        pipeline_id = text(fields.get("id") or fields.get("pipelineId"), 200)
        if not pipeline_id:
            return None
        stages = [stage for stage in (Stage.from_json(item) for item in objects(fields.get("stages"))) if stage]
        stages.sort(key=lambda stage: stage.display_order)
        label = text(fields.get("label"), 1_000) or pipeline_id
        return cls(pipeline_id, label, whole(fields.get("displayOrder"), -1), tuple(stages))


@dataclass(frozen=True)
class ObjectType:
    """An object type that the portal defined itself; `type_id` looks like "2-123456"."""

    type_id: str
    name: str
    singular: str
    plural: str
    primary_property: str
    custom: bool = True

    @classmethod
    def from_json(cls, data: Any) -> "ObjectType | None":
        fields = mapping(data)
        type_id = text(fields.get("objectTypeId"), 100)
        if not type_id:
            return None
        labels = mapping(fields.get("labels"))
        name = text(fields.get("name"), 500) or type_id
        return cls(
            type_id=type_id,
            name=name,
            singular=text(labels.get("singular"), 500) or name,
            plural=text(labels.get("plural"), 500) or name,
            primary_property=text(fields.get("primaryDisplayProperty"), 500),
            # Types of HubSpot itself are numbered 0-…; schemas() lists the portal's own.
            custom=not type_id.startswith("0-"),
        )


@dataclass(frozen=True)
class AssociationLabel:
    """A type of association between two object types; the unlabelled default has no label."""

    category: str
    type_id: int
    label: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> "AssociationLabel | None":
        fields = mapping(data)
        type_id = whole(fields.get("typeId"), -1)
        category = text(fields.get("category"), 50)
        return cls(category, type_id, text(fields.get("label"), 500) or None) if type_id >= 0 else None


@dataclass(frozen=True)
class Owner:
    """A HubSpot user who can own records; properties take `id`, not `user_id` (hubspot.md 6.2, A)."""

    id: str
    email: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    user_id: int | None = None
    archived: bool = False

    @classmethod
    def from_json(cls, data: Any) -> "Owner | None":
        fields = mapping(data)
        owner_id = text(fields.get("id"), 100)
        if not owner_id:
            return None
        return cls(
            id=owner_id,
            email=text(fields.get("email"), 500),
            first_name=text(fields.get("firstName"), 500),
            last_name=text(fields.get("lastName"), 500),
            user_id=whole(fields.get("userId")) or None,
            archived=flag(fields.get("archived")),
        )


@dataclass(frozen=True)
class AccountDetails:
    """The portal (hubspot.md 13, A). `name` comes with 2026-09 only.

    `time_zone` decides when the daily limit resets; `ui_domain` where links lead.
    """

    portal_id: int
    name: str = ""
    account_type: str = ""
    time_zone: str = ""
    currency: str = ""
    additional_currencies: tuple[str, ...] = ()
    ui_domain: str = ""
    data_hosting_location: str = ""
    utc_offset_ms: int = 0

    @classmethod
    def from_json(cls, data: Any) -> "AccountDetails | None":
        fields = mapping(data)
        portal_id = whole(fields.get("portalId"))
        if portal_id <= 0:
            return None
        return cls(
            portal_id=portal_id,
            name=text(fields.get("portalName"), 500),
            account_type=text(fields.get("accountType"), 50),
            time_zone=text(fields.get("timeZone"), 100),
            currency=text(fields.get("companyCurrency"), 10),
            additional_currencies=texts(fields.get("additionalCurrencies")),
            ui_domain=text(fields.get("uiDomain"), 200),
            data_hosting_location=text(fields.get("dataHostingLocation"), 50),
            utc_offset_ms=whole(fields.get("utcOffsetMilliseconds")),
        )


@dataclass(frozen=True)
class TokenInfo:
    """Portal, user and scopes of a token; from introspection, or from the lookup of a private app token."""

    portal_id: int
    user_id: int | None = None
    user: str = field(default="", repr=False)
    app_id: int | None = None
    scopes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "TokenInfo | None":
        fields = mapping(data)
        portal_id = whole(fields.get("hub_id") or fields.get("hubId"))
        if portal_id <= 0:
            return None
        return cls(
            portal_id=portal_id,
            user_id=whole(fields.get("user_id") or fields.get("userId")) or None,
            user=text(fields.get("user"), 500),
            app_id=whole(fields.get("app_id") or fields.get("appId")) or None,
            scopes=_scopes(fields),
        )


@dataclass(frozen=True)
class Tokens:
    """The tokens that the token endpoint grants; `expires_in` is in seconds."""

    access_token: Secret
    refresh_token: Secret
    expires_in: int
    portal_id: int | None = None
    user_id: int | None = None
    scopes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "Tokens | None":
        fields = mapping(data)
        access, refresh = Secret(text(fields.get("access_token"))), Secret(text(fields.get("refresh_token")))
        if not access:
            return None
        return cls(
            access_token=access,
            refresh_token=refresh,
            # 30 minutes if HubSpot states no time (hubspot.md 2.2, A).
            expires_in=max(0, whole(fields.get("expires_in"), 1_800)),
            portal_id=whole(fields.get("hub_id")) or None,
            user_id=whole(fields.get("user_id")) or None,
            scopes=_scopes(fields),
        )


def _scopes(fields: dict[str, Any]) -> tuple[str, ...]:
    """A JSON array; RFC 6749 would have one string with spaces under "scope"."""
    return texts(fields.get("scopes")) or tuple(text(fields.get("scope")).split())
