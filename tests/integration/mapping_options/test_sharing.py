"""Several people with one address, in one transfer and in several."""

import pytest
from pretix.base.i18n import language
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.models import RecordUse


@pytest.fixture
def overwriting(mappings):
    for mapping in mappings[:2]:
        for row in mapping.property_mappings:
            row["overwrite"] = "overwrite"
        mapping.save()
    return mappings


def name(story):
    contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
    return contact.get("firstname")


@pytest.mark.parametrize("policy, expected", [("first", "One"), ("newest", "Three"), ("buyer", "Buyer")])
def test_across_transfers(story, overwriting, choose, policy, expected):
    for mapping in overwriting:
        choose(mapping, same_address=policy)
    email = "ada@example.org" if policy == "buyer" else None
    first = story.order("A1", attendees=[("ada@example.org", "One", "A")])
    story.sync()
    story.order("A2", email=email, attendees=[("ada@example.org", "Two", "B")])
    third = story.order("A3", attendees=[("ada@example.org", "Three", "C")])
    story.sync()
    assert name(story) == expected
    first.positions.update(attendee_name_parts={"_scheme": "given_family", "given_name": "Uno", "family_name": "A"})
    story.queue(first)
    story.sync()
    assert name(story) == ("Uno" if policy == "first" else expected), "only the owner's changes follow"
    shown = OrderSyncResult.objects.get(order_position=third.positions.get())
    assert "also used by" in shown.external_link_display_name
    assert "A1-1" in shown.sync_info["also_used_by"] or policy == "buyer"


def test_names_are_left_alone(story, overwriting, choose):
    for mapping in overwriting:
        choose(mapping, same_address="keep_names")
    for code, given in (("A1", "One"), ("A2", "Two")):
        story.order(code, attendees=[("ada@example.org", given, "A")])
        story.sync()
    assert name(story) == "One"


def test_pretix_shows_records_in_the_language_of_the_event_whoever_sent_them(story, mappings):
    story.event.settings.locale = "de"
    order = story.order("A1", email="ada@example.org", attendees=[("ada@example.org", "One", "A")])
    with language("en"):
        story.sync()
    shown = order.sync_results.order_by("pk").values_list("external_link_display_name", flat=True)
    assert list(shown) == [
        "Kontakte: ada@example.org (auch verwendet von A1-1)",
        "Kontakte: ada@example.org (auch verwendet von A1)",
        "Deals: CONF-A1",
    ]


def test_uses_hold_codes_and_no_names(story, mappings):
    story.order("A1", email="ada@example.org", attendees=[("ada@example.org", "One", "A")])
    story.sync()
    uses = RecordUse.objects.order_by("mapping_id").values_list("label", "record__object_type")
    assert list(uses) == [("A1", "contacts"), ("A1-1", "contacts"), ("A1", "deals")]
