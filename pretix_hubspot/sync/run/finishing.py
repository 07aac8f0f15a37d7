"""Write endings: the ending of each order is stored at once, for orders whose claim still holds."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now
from pretix.base.models import LogEntry

from pretix_hubspot.catalog.object_types import type_id
from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import EventConnection, OrderState
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import record_base
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan, RecordKey
from pretix_hubspot.sync.queue import claims, scope
from pretix_hubspot.sync.queue.triggers import COMPARISONS
from pretix_hubspot.sync.send.outcome import SentRecord

from . import history, order_states, results, use_changes
from .endings import SUCCESS, Ending, RowAction
from .memory import Memory
from .slices import Slice, SliceReport
from .uses import Uses

#: Exclusions of orders for which no mapping makes a record any more.
NOT_MAPPED = frozenset({Exclusion.NO_MAPPINGS, Exclusion.FILTERS})


@dataclass(frozen=True)
class Arrived:
    """The records of a plan that arrived, our memory of them, and the uses that were stored before."""

    plan: Plan
    sent: Mapping[RecordKey, SentRecord]
    memory: Memory
    uses: Uses


def write(
    work: Slice,
    endings: Sequence[Ending],
    report: SliceReport,
    arrived: Arrived | None = None,
    staying: Iterable[int] = (),
) -> set[int]:
    """Store how these orders end, all of it or nothing. Returns the orders that we still hold, or held until now.

    Their rows are locked: nothing is stored about an order that was taken away, since its data may have been shredded.
    ``staying`` are orders of the claim that go on.
    """
    if not endings:
        return claims.still_held(work.claim, staying)
    rows: dict[int, list[results.Result]] = {}
    with transaction.atomic():
        endings = _unless_mapped_since(work, endings)
        overtaken = _overtaken(arrived) if arrived else set()
        endings = _unless_overtaken(endings, overtaken, arrived)
        held = _leave(work, endings, staying)
        ended = [ending for ending in endings if ending.order in held]
        order_states.store_states([_changed(work, ending) for ending in ended if ending.state])
        results.store_exclusions({e.order: e.excluded for e in ended if e.excluded is not None})
        if arrived:
            shown = {ending.order: ending.shown for ending in ended if ending.verdict and not ending.excluded}
            labels = _labels(work, arrived.plan)
            rows = results.store_results(shown, arrived.plan, labels)
            removed = {e.order: e.verdict.removed for e in ended if e.verdict and e.verdict.removed}
            for order, gone in results.take_away(removed, labels).items():
                rows.setdefault(order, []).extend(gone)
            _remember(work, ended, held, arrived, overtaken)
        if unmapped := [ending.order for ending in ended if ending.excluded in NOT_MAPPED]:
            use_changes.give_up(work.connection.portal_id, unmapped)
    if arrived:
        arrived.memory.committed()
    LogEntry.bulk_create_and_postprocess([_entry(work, ending, rows) for ending in ended if ending.entry])
    report.endings += ended
    report.by_event.update((work.order(e.order).event_id, _counted(work, e)) for e in ended if e.counted)
    return held


def _counted(work: Slice, ending: Ending) -> str:
    """The number that grows; orders that were only compared are none of a day's unchanged ones."""
    is_compared = work.claim.orders[ending.order].triggered_by in COMPARISONS
    return "compared" if is_compared and ending.counted == "unchanged" else ending.counted


def _overtaken(arrived: Arrived) -> set[RecordKey]:
    """The records whose orders must look again, see ``Memory.overtaken``."""
    before = {(subject, use.record_id) for subject, uses in arrived.uses.items() for use in uses}
    records = arrived.plan.records
    users = {ref: {(s, arrived.memory.pk(ref)) for s in records[ref].subjects} for ref in arrived.sent}
    return arrived.memory.overtaken(ref for ref, pairs in users.items() if pairs - before)


