"""What HubSpot said -> what it means for an order: one verdict per order, one failure word per verdict.

``classify`` is the only place that decides between temporary, system, permanent and misconfiguration.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pretix_hubspot.failures.codes import GRAVITY, MISCONFIGURATION, PERMANENT, TEMPORARY, Code, known
from pretix_hubspot.hubspot.errors import ErrorDetail, HubSpotError, MissingScope

from .calls import MAIN_TYPES, is_lack_of_access
from .detaching import ends
from .portalrules import rule_behind
from .results import Execution, Failed, Outcome, RecordAction, Sent
from .types import Refusal
from .wanted import OrderPlan, Plan, RecordKey, WantedRecord, Withheld, digest

#: What HubSpot says without a code; the first that fits (hubspot.md 1.2 B, 4.1 U, 5.4 B, 7.1 A).
_BY_TEXT = (
    ("Unable to infer object type", Code.UNKNOWN_OBJECT_TYPE),
    ("by non-unique", Code.NOT_UNIQUE),
    ("'Edit Associations' permission", Code.MISSING_PERMISSION),
    ("GDPR", Code.GDPR_BLOCKED),
    ("associations are invalid", Code.INVALID_ASSOCIATION),
    ("for associations to be created", Code.INVALID_ASSOCIATION),
)
#: A new record lacks what HubSpot wants of every one (hubspot.md 1.3 A, 5.8 U).
_LACKS = re.compile(r"required properties were not set|\b\w+ was not set\b|A value for \w+ must be provided")
#: The codes of ``MissingScope`` and ``Forbidden``.
ACCESS_CODES = frozenset({Code.MISSING_SCOPE, Code.FORBIDDEN})
#: Codes of what a record lacks, which no row of the record is to blame for.
REQUIRED = frozenset({Code.MISSING_REQUIRED_PROPERTY, Code.MISSING_CONDITIONAL_PROPERTY})


@dataclass(frozen=True)
class Failure:
    """One thing that went wrong with one order, fit to be stored and shown.

    ``code`` is a refusal's code or HubSpot's; ``message`` is HubSpot's text, redacted; no value of the order is in it.
    """

    mode: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    mapping: int | None = None
    position: int | None = None
    object_type: str = ""
    message: str = ""
    correlation_id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value not in (None, "", {})}


@dataclass(frozen=True)
class Written:
    """One record of an order as it is in HubSpot now."""

    mapping: int
    position: int | None
    ref: RecordKey
    sent: Sent


@dataclass(frozen=True)
class Verdict:
    """How an order came out; without failures it is in sync.

    ``lacking`` is what it was sent without, since HubSpot does not let pretix use the object type.
    """

    order: int
    fingerprint: str
    written: tuple[Written, ...] = ()
    failures: tuple[Failure, ...] = ()
    associated: tuple[str, ...] = ()
    lacking: tuple[Failure, ...] = ()

    @property
    def mode(self) -> str | None:
        """The failure word, or None if the order is in sync."""
        modes = {failure.mode for failure in self.failures}
        return max(modes, key=GRAVITY.index) if modes else None

    @property
    def changed(self) -> bool:
        return any(item.sent.action != RecordAction.NOTHING_TO_DO for item in self.written)


def judge(plan: Plan, execution: Execution) -> list[Verdict]:
    """Judge every order of the plan by every one of its records and associations."""
    return [_judge_order(order, execution, plan.records) for order in plan.orders.values()]


def _judge_order(order: OrderPlan, execution: Execution, wanted: Mapping[RecordKey, WantedRecord]) -> Verdict:
    outcomes = execution.records.get(order.order, {})
    written, failures = [], list(map(_withheld, order.withheld))
    for mapping, records in order.records.items():
        for position, ref in records:
            outcome = outcomes[ref]
            if isinstance(outcome, Sent):
                written.append(Written(mapping, position, ref, outcome))
            else:
                found = _failures(outcome, mapping, position, ref[0])
                failures += (f for f in found if is_to_blame(f, order.order, _same_record(ref, outcomes, wanted)))
    failures += _of_associations(order, execution)
    lacking = _lacking(failures, written)
    return Verdict(
        order.order,
        digest([order.fingerprint, sorted({f.object_type for f in lacking})]) if lacking else order.fingerprint,
        tuple(written),
        tuple(failure for failure in failures if failure not in lacking),
        tuple(sorted(execution.associated.get(order.order, ()))),
        lacking,
    )


def _same_record(
    ref: RecordKey, outcomes: Mapping[RecordKey, Outcome], wanted: Mapping[RecordKey, WantedRecord]
) -> list[WantedRecord]:
    """The records of the order that failed as one: in HubSpot they are the same record, known by several keys."""
    same = [other for other, outcome in outcomes.items() if outcome == outcomes[ref] and other[0] == ref[0]]
    return [wanted[other] for other in same if other in wanted]


def is_to_blame(failure: Failure, order: int, records: Sequence[WantedRecord]) -> bool:
    """Whether the failure's mapping says anything about the property that failed, or if none of the order's does.

    Several mappings may write into one record; whoever repairs it has to find the row.
    """
    name = failure.params.get("property")
    mine = [c for record in records for c in record.contributions if c.order == order]
    if not name or failure.code in REQUIRED:
        return True
    saying = [c for c in mine if any(row.property.name == name for row in c.rows)]
    filling = [c for c in saying if any(row.property.name == name and row.value for row in c.rows)]
    writers = {(c.mapping, c.position) for c in filling or saying}
    return not writers or (failure.mapping, failure.position) in writers


def _withheld(item: Withheld) -> Failure:
    if isinstance(item.refusal, HubSpotError):
        return classify(item.refusal, mapping=item.mapping, position=item.position, object_type=item.object_type)
    return refused(item.refusal, item.mapping, item.position, item.object_type)


def _of_associations(order: OrderPlan, execution: Execution) -> list[Failure]:
    """Each reason once, however many of the order's records it is about."""
    found: dict[str, Failure] = {}
    for (source, target), error in execution.association_errors.get(order.order, {}).items():
        mapping = next(m for m, records in order.records.items() if source in [ref for _, ref in records])
        for failure in _failures(_failed(error), mapping, None, _to_blame(error, source[0], target[0])):
            found.setdefault(_same(failure), failure)
    for name, error in execution.detach_errors.get(order.order, {}).items():
        object_type, other = (end for end, _ in ends(name))
        for failure in _failures(_failed(error), None, None, _to_blame(error, object_type, other)):
            found.setdefault(_same(failure), failure)
    return list(found.values())


