"""A worker gives orders back since another one writes a record of theirs, and stays for them; but not for ever."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import KnownRecord, ObjectMapping, OrderState
from pretix_hubspot.sync import worker


@pytest.fixture
def known(story):
    """Ada's contact, which a first order made; it is leased by another worker, for five minutes."""
    story.order("A1", email="ada@example.org")
    story.sync()
    contact = KnownRecord.objects.filter(object_type="contacts")
    contact.update(lease="another worker", leased_until=now() + timedelta(minutes=5))
    ObjectMapping.objects.filter(pretix_model="Order", external_object_type="contacts").update(
        property_mappings=[
            {"pretix_field": "event_order_code", "external_field": "lastname", "overwrite": "overwrite"}
            | {"value_map": ""}
        ],
        revision=2,
    )
    return contact


def last_name(story):
    return story.simulator.portal.find("contacts", "email", "ada@example.org").get("lastname")


def drain(story, seconds=30):
    return worker.work_through_queue(story.connection, seconds=seconds)


def test_an_order_is_sent_once_the_other_worker_is_done(story, known, fake_clock):
    story.order("A2", email="ada@example.org")
    free = story.order("A3")
    fake_clock.meanwhile(lambda: known.update(lease="", leased_until=None))

    assert drain(story) is None

    assert not OrderSyncQueue.objects.exists()
    assert last_name(story) == "CONF-A2"
    assert OrderState.objects.exclude(sent_hash="").count() == 3
    assert OrderState.objects.get(order=free).sent_at < OrderState.objects.get(order__code="A2").sent_at
    assert 0 < sum(fake_clock.slept) <= 2.0, "as long as the order waits"


def test_an_order_whose_record_a_dead_worker_leased_is_left_to_the_next_call(story, known, fake_clock):
    story.order("A2", email="ada@example.org")

    assert 0 < drain(story) <= 2, "somebody has to come back"

    assert list(OrderSyncQueue.objects.values_list("in_flight", "failed_attempts")) == [(False, 0)]
    assert sum(fake_clock.slept) <= 30 and len(fake_clock.slept) <= 60, "it waits, but neither long nor busily"
    fake_clock.advance(301)
    assert drain(story) is None
    assert not OrderSyncQueue.objects.exists()


def test_the_time_of_a_worker_is_limited_while_it_waits(story, known, fake_clock):
    story.order("A2", email="ada@example.org")
    assert 0 <= drain(story, seconds=0.4) <= 2, "the order is left to the next worker"
    assert sum(fake_clock.slept) <= 0.4
    assert OrderSyncQueue.objects.count() == 1


def test_orders_that_wait_hold_back_no_others(story, known, fake_clock):
    """Another order arrives while the worker waits."""
    story.order("A2", email="ada@example.org")
    fake_clock.meanwhile(lambda: story.order("A3"))
    drain(story)
    assert list(OrderSyncQueue.objects.values_list("order__code", flat=True)) == ["A2"]
