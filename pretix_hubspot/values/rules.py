"""The table of conversions: how a value of each pretix type is written into each kind of property. Pure.

``RULES`` holds for every pair how a value is written, and which refusals are possible; a missing pair is a refusal.
"""

import html
from collections.abc import Callable, Sequence

from . import countries, formats, owners
from .kinds import PropertyKind, kind_of
from .risks import (
    Context,
    Rule,
    Write,
    booleans,
    each,
    lacking_countries,
    options_elsewhere,
    own_choices,
    refuse,
    risky,
    safe,
    several_choices,
)
from .rows import FRACTION, Refusal

#: A text in HubSpot's form, or None for a text of another kind.
Parse = Callable[[str], str | None]

# pretix types, as core's Question.TYPE_*
NUMBER, STRING, TEXT, BOOLEAN, CHOICE, MULTIPLE = "N", "S", "T", "B", "C", "M"
DATE, TIME, DATETIME, COUNTRY, PHONE, FILE = "D", "H", "W", "CC", "TEL", "F"


def _as_text(value: object, context: Context) -> str:
    text = str(value)
    return formats.cut(_as_html(text) if context.prop.field_type == "html" else text)


def _as_html(text: str) -> str:
    """Rich text that looks like the text: HubSpot shows its line ends as blanks."""
    return "<br>".join(html.escape(text, quote=False).splitlines())


def _through(parse: Parse, code: str) -> Write:
    """A conversion by one of ``formats``' functions, refused with ``code`` if it returns None."""

    def write(value: object, context: Context) -> str | Refusal:
        text = parse(str(value))
        return text if text is not None else refuse(code, context.prop)

    return write


def _percentage(parse: Parse) -> Write:
    """A number, or a text with a percent sign, as HubSpot stores a percentage."""

    def write(value: object, context: Context) -> str | Refusal:
        digits = parse(str(value).removesuffix("%").rstrip())
        if digits is None:
            return refuse("not_a_number", context.prop)
        return formats.fraction(digits) if context.conventions.percentages == FRACTION else digits

    return write


def _without_unit(value: object, context: Context) -> Refusal:
    """The refusal of a number as a duration: HubSpot would take minutes or hours for milliseconds."""
    return refuse("duration_unit", context.prop)


def _instant(value: object, context: Context) -> str | Refusal:
    conventions = context.conventions
    clocks = formats.zone(conventions.time_zone), formats.zone(conventions.portal_time_zone)
    instant = formats.instant(str(value), *clocks)
    return instant if instant is not None else refuse("not_a_date", context.prop)


def _bool_word(value: object) -> str:
    return "true" if value in (True, "True", "true") else "false"


def _bool_text(value: object, context: Context) -> str:
    return _bool_word(value)


def _bool_option(value: object, context: Context) -> str | Refusal:
    return _option(_bool_word(value), context, named=True)


def _country_text(code: str, context: Context) -> str:
    """The code, except for HubSpot's free-text ``country``, whose lists hold English names."""
    named = countries.name_of(code) if context.prop.name == "country" else None
    return named or code


def _country_option(code: str, context: Context) -> str | Refusal:
    """By the code or by any name of the country; a map decides on the countries that it names, and on no others."""
    if context.value_map and code in context.value_map:
        return _option(code, context, named=False)
    option = _find(code, context)
    option = countries.option_for(code, context.prop.options) if option is None else option
    return refuse("no_option", context.prop) if option is None else option


def _one_option(value: object, context: Context) -> str | Refusal:
    return _option(str(value), context, named=False)


def _options_in_text(value: str, context: Context) -> str | Refusal:
    """A typed text as an option, else as several, separated as "Add to list" separates them."""
    whole = _option(value, context, named=False)
    if isinstance(whole, str):
        return whole
    parts = [part.strip() for part in value.split(";") if part.strip()]
    return _joined(parts, context, named=False)


