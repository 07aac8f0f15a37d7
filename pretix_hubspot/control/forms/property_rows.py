"""The property rows of the editor: one form for each, judged together."""

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import chain

from django import forms
from django.forms.formsets import ORDERING_FIELD_NAME
from django.utils.translation import gettext_lazy as _
from pretix.control.forms.mapping import PropertyMappingForm, PropertyMappingFormSet

from pretix_hubspot.mappings import limits
from pretix_hubspot.mappings.editing import EditorSetup, property_text
from pretix_hubspot.mappings.limit_texts import too_much
from pretix_hubspot.mappings.reading import MAX_ENTRIES, Problem
from pretix_hubspot.mappings.reading import value_map as read_value_map
from pretix_hubspot.mappings.spec import LEAVE
from pretix_hubspot.mappings.stored import MAX_TEXT, MODES, StoredMapping, StoredRow
from pretix_hubspot.sources.snapshot import CONSTANT
from pretix_hubspot.values.rows import IDENTIFIERS, LABELS, OVERWRITE

#: The entries of a row that a page posts.
ROW_KEYS = ("pretix_field", "external_field", "value_map", "overwrite", "text", "choices", "empty")
#: What the form calls the choice that is not stored.
CLEAR = "clear"


class PropertyRowForm(PropertyMappingForm):
    """One property row. A choice that has vanished since it was made stays, with a note."""

    constant_key = CONSTANT
    text = forms.CharField(label=_("Constant text"), required=False, max_length=MAX_TEXT)
    choices = forms.ChoiceField(
        label=_("Choices in this text field"),
        required=False,
        choices=(
            ("", _("Choices: as under “More options”")),
            (LABELS, _("Choices: send labels")),
            (IDENTIFIERS, _("Choices: send identifiers")),
        ),
    )

    empty = forms.ChoiceField(
        label=_("If pretix has no value"),
        required=False,
        choices=(
            (LEAVE, _("Without a value: leave HubSpot alone")),
            (CLEAR, _("Without a value: empty the HubSpot field")),
        ),
    )

    def __init__(self, *args, setup: EditorSetup, initial=None, **kwargs):
        # A row that Overwrite empties posts no value; the choice is a new one for every other row.
        empties = (initial or {}).get("overwrite") == OVERWRITE and not initial.get("empty")
        super().__init__(*args, initial={**(initial or {}), "empty": CLEAR if empties else LEAVE}, **kwargs)
        self.setup = setup
        self.fields["pretix_field"].choices = setup.field_choices(self._current("pretix_field"))
        self.fields["pretix_field"].label = _("pretix Field")
        self.fields["pretix_field"].required = True
        self._prepare_external_field()
        self.fields["overwrite"].label = _("Mode")
        self.initial["text"] = setup.shown_text(self.initial.get("external_field"), self.initial.get("text", ""))
        self.fields["text"].widget.attrs["list"] = self.options_id

    @property
    def options_id(self):
        """The list of options that a constant text is chosen from."""
        return f"{self.auto_id % self.add_prefix('text')}-options"

    @property
    def text_options(self):
        return self.setup.option_labels(self["external_field"].value()) if self.is_constant else []

    def _current(self, name):
        # Not by self[name]: that would keep the field as it is now for the page.
        return self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name)

    def _prepare_external_field(self):
        current = self._current("external_field")
        text = property_text(self.setup.definitions.get(current), current) if current else ""
        field = forms.ChoiceField(
            label=_("HubSpot Field"),
            # One option only: the others are searched in the page's single list, see editor.js.
            choices=[(current, text)] if current else [],
            widget=forms.Select(attrs={"data-hubspot-field": ""}),
            error_messages={"required": _("Please choose a HubSpot field.")},
        )
        self.fields["external_field"] = field

    def clean_external_field(self):
        name = self.cleaned_data["external_field"]
        if not self.setup.may_write(name):
            raise forms.ValidationError(_("HubSpot does not offer the field “{field}”.").format(field=name))
        return name

    @property
    def notes(self):
        row = StoredRow.from_json({name: self[name].value() for name in ROW_KEYS})
        return self.setup.notes(row) if row.external_field else []

    @property
    def news(self):
        return self.setup.news(self["external_field"].value())

    @property
    def takes_value_map(self):
        return self.setup.takes_value_map(self["pretix_field"].value(), self["external_field"].value())

    @property
    def takes_choices(self):
        return self.setup.takes_choices(self["pretix_field"].value(), self["external_field"].value())

    @property
    def is_constant(self):
        return self["pretix_field"].value() == CONSTANT

    def clean_text(self):
        text = self.cleaned_data["text"]
        if self.cleaned_data.get("pretix_field") != CONSTANT:
            return ""
        if not text:
            raise forms.ValidationError(_("Please enter the text that every object gets."))
        return self.setup.stored_text(self.cleaned_data.get("external_field"), text)

    def clean_choices(self):
        data = self.cleaned_data
        known = self.setup.error or self.setup.takes_choices(data.get("pretix_field"), data.get("external_field"))
        return data["choices"] if known else ""

    def clean(self):
        """Let only Overwrite empty a property; a form that does not offer the choice keeps the stored one."""
        data = super().clean()
        chosen = data.get("empty") or (CLEAR if self._was_emptied(data) else LEAVE)
        may_empty = data.get("overwrite") == OVERWRITE and data.get("pretix_field") != CONSTANT
        data["empty"] = LEAVE if may_empty and chosen == LEAVE else ""
        return data

    def _was_emptied(self, data):
        rows = self.setup.stored.rows
        before = {(row.pretix_field, row.external_field): row for row in rows if row.mode == OVERWRITE}
        row = before.get((data.get("pretix_field"), data.get("external_field")))
        return row is not None and not row.empty

    @property
    def may_be_empty(self):
        """Whether the page offers the choice for rows without a value."""
        return self["overwrite"].value() in (None, OVERWRITE) and not self.is_constant

    def clean_value_map(self):
        """The value map as JSON text, like core; empty for a pair of fields without values to map."""
        data = self.cleaned_data
        stored = read_value_map(data["value_map"])
        if len(stored) > MAX_ENTRIES:
            raise forms.ValidationError(_("The value map has too many values."))
        known = self.setup.error or self.setup.takes_value_map(data.get("pretix_field"), data.get("external_field"))
        return json.dumps(stored) if stored and known else ""

    @property
    def row(self):
        return StoredRow.from_json(self.cleaned_data)


