"""The doorbell of a copied event."""

from django.dispatch import receiver
from pretix.base.signals import event_copy_data

from .copying import copy_mappings


@receiver(event_copy_data, dispatch_uid="pretix_hubspot_copy_mappings")
def on_event_copied(sender, other, **maps):
    maps.pop("signal", None)
    copy_mappings(other, sender, **maps)
