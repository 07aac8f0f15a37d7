"""The stored options of an object mapping: which orders it sends, and how it treats changes of an order. Pure."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from . import reading as read
from .counterparts import CHANNELS, NOBODY, OPTIONS, QUESTIONS, Counterparts, is_lost
from .reading import Problem
from .spec import BUYER, DETACH, FIRST, KEEP_NAMES, LEAVE, NEWEST, REMOVE

#: Filters by their kind of value.
FLAGS = ("paid", "value", "account", "admission")
KEYS = ("items", "variations", "categories", "subevents")
#: Options that are one of a few words, or on and off.
WORDS = {
    "canceled": (LEAVE, DETACH, REMOVE),
    "replaced": (DETACH,),
    "same_address": (FIRST, BUYER, NEWEST, KEEP_NAMES),
}
SWITCHES = ("lenient", "labels")
#: "order", a language code, or nothing.
LANGUAGE = re.compile(r"[A-Za-z-]{0,20}", re.ASCII)


@dataclass(frozen=True)
class StoredFilters:
    """Which orders and positions a mapping sends: primary keys of the event's objects, identifiers of channels.

    ``answers`` are identifiers of a question and of an option, or "" for any answer.
    """

    paid: bool = False
    value: bool = False
    account: bool = False
    admission: bool = False
    sales_channels: tuple[str, ...] = ()
    items: tuple[int, ...] = ()
    variations: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    subevents: tuple[int, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> "StoredFilters":
        data = read.entries(data)
        stored: dict[str, Any] = {name: data.get(name) is True for name in FLAGS}
        stored |= {name: tuple(pk for pk in read.items(data.get(name)) if read.is_pk(pk)) for name in KEYS}
        return cls(
            **stored,
            sales_channels=tuple(name for name in read.items(data.get("sales_channels")) if read.is_text(name)),
            answers=tuple((pair[0], pair[1]) for pair in read.items(data.get("answers")) if read.is_pair(pair)),
        )

    def to_json(self) -> dict[str, Any]:
        stored = {name: getattr(self, name) for name in FLAGS}
        stored |= {name: list(getattr(self, name)) for name in ("sales_channels", *KEYS)}
        stored["answers"] = [list(pair) for pair in self.answers]
        return {name: value for name, value in stored.items() if value}

    @staticmethod
    def problems(data: Any) -> Iterator[Problem]:
        checks: dict[str, read.Check] = dict.fromkeys(FLAGS, read.is_flag)
        checks |= dict.fromkeys(KEYS, read.list_of(read.is_pk))
        checks |= {"sales_channels": read.list_of(read.is_text), "answers": read.list_of(read.is_pair)}
        if not isinstance(data, dict) or not all(name in checks and checks[name](data[name]) for name in data):
            yield Problem("option", "filters")

    def translated(self, counterparts: Counterparts) -> "StoredFilters":
        """The filters for another event; a reference without a counterpart is met by no order, since dropping the
        filter would send more than before.
        """
        keys: dict[str, Any] = {name: tuple(counterparts.pk(name, pk) for pk in getattr(self, name)) for name in KEYS}
        channels = tuple(map(counterparts.channel, self.sales_channels))
        answers = tuple(counterparts.answer(*answer) for answer in self.answers)
        return replace(self, **keys, sales_channels=channels, answers=answers)

    def references(self) -> Iterator[tuple[str, str]]:
        """The objects of the event that the filters name, by kind and key."""
        yield from ((name, str(pk)) for name in KEYS for pk in getattr(self, name))
        yield from ((CHANNELS, identifier) for identifier in self.sales_channels)
        for question, option in self.answers:
            yield QUESTIONS, question
            yield OPTIONS, f"{question}:{option}"

    def only(self, names: Container[str]) -> "StoredFilters":
        """The filters without the conditions that a source cannot meet."""
        defaults: dict[str, Any] = {item.name: item.default for item in fields(self) if item.name not in names}
        return replace(self, **defaults)

    def lost(self) -> tuple[str, ...]:
        """The filters that name an object without a counterpart."""
        parts = {name: [pk == NOBODY for pk in getattr(self, name)] for name in KEYS}
        parts["sales_channels"] = list(map(is_lost, self.sales_channels))
        parts["answers"] = [is_lost(part) for answer in self.answers for part in answer]
        return tuple(name for name, lost in parts.items() if any(lost))


@dataclass(frozen=True)
class StoredOptions:
    """The deviations from the defaults, see ``MappingOptions``, which has options of the same names.

    ``language`` is "order" or a language code.
    """

    filters: StoredFilters = StoredFilters()
    canceled: str = ""
    replaced: str = ""
    same_address: str = ""
    lenient: bool = False
    labels: bool = False
    language: str = ""

    @classmethod
    def from_json(cls, data: Any) -> "StoredOptions":
        data = read.entries(data)
        stored: dict[str, Any] = {name: read.text(data.get(name)) for name in (*WORDS, "language")}
        stored |= {name: data.get(name) is True for name in SWITCHES}
        return cls(filters=StoredFilters.from_json(data.get("filters")), **stored)

    def to_json(self) -> dict[str, Any]:
        stored = {"filters": self.filters.to_json()}
        stored |= {name: getattr(self, name) for name in (*WORDS, "language", *SWITCHES)}
        return {name: value for name, value in stored.items() if value}

    @staticmethod
    def problems(data: Any) -> Iterator[Problem]:
        if not isinstance(data, dict):
            yield Problem("options")
            return
        checks: dict[str, read.Check] = {name: read.one_of(allowed) for name, allowed in WORDS.items()}
        checks |= dict.fromkeys(SWITCHES, read.is_flag)
        checks["language"] = lambda value: bool(LANGUAGE.fullmatch(read.text(value)))
        for name, value in data.items():
            if name == "filters":
                yield from StoredFilters.problems(value)
            elif name not in checks or not checks[name](value):
                yield Problem("option", name)

    def translated(self, counterparts: Counterparts) -> "StoredOptions":
        return replace(self, filters=self.filters.translated(counterparts))
