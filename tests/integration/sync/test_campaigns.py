"""Campaigns: a few of their orders wait at any time, and each outdated order is sent exactly once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db import connection as database
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.pausing import pause_event
from pretix_hubspot.models import Campaign, OrderState
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.joining import leave
from pretix_hubspot.sync.queue import campaigns, claims, order_queue
from pretix_hubspot.sync.queue.campaigns import Limits
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.shredder import HubSpotShredder
from tests.interruptions import Statements, raising

FEW = Limits(waiting=4, width=3, steps=50)


@pytest.fixture
def sent(story):
    """Ten orders that HubSpot holds, O0 placed first, with an order of another event after each second one."""
    gala = story.add_event("gala")
    story.join(gala)
    orders = []
    for number in range(10):
        orders.append(story.order(f"O{number}"))
        if number % 2:
            story.order(f"G{number}", event=gala)
    story.sync()
    OrderState.objects.update(sent_at=now() - timedelta(hours=1))
    OrderSyncQueue.objects.all().delete()
    return orders


@pytest.fixture
def changed(story, sent):
    """The same, after somebody added a property."""
    deal = story.event.hubspot_object_mappings.last()
    story.add_rows(deal, ("order_code", "description", "overwrite"))
    deal.log_action("pretix_hubspot.mapping.changed")
    story.simulator.requests.clear()
    return sent


def waiting():
    rows = OrderSyncQueue.objects.filter(triggered_by=Trigger.RESEND).order_by("pk")
    return list(rows.values_list("order__code", flat=True))


def to_the_end(story):
    """A worker's turns, one slice each. Returns the most orders that waited."""
    most = 0
    while campaigns.refill(story.connection, FEW) or waiting():
        most = max(most, len(waiting()))
        story.sync()
    return most


def described(story):
    return sorted(deal["description"] or "" for deal in story.world(deals=["description"])["deals"])


def all_of(orders):
    return sorted(order.code for order in orders)


def test_a_few_wait_at_any_time_newest_first_and_all_arrive(story, changed):
    campaigns.start(story.event, None)
    assert waiting() == []

    campaigns.refill(story.connection, FEW)

    assert waiting() == ["O9", "O8", "O7", "O6"]
    assert to_the_end(story) == 4
    assert described(story) == all_of(changed)
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.total, campaign.done, campaign.failed) == ("done", 10, 10, 0)
    [entry] = story.event.logentry_set.filter(action_type="pretix_hubspot.resend.finished")
    assert str(entry.display()) == "Orders have been sent to HubSpot again. Done: 10, sync problems: 0"


def test_others_follow_when_half_of_them_are_done(story, changed):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)

    OrderSyncQueue.objects.get(order__code="O9").delete()
    assert not campaigns.refill(story.connection, FEW)
    OrderSyncQueue.objects.get(order__code="O7").delete()
    assert campaigns.refill(story.connection, FEW)

    assert waiting() == ["O8", "O6", "O5", "O4"]


def test_its_orders_are_counted_ahead(story, changed):
    campaigns.start(story.event, None)
    assert not campaigns.progress(campaigns.current(story.event)).is_counted

    campaigns.refill(story.connection, FEW)

    reached = campaigns.progress(campaigns.current(story.event))
    assert (reached.total, reached.done, reached.is_counted) == (10, 0, True)


def test_a_turn_ends_and_the_next_one_goes_on(story, changed):
    campaigns.start(story.event, None)
    short = Limits(waiting=4, width=1, steps=1)

    for _ in range(10):
        campaigns.refill(story.connection, short)
    assert waiting() == ["O9", "O8", "O7"], "with three in the queue, the fourth can wait"
    assert not campaigns.progress(campaigns.current(story.event)).is_counted

    campaigns.refill(story.connection, FEW)

    assert campaigns.progress(campaigns.current(story.event)).is_counted
    assert to_the_end(story) == 4
    assert described(story) == all_of(changed)


def test_what_was_sent_meanwhile_is_not_sent_again(story, changed):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)
    story.queue(changed[0], "order_paid")
    story.sync()

    to_the_end(story)

    assert described(story) == all_of(changed)
    campaign = Campaign.objects.get()
    assert (campaign.total, campaign.done) == (9, 9)


def test_starting_twice_makes_one(story, changed):
    assert campaigns.start(story.event, None)
    assert not campaigns.start(story.event, None)
    campaigns.pause(story.event, None)
    assert not campaigns.start(story.event, None)
    assert Campaign.objects.get().state == "paused"
    with pytest.raises(IntegrityError):
        Campaign.objects.create(event=story.event, cursor=1, counted_to=1)


def test_an_event_may_have_another_one_later(story, changed):
    for _ in range(2):
        campaigns.start(story.event, None, everything=True)
        to_the_end(story)
    assert [campaign.done for campaign in Campaign.objects.all()] == [10, 10]


def test_a_pause_takes_out_what_waits_and_nothing_is_lost(story, changed):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)
    claim = claims.claim(OrderSyncQueue.objects.filter(order__code="O8").values_list("pk", flat=True))

    campaigns.pause(story.event, None)

    assert waiting() == ["O8"], "what is on its way arrives"
    assert not campaigns.refill(story.connection, FEW)
    claims.release(claim, claim.orders)
    story.sync()
    assert described(story) == [""] * 9 + ["O8"]
    campaigns.resume(story.event, None)
    campaigns.refill(story.connection, FEW)
    assert waiting() == ["O9", "O7", "O6", "O5"]
    assert to_the_end(story) == 4
    assert described(story) == all_of(changed)
    assert Campaign.objects.get().done == 10


