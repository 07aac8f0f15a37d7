"""The portal's schema as plain data: properties, pipelines, object types, labels, account, owners, tokens.

Every `from_json` is total: None for a shape without the name or id that everything else hangs on.
Shapes: hubspot.md 2.2, 6.1, 7.1, 8 and 13 (A).
"""

import re
from dataclasses import dataclass, field
from typing import Any

from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.hubspot.json_reading import (flag, mapping, objects, text, texts, whole)

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
        found = mapping(data)
        if "value" not in found:
            return None
        value = text(found["value"])
        label = text(found.get("label")) or value
        order = whole(found.get("displayOrder"), -1)
        return cls(value, label, flag(found.get("hidden")), order, text(found.get("description")))

    def to_json(self) -> dict[str, Any]:
        data = {"value": self.value, "label": self.label, "hidden": self.hidden, "displayOrder": self.display_order}
        return data | ({"description": self.description} if self.description else {})


@dataclass(frozen=True)
class PropertyDefinition:
    """One property of an object type; `type` and `field_type` as in hubspot.md 6.1.

    `owners` means that its values are ids of owners, whom HubSpot lists elsewhere (hubspot.md 6.2, A).
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
        found = mapping(data)
        name = text(found.get("name"), 500)
        if not name:
            return None
        options = (Option.from_json(item) for item in objects(found.get("options")))
        metadata = mapping(found.get("modificationMetadata"))
        return cls(
            name=name,
            label=text(found.get("label"), 1_000) or name,
            type=text(found.get("type"), 50),
            field_type=text(found.get("fieldType"), 50),
            group_name=text(found.get("groupName"), 500),
            description=text(found.get("description")),
            options=tuple(option for option in options if option),
            has_unique_value=flag(found.get("hasUniqueValue")),
            hidden=flag(found.get("hidden")),
            calculated=flag(found.get("calculated")),
            read_only_value=flag(metadata.get("readOnlyValue")),
            read_only_options=flag(metadata.get("readOnlyOptions")),
            archived=flag(found.get("archived")),
            hubspot_defined=flag(found.get("hubspotDefined")),
            display_order=whole(found.get("displayOrder"), -1),
            owners=text(found.get("referencedObjectType"), 50) == "OWNER",
            number_display_hint=text(found.get("numberDisplayHint"), 50),
            show_currency_symbol=flag(found.get("showCurrencySymbol")),
            currency_property_name=text(found.get("currencyPropertyName"), 500),
        )


@dataclass(frozen=True)
class PropertyGroup:
    """A heading under which HubSpot shows properties."""

    name: str
    label: str
    display_order: int = -1

    @classmethod
    def from_json(cls, data: Any) -> "PropertyGroup | None":
        found = mapping(data)
        name = text(found.get("name"), 500)
        label = text(found.get("label"), 1_000) or name
        return cls(name, label, whole(found.get("displayOrder"), -1)) if name else None


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
        found = mapping(data)
        stage_id = text(found.get("id") or found.get("stageId"), 200)
        if not stage_id:
            return None
        metadata = {key: text(value, 1_000) for key, value in mapping(found.get("metadata")).items()}
        label = text(found.get("label"), 1_000) or stage_id
        return cls(stage_id, label, whole(found.get("displayOrder"), -1), metadata, flag(found.get("archived")))


@dataclass(frozen=True)
class Pipeline:
    """A pipeline; its stages in display order."""

    id: str
    label: str
    display_order: int = -1
    stages: tuple[Stage, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "Pipeline | None":
        found = mapping(data)
        pipeline_id = text(found.get("id") or found.get("pipelineId"), 200)
        if not pipeline_id:
            return None
        stages = [stage for stage in (Stage.from_json(item) for item in objects(found.get("stages"))) if stage]
        stages.sort(key=lambda stage: stage.display_order)
        label = text(found.get("label"), 1_000) or pipeline_id
        return cls(pipeline_id, label, whole(found.get("displayOrder"), -1), tuple(stages))


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
        found = mapping(data)
        type_id = text(found.get("objectTypeId"), 100)
        if not type_id:
            return None
        labels = mapping(found.get("labels"))
        name = text(found.get("name"), 500) or type_id
        return cls(
            type_id=type_id,
            name=name,
            singular=text(labels.get("singular"), 500) or name,
            plural=text(labels.get("plural"), 500) or name,
            primary_property=text(found.get("primaryDisplayProperty"), 500),
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
        found = mapping(data)
        type_id = whole(found.get("typeId"), -1)
        category = text(found.get("category"), 50)
        return cls(category, type_id, text(found.get("label"), 500) or None) if type_id >= 0 else None


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
        found = mapping(data)
        owner_id = text(found.get("id"), 100)
        if not owner_id:
            return None
        return cls(
            id=owner_id,
            email=text(found.get("email"), 500),
            first_name=text(found.get("firstName"), 500),
            last_name=text(found.get("lastName"), 500),
            user_id=whole(found.get("userId")) or None,
            archived=flag(found.get("archived")),
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
        found = mapping(data)
        portal_id = whole(found.get("portalId"))
        if portal_id <= 0:
            return None
        return cls(
            portal_id=portal_id,
            name=text(found.get("portalName"), 500),
            account_type=text(found.get("accountType"), 50),
            time_zone=text(found.get("timeZone"), 100),
            currency=text(found.get("companyCurrency"), 10),
            additional_currencies=texts(found.get("additionalCurrencies")),
            ui_domain=text(found.get("uiDomain"), 200),
            data_hosting_location=text(found.get("dataHostingLocation"), 50),
            utc_offset_ms=whole(found.get("utcOffsetMilliseconds")),
        )


@dataclass(frozen=True)
class TokenInfo:
    """What a token is good for; from introspection, or from the lookup of a private app token."""

    portal_id: int
    user_id: int | None = None
    user: str = field(default="", repr=False)
    app_id: int | None = None
    scopes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "TokenInfo | None":
        found = mapping(data)
        portal_id = whole(found.get("hub_id") or found.get("hubId"))
        if portal_id <= 0:
            return None
        return cls(
            portal_id=portal_id,
            user_id=whole(found.get("user_id") or found.get("userId")) or None,
            user=text(found.get("user"), 500),
            app_id=whole(found.get("app_id") or found.get("appId")) or None,
            scopes=_scopes(found),
        )


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint grants; `expires_in` is in seconds."""

    access_token: Secret
    refresh_token: Secret
    expires_in: int
    portal_id: int | None = None
    user_id: int | None = None
    scopes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "Tokens | None":
        found = mapping(data)
        access, refresh = Secret(text(found.get("access_token"))), Secret(text(found.get("refresh_token")))
        if not access:
            return None
        return cls(
            access_token=access,
            refresh_token=refresh,
            # 30 minutes unless told otherwise (hubspot.md 2.2, A).
            expires_in=max(0, whole(found.get("expires_in"), 1_800)),
            portal_id=whole(found.get("hub_id")) or None,
            user_id=whole(found.get("user_id")) or None,
            scopes=_scopes(found),
        )


def _scopes(found: dict[str, Any]) -> tuple[str, ...]:
    """A JSON array; RFC 6749 would have one string with spaces under "scope"."""
    return texts(found.get("scopes")) or tuple(text(found.get("scope")).split())
