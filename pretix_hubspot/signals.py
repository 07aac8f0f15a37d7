"""Doorbells: pretix rings, somebody else works."""

from django.dispatch import receiver
from pretix.base.signals import (
    order_approved,
    order_canceled,
    order_changed,
    order_denied,
    order_expired,
    order_expiry_changed,
    order_modified,
    order_paid,
    order_placed,
    order_reactivated,
    order_split,
    periodic_task,
    register_data_shredders,
)

from . import connection
from .models import Heartbeat
from .shredder import HubSpotShredder
from .sync.provider import HubSpotSyncProvider
from .tasks import ring, tend


def _ring(event, order, reason):
    joined = connection.for_event(event)
    if joined is None:
        return
    HubSpotSyncProvider.enqueue_order(order, reason)
    ring(joined.connection_id)


def _doorbell(signal, reason):
    @receiver(signal, dispatch_uid=f"pretix_hubspot_{reason}", weak=False)
    def answer(sender, order, **kwargs):
        _ring(sender, order, reason)

    return answer


for _signal, _reason in (
    (order_placed, "order_placed"),
    (order_paid, "order_paid"),
    (order_modified, "order_modified"),
    (order_changed, "order_changed"),
    (order_approved, "order_approved"),
    (order_denied, "order_denied"),
    (order_canceled, "order_canceled"),
    (order_expired, "order_expired"),
    (order_reactivated, "order_reactivated"),
    (order_expiry_changed, "order_expiry_changed"),
):
    _doorbell(_signal, _reason)


@receiver(order_split, dispatch_uid="pretix_hubspot_order_split")
def on_order_split(sender, original, split_order, **kwargs):
    for order in (original, split_order):
        _ring(sender, order, "order_split")


@receiver(periodic_task, dispatch_uid="pretix_hubspot_periodic_task")
def on_periodic_task(sender, **kwargs):
    Heartbeat.beat(Heartbeat.Name.PERIODIC)
    tend.apply_async()


@receiver(register_data_shredders, dispatch_uid="pretix_hubspot_shredder")
def on_register_data_shredders(sender, **kwargs):
    return HubSpotShredder