def test_each_order_is_sent_once_however_often_it_pauses(story, changed):
    campaigns.start(story.event, None)
    while campaigns.current(story.event):
        campaigns.refill(story.connection, FEW)
        campaigns.pause(story.event, None)
        campaigns.resume(story.event, None)
        campaigns.refill(story.connection, FEW)
        campaigns.pause(story.event, None)
        campaigns.pause(story.event, None)
        campaigns.resume(story.event, None)
        campaigns.refill(story.connection, FEW)
        story.sync()
    assert described(story) == all_of(changed)
    assert sum(state.sent_at > now() - timedelta(minutes=30) for state in OrderState.objects.all()) == 10


def test_a_live_order_is_no_matter_of_a_pause(story, changed):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)
    story.queue(changed[9], "order_paid")

    campaigns.pause(story.event, None)

    assert list(OrderSyncQueue.objects.values_list("order__code", "triggered_by")) == [("O9", "order_paid")]
    story.sync()
    campaigns.resume(story.event, None)
    to_the_end(story)
    assert described(story) == all_of(changed)


def test_an_order_that_was_tried_is_not_taken_out(story, changed):
    """Its next attempt is due whatever becomes of the campaign: HubSpot may hold half of it."""
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)
    OrderSyncQueue.objects.filter(order__code="O7").update(failed_attempts=1)
    campaigns.cancel(story.event, None)
    assert waiting() == ["O7"]


def test_what_failed_is_counted_and_stops_nothing(story, changed):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)
    OrderSyncQueue.objects.filter(order__code="O9").update(need_manual_retry="permanent")

    while campaigns.current(story.event):
        story.sync()
        campaigns.refill(story.connection, FEW)

    campaign = Campaign.objects.get()
    assert (campaign.total, campaign.done, campaign.failed) == (10, 9, 1)


def test_canceled_is_canceled(story, changed):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)

    campaigns.cancel(story.event, None)

    assert to_the_end(story) == 0
    assert described(story) == [""] * 10
    assert not campaigns.resume(story.event, None)
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.waiting, campaign.withdrawn) == ("canceled", [], [])


QUEUES = r'^INSERT (OR IGNORE )?INTO "pretixbase_ordersyncqueue"'
MOVES = r'^UPDATE "pretix_hubspot_campaign"'


@pytest.mark.parametrize("statement", [QUEUES, MOVES])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_is_killed_leaves_nothing_lost_and_nothing_doubled(story, changed, statement, moment):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)
    story.sync()
    killed = Statements()
    getattr(killed, moment)(statement, raising(KeyboardInterrupt()))

    with pytest.raises(KeyboardInterrupt), database.execute_wrapper(killed):
        campaigns.refill(story.connection, FEW)

    assert waiting() == []
    to_the_end(story)
    assert described(story) == all_of(changed)
    assert Campaign.objects.get().done == 10


def test_the_worker_fills_its_queue(story, changed):
    campaigns.start(story.event, None)
    worker.work_through_queue(story.connection, seconds=30)
    assert described(story) == all_of(changed)
    assert Campaign.objects.get().state == "done"


def test_the_periodic_round_fills_the_queue(story, changed, period):
    campaigns.start(story.event, None)
    period()
    assert described(story) == all_of(changed)


def test_while_the_transfer_is_paused_nothing_is_queued(story, changed):
    pause_event(story.joined, None)
    campaigns.start(story.event, None)
    assert not campaigns.refill(story.connection)
    assert waiting() == []


def test_rows_of_the_version_before_are_sent(story, changed):
    order_queue.enqueue(story.event, [order.pk for order in changed], Trigger.RESEND)
    worker.work_through_queue(story.connection, seconds=30)
    assert described(story) == all_of(changed)


def leaves(story):
    leave(story.event, None)


def shreds(story):
    HubSpotShredder(story.event).shred_data()


@pytest.mark.parametrize(
    ("end", "reason", "text"),
    [
        (leaves, "left", "The event stopped using the connection."),
        (shreds, "shredded", "Personal data was removed."),
        (lambda story: campaigns.cancel_all(story.connection, None, "disconnected"), "disconnected", "HubSpot was"),
    ],
)
def test_it_ends_with_what_it_needs(story, changed, end, reason, text):
    campaigns.start(story.event, None)
    campaigns.refill(story.connection, FEW)

    end(story)

    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.reason) == ("canceled", reason)
    assert waiting() == []
    [entry] = story.event.logentry_set.filter(action_type="pretix_hubspot.resend.canceled")
    assert text in str(entry.display())


def test_an_event_takes_its_campaigns_with_it_and_a_copy_has_none(story, changed):
    campaigns.start(story.event, None)
    copy = story.add_event("copy")
    copy.copy_data_from(story.event)
    assert list(Campaign.objects.values_list("event", flat=True)) == [story.event.pk]

    Campaign.objects.create(event=copy, cursor=1, counted_to=1)
    copy.delete_sub_objects()
    copy.delete()

    assert list(Campaign.objects.values_list("event", flat=True)) == [story.event.pk]
