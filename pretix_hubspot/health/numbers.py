"""The state of every order of an event: in sync, waiting, excluded, failing or not in scope, exactly one.

The database sorts them, in a constant number of queries, so that the numbers add up at any moment. That reads every
order of the event; pages show what ``counted`` knows where orders are many.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import PROVIDER, OrderState
from pretix_hubspot.sync.queue.scope import exclusion, mapped
from pretix_hubspot.sync.queue.triggers import Trigger

IN_SYNC, WAITING, EXCLUDED, FAILING, NOT_IN_SCOPE = "in_sync", "waiting", "excluded", "failing", "not_in_scope"
STATES = (IN_SYNC, WAITING, FAILING, EXCLUDED, NOT_IN_SCOPE)
#: Rows of the queue whose order failed.
FAILED = Q(need_manual_retry__isnull=False) | Q(failed_attempts__gt=0)
#: A failing order without a stored problem is named after core's word for its row.
ROW = "row_"


#: So many rows of the queue are looked at for the order that has waited longest: those in front may be left out.
FIRST_ROWS = 200


@dataclass(frozen=True)
class Detail:
    """What orders that fail for the same reason have in common: since when, the next attempt, one of their states."""

    since: datetime | None = None
    sample: int | None = None
    next_try: datetime | None = None


@dataclass
class Numbers:
    """The number of an event's orders in each state.

    ``counted_at`` is when they were counted, if that was not just now. Without ``is_known``, nobody has counted yet.
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    details: dict[str, Detail] = field(default_factory=dict)
    oldest: Order | None = None
    counted_at: datetime | None = None
    is_known: bool = True

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def of(self, state: str) -> int:
        """The number of orders in this state, for any reason."""
        return sum(count for (name, _), count in self.counts.items() if name == state)

    def reasons(self, state: str) -> dict[str, int]:
        """Reason -> number of orders, the largest first."""
        counts = {reason: count for (name, reason), count in self.counts.items() if name == state}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def numbers(event: Event) -> Numbers:
    """The numbers of an event as they are now."""
    return numbers_of([event.pk]).get(event.pk, Numbers())


def oldest_waiting(events: QuerySet[Event] | Iterable[int]) -> Order | None:
    """The order that has waited longest, with ``since`` when.

    Rows are made in the order of their keys, so that a long queue is read from its beginning.
    """
    rows = OrderSyncQueue.objects.filter(
        event__in=events, sync_provider=PROVIDER, need_manual_retry__isnull=True, failed_attempts=0
    )
    first = list(rows.order_by("pk").values_list("order", flat=True)[:FIRST_ROWS])
    if not first:
        return None
    orders = classified(Order.objects.filter(pk__in=first)).filter(hubspot=f"{WAITING}:")
    waits = orders.filter(queued_sync_jobs__sync_provider=PROVIDER).select_related("event")
    return waits.annotate(since=Min("queued_sync_jobs__triggered")).order_by("since", "pk").first()


def numbers_of(events: Iterable[int]) -> dict[int, Numbers]:
    """The numbers of several events, in one query, and another one if orders fail."""
    events = list(events)
    return _sorted(events, classified(Order.objects.filter(event_id__in=events)))


def failing_of(events: Iterable[int]) -> dict[int, Numbers]:
    """The same for the failing orders only; it costs what these are."""
    events = list(events)
    return _sorted(events, _failing(events))


def _sorted(events: list[int], orders: QuerySet[Order]) -> dict[int, Numbers]:
    by_event: dict[int, Numbers] = {}
    groups = orders.order_by().values_list("event_id", "hubspot")
    rows = list(groups.annotate(Count("pk"), Min("hubspot_state__failing_since"), Max("hubspot_state__pk")))
    tries = _next_tries(events) if any(name.startswith(f"{FAILING}:") for _, name, *_ in rows) else {}
    for event, name, count, since, sample in rows:
        state, _, reason = name.partition(":")
        found = by_event.setdefault(event, Numbers())
        found.counts[state, reason] = count
        if state == FAILING:
            found.details[reason] = Detail(since, sample, tries.get((event, reason)))
    return by_event


