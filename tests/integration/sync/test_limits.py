"""However many there are: orders, options, associations, events, servers."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services.datasync import sync_all

from hubspot_simulator import Option
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.hubspot.budget.shared import SharedBudget
from pretix_hubspot.hubspot.budget.stores import MemoryStore
from pretix_hubspot.hubspot.errors import OverBudget
from pretix_hubspot.models import EventConnection, KnownRecord, ObjectMapping, OrderState, Round
from pretix_hubspot.sync import sweep, worker
from pretix_hubspot.sync.queue import order_queue, schedule

LONG_AGO, NEVER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


# Now


def test_any_option_of_a_property_can_be_sent_however_many_it_has(story):
    options = [Option(f"s{number}", f"School {number}") for number in range(2_500)]
    story.add_property("deals", "school", "enumeration", "select", options=options)
    deals = ObjectMapping.objects.get(external_object_type="deals")
    story.add_rows(deals, ("order_comment", "school", "overwrite"))
    Catalog(story.connection).refresh(["deals"])
    story.order("A1", comment="s2400")
    story.order("A2", comment="School 2499")
    story.sync()
    assert [deal["school"] for deal in story.world(deals=["school"])["deals"]] == ["s2400", "s2499"]


def failed(story, count):
    for number in range(count):
        story.order(f"A{number}")
    OrderSyncQueue.objects.update(need_manual_retry="config")
    schedule.rebuild()
    return list(Order.objects.values_list("pk", flat=True))


def first_of(story):
    rows = OrderSyncQueue.objects.filter(pk__in=schedule.next_slice(story.connection).rows)
    return set(rows.values_list("order__code", flat=True))


def test_a_mass_retry_lets_new_orders_pass(story):
    order_queue.retry(story.event, failed(story, 120))
    story.order("NEW")
    assert "NEW" in first_of(story)
    live = schedule.next_slice(story.connection, live_only=True)
    assert live.rows == [OrderSyncQueue.objects.get(order__code="NEW").pk]


def test_so_does_what_an_outage_left_behind(story):
    failed(story, 120)
    long_ago = now() - timedelta(hours=2)
    OrderSyncQueue.objects.update(need_manual_retry="exceeded", not_before=long_ago)
    assert order_queue.rearm(sweep.REARM_AFTER) == 120
    story.order("NEW")
    assert "NEW" in first_of(story)


def test_a_retry_of_a_few_orders_is_as_urgent_as_ever(story):
    orders = failed(story, 3)
    OrderSyncQueue.objects.filter(order=orders[0]).delete()
    order_queue.retry(story.event, orders)
    assert sorted(OrderSyncQueue.objects.values_list("triggered_by", flat=True)) == ["order_placed"] * 2 + ["retry"]


def test_a_wish_by_hand_outlives_a_mass_retry(story):
    orders = failed(story, 30)
    OrderSyncQueue.objects.filter(order=orders[0]).update(triggered_by="user")
    order_queue.retry(story.event, orders)
    assert set(OrderSyncQueue.objects.values_list("triggered_by", flat=True)) == {"user", "bulk_retry"}


def test_links_are_looked_up_by_the_whole_index(story):
    """Without the object type, every link of the portal is looked at."""
    story.order("A1", attendees=[("ann@example.org", "Ann", "Lee")])
    story.sync()
    story.queue(Order.objects.get(), "user")
    with CaptureQueriesContext(database) as captured:
        story.sync()
    asked = [query["sql"] for query in captured.captured_queries if looks_up_links(query["sql"])]
    assert len(asked) == 1
    assert all('"object_type" IN' in sql or '"object_type" =' in sql for sql in asked)
    if database.vendor == "sqlite":
        with database.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + asked[0])
            assert all("portal_id=? AND object_type=? AND key=?" in row[-1] for row in cursor.fetchall())


def looks_up_links(sql):
    return sql.startswith("SELECT") and 'FROM "pretix_hubspot_knownrecord"' in sql and '"key" IN' in sql


def company_world(story, number, is_refused):
    """``number`` orders that share one company, and how many requests they take."""
    story.add_property("companies", "ckey", unique=True)
    ObjectMapping.objects.all().delete()
    story.add_mapping(story.event, "Order", "contacts", ("email", "email"), ())
    company = (("organizer_name", "name", "overwrite"),)
    story.add_mapping(story.event, "Order", "companies", ("organizer_slug", "ckey"), company)
    rows = (("event_order_code", "dealname", "overwrite"),)
    deals = story.add_mapping(story.event, "Order", "deals", ("order_key", "pretix_order_key"), rows)
    deals.pipeline = {"pipeline": "default", "stages": {"n": "appointmentscheduled"}}
    deals.save()
    story.order("Z1")
    story.sync()  # the schema
    assert not OrderSyncQueue.objects.exists(), OrderState.objects.get().problem
    for n in range(number):
        story.order(f"A{n}")
    if is_refused:
        story.archive(story.simulator.portal.find("companies", "ckey", "ada"))
        KnownRecord.objects.filter(object_type="companies").delete()
        story.simulator.faults.add("bad-request", stage="create", path="companies", times=None)
    story.simulator.requests.clear()
    story.sync()
    return len(list(story.simulator.requests))


def test_orders_that_share_a_record_cost_a_handful(story):
    assert company_world(story, 100, is_refused=False) <= 6


@pytest.mark.parametrize("number", [25, 100])
def test_one_refused_record_that_all_orders_share_costs_a_few_requests(story, number):
    assert company_world(story, number, is_refused=True) <= 8


def test_labelled_associations_cost_the_same_however_many_there_are(story):
    """A record that stands for the event, labelled with its visitors: each slice reads all that were linked before."""
    portal = story.simulator.portal
    story.add_property("companies", "ckey", unique=True)
    label = portal.association_types.add_label("companies", "contacts", "Visitor", "", "visitor", 50)
    ObjectMapping.objects.all().delete()
    contact = story.add_mapping(story.event, "Order", "contacts", ("email", "email"), ())
    rows = (("organizer_name", "name", "overwrite"),)
    company = story.add_mapping(story.event, "Order", "companies", ("organizer_slug", "ckey"), rows)
    company.association_mappings = [{"mapping": contact.pk, "label": "Visitor", "type": f"USER_DEFINED:{label.id}"}]
    company.save()
    story.order("A0")
    story.sync()
    record = portal.find("companies", "ckey", "ada")

    def cost(code):
        story.order(code)
        story.simulator.requests.clear()
        story.sync()
        assert not OrderSyncQueue.objects.exists()
        return len(list(story.simulator.requests))

    few = cost("B1")
    for n in range(5_000):
        story.simulator.link(record, story.simulator.record("contacts", email=f"v{n}@example.org"))
    assert cost("B2") == few


# What the round finds


def test_what_the_sweep_finds_is_queued_in_bulk(story):
    """A plugin that was off for a week: every order of the event is news."""
    for n in range(100):
        story.order(f"A{n}", queue=False).log_action("pretix.event.order.placed")
    with CaptureQueriesContext(database) as queries:
        assert sweep.run(EventConnection.objects.select_related("event").get()) == 100
    assert len(queries) < 50, f"{len(queries)} statements for 100 orders"


def test_every_order_is_compared_once_a_day_with_pretix_own_crontab(story, period, fake_clock):
    """pretix's installation guide: runperiodic at minutes 15 and 45. Nothing but the lap finds these entries."""
    orders = [story.order(f"A{n}") for n in range(30)]
    period()
    fake_clock.advance(timedelta(minutes=30).total_seconds())
    period()
    for order in orders:
        LogEntry.objects.filter(pk=order.log_action("pretix.event.order.modified").pk).update(datetime=LONG_AGO)
    Round.objects.update(log_watermark=LogEntry.objects.latest("pk").pk)
    EventConnection.objects.update(log_watermark=LogEntry.objects.latest("pk").pk, sweep_due=NEVER)
    found = []

    for _ in range(48):
        fake_clock.advance(timedelta(minutes=30).total_seconds())
        period()
        found.append(OrderState.objects.filter(log_count=1).count())

    assert found[-1] == 30
    assert max(after - before for before, after in pairwise(found)) <= 3, "a part of them each time"


