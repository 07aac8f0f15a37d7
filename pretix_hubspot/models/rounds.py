"""What the periodic rounds of this server know from one to the next."""

from django.db import models
from django.utils.timezone import now


class Round(models.Model):
    """The server's only row about its rounds.

    ``running_until`` is until when a round is under way that says nothing more of itself.
    ``log_watermark`` is the newest log entry that no late commit can precede any more, as the last round
    found it; None before the first one.
    ``invoice_watermark`` is the newest invoice of the round before the last one, ``newest_invoice`` of the last one.
    ``catalog_looked`` is when it was last looked whether HubSpot's schema had changed.
    ``planner`` is the revision for which all events were marked to be looked through.
    A lap compares all orders of the server once: ``cursor`` is the primary key up to which this one came since
    ``lap_began``, ``laps`` how many ended before.
    """

    running_until = models.DateTimeField(null=True)
    log_watermark = models.BigIntegerField(null=True)
    invoice_watermark = models.BigIntegerField(default=0)
    newest_invoice = models.BigIntegerField(default=0)
    catalog_looked = models.DateTimeField(default=now)
    planner = models.PositiveSmallIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    lap_began = models.DateTimeField(default=now)
    laps = models.PositiveIntegerField(default=0)

    def __str__(self):
        return f"{self.laps}/{self.cursor}"

    @classmethod
    def row(cls) -> "Round":
        """The row, which the first round makes."""
        return cls.objects.get_or_create(pk=1)[0]
