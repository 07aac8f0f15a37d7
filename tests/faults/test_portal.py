"""A portal in trouble: every order arrives in the end, nobody is to blame, and nothing personal is logged."""

import logging
import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now
from freezegun import freeze_time
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services.datasync import sync_all

from pretix_hubspot import tasks
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.health.actions import retry_access
from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import Connection, EventConnection, OrderState
from pretix_hubspot.sync import worker
from tests.counting import every_order_counts_once
from tests.workers import harness

from .conftest import expected, expire, later, orders, settle

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

PERSONAL = re.compile(r"@example\.org|Grace|\bH\d+\b|Buyer|no address|pat-eu1-|eu1-[\w-]{20}")


@pytest.fixture(autouse=True)
def silence(caplog):
    """No token, e-mail address or name in any log line of ours, at any level, whatever happens."""
    caplog.set_level(logging.DEBUG)
    yield
    ours = [r.getMessage() + (r.exc_text or "") for r in caplog.get_records("call") if _is_ours(r)]
    assert ours, "something was logged"
    assert [line for line in ours if PERSONAL.search(line)] == []


def _is_ours(record):
    """Our own loggers, and those of the libraries that we call with tokens and addresses."""
    return record.name.startswith(("pretix_hubspot", "urllib3", "requests", "pretix.base.datasync"))


def waits_unharmed():
    every_order_counts_once()
    rows = OrderSyncQueue.objects.values_list("in_flight", "failed_attempts", "need_manual_retry")
    return set(rows) == {(False, 0, None)}


def next_midnight(zone):
    """In UTC, so that an hour more or less between now and then is counted."""
    return datetime.combine(now().astimezone(zone) + timedelta(days=1), time(), zone).astimezone(UTC)


@pytest.mark.parametrize("fault", ["ten-secondly", "bad-gateway", "reset"])
def test_every_tenth_request_fails_after_its_commit(story, simulator, fault):
    for stage in ("read", "create", "update", "associate"):
        simulator.faults.add(fault, stage=stage, when="after", every=3, times=None)
    simulator.faults.add(fault, path="/crm/", when="after", every=10, times=None)
    for start in range(0, 30, 3):
        orders(story, range(start, start + 3))
        story.sync()
    settle(story)
    assert len(simulator.faults.fired) >= 10
    assert story.world() == expected(range(30))
    assert OrderState.objects.filter(problem__isnull=True).exclude(sent_hash="").count() == 30


def test_the_daily_limit_rests_the_portal_until_its_midnight_or_an_hour(story, simulator):
    simulator.limits.daily = simulator.limits.used_today(simulator.portal) + 2
    orders(story, range(4))
    story.sync()
    connection = Connection.objects.get()
    assert connection.resting_reason == "daily_limit"
    assert now() < connection.resting_until <= now() + timedelta(hours=1)
    assert waits_unharmed()
    simulator.limits.daily = None
    settle(story)
    assert story.world() == expected(range(4))


def test_after_a_rest_one_call_finds_out_whether_the_portal_is_there(story, simulator):
    """Fails without ``_answers``: a slice would ask up to fifteen times, and keep a worker for half a minute."""
    simulator.faults.add("unavailable", times=None)
    orders(story, range(4))
    story.sync()

    def rested():
        Connection.objects.update(resting_until=now() - timedelta(seconds=1))
        story.sync()

    for _ in range(3):
        asked = simulator.requests.total
        rested()
        assert simulator.requests.total == asked + 1
        assert Connection.objects.get().resting_until > now()
        assert waits_unharmed()
    simulator.faults.clear()
    rested()
    assert (story.world(), Connection.objects.get().resting_reason) == (expected(range(4)), "")


def test_lost_scopes_rest_the_portal_until_they_are_granted_again(our_own, story, simulator):
    """Nobody can be sent without contacts: one message, not one failure per order."""
    simulator.people.reduce_scopes(["crm.objects.contacts.write"])
    orders(story, range(4))
    story.sync()
    connection = Connection.objects.get()
    assert (connection.status, connection.resting_reason) == ("active", "scopes")
    assert timedelta(minutes=9) < connection.resting_until - now() <= timedelta(minutes=10)
    assert waits_unharmed()
    key = simulator.people.add_service_key()["key"]
    worker.work_through_queue(connect_token(story.organizer, key, None), seconds=10)
    assert story.world() == expected(range(4)), "at once, without waiting for anything"
    assert Connection.objects.get().resting_reason == ""


def test_lost_scopes_that_come_back_need_nobody_here(our_own, story, simulator):
    grant = simulator.auth.tokens[simulator.service_key].grant
    granted = grant.scopes
    simulator.people.reduce_scopes(["crm.objects.contacts.read"])
    orders(story, range(2))
    story.sync()
    assert waits_unharmed()
    grant.scopes = granted
    settle(story, rounds=1)
    assert story.world() == expected(range(2))


def test_lost_scopes_of_one_object_type_fail_its_orders_for_one_cause(our_own, story, simulator):
    """Other events may not need deals at all."""
    simulator.people.reduce_scopes(["crm.objects.deals.write"])
    orders(story, range(4))
    story.sync()
    assert Connection.objects.get().resting_until is None
    assert [(cause.orders, cause.failure.code) for cause in causes(story.event)] == [(4, "missing_scope")]
    key = simulator.people.add_service_key()["key"]
    assert retry_access(connect_token(story.organizer, key, None), None) == 4
    story.sync()
    assert story.world() == expected(range(4))


