"""Mappings about the things of another event: every reference is translated, or visibly lost."""

import pytest

from pretix_hubspot.mappings.counterparts import Counterparts, matched, original_key
from pretix_hubspot.mappings.options import StoredFilters, StoredOptions
from pretix_hubspot.mappings.stored import StoredAssociation, StoredMapping, StoredRow

#: The things of one event in another: all but the second one of each kind.
THERE = Counterparts(
    {
        "items": {"1": "10", "2": ""},
        "variations": {"3": "30"},
        "categories": {"4": "40"},
        "checkin_lists": {"7": "70"},
        "questions": {"SIZE": "SIZE2", "NEWS": "NEWS"},
        "options": {"SIZE:s": "SIZE2:small", "SIZE:m": ""},
        "sales_channels": {"web": "web"},
    }
)


@pytest.mark.parametrize(
    "field, translated",
    [
        ("email", "email"),
        ("question_SIZE", "question_SIZE2"),
        ("question_GONE", "_invalid_question_GONE"),
        ("checkin_date_7", "checkin_date_70"),
        ("first_checkin_7", "first_checkin_70"),
        ("last_checkout_7", "last_checkout_70"),
        ("checkin_date_8", "_invalid_checkin_date_8"),
        ("first_checkin_8", "_invalid_first_checkin_8"),
        ("last_checkout_x", "_invalid_last_checkout_x"),
        ("_invalid_question_SIZE", "_invalid_question_SIZE"),
        ("constant_text", "constant_text"),
        ("", ""),
    ],
)
def test_source_fields(field, translated):
    row = StoredRow(field, "amount").translated(THERE)

    assert row == StoredRow(translated, "amount")
    assert row.is_lost == translated.startswith("_invalid_")
    assert not row.is_lost or original_key(row.pretix_field) == field.removeprefix("_invalid_")


def test_an_identifier_without_a_counterpart_is_to_be_chosen_anew():
    mappings = [StoredMapping("Order", "deals", field, "name") for field in ("question_SIZE", "question_GONE")]

    assert [mapping.translated(THERE).pretix_id_field for mapping in mappings] == ["question_SIZE2", ""]


@pytest.mark.parametrize(
    "field, value_map, translated, lost",
    [
        ("product_choice", {"1": "vip", "2": "std", "3": ""}, {"10": "vip", "_invalid_2": "std", "_invalid_3": ""}, 2),
        ("addons", {"1": "vip"}, {"10": "vip"}, 0),
        ("question_SIZE", {"s": "S", "m": "M", "x": "X"}, {"small": "S", "_invalid_m": "M", "_invalid_x": "X"}, 2),
        ("question_NEWS", {"true": "yes", "false": ""}, {"true": "yes", "false": ""}, 0),
        ("sales_channel", {"web": "WEB", "till": "TILL"}, {"web": "WEB", "_invalid_till": "TILL"}, 1),
        ("attendee_country", {"DE": "Germany"}, {"DE": "Germany"}, 0),
        ("product_choice", {"_invalid_2": "std"}, {"_invalid_2": "std"}, 1),
    ],
)
def test_value_maps(field, value_map, translated, lost):
    row = StoredRow(field, "kind", value_map=value_map).translated(THERE)

    assert (row.value_map, row.lost_choices) == (translated, lost)


@pytest.mark.parametrize(
    "filters, translated, lost",
    [
        ({"paid": True}, {"paid": True}, ()),
        ({"items": [1]}, {"items": [10]}, ()),
        ({"items": [1, 2]}, {"items": [10, 0]}, ("items",)),
        ({"variations": [3, 33]}, {"variations": [30, 0]}, ("variations",)),
        ({"categories": [44]}, {"categories": [0]}, ("categories",)),
        ({"subevents": [5]}, {"subevents": [0]}, ("subevents",)),
        ({"sales_channels": ["web", "till"]}, {"sales_channels": ["web", "_invalid_till"]}, ("sales_channels",)),
        ({"answers": [["SIZE", "s"], ["NEWS", ""]]}, {"answers": [["SIZE2", "small"], ["NEWS", ""]]}, ()),
        ({"answers": [["SIZE", "m"]]}, {"answers": [["SIZE2", "_invalid_m"]]}, ("answers",)),
        ({"answers": [["GONE", "x"]]}, {"answers": [["_invalid_GONE", "x"]]}, ("answers",)),
    ],
)
def test_filters(filters, translated, lost):
    stored = StoredFilters.from_json(filters).translated(THERE)

    assert (stored.to_json(), stored.lost()) == (translated, lost)


