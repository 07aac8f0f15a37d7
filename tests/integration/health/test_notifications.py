"""Who is told what, and when: notifications once per cause, recovery, a lost connection, and the regular mail."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from freezegun import freeze_time
from pretix.base.models import LogEntry, NotificationSetting, Order, User
from pretix.base.notifications import get_all_notification_types

from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.tokens import mark_revoked
from pretix_hubspot.health import alerts, digest
from pretix_hubspot.health.actions import retry
from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import EventConnection
from pretix_hubspot.tasks import run_periodic, send_reports

from .conftest import ORDERS, SETTINGS, make_user

BASE = "/control/event/ada/conf/hubspot/"


def told(story):
    entries = LogEntry.objects.filter(event=story.event).order_by("pk").values_list("action_type", flat=True)
    names = ("problems.found", "recovered.problems", "recovered.connection", "connection.revoked")
    return [
        action.removeprefix("pretix_hubspot.").removeprefix("event.") for action in entries if action.endswith(names)
    ]


def look(story):
    alerts.notify(EventConnection.objects.select_related("event__organizer").get(event=story.event))


def wants(user, action_type):
    NotificationSetting.objects.create(user=user, action_type=action_type, method="mail", enabled=True)


def test_new_problems_are_told_once_and_recovery_too(story, manager):
    look(story)
    assert told(story) == []
    story.order("A1", email="nowhere")
    story.sync()
    look(story)
    look(story)
    assert told(story) == ["problems.found"]
    story.order("A2", email="nowhere")
    story.sync()
    look(story)
    assert told(story) == ["problems.found"]
    Order.objects.update(email="ada@example.org")
    retry(story.joined, causes(story.event)[0], manager)
    look(story)
    assert told(story) == ["problems.found"]
    story.sync()
    look(story)
    look(story)
    assert told(story) == ["problems.found", "recovered.problems"]


def test_temporary_failures_are_told_after_an_hour(story):
    story.simulator.faults.add("locked", stage="create", times=None)
    story.order("A1")
    story.sync()
    look(story)
    assert told(story) == []
    story.event.hubspot_connection.refresh_from_db()
    with freeze_time(datetime.now(UTC) + alerts.PATIENCE + timedelta(minutes=1)):
        look(story)
    assert told(story) == ["problems.found"]


def test_a_lost_and_a_renewed_connection(story):
    mark_revoked(story.connection, "test")
    connect_token(story.organizer, story.simulator.service_key, None)
    assert told(story) == ["connection.revoked", "recovered.connection"]


def test_nobody_is_notified_who_did_not_ask(story, manager, django_capture_on_commit_callbacks):
    story.order("A1", email="nowhere")
    story.sync()
    with django_capture_on_commit_callbacks(execute=True):
        look(story)
    assert mail.outbox == []


def test_a_notification_says_what_and_where(story, manager, django_capture_on_commit_callbacks):
    wants(manager, alerts.FOUND)
    story.order("A1", email="secret@nowhere")
    story.sync()
    with django_capture_on_commit_callbacks(execute=True):
        look(story)
    [message] = mail.outbox
    assert message.to == [manager.email]
    assert "HubSpot: new sync problems" in message.subject
    assert "HubSpot does not accept the email address" in message.body
    assert f"{BASE}problems/" in message.body
    assert "secret@nowhere" not in message.body


@pytest.mark.parametrize("action", [alerts.FOUND, "pretix_hubspot.connection.revoked", alerts.RECOVERED])
def test_every_type_is_registered_and_can_be_built(story, action):
    story.event.log_action(action, data={"orders": 3, "causes": ["x"], "portal": 1})
    entry = LogEntry.objects.get(action_type=action)
    assert entry.notification_type
    types = get_all_notification_types(story.event)
    notification = types[entry.notification_type.action_type].build_notification(entry)
    assert notification.title
    assert "/hubspot/" in notification.url


@pytest.mark.parametrize(
    ("often", "sent_at", "at", "is_due"),
    [
        ("", None, "2026-11-23 09:00", False),
        ("daily", "2026-11-22 07:00", "2026-11-23 05:59", False),  # 6:59 in Berlin
        ("daily", "2026-11-22 07:00", "2026-11-23 06:01", True),
        ("daily", "2026-11-23 06:01", "2026-11-23 23:00", False),
        ("weekly", "2026-11-22 07:00", "2026-11-22 23:00", False),
        ("weekly", "2026-11-22 07:00", "2026-11-23 06:01", True),  # a Monday
        ("weekly", "2026-11-23 06:01", "2026-11-29 23:00", False),
        ("weekly", "2026-11-16 06:01", "2026-11-25 12:00", True),  # nobody was there on Monday
    ],
)
def test_the_digest_comes_when_it_is_due(story, often, sent_at, at, is_due):
    def utc(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

    joined = story.joined
    joined.digest, joined.digest_to, joined.digest_sent_at = often, "a@example.org\nb@example.org", utc(sent_at)
    joined.save()
    with freeze_time(utc(at)):
        assert digest.send_due(joined) == is_due
        assert not digest.send_due(joined)


def test_two_workers_at_once_send_one_digest(story, django_capture_on_commit_callbacks):
    long_ago = datetime.now(UTC) - timedelta(days=9)
    EventConnection.objects.update(digest="daily", digest_to="a@example.org", digest_sent_at=long_ago)
    one, other = EventConnection.objects.get(), EventConnection.objects.get()

    with django_capture_on_commit_callbacks(execute=True):
        sent = [digest.send_due(one), digest.send_due(other)]

    assert sent == [True, False]
    assert [message.to for message in mail.outbox] == [["a@example.org"]]


def test_the_digest_holds_numbers_and_problems(story, client, django_capture_on_commit_callbacks):
    story.order("A1", email="secret@nowhere")
    story.order("A2")
    story.sync()
    response = client.post(BASE + "digest/", {"digest": "daily", "digest_to": "boss@example.org, x@example.org"})
    assert response.status_code == 302
    EventConnection.objects.update(digest_sent_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        send_reports()
    assert sorted(to for message in mail.outbox for to in message.to) == ["boss@example.org", "x@example.org"]
    body = mail.outbox[0].body
    for text in ("In sync: 1", "Failing: 1", "All orders: 2", "HubSpot does not accept the email", BASE + "problems/"):
        assert text in body
    assert "secret@nowhere" not in body
    entry = LogEntry.objects.get(action_type="pretix_hubspot.event.digest.changed")
    assert entry.parsed_data == {"digest": "daily", "addresses": 2}  # and who gets it stays out of the log


@pytest.mark.parametrize(("often", "to"), [("daily", ""), ("daily", "nobody"), ("hourly", "a@example.org")])
def test_a_digest_needs_addresses(story, client, often, to):
    response = client.post(BASE + "digest/", {"digest": often, "digest_to": to})
    assert response.status_code == 200
    assert b"has-error" in response.content
    assert EventConnection.objects.get().digest == ""


def test_the_periodic_round_sweeps_paused_events_too(story):
    EventConnection.objects.update(paused_since=datetime.now(UTC))
    order = story.order("A1", queue=False)
    order.log_action("pretix.event.order.placed")
    run_periodic()
    assert order.queued_sync_jobs.count() == 1
    assert story.world()["contacts"] == []


# Once to each person


REVOKED, REGAINED = "pretix_hubspot.connection.revoked", "pretix_hubspot.recovered.*"


@pytest.fixture
def many_events(story):
    """Eight events use the connection."""
    for number in range(7):
        story.join(story.add_event(f"e{number}"))
    return story


@pytest.fixture
def lost(many_events, django_capture_on_commit_callbacks):
    """Makes the connection lost, and what follows from it."""

    def lose():
        with django_capture_on_commit_callbacks(execute=True):
            mark_revoked(many_events.connection, "test")
        return sorted(to for message in mail.outbox for to in message.to)

    return lose


def limited(story, name, *slugs):
    """A person who may change the settings of these events only."""
    user = make_user(story, name, (SETTINGS,))
    team = user.teams.get()
    team.all_events = False
    team.save()
    team.limit_events.set(story.organizer.events.filter(slug__in=slugs))
    return user


def test_a_lost_connection_is_one_mail_for_each_person(many_events, manager, lost):
    people = [manager, make_user(many_events, "second", (SETTINGS,)), limited(many_events, "third", "e3")]
    for person in people:
        wants(person, REVOKED)

    told = lost()

    assert told == ["manager@example.org", "second@example.org", "third@example.org"]
    assert "/ada/e3/" in next(message.body for message in mail.outbox if message.to == ["third@example.org"])
    assert all("Events that use it: 8" in message.body for message in mail.outbox)


def test_each_event_has_it_in_its_history(many_events, lost):
    lost()

    entries = LogEntry.objects.filter(action_type=REVOKED, event__isnull=False)
    assert sorted(entries.values_list("event__slug", flat=True)) == ["conf", *(f"e{n}" for n in range(7))]
    assert LogEntry.objects.filter(action_type=REVOKED, event=None).count() == 1


def test_nobody_is_told_of_a_lost_connection_who_does_not_want_it_or_may_not_know(many_events, lost):
    switched_off = make_user(many_events, "off", (SETTINGS,))
    User.objects.filter(pk=switched_off.pk).update(notifications_send=False)
    for person in (switched_off, make_user(many_events, "clerk", ORDERS), limited(many_events, "elsewhere")):
        wants(person, REVOKED)
    make_user(many_events, "silent", (SETTINGS,))

    assert lost() == []


def test_a_wish_about_one_event_goes_before_the_general_one(many_events, lost):
    quiet, only = make_user(many_events, "quiet", (SETTINGS,)), make_user(many_events, "only", (SETTINGS,))
    wants(quiet, REVOKED)
    for event in many_events.organizer.events.exclude(slug="e5"):
        NotificationSetting.objects.create(user=quiet, event=event, action_type=REVOKED, method="mail", enabled=False)
    event = many_events.organizer.events.get(slug="e2")
    NotificationSetting.objects.create(user=only, event=event, action_type=REVOKED, method="mail", enabled=True)

    assert lost() == ["only@example.org", "quiet@example.org"]
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "/ada/e5/" in bodies["quiet@example.org"]
    assert "/ada/e2/" in bodies["only@example.org"]


def test_an_event_without_the_plugin_is_no_reason_to_write(many_events, manager, lost):
    wants(manager, REVOKED)
    many_events.organizer.events.exclude(slug="e4").update(plugins="")

    assert lost() == ["manager@example.org"]
    assert "/ada/e4/" in mail.outbox[0].body


def test_a_connection_that_is_back_is_one_mail_for_everybody_else(
    many_events, manager, lost, django_capture_on_commit_callbacks
):
    for person in (manager, make_user(many_events, "second", (SETTINGS,))):
        wants(person, REGAINED)
    lost()

    with django_capture_on_commit_callbacks(execute=True):
        connect_token(many_events.organizer, many_events.simulator.service_key, manager)

    assert [message.to for message in mail.outbox] == [["second@example.org"]]


def test_a_lost_connection_is_written_down_in_a_few_queries(many_events, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        mark_revoked(many_events.connection, "test")
