"""What keeps the engine fast: whom it serves first, how often it asks HubSpot, who is called to help."""

import gc
from datetime import timedelta

import pytest
import requests
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot import tasks
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.hubspot.transport import Session
from pretix_hubspot.models import OrderState, Run
from pretix_hubspot.server import workers
from pretix_hubspot.sync import gathering, worker
from pretix_hubspot.sync.queue import claims, order_queue, schedule
from pretix_hubspot.sync.queue.schedule import SliceSize
from pretix_hubspot.sync.queue.triggers import BULK, Trigger
from tests.interruptions import ALWAYS, LOGS_A_RUN, READS_ORDERS

CODE_LENGTH = 16
FOUR = SliceSize(orders=4)
#: What nothing but collecting the source fields of an event asks.
LISTS_FIELDS = r'^SELECT .* FROM "pretixbase_eventmetaproperty"'


def queue_rows(story, event, number, reason="order_placed", seconds=0):
    orders = [story.order(f"{event.slug}{n}{reason}"[:CODE_LENGTH], event=event, queue=False) for n in range(number)]
    rows = OrderSyncQueue.objects.bulk_create(
        OrderSyncQueue(
            order=order,
            event=event,
            sync_provider="hubspot",
            triggered_by=reason,
            not_before=now() - timedelta(hours=1) + timedelta(seconds=seconds),
        )
        for order in orders
    )
    schedule.put_rows(rows)
    return rows


def reasons(pks):
    return [OrderSyncQueue.objects.get(pk=pk).triggered_by for pk in pks]


@pytest.fixture
def small(story):
    """A second event of the same portal."""
    event = story.add_event("small")
    story.add_mappings(event)
    story.join(event)
    return event


def test_events_take_turns_whatever_was_queued_first(story, small):
    queue_rows(story, story.event, 6)
    queue_rows(story, small, 1, seconds=60)
    picked = OrderSyncQueue.objects.in_bulk(schedule.next_slice(story.connection, size=FOUR, workers=2).rows)

    assert sorted(row.event.slug for row in picked.values()) == ["conf", "conf", "conf", "small"]


@pytest.mark.parametrize("bulk", sorted(BULK))
def test_live_orders_go_before_bulk_work_of_any_event(story, small, bulk):
    queue_rows(story, story.event, 3, bulk)
    queue_rows(story, small, 3, seconds=60)

    assert reasons(schedule.next_slice(story.connection, size=FOUR, workers=2).rows) == [*["order_placed"] * 3, bulk]


def test_only_a_slice_of_nothing_but_bulk_work_yields_to_live_orders(story):
    bulk, live = queue_rows(story, story.event, 2, "bulk"), queue_rows(story, story.event, 1)
    assert claims.claim([bulk[0].pk]).is_bulk
    assert not claims.claim([bulk[1].pk, live[0].pk]).is_bulk


@pytest.mark.parametrize(("known", "requests"), [([], 4), (["g0@example.org", "buyer-a1@example.org"], 5)])
def test_a_single_order_costs_few_requests(story, simulator, known, requests):
    for email in known:
        simulator.record("contacts", email=email)
    simulator.requests.clear()
    story.order("A1", attendees=[(f"g{n}@example.org", "G", str(n)) for n in range(2)])
    worker.work_through_queue(story.connection, seconds=60)
    stages = [entry.stage for entry in simulator.requests if entry.stage not in ("schema", "owners", "pipelines")]
    assert len(stages) == requests, stages


def test_the_garbage_collector_is_back_after_a_slice(story, statements):
    during = []
    statements.before(READS_ORDERS, lambda: during.append(gc.isenabled()))
    story.order("A")

    worker.work_through_queue(story.connection, seconds=60)

    assert (during, gc.isenabled()) == ([False], True)


def test_a_garbage_collector_that_was_off_stays_off(story):
    story.order("A1")
    gc.disable()
    try:
        story.sync()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(("orders", "trigger"), [(20, Trigger.RETRY), (21, Trigger.MASS_RETRY)])
def test_a_retry_of_more_than_twenty_orders_lets_others_pass(orders, trigger):
    assert order_queue.retry_of(orders) == trigger


@pytest.mark.parametrize(("waiting", "called"), [(3, 0), (4, 0), (5, 1), (13, 2)])
def test_help_is_called_while_more_waits_than_a_slice(story, waiting, called):
    queue_rows(story, story.event, waiting)
    calls = []

    worker.work_through_queue(story.connection, seconds=60, call_help=lambda: calls.append(1), size=FOUR)

    assert len(calls) == called


# Calls to workers


class Keys(dict):
    """What calls to workers use of Redis."""

    def set(self, key, value, nx, ex):
        assert nx and ex
        return (
            None
            if key in self
            else bool(self.update({key: value.encode() if isinstance(value, str) else value}) or True)
        )

    def delete(self, key):
        self.pop(key, None)


@pytest.fixture
def called(monkeypatch, settings, started_tasks):
    """The tasks that calls start, where pretix has workers and Redis."""
    settings.HAS_CELERY = settings.HAS_REDIS = True
    keys = Keys()
    monkeypatch.setattr("django_redis.get_redis_connection", lambda name: keys)
    return started_tasks


def call(number, capture, times=1):
    with capture(execute=True):
        for _ in range(times):
            workers.call_worker(number)


