"""The value table: literals for every pair of types, and warnings that keep their word."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.values import convert, countries, formats
from pretix_hubspot.values.rows import APPEND, OVERWRITE, Conventions, FieldRefused, Refusal

OPTIONS = (Option("S", "Small"), Option("L", "Large"), Option("true", "Yes"), Option("false", "No"))


def prop(kind, name="p", **changes):
    kinds = {
        "text": ("string", "text"),
        "number": ("number", "number"),
        "date": ("date", "date"),
        "datetime": ("datetime", "date"),
        "bool": ("bool", "booleancheckbox"),
        "one": ("enumeration", "select"),
        "many": ("enumeration", "checkbox"),
        "phone": ("phone_number", "phonenumber"),
    }
    type_, field_type = kinds[kind]
    options = OPTIONS if kind in ("one", "many") else ()
    return PropertyDefinition(
        **{"name": name, "label": "P", "type": type_, "field_type": field_type, "options": options, **changes}
    )


NO = "refused"
KINDS = ("text", "number", "date", "datetime", "bool", "one", "many", "phone")
# One line per pretix value: its type, the value, and what each kind of property is sent.
TABLE = """
S   | abc                       | abc | - | - | - | - | - | - | -
S   | 12.50                     | 12.50 | 12.50 | - | - | - | - | - | 12.50
S   | 1,250                     | 1,250 | - | - | - | - | - | - | -
S   | 2026-02-30                | 2026-02-30 | - | - | - | - | - | - | 2026-02-30
S   | 2026-02-28                | 2026-02-28 | - | 2026-02-28 | 2026-02-28T12:00:00Z | - | - | - | 2026-02-28
S   | 2026-02-28T23:30:00-05:00 | 2026-02-28T23:30:00-05:00 | - | 2026-02-28 | 2026-03-01T04:30:00Z | - | - | - | -
S   | Yes                       | Yes | - | - | - | true | true | true | -
S   | small                     | small | - | - | - | - | S | S | -
S   | S; Large                  | S; Large | - | - | - | - | - | S;L | -
S   | +49 30 1234               | +49 30 1234 | - | - | - | - | - | - | +49 30 1234
T   | abc                       | abc | - | - | - | - | - | - | -
N   | 5                         | 5 | 5 | x | x | x | - | - | x
N   | 1E+2                      | 1E+2 | 100 | x | x | x | - | - | x
D   | 2026-02-28                | 2026-02-28 | x | 2026-02-28 | 2026-02-28T12:00:00Z | x | x | x | x
H   | 12:30                     | 12:30 | x | x | x | x | x | x | x
W   | 2026-03-01T00:30:00+01:00 | 2026-03-01T00:30:00+01:00 | x | 2026-03-01 | 2026-02-28T23:30:00Z | x | x | x | x
W   | 2026-03-01T00:30:00       | 2026-03-01T00:30:00 | x | 2026-03-01 | 2026-03-01T00:30:00Z | x | x | x | x
CC  | DE                        | DE | x | x | x | x | - | - | x
TEL | +4930123456               | +4930123456 | x | x | x | x | x | x | +4930123456
"""
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
CASES = [(kind, line[0], line[1], cell) for line in LINES for kind, cell in zip(KINDS, line[2:], strict=True)]


@pytest.mark.parametrize(("kind", "source", "value", "expected"), CASES)
def test_text_like_values(kind, source, value, expected):
    found = convert.convert(value, source, prop(kind))
    if expected in ("-", "x"):
        assert isinstance(found, Refusal)
        assert (found.code == "incompatible") == (expected == "x")
        assert value not in str(found.params)  # what people typed never gets into a message
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("text", "true"), ("bool", "true"), ("one", "true"), ("many", "true")]
    + [(kind, "incompatible") for kind in ("number", "date", "datetime", "phone")],
)
def test_yes(kind, expected):
    found = convert.convert(True, "B", prop(kind))
    assert (found.code if isinstance(found, Refusal) else found) == expected


@pytest.mark.parametrize(("value", "word"), [(True, "true"), (False, "false"), ("True", "true"), ("False", "false")])
def test_booleans(value, word):
    assert convert.convert(value, "B", prop("bool")) == word


def test_a_no_is_a_value():
    assert convert.convert(False, "B", prop("text")) == "false"


@pytest.mark.parametrize("nothing", [None, "", "  ", []])
@pytest.mark.parametrize("source", ["S", "H", "M", "F"])
def test_nothing_is_nothing_whatever_the_types(nothing, source):
    assert convert.convert(nothing, source, prop("number")) == ""


CHOICES = (("S", "Size S"), ("big", "Large"), ("odd", "Odd"))


@pytest.mark.parametrize(
    ("source", "value", "kind", "expected"),
    [
        ("C", ["S"], "text", "S"),
        ("C", ["S"], "one", "S"),
        ("C", ["S"], "many", "S"),
        ("C", ["big"], "one", "L"),  # by the label of the pretix choice
        ("C", ["odd"], "one", "no_option"),
        ("C", ["odd"], "many", "no_option"),
        ("C", ["S", "big"], "one", "several_values"),
        ("C", ["S"], "number", "not_a_number"),
        ("C", ["S", "big"], "number", "several_values"),
        ("C", ["7"], "number", "7"),
        ("C", ["S"], "bool", "no_option"),
        ("C", ["true"], "bool", "true"),
        ("C", ["S"], "date", "incompatible"),
        ("C", ["S"], "datetime", "incompatible"),
        ("C", ["S"], "phone", "incompatible"),
        ("M", ["S", "big"], "text", "S;big"),
        ("M", ["big", "S"], "many", "L;S"),
        ("M", ["big", "Large"], "many", "L"),
        ("M", ["S"], "one", "S"),
        ("M", ["S", "big"], "one", "several_values"),
        ("M", ["S", "odd"], "many", "no_option"),
        ("M", ["S"], "number", "incompatible"),
        ("M", ["S"], "bool", "incompatible"),
    ],
)
def test_choices(source, value, kind, expected):
    found = convert.convert(value, source, prop(kind), enum_opts=CHOICES)
    assert (found.code if isinstance(found, Refusal) else found) == expected


def test_a_refused_choice_is_named():
    assert convert.convert(["odd"], "C", prop("one"), enum_opts=CHOICES).params == {
        "property": "p",
        "label": "P",
        "type": "enumeration",
        "option": "odd",
        "option_label": "Odd",
    }


@pytest.mark.parametrize(
    ("value", "value_map", "kind", "expected"),
    [
        (["a"], {"a": "S"}, "one", "S"),
        (["a"], {"a": "S", "b": ""}, "many", "S"),
        (["b"], {"a": "S", "b": ""}, "one", ""),
        (["a", "b"], {"a": "S", "b": ""}, "many", "S"),
        (["c"], {"a": "S"}, "one", "option_not_mapped"),
        (["a"], {"a": "gone"}, "one", "no_option"),
        (["a"], {"a": "Red"}, "text", "Red"),
        (["a"], {"a": "3"}, "number", "3"),
        (["a"], {"a": "true"}, "bool", "true"),
    ],
)
def test_value_maps(value, value_map, kind, expected):
    found = convert.convert(value, "M" if len(value) > 1 else "C", prop(kind), value_map)
    assert (found.code if isinstance(found, Refusal) else found) == expected


LANGUAGES = tuple(Option(code, code) for code in ("en", "de", "nl", "zh-cn", "zh-tw", "pt-br", "iw", "no"))


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de", "de"),
        ("de-informal", "de"),
        ("nl-informal", "nl"),
        ("en_US", "en"),
        ("zh-hans", "zh-cn"),
        ("zh-hant", "zh-tw"),
        ("pt-br", "pt-br"),
        ("he", "iw"),
        ("nb", "no"),
    ],
)
def test_languages(locale, expected):
    assert convert.convert([locale], "C", prop("one", "hs_language", options=LANGUAGES)) == expected


def test_unknown_language():
    assert convert.convert(["sl"], "C", prop("one", "hs_language", options=LANGUAGES)).code == "no_option"


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("hs_country_region_code", "GB", "GB"),
        ("country", "GB", "United Kingdom"),
        ("country", "BO", "Bolivia"),
        ("country", "XK", "Kosovo"),
        ("country", "ZZ", "ZZ"),
    ],
)
def test_countries(name, code, expected):
    assert convert.convert(code, "CC", prop("text", name)) == expected


def test_long_text_is_cut_where_hubspot_would_refuse_it():
    assert len(convert.convert("x" * 70_000, "T", prop("text"))) == 65_536
    assert convert.convert("x" * 40_000, "T", prop("text")) == "x" * 40_000
    assert convert.convert("x" + "😀" * 40_000, "T", prop("text")) == "x" + "😀" * 32_767  # never half an emoji


def test_rich_text_shows_what_was_typed():
    assert convert.convert("<b>&", "S", prop("text", field_type="html")) == "&lt;b&gt;&amp;"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_rich_text_keeps_the_ends_of_lines(line_end):
    typed = f"a < b{line_end}{line_end}c"
    assert convert.convert(typed, "T", prop("text", field_type="html")) == "a &lt; b<br><br>c"
    assert convert.convert(typed, "T", prop("text", field_type="textarea")) == typed


# ---- numbers that HubSpot shows as something else

PERCENTAGE, DURATION = (prop("number", number_display_hint=hint) for hint in ("percentage", "duration"))


@pytest.mark.parametrize(
    ("source", "value", "fraction", "whole"),
    [
        ("N", "19", "0.19", "19"),
        ("N", "19.00", "0.19", "19.00"),
        ("N", "7.7", "0.077", "7.7"),
        ("N", "0", "0", "0"),
        ("N", "100", "1", "100"),
        ("N", "1E+2", "1", "100"),
        ("N", "-2.5", "-0.025", "-2.5"),
        ("N", "1234567890123456789012345678901", "12345678901234567890123456789.01", "1234567890123456789012345678901"),
        ("S", "19", "0.19", "19"),
        ("S", "19%", "0.19", "19"),
        ("T", "19 %", "0.19", "19"),
        ("C", ["19"], "0.19", "19"),
        ("S", "much", "not_a_number", "not_a_number"),
        ("N", "NaN", "not_a_number", "not_a_number"),
        ("C", ["much"], "not_a_number", "not_a_number"),
        ("C", ["1", "2"], "several_values", "several_values"),
        ("D", "2027-01-01", "incompatible", "incompatible"),
    ],
)
def test_percentages(source, value, fraction, whole):
    for kept, expected in (("fraction", fraction), ("whole", whole)):
        found = convert.convert(value, source, PERCENTAGE, conventions=Conventions(percentages=kept))
        assert (found.code if isinstance(found, Refusal) else found) == expected


@pytest.mark.parametrize("digits", ["19", "7.7", "-2.5", "0", "100"])
def test_a_fraction_is_read_back_as_its_percentage(digits):
    assert float(formats.percentage(formats.fraction(digits))) == float(digits)


def test_a_probability_is_a_percentage():
    assert convert.convert("19", "N", prop("number", number_display_hint="probability")) == "0.19"


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("H", "01:30:00", "5400000"),
        ("H", "00:00:00", "0"),
        ("H", "00:00:01.250000", "1250"),
        ("S", "1:30", "5400000"),
        ("S", "100:00", "360000000"),
        ("C", ["0:45"], "2700000"),
        ("S", "1:75", "not_a_duration"),
        ("S", "90", "not_a_duration"),
        ("C", ["long"], "not_a_duration"),
        ("N", "90", "duration_unit"),
        ("B", True, "incompatible"),
    ],
)
def test_durations(source, value, expected):
    found = convert.convert(value, source, DURATION)
    assert (found.code if isinstance(found, Refusal) else found) == expected


# ---- days and moments


@pytest.mark.parametrize(
    ("portal", "expected"),
    [
        ("America/New_York", "2027-07-04T16:00:00Z"),
        ("Europe/Berlin", "2027-07-04T10:00:00Z"),
        ("Pacific/Kiritimati", "2027-07-03T22:00:00Z"),
        ("Pacific/Midway", "2027-07-04T23:00:00Z"),
        ("", "2027-07-04T12:00:00Z"),
        ("Mars/Olympus_Mons", "2027-07-04T12:00:00Z"),
        ("../etc", "2027-07-04T12:00:00Z"),
    ],
)
@pytest.mark.parametrize("source", ["D", "S"])
def test_a_day_is_that_day_in_the_portal(portal, expected, source):
    known = Conventions(portal_time_zone=portal, time_zone="Asia/Tokyo")
    assert convert.convert("2027-07-04", source, prop("datetime"), conventions=known) == expected


@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31", "2024-02-29", "9999-12-31", "0001-01-01"])
def test_days_on_which_clocks_change_are_days(day):
    known = Conventions(portal_time_zone="Europe/Berlin")
    sent = convert.convert(day, "D", prop("datetime"), conventions=known)
    there = formats.datetime.fromisoformat(sent).astimezone(formats.zone("Europe/Berlin"))
    assert (there.date().isoformat(), there.hour) == (day, 12)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("2027-07-04T10:00", "2027-07-04T01:00:00Z"),  # on the event's clock
        ("2027-07-04T10:00Z", "2027-07-04T10:00:00Z"),
        ("2027-07-04T10:00:00+02:00", "2027-07-04T08:00:00Z"),
    ],
)
def test_a_moment_without_an_offset_is_read_on_the_clock_of_the_event(typed, sent):
    known = Conventions(portal_time_zone="Europe/Berlin", time_zone="Asia/Tokyo")
    assert convert.convert(typed, "S", prop("datetime"), conventions=known) == sent


@pytest.fixture
def server_elsewhere(monkeypatch):
    """The server's own clock, which nobody meant."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_where_the_server_is_does_not_matter(server_elsewhere):
    assert formats.instant("2027-07-04T10:00") == "2027-07-04T10:00:00Z"
    assert formats.instant("2027-07-04") == "2027-07-04T12:00:00Z"


