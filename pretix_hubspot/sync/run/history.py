"""The history of orders in pretix's log: its length, and our own entries."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, QuerySet
from pretix.base.i18n import language
from pretix.base.models import LogEntry, Order
from pretix.base.models.datasync import OrderSyncResult
from pretix.helpers.json import CustomJSONEncoder

from pretix_hubspot.failures.explanations import explain, named
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.models import PROVIDER
from pretix_hubspot.sources.event_context import EventContext

from .endings import SUCCESS
from .results import Result

OWN_LOG_ENTRIES = "pretix.event.order.data_sync"
#: Users' decisions about sync problems of an order; they are no reason to send either.
BY_PEOPLE = "pretix_hubspot.order"


def log_counts(orders: Sequence[int]) -> dict[int, int]:
    """The length of each order's history, without our own entries; the sweep queues an order whose history grew."""
    entries = order_entries().filter(object_id__in=list(orders))
    return dict(entries.values_list("object_id").annotate(Count("pk")).order_by())


def order_entries() -> QuerySet[LogEntry]:
    """The log entries of orders, without our own."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Order))
    return entries.exclude(action_type__startswith=OWN_LOG_ENTRIES).exclude(action_type__startswith=BY_PEOPLE)


def success_entry(order: Order, rows: Sequence[Result]) -> LogEntry:
    """Core's entry about a transfer, in core's form; a record that several mappings share is named once."""
    objects: dict[int, list[dict[str, Any]]] = {}
    named: set[str | None] = set()
    for row in rows:
        name = row.external_link_href or row.external_link_display_name
        if name not in named:
            named.add(name)
            objects.setdefault(row.mapping_id, []).append(OrderSyncResult.to_result_dict(row))
    return _entry(order, SUCCESS, {"provider": PROVIDER, "objects": objects})


def failure_entry(order: Order, failures: Sequence[Failure], mode: str, context: EventContext) -> LogEntry:
    """Core's entry about a failed transfer, with each reason in the event's language."""
    with language(order.event.settings.locale, order.event.settings.region):
        reasons = list(dict.fromkeys(explain(named(failure, context)) for failure in failures))
    full = "; ".join(dict.fromkeys(filter(None, (failure.message for failure in failures))))
    return _entry(order, f"failed.{mode}", {"provider": PROVIDER, "error": reasons, "full_message": full})


def _entry(order: Order, action: str, data: dict[str, Any]) -> LogEntry:
    return LogEntry(
        content_type=ContentType.objects.get_for_model(Order),
        object_id=order.pk,
        action_type=f"{OWN_LOG_ENTRIES}.{action}",
        event=order.event,
        organizer_id=order.event.organizer_id,
        data=json.dumps(data, cls=CustomJSONEncoder, sort_keys=True),
    )
