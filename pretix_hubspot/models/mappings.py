"""Mappings: which HubSpot record a pretix object becomes."""

from django.db import models
from pretix.base.models import Event, LoggedModel


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