def test_everything_that_is_named():
    stored = StoredMapping(
        "OrderPosition",
        "contacts",
        "question_MAIL",
        "email",
        rows=(
            StoredRow("question_SIZE", "size", value_map={"s": "S"}),
            StoredRow("product_choice", "kind", value_map={"1": "vip"}),
            StoredRow("first_checkin_7", "seen"),
            StoredRow("email", "email"),
        ),
        options=StoredOptions(StoredFilters(items=(1, 2), sales_channels=("web",), answers=(("NEWS", "true"),))),
    )

    assert set(stored.references()) == {
        ("questions", "MAIL"),
        ("questions", "SIZE"),
        ("options", "SIZE:s"),
        ("items", "1"),
        ("items", "2"),
        ("checkin_lists", "7"),
        ("sales_channels", "web"),
        ("questions", "NEWS"),
        ("options", "NEWS:true"),
    }


@pytest.mark.parametrize(
    "kind, source, target, found",
    [
        ("items", {"1": ["Ticket"]}, {"8": ["Ticket"]}, {"1": "8"}),
        ("items", {"1": ["Ticket", "Karte"]}, {"8": ["Karte", "Billet"]}, {"1": "8"}),
        ("items", {"1": ["Ticket"]}, {"1": ["Mug"]}, {"1": ""}),
        ("items", {"1": ["Ticket"]}, {"1": ["Ticket"], "2": ["Ticket"]}, {"1": "1"}),
        ("items", {"1": ["Ticket"]}, {"8": ["Ticket"], "9": ["Ticket"]}, {"1": ""}),
        ("items", {"1": ["Ticket"], "2": ["Ticket"]}, {"8": ["Ticket"]}, {"1": "", "2": ""}),
        ("items", {"1": ["Ticket", "Karte"]}, {"8": ["Ticket"], "9": ["Karte"]}, {"1": ""}),
        ("items", {"1": []}, {"8": ["Ticket"]}, {"1": ""}),
        ("checkin_lists", {"1": ["Entrance"]}, {}, {"1": ""}),
        ("questions", {"SIZE": ["Size"]}, {"SIZE": ["T-shirt"]}, {"SIZE": "SIZE"}),
        ("questions", {"SIZE": ["Size"]}, {"A1B2": ["Size"]}, {"SIZE": "A1B2"}),
        ("sales_channels", {"web": ["Web"]}, {"web": ["Online shop"]}, {"web": "web"}),
    ],
)
def test_what_is_the_same_in_another_event(kind, source, target, found):
    assert matched({kind: source}, {kind: target}).keys[kind] == found


def test_options_are_found_among_those_of_the_same_question():
    source = {
        "questions": {"SIZE": ["Size"], "MEAL": ["Meal"]},
        "options": {"SIZE:s": ["Small"], "SIZE:m": ["Medium"], "SIZE:x": ["Extra"], "MEAL:m": ["Meat"]},
    }
    target = {
        "questions": {"A1": ["Size"]},
        "options": {"A1:s": ["Tiny"], "A1:b": ["Medium"], "B2:x": ["Extra"]},
    }

    assert matched(source, target).keys["options"] == {
        "SIZE:s": "A1:s",
        "SIZE:m": "A1:b",
        "SIZE:x": "",
        "MEAL:m": "",
    }


# Accounts

LABELED = StoredAssociation(1, "Buyer", "USER_DEFINED:12")
OWN = StoredMapping("Order", "deals", associations=(LABELED, StoredAssociation(2)))


def test_a_copy_remembers_the_first_account():
    copy = OWN.made_for(5)

    assert copy.made_for(6) == copy
    assert copy.made_for_portal == 5
    assert copy.associations == (StoredAssociation(1, "Buyer", "USER_DEFINED:12", 5), StoredAssociation(2))
    assert (copy.is_foreign(5), copy.is_foreign(6), OWN.is_foreign(6)) == (False, True, False)
    assert [entry.is_foreign(6) for entry in copy.associations] == [True, False]
    assert copy.at_home(6) == copy
    assert copy.at_home(5) == OWN
    assert OWN.made_for(None) == OWN


def test_an_account_that_nobody_knows_is_another_one():
    assert OWN.made_for(0).is_foreign(5)
