"""Associations that pretix made."""

from pretix_hubspot.hubspot.data import AssociationType
from pretix_hubspot.sync.send.association import Association

DEAL, CONTACT = ("deals", "7"), ("contacts", "3")


def test_a_label_is_known_by_its_number():
    label = AssociationType("USER_DEFINED", 12, "Buyer")

    assert Association.between(DEAL, CONTACT, label) == Association(DEAL, CONTACT, 12)
    assert Association.between(DEAL, CONTACT, None) == Association(DEAL, CONTACT)