def test_options_that_live_elsewhere_are_passed_through():
    assert convert.convert(["12345"], "C", prop("one", "hubspot_owner_id", options=())) == "12345"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0001-01-01T00:00:00+14:00", "not_a_date"),  # before the beginning of time
        ("0099-01-01T00:00:00+00:00", "0099-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.120900Z", "2026-01-01T00:00:00.120Z"),
        ("2026-01-01T99:00", "not_a_date"),
        ("20260101", "not_a_date"),
    ],
)
def test_odd_moments(value, expected):
    found = convert.convert(value, "S", prop("datetime"))
    assert (found.code if isinstance(found, Refusal) else found) == expected


@pytest.mark.parametrize("digits", ["9" * 300, "0." + "0" * 298 + "1"])
def test_the_longest_number(digits):
    assert formats.number(digits) == digits
    assert formats.number(digits.replace(".", ".0") if "." in digits else f"{digits}9") is None


def test_not_a_number_is_not_a_number():
    assert convert.convert("NaN", "N", prop("number")).code == "not_a_number"
    assert convert.convert("1E+999999999", "N", prop("number")).code == "not_a_number"
    assert convert.convert("many", "N", prop("number")).code == "not_a_number"


@pytest.mark.parametrize(
    ("definition", "source", "code"),
    [
        (None, "S", "unknown_property"),
        (prop("text", archived=True), "S", "unknown_property"),
        (prop("text", read_only_value=True), "S", "read_only_property"),
        (prop("text", calculated=True), "S", "read_only_property"),
        (prop("text"), None, "unknown_field"),
        (prop("text"), "F", "file"),
        (prop("text"), "future", "incompatible"),
        (prop("text", type="json"), "S", "incompatible"),
        (prop("text", type="object_coordinates"), "S", "incompatible"),
        (prop("text", field_type="file"), "S", "incompatible"),
    ],
)
def test_pairs_that_never_work(definition, source, code):
    assert convert.convert("x", source, definition).code == code
    assert convert.warning(source, definition, OVERWRITE).code == code


