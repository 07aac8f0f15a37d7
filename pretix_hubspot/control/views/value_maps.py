"""The dialog *Map values*: every choice of a pretix field against the options of a HubSpot property.

The dialog stores nothing: the map goes back into the row, and is saved with the mapping.
Only new options are created in HubSpot at once.
"""

from collections import Counter

from django.http import Http404
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View
from pretix.base.models import Question

from pretix_hubspot.catalog.creating import OptionsFixed
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.mappings import value_maps
from pretix_hubspot.mappings.reading import value_map as read_value_map
from pretix_hubspot.sources.registry import fields_for

from .base import impossible
from .editor import MappingMixin

#: Options in all rows together; beyond it, the page holds them once and users find them by typing.
MOST_IN_ROWS = 1_000


def searched(options):
    """The text that users type or choose for each option, by internal value: its label, unless several have the
    same.
    """
    times = Counter(option.label for option in options)
    return {o.value: o.label if times[o.label] == 1 else f"{o.label} ({o.value})" for o in options}


class ValueMap(MappingMixin, View):
    """The content of the dialog for the row that the script posts; ``create`` lists choices that need an option."""

    def post(self, request, *args, **kwargs):
        try:
            fits = value_maps.fits(self.field, self.definition)
        except UNAVAILABLE as e:
            return impossible(request, _("Map values"), explain(e))
        if not fits:
            raise Http404()
        stored, problem = read_value_map(request.POST.get("value_map")), None
        if wanted := request.POST.getlist("create"):
            try:
                stored |= self.create(wanted)
            except (OptionsFixed, *UNAVAILABLE) as e:
                problem = self.problem(e)
        return self.dialog(stored, problem, created=bool(wanted and not problem))

    @cached_property
    def object_type(self):
        return self.mapping().external_object_type

    @cached_property
    def field(self):
        return fields_for(self.request.event, self.mapping().pretix_model).get(self.request.POST.get("pretix_field"))

    @property
    def definition(self):
        return self.catalog.properties(self.object_type).get(self.request.POST.get("external_field"))

    def create(self, wanted):
        """Create the missing options; returns choice -> option."""
        targets, wanted = {}, set(wanted)
        choices = [choice for choice in value_maps.choices_of(self.field) if choice[0] in wanted]

        def make(current):
            new, existing = value_maps.missing_options(choices, current)
            targets.update(existing)
            return new

        self.catalog.add_options(self.object_type, self.definition.name, make)
        return targets

    def problem(self, error):
        if isinstance(error, OptionsFixed):
            return _(
                "HubSpot itself decides on the options of “{property}”, so pretix cannot add any. "
                "Please choose one of the existing options, or use another HubSpot field."
            ).format(property=self.definition.label)
        return explain(error)

    def dialog(self, stored, problem, created):
        entries = value_maps.entries(self.field, self.definition, stored)
        options = [option for option in self.definition.options if not option.hidden]
        context = {
            "field": self.field,
            "definition": self.definition,
            "options": options,
            "searched": searched(options) if len(entries) * len(options) > MOST_IN_ROWS else None,
            "entries": entries,
            "missing": [e for e in entries if (e.target is None or e.vanished) and not self.definition.owners],
            "is_country": self.field.type == Question.TYPE_COUNTRYCODE,
            "fixing": "fix" in self.request.POST,
            "problem": problem,
            "created": created,
        }
        return render(self.request, "pretix_hubspot/dialogs/value_map.html", context)
