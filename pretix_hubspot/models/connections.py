"""Access to portals: connections, the events that use them, portals' schemas, and authorisations under way."""

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Event, LoggedModel, Organizer

#: For how many days an event keeps its log, unless it chooses otherwise.
LOG_DAYS = 30


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
    ``sweep_due`` is when the periodic round looks at the event at the latest, see ``sync.rounds``.
    ``planner`` is the revision for which the event's orders were looked through, see ``mappings.revisions``.
    ``none_before`` is a change of the mappings before which none of the event's orders was sent that would be sent
    again, as far as was looked, see ``queue.outdated_orders``.
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
    sweep_due = models.DateTimeField(default=now, db_index=True)
    things_watermark = models.BigIntegerField(default=0)
    things = models.JSONField(default=dict)
    planner = models.PositiveSmallIntegerField(default=0)
    none_before = models.DateTimeField(null=True, blank=True)
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


class RequestBudgetState(models.Model):
    """The shared request budget of one portal on servers without Redis: one locked row."""

    portal = models.CharField(max_length=64, unique=True)
    state = models.JSONField(default=dict)


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
