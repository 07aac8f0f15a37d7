"""What is sent for one record: literals for every rule, and random rows against a plain model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.values.merge import HTML_ITEM, ITEM, items, merge, same
from pretix_hubspot.values.rows import APPEND, IF_EMPTY, IF_NEW, OVERWRITE, Merged, Refusal, Row


def prop(name, type_="string", field_type="text", *options, **changes):
    return PropertyDefinition(
        name, name.title(), type_, field_type, options=tuple(Option(o, o.upper()) for o in options), **changes
    )


TEXT = prop("notes")
HTML = prop("bio", "string", "html")
EMAIL = prop("email")
NUMBER = prop("amount", "number", "number")
RADIO = prop("size", "enumeration", "radio", "S", "L")
BOXES = prop("tags", "enumeration", "checkbox", "a", "b", "c", "d")
BOOL = prop("vip", "bool", "booleancheckbox")
DATE = prop("day", "date", "date")
MOMENT = prop("at", "datetime", "date")
PHONE = prop("mobile", "phone_number", "phonenumber")
PHONE_TEXT = prop("phone", "string", "phonenumber")  # HubSpot's own are of this kind
STAGE = prop("lifecyclestage", "enumeration", "radio")


def one(definition, mode, value, held, **further):
    """What is sent for a single row on a record that holds ``held``, or the code of its refusal."""
    merged = merge([Row(definition, value, mode)], None if held is NEW else {definition.name: held, **further})
    assert len(merged.refusals) + len(merged.changes) <= 1
    if merged.refusals:
        return merged.refusals[0].code
    return merged.changes.get(definition.name)


NEW = object()


@pytest.mark.parametrize(
    ("mode", "value", "held", "sent"),
    [
        (OVERWRITE, "x", NEW, "x"),
        (OVERWRITE, "x", None, "x"),
        (OVERWRITE, "x", "y", "x"),
        (OVERWRITE, "x", "x", None),
        (OVERWRITE, "", "y", ""),
        (OVERWRITE, None, "y", ""),
        (OVERWRITE, "", "", None),
        (OVERWRITE, "", NEW, None),
        (IF_NEW, "x", NEW, "x"),
        (IF_NEW, "x", None, None),
        (IF_NEW, "x", "y", None),
        (IF_NEW, "", NEW, None),
        (IF_EMPTY, "x", NEW, "x"),
        (IF_EMPTY, "x", None, "x"),
        (IF_EMPTY, "x", "", "x"),
        (IF_EMPTY, "x", "y", None),
        (IF_EMPTY, "", "y", None),
        (APPEND, "x", NEW, "x"),
        (APPEND, "x", "y", "y;x"),
        (APPEND, "x", "x", None),
        (APPEND, "", "y", None),
        ("sideways", "x", "y", "unknown_mode"),
    ],
)
def test_modes(mode, value, held, sent):
    assert one(TEXT, mode, value, held) == sent


@pytest.mark.parametrize(
    ("definition", "value", "held", "sent"),
    [
        # multiple checkboxes: adds options, keeps what is there in its order
        (BOXES, "b", None, "b"),
        (BOXES, "b", "c;a", ";b"),  # HubSpot adds it to its own list
        (BOXES, "a;b", "c;a", ";b"),
        (BOXES, "b;d;b", "c;a", ";b;d"),
        (BOXES, "a", "c;a", None),
        (BOXES, "a;a", "", "a;a"),
        (BOXES, "b", "gone;a", ";b"),  # HubSpot refuses an option it dropped, even where the record holds it
        (BOXES, "a", "gone;a", None),
        # text: appends with a semicolon, no duplicates
        (TEXT, "b", "a", "a;b"),
        (TEXT, "b", "a; b", None),
        (TEXT, "b;c", "a; b", "a; b;c"),
        (TEXT, "b", "a;", "a;b"),
        (TEXT, "B", "b", "b;B"),
        (TEXT, "b", ";", "b"),
        (TEXT, "b", "x" * 65_536, None),  # HubSpot has no room for more
        (TEXT, "b", "x" * 65_535, None),
        (TEXT, "bcd", "x" * 65_533, "x" * 65_533 + ";bc"),
        (TEXT, "bcd", "x" * 65_533 + ";bc", None),
        (TEXT, "a&b;c", "&b", "&b;a&b;c"),
        # in rich text, the semicolon of an entity separates nothing
        (HTML, "b", "a &amp; c", "a &amp; c;b"),
        (HTML, "c", "a &amp; b;c", None),
        (HTML, "&lt;b&gt;", "a &amp;; ", "a &amp;;&lt;b&gt;"),
        (HTML, "a &amp; b", "a &amp; b", None),
        # radio, dropdown, yes or no: fills when empty, never replaces
        (RADIO, "S", None, "S"),
        (RADIO, "S", "S", None),
        (RADIO, "S", "L", "already_set"),
        (BOOL, "true", "", "true"),
        (BOOL, "true", "false", "already_set"),
        (DATE, "2026-01-01", "2026-01-02", "already_set"),
        (PHONE, "+4930", "+4940", "already_set"),
        # number: works on an empty field
        (NUMBER, "5", None, "5"),
        (NUMBER, "5", "5.00", None),
        (NUMBER, "5", "6", "number_filled"),
        # what identifies someone is not a list
        (EMAIL, "a@example.org", "b@example.org", "already_set"),
        (prop("key", has_unique_value=True), "K2", "K1", "already_set"),
    ],
)
def test_add_to_list(definition, value, held, sent):
    assert one(definition, APPEND, value, held) == sent


def test_several_rows_on_one_field_add_up():
    rows = [Row(BOXES, "a", APPEND), Row(BOXES, "b", APPEND), Row(BOXES, "a", APPEND)]
    assert merge(rows, None) == Merged({"tags": "a;b"})
    assert merge(rows, {"tags": "c"}) == Merged({"tags": ";a;b"})
    assert merge(rows, {"tags": "b;a"}) == Merged({})


def test_earlier_fields_take_precedence_over_fill_if_empty():
    rows = [Row(TEXT, "first", IF_EMPTY), Row(TEXT, "second", IF_EMPTY)]
    assert merge(rows, None) == Merged({"notes": "first"})
    assert merge([Row(TEXT, "", OVERWRITE), Row(TEXT, "second", IF_EMPTY)], {"notes": "old"}) == Merged(
        {"notes": "second"}
    )


def test_the_last_overwrite_wins():
    rows = [Row(TEXT, "first", OVERWRITE), Row(TEXT, "second", OVERWRITE)]
    assert merge(rows, {"notes": "old"}) == Merged({"notes": "second"})


def test_a_list_begun_anew():
    assert merge([Row(BOXES, "a", OVERWRITE), Row(BOXES, "b", APPEND)], {"tags": "c"}) == Merged({"tags": "a;b"})
    assert merge([Row(BOXES, "", OVERWRITE), Row(BOXES, "b", APPEND)], {"tags": "gone"}) == Merged({"tags": "b"})


def test_a_refusal_leaves_the_other_rows_alone():
    rows = [Row(NUMBER, "5", APPEND), Row(TEXT, "x", OVERWRITE), Row(RADIO, "S", APPEND)]
    assert merge(rows, {"amount": "6", "size": "L"}) == Merged(
        {"notes": "x"},
        (
            Refusal("number_filled", {"property": "amount", "label": "Amount", "type": "number"}),
            Refusal("already_set", {"property": "size", "label": "Size", "type": "enumeration"}),
        ),
    )


@pytest.mark.parametrize(
    ("definition", "value", "held"),
    [
        (NUMBER, "500.00", "500"),
        (NUMBER, "500.00", "500.0"),
        (BOOL, "true", "True"),
        (DATE, "2026-01-01", "2026-01-01T00:00:00Z"),
        (MOMENT, "2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00"),
        (MOMENT, "2026-01-01T12:00:00Z", "2026-01-01T12:00:00.000Z"),
        (BOXES, "a;b", "b;a"),
        (BOXES, "a;b", "b; a;"),
        (EMAIL, "Ada@Example.org", "ada@example.org"),
        (PHONE, "+49 30 123", "+4930123"),
        (PHONE_TEXT, "+49 30 123", "+4930123"),
    ],
)
def test_what_means_the_same_is_not_sent(definition, value, held):
    assert one(definition, OVERWRITE, value, held) is None


@pytest.mark.parametrize(
    ("definition", "value", "held"),
    [
        (TEXT, "A", "a"),
        (TEXT, "500.00", "500"),
        (NUMBER, "500", "a lot"),
        (NUMBER, "500", "501"),
        (NUMBER, "500", "sNaN"),
        (RADIO, "S", "s"),
        (DATE, "2026-01-01", "soon"),
        (MOMENT, "2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z"),
        (MOMENT, "2026-01-01T12:00:00Z", "soon"),
        (BOXES, "a", "a;b"),
        (EMAIL, "ada@example.org", "ida@example.org"),
        (PHONE, "+4930", "+4940"),
        (PHONE_TEXT, "+4930", "+4940"),
        (PHONE_TEXT, "+4930", "ask Ada"),
        (PHONE_TEXT, "ask Grace", "ask Ada"),
        (prop("where", "object_coordinates", "text"), "1", "2"),
    ],
)
def test_what_differs_is_sent(definition, value, held):
    assert one(definition, OVERWRITE, value, held) == value


def test_a_further_address_of_the_same_contact_stays_where_it_is():
    held = {"hs_additional_emails": "ada@home.example;Ada@Work.example"}
    assert one(EMAIL, OVERWRITE, "ada@work.example", "ada@example.org", **held) is None
    assert one(EMAIL, OVERWRITE, "ida@work.example", "ada@example.org", **held) == "ida@work.example"


CUSTOM = prop("lifecyclestage", "enumeration", "radio", "lead", "trial", "customer")


@pytest.mark.parametrize(
    ("definition", "value", "held", "sent"),
    [
        (STAGE, "customer", "lead", "customer"),
        (STAGE, "lead", "customer", None),  # HubSpot would ignore it, at every sync anew
        (STAGE, "customer", None, "customer"),
        (STAGE, "customer", NEW, "customer"),
        (STAGE, "", "customer", None),
        (STAGE, "123456", "customer", "123456"),  # a stage of the portal's own, order unknown
        (STAGE, "lead", "123456", "lead"),
        (CUSTOM, "customer", "trial", "customer"),
        (CUSTOM, "trial", "customer", None),
        (CUSTOM, "evangelist", "customer", "evangelist"),
    ],
)
def test_lifecycle_stages_move_forward_only(definition, value, held, sent):
    assert one(definition, OVERWRITE, value, held) == sent


# ---- against a plain model

MODES = st.sampled_from([OVERWRITE, IF_NEW, IF_EMPTY, APPEND])
ITEMS = {TEXT: "abcd", BOXES: "abcd", HTML: ["a", "&amp;", "&lt;b&gt;", "c &amp; d"]}
LISTS = st.lists(st.integers(0, 3), max_size=3, unique=True)


def model(rows, held):
    """The modes on a list of items, as the guide tells them."""
    state = list(held or [])
    for found, mode in rows:
        fills = (mode == IF_NEW and held is None) or mode == IF_EMPTY
        if mode == OVERWRITE or (fills and not state):
            state = list(found)
        elif mode == APPEND:
            state += [item for item in found if item not in state]
    return state


@given(st.lists(st.tuples(LISTS, MODES), max_size=5), st.none() | LISTS, st.sampled_from([TEXT, BOXES, HTML]))
def test_lists_follow_the_model(rows, held, definition):
    def text(found):
        return ";".join(ITEMS[definition][number] for number in found)

    current = None if held is None else {definition.name: text(held)}
    merged = merge([Row(definition, text(found), mode) for found, mode in rows], current)
    expected = model(rows, held)
    assert merged.refusals == ()
    in_order = sorted if definition is BOXES else list  # HubSpot puts options into its own order
    after = {name: items_of(definition, text(held or []), wire) for name, wire in merged.changes.items()}
    equal = in_order(expected) == in_order(held or [])
    ours = [ITEMS[definition][number] for number in expected]
    assert {name: in_order(found) for name, found in after.items()} == (
        {} if equal else {definition.name: in_order(ours)}
    )


#: Properties that hold one value: two values as we write them, and as HubSpot may give them back.
SINGLES = {
    RADIO: (("S", "S"), ("L", "L")),
    BOOL: (("true", "true"), ("false", "False")),
    NUMBER: (("5", "5.0"), ("-7.50", "-7.5")),
    DATE: (("2026-01-01", "2026-01-01T00:00:00Z"), ("2026-01-02", "2026-01-02")),
    MOMENT: (("2026-01-01T12:00:00Z", "2026-01-01T12:00:00.000Z"), ("2026-01-02T12:00:00Z", "2026-01-02T12:00:00Z")),
    PHONE: (("+4930123", "+49 30 123"), ("+4930124", "+4930124")),
    EMAIL: (("Ada@example.org", "ada@example.org"), ("ida@example.org", "ida@example.org")),
    prop("key", has_unique_value=True): (("K1", "K1"), ("K2", "K2")),
}
VALUES = st.integers(0, 2)  # 0 is no value


def single_model(rows, held):
    """The modes on a field that holds one value; what "Add to list" would replace is refused."""
    state, refused = held or 0, 0
    for value, mode in rows:
        if mode == OVERWRITE:
            state = value
        elif not value or (mode == IF_NEW and held is not None):
            continue
        elif not state:
            state = value
        elif mode == APPEND and state != value:
            refused += 1
    return state, refused


@given(st.lists(st.tuples(VALUES, MODES), max_size=5), st.none() | VALUES, st.sampled_from(sorted(SINGLES, key=str)))
def test_single_values_follow_the_model(rows, held, definition):
    ours, theirs = (["", *written] for written in zip(*SINGLES[definition], strict=True))
    current = None if held is None else {definition.name: theirs[held]}
    merged = merge([Row(definition, ours[value], mode) for value, mode in rows], current)
    expected, refused = single_model(rows, held)
    code = "number_filled" if definition is NUMBER else "already_set"
    assert [refusal.code for refusal in merged.refusals] == [code] * refused
    assert merged.changes == ({} if expected == (held or 0) else {definition.name: ours[expected]})


def written(definition, held, wire):
    """What HubSpot holds after a write; a leading semicolon adds to multiple checkboxes."""
    return f"{held}{wire}" if definition is BOXES and wire.startswith(";") else wire


def items_of(definition, held, wire):
    """The items that HubSpot holds after a write."""
    return items(written(definition, held, wire), HTML_ITEM if definition is HTML else ITEM)


@given(
    st.lists(st.tuples(st.lists(st.sampled_from("abcd"), max_size=3, unique=True), MODES), max_size=5),
    st.none() | st.lists(st.sampled_from(["a", "b", "gone", "x" * 65_530]), max_size=3, unique=True),
    st.sampled_from([TEXT, BOXES]),
)
def test_what_was_sent_is_not_sent_again(rows, held, definition):
    if held is None:  # what Fill if new wrote, an empty Overwrite clears next time: the one pair that disagrees
        rows = [row for row in rows if row != ([], OVERWRITE)]
    rows = [Row(definition, ";".join(found), mode) for found, mode in rows]
    current = None if held is None else {definition.name: ";".join(held)}
    record = dict(current or {})
    for name, wire in merge(rows, current).changes.items():
        record[name] = written(definition, record.get(name, ""), wire)
    assert merge(rows, record).changes == {}


@given(st.text(), st.text(), st.sampled_from([TEXT, EMAIL, NUMBER, RADIO, BOXES, BOOL, DATE, MOMENT, PHONE, STAGE]))
def test_sameness_is_fair(one_value, other, definition):
    assert same(definition, one_value, one_value)
    assert same(definition, one_value, other) == same(definition, other, one_value)


def test_items_are_trimmed_and_never_empty():
    assert items(" a ;; b;") == ["a", "b"]
