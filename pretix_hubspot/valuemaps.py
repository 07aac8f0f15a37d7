"""Value maps: which option of a HubSpot property each choice of a pretix field becomes.

Stored in a row's ``value_map`` as core's formset keeps it: JSON text, identifier of the choice -> internal value of the
option, an empty value for "leave empty".
A choice that is missing from a map is refused by the engine; an empty map is no map, and labels are compared instead.
A country that is missing from a map is found by its name: nobody maps two hundred of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _
from pretix.base.models import Question
from pretix.helpers.countries import CachedCountries

from pretix_hubspot.fields import SourceField
from pretix_hubspot.hubspot.types import Option, PropertyDefinition
from pretix_hubspot.sync import countries
from pretix_hubspot.sync.kinds import K_TEXT, kind_of

#: How much two labels must have in common to be proposed as the same.
SIMILAR = 0.75
CHOICES = (Question.TYPE_CHOICE, Question.TYPE_CHOICE_MULTIPLE)


def choices_of(field: SourceField | None) -> tuple[tuple[str, str], ...]:
    """The choices that a map of this field has to cover."""
    if field is None:
        return ()
    if field.type == Question.TYPE_BOOLEAN:
        return (("true", _("Yes")), ("false", _("No")))
    if field.type == Question.TYPE_COUNTRYCODE:
        return tuple((code, str(name)) for code, name in CachedCountries())
    return field.enum_opts or () if field.type in CHOICES else ()


def fits(field: SourceField | None, definition: PropertyDefinition | None) -> bool:
    """Whether a value map makes sense for this pair."""
    return bool(definition and definition.type == "enumeration" and choices_of(field))


def into_text(field: SourceField | None, definition: PropertyDefinition | None) -> bool:
    """Whether choices become a text, so that somebody has to say whether by identifier or by label."""
    return bool(field and field.enum_opts and definition and kind_of(definition) == K_TEXT)


@dataclass(frozen=True)
class Entry:
    """One choice of the field; ``target`` is None while nobody decided, and "" to leave the property empty.

    ``target_label`` names a target that ``vanished``, such as an owner who left.
    """

    identifier: str
    label: str
    target: str | None
    proposed: bool = False
    vanished: bool = False
    target_label: str = ""


def usable(definition: PropertyDefinition) -> set[str]:
    """The options that HubSpot takes: hidden ones too, but no owner who left."""
    return {option.value for option in definition.options if not (definition.owners and option.hidden)}


def entries(field: SourceField, definition: PropertyDefinition, stored: Mapping[str, str]) -> list[Entry]:
    """Every choice with its option; where there is none yet, the one with an equal or similar label is proposed."""
    values = usable(definition)
    labels = {option.value: option.label for option in definition.options}
    found = []
    for identifier, label in choices_of(field):
        if identifier in stored:
            target = stored[identifier]
            vanished = bool(target) and target not in values
            found.append(Entry(identifier, label, target, vanished=vanished, target_label=labels.get(target, target)))
        else:
            target = _proposed(field, identifier, label, definition.options)
            found.append(Entry(identifier, label, target, proposed=target is not None))
    return found


def _proposed(field, identifier, label, options) -> str | None:
    """A country has many names and no similar ones: Austria is not Australia."""
    if field.type == Question.TYPE_COUNTRYCODE:
        return countries.option_for(identifier, [option for option in options if not option.hidden])
    names = [label, *(name for key, name in field.synonyms if key == identifier)]
    return propose(identifier, names, options)


def propose(identifier: str, labels: Iterable[str], options: Iterable[Option]) -> str | None:
    """The internal value of the option that has the choice's identifier, else an equal, else a similar label."""
    offered = [option for option in options if not option.hidden]
    exact = next((option.value for option in offered if option.value == identifier), None)
    if exact is not None:
        return exact
    wanted = [_plain(label) for label in labels]
    scored = [(max(_likeness(name, _plain(option.label)) for name in wanted), option.value) for option in offered]
    score, value = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return value if score >= SIMILAR else None


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _likeness(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    return 1.0 if one == other else SequenceMatcher(None, one, other).ratio()


def missing_options(
    choices: Iterable[tuple[str, str]], definition: PropertyDefinition
) -> tuple[list[Option], dict[str, str]]:
    """Options to create for these choices, and the map to all of them; one that is there by its label is used."""
    by_label = {option.label.strip().casefold(): option.value for option in definition.options}
    taken = {option.value for option in definition.options}
    order = max((option.display_order for option in definition.options), default=-1)
    new, targets = [], {}
    for identifier, label in choices:
        if label.strip().casefold() not in by_label:
            order += 1
            option = Option(_free_value(label, taken), label, display_order=order)
            new.append(option)
            taken.add(option.value)
            by_label[label.strip().casefold()] = option.value
        targets[identifier] = by_label[label.strip().casefold()]
    return new, targets


def _free_value(label: str, taken: set[str]) -> str:
    """HubSpot's own page makes internal values of labels too; a ";" would separate two values (hubspot.md 6.2)."""
    value = wanted = " ".join(label.replace(";", ",").split())
    number = 2
    while value in taken:
        value, number = f"{wanted} {number}", number + 1
    return value
