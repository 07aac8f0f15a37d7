"""After a change of mappings: outdated orders, sending them again, and the campaign that does it."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from pretix_hubspot.connections.pausing import is_paused
from pretix_hubspot.health.campaigns import shown
from pretix_hubspot.mappings import revisions
from pretix_hubspot.server.links import event_url
from pretix_hubspot.server.permissions import may_change_orders, require_changing_orders
from pretix_hubspot.sync.queue import campaigns
from pretix_hubspot.sync.queue.outdated_orders import glance, reasons

from .mappings import ConnectedMixin
from .outdated_text import outdated_text

#: What a user does with a campaign, and the message about it.
ACTIONS = {
    "pause": (campaigns.pause, gettext_lazy("Sending orders again is paused. Orders that change are sent as always.")),
    "resume": (campaigns.resume, gettext_lazy("Sending orders again has been resumed.")),
    "cancel": (campaigns.cancel, gettext_lazy("Sending orders again has been canceled.")),
}
STARTED = gettext_lazy("Orders are being sent again in the background.")
OVER = gettext_lazy("Orders are not being sent again at this moment.")


def report_outdated(request):
    """After saving: show how many orders are outdated, with a link to send them again."""
    if text := outdated_text(glance(request.event)):
        link = format_html('<a href="{}">{}</a>', event_url(request.event, "resend"), _("Send them again"))
        messages.info(request, format_html("{} {}", text, link))


class Resend(ConnectedMixin, View):
    """The page; POST with ``start`` (``all``, or what is outdated), ``pause``, ``resume`` or ``cancel``."""

    def get(self, request, *args, **kwargs):
        revisions.review(self.event_connection)
        campaign = shown(request.event)
        found = None if campaign else glance(request.event)
        context = self.get_context_data(
            campaign=campaign,
            last=campaigns.last(request.event),
            text=outdated_text(found) if found else "",
            reasons=reasons(request.event) if found and found.count else (),
            may_send=may_change_orders(request),
            is_paused=is_paused(self.event_connection),
        )
        return render(request, "pretix_hubspot/resend.html", context)

    def post(self, request, *args, **kwargs):
        require_changing_orders(request)
        if "cancel" in request.POST and "confirmed" not in request.POST and (campaign := shown(request.event)):
            return render(request, "pretix_hubspot/resend_confirm.html", self.get_context_data(campaign=campaign))
        if "start" in request.POST:
            campaigns.start(request.event, request.user, request.POST["start"] == "all")
            messages.success(request, STARTED)
        for action in ACTIONS.keys() & request.POST.keys():
            act, text = ACTIONS[action]
            messages.info(request, text if act(request.event, request.user) else OVER)
        return HttpResponseRedirect(self.event_url("resend"))