class PropertyRowFormSet(PropertyMappingFormSet):
    """Core's formset, with labels for screen readers and one list of HubSpot fields for all rows."""

    form = PropertyRowForm
    template_name = "pretix_hubspot/forms/property_rows.html"
    #: A form that is posted with more is not even drawn.
    absolute_max = 2 * limits.MAX_ROWS

    def __init__(self, setup: EditorSetup, *args, **kwargs):
        self.setup = setup
        kwargs["error_messages"] = {"too_many_forms": too_much(Problem("too_many_rows"))}
        super().__init__((), setup.external_choices(), MODES, "properties", *args, **kwargs)
        # Our rows search the list by themselves: core's way makes an option for each property in each row.
        self.form_kwargs |= {"setup": setup, "external_fields_id": None}

    @property
    def in_order(self):
        """The rows in the order of the page, by the numbers that core's script gives them."""
        return sorted(self.forms, key=_place) if self.is_bound else self.forms

    def clean(self):
        """Refuse too many rows with a message, unless the mapping had them before and does not grow."""
        super().clean()
        if any(self.errors) or not self.management_form.is_valid():
            return
        rows, before = self.to_rows(), self.setup.stored.rows
        others = [StoredMapping.of(mapping) for mapping in self.setup.other_mappings]
        mappings = [*others, replace(self.setup.stored, rows=rows)]
        problem = next(chain(limits.problems_of_rows(rows), limits.problems_of_event(mappings)), None)
        if problem and not _has_not_grown(rows, before):
            raise forms.ValidationError(too_much(problem))

    def to_rows(self):
        return tuple(form.row for form in self.ordered_forms)


def _has_not_grown(rows, before):
    """Whether a mapping over the limit, from a version without limits, has not become larger."""
    size = [(len(some), sum(len(row.text) for row in some)) for some in (rows, before)]
    often = [Counter(row.external_field for row in some) for some in (rows, before)]
    return size[0] <= size[1] and all(count <= often[1][name] for name, count in often[0].items())


def _place(form):
    form.is_valid()  # otherwise no value is cleaned
    return form.cleaned_data.get(ORDERING_FIELD_NAME) or math.inf
