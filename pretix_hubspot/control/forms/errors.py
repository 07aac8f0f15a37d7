"""The mistakes of a posted editor, in the order of the page, each with its field."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.forms import BaseForm
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from .editor import MappingEditor

PARTS = {
    "pipeline": gettext_lazy("Pipeline and stages"),
    "associations": gettext_lazy("Association setup"),
    "options": gettext_lazy("More options"),
}


class Mistake(NamedTuple):
    """One mistake; ``anchor`` is the id of the field, empty if it concerns several."""

    place: str
    reason: str
    anchor: str = ""


def mistakes(editor: MappingEditor) -> list[Mistake]:
    """Every reason why a posted editor was not saved."""
    return list(dict.fromkeys(_mistakes(editor)))


def _mistakes(editor: MappingEditor) -> Iterator[Mistake]:
    yield from _of_form(editor.identifier, _("Identifier"))
    forms = (form for form in editor.properties.in_order if not form.cleaned_data.get(DELETION_FIELD_NAME))
    for number, form in enumerate(forms, start=1):
        yield from _of_form(form, pgettext("object mapping", "Row {number}").format(number=number))
    yield from (Mistake(_("Properties"), reason) for reason in editor.properties.non_form_errors())
    for name, title in PARTS.items():
        if form := getattr(editor, name):
            yield from _of_form(form, str(title))


def _of_form(form: BaseForm, place: str) -> Iterable[Mistake]:
    for name, reasons in form.errors.items():
        field = form[name] if name in form.fields else None
        if field is None or field.is_hidden:
            yield from (Mistake(place, reason) for reason in reasons)
        else:
            yield from (Mistake(f"{place}, {field.label}", reason, field.id_for_label) for reason in reasons)
