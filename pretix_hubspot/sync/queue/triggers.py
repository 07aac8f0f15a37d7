"""Triggers: what queued an order, with the words for the log."""

from collections.abc import Mapping
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Trigger(TextChoices):
    """A value of ``OrderSyncQueue.triggered_by``; stored with runs, so a code is never renamed."""

    #: *Sync now*, which core writes as well: such an order is read and repaired even if it did not change.
    SYNC_NOW = "user", _("Sync now")
    SWEEP = "sweep", _("Periodic search for changes")
    RESEND = "bulk", _("Sent again")
    FIRST_MAPPING = "bulk_first_mapping", _("First object mapping")
    #: Something that the order's plan reads was changed.
    THING_CHANGED = "bulk_thing", _("Event, date, product or customer changed")
    #: The daily look at orders of which no change is known.
    COMPARED = "bulk_compared", _("Daily comparison")
    #: As above, but where the order would be sent otherwise, this is only offered.
    OFFER_THING = "bulk_offer_thing", _("Event, date, product or customer changed")
    OFFER_DEFINITION = "bulk_offer_definition", _("Property changed in HubSpot")
    OFFER_UPGRADE = "bulk_offer_upgrade", _("Daily comparison")
    #: A person deleted a mapping together with its records.
    REMOVAL = "bulk_removal", _("Objects removed from HubSpot")
    RETRY = "retry", _("Tried again")
    #: A retry of so many orders that live orders go first.
    MASS_RETRY = "bulk_retry", _("Tried again")
    ORDER_PLACED = "order_placed", _("Order placed")
    ORDER_PAID = "order_paid", _("Order paid")
    ORDER_MODIFIED = "order_modified", _("Order information changed")
    ORDER_CHANGED = "order_changed", _("Order changed")
    ORDER_APPROVED = "order_approved", _("Order approved")
    ORDER_DENIED = "order_denied", _("Order denied")
    ORDER_CANCELED = "order_canceled", _("Order canceled")
    ORDER_EXPIRED = "order_expired", _("Order expired")
    ORDER_REACTIVATED = "order_reactivated", _("Order reactivated")
    ORDER_EXPIRY_CHANGED = "order_expiry_changed", _("Payment deadline changed")
    ORDER_SPLIT = "order_split", _("Order split")


class Priority(IntEnum):
    """Which waiting orders are chosen first; stored with work items."""

    BY_HAND = 0
    LIVE = 1
    SWEPT = 2
    RETRIED = 3
    CAMPAIGN = 4


#: Every other trigger is that of a live order.
_PRIORITIES: Mapping[str, Priority] = {
    Trigger.SYNC_NOW: Priority.BY_HAND,
    Trigger.SWEEP: Priority.SWEPT,
    Trigger.REMOVAL: Priority.SWEPT,
    Trigger.MASS_RETRY: Priority.RETRIED,
    **dict.fromkeys(
        (Trigger.RESEND, Trigger.FIRST_MAPPING, Trigger.THING_CHANGED, Trigger.COMPARED), Priority.CAMPAIGN
    ),
    **dict.fromkeys((Trigger.OFFER_THING, Trigger.OFFER_DEFINITION, Trigger.OFFER_UPGRADE), Priority.CAMPAIGN),
}
#: Live orders go before these: bulk work, and orders that the sweep found.
BULK = frozenset(trigger for trigger, priority in _PRIORITIES.items() if priority > Priority.LIVE)
#: Orders that are planned and not sent: the trigger, and the reason for which they are offered if they differ.
OFFERED: Mapping[str, str] = {
    Trigger.OFFER_THING: "thing",
    Trigger.OFFER_DEFINITION: "definition",
    Trigger.OFFER_UPGRADE: "upgrade",
}
#: Triggers of orders that most probably did not change.
COMPARISONS = frozenset({*OFFERED, Trigger.THING_CHANGED, Trigger.COMPARED})


def priority_of(triggered_by: str) -> Priority:
    """The priority of a row of this trigger."""
    return _PRIORITIES.get(triggered_by, Priority.LIVE)


def is_bulk(triggered_by: str) -> bool:
    """Whether live orders go before rows of this trigger."""
    return triggered_by in BULK


def trigger_text(triggered_by: str) -> str:
    """The trigger's words in the current language; an unknown trigger's code."""
    return str(Trigger(triggered_by).label) if triggered_by in Trigger.values else triggered_by
