"""Source fields as the choices of a select, grouped as core groups them."""

from itertools import groupby

from pretix.base.models import Question

from .field import SourceField

TYPE_LABELS = dict(Question.TYPE_CHOICES)


def display(field: SourceField) -> str:
    """The label of a field in the editor: ``Order email [Text (one line)]``."""
    return f"{field.label} [{TYPE_LABELS[field.type]}]"


def grouped(fields: dict[str, SourceField], current: str | None = None) -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices by category; deprecated fields are left out unless chosen already."""
    shown = [f for f in fields.values() if not f.deprecated or f.key == current]
    shown.sort(key=_category)
    return [
        (label, [(field.key, display(field)) for field in members])
        for (index, label), members in groupby(shown, key=_category)
    ]


def _category(field):
    return field.category.sort_index, str(field.category.label)
