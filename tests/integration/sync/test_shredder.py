"""pretix's data shredder leaves nothing personal of ours behind."""

import json

import pytest
from django.apps import apps
from pretix.base.models import LogEntry
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.models import KnownRecord, OrderState
from pretix_hubspot.sync.run.history import OWN_LOG_ENTRIES
from pretix_hubspot.sync.shredder import HubSpotShredder

PERSONAL = ("ada@example.org", "grace@example.org", "Hopper", "Buyer", "odd address")


@pytest.fixture
def shredder(story):
    story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.order("A2", email="odd address", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    return HubSpotShredder(story.event)


def everything_of_ours():
    """All columns of our tables, of core's datasync tables and of our log entries, as one text."""
    models = [*apps.get_app_config("pretix_hubspot").get_models(), OrderSyncResult]
    rows = [list(model.objects.values_list()) for model in models]
    rows.append(list(LogEntry.objects.filter(action_type__startswith=OWN_LOG_ENTRIES).values_list("data")))
    return json.dumps(rows, default=str)


def test_the_offered_files_hold_what_will_be_removed(shredder):
    (name, kind, content), log = shredder.generate_files()
    assert log[0] == "hubspot-log.json"
    assert (name, kind) == ("hubspot-records.json", "application/json")
    assert {row["id_value"] for row in json.loads(content)} == {
        "ADA/CONF/A1",
        "ada@example.org",
        "grace@example.org",
        "ADA/CONF/A2",
    }


def test_nothing_personal_stays(shredder, story):
    assert any(text in everything_of_ours() for text in PERSONAL)
    shredder.shred_data()
    left = everything_of_ours()
    assert [text for text in PERSONAL if text in left] == []
    assert not KnownRecord.objects.exists()
    assert not OrderSyncResult.objects.exists()
    assert all(entry.shredded for entry in LogEntry.objects.filter(action_type__startswith=OWN_LOG_ENTRIES))


def test_hubspot_is_not_touched_and_a_later_transfer_doubles_nothing(shredder, story):
    before = story.world()
    shredder.shred_data()
    assert story.world() == before
    for state in OrderState.objects.select_related("order__event"):
        story.queue(state.order, "user")
    story.sync()
    assert story.world() == before


def test_other_events_keep_their_data(shredder, story):
    other = story.add_event("other")
    story.add_mappings(other)
    story.join(other)
    story.order("B1", event=other, email="b1@example.org")
    story.sync(other)
    shredder.shred_data()
    assert {row.order.code for row in OrderSyncResult.objects.select_related("order")} == {"B1"}
    assert OrderState.objects.get(order__code="B1").sent_hash


def test_progress_is_reported(shredder):
    seen = []
    shredder.shred_data(progress_callback=seen.append)
    assert seen
    assert all(0 <= value <= 100 for value in seen)


def test_core_finds_it(story):
    assert HubSpotShredder.identifier in story.event.get_data_shredders()
