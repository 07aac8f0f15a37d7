"""Create HubSpot properties from the editor, so that a pretix field has a property of the right type.

Options of choices carry pretix's identifiers as internal values, so that no value map is needed and a renamed choice
still finds its option.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pretix.base.models import Question

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.key_properties import GROUP_LABEL, GROUP_NAME
from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.sources.field import SourceField

from . import value_maps

#: hubspot.md 6.1 (A; B for the number of custom properties)
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
MAX_UNIQUE, MAX_CUSTOM = 10, 1_000
UNIQUE_TYPES = ("string", "number")


@dataclass(frozen=True)
class Shape:
    """The type of a new property: type and field type of HubSpot's API, and their name on HubSpot's pages."""

    type: str
    field_type: str
    label: Promise

    @property
    def may_be_unique(self) -> bool:
        return self.type in UNIQUE_TYPES and self.field_type != "textarea"


TEXT = Shape("string", "text", gettext_lazy("Single-line text"))
SHAPES = {
    Question.TYPE_NUMBER: Shape("number", "number", gettext_lazy("Number")),
    Question.TYPE_STRING: TEXT,
    Question.TYPE_TEXT: Shape("string", "textarea", gettext_lazy("Multi-line text")),
    Question.TYPE_BOOLEAN: Shape("bool", "booleancheckbox", gettext_lazy("Single checkbox")),
    Question.TYPE_CHOICE: Shape("enumeration", "select", gettext_lazy("Dropdown select")),
    Question.TYPE_CHOICE_MULTIPLE: Shape("enumeration", "checkbox", gettext_lazy("Multiple checkboxes")),
    Question.TYPE_DATE: Shape("date", "date", gettext_lazy("Date picker")),
    Question.TYPE_DATETIME: Shape("datetime", "date", gettext_lazy("Date and time picker")),
    Question.TYPE_TIME: TEXT,
    Question.TYPE_COUNTRYCODE: TEXT,
    Question.TYPE_PHONENUMBER: Shape("string", "phonenumber", gettext_lazy("Phone number")),
}


def shape_for(field: SourceField | None, unique: bool = False) -> Shape | None:
    """The shape that fits the field; None for files, which are not sent. An identifier is a text, unless it is a
    number.
    """
    return None if field is None or field.type == Question.TYPE_FILE else _shape(field, unique)


def _shape(field: SourceField, unique: bool) -> Shape:
    shape = SHAPES.get(field.type, TEXT)
    if unique and not shape.may_be_unique:
        return TEXT
    without_options = shape.type == "enumeration" and not value_maps.choices_of(field)
    return TEXT if without_options else shape


def suggested_name(field: SourceField, taken: set[str]) -> str:
    """A free internal name by HubSpot's rules."""
    plain = unicodedata.normalize("NFKD", field.label).encode("ascii", "ignore").decode().lower()
    name = wanted = "pretix_" + (re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:80] or field.key.lower()[:80])
    number = 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def options_for(field: SourceField, shape: Shape) -> list[Option]:
    """The choices of the field, in their order."""
    if shape.type not in ("enumeration", "bool"):
        return []
    choices = value_maps.choices_of(field)
    return [Option(identifier, label, display_order=n) for n, (identifier, label) in enumerate(choices)]


def create(
    catalog: Catalog, object_type: str, field: SourceField, *, label: str, name: str, unique: bool
) -> PropertyDefinition:
    """Create the property in the group "pretix information". Raises the client's errors, see ``problem_of``."""
    shape = _shape(field, unique)
    body: dict[str, Any] = {
        "name": name,
        "label": label,
        "type": shape.type,
        "fieldType": shape.field_type,
        "groupName": GROUP_NAME,
        "hasUniqueValue": unique,
        "formField": False,
    }
    if options := options_for(field, shape):
        body["options"] = [option.to_json() for option in options]
    catalog.ensure_group(object_type, GROUP_NAME, GROUP_LABEL)
    return catalog.create_property(object_type, body)


def problem_of(error: HubSpotError) -> str | None:
    """HubSpot's limits in words, with the remedy; None for other errors."""
    text = f"{error.sub_category} {error.message}".upper()
    if "UNIQUE" in text:
        return _(
            "HubSpot allows {count} properties with unique values for each object type, and this object type has that "
            "many. Please use one of them as the identifier, or delete one in HubSpot that is no longer needed."
        ).format(count=MAX_UNIQUE)
    if "TOO_MANY_PROPERTIES" in text or "LIMIT" in text:
        return _(
            "This object type has as many properties of its own as your HubSpot subscription allows (usually {count}). "
            "Please use a property that exists, or delete one in HubSpot that is no longer needed."
        ).format(count=MAX_CUSTOM)
    return None
