"""What signals missed: the watermark, late commits, lost rows, and the plugin switched off and on."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models import LogEntry
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services.datasync import sync_all

from pretix_hubspot import tasks
from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.models import EventConnection, OrderState
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.joining import join
from tests.interruptions import READS_POSITIONS, raising

LOOKS_FOR_NEWS = r'FROM "pretixbase_logentry" .*"pretixbase_logentry"."event_id" = %s'
FINDS_OLD_RUNS = r'^SELECT DISTINCT "pretix_hubspot_eventconnection"."log_days"'


def sweep_up(story):
    return sweep.run(EventConnection.objects.select_related("event").get(pk=story.joined.pk))


def watermark(story):
    return EventConnection.objects.get(pk=story.joined.pk).log_watermark


def happen(order, action="pretix.event.order.modified", ago=timedelta(0)):
    """Something in the order's history, written that long ago."""
    entry = order.log_action(action)
    LogEntry.objects.filter(pk=entry.pk).update(datetime=now() - ago)
    return entry


LONG_AGO = sweep.LATE_COMMITS * 2


@pytest.fixture
def arrived(story):
    """An order that is in sync, its history settled long ago."""
    order = story.order("A1")
    happen(order, "pretix.event.order.placed", LONG_AGO)
    story.sync()
    assert sweep_up(story) == 0
    return order


def test_nothing_new_queues_nothing(story, arrived):
    assert sweep_up(story) == 0
    assert not OrderSyncQueue.objects.exists()


def test_our_own_entries_are_no_news(story, arrived):
    assert arrived.all_logentries().filter(action_type__contains="data_sync").exists()
    happen(arrived, "pretix.event.order.data_sync.failed.permanent")
    assert sweep_up(story) == 0


def test_news_are_found_once(story, arrived):
    happen(arrived)
    assert sweep_up(story) == 1
    assert OrderSyncQueue.objects.get().triggered_by == "sweep"
    assert sweep_up(story) == 0, "it waits already"
    story.sync()
    assert sweep_up(story) == 0


def test_the_watermark_follows_what_is_settled_and_read(story, arrived):
    placed = arrived.all_logentries().get(action_type="pretix.event.order.placed")
    assert watermark(story) == placed.pk
    settled = happen(arrived, ago=LONG_AGO)
    sweep_up(story)
    assert watermark(story) == placed.pk, "queued, but not read yet"
    story.sync()
    happen(arrived)
    sweep_up(story)
    assert watermark(story) == placed.pk, "the order is news again, so nothing of it counts as read"
    story.sync()
    sweep_up(story)
    assert watermark(story) == settled.pk, "the youngest entry may still be overtaken by a late commit"


def test_a_late_commit_below_younger_entries_is_found(story, arrived):
    """A slow transaction took its entry's id early, and commits after others were seen."""
    late, other = happen(arrived, ago=timedelta(minutes=1)), story.order("A2")
    LogEntry.objects.filter(pk=late.pk).update(event=None)  # not committed yet
    for _ in range(3):
        happen(other)
    story.sync()
    sweep_up(story)
    LogEntry.objects.filter(pk=late.pk).update(event=story.event)
    assert sweep_up(story) == 1
    assert OrderSyncQueue.objects.get().order == arrived


def test_deleted_rows_are_found_even_if_they_waited_long(story, arrived):
    """Fails without the watermark staying below what is not read yet."""
    happen(arrived, ago=LONG_AGO)
    story.queue(arrived)
    for _ in range(3):
        sweep_up(story)
    OrderSyncQueue.objects.all().delete()
    assert sweep_up(story) == 1


def test_a_temporary_failure_whose_row_got_lost_is_found(story, arrived):
    happen(arrived, ago=LONG_AGO)
    sweep_up(story)
    arrived.total += 1
    arrived.save()
    story.simulator.faults.add("locked", stage="update", times=None)
    story.sync()
    assert OrderSyncQueue.objects.get().failed_attempts == 1
    story.simulator.faults.clear()
    OrderSyncQueue.objects.all().delete()
    assert sweep_up(story) == 1


def test_a_final_failure_that_somebody_canceled_stays_canceled(story):
    order = story.order("A1", email="no address")
    happen(order, "pretix.event.order.placed")
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == "permanent"
    OrderSyncQueue.objects.all().delete()
    assert sweep_up(story) == 0
    happen(order)
    assert sweep_up(story) == 1, "until the order changes"


