"""Creating and updating single records: check everything first, then change (hubspot.md 4.1, 5).

``prepare_*`` raise a ``Problem`` or answer a ``Draft``; ``commit`` can't fail.
Batches rely on that split for all-or-nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hubspot_simulator.crm.associations.state import AssociationType, Node
from hubspot_simulator.crm.properties.definitions import Property
from hubspot_simulator.crm.properties.values import Refused, Rules, check, loosely_equal
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import INVALID, BadValue, Problem, already_exists, invalid, invalid_properties

from .derived import derive
from .state import Author, Record

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
Claims = set[tuple[str, str]]
Link = tuple[Node, list[AssociationType]]


@dataclass
class Draft:
    """A checked write; ``record`` is None for a creation."""

    object_type: ObjectType
    record: Record | None
    values: dict[str, str]
    warnings: list[dict] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    trace: str | None = None


@dataclass
class Written:
    """A committed write and what the answer tells about it."""

    record: Record
    changed: tuple[str, ...]
    new: bool
    warnings: list[dict]
    trace: str | None = None


def prepare_create(
    portal: Portal,
    object_type: ObjectType,
    properties: Mapping[str, str],
    links: list[Link],
    rules: Rules,
    claims: Claims,
) -> Draft:
    """Checks a new record; ``claims`` are the identities that the same batch took already."""
    draft = Draft(object_type, None, {}, links=links)
    bad = _check_values(portal, draft, properties, rules)
    _check_stage(portal, draft, bad, rules)
    _check_required(portal, draft, bad, rules)
    _check_uniques(portal, draft, bad, claims)
    if bad:
        raise invalid_properties(bad, portal.id)
    _check_identity(portal, draft, claims)
    _claim(portal, draft, claims)
    return draft


def prepare_update(
    portal: Portal,
    object_type: ObjectType,
    record: Record,
    properties: Mapping[str, str],
    rules: Rules,
    claims: Claims,
) -> Draft:
    draft = Draft(object_type, record, {})
    bad = _check_values(portal, draft, properties, rules)
    _check_stage(portal, draft, bad, rules)
    if rules.normalise:
        bad += _conditionally_missing(portal, draft)
    _check_uniques(portal, draft, bad, claims)
    if bad:
        raise invalid_properties(bad, portal.id)
    _check_identity(portal, draft, claims)
    _claim(portal, draft, claims)
    return draft


def commit(portal: Portal, draft: Draft, author: Author) -> Written:
    """Stores a draft, derives what HubSpot calculates and tells the search index."""
    now = portal.clock()
    store = portal.store(draft.object_type.name)
    uniques = portal.schema.uniques(store.type_name)
    record, new = draft.record, draft.record is None
    if record is None:
        record = Record(store.type_name, store.new_id(), now, now)
        portal.creates[store.type_name] += author.source_type == "INTEGRATION"
    else:
        store.forget(record, uniques)
    for name, value in draft.values.items():
        record.set(name, value, now, author)
    record.updated_at = now
    derive(portal, draft.object_type, record, author)
    store.add(record, uniques)
    for other, entries in draft.links:
        portal.associations.link((record.type_name, record.id), other, entries)
    if author.source_type == "INTEGRATION":
        portal.writes[record.type_name, record.id] += 1
    portal.search.note(record)
    return Written(record, tuple(draft.values), new, draft.warnings, draft.trace)


def _check_values(portal: Portal, draft: Draft, properties: Mapping[str, str], rules: Rules) -> list[BadValue]:
    bad: list[BadValue] = []
    type_name = draft.object_type.name
    for name, raw in properties.items():
        definition = portal.schema.find(type_name, name)
        if definition is None:
            bad.append(BadValue(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            continue
        previous = draft.record.get(name) if draft.record else ""
        try:
            value = check(definition, raw, portal.options(type_name, definition), rules, previous)
        except Refused as error:
            bad.append(BadValue(name, error.code, error.message, raw))
            continue
        if rules.normalise and value != raw and not loosely_equal(definition, raw, value):
            draft.warnings.append(_normalised(definition, raw, value))
        draft.values[name] = value
    _keep_lifecycle_forward(draft)
    return bad


def _normalised(definition: Property, raw: str, value: str) -> dict:
    """The 2026-09 echo of a changed value (hubspot.md 1.3, A)."""
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"The value of {definition.name} was normalized.",
        "context": {"propertyName": [definition.name], "rawValue": [raw], "normalizedValue": [value]},
    }


def _keep_lifecycle_forward(draft: Draft) -> None:
    """A backward write is ignored without a word, unless it clears the stage (hubspot.md 5.8, A)."""
    wanted = draft.values.get("lifecyclestage")
    current = draft.record.get("lifecyclestage") if draft.record else ""
    if wanted and current in LIFECYCLE and wanted in LIFECYCLE and LIFECYCLE.index(wanted) < LIFECYCLE.index(current):
        del draft.values["lifecyclestage"]


def _check_stage(portal: Portal, draft: Draft, bad: list[BadValue], rules: Rules) -> None:
    """A stage must belong to the pipeline; a missing pipeline means the default one (hubspot.md 8, A/U)."""
    kind = draft.object_type
    if kind.stage_property is None or {entry.name for entry in bad} & {kind.stage_property, kind.pipeline_property}:
        return
    stage, pipeline_id = draft.values.get(kind.stage_property), draft.values.get(kind.pipeline_property or "")
    if stage is None and pipeline_id is None and draft.record is not None:
        return
    pipelines = portal.pipelines.listed(kind.name)
    if not pipelines:
        return
    if not pipeline_id:
        keep = draft.record is not None and rules.switches.pipeline_omitted == "current"
        pipeline_id = draft.record.get(kind.pipeline_property) if keep else pipelines[0].id
        if stage:
            draft.values[kind.pipeline_property] = pipeline_id
    pipeline = portal.pipelines.get(kind.name, pipeline_id)
    if stage is None and draft.record is None and kind.name == "orders" and pipeline.stages:
        draft.values |= {kind.pipeline_property: pipeline.id, kind.stage_property: pipeline.stages[0].id}
    stage = stage or (draft.record.get(kind.stage_property) if draft.record else "")
    if stage and pipeline.stage(stage) is None and rules.switches.stage_mismatch == "refuse":
        listed = [f'label: "{entry.label}"\nvalue: "{entry.id}"\n' for entry in pipeline.stages]
        message = f"{stage} was not one of the allowed options: [{', '.join(listed)}]"
        bad.append(BadValue(kind.stage_property, "INVALID_OPTION", message, stage))


def _check_required(portal: Portal, draft: Draft, bad: list[BadValue], rules: Rules) -> None:
    """Built-in requirements in every version, those of the create form from 2026-09 on (hubspot.md 1.3, 5.8)."""
    kind = draft.object_type
    wanted = kind.required_any if rules.switches.required_on_create == "documented" else ()
    missing = [group for group in wanted if not any(draft.values.get(name) for name in group)]
    refused = {entry.name for entry in bad}
    missing = [group for group in missing if not refused & set(group)]
    if missing and not bad:
        raise _not_set(kind, missing)
    if rules.normalise:
        for definition in portal.schema.required(kind.name):
            if not draft.values.get(definition.name) and definition.name not in refused:
                message = f"A value for {definition.name} must be provided"
                bad.append(BadValue(definition.name, "MISSING_REQUIRED_PROPERTY", message))
        bad += _conditionally_missing(portal, draft)
        linked = {node[0] for node, _ in draft.links}
        lacking = [name for name in portal.required_associations.get(kind.name, []) if name not in linked]
        if lacking and not bad:
            raise invalid(f"An association with {lacking[0]} must be provided")


def _not_set(kind: ObjectType, missing: list[tuple[str, ...]]) -> Problem:
    names = [group[0] for group in missing]
    return Problem(
        INVALID,
        f"Error creating {kind.singular.upper()}. Some required properties were not set.",
        "VALIDATION_ERROR",
        context={"properties": names},
        details=[
            {"message": f"{name} was not set", "code": "REQUIRED_FIELD", "context": {"properties": [name]}}
            for name in names
        ],
    )


def _conditionally_missing(portal: Portal, draft: Draft) -> list[BadValue]:
    def current(name: str) -> str:
        return draft.values.get(name, draft.record.get(name) if draft.record else "")

    return [
        BadValue(entry.name, "MISSING_CONDITIONAL_REQUIRED_PROPERTY", f"A value for {entry.name} must be provided")
        for entry in portal.schema.conditional(draft.object_type.name)
        if entry.required_when and current(entry.required_when[0]) == entry.required_when[1] and not current(entry.name)
    ]


def _check_uniques(portal: Portal, draft: Draft, bad: list[BadValue], claims: Claims) -> None:
    """A unique value that another record holds: 400, not 409 (hubspot.md 4.1, C/B)."""
    store = portal.store(draft.object_type.name)
    for name in portal.schema.uniques(store.type_name):
        value = draft.values.get(name)
        if not value:
            continue
        holder = store.by_value(name, value)
        if holder is None and portal.switches.archived_unique_value == "taken":
            holder = next((entry for entry in store.archived.values() if entry.get(name) == value), None)
        taken = (name, value.lower()) in claims or (holder is not None and holder is not draft.record)
        if taken:
            bad.append(BadValue(name, "CONFLICTING_UNIQUE_VALUE", _unique_message(portal, draft, name, value, holder)))


def _unique_message(portal: Portal, draft: Draft, name: str, value: str, holder: Record | None) -> str:
    type_id = draft.object_type.type_id
    coordinates = (
        f"PropertyValueCoordinates{{portalId={portal.id}, objectTypeId={type_id}, propertyName={name}, value={value}}}"
    )
    target = draft.record.id if draft.record else "this object"
    return f"Cannot set {coordinates} on {target}. {holder.id if holder else 'another object'} already has that value."


def _check_identity(portal: Portal, draft: Draft, claims: Claims) -> None:
    """E-mail addresses identify contacts, secondary ones as well (hubspot.md 5.5, A)."""
    email = draft.values.get("email")
    if draft.object_type.name != "contacts" or not email:
        return
    if email in portal.blocked_emails:
        message = f"Email address {email} has been GDPR blacklisted"
        raise invalid_properties([BadValue("email", "GDPR_BLACKLISTED_EMAIL", message, email)], portal.id)
    holder = portal.store("contacts").by_value("email", email)
    if ("email", email) in claims and (holder is None or holder is not draft.record):
        raise already_exists("Contact", holder.id if holder else None)
    if holder is not None and holder is not draft.record:
        raise already_exists("Contact", holder.id)
    if draft.record is not None and email in draft.record.emails()[1:]:
        _own_secondary(portal, draft, email)


def _own_secondary(portal: Portal, draft: Draft, email: str) -> None:
    if portal.switches.own_secondary_as_email == "keep":
        del draft.values["email"]
        return
    others = [address for address in draft.record.emails() if address != email]
    draft.values["hs_additional_emails"] = ";".join(others)


def _claim(portal: Portal, draft: Draft, claims: Claims) -> None:
    names = portal.schema.uniques(draft.object_type.name)
    if draft.object_type.name == "contacts":
        names = ["email", *names]
    claims |= {(name, draft.values[name].lower()) for name in names if draft.values.get(name)}
