"""Value maps: which option of a HubSpot property each choice of a pretix field becomes.

Stored in a row's ``value_map`` as core's formset keeps it: JSON text, identifier of the choice -> internal value of the
option, an empty value for "leave empty".
A choice that is missing from a map is refused by the engine; an empty map is no map, and labels are compared instead.
A country that is missing from a map is found by its name, so that no user has to map two hundred of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _
from pretix.base.models import Question
from pretix.helpers.countries import CachedCountries

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.sources.field import SourceField
from pretix_hubspot.values import countries
from pretix_hubspot.values.kinds import PropertyKind, kind_of

#: The similarity of two labels from which one is proposed for the other.
SIMILAR = 0.75
#: Pairs of labels that are compared for one dialog, and the sum of the products of their lengths: half a second.
MOST_PAIRS, MOST_WORK = 2_000, 1_500_000
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
    """Whether choices become a text, so that a user has to choose between identifiers and labels."""
    return bool(field and field.enum_opts and definition and kind_of(definition) == PropertyKind.TEXT)


@dataclass(frozen=True)
class Entry:
    """One choice of the field; ``target`` is None before a user has chosen, and "" to leave the property empty.

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
    """Every choice with its option; a choice without one gets a proposal: the option with an equal or similar label."""
    values = usable(definition)
    labels = {option.value: option.label for option in definition.options}
    proposals, names, rows = Proposals(definition.options), _names(field), []
    for identifier, label in choices_of(field):
        if identifier in stored:
            target = stored[identifier]
            vanished = bool(target) and target not in values
            rows.append(Entry(identifier, label, target, vanished=vanished, target_label=labels.get(target, target)))
        else:
            proposed = _proposed(field, identifier, names.get(identifier, [label]), proposals)
            rows.append(Entry(identifier, label, proposed, proposed=proposed is not None))
    return rows


def _names(field: SourceField) -> dict[str, list[str]]:
    """All labels of each choice."""
    names: dict[str, list[str]] = {}
    for identifier, name in (*choices_of(field), *field.synonyms):
        names.setdefault(identifier, []).append(name)
    return names


def _proposed(field: SourceField, identifier: str, names: Sequence[str], proposals: "Proposals") -> str | None:
    """The proposed option; a country is matched by its names, never by similarity: Austria is not Australia."""
    if field.type == Question.TYPE_COUNTRYCODE:
        return countries.option_for(identifier, proposals.offered)
    return proposals.propose(identifier, names)


def propose(identifier: str, labels: Iterable[str], options: Iterable[Option]) -> str | None:
    """The internal value of the option that has the choice's identifier, else an equal, else a similar label."""
    return Proposals(options).propose(identifier, labels)


class Proposals:
    """Options to choose from, by equal label, or by similar label within limits.

    Comparing takes the processor's time by the product of the labels' lengths; beyond the limits, no option is
    proposed.
    """

    def __init__(self, options: Iterable[Option]) -> None:
        self.offered = [option for option in options if not option.hidden]
        self._values = {option.value for option in self.offered}
        self._by_label: dict[str, str] = {}
        for option in self.offered:
            self._by_label.setdefault(_plain(option.label), option.value)
        self._by_label.pop("", None)
        self._pairs, self._work = MOST_PAIRS, MOST_WORK

    def propose(self, identifier: str, labels: Iterable[str]) -> str | None:
        """The proposed option for one choice; all choices of a field share the limits."""
        if identifier in self._values:
            return identifier
        plain = [name for name in map(_plain, labels) if name]
        equal = next((self._by_label[name] for name in plain if name in self._by_label), None)
        return self._similar(plain) if equal is None else equal

    def _similar(self, plain: Sequence[str]) -> str | None:
        self._pairs -= len(plain) * len(self._by_label)
        self._work -= sum(map(len, plain)) * sum(map(len, self._by_label))
        if self._pairs < 0 or self._work < 0:
            return None
        scored = [(SequenceMatcher(None, name, label).ratio(), label) for label in self._by_label for name in plain]
        score, label = max(scored, key=lambda pair: pair[0], default=(0.0, ""))
        return self._by_label[label] if score >= SIMILAR else None


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def missing_options(
    choices: Iterable[tuple[str, str]], definition: PropertyDefinition
) -> tuple[list[Option], dict[str, str]]:
    """Options to create for these choices, and the map to all of them; an existing option with the label is used."""
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
    """A free internal value, made of the label as on HubSpot's own page; a ";" would separate two values (hubspot.md
    6.2).
    """
    value = wanted = " ".join(label.replace(";", ",").split())
    number = 2
    while value in taken:
        value, number = f"{wanted} {number}", number + 1
    return value
