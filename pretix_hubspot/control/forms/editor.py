"""The editor of one object mapping: identifier, properties, pipeline and stages, associations.

``MappingEditor`` holds the four forms together, judges them as one, and saves them as one.
"""

from dataclasses import replace

from django import forms
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.mappings.editing import EditorSetup
from pretix_hubspot.mappings.store import put
from pretix_hubspot.mappings.stored import StoredPipeline

from .options import OptionsForm
from .property_rows import PropertyRowFormSet
from .related import AssociationsForm, PipelineForm


class IdentifierForm(forms.Form):
    """The first row, and the revision that the user saw."""

    pretix_field = forms.ChoiceField(label=_("pretix Field"))
    external_field = forms.ChoiceField(label=_("HubSpot Field"))
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, setup: EditorSetup, **kwargs):
        self.setup = setup
        mapping = setup.mapping
        kwargs["initial"] = {
            "pretix_field": mapping.pretix_id_field,
            "external_field": mapping.external_id_field,
            "revision": mapping.revision,
        }
        super().__init__(*args, prefix="identifier", **kwargs)
        self.fields["pretix_field"].choices = [("", ""), *setup.identifier_field_choices()]
        self.fields["external_field"].choices = [("", ""), *setup.identifier_choices()]
        self.fields["pretix_field"].error_messages["required"] = _(
            "Please choose the pretix field that identifies the object, for example the order email."
        )
        self.fields["external_field"].error_messages["required"] = _(
            "Please choose the HubSpot field by which HubSpot finds an object that exists already."
        )

    @property
    def notes(self):
        return self.setup.identifier_notes(self["pretix_field"].value(), self["external_field"].value())

    def clean_external_field(self):
        name = self.cleaned_data["external_field"]
        if problem := self.setup.identifier_problem(name):
            raise forms.ValidationError(problem)
        return name


class MappingEditor:
    """All forms of the page. ``data`` is the posted data, or None."""

    def __init__(self, mapping, catalog, data=None):
        self.mapping = mapping
        self.data = data
        self.setup = setup = EditorSetup(mapping, catalog)
        rows = None if data else [row.to_json() for row in setup.stored.rows]
        self.identifier = IdentifierForm(data, setup=setup)
        self.properties = PropertyRowFormSet(setup, data, initial=rows)
        self.associations = AssociationsForm(data, setup=setup)
        self.pipeline = PipelineForm(data, setup=setup) if setup.pipelines or setup.stored.pipeline else None
        self.options = OptionsForm(data, setup=setup)

    @property
    def forms(self):
        forms = (self.identifier, self.properties, self.associations, self.pipeline, self.options)
        return [form for form in forms if form]

    def is_valid(self):
        if not all([form.is_valid() for form in self.forms]):  # noqa: C419  every form shall say what is wrong with it
            return False
        self.options.refuse_removal(self.identifier.cleaned_data["pretix_field"])
        return self.options.is_valid()

    @property
    def is_stale(self):
        """Whether another user saved the mapping since this page was opened."""
        return self.identifier["revision"].value() != str(self.mapping.revision)

    def accept_current_revision(self):
        """Let the user's next save replace the one of the other user."""
        self.identifier.data = self.identifier.data.copy()
        self.identifier.data["identifier-revision"] = str(self.mapping.revision)

    def save(self, user):
        """Store the changes and bump the revision; returns whether the mapping changed. Needs the mapping's lock."""
        mapping, before = self.mapping, self.setup.stored
        after = replace(
            before,
            pretix_id_field=self.identifier.cleaned_data["pretix_field"],
            external_id_field=self.identifier.cleaned_data["external_field"],
            rows=self.properties.to_rows(),
            associations=self.associations.to_entries(),
            pipeline=self.pipeline.to_stored() if self.pipeline else StoredPipeline(),
            options=self.options.to_stored(),
        )
        after = self.setup.looked_at(after)
        if after == before:
            return False
        put(mapping, after)
        mapping.revision += 1
        mapping.save()
        mapping.log_action("pretix_hubspot.mapping.changed", user=user, data=after.to_json())
        return True
