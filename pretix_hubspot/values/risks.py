"""Find values of a source that a property refuses, before any value is known. Pure.

The editor's warning symbol: a rule's risk tries every value that a field can hold, with the rule's own way of writing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pretix_hubspot.hubspot.data import PropertyDefinition

from . import countries
from .kinds import PropertyKind, kind_of
from .rows import NO_CONVENTIONS, Conventions, Refusal

Choices = Sequence[tuple[str, str]]


class Context(NamedTuple):
    """The facts beside the value that a conversion may use."""

    prop: PropertyDefinition
    value_map: Mapping[str, str] | None
    enum_opts: Choices | None
    joiner: str
    conventions: Conventions = NO_CONVENTIONS


#: Writes a pretix value; returns a ``str`` to send, or a refusal.
Write = Callable[[Any, Context], str | Refusal]
#: Returns the refusal that is possible, if any.
Risk = Callable[[Context], Refusal | None]


class Rule(NamedTuple):
    """How one pair of types is written, and which refusals are possible, before any value is known."""

    write: Write
    risk: Risk


def property_names(prop: PropertyDefinition) -> dict[str, str]:
    """The names of a property in a refusal."""
    return {"property": prop.name, "label": prop.label, "type": prop.type}


def refuse(code: str, prop: PropertyDefinition | None, **params: object) -> Refusal:
    return Refusal(code, {**(property_names(prop) if prop else {}), **params})


def options_elsewhere(prop: PropertyDefinition) -> bool:
    """Whether the definition lacks the options, as with owners: then only HubSpot can check a value."""
    return kind_of(prop) in (PropertyKind.SINGLE_CHOICE, PropertyKind.MULTIPLE_CHOICE) and not prop.options


def safe(context: Context) -> None:
    """The risk of a pair in which every value fits: no refusal."""


def risky(code: str) -> Risk:
    """The risk of a pair in which some values fit and others do not."""
    return lambda context: refuse(code, context.prop)


def each(samples: Callable[[Context], Sequence[Any]], write: Write) -> Risk:
    """The first refusal among all values of a field; if choices have no option, it names all of them."""

    def risk(context: Context) -> Refusal | None:
        if options_elsewhere(context.prop):
            return refuse("no_option", context.prop)
        written = [write(sample, context) for sample in samples(context)]
        return together([refusal for refusal in written if isinstance(refusal, Refusal)])

    return risk


def together(refusals: Sequence[Refusal]) -> Refusal | None:
    """The first refusal, with the labels of all choices that are refused for the same reason."""
    if not refusals:
        return None
    first = refusals[0]
    same = [r.params["option_label"] for r in refusals if r.code == first.code and "option_label" in r.params]
    return Refusal(first.code, {**first.params, "option_labels": list(dict.fromkeys(same))}) if same else first


def own_choices(context: Context) -> list[list[str]]:
    return [[identifier] for identifier in dict.fromkeys(identifier for identifier, label in context.enum_opts or ())]


def several_choices(context: Context) -> list[list[str]]:
    """Each choice alone, then two at once; unknown choices may be many."""
    own = own_choices(context)
    return own + ([["", ""]] if len(own) != 1 else [])


def booleans(context: Context) -> list[bool]:
    return [True, False]


def lacking_countries(write: Write) -> Risk:
    """The countries that a portal's list lacks, named like choices; unless it is no list of countries at all."""

    def risk(context: Context) -> Refusal | None:
        if options_elsewhere(context.prop):
            return refuse("no_option", context.prop)
        codes = countries.codes()
        lacking = [code for code in codes if isinstance(write(code, context), Refusal)]
        if not lacking:
            return None
        names = [countries.name_of(code) for code in lacking] if len(lacking) < len(codes) else []
        named = {"option": lacking[0], "option_label": names[0], "option_labels": names} if names else {}
        return refuse("no_option", context.prop, **named)

    return risk
