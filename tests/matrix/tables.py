"""The tables of ``expectations`` as data: pretix fields, HubSpot properties, and what each cell expects."""

from dataclasses import dataclass

import pycountry

from . import expectations

NEW, EMPTY, FILLED = BEFORE = ("new contact", "empty property", "filled property")
MODES = ("overwrite", "if_new", "if_empty", "append")
NOTHING = ""
LEFT_OUT = "~"


def lines(table):
    return [[cell.strip() for cell in line.split("|")] for line in table.strip("\n").splitlines()]


def names(cell):
    """The properties that a line is about."""
    found = (names(expectations.GROUPS[name]) if name in expectations.GROUPS else [name] for name in cell.split())
    return [name for some in found for name in some]


def word(cell):
    return expectations.WORDS.get(cell, cell)


def pairs(cell):
    """Identifiers and labels of "a, b=Label"."""
    split = (part.strip().partition("=") for part in cell.split(",") if part.strip())
    return [(value, label or value) for value, _, label in split]


@dataclass(frozen=True)
class Expectation:
    """``warned`` is the editor's code or "-"; ``stored`` what a sample becomes, "!code" if it is refused.

    ``seen`` is what a person sees of it in HubSpot, for each sample that is stored.
    """

    warned: str
    stored: dict[str, str]
    seen: dict[str, str]


class Field:
    """One pretix field with its samples, and what is expected of it in every property."""

    def __init__(self, block):
        (self.type, choices, *self.samples, last), *rows = lines(block)
        assert last == "SEEN"
        self.choices = pairs(choices)
        self.expected = {}
        for properties, warned, *cells, seen in rows:
            stored = dict(zip(self.samples, (self._cell(*pair, warned) for pair in self._with(cells)), strict=True))
            for name in names(properties):
                assert name not in self.expected
                self.expected[name] = Expectation(warned, stored, self._seen(stored, word(seen)))

    def __str__(self):
        return "-".join([self.type, *(value for value, _ in self.choices)])

    def _with(self, cells):
        return zip(self.samples, cells, strict=True)

    @staticmethod
    def _seen(stored, cell):
        """Each sample that is stored with what is seen; "=" alone is for all of them."""
        kept = [sample for sample, text in stored.items() if text and text[0] not in f"!{LEFT_OUT}"]
        cells = ["="] * len(kept) if cell == "=" else cell.split("/") if cell else []
        pairs = zip(kept, cells, strict=True)
        return {sample: word(stored[sample] if seen == "=" else seen) for sample, seen in pairs}

    @staticmethod
    def _cell(sample, cell, warned):
        return {"=": sample, "-": NOTHING, "!": f"!{warned}"}.get(cell, cell)


FIELDS = [Field(block) for block in expectations.TABLES.strip("\n").split("\n\n")]


def properties():
    """Name, type, field type and options of every property of the portal."""
    for name, kind, field_type, options, *_hint in lines(expectations.PROPERTIES):
        listed = []
        for value, label in pairs(options):
            listed += COUNTRIES.get(value, [(value, label)])
        yield name, kind, field_type, listed


def hints():
    """How HubSpot shows the properties that are numbers, by name."""
    return {name: hint[0] for name, _kind, _type, _options, *hint in lines(expectations.PROPERTIES) if hint}


COUNTRIES = {
    "COUNTRIES": [(country.alpha_2, country.name) for country in pycountry.countries],
    "NAMES": [(country.name, country.name) for country in pycountry.countries],
}


@dataclass(frozen=True)
class Added:
    """ "Add to list" on a filled property."""

    held: str
    then: str
    warned: str


ADDED = {name: Added(*cells) for about, *cells in lines(expectations.ADDED) for name in names(about)}


def _modes(table):
    header, *rows = lines(table)
    return {(mode, before): cell for mode, *cells in rows for before, cell in zip(header[1:], cells, strict=True)}


WITH_VALUE, WITHOUT_VALUE = _modes(expectations.MODES), _modes(expectations.MODES_WITHOUT_VALUE)


def held(name, before):
    """What the property holds before the transfer; nobody can write into the others."""
    return ADDED[name].held if before == FILLED and name in ADDED else NOTHING


def expected(field, name, sample, mode, before):
    """What the property holds afterwards, or "!code"."""
    new, there = field.expected[name].stored[sample], held(name, before)
    if new.startswith("!"):
        return new
    if new == LEFT_OUT:
        return there
    then = (WITH_VALUE if new else WITHOUT_VALUE)[mode, before]
    if then == "ADDED":
        return added(name, new)
    return {"new": word(new), "held": there, "-": NOTHING}[then]


def added(name, new):
    if new in expectations.ADDED_AND_CUT:
        return expectations.ADDED_AND_CUT[new]
    line = ADDED[name]
    return line.held if new == line.held else line.then.replace("new", word(new))


def seen(field, name, sample):
    """What a person sees of a sample that was stored as it is."""
    return field.expected[name].seen[sample]


def warned(field, name, mode):
    """The code of the editor's warning, or "-"."""
    always = field.expected[name].warned
    return ADDED[name].warned if always == "-" and mode == "append" else always