def _choice_text(values: Sequence[str], context: Context) -> str:
    mapped = [(context.value_map or {}).get(value, value) for value in values]
    return _as_text(context.joiner.join(mapped), context)


def _choice(values: Sequence[str], context: Context) -> str | Refusal:
    if len(values) > 1:
        return refuse("several_values", context.prop)
    return _option(values[0], context, named=True)


def _choices(values: Sequence[str], context: Context) -> str | Refusal:
    return _joined(values, context, named=True)


def _choice_as(write: Write) -> Write:
    """A single choice whose identifier, or what it is mapped to, is written in another way."""

    def write_choice(values: Sequence[str], context: Context) -> str | Refusal:
        if len(values) > 1:
            return refuse("several_values", context.prop)
        return write((context.value_map or {}).get(values[0], values[0]), context)

    return write_choice


def _joined(values: Sequence[str], context: Context, *, named: bool) -> str | Refusal:
    options = [_option(value, context, named=named) for value in values]
    refused = next((option for option in options if isinstance(option, Refusal)), None)
    return refused or ";".join(dict.fromkeys(option for option in options if isinstance(option, str) and option))


def _option(value: str, context: Context, *, named: bool) -> str | Refusal:
    """The portal's option for one pretix value; ``named`` if the value is a choice and not a typed text."""
    mapped = value
    if context.value_map is not None:
        if value not in context.value_map:
            return refuse("option_not_mapped", context.prop, **_named(value, context, named))
        mapped = context.value_map[value]
        if not mapped:  # mapped to "leave empty"
            return ""
    if context.prop.owners and context.prop.options:
        return _owner(mapped, value, context, named)
    option = _find(mapped, context)
    return option if option is not None else refuse("no_option", context.prop, **_named(value, context, named))


def _owner(mapped: str, value: str, context: Context, named: bool) -> str | Refusal:
    """The id of an owner who may own records today."""
    owner = owners.find(context.prop.options, mapped)
    if owner is None:
        return refuse("no_option", context.prop, **_named(value, context, named))
    return refuse("owner_gone", context.prop) if owner.hidden else owner.value


def _named(value: str, context: Context, named: bool) -> dict[str, str]:
    """The name of a choice for a refusal, which never holds a typed text."""
    if not named:
        return {}
    label = next((label for identifier, label in context.enum_opts or () if identifier == value), value)
    return {"option": value, "option_label": label}


def _find(value: str, context: Context) -> str | None:
    """The option's internal value: by exact value, by label, by the pretix label; None if none fits."""
    options = context.prop.options
    if options_elsewhere(context.prop):
        return value
    values = {"true", "false"} if kind_of(context.prop) == PropertyKind.YES_NO else {option.value for option in options}
    candidates = formats.language_codes(value) if context.prop.name == "hs_language" else [value]
    exact = next((candidate for candidate in candidates if candidate in values), None)
    if exact is not None:
        return exact
    by_label = {option.label.strip().casefold(): option.value for option in reversed(options)}
    names = [value, *(label for identifier, label in context.enum_opts or () if identifier == value)]
    return next((by_label[name] for name in (n.strip().casefold() for n in names) if name in by_label), None)