def test_a_failing_order_that_somebody_corrects_is_sent_again_without_a_signal(story):
    order = story.order("A1", email="no address")
    happen(order, "pretix.event.order.placed")
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == "permanent"
    assert sweep_up(story) == 0

    order.email = "ada@example.org"
    order.save()
    happen(order, "pretix.event.order.contact.changed")
    assert sweep_up(story) == 1
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert [contact["email"] for contact in story.world()["contacts"]] == ["ada@example.org"]


@pytest.mark.parametrize("word", sweep.TENDED)
def test_what_is_tried_again_anyway_is_not_hurried(story, arrived, word):
    story.queue(arrived)
    OrderSyncQueue.objects.update(need_manual_retry=word)
    happen(arrived)
    assert sweep_up(story) == 0


def test_the_plugin_switched_off_and_on_loses_nothing(story, arrived):
    waiting = story.order("A2")
    happen(waiting, "pretix.event.order.placed", LONG_AGO)
    sweep_up(story)
    story.event.plugins = ""
    story.event.save()
    sync_all()
    assert not OrderSyncQueue.objects.exists(), "core drops what waits for a disabled plugin"
    happen(arrived, ago=LONG_AGO)
    assert for_event(story.event) is None
    story.event.plugins = "pretix_hubspot"
    story.event.save()
    assert sweep_up(story) == 2
    story.sync()
    assert len(story.world()["deals"]) == 2


def test_orders_before_the_connection_are_no_news_and_hold_nothing_up(story, arrived):
    old = story.order("A0", queue=False, datetime=now() - timedelta(days=30))
    happen(old, ago=LONG_AGO)
    entry = happen(arrived, ago=LONG_AGO)
    assert sweep_up(story) == 1
    story.sync()
    sweep_up(story)
    assert watermark(story) == entry.pk


def test_orders_asked_for_by_hand_are_in_scope_for_good(story):
    old = story.order("A0", queue=False, datetime=now() - timedelta(days=30))
    story.queue(old, "user")
    story.sync()
    assert OrderState.objects.get(order=old).by_hand
    happen(old)
    assert sweep_up(story) == 1


def test_a_change_while_the_order_is_being_sent_is_news(story, arrived, statements):
    """The history is counted before the order is read, so that nothing falls in between."""
    happen(arrived)
    sweep_up(story)
    statements.before(READS_POSITIONS, lambda: happen(arrived))

    story.sync()

    assert sweep_up(story) == 1


def test_one_event_is_not_swept_for_another(story, arrived):
    other = story.add_event("other")
    order = story.order("B1", event=other, queue=False)
    happen(order)
    assert sweep_up(story) == 0


def test_an_entry_that_was_committed_hours_later_is_found_within_a_day(story, arrived, period, fake_clock):
    """The watermark has passed it; fails without the lap in which all orders are compared."""
    late, other = happen(arrived, ago=LONG_AGO), story.order("A2")
    LogEntry.all.filter(pk=late.pk).update(visible=False)  # not committed yet
    happen(other, ago=LONG_AGO)
    for _ in range(2):
        period()
        sweep_up(story)
    assert watermark(story) > late.pk
    LogEntry.all.filter(pk=late.pk).update(visible=True)
    before = OrderState.objects.get(order=arrived).log_count

    fake_clock.advance(timedelta(days=1).total_seconds())
    period()

    assert OrderState.objects.get(order=arrived).log_count == before + 1


def test_what_goes_wrong_with_one_event_stops_no_other(story, statements, started_tasks, caplog):
    gala = story.add_event("gala")
    join(gala, story.connection, None)
    mine, other = story.order("A", queue=False), story.order("B", event=gala, queue=False)
    for order in (mine, other):
        order.log_action("pretix.event.order.placed")
    statements.before(LOOKS_FOR_NEWS, raising(ValueError(mine.email)), about=story.event.pk)
    statements.before(FINDS_OLD_RUNS, raising(RuntimeError()))

    tasks.run_periodic()

    assert list(OrderSyncQueue.objects.values_list("order__code", flat=True)) == ["B"]
    assert "pretix_hubspot.sync.run.run_log.prune failed: RuntimeError" in caplog.text
    assert "pretix_hubspot.sync.sweep.run failed: ValueError" in caplog.text
    assert mine.email not in caplog.text
