"""How orders leave a slice: each ending is one transaction, and counts only for rows whose claim still holds."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now
from pretix.base.models import LogEntry

from pretix_hubspot.catalog.object_types import type_id
from pretix_hubspot.failures.causes import cause_of, gravest_first
from pretix_hubspot.failures.codes import TEMPORARY, Exclusion
from pretix_hubspot.models import EventConnection, OrderState
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import record_base
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey
from pretix_hubspot.sync.queue import order_queue, scope
from pretix_hubspot.sync.send.outcome import Known, Sent

from . import record_links, recording
from .judge import Verdict
from .slices import Slice, SliceReport

#: Minutes until the next attempt after the first, second, … temporary failure of an order.
BACKOFF = (1, 5, 15, 60)
#: Core's word for a temporary failure that used up its attempts; the sweep re-arms it.
EXCEEDED = "exceeded"


def leave_out(work: Slice, excluded: dict[int, str], report: SliceReport) -> None:
    """Orders of which nothing is sent, by reason."""
    with transaction.atomic():
        held = order_queue.finish(work.claim, excluded)
        for pk in held:
            state = work.state(pk)
            state.excluded_reason, state.log_count = excluded[pk], work.log_counts.get(pk, 0)
        recording.store_states(work.states[pk] for pk in held)
        recording.store_exclusions({pk: excluded[pk] for pk in held})
    report.count("excluded", map(work.order, excluded))


def leave_out_unmapped(work: Slice, orders: list[int], report: SliceReport) -> None:
    """Orders of events without a mapping. Those that got their first one since the plan was made go back.

    Who saves a mapping takes the same lock before looking for orders that wait for it, so that none is overlooked.
    """
    if not orders:
        return
    with transaction.atomic():
        events = {work.order(pk).event_id for pk in orders}
        list(EventConnection.objects.select_for_update().filter(event__in=events).order_by("pk"))
        mapped = set(scope.mapped().filter(event__in=events).values_list("event", flat=True))
        late = [pk for pk in orders if work.order(pk).event_id in mapped]
        order_queue.release(work.claim, late)
        leave_out(work, dict.fromkeys(set(orders) - set(late), Exclusion.NO_MAPPINGS), report)


def pass_over(work: Slice, orders: list[int], report: SliceReport) -> None:
    """Orders that HubSpot holds already as they are."""
    if not orders:
        return
    with transaction.atomic():
        held = order_queue.finish(work.claim, orders)
        for pk in held:
            work.state(pk).log_count = work.log_counts.get(pk, 0)
            recording.settle(work.state(pk), work.planned_at)
        recording.store_states(work.states[pk] for pk in held)
        recording.drop_exclusions(held)
    report.count("unchanged", map(work.order, held))


def succeed(work: Slice, plan: Plan, verdicts: list[Verdict], report: SliceReport) -> None:
    """Orders that are in sync now."""
    if not verdicts:
        return
    with transaction.atomic():
        held = order_queue.finish(work.claim, [verdict.subject.pk for verdict in verdicts])
        report.log.forget(verdict.subject.pk for verdict in verdicts if verdict.subject.pk not in held)
        verdicts = [verdict for verdict in verdicts if verdict.subject.pk in held]
        results = recording.store_results(verdicts, plan, _labels(work, plan))
        first_time = {pk for pk in held if not work.state(pk).sent_hash}
        for verdict in verdicts:
            _in_sync(work, verdict)
        recording.store_states(work.states[pk] for pk in held)
        told = [v.subject.pk for v in verdicts if v.written and (v.changed or v.subject.pk in first_time)]
        entries = [recording.success_entry(work.order(pk), results[pk]) for pk in told]
    LogEntry.bulk_create_and_postprocess(entries)
    report.count("sent", map(work.order, held))


def _in_sync(work: Slice, verdict: Verdict) -> None:
    state = work.state(verdict.subject.pk)
    state.portal_id = work.connection.portal_id
    state.sent_hash = verdict.fingerprint
    state.log_count = work.log_counts.get(verdict.subject.pk, 0)
    state.associated = [link.to_text() for link in verdict.associated]
    recording.settle(state, work.planned_at)


def remember(work: Slice, plan: Plan, sent: Mapping[RecordKey, Sent], known: Mapping[RecordKey, Known]) -> None:
    """Where the records are now, of orders that nobody took away meanwhile: their data may have been shredded."""
    with transaction.atomic():
        held = set(map(Subject.of_order, order_queue.lock(work.claim, plan.orders())))
        record_links.store(
            plan.portal_id, {ref: item for ref, item in sent.items() if plan.records[ref].subjects & held}, known
        )


def note_arrived(work: Slice, plan: Plan, verdicts: list[Verdict]) -> None:
    """What did arrive of failing orders is shown as well."""
    if verdicts:
        with transaction.atomic():
            held = order_queue.lock(work.claim, [verdict.subject.pk for verdict in verdicts])
            recording.store_results([v for v in verdicts if v.subject.pk in held], plan, _labels(work, plan))


def fail(work: Slice, verdicts: list[Verdict], report: SliceReport) -> None:
    """Count an attempt for temporary failures, stop for all others; both with their reason."""
    if not verdicts:
        return
    modes = {v.subject.pk: _mode(work, v) for v in verdicts}
    retries = {pk: _retry_at(work.claim.orders[pk].failed_attempts) for pk, mode in modes.items() if mode == TEMPORARY}
    with transaction.atomic():
        held = order_queue.postpone(work.claim, retries)
        held |= order_queue.fail(work.claim, {pk: mode for pk, mode in modes.items() if mode != TEMPORARY})
        for verdict in verdicts:
            state = work.state(verdict.subject.pk)
            _failing(state, verdict)
            if modes[verdict.subject.pk] not in (TEMPORARY, EXCEEDED):  # else the sweep looks after it, row or no row
                state.log_count = work.log_counts.get(verdict.subject.pk, 0)
            state.associated = [link.to_text() for link in verdict.associated] or state.associated
        recording.store_states(work.states[v.subject.pk] for v in verdicts if v.subject.pk in held)
    report.log.forget(verdict.subject.pk for verdict in verdicts if verdict.subject.pk not in held)
    report.count("failed", (work.order(v.subject.pk) for v in verdicts))
    final = [v for v in verdicts if v.subject.pk in held and modes[v.subject.pk] != TEMPORARY]
    entries = []
    for verdict in final:
        order = work.order(verdict.subject.pk)
        entries.append(recording.failure_entry(order, verdict, modes[order.pk], work.context(order.event_id)))
    LogEntry.bulk_create_and_postprocess(entries)


def _failing(state: OrderState, verdict: Verdict) -> None:
    state.sent_hash, state.excluded_reason = "", ""
    state.problem = [failure.to_json() for failure in gravest_first(verdict.failures)[:20]]
    state.cause, state.attempts = cause_of(verdict.failures), state.attempts + 1
    state.failing_since = state.failing_since or now()


def _mode(work: Slice, verdict: Verdict) -> str:
    """Core's word for the failure; a temporary one that used up its attempts is called exceeded."""
    attempts = work.claim.orders[verdict.subject.pk].failed_attempts
    return EXCEEDED if verdict.mode == TEMPORARY and attempts >= len(BACKOFF) else verdict.mode


def _retry_at(attempts: int) -> datetime:
    minutes = BACKOFF[min(attempts, len(BACKOFF) - 1)]
    return now() + timedelta(minutes=minutes * random.uniform(1.0, 1.2))  # jitter needs no secrecy


def _labels(work: Slice, plan: Plan) -> recording.Labels:
    config = server_config()
    urls = {name: record_base(work.connection, type_id(name), config) for name in plan.object_types()}
    return recording.Labels(work.catalog.label, urls, lambda order: work.order(order).event)
