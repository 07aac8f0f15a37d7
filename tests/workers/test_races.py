"""Two connections to PostgreSQL at the same moment: claims, fencing, giving back, and stores that never deadlock."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.models import Campaign, KnownRecord, OrderState
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.plan.plan import Contribution, Plan, WantedRecord
from pretix_hubspot.sync.provider import HubSpotSyncProvider
from pretix_hubspot.sync.queue import campaigns, claims, order_queue
from pretix_hubspot.sync.run import order_states
from pretix_hubspot.sync.run.memory import Memory
from pretix_hubspot.sync.send.outcome import SentRecord
from pretix_hubspot.values.fingerprint import keyed
from tests.integration.sync.conftest import impatient, served, simulator  # noqa: F401  fixtures are used by name
from tests.integration.sync.story import Story
from tests.soak import amount

from . import harness

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story(transactional_db, served):
    if database.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    from hubspot_simulator import Property

    unique = Property(harness.KEY, harness.KEY, "string", "text", "dealinformation", unique=True)
    served.portal.schema.create("deals", unique)
    with scopes_disabled():
        yield Story(served)


def together(*steps: Callable[[], object], times: int = 1) -> list[object]:
    """Runs the steps in threads that start each round at the same moment; returns results and exceptions."""
    barrier, results = Barrier(len(steps)), []

    def work(step):
        with scopes_disabled():
            try:
                for _ in range(times):
                    barrier.wait(10)
                    results.append(step())
            except Exception as error:
                barrier.abort()
                results.append(error)
            finally:
                database.close()

    threads = [Thread(target=work, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(amount(60, 600))
    return results


def errors(results):
    return [result for result in results if isinstance(result, Exception)]


def test_a_claim_passes_over_rows_that_somebody_is_claiming(story):
    """Row lock of ``jobs.claim``; fails without it: the second worker would wait for the first."""
    harness.seed(story, range(20))
    pks = list(OrderSyncQueue.objects.order_by("pk").values_list("pk", flat=True))
    taken = []

    def claim():
        with database.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        taken.append(claims.claim(pks))

    with transaction.atomic():
        list(OrderSyncQueue.objects.select_for_update().filter(pk__in=pks[:10]))
        assert not errors(together(claim))
    assert [row.pk for row in taken[0].rows] == pks[10:]


def test_two_claims_share_nothing_and_leave_nothing(story):
    harness.seed(story, range(200))
    pks = list(OrderSyncQueue.objects.order_by("pk").values_list("pk", flat=True))
    taken = []

    def claim():
        taken.append(claims.claim(pks[:100]))

    assert not errors(together(*[claim] * 4))
    held = [row.pk for claim in taken if claim for row in claim.rows]
    assert sorted(held) == pks[:100]
    stamps = {row.pk: claim.stamp for claim in taken if claim for row in claim.rows}
    assert stamps == dict(OrderSyncQueue.objects.filter(in_flight=True).values_list("pk", "in_flight_since"))


@pytest.mark.soak
def test_four_drains_at_once_write_each_record_once(story, simulator):
    harness.seed(story, range(300))
    drains = [lambda: worker.work_through_queue(type(story.connection).objects.get(), seconds=30)] * 4
    assert not errors(together(*drains))
    assert story.simulator.world(harness.WORLD) == harness.expected(range(300))
    assert set(simulator.portal.writes.values()) == {1}
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.soak
def test_signals_while_rows_come_back(story):
    """Orders are queued again and again while their rows are claimed and given back."""
    harness.seed(story, range(20))
    orders = list(Order.objects.select_related("event__organizer"))

    def ring():
        for order in orders:
            HubSpotSyncProvider.enqueue_order(order, "order_changed")

    def work():
        claim = claims.claim(list(OrderSyncQueue.objects.filter(in_flight=False).values_list("pk", flat=True)))
        if claim:
            claims.release(claim, claim.orders)

    assert not errors(together(ring, work, times=amount(15, 300)))
    assert OrderSyncQueue.objects.count() == 20
    assert not OrderSyncQueue.objects.filter(in_flight=True).exists()


def test_a_worker_that_was_presumed_dead_finishes_nothing(story):
    """Fencing; fails without the stamp in ``jobs._at``."""
    harness.seed(story, range(50))
    pks = list(OrderSyncQueue.objects.values_list("pk", flat=True))
    slow = claims.claim(pks)
    OrderSyncQueue.objects.update(in_flight_since=slow.stamp - 2 * claims.lease())
    order_queue.reclaim()
    fast = claims.claim(pks)
    results = together(
        lambda: ("slow", claims.leave(slow, finished=slow.orders)),
        lambda: ("fast", claims.leave(fast, finished=fast.orders)),
    )
    assert dict(results) == {"slow": set(), "fast": set(fast.orders)}


def test_two_reclaims_return_each_row_once(story):
    harness.seed(story, range(50))
    claim = claims.claim(list(OrderSyncQueue.objects.values_list("pk", flat=True)))
    OrderSyncQueue.objects.update(in_flight_since=claim.stamp - 2 * claims.lease())
    results = together(order_queue.reclaim, order_queue.reclaim)
    assert sum(results) == 50
    assert not OrderSyncQueue.objects.filter(in_flight=True).exists()


EMAIL = PropertyDefinition("email", "Email", "string", "text")


def people(numbers):
    """A plan with a contact for each number."""
    plan = Plan(1, keyed=lambda text: keyed(b"key", text))
    for number in numbers:
        contribution = Contribution(Subject.of_order(number), 1, None, ())
        record = WantedRecord("contacts", f"{number:04d}", EMAIL, "", False, contributions=[contribution])
        plan.records[record.ref] = record
    return plan


@pytest.mark.soak
def test_two_workers_with_the_same_people_never_deadlock_and_never_hold_one_both(story):
    """Fails without the order of rows, or with locks that a lease waits for."""
    holders, both = Counter(), []

    def work(numbers):
        memory = Memory(people(numbers), lambda: False)
        memory.known()
        refs = set(people(numbers).records)
        leased = refs - memory.lease(refs)
        holders.update(leased)
        both.extend(ref for ref in leased if holders[ref] > 1)
        with transaction.atomic():
            memory.store({ref: SentRecord(ref[1], "created", fingerprint="x") for ref in leased})
            holders.subtract(leased)
        memory.committed()
        memory.release()

    there, back = range(2000), range(1999, -1, -1)
    assert not errors(together(*[lambda: work(there), lambda: work(back)] * 2, times=amount(4, 40)))
    assert both == []
    held = KnownRecord.objects.values_list("record_id", flat=True)
    assert sorted(held) == [f"{number:04d}" for number in there]
    assert not KnownRecord.objects.exclude(lease="").exists()


@pytest.mark.soak
def test_states_of_the_same_orders_from_two_workers_never_deadlock(story):
    """Fails without the order of keys in ``order_states.store_states``."""
    harness.seed(story, range(300))
    pks = list(Order.objects.values_list("pk", flat=True))

    def store(order_ids):
        with transaction.atomic():
            order_states.store_states(OrderState(order_id=pk, portal_id=1) for pk in order_ids)

    assert not errors(together(lambda: store(pks), lambda: store(pks[::-1]), times=amount(6, 100)))
    assert OrderState.objects.count() == 300


def test_a_person_in_two_events_is_one_contact_whoever_is_faster(story, simulator):
    """Both workers look, and find nobody; the slower one gives its order back, and finds the contact."""
    other = story.add_event("other")
    story.add_mappings(other)
    story.join(other)
    simulator.batch_latency_ms = 100.0
    for event in (story.event, other):
        story.order(f"A{event.slug[0].upper()}", event=event, email="ada@example.org")
    assert not errors(together(lambda: story.sync(story.event), lambda: story.sync(other)))
    OrderSyncQueue.objects.update(not_before=now())
    worker.work_through_queue(story.connection, seconds=30)
    assert not OrderSyncQueue.objects.exists()
    [contact] = story.world()["contacts"]
    assert contact["associations"] == {"deals": ["ADA/CONF/AC", "ADA/OTHER/AO"]}


def test_two_workers_fill_the_queue_of_a_campaign_with_each_order_once(story):
    """Row lock of ``campaigns``; fails without it: both would choose the same orders, and count them twice."""
    harness.seed(story, range(300))
    OrderSyncQueue.objects.all().delete()
    orders = list(Order.objects.order_by("-pk").values_list("pk", flat=True))
    sent_at = now() - timedelta(hours=1)
    OrderState.objects.bulk_create(
        OrderState(order_id=pk, portal_id=story.connection.portal_id, sent_hash="x", sent_at=sent_at) for pk in orders
    )
    campaigns.start(story.event, None, everything=True)
    limits = campaigns.Limits(waiting=40, width=7, steps=3)
    queued = []

    def turn():
        campaigns.refill(story.connection, limits)
        rows = OrderSyncQueue.objects.filter(in_flight=False)
        assert rows.count() <= limits.waiting
        return

    def send():
        """Another worker takes some of them, in the order in which they wait."""
        with transaction.atomic():
            rows = OrderSyncQueue.objects.order_by("pk").select_for_update(skip_locked=True)[:15]
            queued.extend(row.order_id for row in rows)
            OrderSyncQueue.objects.filter(pk__in=[row.pk for row in rows]).delete()

    assert not errors(together(turn, turn, send, times=100))

    send()
    assert queued == orders
    campaigns.refill(story.connection)
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.done, campaign.total) == ("done", 300, 300)
