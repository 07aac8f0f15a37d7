"""The editor of one object mapping: identifier, properties, pipeline and stages, associations.

``MappingEditor`` holds the four forms together, judges them as one, and saves them as one.
"""

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import chain

from django import forms
from django.forms.formsets import ORDERING_FIELD_NAME
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from pretix.control.forms.mapping import PropertyMappingForm, PropertyMappingFormSet

from pretix_hubspot.catalog.association_labels import ensure_label
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.mappings import limits
from pretix_hubspot.mappings.editing import EditorSetup, property_text
from pretix_hubspot.mappings.limit_texts import too_much
from pretix_hubspot.mappings.reading import MAX_ENTRIES, Problem
from pretix_hubspot.mappings.reading import value_map as read_value_map
from pretix_hubspot.mappings.spec import LEAVE
from pretix_hubspot.mappings.store import put
from pretix_hubspot.mappings.stored import MAX_TEXT, MODES, StoredAssociation, StoredMapping, StoredPipeline, StoredRow
from pretix_hubspot.sources.order_state import CANCELED, EXPIRED, PAID, PENDING
from pretix_hubspot.sources.snapshot import CONSTANT
from pretix_hubspot.values.rows import IDENTIFIERS, LABELS, OVERWRITE

from .choices import vanished
from .options import OptionsForm

#: The entries of a row that a page posts.
ROW_KEYS = ("pretix_field", "external_field", "value_map", "overwrite", "text", "choices", "empty")
#: What the form calls the choice that is not stored.
CLEAR = "clear"
STATUSES = (
    (PENDING, _("Stage of pending orders")),
    (PAID, _("Stage of paid orders")),
    (EXPIRED, _("Stage of expired orders")),
    (CANCELED, _("Stage of canceled orders")),
)
GONE = _("{value} (no longer exists in HubSpot)")


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


class AssociationsForm(forms.Form):
    """The records of earlier mappings of the same order that this record is associated with."""

    associations = forms.TypedMultipleChoiceField(
        label=_("Associate with"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, setup: EditorSetup, **kwargs):
        self.mapping = setup.mapping
        self.known = {entry.mapping: entry for entry in setup.stored.associations}
        kwargs["initial"] = {"associations": list(self.known)}
        super().__init__(*args, prefix="associations", **kwargs)
        self.setup = setup
        self.fields["associations"].choices = setup.earlier_mappings
        for pk, title in setup.earlier_mappings:
            self.fields[f"label_{pk}"] = forms.CharField(
                label=_("Label in HubSpot for {mapping} (optional)").format(mapping=title),
                initial=self.known[pk].label if pk in self.known else "",
                required=False,
                max_length=50,
            )

    @property
    def choices(self):
        """Each checkbox with its label, for the page."""
        fields = [self[f"label_{pk}"] for pk, _title in self.setup.earlier_mappings]
        return list(zip(self["associations"], fields, strict=True))

    def clean(self):
        """Create new labels in HubSpot; HubSpot's refusal is an error of the field."""
        data = super().clean()
        self.entries = []
        for pk in data.get("associations", ()):
            label = data.get(f"label_{pk}", "")
            known = self.known.get(pk, StoredAssociation(pk))
            same = label == known.label and not known.is_foreign(self.setup.portal_id)
            self.entries.append(known if same else self._labeled(pk, label))
        return data

    def _labeled(self, pk, label):
        if not label:
            return StoredAssociation(pk)
        try:
            label_type = ensure_label(self.setup.catalog, self.mapping, pk, label)
        except UNAVAILABLE as e:
            self.add_error(f"label_{pk}", explain(e))
            return StoredAssociation(pk)
        return StoredAssociation(pk, label, f"{label_type.category}:{label_type.type_id}")

    def to_entries(self):
        return tuple(self.entries)


class PipelineForm(forms.Form):
    """The pipeline, and the stage for each state of an order; always sent together (hubspot.md 8)."""

    pipeline = forms.ChoiceField(label=_("Pipeline"), required=False)

    def __init__(self, *args, setup: EditorSetup, **kwargs):
        self.pipelines = setup.pipelines
        current = setup.stored.pipeline
        stages = current.stages
        kwargs["initial"] = {"pipeline": current.pipeline}
        kwargs["initial"] |= {f"stage_{status}": stages.get(status, "") for status, label in STATUSES}
        super().__init__(*args, prefix="pipeline", **kwargs)
        self.fields["pipeline"].choices = [("", _("Leave pipeline and stage alone")), *self._pipeline_choices(current)]
        for status, label in STATUSES:
            self.fields[f"stage_{status}"] = forms.ChoiceField(
                label=label, required=False, choices=self._stage_choices(stages.get(status))
            )

    def _pipeline_choices(self, current):
        choices = [(p.id, p.label) for p in self.pipelines]
        return choices + vanished([current.pipeline], choices, GONE)

    def _stage_choices(self, current):
        groups = [(p.label, [(s.id, s.label) for s in p.stages if not s.archived]) for p in self.pipelines]
        choices = [choice for _label, stages in groups for choice in stages]
        return [("", _("Leave the stage alone")), *groups, *vanished([current], choices, GONE)]

    @cached_property
    def stages_by_pipeline(self):
        """Pipeline -> its stages, for the page's script."""
        return {p.id: [s.id for s in p.stages] for p in self.pipelines}

    def clean(self):
        data = super().clean()
        allowed = self.stages_by_pipeline.get(data.get("pipeline"))
        for status, _label in STATUSES:
            stage = data.get(f"stage_{status}")
            if stage and allowed is not None and stage not in allowed:
                self.add_error(f"stage_{status}", _("This stage does not belong to the chosen pipeline."))
        return data

    def to_stored(self):
        data = self.cleaned_data
        stages = {status: data[f"stage_{status}"] for status, _label in STATUSES if data[f"stage_{status}"]}
        return StoredPipeline(data["pipeline"], stages)


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