def test_a_field_that_could_not_be_read():
    assert convert.convert(FieldRefused("invalid_email"), "S", prop("text")) == Refusal(
        "invalid_email", {"property": "p", "label": "P", "type": "string"}
    )
    assert convert.convert(FieldRefused("unreadable"), "S", None) == Refusal("unreadable", {})


# ---- warnings

FITTING = (("S", "Size S"), ("big", "Large"))
COUNTRIES = tuple(Option(code, code) for code in countries.codes())


@pytest.mark.parametrize(
    ("source", "definition", "enum_opts", "code"),
    [
        # what the guide says to pair
        ("S", prop("text"), None, None),
        ("N", prop("number"), None, None),
        ("N", prop("text"), None, None),
        ("C", prop("one"), FITTING, None),
        ("W", prop("datetime"), None, None),
        # further pairs in which everything fits
        ("C", prop("many"), FITTING, None),
        ("M", prop("many"), FITTING, None),
        ("M", prop("text"), CHOICES, None),
        ("M", prop("one"), (("S", "Size S"),), None),
        ("B", prop("bool"), None, None),
        ("B", prop("one"), None, None),
        ("D", prop("date"), None, None),
        ("D", prop("datetime"), None, None),
        ("W", prop("date"), None, None),
        ("H", prop("text"), None, None),
        ("TEL", prop("phone"), None, None),
        ("CC", prop("text"), None, None),
        ("CC", prop("one", options=COUNTRIES), None, None),
        ("C", prop("number"), (("1", "One"),), None),
        # pairs in which something may not fit
        ("S", prop("number"), None, "not_a_number"),
        ("T", prop("date"), None, "not_a_date"),
        ("S", prop("datetime"), None, "not_a_date"),
        ("S", prop("bool"), None, "not_a_boolean"),
        ("S", prop("one"), None, "no_option"),
        ("S", prop("many"), None, "no_option"),
        ("S", prop("phone"), None, "not_a_phone"),
        ("N", prop("one"), None, "no_option"),
        ("C", prop("one"), CHOICES, "no_option"),
        ("M", prop("many"), CHOICES, "no_option"),
        ("M", prop("one"), FITTING, "several_values"),
        ("M", prop("one"), None, "several_values"),
        ("C", prop("number"), FITTING, "not_a_number"),
        ("C", prop("bool"), FITTING, "no_option"),
        ("B", prop("one", options=OPTIONS[:2]), None, "no_option"),
        ("B", prop("many", options=OPTIONS[:3]), None, "no_option"),
        ("CC", prop("one"), None, "no_option"),
        # pairs of which only HubSpot knows whether they fit
        ("C", prop("one", options=()), FITTING, "no_option"),
        ("M", prop("many", options=()), FITTING, "no_option"),
        ("B", prop("one", options=()), None, "no_option"),
        # pairs in which nothing fits
        ("B", prop("number"), None, "incompatible"),
        ("H", prop("datetime"), None, "incompatible"),
    ],
)
def test_warnings(source, definition, enum_opts, code):
    found = convert.warning(source, definition, OVERWRITE, enum_opts)
    assert (found and found.code) == code