def _next_tries(events: Iterable[int]) -> dict[tuple[int, str], datetime]:
    """By event and cause."""
    rows = OrderSyncQueue.objects.filter(
        event_id__in=events,
        sync_provider=PROVIDER,
        in_flight=False,
        need_manual_retry__isnull=True,
        failed_attempts__gt=0,
    )
    times = rows.order_by().values_list("event", "order__hubspot_state__cause").annotate(Min("not_before"))
    return {(event, cause): when for event, cause, when in times if cause}


def _failing(events: Iterable[int]) -> QuerySet[Order]:
    """Failing orders, found by the index of causes and by the rows of the queue."""
    states = OrderState.objects.filter(cause__gt="", order__event_id__in=events).order_by().values("order_id")
    rows = OrderSyncQueue.objects.filter(FAILED, event_id__in=events, sync_provider=PROVIDER)
    candidates = states.union(rows.order_by().values("order_id"))
    return classified(Order.objects.filter(pk__in=candidates)).filter(hubspot__startswith=f"{FAILING}:")


def orders_in(event: Event, state: str, reason: str | None = None) -> QuerySet[Order]:
    """The event's orders in a state, for one reason or for any."""
    orders = _failing([event.pk]) if state == FAILING else classified(Order.objects.filter(event=event))
    condition = {"hubspot": f"{state}:{reason}"} if reason is not None else {"hubspot__startswith": f"{state}:"}
    return orders.filter(**condition)


def state_of(order: Order) -> tuple[str, str]:
    """The state of one order, and the reason."""
    [name] = classified(Order.objects.filter(pk=order.pk)).values_list("hubspot", flat=True)
    state, _, reason = name.partition(":")
    return state, reason


def classified(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Annotate orders with ``hubspot``: state and reason, with a colon between.

    Facts come before what was stored about an order, since an option may have changed in the meantime.
    """
    by_hand = Exists(_rows().filter(triggered_by=Trigger.SYNC_NOW))
    failing = Exists(_rows().filter(FAILED))
    return orders.annotate(hubspot_exclusion=exclusion(by_hand)).annotate(
        hubspot=Case(
            When(hubspot_exclusion=Exclusion.BEFORE_CONNECTION, then=Value(f"{NOT_IN_SCOPE}:")),
            When(hubspot_exclusion__gt="", then=_named(EXCLUDED, "hubspot_exclusion")),
            When(Q(hubspot_state__cause__gt="") & failing, then=_named(FAILING, "hubspot_state__cause")),
            When(failing, then=Concat(Value(f"{FAILING}:{ROW}"), Coalesce(_mode(), Value("temporary")))),
            When(Exists(_rows()), then=Value(f"{WAITING}:")),
            When(~Q(event__in=mapped().values("event")), then=Value(f"{EXCLUDED}:{Exclusion.NO_MAPPINGS}")),
            When(hubspot_state__excluded_reason__gt="", then=_named(EXCLUDED, "hubspot_state__excluded_reason")),
            When(hubspot_state__cause__gt="", then=_named(FAILING, "hubspot_state__cause")),
            When(hubspot_state__sent_hash__gt="", then=Value(f"{IN_SYNC}:")),
            default=Value(f"{WAITING}:"),  # a lost signal: the sweep will find it
        )
    )


def _rows() -> QuerySet[OrderSyncQueue]:
    return OrderSyncQueue.objects.filter(order=OuterRef("pk"), sync_provider=PROVIDER)


def _mode() -> Subquery:
    return Subquery(_rows().filter(need_manual_retry__isnull=False).values("need_manual_retry")[:1])


def _named(state: str, column: str) -> Concat:
    return Concat(Value(f"{state}:"), F(column))
