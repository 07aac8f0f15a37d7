"""Verdicts -> what people see: result rows of the order page, the order's state, and its history.

Everything is written in bulk, for orders whose claim still holds.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.timezone import now
from django.utils.translation import gettext as _
from pretix.base.i18n import language
from pretix.base.models import Event, LogEntry, Order
from pretix.base.models.datasync import OrderSyncResult
from pretix.helpers.json import CustomJSONEncoder

from pretix_hubspot.failures.explanations import explain, named
from pretix_hubspot.mappings.revisions import PLANNER
from pretix_hubspot.models import PROVIDER, DailyCount, OrderState
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sources.snapshot import POSITION, Subject
from pretix_hubspot.sync.plan.plan import Plan, WantedRecord
from pretix_hubspot.sync.plan.planner import LEFT_OUT
from pretix_hubspot.sync.send.association import Place
from pretix_hubspot.sync.send.detaching import Use
from pretix_hubspot.values.rows import Refusal

from .judge import Verdict, Written

OWN_LOG_ENTRIES = "pretix.event.order.data_sync"
#: What people decided about sync problems of an order; nothing to send either.
BY_PEOPLE = "pretix_hubspot.order"
#: Result rows that tell why an order is left out carry this instead of an object type.
EXCLUDED = "excluded"
#: What an event's days are remembered by.
COUNTED = ("sent", "unchanged", "failed")
#: What a result row remembers of values that HubSpot would have taken for something else: codes with their params.
MISREAD = "misread"
_SHOWN = ("external_object_type", "external_id_field", "id_value", "external_link_href", "external_link_display_name")
_ID_LENGTH, _NAME_LENGTH, _LINK_LENGTH = (
    OrderSyncResult._meta.get_field(name).max_length
    for name in ("id_value", "external_link_display_name", "external_link_href")
)


class NewResult(SimpleNamespace):
    """What an ``OrderSyncResult`` is going to be; an instance of the model takes longer to make than to store."""

    pk = None


Result = OrderSyncResult | NewResult


@dataclass(frozen=True)
class Labels:
    """How records are shown: the object type's name in the current language, and the link into the portal."""

    object_type: Callable[[str], str]
    record_url: dict[str, str]  # object type -> address up to the record id
    event: Callable[[int], Event]  # of an order


def log_counts(orders: Sequence[int]) -> dict[int, int]:
    """How many entries, ours left aside, each order's history has; what comes later is news for the sweep."""
    entries = history().filter(object_id__in=list(orders))
    return dict(entries.values_list("object_id").annotate(Count("pk")).order_by())


def history() -> QuerySet[LogEntry]:
    """Everything that happened to orders, our own entries left aside."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Order))
    return entries.exclude(action_type__startswith=OWN_LOG_ENTRIES).exclude(action_type__startswith=BY_PEOPLE)


def store_states(states: Iterable[OrderState]) -> None:
    """Insert or update, in the order of the orders' keys so that two workers cannot block each other."""
    store_rows(
        OrderState,
        map(vars, sorted(states, key=lambda state: state.order_id)),
        unique=["order"],
        update=[
            "portal_id",
            "sent_hash",
            "sent_at",
            "planner",
            "outdated_by",
            "by_hand",
            "log_count",
            "associated",
            "excluded_reason",
            "problem",
            "cause",
            "failing_since",
            "attempts",
        ],
    )


def settle(state: OrderState, planned_at: datetime) -> None:
    """The order is as it was planned, whether something had to be sent or not: what once kept it is history.

    What changes between planning and sending, say a mapping, is newer than ``sent_at``.
    """
    state.sent_at, state.planner, state.outdated_by = planned_at, PLANNER, ""
    state.excluded_reason, state.problem, state.cause = "", None, ""
    state.failing_since, state.attempts = None, 0


def count_today(events: Iterable[Event], numbers: Mapping[tuple[int, str], int]) -> None:
    """Add a slice's numbers, by event and word, to today's of each event."""
    for event in sorted(events, key=lambda event: event.pk):
        grown = {word: F(word) + numbers[event.pk, word] for word in COUNTED if numbers.get((event.pk, word))}
        if grown:
            day = now().astimezone(event.timezone).date()
            today = DailyCount.objects.filter(event=event, day=day)
            if not today.update(**grown):
                DailyCount.objects.bulk_create([DailyCount(event=event, day=day)], ignore_conflicts=True)
                today.update(**grown)


