"""Pages about transfers: numbers, lists of orders, sync problems by cause, and the pause."""

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.generic import ListView, TemplateView
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.pausing import is_paused, pause_connection, pause_event, resume_connection, resume_event
from pretix_hubspot.control.forms.digest import DigestForm
from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.failures.exclusions import exclusion_label
from pretix_hubspot.failures.explanations import explain, named
from pretix_hubspot.health import actions
from pretix_hubspot.health.budget_use import used
from pretix_hubspot.health.causes import cause_named, causes, first_failure, row_text
from pretix_hubspot.health.chart import chart
from pretix_hubspot.health.counted import shown, shown_of
from pretix_hubspot.health.numbers import EXCLUDED, FAILING, STATES, WAITING, orders_in
from pretix_hubspot.health.words import MEANINGS, retried_text
from pretix_hubspot.health.words import STATES as STATE_WORDS
from pretix_hubspot.models import PROVIDER
from pretix_hubspot.server.links import event_url
from pretix_hubspot.server.permissions import may_change_orders, may_see_orders
from pretix_hubspot.sources.event_context import EventContext

from .base import ChangesOrdersMixin, HubSpotEventMixin, HubSpotOrganizerMixin, SeesOrdersMixin, asked
from .connect import event_connection_or_404
from .mappings import ConnectedMixin


def health_context(request, connection):
    """The context of ``pretix_hubspot/includes/health.html``: numbers for all users, orders for users who may see
    them.
    """
    event = request.event
    counts, sees = shown(event), may_see_orders(request)
    return {
        "may_see_orders": sees,
        "health": counts,
        "health_rows": list(state_rows(event, counts)),
        "health_chart": chart(event),
        "waiting": counts.of(WAITING),
        "unmapped_orders": counts.counts.get((EXCLUDED, Exclusion.NO_MAPPINGS), 0),
        "oldest": counts.oldest if sees else None,
        "budget": used(connection),
    }


def state_rows(event, counts):
    """Each state with its words, its number, the address of its orders, and the exclusions."""
    for state in STATES:
        reasons = counts.reasons(state) if state == EXCLUDED else {}
        yield {
            "state": state,
            "label": STATE_WORDS[state],
            "meaning": MEANINGS[state],
            "count": counts.of(state),
            "url": orders_url(event, state),
            "reasons": [
                (exclusion_label(name), count, orders_url(event, state, name)) for name, count in reasons.items()
            ],
        }


def orders_url(event, state, reason=None):
    """The list of the event's orders in a state."""
    url = event_url(event, "orders", state=state)
    return f"{url}?reason={reason}" if reason else url


class Problems(ConnectedMixin, TemplateView):
    """Sync problems grouped by cause, each with its actions."""

    template_name = "pretix_hubspot/problems.html"

    def get_context_data(self, **kwargs):
        event = self.request.event
        numbers = shown_of([event.pk])[event.pk]
        rows = [(cause, orders_url(event, FAILING, cause.key)) for cause in causes(event, numbers)]
        total = sum(cause.orders for cause, _url in rows)
        kwargs.setdefault("digest_form", DigestForm(instance=self.event_connection))
        kwargs |= {"may_see_orders": may_see_orders(self.request), "may_change_orders": may_change_orders(self.request)}
        return super().get_context_data(
            rows=rows, total=total, health=numbers, event_connection=self.event_connection, **kwargs
        )


