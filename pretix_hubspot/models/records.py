"""The memory of HubSpot records: which ones we know, what uses them, and what the version before stored."""

from django.db import models
from django.utils.timezone import now
from pretix.base.models import Event

#: Longest address of a record that is stored.
URL_LENGTH = 255


class KnownRecord(models.Model):
    """One HubSpot record that we know, or are about to create.

    ``key`` is our key as a keyed hash (``connections.hash_key``), so that no table tells an address; further keys of
    the same record are its ``RecordAlias`` rows. ``record_id`` is empty until HubSpot has given one.
    ``source_kind`` and ``source_pk`` name the one object of ours that the record stands for, such as ``position`` 7;
    a record that is known by a value, such as a contact, stands for none.
    ``sent_hash`` covers what was planned when it was last sent, as a keyed hash: if it is equal, nothing is sent.
    ``lease`` is the token of the worker that may write the record until ``leased_until``; ``version`` counts writes.
    """

    portal_id = models.BigIntegerField()
    object_type = models.CharField(max_length=128)
    key = models.CharField(max_length=64)
    record_id = models.CharField(max_length=64, blank=True)
    source_kind = models.CharField(max_length=20, blank=True)
    source_pk = models.BigIntegerField(null=True, blank=True)
    sent_hash = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=URL_LENGTH, blank=True)
    version = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("portal_id", "object_type", "key"), name="hubspot_record_key"),
            models.UniqueConstraint(
                fields=("portal_id", "object_type", "record_id"),
                condition=~models.Q(record_id=""),
                name="hubspot_record_id",
            ),
        ]
        indexes = [
            models.Index(
                fields=("portal_id", "object_type", "source_kind", "source_pk"),
                condition=~models.Q(source_kind=""),
                name="hubspot_record_source",
            ),
        ]

    def __str__(self):
        return f"{self.object_type} {self.record_id}"


class RecordAlias(models.Model):
    """A further key of ours that leads to a known record: HubSpot merged two, or another property identifies it now."""

    portal_id = models.BigIntegerField()
    object_type = models.CharField(max_length=128)
    key = models.CharField(max_length=64)
    record = models.ForeignKey(KnownRecord, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("portal_id", "object_type", "key"), name="hubspot_record_alias"),
        ]

    def __str__(self):
        return f"{self.object_type} {self.record_id}"


class RecordUse(models.Model):
    """The use of a known record by one subject, such as an order, with one mapping, for one part, such as a position.

    ``part`` is the part's primary key, 0 for the subject as a whole. ``record_number`` is the record's id in HubSpot
    when it was last sent for this use, and ``associated`` the associations made for it then, from this record to
    others: object type, record id, and number of the label, each.
    ``revision`` is the mapping's when it was planned, ``contributed`` the keyed hash of the values that it contributed.
    ``label`` names the subject or part for users, such as ``ABC12-1``.
    """

    class State(models.TextChoices):
        WANTED = "wanted", "wanted"  # planned, and not sent yet
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        DETACH = "detach", "detach"  # its associations are to be removed: another record has taken its place
        REMOVE = "remove", "remove"  # the record itself is to be archived

    record_id: int
    record = models.ForeignKey(KnownRecord, on_delete=models.CASCADE, related_name="uses")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    subject_kind = models.CharField(max_length=12)
    subject_pk = models.BigIntegerField()
    mapping_id = models.BigIntegerField()
    part = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WANTED)
    record_number = models.CharField(max_length=64, blank=True)
    associated = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0)
    contributed = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("subject_pk", "subject_kind", "mapping_id", "part", "record"), name="hubspot_use"
            ),
        ]
        indexes = [
            models.Index(fields=("record", "subject_pk", "part"), name="hubspot_use_of_record"),
            models.Index(fields=("event", "subject_pk"), condition=models.Q(state="remove"), name="hubspot_use_remove"),
        ]

    def __str__(self):
        return f"{self.subject_kind} {self.subject_pk} {self.mapping_id}/{self.part}"


class RecordLink(models.Model):
    """What the version before stored about records: kept for one release, so that going back doubles nothing.

    Migration 0008 copied it into ``KnownRecord`` and ``RecordUse``; nothing reads or writes it.
    """

    portal_id = models.BigIntegerField()
    object_type = models.CharField(max_length=128)
    key = models.CharField(max_length=190)
    record_id = models.CharField(max_length=64)
    sent_hash = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=URL_LENGTH, blank=True)
    owner = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        unique_together = (("portal_id", "object_type", "key"),)
        indexes = [models.Index(fields=("portal_id", "object_type", "record_id"))]