def test_a_value_map_settles_a_warning():
    assert convert.warning("C", prop("one"), OVERWRITE, CHOICES, {"S": "S", "big": "L", "odd": "S"}) is None
    assert convert.warning("C", prop("one"), OVERWRITE, CHOICES, {"S": "S"}).code == "option_not_mapped"


def test_a_warning_names_every_choice_that_is_refused_for_the_same_reason():
    sizes = (("S", "Small"), ("M", "Medium"), ("odd", "Odd"), ("odd", "Seltsam"), ("XL", "Extra large"))
    found = convert.warning("C", prop("one"), OVERWRITE, sizes)
    assert (found.params["option"], found.params["option_labels"]) == ("M", ["Medium", "Odd", "Extra large"])
    found = convert.warning("M", prop("many"), OVERWRITE, sizes, {"S": "S", "M": "gone"})
    assert (found.code, found.params["option_labels"]) == ("no_option", ["Medium"])
    found = convert.warning("C", prop("one"), OVERWRITE, sizes, {"S": "S"})
    assert (found.code, found.params["option_labels"]) == ("option_not_mapped", ["Medium", "Odd", "Extra large"])
    assert "option_labels" not in convert.warning("C", prop("number"), OVERWRITE, sizes).params


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (prop("many"), None),
        (prop("text"), None),
        (prop("one"), "append_single"),
        (prop("bool"), "append_single"),
        (prop("text", "email"), "append_single"),
        (prop("text", has_unique_value=True), "append_single"),
        (prop("number"), "append_number"),
    ],
)
def test_add_to_list_warns_where_nothing_can_be_added(definition, code):
    found = convert.append_risk(definition)
    assert (found and found.code) == code


