"""How each order of a slice ends: verdicts, exclusions and what was missing become one list of endings. Pure.

An ending says all that is to be stored about an order: its row in the queue, its state, what its page shows, its
history, and the numbers of its event. ``finishing`` writes them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pretix_hubspot.failures.causes import cause_of, gravest_first
from pretix_hubspot.failures.codes import TEMPORARY
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import RecordKey, SubjectPlan
from pretix_hubspot.sync.send.association import Place
from pretix_hubspot.sync.send.detaching import Use

from .judge import Verdict, Written

#: Minutes until the next attempt after the first, second, … temporary failure of an order.
BACKOFF = (1, 5, 15, 60)
#: Core's word for a temporary failure that used up its attempts; the sweep re-arms it.
EXCEEDED = "exceeded"
#: An order's state remembers so many of its failures.
MAX_FAILURES = 20
#: Core's word for the history of an order that is in sync.
SUCCESS = "success"


class RowAction(StrEnum):
    """What becomes of an order's row in the queue."""

    FINISH = "finish"
    RETRY = "retry"
    STOP = "stop"
    RELEASE = "release"


@dataclass(frozen=True)
class Ending:
    """How one order leaves a slice; of an order that is not held any more, nothing is stored.

    ``wait`` are the minutes until a retry, ``mode`` is core's word for a failure.
    ``counted`` is the number of the event that grows by one, ``state`` what changes of the order's state.
    ``excluded`` is why the order's page says that it is left out, or an empty string if it says so no longer; None
    leaves what it says. ``shown`` are the records that the page shows, ``entry`` is the action of its history.
    ``passed_over`` are records that were not even looked at, since nothing about them changed.
    """

    order: int
    action: RowAction = RowAction.FINISH
    wait: int = 0
    mode: str = ""
    counted: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    excluded: str | None = None
    verdict: Verdict | None = None
    shown: tuple[Written, ...] = ()
    entry: str = ""
    passed_over: frozenset[RecordKey] = frozenset()


@dataclass(frozen=True)
class Past:
    """What was known of an order before: entries of its history, attempts of its row, and what its state says."""

    log_count: int = 0
    failed_attempts: int = 0
    attempts: int = 0
    failing_since: datetime | None = None
    was_sent: bool = False


@dataclass(frozen=True)
class Occasion:
    """When a slice was planned and by which revision of the planner, for which portal, and the present moment."""

    portal_id: int
    planner: int
    planned_at: datetime
    moment: datetime


PastOf = Callable[[int], Past]


def missing(orders: Iterable[int]) -> list[Ending]:
    """Orders that were deleted meanwhile."""
    return [Ending(order) for order in orders]


def left_out(excluded: Mapping[int, str], past: PastOf) -> list[Ending]:
    """Orders that are not in scope, by reason."""
    return [_excluded(order, reason, past(order)) for order, reason in excluded.items()]


def filtered(excluded: Mapping[int, str], past: PastOf) -> list[Ending]:
    """Orders of which the mappings leave nothing; whatever was sent is not what a plan without anything stands for."""
    return [_excluded(order, reason, past(order), sent_hash="") for order, reason in excluded.items()]


def unchanged(plans: Iterable[SubjectPlan], past: PastOf, occasion: Occasion) -> list[Ending]:
    """Orders that HubSpot holds already as they are."""
    return [
        Ending(
            plan.subject.pk,
            counted="unchanged",
            state={"log_count": past(plan.subject.pk).log_count, **_settled(occasion)},
            excluded="",
            passed_over=frozenset(ref for records in plan.records.values() for _, ref in records),
        )
        for plan in plans
    ]


def judged(
    verdicts: Iterable[Verdict],
    past: PastOf,
    occasion: Occasion,
    earlier: Mapping[Subject, Mapping[Use, Place]] = MappingProxyType({}),
) -> list[Ending]:
    """Orders that were sent, or could not be; ``earlier`` says where the records were of orders that detach some."""
    return [
        _failing(verdict, past(verdict.subject.pk), occasion, earlier.get(verdict.subject, {}))
        if verdict.failures
        else _in_sync(verdict, past(verdict.subject.pk), occasion)
        for verdict in verdicts
    ]


def _excluded(order: int, reason: str, past: Past, **state: Any) -> Ending:
    state = {"excluded_reason": reason, "log_count": past.log_count, **state}
    return Ending(order, counted="excluded", state=state, excluded=reason)


def _in_sync(verdict: Verdict, past: Past, occasion: Occasion) -> Ending:
    state = {
        "portal_id": occasion.portal_id,
        "sent_hash": verdict.fingerprint,
        "log_count": past.log_count,
        "associated": [association.to_text() for association in verdict.associated],
        **_settled(occasion),
    }
    is_news = verdict.written and (verdict.changed or not past.was_sent)
    return Ending(
        verdict.subject.pk,
        counted="sent",
        state=state,
        verdict=verdict,
        shown=verdict.written,
        entry=SUCCESS if is_news else "",
    )


def _settled(occasion: Occasion) -> dict[str, Any]:
    """The order is as it was planned, whether something had to be sent or not: what once kept it is history.

    What changes between planning and sending, say a mapping, is newer than ``sent_at``.
    """
    return {
        "sent_at": occasion.planned_at,
        "planner": occasion.planner,
        "outdated_by": "",
        "excluded_reason": "",
        "problem": None,
        "cause": "",
        "failing_since": None,
        "attempts": 0,
    }


def _failing(verdict: Verdict, past: Past, occasion: Occasion, earlier: Mapping[Use, Place]) -> Ending:
    """An attempt is counted for temporary failures, all others stop until somebody acts; both with their reason.

    What arrived is shown as well.
    """
    mode = verdict.mode or ""
    if mode == TEMPORARY and past.failed_attempts >= len(BACKOFF):
        mode = EXCEEDED
    state = {
        "sent_hash": "",
        "excluded_reason": "",
        "problem": [failure.to_json() for failure in gravest_first(verdict.failures)[:MAX_FAILURES]],
        "cause": cause_of(verdict.failures),
        "attempts": past.attempts + 1,
        "failing_since": past.failing_since or occasion.moment,
    }
    if mode not in (TEMPORARY, EXCEEDED):  # else the sweep looks after it, row or no row
        state["log_count"] = past.log_count
    if verdict.associated:
        state["associated"] = [association.to_text() for association in verdict.associated]
    return Ending(
        verdict.subject.pk,
        RowAction.RETRY if mode == TEMPORARY else RowAction.STOP,
        wait=BACKOFF[min(past.failed_attempts, len(BACKOFF) - 1)],
        mode=mode,
        counted="failed",
        state=state,
        verdict=verdict,
        shown=_without_moved(verdict, earlier),
        entry="" if mode == TEMPORARY else f"failed.{mode}",
    )


def _without_moved(verdict: Verdict, earlier: Mapping[Use, Place]) -> tuple[Written, ...]:
    """What a failing order has in HubSpot, without records that took another's place.

    Their result rows stay as they were until the order succeeds: they tell what is left to be detached.
    """
    places = [(item, (item.ref[0], item.sent.record_id)) for item in verdict.written]
    return tuple(item for item, place in places if earlier.get((item.mapping, item.part), place) == place)
