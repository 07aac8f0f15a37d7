"""The engine: a claimed slice of one portal's orders becomes records in HubSpot.

claim -> snapshot -> plan -> read, write, associate -> judge -> record
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils.timezone import now
from pretix.base.models import Event, LogEntry, Order

from pretix_hubspot import weblinks
from pretix_hubspot.catalog import Catalog
from pretix_hubspot.config import ServerMisconfigured, server_config
from pretix_hubspot.connection import client_for, rest
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.isolation import SERVER_TROUBLE, log_without_values
from pretix_hubspot.models import Connection, EventConnection, OrderState
from pretix_hubspot.objecttypes import type_id
from pretix_hubspot.problems import FieldNames
from pretix_hubspot.runlog import RunLog

from . import jobs, links, planning, recording, resting, scope
from .calls import Caller, PortalTrouble, concerns_portal
from .causes import cause_of, gravest_first
from .detaching import wants_detaching
from .execute import Executor
from .outcomes import SYSTEM, TEMPORARY, Failure, Verdict, classify, judge
from .wanted import Plan

logger = logging.getLogger(__name__)

#: Minutes until the next attempt after the first, second, … temporary failure of an order.
BACKOFF = (1, 5, 15, 60)
#: Core's word for a temporary failure that used up its attempts; the sweep re-arms it.
EXCEEDED = "exceeded"


@dataclass
class Report:
    """What became of a slice, in numbers of orders."""

    sent: int = 0
    unchanged: int = 0
    excluded: int = 0
    failed: int = 0
    trouble: Exception | None = None
    log: RunLog = field(default_factory=RunLog)
    by_event: Counter[tuple[int, str]] = field(default_factory=Counter)

    def count(self, word: str, orders: Iterable[Order]) -> None:
        """Add orders to one of the numbers, for all and for their events."""
        events = Counter((order.event_id, word) for order in orders)
        self.by_event += events
        setattr(self, word, getattr(self, word) + events.total())


@dataclass
class _Slice:
    """One claim on its way through the engine."""

    connection: Connection
    claim: jobs.Claim
    events: dict[int, EventConnection]
    client: Client
    catalog: Catalog
    forced: frozenset[int] = frozenset()
    states: dict[int, OrderState] = field(default_factory=dict)
    log_counts: dict[int, int] = field(default_factory=dict)

    def order(self, pk: int) -> Order:
        return self.claim.orders[pk].order

    def state(self, pk: int) -> OrderState:
        if pk not in self.states:
            self.states[pk] = OrderState(order_id=pk, portal_id=self.connection.portal_id)
        return self.states[pk]


def run(
    connection: Connection,
    claim: jobs.Claim,
    events: Sequence[EventConnection],
    *,
    http: Session | None = None,
    make_client: Callable[..., Client] = client_for,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Send a claimed slice. Never raises for anything about HubSpot or an order; all rows leave the claim."""
    report = Report()
    try:
        with closing(make_client(connection, on_request=report.log.on_request, http=http)) as client:
            asking = client.for_bulk() if claim.is_bulk else client
            _run(_slice(connection, claim, events, asking), list(claim.orders), report, sleep)
    except jobs.ClaimLost:
        logger.warning("Another worker took over %d orders of connection %s", len(claim.rows), connection.pk)
    except SERVER_TROUBLE as error:
        logger.warning("This server failed, %d orders return to the queue: %s", len(claim.rows), type(error).__name__)
        report.trouble = error
        jobs.release(claim, claim.orders)
    except (SoftTimeLimitExceeded, KeyboardInterrupt, SystemExit):
        jobs.release(claim, claim.orders)  # somebody ends this worker: others need not wait for the lease
        raise
    except ServerMisconfigured as error:
        logger.error("Connection %s cannot be used: %s", connection.pk, error)
        _let_rest(connection, claim, report, error)
    except PortalTrouble as trouble:
        _let_rest(connection, claim, report, trouble.error)
    recording.count_today((joined.event for joined in events), report.by_event)
    report.log.store(claim, events, resting.reason(report.trouble) if report.trouble else "")
    return report


def _slice(connection: Connection, claim: jobs.Claim, events: Sequence[EventConnection], client: Client) -> _Slice:
    work = _Slice(connection, claim, {e.event_id: e for e in events}, client, Catalog(connection, client))
    for row in claim.rows:
        row.order.event = work.events[row.event_id].event  # one instance, so that its settings are read once
    return work


def _let_rest(connection: Connection, claim: jobs.Claim, report: Report, error: Exception) -> None:
    """The portal is the problem: it is left alone for a while, and the orders wait unharmed."""
    report.trouble = error
    if resting.is_needed(error, claim.is_bulk):
        rest(connection, resting.until(connection, error), resting.reason(error))
    jobs.release(claim, claim.orders)


