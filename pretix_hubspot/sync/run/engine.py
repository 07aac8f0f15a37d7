"""The engine: a claimed slice of one portal's orders becomes records in HubSpot.

claim -> snapshot -> plan -> read, write, associate -> judge -> record
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby

from celery.exceptions import SoftTimeLimitExceeded
from django.utils.timezone import now

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections import resting
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.resting import rest
from pretix_hubspot.failures.codes import CONTRADICTS_SCHEMA, SYSTEM, Code, Exclusion
from pretix_hubspot.failures.failure import Failure, classify
from pretix_hubspot.failures.reach import concerns_portal, is_about_call
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.errors import Forbidden, HubSpotError, MissingScope
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.models import Connection, EventConnection, OrderState
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.server.patience import WORKER, Patience
from pretix_hubspot.server.safeguard import SERVER_ERRORS, log_without_values
from pretix_hubspot.sources.event_context import Contexts, EventContext
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan
from pretix_hubspot.sync.queue import order_queue, scope
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.send.batches import BatchCaller, PortalUnavailable
from pretix_hubspot.sync.send.detaching import wants_detaching
from pretix_hubspot.sync.send.outcome import Execution
from pretix_hubspot.sync.send.sender import Executor

from . import finishing, loading, record_links, recording
from .judge import Verdict, judge
from .slices import PlannedSlice, Slice, SliceReport

logger = logging.getLogger(__name__)


def run(
    connection: Connection,
    claim: order_queue.Claim,
    events: Sequence[EventConnection],
    *,
    http: Session | None = None,
    idle: Callable[[float], None] | None = None,
    prepared: PlannedSlice | None = None,
    patience: Patience = WORKER,
    contexts: Contexts | None = None,
) -> SliceReport:
    """Send a claimed slice. Never raises for anything about HubSpot or an order; all rows leave the claim.

    ``idle`` waits while the request budget is used up, instead of ``time.sleep``.
    ``prepared`` is what ``prepare`` made of the claim.
    ``contexts`` are what the slices before have learned about their events.
    """
    report = prepared.report if prepared else SliceReport()
    report.log.start()
    try:
        options = {"patience": patience, "on_request": report.log.on_request, "http": http, "sleep": idle}
        with closing(client_for(connection, **options)) as client:
            asking = client.for_bulk() if claim.is_bulk else client
            work = prepared.work if prepared else _slice(connection, claim, events, asking, contexts)
            work = replace(work, client=asking)
            _run(work, list(claim.orders), report, patience, prepared.part if prepared else None)
    except order_queue.ClaimLost:
        logger.warning("Another worker took over %d orders of connection %s", len(claim.rows), connection.pk)
    except SERVER_ERRORS as error:
        logger.warning("This server failed, %d orders return to the queue: %s", len(claim.rows), type(error).__name__)
        report.trouble = error
        order_queue.release(claim, claim.orders)
    except (SoftTimeLimitExceeded, KeyboardInterrupt, SystemExit):
        order_queue.release(claim, claim.orders)  # somebody ends this worker: others need not wait for the lease
        raise
    except ServerMisconfigured as error:
        logger.error("Connection %s cannot be used: %s", connection.pk, error)
        _let_rest(connection, claim, report, error)
    except PortalUnavailable as trouble:
        _let_rest(connection, claim, report, trouble.error)
    recording.count_today((joined.event for joined in events), report.by_event)
    report.log.store(claim, events, resting.reason(report.trouble) if report.trouble else "")
    return report


def prepare(
    connection: Connection,
    claim: order_queue.Claim,
    events: Sequence[EventConnection],
    contexts: Contexts | None = None,
) -> PlannedSlice:
    """Plan a slice that is sent later. Raises whatever stands in the way; the claim is the caller's to release then.

    HubSpot is asked for nothing but a schema that was never read, and only if the budget has a request left.
    """
    report = SliceReport()
    with closing(client_for(connection, patience=WORKER.without_waiting(), on_request=report.log.on_request)) as client:
        work = _slice(connection, claim, events, client, contexts)
        return PlannedSlice(work, _planned(work, list(claim.orders), report), report)


def _slice(
    connection: Connection,
    claim: order_queue.Claim,
    events: Sequence[EventConnection],
    client: Client,
    contexts: Contexts | None,
) -> Slice:
    by_event, catalog = {e.event_id: e for e in events}, Catalog(connection, client)
    work = Slice(connection, claim, by_event, client, catalog, {} if contexts is None else contexts)
    for row in claim.rows:
        row.order.event = work.events[row.event_id].event  # one instance, so that its settings are read once
    return work


def _let_rest(connection: Connection, claim: order_queue.Claim, report: SliceReport, error: Exception) -> None:
    """The portal is the problem: it is left alone for a while, and the orders wait unharmed."""
    report.trouble = error
    if resting.is_needed(error, claim.is_bulk):
        rest(connection, resting.until(connection, error), resting.reason(error))
    order_queue.release(claim, claim.orders)


def _run(work: Slice, orders: list[int], report: SliceReport, patience: Patience, part: Plan | None = None) -> None:
    """Send these orders; one that breaks the engine itself is found by halving, and costs the others nothing."""
    try:
        _send(work, part or _planned(work, orders, report), report, patience)
    except (PortalUnavailable, ServerMisconfigured, order_queue.ClaimLost, SoftTimeLimitExceeded):
        raise
    except HubSpotError as error:  # outside of any order: the schema could not be read
        if concerns_portal(error) or is_about_call(error) or error.retryable:
            raise PortalUnavailable(error) from error
        broken = [_broken(pk, error) for pk in orders]
        report.log.judged(broken)
        finishing.fail(work, broken, report)
    except SERVER_ERRORS:
        raise  # no order is to blame, and nothing can be recorded
    except Exception as error:
        if len(orders) > 1:
            middle = len(orders) // 2
            _run(work, orders[:middle], report, patience)
            _run(work, orders[middle:], report, patience)
        else:
            log_without_values("Sending an order failed unexpectedly", error)
            broken = [_broken(orders[0], error)]
            report.log.judged(broken)
            finishing.fail(work, broken, report)


def _planned(work: Slice, orders: list[int], report: SliceReport) -> Plan:
    """What there is to send of these orders; those of which nothing is leave the claim."""
    work.planned_at = now()
    wanted = _in_scope(work, orders, report)
    plan = _plan(work, wanted)
    order_queue.finish(work.claim, set(wanted) - plan.orders())  # deleted meanwhile
    wanted = _without_filtered(work, plan, report)
    todo = [pk for pk in wanted if pk in work.forced or not _unchanged(work, plan, pk)]
    unchanged = [pk for pk in wanted if pk not in set(todo)]
    finishing.pass_over(work, unchanged, report)
    report.log.passed_over(plan, unchanged)
    return plan.only(map(Subject.of_order, todo))


def _send(work: Slice, part: Plan, report: SliceReport, patience: Patience) -> None:
    held = order_queue.still_held(work.claim, part.orders())
    part = part.only(map(Subject.of_order, held))  # planned some time ago, and shredded since, say
    if not part.subjects:
        return
    known = record_links.known(part.portal_id, part.records)
    associated = {subject: work.associated(subject.pk) for subject in part.subjects}
    caller = BatchCaller(beat=work.claim.renew, probe=work.client.account, patience=patience)
    earlier = recording.sent_earlier(
        [subject for subject, made in associated.items() if made and wants_detaching(part.subjects[subject])]
    )
    together = work.catalog.together(part.object_types())
    forced = frozenset(map(Subject.of_order, work.forced))
    execution = Executor(work.client, caller, forced, together).run(part, known, associated, earlier)
    finishing.remember(work, part, execution.sent(), known)
    verdicts = judge(part, execution)
    _note_access(work, execution, verdicts)
    work.catalog.note_together(execution.together)
    _note_what_is_gone(work, verdicts)
    report.log.judged(verdicts)
    finishing.succeed(work, part, [v for v in verdicts if not v.failures], report)
    finishing.note_arrived(
        work, part, [recording.without_moved(v, earlier.get(v.subject, {})) for v in verdicts if v.failures]
    )
    finishing.fail(work, [v for v in verdicts if v.failures], report)


def _note_access(work: Slice, execution: Execution, verdicts: list[Verdict]) -> None:
    """Remember which object types HubSpot did not let pretix use, and that it does again."""
    lacking = {failure.object_type: failure for verdict in verdicts for failure in verdict.lacking}
    used = {ref[0] for ref, sent in execution.sent().items() if sent.changed}
    work.catalog.note_access({name: _refusal(failure) for name, failure in lacking.items()}, used)


def _note_what_is_gone(work: Slice, verdicts: list[Verdict]) -> None:
    """Pages, preview and the next orders are to know what HubSpot no longer has, as this order does."""
    failures = [failure for verdict in verdicts for failure in verdict.failures]
    if gone := {failure.object_type for failure in failures if failure.code in CONTRADICTS_SCHEMA}:
        work.catalog.doubt(gone)


def _refusal(failure: Failure) -> HubSpotError:
    if failure.code != Code.MISSING_SCOPE:
        return Forbidden(failure.message)
    scopes = tuple(failure.params.get("scopes", "").split(", "))
    return MissingScope(failure.message, context={"requiredScopes": scopes})


# Before sending


def _in_scope(work: Slice, orders: list[int], report: SliceReport) -> list[int]:
    """Load states, remember what was asked for by hand, and finish the rows of orders that are left out."""
    by_hand = {pk for pk in orders if work.claim.orders[pk].triggered_by == Trigger.SYNC_NOW}
    work.states = {s.order_id: s for s in OrderState.objects.filter(order_id__in=orders)}
    work.forced = frozenset(by_hand | {pk for pk, state in work.states.items() if _lost_a_record(state)})
    work.log_counts = recording.log_counts(orders)
    excluded = {}
    for pk in orders:
        order, state = work.order(pk), work.states.get(pk)
        if reason := scope.excluded(order, work.events[order.event_id], state, pk in by_hand):
            excluded[pk] = reason
    if excluded:
        finishing.leave_out(work, excluded, report)
    for pk in by_hand:
        work.state(pk).by_hand = True
    return [pk for pk in orders if pk not in excluded]


def _lost_a_record(state: OrderState) -> bool:
    """Whether an association was refused: a record may be gone, which only a look tells."""
    return any(problem["code"] in (Code.INVALID_ASSOCIATION, Code.RECORD_VANISHED) for problem in state.problem or ())


def _without_filtered(work: Slice, plan: Plan, report: SliceReport) -> list[int]:
    """Finish the rows of orders of which the mappings leave nothing; returns the others."""
    excluded = {subject.pk: planned.excluded for subject, planned in plan.subjects.items() if planned.excluded}
    if excluded:
        for pk in excluded:
            work.state(pk).sent_hash = ""  # whatever was sent is not what a plan without anything stands for
        unmapped = [pk for pk, reason in excluded.items() if reason == Exclusion.NO_MAPPINGS]
        finishing.leave_out_unmapped(work, unmapped, report)
        finishing.leave_out(work, {pk: why for pk, why in excluded.items() if pk not in set(unmapped)}, report)
    return [subject.pk for subject in plan.subjects if subject.pk not in excluded]


def _plan(work: Slice, orders: list[int]) -> Plan:
    return loading.plan(work.connection.portal_id, work.catalog, _by_event(work, orders))


def _by_event(work: Slice, orders: list[int]) -> Iterable[tuple[EventContext, list[int]]]:
    for _, pks in groupby(sorted(orders, key=lambda pk: work.order(pk).event_id), lambda pk: work.order(pk).event_id):
        pks = list(pks)
        yield work.context(work.order(pks[0]).event_id), pks


def _unchanged(work: Slice, plan: Plan, pk: int) -> bool:
    state = work.states.get(pk)
    return bool(state and state.sent_hash == plan.subjects[Subject.of_order(pk)].fingerprint)


def _broken(order: int, error: Exception) -> Verdict:
    failure = classify(error) if isinstance(error, HubSpotError) else Failure(SYSTEM, Code.UNEXPECTED.value)
    return Verdict(Subject.of_order(order), "", failures=(failure,))
