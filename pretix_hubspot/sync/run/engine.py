"""The engine: a claimed slice of one portal's orders becomes records in HubSpot.

claim -> snapshot -> plan -> read, write, associate -> judge -> record
"""

import logging
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import closing

from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError
from django.utils.timezone import now

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections import resting
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.resting import rest
from pretix_hubspot.failures.codes import SYSTEM, Code
from pretix_hubspot.failures.failure import Failure, classify
from pretix_hubspot.failures.reach import concerns_portal, is_about_call
from pretix_hubspot.hubspot.budget.shared import Budget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.models import Connection, EventConnection, OrderState
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.server.patience import WORKER, Patience
from pretix_hubspot.server.safeguard import SERVER_ERRORS, log_without_values
from pretix_hubspot.sources.event_context import Contexts, EventContext
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey, SubjectPlan
from pretix_hubspot.sync.queue import claims, scope
from pretix_hubspot.sync.queue.triggers import OFFERED, Trigger
from pretix_hubspot.sync.send.batches import BatchCaller, PortalUnavailable
from pretix_hubspot.sync.send.detaching import wants_detaching
from pretix_hubspot.sync.send.removing import Removals
from pretix_hubspot.sync.send.sender import Sender, not_as_planned

from . import endings, finishing, history, loading, removals, run_log, schema_notes, uses
from .judge import Verdict, judge
from .memory import Memory
from .slices import Slice, SliceReport

logger = logging.getLogger(__name__)


def run(
    connection: Connection,
    claim: claims.Claim,
    events: Sequence[EventConnection],
    *,
    budget: Budget | None = None,
    http: Session | None = None,
    patience: Patience = WORKER,
    contexts: Contexts | None = None,
) -> SliceReport:
    """Send a claimed slice. Never raises for errors of HubSpot or of an order; all rows leave the claim.

    ``budget`` pays for the calls instead of the portal's shared one.
    ``contexts`` are the events' contexts of earlier slices.
    """
    report = SliceReport()
    report.log.start()
    try:
        client = client_for(connection, patience=patience, budget=budget, on_request=report.log.on_request, http=http)
        with closing(client):
            asking = client.for_bulk() if claim.is_bulk else client
            _run(_slice(connection, claim, events, asking, contexts), list(claim.orders), report, patience)
    except claims.ClaimLost:
        logger.warning("Another worker took over %d orders of connection %s", len(claim.rows), connection.pk)
    except SERVER_ERRORS as error:
        logger.warning("This server failed, %d orders return to the queue: %s", len(claim.rows), type(error).__name__)
        report.trouble = error
        claims.release(claim, claim.orders)
    except (SoftTimeLimitExceeded, KeyboardInterrupt, SystemExit):
        claims.release(claim, claim.orders)  # this worker is being stopped: others need not wait for the lease
        raise
    except ServerMisconfigured as error:
        logger.error("Connection %s cannot be used: %s", connection.pk, error)
        _let_rest(connection, claim, report, error)
    except PortalUnavailable as trouble:
        _let_rest(connection, claim, report, trouble.error)
    run_log.count_today((event_connection.event for event_connection in events), report.by_event)
    report.log.store(claim, events, report.endings, resting.reason(report.trouble) if report.trouble else "")
    return report


def _slice(
    connection: Connection,
    claim: claims.Claim,
    events: Sequence[EventConnection],
    client: Client,
    contexts: Contexts | None,
) -> Slice:
    by_event, catalog = {e.event_id: e for e in events}, Catalog(connection, client)
    work = Slice(connection, claim, by_event, client, catalog, {} if contexts is None else contexts)
    for row in claim.rows:
        row.order.event = work.events[row.event_id].event  # one instance, so that its settings are read once
    return work


def _let_rest(connection: Connection, claim: claims.Claim, report: SliceReport, error: Exception) -> None:
    """Let the portal rest, since it is the problem; the orders wait unchanged."""
    report.trouble = error
    if resting.is_needed(error, claim.is_bulk):
        rest(connection, resting.until(connection, error), resting.reason(error))
    claims.release(claim, claim.orders)


def _run(
    work: Slice,
    orders: list[int],
    report: SliceReport,
    patience: Patience,
    again: bool = False,
) -> None:
    """Send these orders; an order that breaks the engine itself is found by halving, and does not harm the others."""
    try:
        _send(work, _plan(work, orders, report), report, patience)
    except (PortalUnavailable, ServerMisconfigured, claims.ClaimLost, SoftTimeLimitExceeded):
        raise
    except HubSpotError as error:  # not about an order: the schema could not be read
        if concerns_portal(error) or is_about_call(error) or error.retryable:
            raise PortalUnavailable(error) from error
        _fail(work, orders, classify(error), report)
    except SERVER_ERRORS:
        raise  # no order is to blame, and no result can be stored
    except Exception as error:
        if len(orders) > 1:
            middle = len(orders) // 2
            _run(work, orders[:middle], report, patience)
            _run(work, orders[middle:], report, patience)
        elif isinstance(error, IntegrityError) and not again:  # another worker was faster, and is known to a new plan
            _run(work, orders, report, patience, again=True)
        else:
            log_without_values("Sending an order failed unexpectedly", error)
            _fail(work, orders, Failure(SYSTEM, Code.UNEXPECTED.value), report)


