"""*Log*: the transfers, run by run, or order by order after a search."""

import json

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django.views.generic import ListView
from pretix.control.views import PaginationMixin

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.object_types import type_id
from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.failures.explanations import explain, named, where_to_fix
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.failures.texts import describe_rest
from pretix_hubspot.models import Run, RunEntry
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import record_base
from pretix_hubspot.server.permissions import may_see_orders, require_seeing_orders
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync.queue.triggers import trigger_text
from pretix_hubspot.sync.send.outcome import RecordAction

from .base import HubSpotEventMixin, asked

ACTIONS = {
    RecordAction.CREATED: gettext_lazy("Created"),
    RecordAction.UPDATED: gettext_lazy("Updated"),
    RecordAction.NOTHING_TO_DO: gettext_lazy("Unchanged"),
    RecordAction.REMOVED: gettext_lazy("Removed"),
}


class Log(PaginationMixin, HubSpotEventMixin, ListView):
    """All runs; with a part of an order code, or the ID of a record, the entries of these orders."""

    template_name = "pretix_hubspot/log.html"

    @cached_property
    def code(self):
        return asked(self.request, "order").strip()[:32]

    def get_queryset(self):
        if not self.code:
            return Run.objects.filter(event=self.request.event)
        searched = entries(self.request).annotate(told=Cast("records", TextField()))
        record = json.dumps({"record": self.code}).strip("{}")
        return searched.filter(Q(order__code__icontains=self.code) | Q(told__contains=record))

    def get_context_data(self, **kwargs):
        context = super().get_context_data(code=self.code, **kwargs)
        page = context["object_list"]
        context["may_see_orders"] = may_see_orders(self.request)
        context["days"] = getattr(for_event(self.request.event), "log_days", None)
        context |= {"entries": described(self.request, page)} if self.code else {"runs": [RunLine(run) for run in page]}
        return context


class LogOfRun(PaginationMixin, HubSpotEventMixin, ListView):
    """The entries of one run, one for each order."""

    template_name = "pretix_hubspot/log_run.html"

    @cached_property
    def run(self):
        return get_object_or_404(Run, event=self.request.event, pk=self.kwargs["run"])

    def get_queryset(self):
        return entries(self.request).filter(run=self.run)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(run=RunLine(self.run), **kwargs)
        context["entries"] = described(self.request, context["object_list"])
        return context


def entries(request):
    """The entries of orders, for users who may see orders; runs are only numbers."""
    require_seeing_orders(request)
    return RunEntry.objects.filter(run__event=request.event).select_related("run", "order")


class RunLine:
    """A run in words."""

    def __init__(self, run):
        self.run = run

    @property
    def triggers(self):
        return [(trigger_text(name), count) for name, count in sorted(self.run.triggers.items())]

    @property
    def trouble(self):
        return describe_rest(self.run.trouble) or self.run.trouble


def described(request, page):
    """Entries with links and words."""
    event_connection = for_event(request.event)
    catalog = Catalog(event_connection.connection) if event_connection else None
    config, context = server_config(), EventContext(request.event)
    return [EntryLine(entry, catalog, config, context) for entry in page]


class EntryLine:
    """An entry in words."""

    def __init__(self, entry, catalog, config, context):
        self.run, self.order = entry.run, entry.order
        self.records = [_record(record, catalog, config) for record in entry.records]
        failures = [named(Failure(**failure), context) for failure in entry.failures]
        sentences = [(explain(failure), where_to_fix(failure, context)) for failure in failures]
        self.failures = list(dict.fromkeys(sentences))  # positions that fail for the same reason


def _record(record, catalog, config):
    base = record_base(catalog.connection, type_id(record["type"]), config) if catalog else ""
    values = record.get("values", {})
    return {
        "label": catalog.label(record["type"], plural=False) if catalog else record["type"],
        "id": record["record"],
        "url": f"{base}{record['record']}" if base else "",
        "action": ACTIONS.get(record["action"], record["action"]),
        "changes": [(name, values.get(name)) for name in record["properties"]],
    }