def store_results(verdicts: Sequence[Verdict], plan: Plan, labels: Labels) -> dict[int, list[Result]]:
    """Update the rows that the order page shows; returns them by order."""
    orders = [verdict.subject.pk for verdict in verdicts]
    existing = {
        (row.order_id, part_of(row), row.mapping_id): row
        for part in chunks(orders, 1_000)
        for row in OrderSyncResult.objects.filter(order_id__in=part, sync_provider=PROVIDER)
    }
    gone = [row.pk for row in existing.values() if row.external_object_type == EXCLUDED]
    rows: dict[int, list[Result]] = {}
    moment = now()
    by_event: dict[Event, list[Verdict]] = {}
    for verdict in verdicts:
        by_event.setdefault(labels.event(verdict.subject.pk), []).append(verdict)
    subjects_of = _subjects_by_event(plan, labels)
    specs = {spec.id: spec for planned in plan.subjects.values() for spec in planned.specs}
    of_positions = {spec.id for spec in specs.values() if spec.source.key == POSITION}
    for event, of_event in by_event.items():
        with language(event.settings.locale, event.settings.region):
            names = {object_type: labels.object_type(object_type) for object_type in labels.record_url}
            for verdict in of_event:
                for item in verdict.written:
                    where = (verdict.subject.pk, item.part, item.mapping)
                    position = item.part if item.mapping in of_positions else None
                    row = existing.get(where) or _new_row(verdict.subject.pk, position, item.mapping)
                    row.transmitted = moment
                    also = plan.records[item.ref].also_used_by(verdict.subject, item.part, subjects_of[event.pk])
                    _fill(row, item, plan, names, labels.record_url, also)
                    rows.setdefault(verdict.subject.pk, []).append(row)
    _save(rows)
    if gone:
        OrderSyncResult.objects.filter(pk__in=gone).delete()
    return rows


def _subjects_by_event(plan: Plan, labels: Labels) -> dict[int, set[Subject]]:
    """The orders of this slice, and those that its records belonged to before; the latter in one query."""
    events = {order: labels.event(order).pk for order in plan.orders()}
    earlier = {record.previous.subject.pk for record in plan.records.values() if record.previous} - events.keys()
    if earlier:
        events |= dict(Order.objects.filter(pk__in=earlier).values_list("pk", "event_id"))
    found: dict[int, set[Subject]] = {}
    for order, event in events.items():
        found.setdefault(event, set()).add(Subject.of_order(order))
    return found


def part_of(row: OrderSyncResult) -> int | None:
    """The primary key of the part of the order that the row is about, if it is not about the order as a whole.

    Core has a column for positions; other parts are named by what we remember.
    """
    return row.order_position_id or (row.sync_info or {}).get("part")


def _new_row(order: int, position: int | None, mapping: int) -> NewResult:
    return NewResult(order_id=order, order_position_id=position, mapping_id=mapping, sync_provider=PROVIDER)


def sent_earlier(orders: Sequence[Subject]) -> dict[Subject, dict[Use, Place]]:
    """Where the records of these orders were at their last transfer, by mapping and part."""
    found: dict[Subject, dict[Use, Place]] = {}
    for part in chunks([order.pk for order in orders], 1_000):
        rows = OrderSyncResult.objects.filter(order_id__in=part, sync_provider=PROVIDER)
        for row in rows.exclude(external_object_type=EXCLUDED):
            place = (row.external_object_type, row.sync_info.get("record", ""))
            found.setdefault(Subject.of_order(row.order_id), {})[row.mapping_id, part_of(row)] = place
    return found


def linked_with(event: Event, portal_id: int, records: Iterable[Place]) -> set[Place]:
    """Those of these records that orders of the event were sent to, in this portal."""
    ids = {record_id for _, record_id in records}
    rows = OrderSyncResult.objects.filter(order__event=event, sync_provider=PROVIDER)
    here = rows.filter(order__hubspot_state__portal_id=portal_id)
    named = here.annotate(record=Cast(KT("sync_info__record"), TextField()))  # else SQLite looks for a number
    found = named.filter(record__in=ids).values_list("external_object_type", "record").distinct()
    return set(found) if ids else set()


def without_moved(verdict: Verdict, earlier: Mapping[Use, Place]) -> Verdict:
    """The verdict of a failing order without records that took another's place.

    Their result rows stay as they were until the order succeeds: they tell what is left to be detached.
    """
    kept = (
        item
        for item in verdict.written
        if earlier.get((item.mapping, item.part), (item.ref[0], item.sent.record_id))
        == (item.ref[0], item.sent.record_id)
    )
    return replace(verdict, written=tuple(kept))


def _save(rows: dict[int, list[Result]]) -> None:
    new, old = [], []
    for of_order in rows.values():
        for row in of_order:
            (new if row.pk is None else old).append(row)
    store_rows(OrderSyncResult, map(vars, new))
    store_rows(OrderSyncResult, map(vars, old), unique=["id"], update=[*_SHOWN, "transmitted", "sync_info"])


