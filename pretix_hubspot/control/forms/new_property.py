"""The form of the dialog *Create HubSpot field*."""

from django import forms
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.mappings.new_properties import NAME, shape_for, suggested_name


class NewPropertyForm(forms.Form):
    """Label, internal name and uniqueness; the type follows from the pretix field."""

    label = forms.CharField(label=_("Label in HubSpot"), max_length=250)
    name = forms.CharField(
        label=_("Internal name"),
        max_length=100,
        help_text=_("Lower-case letters, digits and underscores, beginning with a letter. It cannot be changed later."),
    )
    unique = forms.BooleanField(
        label=_("Require unique values, so that HubSpot finds an object by this field"),
        required=False,
        help_text=_("Only needed for an identifier. HubSpot does not allow changing this later."),
    )

    def __init__(self, data=None, *, field, definitions, identifier):
        self.definitions = definitions
        label = field.label.rpartition(": ")[2] or field.label
        initial = {"label": label, "name": suggested_name(field, set(definitions)), "unique": identifier}
        super().__init__(data, prefix="new", initial=initial)
        if not shape_for(field).may_be_unique and not identifier:
            del self.fields["unique"]

    def clean_name(self):
        name = self.cleaned_data["name"].strip()
        if not NAME.match(name):
            raise forms.ValidationError(
                _("Only lower-case letters, digits and underscores are allowed, and the first one must be a letter.")
            )
        if name in self.definitions:
            raise forms.ValidationError(
                _("HubSpot has the field “{label}” with this internal name already. Please choose another one.").format(
                    label=self.definitions[name].label
                )
            )
        return name
