"""*Check connection*: a button, and its result, which can be copied."""

from django.views.generic import TemplateView

from pretix_hubspot.connections.user_request_limit import TOO_EARLY
from pretix_hubspot.health.diagnosis import NotConnected
from pretix_hubspot.health.diagnosis.recent import recent_report

from .mappings import ConnectedMixin


class Diagnosis(ConnectedMixin, TemplateView):
    """The page; a POST runs the checks, since they ask HubSpot a dozen things."""

    template_name = "pretix_hubspot/diagnosis.html"

    def post(self, request, *args, **kwargs):
        try:
            report, is_new = recent_report(request.event)
        except NotConnected:
            return self.back_to_settings()
        return self.render_to_response(self.get_context_data(report=report, too_early="" if is_new else TOO_EARLY))
