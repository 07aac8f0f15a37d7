"""A property's value as HubSpot shows it to users: labels, and dates and numbers in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.values import formats
from pretix_hubspot.values.kinds import PropertyKind, kind_of
from pretix_hubspot.values.merge import items
from pretix_hubspot.values.rows import FRACTION, NO_CONVENTIONS, Conventions

from .catalog import Catalog
from .object_types import stage_properties


@dataclass(frozen=True)
class Shown:
    """The text of a value; ``raw`` is the stored value if the text does not show it."""

    text: str
    raw: str = ""


def stage_labels(catalog: Catalog, object_type: str) -> dict[str, dict[str, str]]:
    """Labels of pipelines and stages by the property that holds them, whose own definition has no options."""
    pipeline, stage = stage_properties(object_type)
    pipelines = catalog.pipelines(object_type)
    return {pipeline: {p.id: p.label for p in pipelines}, stage: {s.id: s.label for p in pipelines for s in p.stages}}


def shown(
    value: str,
    definition: PropertyDefinition,
    stages: Mapping[str, Mapping[str, str]],
    conventions: Conventions = NO_CONVENTIONS,
) -> Shown:
    """The text that users see; a value that does not look like one of its type is shown unchanged."""
    kind = kind_of(definition)
    if kind == PropertyKind.NUMBER:
        return Shown(_number(value))
    if kind == PropertyKind.PERCENTAGE:
        text = _percentage(value, conventions)
    elif kind == PropertyKind.DURATION:
        text = _duration(value)
    else:
        text = _text(value, definition, stages.get(definition.name), conventions)
    return Shown(text, value if text != value else "")


def _percentage(value: str, conventions: Conventions) -> str:
    digits = formats.number(value)
    if digits is None:
        return value
    digits = formats.percentage(digits) if conventions.percentages == FRACTION else digits
    return _("{number} %").format(number=_number(digits))


def _duration(value: str) -> str:
    """HubSpot stores milliseconds; users read hours and minutes."""
    digits = formats.number(value)
    if digits is None or "." in digits or digits.startswith("-"):
        return value
    minutes, seconds = divmod(int(digits) // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _number(value: str) -> str:
    """HubSpot returns 100.0 for a sent 100.00, and shows 100."""
    digits = formats.number(value)
    if digits is None:
        return value
    return number_format(digits.rstrip("0").rstrip(".") if "." in digits else digits)


def _text(
    value: str, definition: PropertyDefinition, stages: Mapping[str, str] | None, conventions: Conventions
) -> str:
    if not value:
        return ""
    if stages:
        return stages.get(value, value)
    kind = kind_of(definition)
    if kind in (PropertyKind.SINGLE_CHOICE, PropertyKind.MULTIPLE_CHOICE, PropertyKind.YES_NO):
        labels = ({"true": _("Yes"), "false": _("No")} if kind == PropertyKind.YES_NO else {}) | {
            option.value: option.label for option in definition.options
        }
        return "; ".join(
            labels.get(item, item) for item in (items(value) if kind == PropertyKind.MULTIPLE_CHOICE else [value])
        )
    if kind == PropertyKind.DATE and (day := formats.day(value)):
        return date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
    if kind == PropertyKind.DATETIME and formats.instant(value):
        there = formats.zone(conventions.portal_time_zone) if conventions.portal_time_zone else None
        return date_format(localtime(formats.moment(value), there), "SHORT_DATETIME_FORMAT")
    return value
