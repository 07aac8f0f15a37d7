"""*Start with object mappings*: six starting points, a copy from another event, a file; and the export to one."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from pretix_hubspot.catalog.key_properties import KeyPropertyUnusable
from pretix_hubspot.control.forms.start import CopyForm, ImportForm, StartingPointForm
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.mappings import mapping_file
from pretix_hubspot.mappings.copying import copy_from
from pretix_hubspot.mappings.starting_points import offered
from pretix_hubspot.mappings.store import SuggestionImpossible
from pretix_hubspot.mappings.suggestions import apply
from pretix_hubspot.server.permissions import EVENT_SETTINGS, events_with

from .mappings import ConnectedMixin, suggestion_made, suggestion_problem, warn_of_currency


class Start(ConnectedMixin, View):
    """The page; POST with ``how`` = ``point``, ``copy`` or ``file``."""

    def get(self, request, *args, **kwargs):
        return self.page(self.forms())

    def post(self, request, *args, **kwargs):
        how = request.POST.get("how")
        forms = self.forms(how)
        if how not in forms or not forms[how].is_valid():
            return self.page(forms)
        try:
            mappings = getattr(self, f"from_{how}")(forms[how].cleaned_data)
        except mapping_file.FileProblem as problem:
            forms[how].add_error("file", str(problem))
            return self.page(forms)
        except (SuggestionImpossible, KeyPropertyUnusable, *UNAVAILABLE) as e:
            messages.error(request, suggestion_problem(e))
        else:
            messages.success(request, suggestion_made(mappings))
            warn_of_currency(request, self.event_connection, mappings)
        return self.back_to_settings()

    def from_point(self, data):
        suggested = self.points[data["point"]].make(self.request.event, self.catalog)
        if self.request.event.hubspot_object_mappings.exists():
            raise SuggestionImpossible("mapped")
        return apply(self.event_connection, suggested, self.request.user, self.catalog)

    def from_copy(self, data):
        return copy_from(data["event"], self.event_connection, self.request.user)

    def from_file(self, data):
        loaded = mapping_file.load(data["file"].read(mapping_file.MAX_BYTES + 1), self.request.event)
        return mapping_file.store(self.event_connection, loaded, self.request.user)

    def forms(self, posted=None):
        data = {posted: self.request.POST}
        return {
            "point": StartingPointForm(data.get("point"), points=self.points),
            "copy": CopyForm(data.get("copy"), events=self.events),
            "file": ImportForm(data.get("file"), self.request.FILES if posted == "file" else None),
        }

    @property
    def points(self):
        try:
            self.problem = None
            return offered(self.catalog)
        except UNAVAILABLE as e:
            self.problem = explain(e)
            return {}

    @property
    def events(self):
        allowed = events_with(self.request, EVENT_SETTINGS)
        others = allowed.filter(hubspot_object_mappings__isnull=False)
        return others.exclude(pk=self.request.event.pk).distinct().order_by("-date_from")

    def page(self, forms):
        context = self.get_context_data(
            point_form=forms["point"],
            copy_form=forms["copy"],
            import_form=forms["file"],
            problem=self.problem,
            has_events=self.events.exists(),
            mapped=self.request.event.hubspot_object_mappings.exists(),
        )
        return render(self.request, "pretix_hubspot/start.html", context)


class Export(ConnectedMixin, View):
    """All object mappings of the event as a file."""

    def get(self, request, *args, **kwargs):
        content = json.dumps(mapping_file.dump(request.event), ensure_ascii=False, indent=2)
        response = HttpResponse(content, content_type="application/json")
        name = _("hubspot-mappings")
        response["Content-Disposition"] = f'attachment; filename="{name}-{request.event.slug}.json"'
        return response
