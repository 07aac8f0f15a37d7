"""After the data shredder nothing personal is left: not in the event's history, and not of people who were replaced."""

import json

import pytest
from django.utils.timezone import now
from pretix.base.models import LogEntry
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.health import alerts
from pretix_hubspot.health.actions import dismiss, retry
from pretix_hubspot.health.causes import causes
from pretix_hubspot.health.notifications import NewProblems
from pretix_hubspot.models import EventConnection, KnownRecord, OrderState, RecordUse
from pretix_hubspot.sync.shredder import HubSpotShredder
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

SENTENCE = "Hopper is not an acceptable value"


@pytest.fixture
def boss(db, django_user_model):
    return django_user_model.objects.create_user("boss@example.org", "x")


@pytest.fixture
def quoted(story):
    """An order that HubSpot refused by a sentence with a name in it, as it is stored then."""
    order = story.order("A1")
    problem = {"mode": "permanent", "code": "invalid_input", "object_type": "contacts", "message": SENTENCE}
    facts = {"problem": [problem], "cause": "c1", "failing_since": now(), "attempts": 1}
    OrderState.objects.create(order=order, portal_id=story.connection.portal_id, **facts)
    OrderSyncQueue.objects.filter(order=order).update(need_manual_retry="permanent", in_flight=False)
    return story


def history(story):
    return list(LogEntry.objects.filter(event=story.event, action_type__contains="problems").order_by("pk"))


def test_the_events_history_quotes_nobody(quoted, boss):
    alerts.notify(EventConnection.objects.select_related("event__organizer").get(event=quoted.event))
    dismiss(quoted.joined, causes(quoted.event)[0], boss)

    kept = [entry.parsed_data for entry in history(quoted)]

    failure = {"mode": "permanent", "code": "invalid_input", "object_type": "contacts"}
    assert kept == [{"orders": 1, "failures": [failure]}, {"orders": 1, "failure": failure}]
    HubSpotShredder(quoted.event).shred_data()
    assert not LogEntry.objects.filter(event=quoted.event, data__contains="Hopper").exists()


def test_the_history_still_says_what_it_was_about(quoted, boss):
    alerts.notify(EventConnection.objects.select_related("event__organizer").get(event=quoted.event))
    retry(quoted.joined, causes(quoted.event)[0], boss)

    found, retried = history(quoted)

    told = dict(NewProblems().details(quoted.event, found.parsed_data))
    assert told["Reason"] == "Contacts: HubSpot refuses this record."
    assert retried.display() == (
        "Sync problems with HubSpot are tried again (1): Contacts: HubSpot refuses this record."
    )


def test_what_older_entries_quote_is_shredded_and_can_be_read(quoted, boss):
    """As they were stored by the first release."""
    action = "pretix_hubspot.event.problems"
    quoted.event.log_action(f"{action}.dismissed", user=boss, data={"orders": 1, "cause": SENTENCE})
    quoted.event.log_action(f"{action}.found", data={"orders": 1, "causes": [SENTENCE]})
    assert SENTENCE in history(quoted)[0].display()

    HubSpotShredder(quoted.event).shred_data()

    assert [json.loads(entry.data) for entry in history(quoted)] == [{"orders": 1}, {"orders": 1}]
    assert "Hopper" not in history(quoted)[0].display()


def test_nothing_stays_of_an_attendee_who_was_replaced(story):
    order = story.order("A1", attendees=[("former@example.org", "Former", "Guest")])
    story.sync()
    position = order.positions.get()
    position.attendee_email = "new@example.org"
    position.save()
    story.queue(order, "order_modified")
    story.sync()

    HubSpotShredder(story.event).shred_data()

    assert not KnownRecord.objects.filter(object_type="contacts").exists()


def test_nothing_stays_of_an_order_that_was_deleted(story):
    order = story.order("A1", email="ada@example.org", testmode=True)
    story.queue(order, "user")
    story.sync()
    order.refresh_from_db()
    order.gracefully_delete()

    HubSpotShredder(story.event).shred_data()

    assert not KnownRecord.objects.filter(object_type="contacts").exists()
    assert not RecordUse.objects.exists()


def test_an_address_cannot_be_looked_for_without_the_servers_secret(story):
    """Whoever has the database alone learns no e-mail address from the keys of record links."""
    import hashlib  # inline: what an attacker would use

    story.order("A1", email="ada@example.org")
    story.sync()

    guess = hashlib.sha256(b"ada@example.org").hexdigest()
    stored = [*KnownRecord.objects.values(), *RecordUse.objects.values(), *OrderSyncResult.objects.values("sync_info")]
    assert len(stored) > 3 and guess not in str(stored)
