"""Lists that many orders add to, with real workers and a HubSpot that takes 100 ms; nothing is arranged."""

import random
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Option, Property
from pretix_hubspot.models import Connection, ObjectMapping, OrderState
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.queue.schedule import SliceSize
from tests.integration.sync.conftest import impatient, served, simulator  # noqa: F401  fixtures are used by name
from tests.integration.sync.story import KEY, Story
from tests.soak import amount
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


PEOPLE, ORDERS = 60, 240
LISTS = ("boxes", "texts", "areas", "html")


def map_every_kind(story):
    """One contact mapping with lists, texts and choices in all modes."""
    codes = [f"CONF-C{k:03d}" for k in range(PEOPLE + ORDERS)]
    options = tuple(Option(code, code) for code in codes)
    story.add_property("contacts", "boxes", "enumeration", "checkbox", options=options)
    texts = {"texts": "text", "areas": "textarea", "html": "html", "once": "text", "new": "text"}
    for name, field_type in texts.items():
        story.add_property("contacts", name, "string", field_type)
    ObjectMapping.objects.all().delete()
    lists = [("event_order_code", name, "append") for name in LISTS]
    fills = [("event_order_code", "once", "if_empty"), ("event_order_code", "new", "if_new")]
    name = ("invoice_address_name_family_name", "lastname", "overwrite")
    return story.add_mapping(story.event, "Order", "contacts", ("email", "email"), [*lists, *fills, name])


@pytest.mark.parametrize("repetition", range(amount(1, 5)))
@pytest.mark.parametrize("policy", ["newest", "first", "buyer", "keep_names"])
def test_nothing_is_lost_and_no_older_value_wins(story, simulator, policy, repetition):
    """Four policies, so that the soak repeats it twenty times."""
    mapping = map_every_kind(story)
    mapping.options = {"same_address": policy}
    mapping.save()
    draw = random.Random(f"{policy} {repetition}")
    person_of = [*range(PEOPLE), *(draw.randrange(PEOPLE) for _ in range(ORDERS))]
    for n in range(PEOPLE):
        story.order(f"C{n:03d}", email=f"p{n}@example.org")
    story.sync()
    for k in range(PEOPLE, PEOPLE + ORDERS):
        story.order(f"C{k:03d}", email=f"p{person_of[k]}@example.org")
    rows = list(OrderSyncQueue.objects.values_list("pk", flat=True))
    for moment, pk in enumerate(draw.sample(rows, len(rows))):  # older orders after newer ones
        OrderSyncQueue.objects.filter(pk=pk).update(not_before=now() - timedelta(seconds=900 - moment))
    simulator.batch_latency_ms = 100.0
    drains = [lambda: worker.work_through_queue(Connection.objects.get(), seconds=90, size=SliceSize(orders=10))] * 4
    assert not errors(together(*drains))
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.exclude(sent_hash="").count() == PEOPLE + ORDERS

    wrong = []
    for n in range(PEOPLE):
        codes = [k for k, person in enumerate(person_of) if person == n]
        held = simulator.portal.find("contacts", "email", f"p{n}@example.org").properties
        wanted = {f"CONF-C{k:03d}" for k in codes}
        wrong += [(n, name) for name in LISTS if sorted(held[name].split(";")) != sorted(wanted)]
        owner = codes[-1] if policy == "newest" else codes[0]
        mine = {"lastname": f"C{owner:03d}", "once": f"CONF-C{n:03d}", "new": f"CONF-C{n:03d}"}
        wrong += [(n, name, held[name], value) for name, value in mine.items() if held[name] != value]
    assert wrong == []