PLAIN = Rule(_as_text, safe)
_typed_number, _typed_percentage = _through(formats.typed_number, "not_a_number"), _percentage(formats.typed_number)
_duration = _through(formats.duration, "not_a_duration")
_choice_number, _choice_percentage = _choice_as(_typed_number), _choice_as(_typed_percentage)
_choice_duration = _choice_as(_duration)
FREE_TEXT = {
    PropertyKind.TEXT: PLAIN,
    PropertyKind.NUMBER: Rule(_typed_number, risky("not_a_number")),
    PropertyKind.PERCENTAGE: Rule(_typed_percentage, risky("not_a_number")),
    PropertyKind.DURATION: Rule(_duration, risky("not_a_duration")),
    PropertyKind.DATE: Rule(_through(formats.day, "not_a_date"), risky("not_a_date")),
    PropertyKind.DATETIME: Rule(_instant, risky("not_a_date")),
    PropertyKind.YES_NO: Rule(_through(formats.boolean, "not_a_boolean"), risky("not_a_boolean")),
    PropertyKind.SINGLE_CHOICE: Rule(_one_option, risky("no_option")),
    PropertyKind.MULTIPLE_CHOICE: Rule(_options_in_text, risky("no_option")),
    PropertyKind.PHONE: Rule(_through(formats.phone, "not_a_phone"), risky("not_a_phone")),
}
OF_CHOICE = {
    PropertyKind.TEXT: Rule(_choice_text, safe),
    PropertyKind.NUMBER: Rule(_choice_number, each(own_choices, _choice_number)),
    PropertyKind.PERCENTAGE: Rule(_choice_percentage, each(own_choices, _choice_percentage)),
    PropertyKind.DURATION: Rule(_choice_duration, each(own_choices, _choice_duration)),
    PropertyKind.YES_NO: Rule(_choice, each(own_choices, _choice)),
    PropertyKind.SINGLE_CHOICE: Rule(_choice, each(own_choices, _choice)),
    PropertyKind.MULTIPLE_CHOICE: Rule(_choices, each(own_choices, _choices)),
}
RULES: dict[str, dict[PropertyKind, Rule]] = {
    STRING: FREE_TEXT,
    TEXT: FREE_TEXT,
    NUMBER: {
        PropertyKind.TEXT: PLAIN,
        PropertyKind.NUMBER: Rule(_through(formats.number, "not_a_number"), safe),
        PropertyKind.PERCENTAGE: Rule(_percentage(formats.number), safe),
        PropertyKind.DURATION: Rule(_without_unit, risky("duration_unit")),
        PropertyKind.SINGLE_CHOICE: Rule(_one_option, risky("no_option")),
        PropertyKind.MULTIPLE_CHOICE: Rule(_one_option, risky("no_option")),
    },
    BOOLEAN: {
        PropertyKind.TEXT: Rule(_bool_text, safe),
        PropertyKind.YES_NO: Rule(_bool_text, safe),
        PropertyKind.SINGLE_CHOICE: Rule(_bool_option, each(booleans, _bool_option)),
        PropertyKind.MULTIPLE_CHOICE: Rule(_bool_option, each(booleans, _bool_option)),
    },
    CHOICE: OF_CHOICE,
    MULTIPLE: {
        PropertyKind.TEXT: OF_CHOICE[PropertyKind.TEXT],
        PropertyKind.SINGLE_CHOICE: Rule(_choice, each(several_choices, _choice)),
        PropertyKind.MULTIPLE_CHOICE: OF_CHOICE[PropertyKind.MULTIPLE_CHOICE],
    },
    DATE: {
        PropertyKind.TEXT: PLAIN,
        PropertyKind.DATE: Rule(_through(formats.day, "not_a_date"), safe),
        PropertyKind.DATETIME: Rule(_instant, safe),
    },
    TIME: {PropertyKind.TEXT: PLAIN, PropertyKind.DURATION: Rule(_duration, safe)},
    DATETIME: {
        PropertyKind.TEXT: PLAIN,
        PropertyKind.DATE: Rule(_through(formats.day, "not_a_date"), safe),
        PropertyKind.DATETIME: Rule(_instant, safe),
    },
    COUNTRY: {
        PropertyKind.TEXT: Rule(_country_text, safe),
        PropertyKind.SINGLE_CHOICE: Rule(_country_option, lacking_countries(_country_option)),
        PropertyKind.MULTIPLE_CHOICE: Rule(_country_option, lacking_countries(_country_option)),
    },
    PHONE: {PropertyKind.TEXT: PLAIN, PropertyKind.PHONE: PLAIN},
}
