"""What is sent next: an index of what waits, in the order of choosing."""

from django.db import models
from pretix.base.models import Event

from .connections import Connection


class WorkItem(models.Model):
    """One subject that waits for a portal, in the order in which it is chosen.

    It only orders the choosing. Whether an order waits is told by core's row alone, so that an item too many or one
    too few loses nothing: the former is dropped when it is met, the latter made by the next periodic round.
    ``turn`` counts within a portal and a priority; events take turns by it. Without one, the subject waits until
    ``not_before``.
    Items are made while people buy: without constraints, the database does not look at the connection's row, which
    may be locked.
    """

    connection_id: int
    event_id: int | None
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="work_items", db_index=False, db_constraint=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="+", null=True, db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=16)
    subject = models.BigIntegerField()
    priority = models.PositiveSmallIntegerField()
    turn = models.BigIntegerField(null=True)
    not_before = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("kind", "subject"), name="hubspot_item")]
        indexes = [
            models.Index(
                fields=("connection", "priority", "turn", "id"),
                condition=models.Q(turn__isnull=False),
                name="hubspot_item_next",
            ),
            models.Index(fields=("event", "priority", "turn"), name="hubspot_item_event"),
            models.Index(
                fields=("connection", "not_before"), condition=models.Q(turn__isnull=True), name="hubspot_item_later"
            ),
        ]