def _unless_overtaken(
    endings: Sequence[Ending], overtaken: set[RecordKey], arrived: Arrived | None
) -> Sequence[Ending]:
    """Postpone orders with a record that another worker wrote behind our back."""
    if not arrived or not overtaken:
        return endings
    again = {subject.pk for ref in overtaken for subject in arrived.plan.records[ref].subjects}
    return [Ending(e.order, RowAction.POSTPONE) if e.order in again else e for e in endings]


def _remember(
    work: Slice, ended: Sequence[Ending], held: set[int], arrived: Arrived, overtaken: set[RecordKey]
) -> None:
    """Store the records of orders that are still held, and who uses them."""
    sent = _sent_by(held, arrived)
    arrived.memory.store({ref: item for ref, item in sent.items() if ref not in overtaken})
    verdicts = [ending.verdict for ending in ended if ending.verdict]
    events = {verdict.subject: work.order(verdict.subject.pk).event_id for verdict in verdicts}
    use_changes.store(verdicts, arrived.plan, arrived.memory, arrived.uses, events)


def _unless_mapped_since(work: Slice, endings: Sequence[Ending]) -> list[Ending]:
    """Release orders without a mapping if their event got its first one since the plan was made.

    Saving a mapping takes the same lock before it queues the waiting orders, so that none is overlooked.
    """
    unmapped = [ending for ending in endings if ending.excluded == Exclusion.NO_MAPPINGS]
    if not unmapped:
        return list(endings)
    events = {work.order(ending.order).event_id for ending in unmapped}
    list(EventConnection.objects.select_for_update().filter(event__in=events).order_by("pk"))
    mapped = set(scope.mapped().filter(event__in=events).values_list("event", flat=True))
    late = {ending.order for ending in unmapped if work.order(ending.order).event_id in mapped}
    return [Ending(e.order, RowAction.RELEASE) if e.order in late else e for e in endings]


def _leave(work: Slice, endings: Sequence[Ending], staying: Iterable[int]) -> set[int]:
    by_action: dict[RowAction, list[Ending]] = {action: [] for action in RowAction}
    for ending in endings:
        by_action[ending.action].append(ending)
    return claims.leave(
        work.claim,
        finished=[ending.order for ending in by_action[RowAction.FINISH]],
        retries={ending.order: _in_minutes(ending.wait) for ending in by_action[RowAction.RETRY]},
        stopped={ending.order: ending.mode for ending in by_action[RowAction.STOP]},
        released=[ending.order for ending in by_action[RowAction.RELEASE]],
        postponed=[ending.order for ending in by_action[RowAction.POSTPONE]],
        staying=staying,
    )


def _in_minutes(wait: int) -> datetime:
    return now() + timedelta(minutes=wait * random.uniform(1.0, 1.2))  # jitter needs no secrecy


def _changed(work: Slice, ending: Ending) -> OrderState:
    state = work.state(ending.order)
    for name, value in ending.state.items():
        setattr(state, name, value)
    return state


def _sent_by(held: set[int], arrived: Arrived) -> dict[RecordKey, SentRecord]:
    """The records of orders that are still held."""
    subjects = set(map(Subject.of_order, held))
    return {ref: sent for ref, sent in arrived.sent.items() if arrived.plan.records[ref].subjects & subjects}


def _entry(work: Slice, ending: Ending, rows: Mapping[int, Sequence[results.Result]]) -> LogEntry:
    order = work.order(ending.order)
    if ending.entry == SUCCESS:
        return history.success_entry(order, rows.get(order.pk, ()))
    failures = ending.verdict.failures if ending.verdict else ()
    return history.failure_entry(order, failures, ending.mode, work.context(order.event_id))


def _labels(work: Slice, plan: Plan) -> results.Labels:
    config = server_config()
    urls = {name: record_base(work.connection, type_id(name), config) for name in plan.object_types()}
    return results.Labels(work.catalog.label, urls, lambda order: work.order(order).event)
