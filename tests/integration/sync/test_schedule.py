"""Which waiting orders are sent next: derived items, urgent ones first, events in turns, and nothing gets lost."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.pausing import pause_event, resume_event
from pretix_hubspot.models import Connection, EventConnection, WorkItem
from pretix_hubspot.sync.joining import join, leave
from pretix_hubspot.sync.provider import HubSpotSyncProvider
from pretix_hubspot.sync.queue import claims, schedule
from pretix_hubspot.sync.queue.triggers import Priority, Trigger, priority_of

NONE = schedule.Chosen([], [], 0)


@pytest.fixture
def small(story):
    event = story.add_event("small")
    story.add_mappings(event)
    story.join(event)
    return event


def queue(order, trigger=Trigger.ORDER_PLACED, **options):
    return HubSpotSyncProvider.enqueue_order(order, trigger, **options)


def next_codes(story, **options):
    rows = schedule.next_slice(story.connection, **options).rows
    codes = dict(OrderSyncQueue.objects.filter(pk__in=rows).values_list("pk", "order__code"))
    return [codes[pk] for pk in rows]


def items():
    """What waits, as code of the order's row."""
    codes = dict(OrderSyncQueue.objects.values_list("order_id", "order__code"))
    return sorted(codes.get(item.subject, "?") for item in WorkItem.objects.all())


@pytest.mark.parametrize(
    ("trigger", "priority"),
    [
        (Trigger.SYNC_NOW, Priority.BY_HAND),
        (Trigger.ORDER_PAID, Priority.LIVE),
        (Trigger.RETRY, Priority.LIVE),
        ("of_a_later_version", Priority.LIVE),
        (Trigger.SWEEP, Priority.SWEPT),
        (Trigger.MASS_RETRY, Priority.RETRIED),
        (Trigger.RESEND, Priority.CAMPAIGN),
    ],
)
def test_the_priority_of_a_trigger(trigger, priority):
    assert priority_of(trigger) == priority


def test_the_most_urgent_orders_go_first(story):
    for code, trigger in (
        ("CAMPAIGN", Trigger.RESEND),
        ("RETRIED", Trigger.MASS_RETRY),
        ("SWEPT", Trigger.SWEEP),
        ("LIVE", Trigger.ORDER_PAID),
        ("HAND", Trigger.SYNC_NOW),
    ):
        queue(story.order(code, queue=False), trigger)

    assert next_codes(story) == ["HAND", "LIVE", "SWEPT", "RETRIED", "CAMPAIGN"]
    assert next_codes(story, live_only=True) == ["HAND", "LIVE"]


def test_events_take_turns(story, small):
    for number in range(4):
        story.order(f"A{number}")
    for number in range(2):
        story.order(f"B{number}", event=small)

    assert next_codes(story) == ["A0", "B0", "A1", "B1", "A2", "A3"]


def test_an_event_that_comes_later_does_not_wait_for_the_others_to_end(story, small):
    for number in range(6):
        story.order(f"A{number}")
    claims.claim(schedule.next_slice(story.connection, size=schedule.SliceSize(orders=3)).rows[:3])

    story.order("B0", event=small)

    assert next_codes(story)[:2] == ["A3", "B0"]


def test_an_order_that_changes_again_keeps_its_turn(story):
    first = story.order("A1")
    story.order("A2")

    queue(first, Trigger.ORDER_CHANGED)

    assert next_codes(story) == ["A1", "A2"]


def test_an_order_gets_more_urgent_but_never_less(story):
    order = story.order("A1", queue=False)
    story.order("A2")
    queue(order, Trigger.RESEND)
    assert next_codes(story) == ["A2", "A1"]

    queue(order, Trigger.SYNC_NOW)

    assert next_codes(story) == ["A1", "A2"]


def test_an_order_waits_for_its_time(story):
    queue(story.order("A1", queue=False), not_before=now() + timedelta(hours=1))
    assert schedule.next_slice(story.connection) == NONE
    assert schedule.next_due(story.connection) == OrderSyncQueue.objects.get().not_before

    OrderSyncQueue.objects.update(not_before=now())
    WorkItem.objects.update(not_before=now())

    assert next_codes(story) == ["A1"]


def test_items_come_and_go_with_the_rows_of_core(story):
    rows = [story.order(f"A{number}") and OrderSyncQueue.objects.get(order__code=f"A{number}") for number in range(3)]
    assert items() == ["A0", "A1", "A2"]

    claim = claims.claim([row.pk for row in rows])
    assert items() == []

    orders = [row.order_id for row in rows]
    claims.leave(claim, finished=orders[:1], released=orders[1:2], stopped={orders[2]: "permanent"})
    assert items() == ["A1"]


