"""*Ask for the connection*: for users who may change the event, but not the organizer."""

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from pretix_hubspot.connections.access_request import ask

from .base import HubSpotEventMixin


class AskForConnection(HubSpotEventMixin, View):
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        if count := ask(request.event, request.user):
            text = ngettext(
                "One person who may connect HubSpot has been asked by email.",
                "{number} people who may connect HubSpot have been asked by email.",
                count,
            )
            messages.success(request, text.format(number=count))
        else:
            messages.error(
                request, _("Nobody has been asked: somebody did so within a day, or there is nobody to ask.")
            )
        return self.back_to_settings()