def _fail(work: Slice, orders: list[int], failure: Failure, report: SliceReport) -> None:
    """Store one failure for orders that have no plan."""
    verdicts = [Verdict(Subject.of_order(pk), "", failures=(failure,)) for pk in orders]
    finishing.write(work, endings.judged(verdicts, work.past, work.occasion()), report)


def _plan(work: Slice, orders: list[int], report: SliceReport) -> Plan:
    """Plan these orders; orders without anything to send leave the claim."""
    work.planned_at = now()
    excluded = _excluded(work, orders)
    marked = removals.marked(work.connection.portal_id, work.stored.intersection(orders))
    included = [pk for pk in orders if pk not in excluded]
    try:
        plan = loading.plan(work.connection.portal_id, work.catalog, _by_event(work, included))
    except HubSpotError:  # the exclusions do not wait for a schema
        finishing.write(work, endings.left_out(excluded, work.past), report)
        raise
    plan, todo, ended = _sorted_out(work, plan, excluded, marked)
    ended += endings.missing(set(included) - plan.orders() - {ending.order for ending in ended})
    held = finishing.write(work, ended, report, staying=todo)
    return plan.only(map(Subject.of_order, todo & held))


def _sorted_out(
    work: Slice, plan: Plan, excluded: Mapping[int, str], marked: set[int]
) -> tuple[Plan, set[int], list[endings.Ending]]:
    """Divide orders into those to send and those that end at once; returns the plan, the former, and the endings.

    Orders of the latter that are ``marked`` stay as well, with nothing but removals in their plan.
    """
    filtered = {subject.pk: planned.excluded for subject, planned in plan.subjects.items() if planned.excluded}
    marked = marked | {pk for pk in filtered if plan.subjects[Subject.of_order(pk)].removed}
    work.left_out = {pk: why for pk, why in {**excluded, **filtered}.items() if pk in marked}
    planned = [part for part in plan.subjects.values() if part.subject.pk not in filtered]
    unchanged = [part for part in planned if part.subject.pk not in marked and _is_unchanged(work, part)]
    todo = {part.subject.pk for part in planned} - {part.subject.pk for part in unchanged}
    offered = {pk: why for pk in todo if (why := _offered(work, plan.subjects[Subject.of_order(pk)]))}
    as_sent = {pk for pk in todo if work.claim.orders[pk].triggered_by == Trigger.REMOVAL and _is_as_sent(work, pk)}
    not_sent = offered.keys() | as_sent
    ended = [
        *endings.left_out(_without(excluded, marked), work.past),
        *endings.missing(as_sent - marked),
        *endings.filtered(_without(filtered, marked), work.past),
        *endings.unchanged(unchanged, work.past, work.occasion()),
        *endings.offered(_without(offered, marked)),
    ]
    plan = _only_remove(plan, marked & (excluded.keys() | not_sent))
    return plan, (todo - (not_sent - marked)) | work.left_out.keys(), ended


def _send(work: Slice, plan: Plan, report: SliceReport, patience: Patience) -> None:
    if not plan.subjects:
        return
    memory = Memory(plan, frozenset(map(Subject.of_order, work.stored)))
    try:
        _send_leased(work, plan, memory, report, patience)
    finally:
        memory.release()


def _send_leased(work: Slice, plan: Plan, memory: Memory, report: SliceReport, patience: Patience) -> None:
    """Lease the records that will be written or removed, and send the orders that have got all of theirs."""
    forced = frozenset(map(Subject.of_order, work.forced))
    known = memory.known()
    used = uses.of_subjects(plan.portal_id, [s for s in plan.subjects if s.pk in work.stored])
    made = {subject: uses.associations(used.get(subject, ())) for subject in plan.subjects}
    detaching = [subject for subject in used if made[subject] and wants_detaching(plan.subjects[subject])]
    earlier = {subject: uses.places(used[subject]) for subject in detaching}
    leaving = removals.planned(plan, used)
    waiting = _lease(plan, memory, not_as_planned(plan, known, forced), leaving)
    if waiting:
        finishing.write(work, endings.busy(subject.pk for subject in waiting), report)
        plan = plan.only(plan.subjects.keys() - waiting)
    if not plan.subjects:
        return
    leaving = {subject: some for subject, some in leaving.items() if subject not in waiting}
    own, kept = removals.alone(leaving, map(memory.pk, plan.records))
    removals.begin(own)

    def renew() -> None:
        work.claim.renew()
        memory.renew()

    caller = BatchCaller(renew_claim=renew, probe=work.client.account, patience=patience)
    sender = Sender(work.client, caller, forced, work.catalog.together(plan.object_types()), memory)
    execution = sender.send(plan, memory.fresh(known, plan), made, earlier, own)
    execution.keep(kept)
    verdicts = judge(plan, execution)
    schema_notes.note_access(work, execution, verdicts)
    work.catalog.note_together(execution.together)
    schema_notes.doubt_schema(work, verdicts)
    arrived = finishing.Arrived(plan, execution.sent(), memory, used)
    finishing.write(work, _ended(work, plan, verdicts), report, arrived)