def _same(failure: Failure) -> str:
    facts = [failure.mode, failure.code, failure.mapping, failure.object_type, failure.params, failure.message]
    return json.dumps(facts, sort_keys=True, default=str)


def _to_blame(error: object, source: str, target: str) -> str:
    """The object type that a failed association is about; where access is lacking, no contacts or deals."""
    return target if is_lack_of_access(error, target) and not is_lack_of_access(error, source) else source


def _lacking(failures: list[Failure], written: list[Written]) -> tuple[Failure, ...]:
    """What HubSpot does not let pretix use, if the main part of the order arrived: a setting, and no order's fault."""
    found = tuple(f for f in failures if f.code in ACCESS_CODES and f.object_type not in MAIN_TYPES)
    lost = {failure.object_type for failure in found}
    return found if any(item.ref[0] not in lost for item in written) else ()


def _failed(error: HubSpotError | Refusal | None) -> Failed:
    return Failed(refusals=(error,)) if isinstance(error, Refusal) else Failed(error)


def _failures(outcome: Failed, mapping: int | None, position: int | None, object_type: str) -> Iterator[Failure]:
    if outcome.refusals:
        for refusal in outcome.refusals:
            yield refused(refusal, mapping, position, object_type)
    else:
        yield classify(outcome.error, mapping=mapping, position=position, object_type=object_type)


def refused(refusal: Refusal, mapping: int | None, position: int | None, object_type: str) -> Failure:
    """A value or record that we did not send."""
    entry = known(refusal.code)
    mode = entry.mode if entry else PERMANENT
    if mode == PERMANENT and refusal.params.get("constant"):
        mode = MISCONFIGURATION  # the text is the mapping's own, not the order's
    return Failure(mode, refusal.code, dict(refusal.params), mapping, position, object_type)


def classify(
    error: HubSpotError | None, *, mapping: int | None = None, position: int | None = None, object_type: str = ""
) -> Failure:
    """The failure that an error of HubSpot means; None is a success that HubSpot never confirmed.

    The rules are the failure table of the design; sources: hubspot.md 3 (statuses, A) and 4 (bodies, A/B/C).
    """
    if error is None:
        return Failure(TEMPORARY, Code.NO_ANSWER_FOR_RECORD.value, {}, mapping, position, object_type)
    detail = _decisive(error)
    mode, code = _mode_and_code(error, detail)
    names = _lacking_properties(error) if code in REQUIRED else [detail.property_name]
    params = {"property": ", ".join(names)} if any(names) else {}
    if isinstance(error, MissingScope) and error.required_scopes:
        params["scopes"] = ", ".join(error.required_scopes)
    message = detail.message or error.message
    return Failure(mode, code, params, mapping, position, object_type, message, error.correlation_id)


def _lacking_properties(error: HubSpotError) -> list[str]:
    """All that HubSpot wants: whoever adds one after the other would fail for each of them."""
    return list(dict.fromkeys(detail.property_name for detail in error.details if detail.property_name))


def _decisive(error: HubSpotError) -> ErrorDetail:
    """The detail that decides about the word: what the mapping got wrong goes before what the order got wrong."""
    graver = (detail for detail in error.details if _is_config(detail.code))
    return next(graver, None) or next(iter(error.details), ErrorDetail("", ""))


def _is_config(code: str) -> bool:
    entry = known(code)
    return entry is not None and entry.mode == MISCONFIGURATION


def _mode_and_code(error: HubSpotError, detail: ErrorDetail) -> tuple[str, str]:
    """The error's own code, unless it refuses the content: then HubSpot's code of the detail, or its words, decide."""
    kind = Code(error.code)
    if kind.mode != PERMANENT:
        return kind.mode, kind.value
    said = f"{error.message} {detail.message}"
    named = next((code for words, code in _BY_TEXT if words in said), None) or rule_behind(error, detail)
    if named is None and _is_config(detail.code):
        return MISCONFIGURATION, detail.code
    if named is None and _LACKS.search(said):
        named = Code.MISSING_REQUIRED_PROPERTY
    return (named.mode, named.value) if named else (PERMANENT, detail.code or kind.value)
