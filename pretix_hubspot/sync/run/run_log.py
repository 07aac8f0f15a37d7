"""The log: each run, each day's numbers, and for each order the changed properties of its records.

Collected while a slice runs and written at its end, in two statements however many orders it had.
Values are personal data, so they are only kept where the event asked for it; names of properties always are.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now
from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import LOG_DAYS, DailyCount, EventConnection, OrderState, Run, RunEntry
from pretix_hubspot.server import metrics
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.sync.queue.claims import Claim
from pretix_hubspot.sync.queue.triggers import COMPARISONS, Trigger
from pretix_hubspot.sync.send.outcome import RecordAction, Removal

from .endings import Ending
from .judge import Verdict, Written

logger = logging.getLogger(__name__)

#: Longest value that is kept: long enough to recognise it.
MAX_VALUE = 200
MAX_FAILURES = 20
#: The names of an event's daily numbers.
COUNTED = ("sent", "unchanged", "failed")
#: The column of a run that counts an action on a record.
NUMBERS = {
    RecordAction.CREATED: "created",
    RecordAction.UPDATED: "updated",
    RecordAction.NOTHING_TO_DO: "unchanged",
    RecordAction.REMOVED: "removed",
}


class RunLog:
    """The begin of a slice, and the number of its requests."""

    def __init__(self) -> None:
        self.start()
        self._requests = 0

    def start(self) -> None:
        """Start the clock: a slice may be planned long before it can be sent."""
        self._started = now()
        self._clock = time.monotonic()

    def on_request(self, request: Any) -> None:
        """Count one request; the client calls it after every exchange."""
        self._requests += 1

    def store(self, claim: Claim, events: Sequence[EventConnection], endings: Iterable[Ending], trouble: str) -> None:
        """Write the run of each event. An error of the log never fails a slice."""
        seconds = time.monotonic() - self._clock
        metrics.count_slice(self._requests, seconds)
        by_order = {ending.order: ending for ending in endings}
        try:
            with transaction.atomic():
                self._store(
                    claim,
                    {event_connection.event_id: event_connection for event_connection in events},
                    by_order,
                    trouble,
                    seconds,
                )
        except DatabaseError as error:
            logger.warning("A run could not be logged: %s", type(error).__name__)

    def _store(
        self,
        claim: Claim,
        events: dict[int, EventConnection],
        endings: Mapping[int, Ending],
        trouble: str,
        seconds: float,
    ) -> None:
        rows: dict[int, list[OrderSyncQueue]] = {}
        for row in claim.rows:
            rows.setdefault(row.event_id, []).append(row)
        runs = {
            event: self._run(event, of_event, endings, trouble, seconds, shared=len(rows) > 1)
            for event, of_event in rows.items()
            if event in events and events[event].log_days and _is_told(of_event, endings)
        }
        Run.objects.bulk_create(runs.values())
        verdicts = {pk: ending.verdict for pk, ending in endings.items() if ending.verdict}
        logged = [row for row in claim.rows if row.event_id in runs and row.order_id in verdicts]
        logged = [row for row in logged if _is_worth_logging(verdicts[row.order_id], row.triggered_by)]
        shredded = _shredded([row.order_id for row in logged])
        entries = [
            _entry(runs[row.event_id], verdicts[row.order_id], events[row.event_id].log_values)
            for row in logged
            if row.order_id not in shredded
        ]
        store_rows(RunEntry, entries)

    def _run(
        self,
        event: int,
        rows: Sequence[OrderSyncQueue],
        endings: Mapping[int, Ending],
        trouble: str,
        seconds: float,
        shared: bool,
    ) -> Run:
        ended = [endings[row.order_id] for row in rows if row.order_id in endings]
        verdicts = [ending.verdict for ending in ended if ending.verdict]
        unchanged = {ref for ending in ended for ref in ending.passed_over}
        actions = dict.fromkeys(unchanged, RecordAction.NOTHING_TO_DO)  # a record that several share counts once
        actions |= {item.ref: item.sent.action for verdict in verdicts for item in verdict.written}
        numbers = Counter(NUMBERS[action] for action in actions.values())
        numbers["removed"] = len({removal.place for verdict in verdicts for removal in verdict.removed})
        numbers["failed"] = sum(bool(verdict.failures) for verdict in verdicts)
        return Run(
            event_id=event,
            started=self._started,
            seconds=seconds,
            requests=self._requests,
            shared=shared,
            triggers=dict(Counter(row.triggered_by for row in rows)),
            orders=len(rows),
            trouble=trouble,
            **{name: numbers[name] for name in (*NUMBERS.values(), "failed")},
        )


def _is_told(rows: Sequence[OrderSyncQueue], endings: Mapping[int, Ending]) -> bool:
    """Whether a run is logged: orders of which nobody knows a change are compared every day, mostly in vain."""
    return any(
        row.triggered_by not in COMPARISONS or (row.order_id in endings and endings[row.order_id].verdict)
        for row in rows
    )


def _is_worth_logging(verdict: Verdict, triggered_by: str) -> bool:
    return bool(verdict.changed or verdict.failures or triggered_by == Trigger.SYNC_NOW)


def _entry(run: Run, verdict: Verdict, with_values: bool) -> dict[str, object]:
    """A row of ``RunEntry``."""
    written = {item.ref: item for item in verdict.written}.values()
    return {
        "run_id": run.pk,
        "order_id": verdict.subject.pk,
        "records": [*(_record(item, with_values) for item in written), *map(_removed, verdict.removed)],
        "failures": [failure.to_json() for failure in verdict.failures[:MAX_FAILURES]],
    }


def _shredded(orders: Sequence[int]) -> set[int]:
    """Orders whose data was shredded since they were sent; the shredder waits for the rows that a worker holds."""
    states = OrderState.objects.filter(order_id__in=orders).order_by("order_id").select_for_update()
    return {pk for pk, reason in states.values_list("order_id", "excluded_reason") if reason == Exclusion.SHREDDED}


def _record(item: Written, with_values: bool) -> dict[str, Any]:
    record: dict[str, Any] = {
        "mapping": item.mapping,
        "position": item.part,
        "type": item.ref[0],
        "record": item.sent.record_id,
        "action": item.sent.action,
        "properties": sorted(item.sent.changed),
    }
    if with_values:
        record["values"] = {name: value[:MAX_VALUE] for name, value in item.sent.values.items()}
    return record


def _removed(removal: Removal) -> dict[str, Any]:
    mapping, part = removal.use
    object_type, record_id = removal.place
    facts = {"mapping": mapping, "position": part, "type": object_type, "record": record_id}
    return {**facts, "action": RecordAction.REMOVED, "properties": []}


def count_today(events: Iterable[Event], numbers: Mapping[tuple[int, str], int]) -> None:
    """Add a slice's numbers, by event and word, to today's numbers of each event."""
    for event in sorted(events, key=lambda event: event.pk):
        grown = {word: F(word) + numbers[event.pk, word] for word in COUNTED if numbers.get((event.pk, word))}
        if grown:
            day = now().astimezone(event.timezone).date()
            today = DailyCount.objects.filter(event=event, day=day)
            if not today.update(**grown):
                DailyCount.objects.bulk_create([DailyCount(event=event, day=day)], ignore_conflicts=True)
                today.update(**grown)


def prune() -> int:
    """Delete runs that are older than their event wants, in bulk. Returns how many."""
    periods = set(EventConnection.objects.order_by().values_list("log_days", flat=True).distinct())
    count = 0
    for days in periods | {LOG_DAYS}:
        of_events = Q(event__hubspot_connection__log_days=days)
        if days == LOG_DAYS:
            of_events |= Q(event__hubspot_connection__isnull=True)  # left, or disconnected
        old = Run.objects.filter(of_events, started__lt=now() - timedelta(days=days)).order_by()
        RunEntry.objects.filter(run__in=old).order_by().delete()
        count += old.delete()[1].get(Run._meta.label, 0)
    return count
