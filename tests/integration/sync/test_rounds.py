"""The periodic round: which events it looks at, what it costs, and that there is only one."""

from datetime import timedelta
from itertools import count

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import Invoice, LogEntry, Organizer
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Option
from pretix_hubspot import tasks
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.lifecycle import refresh_account
from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import EventConnection, Heartbeat, Round
from pretix_hubspot.sync.periodic import rounds

SWEEPS_AN_EVENT = r'FROM "pretixbase_logentry" .*"pretixbase_logentry"."event_id" = %s'


def due():
    """The events that the next round looks at, by slug."""
    rows = EventConnection.objects.filter(sweep_due__lte=now()).order_by("event__slug")
    return list(rows.values_list("event__slug", flat=True))


@pytest.fixture
def calm(story, period, fake_clock):
    """``calm(*slugs)``: events where all that happened is long ago, beside the story's own one."""

    def calm(*slugs):
        events = [story.add_event(slug) for slug in slugs]
        for event in events:
            story.add_mappings(event)
            story.join(event)
        for _ in range(2):
            period()
            fake_clock.advance(timedelta(minutes=30).total_seconds())
        assert due() == []
        return events

    return calm


@pytest.fixture
def look(story):
    """Look for news; the events that were found."""

    def look():
        row = Round.row()
        found = rounds.news.mark(row)
        return sorted(EventConnection.objects.filter(pk__in=found).values_list("event__slug", flat=True))

    return look


def test_events_where_nothing_happens_cost_nothing(story, calm, field_names_are_kept):
    def statements():
        with CaptureQueriesContext(database) as captured:
            tasks.run_periodic()
        return len(captured)

    calm("e0")
    statements()
    few = statements()
    calm(*(f"f{n}" for n in range(20)))
    statements()

    assert statements() == few


def test_an_order_makes_its_event_news(story, calm, look):
    calm("gala")
    story.order("A1", queue=False).log_action("pretix.event.order.modified")

    assert look() == ["conf"]
    assert due() == ["conf"]
    assert look() == ["conf"], "an entry of this moment may still be overtaken by a late commit"


def test_old_entries_are_no_news_again_whatever_their_numbers(story, calm, look):
    """Of a database that was moved here, say: the newest number belongs to an entry of last year."""
    calm("gala")
    old = story.order("A1", queue=False).log_action("pretix.event.order.modified")
    LogEntry.objects.filter(pk=old.pk).update(datetime=now() - timedelta(days=400))

    assert look() == ["conf"]
    assert look() == []


def test_our_own_entries_about_transfers_are_no_news(story, calm, look):
    order = story.order("A1")
    calm("gala")
    order.log_action("pretix.event.order.data_sync.success")

    assert look() == []


def test_a_customer_makes_those_events_news_that_have_an_order_of_theirs(story, calm, look):
    customer = story.organizer.customers.create(email="jane@example.org")
    [gala, _] = calm("gala", "other")
    story.order("A1", event=gala, customer=customer)

    customer.log_action("pretix.customer.changed")

    assert look() == ["gala"]


def test_an_organizer_makes_all_of_their_events_news(story, calm, look):
    calm("gala")
    stranger = Organizer.objects.create(name="Stranger", slug="stranger")

    stranger.log_action("pretix.organizer.changed")
    assert look() == []
    story.organizer.log_action("pretix.organizer.changed")

    assert look() == ["conf", "gala"]


def test_an_invoice_makes_its_event_news(story, calm, look):
    [gala] = calm("gala")
    order = story.order("A1", event=gala)
    Invoice.objects.create(
        event=gala, organizer=story.organizer, order=order, invoice_no="1", prefix="X-", date=now().date()
    )

    assert look() == ["gala"]


def test_a_changed_definition_makes_the_events_of_the_portal_news(story, calm, look):
    options = [Option("s1", "One")]
    story.add_property("deals", "school", "enumeration", "select", options=options)
    Catalog(story.connection).refresh(["deals"])
    calm("gala")
    assert look() == []

    story.simulator.portal.schema.get("deals", "school").options.append(Option("s2", "Two"))
    Catalog(story.connection).refresh(["deals"])

    assert look() == ["conf", "gala"]


def test_another_account_makes_its_events_due(story, calm):
    calm("gala")
    story.simulator.people.change_account(time_zone="Asia/Tokyo")

    refresh_account(story.connection)

    assert due() == ["conf", "gala"]


def test_an_upgrade_makes_all_events_news_once(story, calm, look, monkeypatch):
    calm("gala")
    Round.objects.update(planner=revisions.PLANNER - 1)
    EventConnection.objects.update(planner=revisions.PLANNER - 1)

    assert look() == ["conf", "gala"]
    assert look() == []


def test_an_event_is_looked_at_now_and_then_though_nothing_happened(story, calm, period, fake_clock):
    calm("gala")
    fake_clock.advance(rounds.IDLE.total_seconds())
    assert due() == ["conf", "gala"]

    period()

    assert due() == []


def test_what_a_round_does_not_reach_is_the_next_ones(story, calm):
    calm("gala", "other")
    EventConnection.objects.update(sweep_due=now())
    seconds = count(0, 15)  # each look at the clock takes fifteen seconds: one event in a turn

    rounds.sweep_due(Round.row(), clock=lambda: next(seconds))
    assert len(due()) == 2
    rounds.sweep_due(Round.row())

    assert due() == []


def test_an_event_without_the_plugin_holds_nothing_up(story, calm):
    [gala] = calm("gala")
    gala.plugins = ""
    gala.save()
    EventConnection.objects.update(sweep_due=now())

    rounds.sweep_due(Round.row())

    assert due() == []


def test_a_round_that_goes_wrong_with_an_event_comes_back_within_hours(story, calm, fake_clock, statements):
    calm("gala")
    EventConnection.objects.update(sweep_due=now())

    def fail():
        raise ValueError

    statements.before(SWEEPS_AN_EVENT, fail, about=story.event.pk)
    rounds.sweep_due(Round.row())
    fake_clock.advance(rounds.AGAIN.total_seconds())

    assert due() == ["conf"]


def test_two_rounds_at_once_are_one(story, statements):
    story.order("A1", queue=False).log_action("pretix.event.order.placed")
    beats = []

    def another():
        tasks.run_periodic()
        beats.append((Heartbeat.objects.count(), OrderSyncQueue.objects.count()))

    statements.before(SWEEPS_AN_EVENT, another, about=story.event.pk)

    tasks.run_periodic()

    assert beats == [(1, 0)], "the second one came, and left it to the first"
    assert Round.objects.get().running_until is None


def test_a_round_that_died_holds_the_next_up_for_a_lease_at_most(story, fake_clock):
    story.order("A1", queue=False).log_action("pretix.event.order.placed")
    with rounds.only_one():
        died = Round.objects.get().running_until
    Round.objects.update(running_until=died)

    tasks.run_periodic()
    assert not OrderSyncQueue.objects.exists()
    fake_clock.advance(301)
    tasks.run_periodic()

    assert OrderSyncQueue.objects.get().triggered_by == "sweep"


def test_a_round_that_was_silent_for_too_long_does_not_end_the_next_one(story, fake_clock):
    with rounds.only_one() as slow:
        fake_clock.advance(301)
        with rounds.only_one() as next_one:
            assert next_one
            until = Round.objects.get().running_until
            rounds.still_running(slow)
            assert Round.objects.get().running_until == until
