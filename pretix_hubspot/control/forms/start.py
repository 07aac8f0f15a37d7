"""The forms of *Start with object mappings*: a starting point, another event, a file."""

from django import forms
from django.utils.translation import gettext_lazy as _


class StartingPointForm(forms.Form):
    """The choice of a starting point; ``points`` are those that the portal allows."""

    point = forms.ChoiceField(
        label=_("What is your event about?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose one."), "invalid_choice": _("Please choose one.")},
    )

    def __init__(self, *args, points, **kwargs):
        super().__init__(*args, **kwargs)
        self.points = points
        self.fields["point"].choices = [(name, point.title) for name, point in points.items()]


class CopyForm(forms.Form):
    """The choice of an event to copy from; ``events`` are those whose settings the user may see."""

    event = forms.ModelChoiceField(label=_("Event"), queryset=None, empty_label=_("Please choose …"))

    def __init__(self, *args, events, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["event"].queryset = events


class ImportForm(forms.Form):
    """A file that *Export* made."""

    file = forms.FileField(
        label=_("File"), allow_empty_file=True, widget=forms.ClearableFileInput(attrs={"accept": ".json"})
    )