class Digest(Problems):
    """Save the digest's settings; the form stands on the page of sync problems."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        form = DigestForm(request.POST, instance=self.event_connection)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(digest_form=form))
        if form.has_changed():
            form.instance.digest_sent_at = now()  # the first one comes when it is due next
            form.instance.save(update_fields=["digest", "digest_to", "digest_sent_at"])
            data = {"digest": form.cleaned_data["digest"], "addresses": len(form.cleaned_data["digest_to"].split())}
            request.event.log_action("pretix_hubspot.event.digest.changed", user=request.user, data=data)
        messages.success(request, _("Your changes have been saved."))
        return HttpResponseRedirect(self.event_url("problems"))


#: The actions on a cause, by the word in the URL.
ACTIONS = {"retry": actions.retry, "dismiss": actions.dismiss}


class ActOnCause(ConnectedMixin, ChangesOrdersMixin, View):
    """*Retry* and *Dismiss* for all orders of a cause; asks first."""

    http_method_names = ["post"]

    def post(self, request, *args, action, **kwargs):
        if action not in ACTIONS:
            raise Http404()
        cause = cause_named(request.event, request.POST.get("cause", ""))
        if cause is None:
            messages.info(request, _("This sync problem does not exist any more."))
        elif "confirmed" not in request.POST:
            context = self.get_context_data(cause=cause, action=action)
            return render(request, "pretix_hubspot/problems_confirm.html", context)
        else:
            count = ACTIONS[action](self.event_connection, cause, request.user)
            messages.success(request, self.answer(action, count))
        return HttpResponseRedirect(self.event_url("problems"))

    def answer(self, action, count):
        if action == "dismiss":
            text = ngettext("One sync problem has been dismissed.", "{count} sync problems have been dismissed.", count)
            return text.format(count=count)
        text = retried_text(count)
        if is_paused(self.event_connection):
            text += " " + _("It waits until the transfer is resumed.")
        return text


class Orders(ConnectedMixin, SeesOrdersMixin, ListView):
    """The event's orders in one state, for one reason or for any."""

    template_name = "pretix_hubspot/orders.html"
    context_object_name = "orders"
    paginate_by = 50

    @property
    def state(self):
        if self.kwargs["state"] not in STATES:
            raise Http404()
        return self.kwargs["state"]

    def get_queryset(self):
        orders = orders_in(self.request.event, self.state, asked(self.request, "reason") or None)
        return orders.select_related("hubspot_state").order_by("-datetime", "-pk")

    def get_paginator(self, *args, **kwargs):
        paginator = super().get_paginator(*args, **kwargs)
        numbers = shown_of([self.request.event.pk])[self.request.event.pk]
        if self.state != FAILING and numbers.counted_at:  # failing ones are found without reading all
            reason = asked(self.request, "reason")
            paginator.count = numbers.counts.get((self.state, reason), 0) if reason else numbers.of(self.state)
        return paginator

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        about = EventContext(self.request.event)
        modes = row_modes(context["orders"]) if self.state == FAILING else {}
        rows = [(order, self.why(order, about, modes)) for order in context["orders"]]
        words = {"label": STATE_WORDS[self.state], "meaning": MEANINGS[self.state]}
        words["may_change_orders"] = may_change_orders(self.request)
        return context | words | {"rows": rows, "state": self.state, "reason": self.reason_in_words}

    def why(self, order, about, modes):
        state, _colon, reason = order.hubspot.partition(":")
        if state == EXCLUDED:
            return exclusion_label(reason)
        if state != FAILING:
            return ""
        failure = first_failure(getattr(order, "hubspot_state", None))
        return explain(named(failure, about)) if failure else row_text(modes.get(order.pk, ""))

    @cached_property
    def reason_in_words(self):
        reason = asked(self.request, "reason")
        if not reason or self.state == EXCLUDED:
            return exclusion_label(reason) if reason else ""
        cause = cause_named(self.request.event, reason) if self.state == FAILING else None
        return cause.text if cause else ""


def row_modes(orders):
    """order id -> core's word, for failing orders without a stored problem."""
    rows = OrderSyncQueue.objects.filter(order__in=[order.pk for order in orders], sync_provider=PROVIDER)
    return dict(rows.filter(need_manual_retry__isnull=False).values_list("order_id", "need_manual_retry"))


class IgnoreOrder(ConnectedMixin, ChangesOrdersMixin, View):
    """*Ignore*: never send this order again, until a user presses *Sync now*."""

    http_method_names = ["post"]

    def post(self, request, *args, code, **kwargs):
        order = get_object_or_404(Order, event=request.event, code=code)
        if actions.ignore(self.event_connection, order, request.user):
            text = _("Order {code} is not sent to HubSpot any more, until you use “Sync now” on the order.")
            messages.success(request, text.format(code=order.code))
        else:
            messages.warning(request, _("The order is being sent at this moment. Please try again."))
        return HttpResponseRedirect(orders_url(request.event, FAILING))


class Pause(HubSpotEventMixin, View):
    """*Pause* and *Resume* for this event."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        event_connection = event_connection_or_404(request.event)
        (pause_event if request.POST.get("pause") == "on" else resume_event)(event_connection, request.user)
        report_pause(request)
        return self.back_to_settings()


class OrganizerPause(HubSpotOrganizerMixin, View):
    """The same for all events of a connection."""

    http_method_names = ["post"]

    def post(self, request, *args, connection, **kwargs):
        act = pause_connection if request.POST.get("pause") == "on" else resume_connection
        act(self.own_connection(connection), request.user)
        report_pause(request)
        return self.back_to_settings()


def report_pause(request):
    """Show whether transfers are now paused."""
    if request.POST.get("pause") == "on":
        messages.success(request, _("The transfer is paused. Orders are queued and wait."))
    else:
        messages.success(request, _("The transfer has been resumed. Waiting orders are sent now."))
