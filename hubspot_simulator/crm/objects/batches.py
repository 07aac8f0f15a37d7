"""Batches: all-or-nothing or partial, decided by the trace ids (hubspot.md 5.1 to 5.4)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hubspot_simulator.crm.properties.values import Rules
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import MISSING, BatchError, Problem, invalid

from .automation import associate_company
from .state import Author, Record
from .writing import Claims, Draft, Link, Written, commit, prepare_create, prepare_update


@dataclass
class Input:
    """One input of a batch, as far as the state cares."""

    properties: dict[str, str] = field(default_factory=dict)
    id: str = ""
    id_property: str | None = None
    trace: str | None = None
    links: list[Link] = field(default_factory=list)


@dataclass
class Outcome:
    """What a batch did; ``results`` are in shuffled order (hubspot.md 5.3, B)."""

    results: list[Written] = field(default_factory=list)
    errors: list[BatchError] = field(default_factory=list)


def create(portal: Portal, kind: ObjectType, inputs: list[Input], rules: Rules, author: Author) -> Outcome:
    claims: Claims = set()
    return _run(
        portal, inputs, author, lambda entry: prepare_create(portal, kind, entry.properties, entry.links, rules, claims)
    )


def update(portal: Portal, kind: ObjectType, inputs: list[Input], rules: Rules, author: Author) -> Outcome:
    """Unknown ids never spoil the batch; merged-away ids may vanish without a word (hubspot.md 5.2, 5.3, B)."""
    _refuse_duplicates(inputs)
    claims: Claims = set()
    targets = {id(entry): _target(portal, kind, entry) for entry in inputs}
    unknown = [entry for entry in inputs if targets[id(entry)] is None]
    present = [entry for entry in inputs if isinstance(targets[id(entry)], Record)]
    outcome = _run(
        portal,
        present,
        author,
        lambda entry: prepare_update(portal, kind, targets[id(entry)], entry.properties, rules, claims),
        partial=_partial(inputs),
    )
    if unknown:
        outcome.errors.append(not_found_error(portal, kind, unknown))
    return outcome


def upsert(portal: Portal, kind: ObjectType, inputs: list[Input], rules: Rules, author: Author) -> Outcome:
    """By e-mail or a unique property; the id fills the property where it is left out (hubspot.md 5.4)."""
    for entry in inputs:
        if not entry.id_property:
            raise invalid("idProperty is required for upsert")
        require_unique(portal, kind, entry.id_property, "upsert")
    _refuse_duplicates(inputs)
    by_email = any(entry.id_property == "email" for entry in inputs)
    partial = _partial(inputs) and not (by_email and portal.switches.email_upsert_mode == "all_or_nothing")
    claims: Claims = set()
    return _run(portal, inputs, author, lambda entry: _prepare_upsert(portal, kind, entry, rules, claims), partial)


def _prepare_upsert(portal: Portal, kind: ObjectType, entry: Input, rules: Rules, claims: Claims) -> Draft:
    name = entry.id_property or ""
    if name == "email" and portal.switches.email_upsert_mode == "reject_partial" and "email" not in entry.properties:
        raise invalid("Partial upserts are not supported when using email as the idProperty")
    existing = portal.store(kind.name).by_value(name, entry.id)
    secondary = existing is not None and name == "email" and existing.get("email") != entry.id.lower()
    if secondary and portal.switches.secondary_email_upsert == "conflict":
        existing = None
    if existing is not None:
        return prepare_update(portal, kind, existing, entry.properties, rules, claims)
    return prepare_create(portal, kind, {name: entry.id} | entry.properties, [], rules, claims)


def read(
    portal: Portal, kind: ObjectType, inputs: list[Input], id_property: str | None, archived: bool
) -> tuple[list[Record], list[BatchError]]:
    """Consistent at once, whatever search says (hubspot.md 5.6, B)."""
    if id_property and id_property != "hs_object_id":
        require_unique(portal, kind, id_property, "read")
    _refuse_duplicates(inputs, fold=id_property is not None)
    store = portal.store(kind.name)
    found: dict[str, Record] = {}
    unknown = []
    for entry in inputs:
        if archived:
            record = store.archived.get(entry.id)
        else:
            record = store.by_value(id_property or "hs_object_id", entry.id)
        if record is None:
            unknown.append(entry)
        else:
            found[record.id] = record
    records = list(found.values())
    portal.rng.shuffle(records)
    return records, [not_found_error(portal, kind, unknown)] if unknown else []


def _run(
    portal: Portal, inputs: list[Input], author: Author, prepare: Callable[[Input], Draft], partial: bool | None = None
) -> Outcome:
    """Prepares all, then commits all; without trace ids the first refusal ends it before anything is written."""
    outcome = Outcome()
    drafts = []
    if partial is None:
        partial = _partial(inputs)
    for entry in inputs:
        try:
            draft = prepare(entry)
        except Problem as problem:
            if not partial:
                raise
            context = {"objectWriteTraceId": [entry.trace or ""]} | problem.context
            outcome.errors.append(BatchError(problem, context))
            continue
        draft.trace = entry.trace
        drafts.append(draft)
    outcome.results = [commit(portal, draft, author) for draft in drafts]
    for written in outcome.results:
        if written.new and written.record.type_name == "contacts":
            associate_company(portal, written.record)
    portal.rng.shuffle(outcome.results)
    return outcome


def _partial(inputs: list[Input]) -> bool:
    """Only a unique trace id on every input buys partial success (hubspot.md 5.2, A/B)."""
    traces = [entry.trace for entry in inputs]
    return all(traces) and len(set(traces)) == len(traces)


def _refuse_duplicates(inputs: list[Input], fold: bool = False) -> None:
    """The whole batch is refused, trace ids or not; e-mails count in any letter case (hubspot.md 4.2, B)."""
    seen: set[str] = set()
    duplicates: list[str] = []
    for entry in inputs:
        key = entry.id.strip().lower() if fold or entry.id_property else entry.id
        if key in seen and entry.id not in duplicates:
            duplicates.append(entry.id)
        seen.add(key)
    if duplicates:
        listed = ", ".join(duplicates)
        raise invalid(f"Duplicate IDs found in batch input: [{listed}]. IDs must be unique", ids=duplicates)


SILENTLY_DROPPED = object()


def _target(portal: Portal, kind: ObjectType, entry: Input) -> object:
    """The record to update, None where there is none, or ``SILENTLY_DROPPED``."""
    store = portal.store(kind.name)
    name = entry.id_property
    if name and name != "hs_object_id":
        if name == "email" and portal.switches.batch_update_by_email == "refuse":
            raise invalid(f"Unable to perform update by non-unique {kind.type_id} property {name}")
        require_unique(portal, kind, name, "update")
        return store.by_value(name, entry.id)
    if kind.name == "contacts" and not entry.id.isdigit():
        return SILENTLY_DROPPED  # an address as id: no error and no change (hubspot.md 5.4, C)
    if entry.id in store.aliases and portal.switches.merged_update == "silent":
        return SILENTLY_DROPPED
    return store.resolve(entry.id)


def require_unique(portal: Portal, kind: ObjectType, name: str, verb: str) -> None:
    if name == "email" and kind.name == "contacts":
        return
    if name not in portal.schema.uniques(kind.name):
        raise invalid(f"Unable to perform {verb} by non-unique {kind.type_id} property {name}")


def not_found_error(portal: Portal, kind: ObjectType, unknown: list[Input]) -> BatchError:
    """One entry for any number of ids (hubspot.md 4.2, B)."""
    label = kind.singular.upper()
    message = f"Could not get some {label} objects, they may be deleted or not exist. Check that ids are valid."
    context = {"ids": [entry.id for entry in unknown]}
    if portal.switches.not_found_context == "empty_ids":
        context = {"ids": [""]}
    elif portal.switches.not_found_context == "ids_and_trace":
        context["objectWriteTraceId"] = [entry.trace for entry in unknown if entry.trace]
    return BatchError(Problem(MISSING, message, "OBJECT_NOT_FOUND"), context)
