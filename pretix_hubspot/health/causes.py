"""Sync problems by cause: the failure, the number of orders, since when, and the page of the repair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Max, Min
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.explanations import explain, named, where_to_fix
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.failures.texts import mode_word
from pretix_hubspot.models import PROVIDER, OrderState
from pretix_hubspot.sources.event_context import EventContext, contexts_of

from .numbers import FAILING, ROW, classified


@dataclass(frozen=True)
class Cause:
    """A shared reason of failing orders; ``failure`` is one of theirs, without the parts of that order alone."""

    key: str
    orders: int
    mode: str
    text: str
    fix_url: str | None = None
    failure: Failure | None = None
    since: datetime | None = None
    next_try: datetime | None = None

    @property
    def word(self) -> str:
        return mode_word(self.mode)


def causes(event: Event) -> list[Cause]:
    """All causes of the event's sync problems, most orders first; their orders are the failing ones, each once."""
    return causes_of([event])[event]


def causes_of(events: Sequence[Event]) -> dict[Event, list[Cause]]:
    """The same for several events; the queries for each are those about names of its fields, if they are needed."""
    failing = classified(Order.objects.filter(event__in=events)).filter(hubspot__startswith=f"{FAILING}:").order_by()
    groups = list(
        failing.values("event", "hubspot")
        .annotate(orders=Count("pk"), since=Min("hubspot_state__failing_since"), sample=Max("hubspot_state__pk"))
        .order_by("-orders", "hubspot")
    )
    states = OrderState.objects.in_bulk([group["sample"] for group in groups if group["sample"]])
    tries = _next_tries(events)
    contexts = contexts_of(events)
    by_event: dict[Event, list[Cause]] = {}
    for event in events:
        context, of_event = contexts[event.pk], [group for group in groups if group["event"] == event.pk]
        by_event[event] = [_cause(context, group, states.get(group["sample"]), tries) for group in of_event]
    return by_event


def cause_named(event: Event, key: str) -> Cause | None:
    """The cause with this key, as long as an order fails for it."""
    return next((cause for cause in causes(event) if cause.key == key), None)


def first_failure(state: OrderState | None) -> Failure | None:
    """The decisive failure, as it was stored."""
    return Failure(**state.problem[0]) if state and state.problem else None


def row_text(mode: str) -> str:
    """Core's word for a row that failed without a problem of ours."""
    return str(dict(OrderSyncQueue._meta.get_field("need_manual_retry").choices).get(mode, mode_word(mode)))


def _cause(context: EventContext, group: dict, state: OrderState | None, tries: dict) -> Cause:
    key, orders, since = group["hubspot"].partition(":")[2], group["orders"], group["since"]
    failure = first_failure(state)
    if key.startswith(ROW) or failure is None:
        mode = key.removeprefix(ROW)
        return Cause(key, orders, mode, row_text(mode), since=since)
    shared = named(replace(failure, position=None, correlation_id=""), context)
    next_try = tries.get((context.event.pk, state.cause))
    return Cause(key, orders, shared.mode, explain(shared), where_to_fix(shared, context), shared, since, next_try)


def _next_tries(events: Sequence[Event]) -> dict[tuple[int, str], datetime]:
    """By event and cause."""
    rows = OrderSyncQueue.objects.filter(
        event__in=events,
        sync_provider=PROVIDER,
        in_flight=False,
        need_manual_retry__isnull=True,
        failed_attempts__gt=0,
    )
    times = rows.order_by().values_list("event", "order__hubspot_state__cause").annotate(Min("not_before"))
    return {(event, cause): when for event, cause, when in times if cause}