def test_a_rush_starts_one_task_until_a_worker_looks(called, db, django_capture_on_commit_callbacks):
    call(1, django_capture_on_commit_callbacks, times=50)
    call(1, django_capture_on_commit_callbacks)
    call(2, django_capture_on_commit_callbacks)
    assert called == [("drain", 1), ("drain", 2)]

    tasks.drain(1)
    call(1, django_capture_on_commit_callbacks, times=2)

    assert called == [("drain", 1), ("drain", 2), ("drain", 1)]


def test_without_redis_every_call_starts_a_task(called, settings, db, django_capture_on_commit_callbacks):
    settings.HAS_REDIS = False
    call(1, django_capture_on_commit_callbacks, times=2)

    assert called == [("drain", 1)] * 2


def test_an_urgent_call_does_not_wait_for_one_for_later(called, db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        workers.call_worker(1, 9.5)
        workers.call_worker(1, 9.5)
        workers.call_worker(1)
        workers.call_worker(1, 1.1)

    assert 3 <= len(called) <= 4, "two calls for one moment are one, unless it lies at the edge"


def test_as_many_workers_as_the_operator_allows(called):
    with workers.place_at(1) as first, workers.place_at(1) as second, workers.place_at(1) as third:
        assert (first, second, third) == (True, True, False)
        with workers.place_at(2) as other:
            assert other
    with workers.place_at(1) as first:
        assert first


def test_whoever_finds_no_place_looks_again(story, called, django_capture_on_commit_callbacks):
    pk = story.connection.pk

    with workers.place_at(pk), workers.place_at(pk), django_capture_on_commit_callbacks(execute=True):
        tasks.drain(pk)

    assert called == [("drain", pk)]


def test_a_call_that_fails_stops_no_checkout(called, monkeypatch, db, django_capture_on_commit_callbacks):
    def gone(name):
        raise ConnectionError

    monkeypatch.setattr("django_redis.get_redis_connection", gone)

    call(1, django_capture_on_commit_callbacks)

    assert called == []


def test_source_fields_are_not_collected_for_every_slice(story, statements, field_names_are_kept):
    collected = []
    statements.before(LISTS_FIELDS, lambda: collected.append(1), times=ALWAYS)
    for number in range(12):
        story.order(f"A{number}", email=f"a{number}@example.org")

    worker.work_through_queue(story.connection, seconds=60, size=FOUR)

    assert (len(collected), len(story.world()["deals"])) == (1, 12)


def test_a_question_that_a_mapping_asks_for_is_seen_at_once(story, statements, field_names_are_kept):
    """Also while the fields of the slices before are still believed."""

    def ask():
        question = story.event.questions.create(question="Diet", type="S", identifier="DIET")
        mapping = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
        story.add_rows(mapping, (f"question_{question.identifier}", "jobtitle", "overwrite"))

    statements.after(LOGS_A_RUN, ask)
    for number in range(8):
        story.order(f"A{number}", attendees=[(f"a{number}@example.org", "Ada", str(number))])

    worker.work_through_queue(story.connection, seconds=60, size=FOUR)

    assert [state.problem for state in OrderState.objects.exclude(problem=None)] == []
    assert len(story.world()["deals"]) == 8


def sizes_of_slices(story, size):
    worker.work_through_queue(story.connection, seconds=60, size=size)
    return list(Run.objects.order_by("pk").values_list("orders", flat=True))


@pytest.mark.parametrize(("orders", "people"), [(1, 0), (1, 3), (20, 1), (100, 1), (100, 3)])
@pytest.mark.parametrize("known", [False, True])
def test_a_slice_needs_no_more_requests_than_are_reserved_for_it(story, orders, people, known):
    """One that runs short is given up in the middle, and sent anew."""
    for code in ("A", "B") if known else ("B",):
        story.sync()  # the schema, and what came before
        story.simulator.requests.clear()
        for number in range(orders):
            guests = [(f"guest{number}x{n}@example.org", code, str(n)) for n in range(people)]
            story.order(f"{code}{number}", email=f"buyer{number}@example.org", attendees=guests)
    if not known:
        Catalog(story.connection).refresh(["contacts", "deals"])
        story.simulator.requests.clear()

    story.sync()

    assert story.simulator.requests.total <= gathering.expected_calls(orders, orders * max(1, people))


def test_big_orders_make_small_slices(story):
    people = [("ada@example.org", "Ada", "L"), ("bob@example.org", "Bob", "B"), ("cy@example.org", "Cy", "C")]
    for number, attendees in enumerate([people[:2], people, people, people * 3, people[:1]]):
        story.order(f"A{number}", attendees=attendees)

    assert sizes_of_slices(story, SliceSize(positions=5)) == [2, 1, 1, 1]
    assert len(story.world()["deals"]) == 5


def test_a_slice_of_a_long_queue_is_a_worker_s_part_of_it(story):
    queue_rows(story, story.event, 40)

    assert sizes_of_slices(story, FOUR) == [8, 8, 8, 8, 4, 4]
    assert OrderState.objects.exclude(sent_hash="").count() == 40


def test_slices_share_their_connections(story, monkeypatch):
    """A new one for every slice would cost a TLS handshake for each of up to six requests at once."""
    closed, close = [], requests.Session.close

    def noted(session):
        if isinstance(session, Session):
            closed.append(Run.objects.count())
        close(session)

    monkeypatch.setattr(requests.Session, "close", noted)
    queue_rows(story, story.event, 13)

    worker.work_through_queue(story.connection, seconds=60, size=FOUR)

    assert closed == [3], "a single one, after all three slices"
