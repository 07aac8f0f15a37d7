"""Every refusal has a sentence, which names what is to blame and never a value."""

import re
from pathlib import Path

import pytest

import pretix_hubspot
from pretix_hubspot.failures.codes import known
from pretix_hubspot.failures.texts import TEXTS, describe, describe_failure
from pretix_hubspot.values.rows import FieldRefused, Refusal

NAMES = {"property": "amount", "label": "Amount", "type": "number"}
ROOM = Path(pretix_hubspot.__file__).parent
CODES = re.compile(r'(?:refuse|Refusal|FieldRefused|_through\([\w.]+,|risky)\(?\s*"([a-z_]+)"')


def codes():
    for path in ROOM.rglob("*.py"):
        yield from CODES.findall(path.read_text())


def test_the_pattern_finds_codes():
    assert {"invalid_email", "no_option", "not_a_number", "append_number", "wrong_source"} <= set(codes())


@pytest.mark.parametrize("code", sorted(set(codes())))
def test_every_code_has_a_sentence(code):
    assert known(code)


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_sentence_can_be_said(code):
    sentence = describe(Refusal(code, NAMES), field="Order total")
    assert sentence.endswith(".") and "{" not in sentence
    assert describe(Refusal(code)).endswith(".")


def test_names_of_property_and_field():
    assert describe(Refusal("not_a_number", NAMES), field="Order comment") == (
        "The HubSpot field “Amount” only takes numbers, and “Order comment” may hold other text."
    )


def test_names_of_choices():
    refusal = Refusal("no_option", {**NAMES, "option": "XL", "option_label": "Extra large"})
    assert describe(refusal, field="Size") == (
        "The HubSpot field “Amount” has no option for “Extra large”, which “Size” may hold. "
        "Please add the option in HubSpot or map it to another one."
    )


@pytest.mark.parametrize(
    ("count", "named"),
    [(2, "“a” and “b”"), (5, "“a”, “b”, “c”, “d” and “e”"), (6, "“a”, “b”, “c”, “d”, “e” and 1 more"),
     (40, "“a”, “b”, “c”, “d”, “e” and 35 more")],
)  # fmt: skip
def test_several_choices_are_named_and_the_rest_counted(count, named):
    labels = [*"abcdef", *map(str, range(34))][:count]
    names = {**NAMES, "option": "a", "option_label": "a", "option_labels": labels}
    assert describe(Refusal("no_option", names), field="Size") == (
        f"The HubSpot field “Amount” has no options for {named}, which “Size” may hold. "
        "Please add the options in HubSpot or map the values to other ones."
    )
    assert describe(Refusal("option_not_mapped", names), field="Size") == (
        f"These values of “Size” are not mapped to options of the HubSpot field “Amount”: {named}."
    )


def test_reasons_of_fields_and_codes_of_the_future():
    assert describe(FieldRefused("invalid_email"), field="Order email") == (
        "“Order email” is not a valid email address."
    )
    assert describe(FieldRefused("invalid_email")) == "The pretix field is not a valid email address."
    assert describe(Refusal("later", NAMES)) == "The pretix field cannot be sent to the HubSpot field “Amount”."


@pytest.mark.parametrize(
    ("code", "params", "sentence"),
    [
        ("MISSING_REQUIRED_PROPERTY", {"property": "firstname"},
         "Your HubSpot account requires the property “firstname”, which no mapping fills."),
        ("MISSING_REQUIRED_PROPERTY", {}, "Your HubSpot account requires the property, which no mapping fills."),
        ("CONFLICTING_UNIQUE_VALUE", {},
         "Another record in HubSpot already has this value of the unique property."),
        ("INVALID_LONG", {"property": "amount"}, "HubSpot does not accept the value of the property “amount”."),
        ("OF_LATER", {}, "HubSpot refuses this record."),
        ("over_budget", {}, "HubSpot's request limit is used up."),
    ],
)  # fmt: skip
def test_failures_whose_code_is_hubspots(code, params, sentence):
    assert describe_failure(code, params) == sentence
