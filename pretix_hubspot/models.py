"""The plugin's tables.

Core's ``OrderSyncQueue`` is the only queue and core's ``OrderSyncResult`` rows are what the order page shows.
These tables hold what core has no room for: the connection to a portal, the portal's schema, the mappings, which
HubSpot record belongs to which of ours, and the state of each order.

Columns such as ``event_id`` are annotated where a type checker needs them; Django makes them of the foreign keys.
"""

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Event, LoggedModel, Order, Organizer
from pretix.base.models.datasync import OrderSyncResult

#: For how many days an event keeps its log, unless it chooses otherwise.
LOG_DAYS = 30
#: Longest address of a record that is stored.
URL_LENGTH = 255
PROVIDER = "hubspot"  # never rename: core's Sync problems page fails on rows of an unregistered provider


class Connection(LoggedModel):
    """An organizer's access to one portal.

    Tokens are ciphertext, written and read only by ``connections.tokens``.
    A disconnected connection keeps its row (and the portal's record links), without tokens.
    """

    class Kind(models.TextChoices):
        OAUTH = "oauth", _("HubSpot app (OAuth)")
        TOKEN = "token", _("Service key or private app token")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Connected")
        REVOKED = "revoked", _("Access was revoked in HubSpot")
        DISCONNECTED = "disconnected", _("Disconnected")

    organizer = models.ForeignKey(Organizer, on_delete=models.CASCADE, related_name="hubspot_connections")
    portal_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    access_token = models.TextField(blank=True)
    refresh_token = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    scopes = models.JSONField(default=list)
    account = models.JSONField(default=dict)  # AccountDetails as HubSpot reported it, see hubspot.types
    hubspot_user = models.CharField(max_length=255, blank=True)
    connected_at = models.DateTimeField(default=now)
    resting_until = models.DateTimeField(null=True, blank=True)
    resting_reason = models.CharField(max_length=32, blank=True)
    catalog_refreshed_at = models.DateTimeField(null=True, blank=True)
    paused_since = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey("pretixbase.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    hash_key = models.TextField(blank=True, default="")  # ciphertext, see connections.hash_key

    class Meta:
        unique_together = (("organizer", "portal_id"),)
        ordering = ("pk",)


class EventConnection(models.Model):
    """An event that uses a connection, and since when.

    ``log_watermark`` is the id of the newest log entry the sweep has seen.
    ``planner`` is the revision for which the event's orders were looked through, see ``mappings.revisions``.
    ``told_causes`` are the causes of sync problems that users were notified of and that still exist.
    ``source_changes`` decides about orders that would be sent otherwise because a date, a product, a customer or the
    event was changed; ``things_watermark`` and ``things`` are what the sweep knows of these, see ``sync.queue.things``.
    """

    class SourceChanges(models.TextChoices):
        SEND = "", _("Send the orders concerned again")
        OFFER = "offer", _("Offer to send them again")

    class Digest(models.TextChoices):
        OFF = "", _("Never")
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every Monday")

    event_id: int
    connection_id: int
    paused_by_id: int | None
    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="hubspot_connection")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="event_connections")
    joined_at = models.DateTimeField(default=now)
    send_test_orders = models.BooleanField(default=False)
    log_days = models.PositiveSmallIntegerField(default=LOG_DAYS)
    log_values = models.BooleanField(default=False)
    log_watermark = models.BigIntegerField(default=0)
    source_changes = models.CharField(
        max_length=10, choices=SourceChanges.choices, blank=True, default=SourceChanges.SEND
    )
    things_watermark = models.BigIntegerField(default=0)
    things = models.JSONField(default=dict)
    planner = models.PositiveSmallIntegerField(default=0)
    paused_since = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey("pretixbase.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    told_causes = models.JSONField(default=list)
    digest = models.CharField(max_length=10, choices=Digest.choices, blank=True, default=Digest.OFF)
    digest_to = models.TextField(blank=True)
    digest_sent_at = models.DateTimeField(null=True, blank=True)


class FormerConnection(models.Model):
    """The connection that an event left last, so that joining it again loses no state.

    ``joined`` are columns of the ``EventConnection`` as they were, and ``waiting`` the orders that were in the queue,
    those of *Sync now* under ``by_hand``.
    """

    event_id: int
    connection_id: int
    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="hubspot_former_connection")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    left_at = models.DateTimeField(default=now)
    joined = models.JSONField(default=dict)
    waiting = models.JSONField(default=list)
    by_hand = models.JSONField(default=list)

    def __str__(self):
        return f"{self.event_id} {self.connection_id}"


