"""The state of every order of an event: in sync, waiting, excluded, failing or not in scope, exactly one.

The database sorts them, in a constant number of queries, so that the numbers add up at any moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import PROVIDER
from pretix_hubspot.sync.queue.scope import exclusion, mapped
from pretix_hubspot.sync.queue.triggers import Trigger

IN_SYNC, WAITING, EXCLUDED, FAILING, NOT_IN_SCOPE = "in_sync", "waiting", "excluded", "failing", "not_in_scope"
STATES = (IN_SYNC, WAITING, FAILING, EXCLUDED, NOT_IN_SCOPE)
#: A failing order without a stored problem is named after core's word for its row.
ROW = "row_"


@dataclass
class Numbers:
    """The number of an event's orders in each state."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest: Order | None = None

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
    """The numbers of an event, in two queries."""
    result = numbers_of([event.pk]).get(event.pk, Numbers())
    result.oldest = oldest_waiting([event.pk])
    return result


def oldest_waiting(events: Iterable[int]) -> Order | None:
    """The order that has waited longest, with ``since`` when."""
    orders = classified(Order.objects.filter(event_id__in=list(events))).filter(hubspot=f"{WAITING}:")
    waits = orders.filter(queued_sync_jobs__sync_provider=PROVIDER).select_related("event")
    return waits.annotate(since=Min("queued_sync_jobs__triggered")).order_by("since", "pk").first()


def numbers_of(events: Iterable[int]) -> dict[int, Numbers]:
    """The numbers of several events, in one query."""
    by_event: dict[int, Numbers] = {}
    orders = classified(Order.objects.filter(event_id__in=list(events)))
    rows = orders.order_by().values_list("event_id", "hubspot").annotate(Count("pk"))
    for event, name, count in rows:
        state, _, reason = name.partition(":")
        by_event.setdefault(event, Numbers()).counts[state, reason] = count
    return by_event


def orders_in(event: Event, state: str, reason: str | None = None) -> QuerySet[Order]:
    """The event's orders in a state, for one reason or for any."""
    orders = classified(Order.objects.filter(event=event))
    condition = {"hubspot": f"{state}:{reason}"} if reason is not None else {"hubspot__startswith": f"{state}:"}
    return orders.filter(**condition)


def classified(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Annotate orders with ``hubspot``: state and reason, with a colon between.

    Facts come before what was stored about an order, since an option may have changed in the meantime.
    """
    by_hand = Exists(_rows().filter(triggered_by=Trigger.SYNC_NOW))
    failing = Exists(_rows().filter(Q(need_manual_retry__isnull=False) | Q(failed_attempts__gt=0)))
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
