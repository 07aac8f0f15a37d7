"""The value table against a plain model: what a field means decides what HubSpot gets, however it is written down.

Values are drawn as what they are (a day, an instant, a choice), told to the table as pretix tells them, and compared
with what the model makes of the meaning.
"""

import re
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.values.convert import convert, warning
from pretix_hubspot.values.rows import OVERWRITE, Refusal

INCOMPATIBLE = "!incompatible"
PLAIN = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "bool": ("bool", "booleancheckbox"),
    "phone": ("phone_number", "phonenumber"),
    "one": ("enumeration", "radio"),
    "many": ("enumeration", "checkbox"),
}


def prop(kind, options=()):
    type_, field_type = PLAIN[kind]
    return PropertyDefinition("p", "P", type_, field_type, options=tuple(Option(*option) for option in options))


def sent(value, source, definition, **more):
    """What is sent, or "!" and the code of the refusal."""
    found = convert(value, source, definition, **more)
    return f"!{found.code}" if isinstance(found, Refusal) else found


KINDS = st.sampled_from(sorted(PLAIN))
OPTIONS = (("yes", "Yes"), ("7", "Seven"), ("2026-02-28", "Day"))


# ---- numbers, days, instants: what HubSpot reads is what was meant


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20), KINDS)
def test_numbers(number, kind):
    text = sent(str(number), "N", prop(kind, OPTIONS))
    if kind == "number":
        assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
        assert type(number)(text) == number
    elif kind in ("one", "many"):
        assert text == ("7" if str(number) == "7" else "!no_option")
    else:
        assert text == (str(number) if kind == "text" else INCOMPATIBLE)


@given(st.dates(), KINDS)
def test_days(day, kind):
    written = f"{day.year:04}-{day.month:02}-{day.day:02}"
    expected = {"text": written, "date": written, "datetime": f"{written}T12:00:00Z"}
    assert sent(day.isoformat(), "D", prop(kind, OPTIONS)) == expected.get(kind, INCOMPATIBLE)


MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones())
MILLISECOND = timedelta(milliseconds=1)


@given(MOMENTS, KINDS)
def test_instants(moment, kind):
    text = sent(moment.isoformat(), "W", prop(kind, OPTIONS))
    if kind == "datetime":
        assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z", text)
        assert timedelta(0) <= moment.astimezone(UTC) - datetime.fromisoformat(text) < MILLISECOND
    elif kind == "date":
        assert date.fromisoformat(text) == moment.date(), "the day that people saw on the clock"
    else:
        assert text == (moment.isoformat() if kind == "text" else INCOMPATIBLE)


@given(st.booleans(), KINDS, st.sampled_from([("true", "A"), ("x", "TRUE"), ("x", "A")]))
def test_yes_and_no(flag, kind, option):
    expected = {"text": "true" if flag else "false", "bool": "true" if flag else "false"}
    listed = option[0] if flag and "true" in (option[0], option[1].lower()) else "!no_option"
    expected |= {"one": listed, "many": listed}
    assert sent(flag, "B", prop(kind, [option])) == expected.get(kind, INCOMPATIBLE)


@given(st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True), KINDS)
def test_telephone_numbers(number, kind):
    assert sent(number, "TEL", prop(kind, OPTIONS)) == (number if kind in ("text", "phone") else INCOMPATIBLE)


# ---- what people type: drawn with its meaning, so that the model needs no parser

REFUSED = {"number": "!not_a_number", "date": "!not_a_date", "datetime": "!not_a_date", "bool": "!not_a_boolean"}
REFUSED |= {"phone": "!not_a_phone", "one": "!no_option", "many": "!no_option"}


def meaning(text, **known):
    """A text with what it is for each kind of property; every text is a text."""
    return text, {**REFUSED, "text": text, **known}


def a_day(day):
    return meaning(f"{day}", date=f"{day}", datetime=f"{day}T12:00:00Z", phone=f"{day}")


def an_option(word, flag):
    return meaning(word, bool=flag, one=f"is {flag}", many=f"is {flag}")


