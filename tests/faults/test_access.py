"""A key that HubSpot refuses at any stage of the engine, by mistake or for good: when that is called revoked."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import Connection
from tests.counting import every_order_counts_once

from .conftest import expected, later, orders, settle

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

STAGES = (("new", "read"), ("new", "create"), ("new", "associate"), ("changed", "read"), ("changed", "update"))
every_stage = pytest.mark.parametrize(("what", "stage"), STAGES, ids=map("-".join, STAGES))
both_sides = pytest.mark.parametrize("when", ["before", "after"])


@pytest.fixture
def waiting(story):
    """Two orders, new or changed, that wait for a portal whose schema is known."""

    def make(what):
        mine = orders(story, range(2))
        story.sync()
        if what == "changed":
            for order in mine:
                order.total = 55
                order.save()
                story.queue(order, "order_changed")
            return expected(range(2), "55.0")
        orders(story, range(2, 4))
        return expected(range(4))

    return make


def state():
    connection = Connection.objects.get()
    rows = set(OrderSyncQueue.objects.values_list("in_flight", "failed_attempts", "need_manual_retry"))
    return connection.status, connection.resting_reason, rows


WAITS_UNHARMED = {(False, 0, None)}


@every_stage
@both_sides
def test_a_stray_refusal_delays_nothing(story, simulator, waiting, what, stage, when):
    world = waiting(what)
    simulator.faults.add("unauthorized", stage=stage, when=when, times=1)

    story.sync()

    assert {(fired.stage, fired.when) for fired in simulator.faults.fired} == {(stage, when)}
    assert state() == ("active", "", set())
    assert story.world() == world


@every_stage
@both_sides
def test_refusals_for_some_minutes_revoke_nothing(story, simulator, waiting, what, stage, when):
    world = waiting(what)
    simulator.faults.add("unauthorized", stage=stage, when=when, times=None)

    story.sync()

    assert state() == ("active", "revoked", WAITS_UNHARMED)
    assert timedelta(minutes=9) < Connection.objects.get().resting_until - now() <= timedelta(minutes=10)
    every_order_counts_once()
    simulator.faults.clear()
    settle(story)
    assert (story.world(), state()) == (world, ("active", "", set()))


@every_stage
def test_a_key_that_is_refused_for_good_is_revoked_at_the_second_look(story, simulator, waiting, what, stage):
    waiting(what)
    simulator.faults.add("unauthorized", stage=stage, times=None)
    story.sync()
    simulator.faults.add("unauthorized", times=None)
    first = state()
    asked = simulator.requests.total

    later()
    story.sync()

    assert first == ("active", "revoked", WAITS_UNHARMED)
    assert state() == ("revoked", "revoked", WAITS_UNHARMED)
    assert simulator.requests.total == asked + 2, "one cheap call, and once more"