def _lease(plan: Plan, memory: Memory, refs: Iterable[RecordKey], leaving: Removals) -> set[Subject]:
    """Lease records that will be written, and those that will be removed.

    Returns the orders that go back at once, since another worker writes a record of theirs.
    """
    waiting = {subject for ref in memory.lease(refs) for subject in plan.records[ref].subjects}
    records = {removal.record for of_subject in leaving.values() for removal in of_subject}
    held = memory.lease_rows(records)
    return waiting | {subject for subject, some in leaving.items() if {one.record for one in some} - held}


def _ended(work: Slice, plan: Plan, verdicts: Sequence[Verdict]) -> list[endings.Ending]:
    """The endings of orders that were sent; some of them only lost their former records."""

    def only_removed(verdict: Verdict) -> bool:
        is_left_out = verdict.subject.pk in work.left_out or plan.subjects[verdict.subject].only_removes
        return is_left_out and not verdict.failures

    sent = [verdict for verdict in verdicts if not only_removed(verdict)]
    return [
        *endings.only_removed(work.left_out, filter(only_removed, verdicts), work.past),
        *endings.judged(sent, work.past, work.occasion()),
    ]


# Before sending


def _excluded(work: Slice, orders: list[int]) -> dict[int, str]:
    """Load states and log counts; returns the exclusions of orders that are not in scope."""
    by_hand = {pk for pk in orders if work.claim.orders[pk].triggered_by == Trigger.SYNC_NOW}
    work.states = loading.states_of(orders)
    work.stored = frozenset(work.states)
    work.forced = frozenset(by_hand | {pk for pk, state in work.states.items() if _lost_a_record(state)})
    work.log_counts = history.log_counts(orders)
    excluded = {}
    for pk in orders:
        order, state = work.order(pk), work.states.get(pk)
        if reason := scope.excluded(order, work.events[order.event_id], state, pk in by_hand):
            excluded[pk] = reason
    for pk in by_hand:
        work.state(pk).by_hand = True
    return excluded


def _lost_a_record(state: OrderState) -> bool:
    """Whether an association was refused: a record may be gone, which only a lookup shows."""
    return any(problem["code"] in (Code.INVALID_ASSOCIATION, Code.RECORD_VANISHED) for problem in state.problem or ())


def _by_event(work: Slice, orders: list[int]) -> list[tuple[EventContext, list[int]]]:
    by_event: dict[int, list[int]] = {}
    for pk in orders:
        by_event.setdefault(work.order(pk).event_id, []).append(pk)
    return [(work.context(event), pks) for event, pks in sorted(by_event.items())]


def _only_remove(plan: Plan, orders: Iterable[int]) -> Plan:
    """The plan with nothing but removals of these orders: they are left out or only offered, or did not change."""
    subjects = set(map(Subject.of_order, orders))
    if subjects:
        plan = plan.only(plan.subjects.keys() - subjects)
        plan.subjects |= {subject: SubjectPlan(subject, (), only_removes=True) for subject in subjects}
    return plan


def _without(reasons: Mapping[int, str], orders: Container[int]) -> dict[int, str]:
    return {pk: reason for pk, reason in reasons.items() if pk not in orders}


def _offered(work: Slice, planned: SubjectPlan) -> str:
    """Why an order that would be sent otherwise is only offered; empty for an order that is sent.

    An order that changed itself is sent, whatever it was queued for. The daily comparison makes no sync problem of an
    order that HubSpot holds, say since a property is gone.
    """
    trigger = work.claim.orders[planned.subject.pk].triggered_by
    if not _is_as_sent(work, planned.subject.pk):
        return ""
    if trigger == Trigger.COMPARED and planned.withheld:
        return OFFERED[Trigger.OFFER_DEFINITION]
    return OFFERED.get(trigger, "")


def _is_as_sent(work: Slice, order: int) -> bool:
    """Whether an order was sent, and did not change itself since."""
    state = work.states.get(order)
    return bool(state and state.sent_hash and work.log_counts.get(order, 0) <= state.log_count)


def _is_unchanged(work: Slice, planned: SubjectPlan) -> bool:
    order = planned.subject.pk
    state = work.states.get(order)
    return bool(state and state.sent_hash == planned.fingerprint) and order not in work.forced
