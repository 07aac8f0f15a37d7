"""What goes along with the rows of a mapping: associations, pipeline and stages."""

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.catalog.association_labels import ensure_label
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.mappings.editing import EditorSetup
from pretix_hubspot.mappings.stored import StoredAssociation, StoredPipeline
from pretix_hubspot.sources.order_state import CANCELED, EXPIRED, PAID, PENDING

from .choices import vanished

STATUSES = (
    (PENDING, _("Stage of pending orders")),
    (PAID, _("Stage of paid orders")),
    (EXPIRED, _("Stage of expired orders")),
    (CANCELED, _("Stage of canceled orders")),
)
GONE = _("{value} (no longer exists in HubSpot)")


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
        chosen = set(data.get("associations", ()))
        for pk, _title in self.setup.earlier_mappings:
            if pk not in chosen and not self._is_new_label(pk, data):
                continue
            label = data.get(f"label_{pk}", "")
            known = self.known.get(pk, StoredAssociation(pk))
            same = label == known.label and not known.is_foreign(self.setup.portal_id)
            self.entries.append(known if same else self._labeled(pk, label))
        return data

    def _is_new_label(self, pk, data):
        """Whether a label was typed without a tick: who names an association wants it."""
        return pk not in self.known and bool(data.get(f"label_{pk}"))

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
