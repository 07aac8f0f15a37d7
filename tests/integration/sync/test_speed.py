"""What keeps the engine fast: whom it serves first, how often it asks HubSpot, who is called to help."""

import gc
from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot import tasks
from pretix_hubspot.models import OrderState
from pretix_hubspot.server import redis, workers
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue import order_queue
from pretix_hubspot.sync.queue.triggers import BULK
from pretix_hubspot.sync.run import engine, loading

CODE_LENGTH = 16


def queue_rows(story, event, number, reason="order_placed", seconds=0):
    orders = [story.order(f"{event.slug}{n}{reason}"[:CODE_LENGTH], event=event, queue=False) for n in range(number)]
    return OrderSyncQueue.objects.bulk_create(
        OrderSyncQueue(
            order=order,
            event=event,
            sync_provider="hubspot",
            triggered_by=reason,
            not_before=now() - timedelta(hours=1) + timedelta(seconds=seconds),
        )
        for order in orders
    )


def reasons(pks):
    return [OrderSyncQueue.objects.get(pk=pk).triggered_by for pk in pks]


@pytest.fixture
def small(story):
    """A second event of the same portal."""
    event = story.add_event("small")
    story.add_mappings(event)
    story.join(event)
    return event


@pytest.fixture
def slices_of_four(monkeypatch):
    monkeypatch.setattr(order_queue, "SLICE", 4)


def test_events_take_turns_whatever_was_queued_first(story, small, slices_of_four):
    queue_rows(story, story.event, 6)
    queue_rows(story, small, 1, seconds=60)
    picked = OrderSyncQueue.objects.in_bulk(worker.next_rows([story.event.pk, small.pk]))
    assert sorted(row.event.slug for row in picked.values()) == ["conf", "conf", "conf", "small"]


@pytest.mark.parametrize("bulk", sorted(BULK))
def test_live_orders_go_before_bulk_work_of_any_event(story, small, slices_of_four, bulk):
    queue_rows(story, story.event, 3, bulk)
    queue_rows(story, small, 3, seconds=60)
    assert reasons(worker.next_rows([story.event.pk, small.pk])) == [*["order_placed"] * 3, bulk]
    assert reasons(worker.next_rows([story.event.pk])) == [bulk] * 3


def test_only_a_slice_of_nothing_but_bulk_work_yields_to_live_orders(story):
    bulk, live = queue_rows(story, story.event, 2, "bulk"), queue_rows(story, story.event, 1)
    assert order_queue.claim([bulk[0].pk]).is_bulk
    assert not order_queue.claim([bulk[1].pk, live[0].pk]).is_bulk


@pytest.mark.parametrize(("known", "requests"), [([], 4), (["g0@example.org", "buyer-a1@example.org"], 5)])
def test_a_single_order_costs_few_requests(story, simulator, known, requests):
    for email in known:
        simulator.record("contacts", email=email)
    simulator.requests.clear()
    story.order("A1", attendees=[(f"g{n}@example.org", "G", str(n)) for n in range(2)])
    worker.drain(story.connection, seconds=60)
    stages = [entry.stage for entry in simulator.requests if entry.stage not in ("schema", "owners", "pipelines")]
    assert len(stages) == requests, stages


def test_the_garbage_collector_is_back_after_a_slice(story, monkeypatch):
    during = []
    run = engine.run
    monkeypatch.setattr(engine, "run", lambda *args, **kept: during.append(gc.isenabled()) or run(*args, **kept))
    story.order("A")
    worker.drain(story.connection, seconds=60)
    assert (during, gc.isenabled()) == ([False], True)


@pytest.mark.parametrize(
    ("waiting", "at_work", "called"), [(3, 0, 0), (4, 0, 1), (4, worker.WORKERS - 2, 1), (4, worker.WORKERS - 1, 0)]
)
def test_help_is_called_for_whole_slices_up_to_a_number_of_workers(
    story, slices_of_four, monkeypatch, waiting, at_work, called
):
    queue_rows(story, story.event, waiting)
    calls = []
    monkeypatch.setattr(order_queue, "slices_in_flight", lambda events: at_work)
    worker.drain(story.connection, seconds=60, call_help=lambda: calls.append(1))
    assert len(calls) == called


def test_workers_are_counted_by_their_claims(story):
    made = queue_rows(story, story.event, 3)
    assert order_queue.slices_in_flight([story.event.pk]) == 0
    order_queue.claim([made[0].pk])
    silent = order_queue.claim([made[1].pk])
    order_queue.claim([made[2].pk])
    OrderSyncQueue.objects.filter(pk=silent.rows[0].pk).update(in_flight_since=now() - 2 * order_queue.lease())
    assert order_queue.slices_in_flight([story.event.pk]) == 2


# Calls to workers


class Keys(dict):
    """What calls to workers use of Redis."""

    def set(self, key, value, nx, ex):
        assert nx and ex == workers.CALL_EXPIRES
        return None if key in self else bool(self.update({key: value}) or True)

    def delete(self, key):
        self.pop(key, None)


