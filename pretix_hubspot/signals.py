"""What happens in pretix, handed on: orders to the queue, the periodic task, the data shredder."""

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

from . import catalogcare, connection
from .connecting import access_granted
from .models import Heartbeat
from .server.workers import call_worker
from .shredder import HubSpotShredder
from .sync.provider import HubSpotSyncProvider
from .tasks import tend


def _enqueue(event, order, reason):
    joined = connection.for_event(event)
    if joined is None:
        return
    HubSpotSyncProvider.enqueue_order(order, reason)
    call_worker(joined.connection_id)


def _receive(signal, reason):
    @receiver(signal, dispatch_uid=f"pretix_hubspot_{reason}", weak=False)
    def enqueue(sender, order, **kwargs):
        _enqueue(sender, order, reason)

    return enqueue


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
    _receive(_signal, _reason)


@receiver(order_split, dispatch_uid="pretix_hubspot_order_split")
def on_order_split(sender, original, split_order, **kwargs):
    for order in (original, split_order):
        _enqueue(sender, order, "order_split")


@receiver(periodic_task, dispatch_uid="pretix_hubspot_periodic_task")
def on_periodic_task(sender, **kwargs):
    Heartbeat.beat(Heartbeat.Name.PERIODIC)
    tend.apply_async()


@receiver(register_data_shredders, dispatch_uid="pretix_hubspot_shredder")
def on_register_data_shredders(sender, **kwargs):
    return HubSpotShredder


@receiver(access_granted, dispatch_uid="pretix_hubspot_access_granted")
def on_access_granted(sender, connection, **kwargs):
    catalogcare.look_again(connection)