def test_cores_periodic_run_batches_over_events_as_the_drain_does(story):
    """After an outage each of 40 events has one order waiting; core calls the provider event by event."""
    events = [story.add_event(f"e{n}") for n in range(40)]
    for event in events:
        story.add_mappings(event)
        story.join(event)
    story.order("Z1")
    story.sync()  # the schema

    def cost(code, send):
        for n, event in enumerate(events):
            story.order(f"{code}{n}", event=event)
        story.simulator.requests.clear()
        send()
        assert not OrderSyncQueue.objects.exists()
        return len(list(story.simulator.requests))

    drained = cost("D", lambda: worker.work_through_queue(story.connection, seconds=60))
    cores = cost("C", sync_all)
    assert cores <= 2 * drained, f"{drained} requests by drain, {cores} by core's sync_all"


def test_clocks_that_differ_share_one_limit():
    """Two servers 15 seconds apart; the diagnosis warns from 30."""
    store, made = MemoryStore(clock=lambda: 1_800_000_000.0), 0
    for ahead in (0.0, 15.0):
        clock = lambda ahead=ahead: 1_800_000_000.0 + ahead  # noqa: E731  bound to this turn
        budget = SharedBudget(store, clock=clock, sleep=lambda seconds: None, max_wait=0)
        try:
            for _ in range(200):
                made += len(list(budget.acquire()))
        except OverBudget:
            pass
    assert made <= 100, f"{made} calls in one moment, the limit is 100"
