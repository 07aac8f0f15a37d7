"""The rows of "Object mappings": which pretix object becomes which HubSpot object, in order.

The formset saves itself; a fingerprint of the shown rows detects that two users edit at once.
"""

import hashlib
import json
from dataclasses import replace

from django import forms
from django.forms import BaseModelFormSet, modelformset_factory
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.catalog.object_types import key
from pretix_hubspot.mappings import limits
from pretix_hubspot.mappings.editing import describe_mapping
from pretix_hubspot.mappings.store import log_data, put
from pretix_hubspot.mappings.stored import StoredAssociation, StoredMapping
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.sources.registry import SOURCES, labels

PREFIX = "mappings"


class ObjectMappingForm(forms.ModelForm):
    class Meta:
        model = ObjectMapping
        fields = ("pretix_model", "external_object_type")

    pretix_model = forms.ChoiceField(label=_("pretix object type"), choices=labels)
    external_object_type = forms.ChoiceField(label=_("HubSpot object type"))

    def __init__(self, *args, object_types, **kwargs):
        super().__init__(*args, **kwargs)
        current = self.instance.external_object_type
        choices = list(object_types)
        if current and current not in dict(choices):
            # The portal lost it, or cannot be asked: the row stays as it is until a user decides.
            choices.append((current, _("{object_type} (not available)").format(object_type=current)))
        self.fields["external_object_type"].choices = choices

    @property
    def loses_properties(self):
        """Whether saving this row drops a user's setup: the row is deleted, or is now about another object."""
        is_set_up = self.instance.pk and (self.instance.property_mappings or self.instance.is_complete)
        return bool(is_set_up and (self.cleaned_data.get("DELETE") or self.has_changed_types()))

    def has_changed_types(self):
        return bool({"pretix_model", "external_object_type"} & set(self.changed_data))


class BaseObjectMappingFormSet(BaseModelFormSet):
    """All rows; ``object_types`` are the choices of "HubSpot object type"."""

    def __init__(self, *args, event, object_types, **kwargs):
        self.event = event
        kwargs["queryset"] = event.hubspot_object_mappings.order_by("position", "pk")
        kwargs["form_kwargs"] = {"object_types": object_types}
        super().__init__(*args, prefix=PREFIX, **kwargs)

    @property
    def fingerprint(self):
        """A hash of the rows and of the setups that saving may drop."""
        rows = [
            (m.pk, m.position, m.pretix_model, m.external_object_type, m.revision)
            for m in sorted(self.get_queryset(), key=lambda m: (m.position, m.pk))
        ]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]

    @property
    def is_stale(self):
        """Whether the rows changed since the posting user saw them."""
        return self.data.get(f"{PREFIX}-fingerprint") != self.fingerprint

    @property
    def losing(self):
        """The forms whose setup would be dropped."""
        return [form for form in self.initial_forms if form.loses_properties]

    def describe_losing(self, catalog):
        """The question to the user: each stored mapping that loses its setup, and whether it is deleted."""
        stored = {mapping.pk: mapping for mapping in self.event.hubspot_object_mappings.all()}
        for form in self.losing:
            text = describe_mapping(stored[form.instance.pk], catalog)
            yield {"text": text, "deleted": form in self.deleted_forms}

    @property
    def removable(self):
        """The mappings that would be deleted and whose objects stand for one order or position each."""
        stored = {mapping.pk: mapping for mapping in self.event.hubspot_object_mappings.all()}
        deleted = [stored[form.instance.pk] for form in self.losing if form in self.deleted_forms]
        return [m.pk for m in deleted if SOURCES[m.pretix_model].is_own(m.pretix_id_field)]

    def save_rows(self, user):
        """Save order, additions, changes and deletions; keep only associations that point at earlier mappings.

        Needs a transaction that holds the lock of the event's connection row.
        """
        for form in self.deleted_forms:
            if form.instance.pk:
                self._log(form.instance, "deleted", user)
                form.instance.delete()
        mappings = [self._save_row(form, position, user) for position, form in enumerate(self.ordered_forms)]
        repair_associations(mappings)
        return mappings

    def _save_row(self, form, position, user):
        mapping = form.instance
        is_new, moved = not mapping.pk, mapping.position != position
        mapping.event, mapping.position = self.event, position
        if not is_new and form.has_changed_types():
            _forget_setup(mapping)
        mapping.save()
        if is_new or form.has_changed_types() or moved:
            self._log(mapping, "added" if is_new else "changed", user)
        return mapping

    @staticmethod
    def _log(mapping, what, user):
        mapping.log_action(f"pretix_hubspot.mapping.{what}", user=user, data=log_data(mapping))


def _forget_setup(mapping):
    """Clear a mapping that is now about another object: fields and properties of the old one do not apply."""
    put(mapping, StoredMapping(mapping.pretix_model, mapping.external_object_type))
    mapping.revision += 1


def repair_associations(mappings):
    """Point every association at an earlier mapping, given all mappings of an event in order.

    An association whose mappings swapped places is turned around, since it means the same from either end.
    One whose mapping was deleted is dropped.
    """
    place = {mapping.pk: index for index, mapping in enumerate(mappings)}
    repaired = {mapping.pk: [] for mapping in mappings}
    for mapping in mappings:
        for entry in StoredMapping.of(mapping).associations:
            other = entry.mapping
            if other not in place or other == mapping.pk:
                continue
            later, earlier = sorted((mapping.pk, other), key=place.get, reverse=True)
            if earlier not in (e.mapping for e in repaired[later]):
                # A label has another number in the other direction.
                repaired[later].append(entry if earlier == other else StoredAssociation(earlier))
    for mapping in mappings:
        stored = StoredMapping.of(mapping)
        if stored.associations != tuple(repaired[mapping.pk]):
            put(mapping, replace(stored, associations=tuple(repaired[mapping.pk])))
            mapping.revision += 1
            mapping.save(update_fields=["association_mappings", "revision"])


ObjectMappingFormSet = modelformset_factory(
    ObjectMapping,
    form=ObjectMappingForm,
    formset=BaseObjectMappingFormSet,
    can_order=True,
    can_delete=True,
    extra=0,
    max_num=limits.MAX_MAPPINGS,
    validate_max=True,
)


def object_type_choices(catalog):
    """The portal's object types as choices, with the portal's names."""
    return [(key(object_type), object_type.plural) for object_type in catalog.object_types()]