class CatalogEntry(models.Model):
    """One stored piece of a portal's schema: object types, or the properties, pipelines or labels of one type.

    ``kind``/``name`` are e.g. ``properties``/``contacts``; ``data`` is HubSpot's list, trimmed to what we use.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="catalog_entries")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=190, blank=True)
    data = models.JSONField(default=list)
    fetched_at = models.DateTimeField(default=now)

    class Meta:
        unique_together = (("connection", "kind", "name"),)


class ObjectMapping(LoggedModel):
    """Which HubSpot record a pretix object becomes, and what is written into it.

    It satisfies core's ``ObjectMapping`` protocol; ``pretix_model`` is the key of a source, see ``sources.registry``.
    What its JSON columns hold is written in ``mappings.stored``;
    ``association_mappings`` names earlier mappings of the event by primary key.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hubspot_object_mappings")
    position = models.PositiveIntegerField(default=0)
    pretix_model = models.CharField(max_length=20)
    external_object_type = models.CharField(max_length=128)
    pretix_id_field = models.CharField(max_length=190, blank=True)
    external_id_field = models.CharField(max_length=190, blank=True)
    property_mappings = models.JSONField(default=list)
    association_mappings = models.JSONField(default=list)
    pipeline = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    made_for_portal = models.BigIntegerField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("position", "pk")

    @property
    def is_complete(self):
        """Whether the mapping has an identifier, without which nothing is sent."""
        return bool(self.pretix_id_field and self.external_id_field)


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
        indexes = [models.Index(fields=("record", "subject_pk", "part"), name="hubspot_use_of_record")]

    def __str__(self):
        return f"{self.subject_kind} {self.subject_pk} {self.mapping_id}/{self.part}"


class RecordLink(models.Model):
    """What the version before stored about records: kept for one release, so that going back doubles nothing.

    Migration 0006 copied it into ``KnownRecord`` and ``RecordUse``; nothing reads or writes it.
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


class DailyCount(models.Model):
    """How many of the event's orders succeeded and failed on one day, in the event's time zone."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hubspot_daily_counts")
    day = models.DateField()
    sent = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        unique_together = (("event", "day"),)


class Run(models.Model):
    """One slice as far as one event is concerned; see ``sync.run.run_log``.

    ``orders`` and ``failed`` count orders; ``created``, ``updated`` and ``unchanged`` count records. ``requests`` and
    ``seconds`` are of the whole slice, which it may have shared with other events. ``triggers`` counts the orders by
    their triggers; ``trouble`` is why the portal rested (see ``connections.resting``).
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


class RequestBudgetState(models.Model):
    """The shared request budget of one portal on servers without Redis: one locked row."""

    portal = models.CharField(max_length=64, unique=True)
    state = models.JSONField(default=dict)


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


class OAuthState(models.Model):
    """A started OAuth authorisation, used once, see ``connections.oauth_state``.

    ``connection`` is set when an existing connection is to be renewed: another portal is then refused.
    """

    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    user = models.ForeignKey("pretixbase.User", on_delete=models.CASCADE)
    organizer = models.ForeignKey(Organizer, on_delete=models.CASCADE, null=True, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="+")
    created = models.DateTimeField(default=now)
    used_at = models.DateTimeField(null=True, blank=True)


def part_of(row: OrderSyncResult) -> int | None:
    """The primary key of the part of an order that one of core's result rows is about; None for the order as a whole.

    Core has a column for positions; other parts are named by what we remember.
    """
    return row.order_position_id or (row.sync_info or {}).get("part")