def _run(work: _Slice, orders: list[int], report: Report, sleep: Callable[[float], None]) -> None:
    """Send these orders; one that breaks the engine itself is found by halving, and costs the others nothing."""
    try:
        _send(work, orders, report, sleep)
    except (PortalTrouble, ServerMisconfigured, jobs.ClaimLost, SoftTimeLimitExceeded):
        raise
    except HubSpotError as error:  # outside of any order: the schema could not be read
        if concerns_portal(error) or error.retryable:
            raise PortalTrouble(error) from error
        broken = [_broken(pk, error) for pk in orders]
        report.log.judged(broken)
        _record_failures(work, broken, report)
    except SERVER_TROUBLE:
        raise  # no order is to blame, and nothing can be recorded
    except Exception as error:
        if len(orders) > 1:
            middle = len(orders) // 2
            _run(work, orders[:middle], report, sleep)
            _run(work, orders[middle:], report, sleep)
        else:
            log_without_values("Sending an order failed unexpectedly", error)
            broken = [_broken(orders[0], error)]
            report.log.judged(broken)
            _record_failures(work, broken, report)


def _send(work: _Slice, orders: list[int], report: Report, sleep: Callable[[float], None]) -> None:
    wanted = _in_scope(work, orders, report)
    plan = _plan(work, wanted)
    jobs.finish(work.claim, set(wanted) - set(plan.orders))  # deleted meanwhile
    wanted = _without_filtered(work, plan, report)
    todo = [pk for pk in wanted if pk in work.forced or not _unchanged(work, plan, pk)]
    unchanged = [pk for pk in wanted if pk not in set(todo)]
    _record_unchanged(work, unchanged, report)
    report.log.passed_over(plan, unchanged)
    part = plan.only(todo)
    known = links.known(plan.portal_id, part.records)
    associated = {pk: work.state(pk).associated for pk in todo if work.state(pk).portal_id == plan.portal_id}
    caller = Caller(beat=work.claim.renew, sleep=sleep)
    earlier = recording.sent_earlier(
        [pk for pk, made in associated.items() if made and wants_detaching(part.orders[pk])]
    )
    execution = Executor(work.client, caller, work.forced).run(part, known, associated, earlier)
    links.store(plan.portal_id, execution.sent(), known)
    verdicts = judge(part, execution)
    report.log.judged(verdicts)
    _record_success(work, part, [v for v in verdicts if not v.failures], report)
    _record_partial(work, part, [recording.without_moved(v, earlier.get(v.order, {})) for v in verdicts if v.failures])
    _record_failures(work, [v for v in verdicts if v.failures], report)


# Before sending


def _in_scope(work: _Slice, orders: list[int], report: Report) -> list[int]:
    """Load states, remember what was asked for by hand, and finish the rows of orders that are left out."""
    by_hand = {pk for pk in orders if work.claim.orders[pk].triggered_by == jobs.BY_HAND}
    work.states = {s.order_id: s for s in OrderState.objects.filter(order_id__in=orders)}
    work.forced = frozenset(by_hand | {pk for pk, state in work.states.items() if _lost_a_record(state)})
    work.log_counts = recording.log_counts(orders)
    excluded = {}
    for pk in orders:
        order, state = work.order(pk), work.states.get(pk)
        if reason := scope.excluded(order, work.events[order.event_id], state, pk in by_hand):
            excluded[pk] = reason
    if excluded:
        _record_excluded(work, excluded, report)
    for pk in by_hand:
        work.state(pk).by_hand = True
    return [pk for pk in orders if pk not in excluded]


def _lost_a_record(state: OrderState) -> bool:
    """Whether an association was refused: a record may be gone, which only a look tells."""
    return any(problem["code"] in ("invalid_association", "record_vanished") for problem in state.problem or ())


def _without_filtered(work: _Slice, plan: Plan, report: Report) -> list[int]:
    """Finish the rows of orders of which the mappings' filters leave nothing; returns the others."""
    excluded = {pk: order.excluded for pk, order in plan.orders.items() if order.excluded}
    if excluded:
        for pk in excluded:
            work.state(pk).sent_hash = ""  # whatever was sent is not what a plan without anything stands for
        _record_excluded(work, excluded, report)
    return [pk for pk in plan.orders if pk not in excluded]


def _plan(work: _Slice, orders: list[int]) -> Plan:
    return planning.plan(work.connection.portal_id, work.catalog, _by_event(work, orders))


def _by_event(work: _Slice, orders: list[int]) -> Iterable[tuple[Event, list[int]]]:
    for _, pks in groupby(sorted(orders, key=lambda pk: work.order(pk).event_id), lambda pk: work.order(pk).event_id):
        pks = list(pks)
        yield work.order(pks[0]).event, pks


def _unchanged(work: _Slice, plan: Plan, pk: int) -> bool:
    state = work.states.get(pk)
    return bool(state and state.sent_hash == plan.orders[pk].fingerprint)


# Recording


def _record_excluded(work: _Slice, excluded: dict[int, str], report: Report) -> None:
    with transaction.atomic():
        held = jobs.finish(work.claim, excluded)
        for pk in held:
            state = work.state(pk)
            state.excluded_reason, state.log_count = excluded[pk], work.log_counts.get(pk, 0)
        recording.store_states(work.states[pk] for pk in held)
        recording.store_exclusions({pk: excluded[pk] for pk in held})
    report.count("excluded", map(work.order, excluded))


