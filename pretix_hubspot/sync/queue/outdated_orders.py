"""Orders that would be sent otherwise today than they were: which, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext_lazy
from pretix.base.models import Event, LogEntry, Order

from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import EventConnection, ObjectMapping, OrderState

from .scope import NEVER, sendable

MAPPING_ENTRIES = "pretix_hubspot.mapping."
BEFORE_CHANGE = gettext_lazy("The object mappings were changed after they were sent.")
BY_UPGRADE = gettext_lazy("An older version of the plugin sent them otherwise.")
#: The sentences about orders that were planned and not sent, by the reason in ``triggers.OFFERED``.
OFFERS = {
    "thing": gettext_lazy("The event, dates, products or customers were changed in pretix after they were sent."),
    "definition": gettext_lazy("Properties or pipelines were changed in HubSpot after they were sent."),
}
#: An event with more orders is not counted for a page.
MANY = 10_000
#: How long an order may be on its way that was planned before the mappings changed.
LATE = timedelta(minutes=30)


@dataclass(frozen=True)
class Glance:
    """What a page says about an event's outdated orders; they are not counted if the event has ``MANY`` orders.

    ``is_upgraded`` says whether something other than a change of mappings made some of them outdated.
    """

    exist: bool
    count: int | None = None
    is_upgraded: bool = False


def outdated(event: Event) -> QuerySet[OrderState]:
    """Orders that were last in sync before the mappings changed, or sent otherwise before an upgrade."""
    return _in_sync(event).filter(_is_outdated(event))


def up_to_date(event: Event) -> QuerySet[OrderState]:
    """Orders that HubSpot holds and of which nothing is known that would be sent otherwise."""
    return _in_sync(event).filter(outdated_by="").exclude(_before_change(event))


def orders_sent(event: Event, low: int, high: int) -> QuerySet[Order]:
    """Orders with a primary key from ``low`` to below ``high`` that HubSpot holds, and that would be sent again.

    The limits stand at both tables, so that no statement reads more than this part of either.
    """
    of_states = Q(hubspot_state__order_id__gte=low, hubspot_state__order_id__lt=high, hubspot_state__sent_hash__gt="")
    return sendable(event.pk).filter(of_states, pk__gte=low, pk__lt=high)


def orders_outdated(event: Event, low: int, high: int) -> QuerySet[Order]:
    """Those of them that are outdated."""
    return orders_sent(event, low, high).filter(_is_outdated(event, "hubspot_state__"))


def glance(event: Event, many: int = MANY) -> Glance:
    """What is to be said about the event's outdated orders, by statements that end early in a large event."""
    is_upgraded = _in_sync(event).filter(outdated_by__gt="").exists()
    if not is_upgraded and not _was_sent_before_change(event):
        return Glance(exist=False)
    if Order.objects.filter(event=event)[: many + 1].count() > many:
        return Glance(True, is_upgraded=is_upgraded)
    return Glance(True, outdated(event).count(), is_upgraded)


def reasons(event: Event) -> list[tuple[str | Promise, int]]:
    """The reasons why orders are outdated, with the number of orders; an order may have several."""
    states = _in_sync(event)
    by_upgrade = states.filter(outdated_by__gt="").order_by("outdated_by").values_list("outdated_by")
    counts = [
        (OFFERS.get(code) or revisions.REASONS.get(code, BY_UPGRADE), count)
        for code, count in by_upgrade.annotate(Count("pk"))
    ]
    changed = states.filter(_before_change(event)).count()
    return [(BEFORE_CHANGE, changed), *counts] if changed else counts


def _was_sent_before_change(event: Event) -> bool:
    """Whether an order was sent before the mappings changed last.

    That there is none takes a look at all orders, and is true until the next change: an order is only sent later.
    """
    changed_at = _changed_at(event)
    connections = EventConnection.objects.filter(event=event)
    if changed_at is None or connections.filter(none_before__gte=changed_at).exists():
        return False
    if _in_sync(event).filter(sent_at__lt=changed_at).exists():
        return True
    if changed_at < now() - LATE:
        connections.update(none_before=changed_at)
    return False


def _in_sync(event: Event) -> QuerySet[OrderState]:
    """Orders that HubSpot holds, and that would be sent again."""
    return OrderState.objects.filter(order__in=sendable(event.pk)).exclude(sent_hash="")


def _is_outdated(event: Event, prefix: str = "") -> Q:
    return _before_change(event, prefix) | Q((f"{prefix}outdated_by__gt", ""))


def _before_change(event: Event, prefix: str = "") -> Q:
    """The condition for orders that were sent before a user last changed what the event sends."""
    changed_at = _changed_at(event)
    return Q((f"{prefix}sent_at__lt", changed_at)) if changed_at else NEVER


def _changed_at(event: Event) -> datetime | None:
    mappings = ContentType.objects.get_for_model(ObjectMapping)  # its index leads to few entries, the event's to all
    entries = LogEntry.objects.filter(content_type=mappings, event=event, action_type__startswith=MAPPING_ENTRIES)
    return entries.order_by("-datetime").values_list("datetime", flat=True).first()
