"""The ending of each order of a slice: verdicts, exclusions and deleted orders become one list. Pure.

An ending holds all that is stored about an order: its row in the queue, its state, its page, its history, and the
numbers of its event. ``finishing`` writes them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pretix_hubspot.failures.causes import cause_of, gravest_first
from pretix_hubspot.failures.codes import TEMPORARY, Code
from pretix_hubspot.sync.plan.plan import RecordKey, SubjectPlan

from .judge import Verdict, Written

#: Minutes until the next attempt after the first, second, … temporary failure of an order.
BACKOFF = (1, 5, 15, 60)
#: Core's word for a temporary failure that used up its attempts; the sweep re-arms it.
EXCEEDED = "exceeded"
#: The number of failures that an order's state keeps.
MAX_FAILURES = 20
#: Core's word for the history of an order that is in sync.
SUCCESS = "success"


class RowAction(StrEnum):
    """The action on an order's row in the queue."""

    FINISH = "finish"
    RETRY = "retry"
    STOP = "stop"
    POSTPONE = "postpone"
    RELEASE = "release"


@dataclass(frozen=True)
class Ending:
    """How one order leaves a slice; nothing is stored about an order that is not held any more.

    ``wait`` are the minutes until a retry, ``mode`` is core's word for a failure. ``counted`` is the number of the
    event that grows by one, ``state`` the changes of the order's state. ``excluded`` is the exclusion on the order's
    page, or an empty string to remove it; None leaves it. ``shown`` are the records that the page shows, ``entry`` is
    the action of its history. ``passed_over`` are records that were not read, since nothing about them changed.
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
    """The facts about an order before the slice: length of its history, attempts of its row, and its state."""

    log_count: int = 0
    failed_attempts: int = 0
    attempts: int = 0
    failing_since: datetime | None = None
    was_sent: bool = False


@dataclass(frozen=True)
class Occasion:
    """The circumstances of a slice: portal, revision of the planner, time of planning, and the present moment."""

    portal_id: int
    planner: int
    planned_at: datetime
    moment: datetime


PastOf = Callable[[int], Past]


def missing(orders: Iterable[int]) -> list[Ending]:
    """Endings of orders that were deleted in the meantime."""
    return [Ending(order) for order in orders]


def left_out(excluded: Mapping[int, str], past: PastOf) -> list[Ending]:
    """Endings of orders that are not in scope, by reason."""
    return [_excluded(order, reason, past(order)) for order, reason in excluded.items()]


def filtered(excluded: Mapping[int, str], past: PastOf) -> list[Ending]:
    """Endings of orders that the filters leave out; they no longer count as sent, since a plan without records
    differs.
    """
    return [_excluded(order, reason, past(order), sent_hash="") for order, reason in excluded.items()]


def only_removed(reasons: Mapping[int, str], verdicts: Iterable[Verdict], past: PastOf) -> list[Ending]:
    """Endings of orders of which only former records were removed; ``reasons`` are those of orders left out."""
    found = []
    for verdict in verdicts:
        order = verdict.subject.pk
        reason = reasons.get(order)
        ending = Ending(order) if reason is None else _excluded(order, reason, past(order), sent_hash="")
        found.append(replace(ending, verdict=verdict, entry=SUCCESS if verdict.removed else ""))
    return found


def unchanged(plans: Iterable[SubjectPlan], past: PastOf, occasion: Occasion) -> list[Ending]:
    """Endings of orders that HubSpot already holds as they are."""
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


def offered(reasons: Mapping[int, str]) -> list[Ending]:
    """Endings of orders that would be sent otherwise and are not, by the reason for which users are offered it."""
    return [Ending(order, state={"outdated_by": reason}) for order, reason in reasons.items()]


def busy(orders: Iterable[int]) -> list[Ending]:
    """Endings of orders that have a record which another worker is writing: no attempt is counted."""
    return [Ending(order, RowAction.POSTPONE) for order in orders]


def judged(verdicts: Iterable[Verdict], past: PastOf, occasion: Occasion) -> list[Ending]:
    """Endings of orders that were sent, or failed."""
    return [_judged(verdict, past(verdict.subject.pk), occasion) for verdict in verdicts]


def _judged(verdict: Verdict, past: Past, occasion: Occasion) -> Ending:
    if any(failure.code == Code.RECORD_BUSY for failure in verdict.failures):
        return Ending(verdict.subject.pk, RowAction.POSTPONE, verdict=verdict)
    return _failing(verdict, past, occasion) if verdict.failures else _in_sync(verdict, past, occasion)


def _excluded(order: int, reason: str, past: Past, **state: Any) -> Ending:
    state = {"excluded_reason": reason, "log_count": past.log_count, **state}
    return Ending(order, counted="excluded", state=state, excluded=reason)


def _in_sync(verdict: Verdict, past: Past, occasion: Occasion) -> Ending:
    state = {
        "portal_id": occasion.portal_id,
        "sent_hash": verdict.fingerprint,
        "log_count": past.log_count,
        **_settled(occasion),
    }
    is_news = (verdict.written or verdict.removed) and (verdict.changed or not past.was_sent)
    return Ending(
        verdict.subject.pk,
        counted="sent",
        state=state,
        verdict=verdict,
        shown=verdict.written,
        entry=SUCCESS if is_news else "",
    )


def _settled(occasion: Occasion) -> dict[str, Any]:
    """The state of an order that is in HubSpot as planned, without earlier problems.

    A change between planning and sending, say of a mapping, is newer than ``sent_at``.
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


def _failing(verdict: Verdict, past: Past, occasion: Occasion) -> Ending:
    """Count an attempt for temporary failures, stop until a user acts for all others; both with their reason.

    Records that arrived are shown as well.
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
    # otherwise unchanged, so that the sweep queues the order even if its row is lost
    if mode not in (TEMPORARY, EXCEEDED):
        state["log_count"] = past.log_count
    return Ending(
        verdict.subject.pk,
        RowAction.RETRY if mode == TEMPORARY else RowAction.STOP,
        wait=BACKOFF[min(past.failed_attempts, len(BACKOFF) - 1)],
        mode=mode,
        counted="failed",
        state=state,
        verdict=verdict,
        shown=verdict.written,
        entry="" if mode == TEMPORARY else f"failed.{mode}",
    )
