"""Lists that many orders add to, with real workers and a HubSpot that takes 100 ms; nothing is arranged."""

import random

import pytest
from django.db import connection as database
from django_scopes import scopes_disabled
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Property
from pretix_hubspot.models import Connection, ObjectMapping, OrderState
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue.order_queue import SliceSize
from tests.integration.sync.conftest import impatient, served, simulator  # noqa: F401  fixtures are used by name
from tests.integration.sync.story import KEY, Story
from tests.workers.test_races import errors, together

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story(transactional_db, served):
    if database.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    served.portal.schema.create("deals", Property(KEY, KEY, "string", "text", "dealinformation", unique=True))
    with scopes_disabled():
        story = Story(served)
        story.add_property("contacts", "courses")
        ObjectMapping.objects.all().delete()
        rows = (("event_order_code", "courses", "append"),)
        story.add_mapping(story.event, "Order", "contacts", ("email", "email"), rows)
        yield story


def test_regulars_who_booked_many_courses_keep_all_of_them(story, simulator):
    """60 known people, 240 new orders in any order, four workers, slices of 10 to 20: a rush, or a backfill."""
    people, number = 60, 240
    draw = random.Random(4711)
    for n in range(people):
        story.order(f"P{n}", email=f"p{n}@example.org")
    story.sync()
    wanted = {n: {f"CONF-P{n}"} for n in range(people)}
    for k in range(number):
        n = draw.randrange(people)
        wanted[n].add(f"CONF-C{k}")
        story.order(f"C{k}", email=f"p{n}@example.org")
    simulator.batch_latency_ms = 100.0
    drains = [lambda: worker.work_through_queue(Connection.objects.get(), seconds=60, size=SliceSize(orders=10))] * 4
    assert not errors(together(*drains))
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.exclude(sent_hash="").count() == people + number

    contact = simulator.portal.find
    held = {n: set(contact("contacts", "email", f"p{n}@example.org").get("courses").split(";")) for n in wanted}
    lost = sum(len(wanted[n] - held[n]) for n in wanted)
    assert lost == 0, f"{lost} of {number} courses are missing in HubSpot, and every order is in sync"
