"""After a change of mappings: the number of outdated orders, sending them again, progress and cancel."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from pretix_hubspot.mappings import revisions
from pretix_hubspot.server.links import event_url
from pretix_hubspot.server.permissions import may_change_orders, require_changing_orders
from pretix_hubspot.server.workers import call_worker
from pretix_hubspot.sync.queue import campaigns

from .mappings import ConnectedMixin
from .outdated_text import outdated_text


def report_outdated(request):
    """After saving: show how many orders are outdated, with a link to send them again."""
    if count := campaigns.outdated(request.event).count():
        link = format_html('<a href="{}">{}</a>', event_url(request.event, "resend"), _("Send them again"))
        messages.info(request, format_html("{} {}", outdated_text(request.event, count), link))


class Resend(ConnectedMixin, View):
    """The page; POST with ``start`` or ``cancel``."""

    def get(self, request, *args, **kwargs):
        revisions.review(self.event_connection)
        done, total = campaigns.progress(request.event)
        count = campaigns.outdated(request.event).count()
        context = self.get_context_data(
            count=count,
            text=outdated_text(request.event, count),
            reasons=campaigns.reasons(request.event) if count else (),
            done=done,
            total=total,
            may_send=may_change_orders(request),
        )
        return render(request, "pretix_hubspot/resend.html", context)

    def post(self, request, *args, **kwargs):
        require_changing_orders(request)
        if "cancel" in request.POST:
            count = campaigns.cancel(request.event, request.user)
            text = ngettext("{count} order will not be sent again.", "{count} orders will not be sent again.", count)
        else:
            is_known = campaigns.outdated(request.event).exists()
            count = campaigns.start(request.event, request.user)
            call_worker(self.event_connection.connection_id)
            text = ngettext("{count} order is sent again.", "{count} orders are sent again.", count)
            if not is_known:
                text = ngettext("{count} order is compared.", "{count} orders are compared.", count)
        messages.success(request, text.format(count=count))
        return HttpResponseRedirect(self.event_url("resend"))