def test_add_to_list_is_the_second_worry():
    assert convert.warning("C", prop("one"), APPEND, FITTING).code == "append_single"
    assert convert.warning("C", prop("one"), APPEND, CHOICES).code == "no_option"
    assert convert.warning("C", prop("many"), APPEND, FITTING) is None


# What a field of each type can hold.
SAMPLES = {
    "S": st.text(max_size=30),
    "T": st.text(max_size=30),
    "N": st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    "B": st.booleans(),
    "C": st.sampled_from(FITTING).map(lambda choice: [choice[0]]),
    "M": st.lists(st.sampled_from(FITTING).map(lambda choice: choice[0]), unique=True),
    "D": st.dates().map(str),
    "H": st.times().map(str),
    "W": st.datetimes(
        timezones=st.timezones(),
        min_value=formats.datetime(2, 1, 1),
        max_value=formats.datetime(9998, 1, 1),
    ).map(lambda d: d.isoformat()),
    "CC": st.sampled_from(countries.codes()),
    "TEL": st.from_regex(r"\+\d{6,15}", fullmatch=True),
}
DEFINITIONS = [prop(kind) for kind in KINDS] + [prop("one", options=COUNTRIES), prop("many", options=OPTIONS[:2])]
DEFINITIONS += [PERCENTAGE, DURATION]
UNWARNED = [
    (source, definition)
    for source in SAMPLES
    for definition in DEFINITIONS
    if convert.warning(source, definition, OVERWRITE, FITTING) is None
]


@given(st.data())
def test_no_unwarned_pair_refuses_anything(data):
    source, definition = data.draw(st.sampled_from(UNWARNED))
    found = convert.convert(data.draw(SAMPLES[source]), source, definition, enum_opts=FITTING)
    assert isinstance(found, str)


@given(st.text(), st.sampled_from(DEFINITIONS))
def test_text_never_raises_and_refusals_never_hold_it(text, definition):
    found = convert.convert(text, "S", definition)
    assert isinstance(found, (str, Refusal))
    if isinstance(found, Refusal):
        assert set(found.params) <= {"property", "label", "type", "source_type"}
