"""Core's own loop, order by order, with the two providers that it is compared with."""

from collections.abc import Sequence
from functools import cached_property

from pretix.base.datasync.datasync import OutboundSyncProvider
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.hubspot.data import WriteInput
from pretix_hubspot.mappings.resolve import mappings_of

from .shop import Shop

STAGE = {"deals": {"pipeline": "default", "dealstage": "closedwon"}}  # a new deal needs one
IDLE, UPSERTING = "bench_idle", "bench_upserting"


class IdleProvider(OutboundSyncProvider):
    """Sends nothing, so that nothing but core's own work is measured."""

    identifier = IDLE

    @cached_property
    def mappings(self):
        """The event's own, but deals are found by a field that core knows."""
        mappings = mappings_of(self.event)
        for mapping in mappings:
            if mapping.pretix_id_field == "order_key":
                mapping.pretix_id_field = "event_order_code"
        return mappings

    def sync_object_with_properties(self, *args, **kwargs):
        return {"action": "created"}


class UpsertingProvider(IdleProvider):
    """What a provider made for core's loop does: one upsert per record, one call per association."""

    identifier = UPSERTING

    def __init__(self, event):
        super().__init__(event)
        self.client = client_for(event.hubspot_connection.connection)

    def sync_object_with_properties(
        self, external_id_field, id_value, properties, inputs, mapping, mapped_objects, **kwargs
    ):
        values = {name: "" if value is None else str(value) for name, value, _ in properties}
        values |= {external_id_field: id_value, **STAGE.get(mapping.external_object_type, {})}
        record = WriteInput("1", values, id=id_value, id_property=external_id_field)
        answer = self.client.batch_upsert(mapping.external_object_type, [record])
        made = answer.records[0].id
        for row in mapping.association_mappings:
            for other in mapped_objects[row["mapping"]]:
                pair = (made, other.sync_info["record"])
                self.client.associate_default(mapping.external_object_type, other.external_object_type, [pair])
        return {"action": "created", "record": made}

    def close(self):
        self.client.close()


def run(shop: Shop, orders: Sequence[Order], provider: type[OutboundSyncProvider]) -> None:
    """One run of core's loop over these orders, as ``run_sync`` starts it."""
    rows = list(OrderSyncQueue.objects.filter(sync_provider=provider.identifier).order_by("pk"))
    with provider(event=shop.event) as core:
        core.sync_queued_orders(rows)
    left = OrderSyncQueue.objects.filter(sync_provider=provider.identifier).count()
    if left:
        raise AssertionError(f"Core's loop failed for {left} of {len(orders)} orders")
