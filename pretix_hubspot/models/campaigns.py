"""Campaigns: long work on an event's orders, with what is known of its progress."""

from django.db import models
from django.utils.timezone import now
from pretix.base.models import Event


class Campaign(models.Model):
    """Long work on the orders of an event, a few of which wait in core's queue at any time; see ``queue.campaigns``.

    ``filter`` says which orders: ``{"orders": "outdated"}``, or ``"all"`` that were sent.
    It goes from new orders to old ones. Orders from ``counted_to`` on are counted in ``total``, and those from
    ``cursor`` on were queued; both are primary keys.
    ``waiting`` are queued orders that were not seen to be finished, and ``withdrawn`` those that a pause took out of
    the queue. ``done`` and ``failed`` count the others. ``reason`` is why it was canceled, unless a user did it.
    """

    class Kind(models.TextChoices):
        RESEND = "resend", "resend"

    class State(models.TextChoices):
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        CANCELED = "canceled", "canceled"
        DONE = "done", "done"

    #: A campaign in one of these states has work left.
    OPEN = (State.RUNNING, State.PAUSED)

    event_id: int
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hubspot_campaigns")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.RESEND)
    filter = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    reason = models.CharField(max_length=16, blank=True, default="")
    cursor = models.BigIntegerField()
    counted_to = models.BigIntegerField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    waiting = models.JSONField(default=list)
    withdrawn = models.JSONField(default=list)
    started_by = models.ForeignKey(
        "pretixbase.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("event", "kind"),
                condition=models.Q(state__in=("running", "paused")),
                name="hubspot_one_campaign",
            ),
        ]

    def __str__(self):
        return f"{self.event_id} {self.kind} {self.state}"
