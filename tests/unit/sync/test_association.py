"""Associations as the database remembers them."""

import pytest

from pretix_hubspot.hubspot.data import AssociationType
from pretix_hubspot.sync.send.association import Association

DEAL, CONTACT, CUSTOM = ("deals", "7"), ("contacts", "3"), ("2-123", "9")


@pytest.mark.parametrize(
    "association, text",
    [
        (Association(DEAL, CONTACT), "deals:7>contacts:3"),
        (Association(DEAL, CONTACT, 12), "deals:7>contacts:3#12"),
        (Association(CUSTOM, DEAL), "2-123:9>deals:7"),
    ],
)
def test_the_text_says_all_of_it(association, text):
    assert association.to_text() == text
    assert Association.from_text(text) == association


def test_a_label_is_known_by_its_number():
    label = AssociationType("USER_DEFINED", 12, "Buyer")

    assert Association.between(DEAL, CONTACT, label) == Association(DEAL, CONTACT, 12)
    assert Association.between(DEAL, CONTACT, None) == Association(DEAL, CONTACT)
