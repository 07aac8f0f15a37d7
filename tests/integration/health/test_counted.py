"""Where orders are many, pages show the numbers of a moment ago, and they add up as well."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix import __version__ as pretix_version
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.health import counted
from pretix_hubspot.health.actions import dismiss, ignore, retry
from pretix_hubspot.health.causes import causes
from pretix_hubspot.health.numbers import failing_of, numbers
from pretix_hubspot.models import CountedOrders, EventConnection, ObjectMapping, OrderState
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.tasks import run_periodic

from .test_numbers import BAD_EMAIL, copies
from .test_pages import BASE, ORGANIZER, text

BEING_COUNTED = "The orders are being counted. Reload this page in a moment."


@pytest.fixture
def crowd(story):
    """One order too many for a page, 5,001."""
    Order.objects.bulk_create(copies(story.order("A1", queue=False), counted.MANY))


def count():
    counted.count(list(CountedOrders.objects.values_list("pk", flat=True)))


def shown(story):
    """The numbers of the event as if two orders were many."""
    return counted.shown(story.event, 1)


def shown_again(story):
    """The same after they were counted."""
    shown(story)
    count()
    return shown(story)


def random_world(story, seed):
    """Orders in any combination of what decides about them."""
    chance = random.Random(seed)
    first = story.order("A1", queue=False)
    story.add_event("idle")
    Order.objects.bulk_create(copies(first, 60))
    for order in Order.objects.order_by("pk"):
        order.datetime = now() - timedelta(days=chance.choice([0, 0, 0, 9]))
        order.testmode = chance.random() < 0.2
        order.save(update_fields=["datetime", "testmode"])
        if chance.random() < 0.7:
            OrderState.objects.create(
                order=order,
                portal_id=1,
                sent_hash=chance.choice(["", "a", "a"]),
                cause=chance.choice(["", "", "k", "l"]),
                excluded_reason=chance.choice(["", "", "", "ignored", "dismissed"]),
                by_hand=chance.random() < 0.2,
            )
        for in_flight in (False, True):
            if chance.random() < 0.3:
                row = OrderSyncQueue(order=order, event=story.event, sync_provider="hubspot", not_before=now())
                row.triggered_by = chance.choice([Trigger.SYNC_NOW, Trigger.ORDER_PAID])
                row.in_flight, row.failed_attempts = in_flight, chance.choice([0, 0, 1])
                row.need_manual_retry = chance.choice([None, None, "timeout", "permanent"])
                row.save()
    EventConnection.objects.update(send_test_orders=chance.random() < 0.5)
    if chance.random() < 0.2:
        ObjectMapping.objects.all().delete()


@pytest.mark.parametrize("seed", range(8))
def test_stored_numbers_are_the_slow_truth(story, seed):
    random_world(story, seed)
    found, truth = shown_again(story), numbers(story.event)
    assert found.counted_at
    assert found.counts == truth.counts
    assert found.total == Order.objects.count() == 61
    failing = {name: orders for name, orders in truth.counts.items() if name[0] == "failing"}
    only = failing_of([story.event.pk])[story.event.pk]
    assert (only.counts, only.details) == (failing, truth.details)
    assert causes(story.event, found) == causes(story.event)


def test_few_orders_are_counted_at_once(story):
    story.order("A1")
    found = counted.shown(story.event)
    assert (found.counts, found.counted_at, found.is_known) == ({("waiting", ""): 1}, None, True)
    assert not CountedOrders.objects.exists()


@pytest.fixture
def calls(settings, started_tasks):
    settings.HAS_CELERY = True
    return started_tasks


def test_nobody_waits_for_the_first_count(story, crowd, calls, client, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        pages = [text(client, BASE), text(client, BASE)]
    row = CountedOrders.objects.get()
    assert all(BEING_COUNTED in page and "</strong> All orders" not in page for page in pages)
    assert BEING_COUNTED in text(client, BASE + "problems/")
    assert [call for call in calls if call[0] == "count_orders"] == [("count_orders", [row.pk])]
    count()
    page = text(client, BASE)
    assert BEING_COUNTED not in page
    assert "As of " in page
    assert "<strong>5,001</strong> All orders" in page
    assert "There are no sync problems." in text(client, BASE + "problems/")


def test_numbers_are_counted_again_after_a_minute(story, calls, django_capture_on_commit_callbacks):
    for code in ("A1", "A2"):
        story.order(code)
    shown_again(story)
    Order.objects.filter(code="A2").update(testmode=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert shown(story).of("waiting") == 2
    assert not [call for call in calls if call[0] == "count_orders"]
    CountedOrders.objects.update(counted_at=now() - timedelta(seconds=61))
    with django_capture_on_commit_callbacks(execute=True):
        assert shown(story).of("waiting") == 2
    assert len([call for call in calls if call[0] == "count_orders"]) == 1
    count()
    assert shown(story).of("waiting") == 1


def test_the_round_keeps_what_somebody_looks_at(story, django_capture_on_commit_callbacks):
    for code in ("A1", "A2"):
        story.order(code)
    shown(story)
    with django_capture_on_commit_callbacks(execute=True):
        run_periodic.apply()
    first = shown(story).counted_at
    assert first
    long_ago = now() - timedelta(hours=2)
    CountedOrders.objects.update(counted_at=long_ago, seen_at=long_ago)
    counted.keep_fresh()
    assert CountedOrders.objects.get().counted_at == long_ago


def test_another_option_makes_the_numbers_unknown(story):
    for code in ("A1", "A2"):
        story.order(code, testmode=True)
    assert shown_again(story).counts == {("excluded", "test_mode"): 2}
    EventConnection.objects.update(send_test_orders=True)
    assert not shown(story).is_known
    count()
    assert shown(story).counts == {("waiting", ""): 2}


@pytest.fixture
def failing(story):
    for code in ("A1", "A2"):
        story.order(code, email=BAD_EMAIL)
    story.sync()
    assert shown_again(story).of("failing") == 2
    return story


@pytest.mark.parametrize(("act", "new"), [(retry, ("waiting", "")), (dismiss, ("excluded", "dismissed"))])
def test_what_a_user_did_is_seen_at_once(failing, manager, act, new):
    act(failing.joined, causes(failing.event)[0], manager)
    assert shown(failing).counts == {new: 2} == numbers(failing.event).counts


def test_an_ignored_order_is_seen_at_once(failing, manager):
    ignore(failing.joined, Order.objects.get(code="A1"), manager)
    found = shown(failing)
    assert (found.of("failing"), found.of("excluded"), found.total) == (1, 1, 2)


def test_a_cause_whose_example_was_sent_meanwhile_has_another_one(failing):
    sample = OrderState.objects.order_by("pk").last()
    sample.cause, sample.problem = "", None
    sample.save()
    [cause] = causes(failing.event, shown(failing))
    assert "not a valid email address" in cause.text
    OrderState.objects.update(cause="", problem=None)
    assert causes(failing.event, shown(failing)) == []


def test_a_count_from_before_an_action_is_not_stored(failing, manager, statements):
    [cause] = causes(failing.event)
    statements.before(
        'UPDATE "pretix_hubspot_countedorders" SET "counts"', lambda: retry(failing.joined, cause, manager)
    )
    count()
    assert shown(failing).counts == {("waiting", ""): 2}
    assert CountedOrders.objects.get().asked_at is None


@pytest.mark.parametrize("many", [3, 300])
def test_a_page_makes_as_many_queries_for_any_number_of_orders(story, many):
    story.order("A1", email=BAD_EMAIL)
    story.order("A2")
    story.sync()
    Order.objects.bulk_create(copies(Order.objects.get(code="A2"), many))
    shown_again(story)
    with CaptureQueriesContext(connection) as captured:
        found = shown(story)
        causes(story.event, found)
    assert found.total == many + 2
    fewer = pretix_version < "2026.4"  # it asks once less
    assert len(captured) == 14 - fewer, [q["sql"][:120] for q in captured]


def test_the_organizers_page_shows_its_events_page_by_page(story, crowd, client):
    add_events(story, 50)
    EventConnection.objects.update(paused_since=now())
    story.connection.paused_since = now()
    story.connection.save()
    page = text(client, ORGANIZER)
    assert "Being counted" in page
    assert "orders wait" not in page
    count()
    page = text(client, ORGANIZER)
    assert "/conf/hubspot/" in page
    assert "/e49/hubspot/" not in page
    assert "As of " in page
    assert "5001 orders wait." in page
    second = text(client, ORGANIZER + "?page=2")
    assert "/e49/hubspot/" in second
    assert "/conf/hubspot/" not in second


def add_events(story, many):
    """More events that use the connection, later than the story's."""
    later = story.event.date_from + timedelta(days=1)
    events = [
        Event(organizer=story.organizer, slug=f"e{n}", name=f"E{n}", currency="EUR", date_from=later, live=True)
        for n in range(many)
    ]
    Event.objects.bulk_create(events)
    EventConnection.objects.bulk_create(EventConnection(event=event, connection=story.connection) for event in events)


def test_a_list_of_orders_is_as_long_as_was_counted(story, crowd, client):
    for order in Order.objects.filter(code__in=["X1", "X2", "X3"]):
        OrderState.objects.create(order=order, portal_id=1, excluded_reason="ignored")
    counted.shown(story.event)
    count()
    page = text(client, BASE + "orders/excluded/?reason=ignored")
    assert all(f"orders/{code}/" in page for code in ("X1", "X2", "X3"))
    assert "3 elements" in page
