"""The preview of one real order: what HubSpot holds, what it would hold, and why; then *Send this order now*.

It shows data of the order and of the CRM, so it needs both permissions, and every preview is logged at the order.
"""

from contextlib import closing

from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.display import shown, stage_labels
from pretix_hubspot.catalog.object_types import type_id
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.conventions import conventions
from pretix_hubspot.control.forms.preview import PreviewForm
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.failures.exclusions import why_excluded
from pretix_hubspot.failures.explanations import explain as explain_failure
from pretix_hubspot.failures.explanations import labelled, named
from pretix_hubspot.failures.texts import describe_failure
from pretix_hubspot.mappings.editing import describe_mapping
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import record_base
from pretix_hubspot.server.patience import PERSON
from pretix_hubspot.server.permissions import may_change_orders
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync.run.preview import NO_IDENTIFIER, PreviewAction, PropertyState, preview
from pretix_hubspot.sync.send.batches import PortalUnavailable

from .base import SeesOrdersMixin, SendsOrderMixin
from .mappings import ConnectedMixin

STYLES = {
    PreviewAction.CREATED: "success",
    PreviewAction.UPDATED: "info",
    PreviewAction.NOTHING_TO_DO: "primary",
    PreviewAction.REMOVED: "warning",
    PreviewAction.FOUND: "info",
    PreviewAction.FAILED: "danger",
}


class PreviewOrder(ConnectedMixin, SeesOrdersMixin, SendsOrderMixin, View):
    """GET asks for an order, POST shows its preview."""

    def get(self, request, *args, **kwargs):
        return self.page(PreviewForm(event=request.event))

    def post(self, request, *args, **kwargs):
        code = request.POST.get("code", "").encode(errors="replace").decode()  # half a character cannot be shown again
        form = PreviewForm({"code": code}, event=request.event)
        if not form.is_valid():
            return self.page(form)
        return self.send_now(form.order) if "send" in request.POST else self.show(form)

    def show(self, form):
        form.order.log_action("pretix_hubspot.order.previewed", user=self.request.user)
        try:
            self.catalog = Catalog(self.event_connection.connection, patience=PERSON)
            with closing(client_for(self.event_connection.connection, patience=PERSON)) as client:
                self.catalog.freshen_for_user(
                    {m.external_object_type for m in self.request.event.hubspot_object_mappings.all()}
                )
                seen = preview(self.event_connection, form.order, client)
        except PortalUnavailable as trouble:
            return self.page(form, problem=explain(trouble.error))
        except UNAVAILABLE as e:
            return self.page(form, problem=explain(e))
        return self.page(form, order=form.order, **self.in_words(seen))

    def page(self, form, **context):
        context = self.get_context_data(form=form, may_send=may_change_orders(self.request), **context)
        return render(self.request, "pretix_hubspot/preview.html", context)

    # In words

    @cached_property
    def titles(self):
        return {m.pk: describe_mapping(m, self.catalog) for m in self.request.event.hubspot_object_mappings.all()}

    @cached_property
    def context(self):
        return EventContext(self.request.event)

    def in_words(self, result):
        records = {id(record): self.record(record, number) for number, record in enumerate(result.records, start=1)}
        return {
            "excluded": why_excluded(result.excluded) if result.excluded else None,
            "records": list(records.values()),
            "failures": self.reasons(result.failures),
            "filtered": [(self.titles.get(mapping, ""), self.why(reason)) for mapping, reason in result.filtered],
            "associations": [
                (self.end(link.one, records), self.end(link.other, records), link) for link in result.associations
            ],
        }

    def reasons(self, failures):
        """Each reason once, though several positions may share it."""
        return list(dict.fromkeys(explain_failure(named(failure, self.context)) for failure in failures))

    def end(self, record, records):
        """One of the two records of an association: a number of the page, or a record from before."""
        if known := records.get(id(record)):
            return known
        title = self.catalog.label(record.object_type, plural=False)
        return {"title": title, "name": record.name or record.record_id, "url": self.url(record)}

    @staticmethod
    def why(reason):
        if reason == NO_IDENTIFIER:
            return _("Not sent: the identifier has no value in this order.")
        return why_excluded(reason)

    def record(self, record, number):
        return {
            "number": number,
            "title": self.catalog.label(record.object_type, plural=False),
            "mappings": [self.titles.get(mapping, "") for mapping in record.mappings],
            "identifier": record.identifier,
            "action": record.action.label,
            "style": STYLES[record.action],
            "url": self.url(record),
            "rows": self.rows(record),
            "failures": self.reasons(record.failures),
            "hidden": record.action == PreviewAction.FOUND,
            "left_out": [describe_failure(r.code, labelled(r.params, self.context)) for r in record.left_out],
        }

    def rows(self, record):
        stages = stage_labels(self.catalog, record.object_type)
        known = conventions(self.request.event, self.event_connection.connection)
        return [
            {
                "label": row.property.label,
                "before": shown(row.before, row.property, stages, known),
                "after": shown(row.after, row.property, stages, known),
                "state": row.state.label,
                "changed": row.state == PropertyState.CHANGED,
            }
            for row in record.properties
        ]

    def url(self, record):
        """The record's page in HubSpot, if it has one."""
        base = record_base(self.event_connection.connection, type_id(record.object_type), server_config())
        return f"{base}{record.record_id}" if base and record.record_id else ""
