"""The dialog *Create HubSpot field*: a property that fits the pretix field of a row."""

from django.http import JsonResponse
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from pretix_hubspot.control.forms.new_property import NewPropertyForm
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.mappings import new_properties
from pretix_hubspot.mappings.editing import property_text
from pretix_hubspot.sources.registry import fields_for

from .base import impossible
from .editor import MappingMixin

NOT_UNIQUE = gettext_lazy(
    "HubSpot has had a field of this name before, which does not require unique values. "
    "Please choose another internal name."
)


class NewProperty(MappingMixin, View):
    """Show the form for the row that the script posts; with ``create``, create the property and return the new
    choice.
    """

    def post(self, request, *args, **kwargs):
        try:
            definitions = self.catalog.properties(self.object_type)
        except UNAVAILABLE as e:
            return impossible(request, _("Create HubSpot field"), explain(e))
        if new_properties.shape_for(self.field) is None:
            problem = _("Please choose the pretix field first. Files are not sent to HubSpot.")
            return impossible(request, _("Create HubSpot field"), problem)
        data = request.POST if "create" in request.POST else None
        form = NewPropertyForm(data, field=self.field, definitions=definitions, identifier=self.is_identifier)
        return self.create(form) if data and form.is_valid() else self.dialog(form)

    @cached_property
    def object_type(self):
        return self.mapping().external_object_type

    @cached_property
    def field(self):
        return fields_for(self.request.event, self.mapping().pretix_model).get(self.request.POST.get("pretix_field"))

    @property
    def is_identifier(self):
        return bool(self.request.POST.get("identifier"))

    def create(self, form):
        chosen = {"unique": False, **form.cleaned_data}
        try:
            created = new_properties.create(self.catalog, self.object_type, self.field, **chosen)
        except UNAVAILABLE as e:
            return self.dialog(form, self.problem(e))
        if chosen["unique"] and not created.has_unique_value:
            return self.dialog(form, NOT_UNIQUE)
        return JsonResponse({"id": created.name, "text": property_text(created, created.name)})

    @staticmethod
    def problem(error):
        limit = new_properties.problem_of(error) if isinstance(error, HubSpotError) else None
        return limit or explain(error)

    def dialog(self, form, problem=None):
        shape = new_properties.shape_for(self.field, self.is_identifier)
        context = {
            "form": form,
            "field": self.field,
            "shape": shape,
            "options": new_properties.options_for(self.field, shape),
            "problem": problem,
            "object_type": self.catalog.label(self.object_type),
        }
        return render(self.request, "pretix_hubspot/dialogs/new_property.html", context)