def test_right_after_midnight_of_the_portal_the_new_quota_is_used(our_own, story, simulator, real_budget):
    """Fails without ``reset`` in ``client_for``: the budget would believe in yesterday's number for an hour."""
    assert Connection.objects.get().account["time_zone"] == "Europe/Berlin"
    midnight = next_midnight(ZoneInfo("Europe/Berlin"))
    with freeze_time(midnight - timedelta(minutes=10), tick=True) as clock:
        simulator.limits.daily = simulator.limits.used_today(simulator.portal) + 2
        EventConnection.objects.update(joined_at=now())  # the suite may have begun later than this
        orders(story, range(4), datetime=now())
        story.sync()
        assert Connection.objects.get().resting_until.replace(microsecond=0) == midnight + timedelta(minutes=1)
        simulator.limits.daily = None
        clock.move_to(midnight + timedelta(minutes=1, seconds=1))
        OrderSyncQueue.objects.update(not_before=now())
        story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert story.world() == expected(range(4))


def test_a_migration_rests_as_long_as_hubspot_says_but_looks_again_within_the_hour(story, simulator):
    simulator.faults.add("migration", times=None, retry_after=600)
    orders(story, range(4))
    story.sync()
    connection = Connection.objects.get()
    assert connection.resting_reason == "migration"
    assert timedelta(minutes=9) < connection.resting_until - now() <= timedelta(minutes=10)
    assert waits_unharmed()
    simulator.faults.clear()
    settle(story)
    assert story.world() == expected(range(4))


def test_a_revoked_key_burns_no_attempt_and_everything_arrives_after_reconnecting(story, simulator):
    key = simulator.people.rotate_service_key(simulator.service_key)["key"]
    orders(story, range(4))
    for _ in range(3):
        later()
        story.sync()
    assert Connection.objects.get().status == "revoked"
    assert waits_unharmed()
    entries = story.event.logentry_set.filter(action_type="pretix_hubspot.connection.revoked")
    assert entries.count() == 1, "one message, not one per order"
    connection = connect_token(story.organizer, key, None)
    worker.work_through_queue(connection, seconds=10)
    assert story.world() == expected(range(4)), "at once, without waiting for anything"


def test_a_revoked_app_is_noticed_when_the_token_is_refreshed(story, simulator, oauth):
    simulator.people.revoke(hang_on=False)
    expire(oauth)
    orders(story, range(2))
    story.sync()
    assert Connection.objects.get().status == "revoked"
    assert waits_unharmed()


def test_an_outage_of_36_hours_needs_nobody(our_own, story, simulator):
    """The clock moves, cron calls pretix every half hour, and nobody else does anything."""
    with freeze_time(tick=True) as clock:

        def half_an_hour():
            clock.tick(timedelta(minutes=30))
            sync_all()
            tasks.run_periodic.apply()

        orders(story, range(3), datetime=now())
        simulator.faults.add("unavailable", times=None)
        for round_ in range(72):
            if round_ % 24 == 12:
                orders(story, [round_], datetime=now())
            half_an_hour()
            assert waits_unharmed()
            assert Connection.objects.get().resting_reason == "outage"
        simulator.faults.clear()
        half_an_hour()
        assert not OrderSyncQueue.objects.exists()
        assert Connection.objects.get().resting_until is None
    assert story.world() == expected([0, 1, 2, 12, 36, 60])


def test_a_lasting_lock_on_one_batch_stops_only_that_batch(story, simulator):
    simulator.faults.add("locked", stage="create", path="/deals/", times=None)
    orders(story, range(4))
    story.sync()
    simulator.faults.clear()
    settle(story)
    assert story.world() == expected(range(4))


def test_records_that_hubspot_always_stumbles_over_look_like_no_outage(story, simulator):
    """One in each half of the batch: both halves fail for good, and with them three calls in a row."""
    simulator.faults.add("server-error", stage="create", body="a003@example|a012@example", times=None)
    orders(story, range(16))
    story.sync()
    assert {fired.stage for fired in simulator.faults.fired} == {"create"}
    assert Connection.objects.get().resting_until is None
    failing = OrderSyncQueue.objects.values_list("order__code", "failed_attempts", "need_manual_retry")
    assert sorted(failing) == [("A003", 1, None), ("A012", 1, None)]
    assert OrderState.objects.filter(problem__isnull=True).exclude(sent_hash="").count() == 14
    simulator.faults.clear()
    settle(story, rounds=1)
    assert story.world() == expected(range(16))


def test_one_refused_address_among_a_hundred(story, simulator):
    simulator.people.set_rules("contacts", "email", [["EMAIL_BLOCKED_DOMAINS", ["blocked.example"]]])
    harness.seed(story, range(99))
    bad = story.order("BAD", email="ada@blocked.example")
    story.sync()
    assert list(OrderSyncQueue.objects.values_list("order__code", "need_manual_retry")) == [("BAD", "permanent")]
    [problem] = OrderState.objects.get(order=bad).problem
    assert (problem["object_type"], problem["params"], problem["message"]) == (
        "contacts",
        {"property": "email"},
        "This email domain is not allowed",
    )
    world = story.world(**harness.WORLD)
    assert world["contacts"] == harness.expected(range(99))["contacts"]
    assert len(world["deals"]) == 100
