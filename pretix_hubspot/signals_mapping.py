"""Receivers about object mappings: an event was copied with its mappings, or has its first one."""

from django.db.models.signals import post_save
from django.dispatch import receiver
from pretix.base.signals import event_copy_data

from .copying import copy_mappings
from .models import ObjectMapping
from .server.workers import call_worker
from .sync import bulk


@receiver(event_copy_data, dispatch_uid="pretix_hubspot_copy_mappings")
def on_event_copied(sender, other, **maps):
    maps.pop("signal", None)
    copy_mappings(other, sender, **maps)


@receiver(post_save, sender=ObjectMapping, dispatch_uid="pretix_hubspot_first_mapping")
def on_mapping_saved(sender, instance, raw=False, **kwargs):
    """Whoever placed an order before there was anything to send need not be sent by hand."""
    if not raw and instance.is_complete and bulk.start_unmapped(instance.event):
        call_worker(instance.event.hubspot_connection.connection_id)
