"""A short, optional way in: what to send -> the suggestion -> one real order as a test."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from pretix.base.forms import SafeSessionWizardView
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.catalog.key_properties import KeyPropertyUnusable, by_name
from pretix_hubspot.connections.conventions import currency_note
from pretix_hubspot.control.forms.related import STATUSES
from pretix_hubspot.control.forms.wizard import ChooseForm, ReviewForm, TryOrderForm
from pretix_hubspot.failures.access import UNAVAILABLE
from pretix_hubspot.mappings.editing import property_text
from pretix_hubspot.mappings.store import SuggestionImpossible
from pretix_hubspot.mappings.suggestions import ATTENDEES, apply_suggestion, possible, suggest
from pretix_hubspot.models import PROVIDER
from pretix_hubspot.server.permissions import may_change_orders
from pretix_hubspot.sources.choices import display
from pretix_hubspot.sources.registry import fields_for
from pretix_hubspot.sync.run.results import EXCLUDED
from pretix_hubspot.values.money import CURRENCIES

from .base import SendsOrderMixin, asked
from .mappings import ConnectedMixin, suggestion_problem

MODE_TEXTS = {
    "overwrite": gettext_lazy("Overwrite"),
    "if_new": gettext_lazy("Fill if new"),
    "if_empty": gettext_lazy("Fill if empty"),
    "append": gettext_lazy("Add to list"),
}


class Wizard(ConnectedMixin, SafeSessionWizardView):
    """Choose and review a suggestion; stores nothing before the last step is accepted."""

    form_list = [("choose", ChooseForm), ("review", ReviewForm)]
    templates = {
        "choose": "pretix_hubspot/wizard/choose.html",
        "review": "pretix_hubspot/wizard/review.html",
    }

    def get_template_names(self):
        return [self.templates[self.steps.current]]

    def dispatch(self, request, *args, **kwargs):
        try:
            return super().dispatch(request, *args, **kwargs)
        except (SuggestionImpossible, KeyPropertyUnusable, *UNAVAILABLE) as e:
            messages.error(request, suggestion_problem(e))
            return self.back_to_settings()

    def get(self, request, *args, **kwargs):
        if request.event.hubspot_object_mappings.exists():
            return HttpResponseRedirect(self.event_url("wizard.try"))
        return super().get(request, *args, **kwargs)

    @cached_property
    def possible(self):
        return possible(self.request.event, self.catalog)

    def get_form_kwargs(self, step=None):
        return {"possible": self.possible} if step == "choose" else {}

    @property
    def wanted(self):
        return (self.get_cleaned_data_for_step("choose") or {}).get("wanted", [])

    def get_context_data(self, form, **kwargs):
        context = super().get_context_data(form=form, **kwargs)
        if self.steps.current == "review":
            suggested = suggest(self.request.event, self.catalog, self.wanted)
            if any(entry.object_type in CURRENCIES for entry in suggested):
                context["currency_note"] = currency_note(self.request.event, self.event_connection.connection)
            context["suggested"] = [self.in_words(entry, suggested) for entry in suggested]
        else:
            context["no_attendee_emails"] = ATTENDEES not in self.possible
        return context

    def render(self, form=None, **kwargs):
        if self.steps.current == "review" and not self.wanted:  # the session ended in the meantime
            return self.render_goto_step("choose")
        return super().render(form, **kwargs)

    def in_words(self, entry, suggested):
        """A suggested mapping in the words of the review."""
        fields = fields_for(self.request.event, entry.source.key)
        definitions = self.catalog.properties(entry.object_type)
        rows = [
            (*entry.identifier, _("Identifier")),
            *((row.pretix_field, row.external_field, MODE_TEXTS[row.mode]) for row in entry.rows),
        ]
        titles = {s.name: self.title(s) for s in suggested}
        return {
            "title": titles[entry.name],
            "rows": [(display(fields[f]), self.property_in_words(definitions, p), mode) for f, p, mode in rows],
            "stages": self.stages_in_words(entry),
            "associations": [titles[name] for name in entry.associations],
        }

    def title(self, entry):
        return f"{entry.source.label} -> {self.catalog.label(entry.object_type)}"

    @staticmethod
    def property_in_words(definitions, name):
        label = by_name()[name].label if name in by_name() else name
        if name in definitions:
            return property_text(definitions[name], name)
        return _("{label} ({name} | string), will be created in HubSpot").format(label=label, name=name)

    def stages_in_words(self, entry):
        if not entry.pipeline:
            return []
        labels = {s.id: s.label for p in self.catalog.pipelines(entry.object_type) for s in p.stages}
        stages = entry.pipeline.stages
        return [(label, labels[stages[status]]) for status, label in STATUSES if status in stages]

    def done(self, form_list, **kwargs):
        mappings = apply_suggestion(self.event_connection, self.wanted, self.request.user, self.catalog)
        messages.success(self.request, _("The object mappings have been added: {count}.").format(count=len(mappings)))
        return HttpResponseRedirect(self.event_url("wizard.try"))


class TryOrder(ConnectedMixin, SendsOrderMixin, View):
    """Send one real order that a user chose, and show where it arrived."""

    def get(self, request, *args, **kwargs):
        return self.page(TryOrderForm(event=request.event, initial={"order": asked(request, "order")}))

    def post(self, request, *args, **kwargs):
        form = TryOrderForm(request.POST, event=request.event)
        if not self.may_send or not form.is_valid():
            return self.page(form)
        return self.send_now(form.cleaned_data["order"])

    @cached_property
    def may_send(self):
        return may_change_orders(self.request)

    def page(self, form):
        context = self.get_context_data(form=form, may_send=self.may_send, event_connection=self.event_connection)
        if self.may_send:
            context |= self.state_of(self.request.event.orders.filter(code=asked(self.request, "order")).first())
        return render(self.request, "pretix_hubspot/wizard/try.html", context)

    @staticmethod
    def state_of(order):
        """The state that core's order panel shows for the order."""
        if order is None:
            return {}
        results = OrderSyncResult.objects.filter(order=order, sync_provider=PROVIDER).order_by("mapping_id", "pk")
        waiting = OrderSyncQueue.objects.filter(order=order, sync_provider=PROVIDER).order_by("-triggered")
        return {
            "order": order,
            "waiting": waiting.filter(need_manual_retry__isnull=True).first(),
            "problem": waiting.filter(need_manual_retry__isnull=False).first(),
            "results": results.exclude(external_object_type=EXCLUDED),
            "left_out": results.filter(external_object_type=EXCLUDED).first(),
        }
