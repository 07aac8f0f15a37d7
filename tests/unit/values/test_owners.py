"""Owners by name, address and id; who left is known, and nobody is guessed."""

import pytest

from pretix_hubspot.hubspot.data import Option, Owner, PropertyDefinition
from pretix_hubspot.values import owners
from pretix_hubspot.values.convert import convert, warning
from pretix_hubspot.values.rows import OVERWRITE, Refusal

STAFF = (
    Owner("1", "ada@example.org", "Ada", "Lovelace"),
    Owner("2", "grace@example.org", "Grace", "Hopper"),
    Owner("3", "ada.l@example.org", "Ada", "Lovelace", archived=True),
    Owner("4", "sales@example.org"),
    Owner("5", "", "Alan", "Turing"),
    Owner("6"),
    Owner("7", "g2@example.org", "Grace", "Hopper"),
)
LISTED = owners.options(STAFF)
OWNER = PropertyDefinition("hubspot_owner_id", "Owner", "enumeration", "select", options=LISTED, owners=True)


def test_owners_are_listed_by_name_and_those_who_left_last():
    assert [(option.value, option.label, option.hidden) for option in LISTED] == [
        ("6", "6", False),
        ("1", "Ada Lovelace (ada@example.org)", False),
        ("5", "Alan Turing", False),
        ("7", "Grace Hopper (g2@example.org)", False),
        ("2", "Grace Hopper (grace@example.org)", False),
        ("4", "sales@example.org", False),
        ("3", "Ada Lovelace (ada.l@example.org)", True),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1", "1"),
        (" 2 ", "2"),
        ("Grace Hopper (grace@example.org)", "2"),
        ("GRACE@example.org", "2"),
        ("alan turing", "5"),
        ("sales@example.org", "4"),
        ("Ada Lovelace", "1"),  # the other one left
        ("ada.l@example.org", "3"),
        ("Grace Hopper", None),  # there are two
        ("Grace", None),
        ("", None),
        ("99", None),
    ],
)
def test_whom_a_text_means(text, found):
    option = owners.find(LISTED, text)

    assert (option and option.value) == found


def test_people_who_left_own_nothing_and_strangers_are_no_option():
    sent = [convert(text, "S", OWNER, None) for text in ("ada@example.org", "3", "nobody")]

    assert sent[0] == "1"
    assert [refusal.code for refusal in sent[1:]] == ["owner_gone", "no_option"]
    assert isinstance(sent[1], Refusal)


@pytest.mark.parametrize(("text", "code"), [("1", None), ("3", "owner_gone"), ("nobody", "no_option")])
def test_the_editor_warns_of_the_same(text, code):
    found = warning("S", OWNER, OVERWRITE, constant=text)

    assert (found and found.code) == code


def test_a_value_map_leads_to_owners():
    by_product = {"a": "1", "b": "3", "c": ""}

    sent = [convert(choice, "C", OWNER, by_product, enum_opts=(("a", "A"),)) for choice in "abc"]

    assert (sent[0], sent[1].code, sent[2]) == ("1", "owner_gone", "")


def test_while_nobody_told_the_owners_ids_go_as_they_are():
    unknown = PropertyDefinition("hubspot_owner_id", "Owner", "enumeration", "select", owners=True)

    assert convert("12", "S", unknown, None) == "12"
    assert Option("12", "12") not in unknown.options