def test_rows_that_core_saves_itself_get_an_item(story):
    """Core's pages let users retry what failed: they save each row."""
    story.order("A1")
    OrderSyncQueue.objects.update(need_manual_retry="permanent")
    schedule.rebuild()
    assert items() == []

    row = OrderSyncQueue.objects.get()
    row.need_manual_retry, row.not_before = None, now()
    row.save()

    assert next_codes(story) == ["A1"]


def test_rows_of_other_systems_and_rows_that_wait_for_a_user_get_none(story):
    order = story.order("A1", queue=False)
    row = {"order": order, "event": story.event, "triggered_by": "x", "not_before": now()}

    OrderSyncQueue.objects.create(sync_provider="other", **row)
    OrderSyncQueue.objects.create(sync_provider="hubspot", need_manual_retry="config", **row)

    assert items() == []


@pytest.mark.parametrize("lose", [lambda: WorkItem.objects.all().delete(), lambda: None])
def test_a_missing_item_is_made_by_the_next_round(story, small, lose):
    story.order("A1")
    story.order("B1", event=small)
    lose()

    schedule.rebuild()

    assert next_codes(story) == ["A1", "B1"]


def test_an_item_that_would_be_due_too_late_is_put_right_by_the_next_round(story):
    story.order("A1")
    WorkItem.objects.update(turn=None, not_before=now() + timedelta(hours=1))

    schedule.rebuild()

    assert next_codes(story) == ["A1"]


def test_items_without_a_row_are_dropped_when_they_are_met(story):
    for number in range(3):
        story.order(f"A{number}")
    OrderSyncQueue.objects.filter(order__code__in=("A0", "A1")).delete()
    assert len(items()) == 3

    assert next_codes(story) == ["A2"]
    assert items() == ["A2"]


def test_items_without_a_row_are_dropped_by_the_round(story):
    story.order("A1")
    OrderSyncQueue.objects.all().delete()

    schedule.rebuild()

    assert not WorkItem.objects.exists()


def test_the_rebuild_goes_through_long_tables_in_parts(story, small):
    for number in range(5):
        story.order(f"A{number}", event=small if number % 2 else None)
    WorkItem.objects.filter(pk__in=list(WorkItem.objects.values_list("pk", flat=True)[:3])).delete()
    OrderSyncQueue.objects.filter(order__code="A4").delete()

    schedule.rebuild(part=2)

    assert items() == ["A0", "A1", "A2", "A3"]


def test_another_row_of_an_order_that_is_being_sent_waits_a_moment(story):
    order = story.order("A1")
    claims.claim([OrderSyncQueue.objects.get().pk])
    queue(order, Trigger.ORDER_CHANGED)

    assert next_codes(story) == []

    assert WorkItem.objects.get().turn is None
    assert schedule.next_due(story.connection) > now()


def test_a_paused_event_holds_up_nobody_and_goes_on_when_it_is_resumed(story, small):
    for number in range(3):
        story.order(f"A{number}")
    story.order("B1", event=small)
    pause_event(EventConnection.objects.get(event=story.event), None)

    assert next_codes(story) == ["B1"]
    assert items() == ["B1"]
    story.order("A9")
    assert items() == ["B1"]

    resume_event(EventConnection.objects.get(event=story.event), None)
    assert items() == ["A0", "A1", "A2", "A9", "B1"]


def test_an_event_without_the_plugin_holds_up_nobody(story, small):
    for number in range(3):
        story.order(f"A{number}")
    story.order("B1", event=small)
    story.event.plugins = ""
    story.event.save()

    assert next_codes(story) == ["B1"]
    schedule.rebuild()
    assert items() == ["B1"]


def test_an_event_that_leaves_and_comes_back_goes_on(story):
    story.order("A1")
    leave(story.event, None)
    assert items() == []

    join(story.event, story.connection, None)

    assert next_codes(story) == ["A1"]


def test_each_portal_has_its_own_turns(story, small):
    other = Connection.objects.create(organizer=story.organizer, portal_id=2, kind="token")
    story.order("A1")
    EventConnection.objects.filter(event=small).update(connection=other)
    story.order("B1", event=small)

    assert next_codes(story) == ["A1"]
    assert other.work_items.count() == 1


def test_the_number_of_statements_is_the_same_for_any_number_of_orders(story, small):
    def statements(number):
        for event, letter in ((story.event, "A"), (small, "B")):
            for n in range(number):
                story.order(f"{letter}{number}X{n}", event=event)
        with CaptureQueriesContext(database) as queries:
            assert schedule.next_slice(story.connection).rows
        return len(queries)

    assert statements(1) == statements(8) == 5


def test_an_order_is_queued_with_two_more_statements(story):
    order = story.order("A1", queue=False)
    row = OrderSyncQueue(
        order=order, event=story.event, sync_provider="hubspot", triggered_by="order_paid", not_before=now()
    )

    with CaptureQueriesContext(database) as queries:
        schedule.put_rows([row])

    assert len(queries) == 2
