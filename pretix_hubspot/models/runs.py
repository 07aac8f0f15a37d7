"""What the log shows: slices, the orders in them, and when background processes last ran."""

from django.db import models
from django.utils.timezone import now
from pretix.base.models import Event, Order


class Run(models.Model):
    """One slice as far as one event is concerned; see ``sync.run.run_log``.

    ``orders`` and ``failed`` count orders; ``created``, ``updated``, ``unchanged`` and ``removed`` count records.
    ``requests`` and ``seconds`` are of the whole slice, which it may have shared with other events. ``triggers`` counts
    the orders by their triggers; ``trouble`` is why the portal rested (see ``connections.resting``).
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hubspot_runs")
    started = models.DateTimeField(db_index=True)
    seconds = models.FloatField(default=0)
    requests = models.PositiveIntegerField(default=0)
    shared = models.BooleanField(default=False)
    triggers = models.JSONField(default=dict)
    orders = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ("-started", "-pk")
        indexes = [models.Index(fields=("event", "-started"), name="hubspot_run_of_event")]

    def __str__(self):
        return f"{self.event_id} {self.started:%Y-%m-%d %H:%M}"


class RunEntry(models.Model):
    """The part of a run for one order: records written, properties changed, failures.

    It holds values only if the event wants that (``EventConnection.log_values``).
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="entries")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="hubspot_runs")
    records = models.JSONField(default=list)
    failures = models.JSONField(default=list)

    class Meta:
        ordering = ("-run__started", "-pk")

    def __str__(self):
        return f"{self.run_id}/{self.order_id}"


class Heartbeat(models.Model):
    """When a background process last ran, see ``health.diagnosis.workers``."""

    class Name(models.TextChoices):
        PERIODIC = "periodic", "periodic"  # cron called pretix
        WORKER = "worker", "worker"  # a worker carried out the periodic task

    name = models.CharField(max_length=20, choices=Name.choices, unique=True)
    at = models.DateTimeField(default=now)

    def __str__(self):
        return self.name

    @classmethod
    def record(cls, name):
        cls.objects.update_or_create(name=name, defaults={"at": now()})