TYPED = st.one_of(
    st.text("abcdefgh", min_size=1, max_size=8).map(meaning),
    st.integers(2, 99).map(lambda number: meaning(f"{number}", number=f"{number}")),
    st.integers(100, 999_999).map(lambda number: meaning(f"{number}", number=f"{number}", phone=f"{number}")),
    st.integers(-9, -1).map(lambda number: meaning(f"{number}.5", number=f"{number}.5")),
    st.integers(10, 99).map(lambda number: meaning(f"{number} pieces")),
    st.dates(date(1000, 1, 1)).map(a_day),
    st.sampled_from(["yes", "YES", "yEs"]).map(lambda word: an_option(word, "true")),
    st.sampled_from(["no", "NO", "nO"]).map(lambda word: an_option(word, "false")),
    st.sampled_from([("true", "true"), ("FALSE", "false")]).map(lambda both: meaning(both[0], bool=both[1])),
)


@given(TYPED, KINDS, st.sampled_from("ST"), st.sampled_from(["", " ", "\n"]))
def test_what_people_type_counts_if_it_means_what_the_property_holds(typed, kind, source, around):
    text, meant = typed
    definition = prop(kind, [("is true", "Yes"), ("is false", "no")])
    assert sent(f"{around}{text}{around}", source, definition) == meant[kind]


# ---- choices: found by the organizer's map, else by identifier, else by label

NAMES = st.sampled_from(["a", "A", "b", "c"])
CHOICES = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4, unique_by=lambda pair: pair[0])
LISTED = st.lists(
    st.tuples(st.sampled_from(["x", "y", "a", "b"]), NAMES), min_size=1, max_size=4, unique_by=lambda pair: pair[0]
)
MAPS = st.none() | st.dictionaries(NAMES, st.sampled_from(["x", "y", "a", "b", "C", ""]), min_size=2, max_size=4)


def model_option(identifier, choices, options, chosen):
    """The option of one choice, "" for none on purpose, or "!" and why there is none."""
    if chosen is not None and identifier not in chosen:
        return "!option_not_mapped"
    wanted = identifier if chosen is None else chosen[identifier]
    if wanted == "" or wanted in [value for value, _ in options]:
        return wanted
    for name in [wanted, *(label for known, label in choices if known == wanted)]:
        for value, label in options:
            if label.lower() == name.lower():
                return value
    return "!no_option"


def model(identifiers, kind, choices, options, chosen):
    """The whole value, or why there is none."""
    if kind == "text":
        return ";".join((chosen or {}).get(identifier, identifier) for identifier in identifiers)
    if kind == "one" and len(identifiers) > 1:
        return "!several_values"
    found = [model_option(identifier, choices, options, chosen) for identifier in identifiers]
    refused = [option for option in found if option.startswith("!")]
    return refused[0] if refused else ";".join(option for option in dict.fromkeys(found) if option)


@given(st.data(), CHOICES, LISTED, MAPS, st.sampled_from(["text", "one", "many"]))
def test_choices(data, choices, options, chosen, kind):
    several = st.lists(st.sampled_from([value for value, _ in choices]), min_size=1, max_size=3, unique=True)
    identifiers = data.draw(several)
    source = "M" if len(identifiers) > 1 else data.draw(st.sampled_from("CM"))
    found = sent(identifiers, source, prop(kind, options), value_map=chosen, enum_opts=choices)
    assert found == model(identifiers, kind, choices, options, chosen)


@given(CHOICES, LISTED, MAPS, st.sampled_from(["text", "one", "many"]), st.sampled_from("CM"))
def test_the_editor_warns_exactly_where_a_choice_can_be_refused(choices, options, chosen, kind, source):
    one_by_one = [[value] for value, _ in choices]
    together = [[value for value, _ in choices][:2]] if source == "M" and len(choices) > 1 else []
    outcomes = [model(identifiers, kind, choices, options, chosen) for identifiers in one_by_one + together]
    refused = [text for text in outcomes if text.startswith("!")]
    found = warning(source, prop(kind, options), OVERWRITE, choices, chosen)
    assert (f"!{found.code}" if found else None) == (refused[0] if refused else None)