def _fill(
    row: Result, item: Written, plan: Plan, names: Mapping[str, str], urls: Mapping[str, str], also: Sequence[str]
) -> None:
    """What the order page shows about one record; ``names`` and ``urls`` are by object type."""
    record = plan.records[item.ref]
    row.external_object_type = record.object_type
    row.external_id_field = record.id_property.name
    row.id_value = shorten(record.id_value, _ID_LENGTH)
    name = f"{names[record.object_type]}: {_as_people_say(record)}"
    if also:
        name = _("{record} (also used by {orders})").format(record=name, orders=", ".join(also))
    refused = record.left_out(Subject.of_order(row.order_id), item.mapping, item.part)
    left_out = [_property_of(refusal) for refusal in refused]
    if left_out:
        without = ", ".join(_with_currency(refusal) for refusal in refused)
        name = _("{record} (without {properties})").format(record=name, properties=without)
    row.external_link_display_name = shorten(name, _NAME_LENGTH)
    href = f"{urls[record.object_type]}{item.sent.record_id}"
    row.external_link_href = href if len(href) <= _LINK_LENGTH else None
    row.sync_info = {"action": item.sent.action, "record": item.sent.record_id, "key": record.key}
    if item.part != row.order_position_id:
        row.sync_info["part"] = item.part
    if also:
        row.sync_info["also_used_by"] = list(also)
    if left_out:
        row.sync_info["left_out"] = left_out
    if misread := [[refusal.code, dict(refusal.params)] for refusal in refused if refusal.code in LEFT_OUT]:
        row.sync_info[MISREAD] = misread


def _property_of(refusal: Refusal) -> str:
    return str(refusal.params.get("label") or refusal.params["property"])


def _with_currency(refusal: Refusal) -> str:
    """An amount is named with the currency for which it was left out."""
    if "currency" not in refusal.params:
        return _property_of(refusal)
    return _("{property} in {currency}").format(property=_property_of(refusal), currency=refusal.params["currency"])


def _as_people_say(record: WantedRecord) -> str:
    """Our keys read ORGANIZER/EVENT/CODE; pretix shows the same order to people as EVENT-CODE."""
    parts = record.id_value.split("/")
    return "-".join(parts[1:]) if record.ours and len(parts) == 3 else record.id_value


def store_exclusions(excluded: dict[int, str]) -> None:
    """Say on the order page why these orders are left out."""
    drop_exclusions(excluded)
    OrderSyncResult.objects.bulk_create(
        OrderSyncResult(
            order_id=order,
            sync_provider=PROVIDER,
            mapping_id=0,
            external_object_type=EXCLUDED,
            external_id_field="",
            id_value=reason,
            external_link_display_name=f"{EXCLUDED}:{reason}",
            sync_info={},
            transmitted=now(),
        )
        for order, reason in excluded.items()
    )


def drop_exclusions(orders: Iterable[int]) -> None:
    """Nothing is said on the order page any more about why these orders were left out."""
    OrderSyncResult.objects.filter(
        order_id__in=list(orders), sync_provider=PROVIDER, external_object_type=EXCLUDED
    ).delete()


def success_entry(order: Order, rows: Sequence[Result]) -> LogEntry:
    """Core's entry about a transfer, in core's form; a record that several mappings share is named once."""
    objects: dict[int, list[dict]] = {}
    named: set[str | None] = set()
    for row in rows:
        name = row.external_link_href or row.external_link_display_name
        if name not in named:
            named.add(name)
            objects.setdefault(row.mapping_id, []).append(OrderSyncResult.to_result_dict(row))
    return _entry(order, "success", {"provider": PROVIDER, "objects": objects})


def failure_entry(order: Order, verdict: Verdict, mode: str, context: EventContext) -> LogEntry:
    """Core's entry about a failed transfer, with each reason in the event's language."""
    with language(order.event.settings.locale, order.event.settings.region):
        reasons = list(dict.fromkeys(explain(named(failure, context)) for failure in verdict.failures))
    full = "; ".join(dict.fromkeys(filter(None, (failure.message for failure in verdict.failures))))
    return _entry(order, f"failed.{mode}", {"provider": PROVIDER, "error": reasons, "full_message": full})


def _entry(order: Order, action: str, data: dict) -> LogEntry:
    return LogEntry(
        content_type=ContentType.objects.get_for_model(Order),
        object_id=order.pk,
        action_type=f"{OWN_LOG_ENTRIES}.{action}",
        event=order.event,
        organizer_id=order.event.organizer_id,
        data=json.dumps(data, cls=CustomJSONEncoder, sort_keys=True),
    )


def shorten(text: str, length: int) -> str:
    """Cut for display, visibly."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
