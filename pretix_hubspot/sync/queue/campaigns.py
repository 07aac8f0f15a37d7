"""Send many orders again in the background, after a mapping changed: rows of the same queue, behind live orders.

Rows are made newest order first and taken in that order; an order that waits already is not queued twice.
"""

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from pretix.base.models import Event, LogEntry, Order, User
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import PROVIDER, EventConnection, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.values.fingerprint import fingerprint

from . import order_queue
from .scope import NEVER, in_scope, mapped, sendable
from .triggers import Trigger

MAPPING_ENTRIES = "pretix_hubspot.mapping."
BEFORE_CHANGE = gettext_lazy("The object mappings were changed after they were sent.")
BY_UPGRADE = gettext_lazy("An older version of the plugin sent them otherwise.")
#: The sentences about orders that were planned and not sent, by the reason in ``triggers.OFFERED``.
OFFERS = {
    "thing": gettext_lazy("The event, dates, products or customers were changed in pretix after they were sent."),
    "definition": gettext_lazy("Properties or pipelines were changed in HubSpot after they were sent."),
}
STARTED, CANCELED = "pretix_hubspot.resend.started", "pretix_hubspot.resend.canceled"


def _mappings_changed_at() -> Subquery:
    """When a user last changed what the event sends."""
    entries = LogEntry.objects.filter(event=OuterRef("event"), action_type__startswith=MAPPING_ENTRIES)
    return Subquery(entries.order_by("-datetime").values("datetime")[:1])


def outdated(event: Event) -> QuerySet[OrderState]:
    """Orders that were last in sync before the mappings changed, or sent otherwise before an upgrade."""
    states, before_change = _in_sync(event)
    return states.filter(before_change | Q(outdated_by__gt=""))


def up_to_date(event: Event) -> QuerySet[OrderState]:
    """Orders that HubSpot holds and of which nothing is known that would be sent otherwise."""
    states, before_change = _in_sync(event)
    return states.filter(outdated_by="").exclude(before_change)


def reasons(event: Event) -> list[tuple[str | Promise, int]]:
    """The reasons why orders are outdated, with the number of orders; an order may have several."""
    states, before_change = _in_sync(event)
    by_upgrade = states.filter(outdated_by__gt="").order_by("outdated_by").values_list("outdated_by")
    counts = [
        (OFFERS.get(code) or revisions.REASONS.get(code, BY_UPGRADE), count)
        for code, count in by_upgrade.annotate(Count("pk"))
    ]
    changed = states.filter(before_change).count()
    return [(BEFORE_CHANGE, changed), *counts] if changed else counts


def is_upgraded(event: Event) -> bool:
    """Whether something other than a change of mappings made some of the orders outdated."""
    return _in_sync(event)[0].filter(outdated_by__gt="").exists()


def _in_sync(event: Event) -> tuple[QuerySet[OrderState], Q]:
    """Orders that HubSpot holds, and that would be sent again; and the condition for a change of mappings since."""
    event_connection = EventConnection.objects.filter(event=event).annotate(changed_at=_mappings_changed_at())
    changes = list(event_connection.values_list("changed_at", flat=True))
    if not changes:
        return OrderState.objects.none(), NEVER
    [changed_at] = changes
    states = OrderState.objects.filter(order__in=sendable(event.pk)).exclude(sent_hash="")
    return states, Q(sent_at__lt=changed_at) if changed_at else NEVER


def start(event: Event, user: User | None) -> int:
    """Queue all outdated orders, or all that were sent if none is known. Returns how many were not waiting before."""
    states = outdated(event)
    if compare_all := not states.exists():
        states = _in_sync(event)[0]
    orders = Order.objects.filter(pk__in=states.values("order")).order_by("-datetime", "-pk")
    waited = _rows(event).count()
    for part in chunks(orders.values_list("pk", flat=True).iterator(), 1_000):
        order_queue.enqueue(event, part, Trigger.RESEND)
    queued = _rows(event).count() - waited
    data = {"orders": waited + queued} | ({"all": True} if compare_all else {})
    event.log_action(STARTED, user=user, data=data)
    return queued


@transaction.atomic
def start_unmapped(event: Event) -> int:
    """Queue the orders that were placed before the event's first mapping. Returns how many.

    Called in the transaction that stores the mapping; ``finish.leave_out_unmapped`` explains the lock.
    """
    locked = EventConnection.objects.select_for_update(of=("self",)).select_related("connection").filter(event=event)
    if not (event_connection := locked.first()) or not mapped().filter(event=event).exists():
        return 0
    # Versions without this reason stored such orders as sent.
    nothing = fingerprint([event_connection.connection.portal_id])
    unmapped = Q(excluded_reason=Exclusion.NO_MAPPINGS) | Q(excluded_reason="", sent_hash=nothing)
    orders = in_scope(event.pk).filter(pk__in=OrderState.objects.filter(unmapped, order__event=event).values("order"))
    waiting = list(orders.order_by("pk").values_list("pk", flat=True))
    for part in chunks(waiting, 1_000):
        order_queue.enqueue(event, part, Trigger.FIRST_MAPPING)
    return len(waiting)


def cancel(event: Event, user: User | None) -> int:
    """Remove the rows of the campaign that no worker has claimed. Returns how many."""
    count, _ = _rows(event).filter(in_flight=False).delete()
    if count:
        event.log_action(CANCELED, user=user, data={"orders": count})
    return count


def progress(event: Event) -> tuple[int, int]:
    """How many of the orders of the last start are done, and their total; (0, 0) without a running campaign."""
    left = _rows(event).count()
    if not left:
        return 0, 0
    last = LogEntry.objects.filter(event=event, action_type=STARTED).order_by("-datetime", "-pk").first()
    total = max(left, last.parsed_data.get("orders", 0) if last else 0)
    return total - left, total


def _rows(event: Event) -> QuerySet[OrderSyncQueue]:
    """The campaign's rows that are not done; a row that became a sync problem is done."""
    return OrderSyncQueue.objects.filter(
        event=event, sync_provider=PROVIDER, triggered_by=Trigger.RESEND, need_manual_retry__isnull=True
    )