def _record_unchanged(work: _Slice, orders: list[int], report: Report) -> None:
    if not orders:
        return
    with transaction.atomic():
        held = jobs.finish(work.claim, orders)
        for pk in held:
            work.state(pk).log_count = work.log_counts.get(pk, 0)
            recording.settle(work.state(pk))
        recording.store_states(work.states[pk] for pk in held)
    report.count("unchanged", map(work.order, held))


def _record_success(work: _Slice, plan: Plan, verdicts: list[Verdict], report: Report) -> None:
    if not verdicts:
        return
    with transaction.atomic():
        held = jobs.finish(work.claim, [verdict.order for verdict in verdicts])
        verdicts = [verdict for verdict in verdicts if verdict.order in held]
        results = recording.store_results(verdicts, plan, _labels(work, plan))
        first_time = {pk for pk in held if not work.state(pk).sent_hash}
        for verdict in verdicts:
            _in_sync(work, verdict)
        recording.store_states(work.states[pk] for pk in held)
        told = [v.order for v in verdicts if v.written and (v.changed or v.order in first_time)]
        entries = [recording.success_entry(work.order(pk), results[pk]) for pk in told]
    LogEntry.bulk_create_and_postprocess(entries)
    report.count("sent", map(work.order, held))


def _in_sync(work: _Slice, verdict: Verdict) -> None:
    state = work.state(verdict.order)
    state.portal_id = work.connection.portal_id
    state.sent_hash = verdict.fingerprint
    state.log_count = work.log_counts.get(verdict.order, 0)
    state.associated = list(verdict.associated)
    recording.settle(state)


def _record_partial(work: _Slice, plan: Plan, verdicts: list[Verdict]) -> None:
    """What did arrive of failing orders is shown as well."""
    if verdicts:
        with transaction.atomic():
            held = jobs.lock(work.claim, [verdict.order for verdict in verdicts])
            recording.store_results([v for v in verdicts if v.order in held], plan, _labels(work, plan))


def _record_failures(work: _Slice, verdicts: list[Verdict], report: Report) -> None:
    """Count an attempt for temporary failures, stop for all others; both with their reason."""
    if not verdicts:
        return
    modes = {v.order: _mode(work, v) for v in verdicts}
    retries = {pk: _retry_at(work.claim.orders[pk].failed_attempts) for pk, mode in modes.items() if mode == TEMPORARY}
    with transaction.atomic():
        held = jobs.postpone(work.claim, retries)
        held |= jobs.fail(work.claim, {pk: mode for pk, mode in modes.items() if mode != TEMPORARY})
        for verdict in verdicts:
            state = work.state(verdict.order)
            _failing(state, verdict)
            if modes[verdict.order] not in (TEMPORARY, EXCEEDED):  # else the sweep looks after it, row or no row
                state.log_count = work.log_counts.get(verdict.order, 0)
            state.associated = list(verdict.associated) or state.associated
        recording.store_states(work.states[v.order] for v in verdicts if v.order in held)
    report.count("failed", (work.order(v.order) for v in verdicts))
    final = [v for v in verdicts if v.order in held and modes[v.order] != TEMPORARY]
    names = {pk: FieldNames(joined.event) for pk, joined in work.events.items()}
    entries = [
        recording.failure_entry(order := work.order(v.order), v, modes[v.order], names[order.event_id]) for v in final
    ]
    LogEntry.bulk_create_and_postprocess(entries)


def _failing(state: OrderState, verdict: Verdict) -> None:
    state.sent_hash, state.excluded_reason = "", ""
    state.problem = [failure.to_json() for failure in gravest_first(verdict.failures)[:20]]
    state.cause, state.attempts = cause_of(verdict.failures), state.attempts + 1
    state.failing_since = state.failing_since or now()


def _mode(work: _Slice, verdict: Verdict) -> str:
    """Core's word for the failure; a temporary one that used up its attempts is called exceeded."""
    attempts = work.claim.orders[verdict.order].failed_attempts
    return EXCEEDED if verdict.mode == TEMPORARY and attempts >= len(BACKOFF) else verdict.mode


def _retry_at(attempts: int) -> datetime:
    minutes = BACKOFF[min(attempts, len(BACKOFF) - 1)]
    return now() + timedelta(minutes=minutes * random.uniform(1.0, 1.2))  # jitter needs no secrecy


def _labels(work: _Slice, plan: Plan) -> recording.Labels:
    config = server_config()
    urls = {name: weblinks.record_base(work.connection, type_id(name), config) for name in plan.object_types()}
    return recording.Labels(work.catalog.label, urls, lambda order: work.order(order).event)


def _broken(order: int, error: Exception) -> Verdict:
    failure = classify(error) if isinstance(error, HubSpotError) else Failure(SYSTEM, "unexpected")
    return Verdict(order, "", failures=(failure,))