@pytest.fixture
def called(monkeypatch, settings):
    """The tasks that calls start, where pretix has workers and Redis."""
    settings.HAS_CELERY = settings.HAS_REDIS = True
    keys, started = Keys(), []
    monkeypatch.setattr(redis, "connect", lambda: keys)
    monkeypatch.setattr(tasks.drain, "apply_async", lambda args: started.append(args[0]))
    return started


def call(number, capture, times=1):
    with capture(execute=True):
        for _ in range(times):
            workers.call_worker(number)


def test_a_rush_starts_one_task_until_a_worker_looks(called, db, django_capture_on_commit_callbacks):
    call(1, django_capture_on_commit_callbacks, times=50)
    call(1, django_capture_on_commit_callbacks)
    call(2, django_capture_on_commit_callbacks)
    assert called == [1, 2]
    tasks.drain(1)
    call(1, django_capture_on_commit_callbacks, times=2)
    assert called == [1, 2, 1]


def test_without_redis_every_call_starts_a_task(called, settings, db, django_capture_on_commit_callbacks):
    settings.HAS_REDIS = False
    call(1, django_capture_on_commit_callbacks, times=2)
    assert called == [1, 1]


def test_a_call_that_fails_stops_no_checkout(called, monkeypatch, db, django_capture_on_commit_callbacks):
    def gone():
        raise ConnectionError

    monkeypatch.setattr(redis, "connect", gone)
    call(1, django_capture_on_commit_callbacks)
    assert called == []


def test_source_fields_are_not_collected_for_every_slice(story, slices_of_four, monkeypatch):
    collected = []
    collect = loading.source.source_fields
    monkeypatch.setattr(loading.source, "source_fields", lambda event: collected.append(event) or collect(event))
    for number in range(12):
        story.order(f"A{number}", email=f"a{number}@example.org")
    worker.drain(story.connection, seconds=60)
    assert (len(collected), len(story.world()["deals"])) == (1, 12)


def test_a_question_that_a_mapping_asks_for_is_seen_at_once(story, slices_of_four, monkeypatch):
    """Also while the fields of the slices before are still believed."""
    send = worker.send
    keys = []

    def with_a_new_question(*args):
        goes_on = send(*args)
        if not keys:
            question = story.event.questions.create(question="Diet", type="S", identifier="DIET")
            keys.append(f"question_{question.identifier}")
            mapping = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
            row = {"pretix_field": keys[0], "external_field": "jobtitle", "value_map": "", "overwrite": "overwrite"}
            mapping.property_mappings = [*mapping.property_mappings, row]
            mapping.revision += 1
            mapping.save()
        return goes_on

    monkeypatch.setattr(worker, "send", with_a_new_question)
    for number in range(8):
        story.order(f"A{number}", attendees=[(f"a{number}@example.org", "Ada", str(number))])
    worker.drain(story.connection, seconds=60)
    assert [state.problem for state in OrderState.objects.exclude(problem=None)] == []
    assert len(story.world()["deals"]) == 8


def test_big_orders_make_small_slices(story, monkeypatch):
    monkeypatch.setattr(worker, "POSITIONS", 5)
    people = [("ada@example.org", "Ada", "L"), ("bob@example.org", "Bob", "B"), ("cy@example.org", "Cy", "C")]
    for number, attendees in enumerate([people[:2], people, people, people * 3, people[:1]]):
        story.order(f"A{number}", attendees=attendees)
    sent = []
    send = worker.send
    monkeypatch.setattr(worker, "send", lambda *args: sent.append(len(args[2])) or send(*args))
    worker.drain(story.connection, seconds=60)
    assert sent == [2, 1, 1, 1]
    assert len(story.world()["deals"]) == 5


def sizes_of_slices(story, monkeypatch):
    sent, send = [], worker.send
    monkeypatch.setattr(worker, "send", lambda *args: sent.append(len(args[2])) or send(*args))
    worker.drain(story.connection, seconds=60)
    return sent


def test_a_slice_of_a_long_queue_is_a_worker_s_part_of_it(story, slices_of_four, monkeypatch):
    monkeypatch.setattr(order_queue, "LARGEST", 8)
    queue_rows(story, story.event, 40)
    assert sizes_of_slices(story, monkeypatch) == [8, 8, 6, 5, 4, 4, 4, 1]
    assert OrderState.objects.exclude(sent_hash="").count() == 40


def test_slices_share_their_connections(story, slices_of_four, monkeypatch):
    """A new one for every slice would cost a TLS handshake for each of up to six requests at once."""
    used, run = [], engine.run
    monkeypatch.setattr(engine, "run", lambda *args, **kept: used.append(kept["http"]) or run(*args, **kept))
    closed = []
    monkeypatch.setattr("requests.Session.close", lambda session: closed.append((session, len(used))))
    queue_rows(story, story.event, 9)
    worker.drain(story.connection, seconds=60)
    assert used == [used[0]] * 3
    assert [slices for session, slices in closed if session is used[0]] == [3]
