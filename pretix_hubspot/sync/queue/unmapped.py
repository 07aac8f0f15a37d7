"""Orders that were placed before their event's first mapping: they are sent as soon as there is one."""

from django.db import transaction
from django.db.models import Q
from pretix.base.models import Event, Order

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import EventConnection, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.values.fingerprint import fingerprint

from . import order_queue
from .scope import in_scope, mapped
from .triggers import Trigger


@transaction.atomic
def queue(event: Event) -> int:
    """Queue the orders that were placed before the event's first mapping. Returns how many.

    Called in the transaction that stores the mapping; ``finish.leave_out_unmapped`` explains the lock.
    """
    locked = EventConnection.objects.select_for_update(of=("self",)).select_related("connection").filter(event=event)
    if not (event_connection := locked.first()) or not mapped().filter(event=event).exists():
        return 0
    # Versions without this reason stored such orders as sent.
    nothing = fingerprint([event_connection.connection.portal_id])
    unmapped = Q(excluded_reason=Exclusion.NO_MAPPINGS) | Q(excluded_reason="", sent_hash=nothing)
    states = OrderState.objects.filter(unmapped, order__event=event)
    orders = in_scope(Order.objects.filter(event=event, pk__in=states.values("order")))
    waiting = list(orders.order_by("pk").values_list("pk", flat=True))
    for part in chunks(waiting, 1_000):
        order_queue.enqueue(event, part, Trigger.FIRST_MAPPING)
    return len(waiting)
