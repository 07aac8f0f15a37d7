"""The objects of one event in another event, for mappings that are copied or imported. Pure.

An object is known by its key as text: a primary key, an identifier, or ``question:option`` for an option.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

#: Names of objects by kind and key, each object with all of its names.
Names = Mapping[str, Mapping[str, Iterable[str]]]

ITEMS, VARIATIONS, CATEGORIES, SUBEVENTS = "items", "variations", "categories", "subevents"
CHECKIN_LISTS, QUESTIONS, OPTIONS, CHANNELS = "checkin_lists", "questions", "options", "sales_channels"
KINDS = (ITEMS, VARIATIONS, CATEGORIES, SUBEVENTS, CHECKIN_LISTS, QUESTIONS, OPTIONS, CHANNELS)
#: Kinds whose keys are chosen by users, so that the same key is the same object under any name.
IDENTIFIED = (QUESTIONS, OPTIONS, CHANNELS)

QUESTION = "question_"
#: Source fields that end with the primary key of a check-in list.
OF_CHECKIN_LISTS = ("checkin_date_", "first_checkin_", "last_checkout_")
#: Source fields by the kind of their choices.
OF_CHOICES = {"product_choice": ITEMS, "addons": ITEMS, "sales_channel": CHANNELS}
#: Before the key of a field, choice or identifier without a counterpart.
INVALID = "_invalid_"
#: A primary key that no object has: no order meets a filter for it.
NOBODY = 0


def is_lost(key: str) -> bool:
    """Whether this key replaced a reference without a counterpart."""
    return key.startswith(INVALID)


def lose(key: str) -> str:
    return key if is_lost(key) else INVALID + key


def original_key(key: str) -> str:
    """The key as it was before it lost its counterpart."""
    return key.removeprefix(INVALID)


def references(field_key: str, choices: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The objects of the event that a row names by its source field and the choices of its value map."""
    if field_key.startswith(QUESTION):
        question = field_key.removeprefix(QUESTION)
        yield QUESTIONS, question
        yield from ((OPTIONS, f"{question}:{choice}") for choice in choices)
    elif kind := OF_CHOICES.get(field_key):
        yield from ((kind, choice) for choice in choices)
    else:
        yield from ((CHECKIN_LISTS, field_key.removeprefix(p)) for p in OF_CHECKIN_LISTS if field_key.startswith(p))


@dataclass(frozen=True)
class Counterparts:
    """By kind and key, the key in the other event; a key that is missing, or has an empty one, has no counterpart."""

    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, kind: str, key: str) -> str:
        return self.keys.get(kind, {}).get(key, "")

    def field(self, key: str) -> str:
        """The source field of this key in the other event."""
        if key.startswith(QUESTION):
            question = self.of(QUESTIONS, key.removeprefix(QUESTION))
            return QUESTION + question if question else lose(key)
        prefix = next((prefix for prefix in OF_CHECKIN_LISTS if key.startswith(prefix)), None)
        if prefix is None:
            return key
        checkin_list = self.of(CHECKIN_LISTS, key.removeprefix(prefix))
        return prefix + checkin_list if checkin_list else lose(key)

    def choice(self, field_key: str, choice: str) -> str:
        """A choice of a source field; questions without options have choices of their own, such as yes and no."""
        if kind := OF_CHOICES.get(field_key):
            return self.of(kind, choice) or lose(choice)
        question = field_key.removeprefix(QUESTION)
        if question == field_key or not self._has_options(question):
            return choice
        return self.option(question, choice) or lose(choice)

    def _has_options(self, question: str) -> bool:
        return any(key.partition(":")[0] == question for key in self.keys.get(OPTIONS, {}))

    def option(self, question: str, option: str) -> str:
        return self.of(OPTIONS, f"{question}:{option}").partition(":")[2]

    def pk(self, kind: str, pk: int) -> int:
        return int(self.of(kind, str(pk)) or NOBODY)

    def answer(self, question: str, option: str) -> tuple[str, str]:
        other = self.of(QUESTIONS, question)
        if not other:
            return lose(question), option
        return other, (self.option(question, option) or lose(option)) if option else ""

    def channel(self, identifier: str) -> str:
        return self.of(CHANNELS, identifier) or lose(identifier)


def matched(source: Names, target: Names) -> Counterparts:
    """Match the objects of one event with those of another: by the same key, else by a name that is unique in each.

    Objects of the same name cannot be distinguished, so that none of them has a counterpart.
    """
    keys = {kind: _matched(kind, source.get(kind, {}), target.get(kind, {})) for kind in KINDS if kind != OPTIONS}
    keys[OPTIONS] = _matched_options(source, target, keys[QUESTIONS])
    return Counterparts(keys)


def _matched(kind: str, source: Mapping[str, Iterable[str]], target: Mapping[str, Iterable[str]]) -> dict[str, str]:
    by_name = _unique(target)
    own = _unique(source)
    keys = {}
    for key, names in source.items():
        if key in target and (kind in IDENTIFIED or set(names) & set(target[key])):
            keys[key] = key
        else:
            candidates = {by_name[name] for name in names if name in by_name and name in own}
            keys[key] = candidates.pop() if len(candidates) == 1 else ""
    return keys


def _unique(things: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The keys of objects by each name that only one of them has."""
    pairs = [(name, key) for key, names in things.items() for name in set(names)]
    often = Counter(name for name, _key in pairs)
    return {name: key for name, key in pairs if often[name] == 1}


def _matched_options(source: Names, target: Names, questions: Mapping[str, str]) -> dict[str, str]:
    """Match the options of a question with the options of the question's counterpart only."""
    matches: dict[str, str] = {}
    for question, other in questions.items():
        own = _options_of(source, question)
        options = _matched(OPTIONS, own, _options_of(target, other))
        matches |= {f"{question}:{option}": f"{other}:{key}" if key else "" for option, key in options.items()}
    return matches


def _options_of(names: Names, question: str) -> dict[str, Iterable[str]]:
    options = names.get(OPTIONS, {})
    return {key.partition(":")[2]: options[key] for key in options if key.partition(":")[0] == question}
