"""The state of each order in HubSpot, and core's result rows."""

from django.db import models
from django.utils.timezone import now
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncResult

from .connections import Connection

PROVIDER = "hubspot"  # never rename: core's Sync problems page fails on rows of an unregistered provider


class OrderState(models.Model):
    """The state of one order in HubSpot.

    ``sent_hash`` covers portal, mapping revisions and all values; if it is equal, the order is not sent again.
    ``sent_at`` is when the state was planned that HubSpot was last known to hold, and ``planner`` by which revision of
    the planner, see ``mappings.revisions``; 0 is any before these were counted. ``outdated_by`` is the newer revision
    that sends this order otherwise, or another reason why it would be, see ``queue.triggers.OFFERED``.
    ``by_hand`` brings an order into scope that was placed before the event joined, or in test mode.
    ``log_count`` is how many log entries the order had when it was last read: the sweep compares it with today's.
    ``associated`` is what the version before stored, see ``RecordLink``; uses hold the associations now.
    ``excluded_reason`` and ``problem`` say why it is not (fully) in HubSpot; see ``failures.codes``.
    ``cause`` is shared by all orders that fail for the same reason, see ``failures.causes``; ``attempts`` counts
    how often the order failed since ``failing_since``. They outlive a retry and end with success.
    """

    order_id: int
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="hubspot_state")
    portal_id = models.BigIntegerField()
    sent_hash = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    planner = models.PositiveSmallIntegerField(default=0)
    outdated_by = models.CharField(max_length=20, blank=True, default="")
    by_hand = models.BooleanField(default=False)
    log_count = models.PositiveIntegerField(default=0)
    associated = models.JSONField(default=list)
    excluded_reason = models.CharField(max_length=32, blank=True)
    problem = models.JSONField(null=True, blank=True)
    cause = models.CharField(max_length=32, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=("cause",), condition=~models.Q(cause=""), name="hubspot_failing"),
            models.Index(fields=("outdated_by",), condition=~models.Q(outdated_by=""), name="hubspot_outdated"),
            models.Index(fields=("sent_at",), condition=~models.Q(sent_hash=""), name="hubspot_sent"),
        ]


class CountedOrders(models.Model):
    """How many orders of an event, or of all events of a connection, are in each state, as they were counted last.

    Only where orders are many, see ``health.counted``. ``counts`` are state, reason and number, ``details`` what is
    known of each cause of failures. ``basis`` is what decided about all of them. ``asked_at`` is when a worker was
    called to count again, ``seen_at`` when somebody looked, ``changed_at`` when orders were moved between numbers.
    """

    event_id: int | None
    connection_id: int | None
    event = models.OneToOneField(Event, on_delete=models.CASCADE, null=True, related_name="+")
    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, null=True, related_name="+")
    counts = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    basis = models.CharField(max_length=64, blank=True, default="")
    counted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(null=True)


class DailyCount(models.Model):
    """How many of the event's orders succeeded and failed on one day, in the event's time zone."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hubspot_daily_counts")
    day = models.DateField()
    sent = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        unique_together = (("event", "day"),)


def part_of(row: OrderSyncResult) -> int | None:
    """The primary key of the part of an order that one of core's result rows is about; None for the order as a whole.

    Core has a column for positions; other parts are named by what we remember.
    """
    return row.order_position_id or (row.sync_info or {}).get("part")
