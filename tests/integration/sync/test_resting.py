"""How long a portal is left alone, and what that is called."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now
from freezegun import freeze_time
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot import tasks
from pretix_hubspot.connections import resting
from pretix_hubspot.connections import resting as connections_resting
from pretix_hubspot.connections.resting import RestingReason
from pretix_hubspot.failures import reach
from pretix_hubspot.failures.codes import REFUSED_CALLS
from pretix_hubspot.failures.texts import describe_rest
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import Connection, OrderState
from pretix_hubspot.server import scopes
from pretix_hubspot.server.config import ServerMisconfigured
from tests.unit.hubspot.test_errors import all_classes

DAILY = errors.RateLimited("You have reached your daily limit.", status=429, policy="daily")
BUDGET = errors.OverBudget("The request budget of this portal is used up", policy="daily", retry_after=3_600.0)
MINUTE = timedelta(minutes=1)


def until(error, moment, zone="Europe/Berlin"):
    with freeze_time(datetime.fromisoformat(moment)):
        return resting.until(Connection(account={"time_zone": zone}), error).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("moment", "zone", "rests_until"),
    [
        ("2026-11-22 22:15", "Europe/Berlin", "2026-11-22T23:01+00:00"),  # 23:15 there: until a minute past midnight
        ("2026-11-22 22:59", "Europe/Berlin", "2026-11-22T23:01+00:00"),
        ("2026-11-22 23:01", "Europe/Berlin", "2026-11-23T00:01+00:00"),  # the new day has just begun: an hour
        ("2026-11-22 10:00", "Europe/Berlin", "2026-11-22T11:00+00:00"),  # far from midnight: look again in an hour
        ("2026-07-01 21:30", "Europe/Berlin", "2026-07-01T22:01+00:00"),  # summer time
        ("2026-11-22 07:40", "America/Los_Angeles", "2026-11-22T08:01+00:00"),
        ("2026-11-22 14:50", "Asia/Tokyo", "2026-11-22T15:01+00:00"),
        ("2026-11-22 18:20", "Asia/Kolkata", "2026-11-22T18:31+00:00"),
        ("2026-11-22 23:30", "", "2026-11-23T00:01+00:00"),
        ("2026-11-22 23:30", "Somewhere/Else", "2026-11-23T00:01+00:00"),
        ("2026-11-22 23:30", "../etc/passwd", "2026-11-23T00:01+00:00"),
    ],
)
def test_the_daily_limit_ends_at_midnight_of_the_portal(moment, zone, rests_until):
    assert until(DAILY, f"{moment}+00:00", zone) == rests_until
    assert until(BUDGET, f"{moment}+00:00", zone) == rests_until, "whoever notices first"


@pytest.mark.parametrize(
    ("error", "minutes", "reason"),
    [
        (errors.ServerTrouble(status=503), 1, "outage"),
        (errors.ServerTrouble(status=503, retry_after=600.0), 10, "outage"),
        (errors.ServerTrouble(status=503, retry_after=86_400.0), 60, "outage"),
        (errors.ConnectTimeout(), 1, "outage"),
        (errors.RateLimited(status=429), 1, "outage"),
        (errors.RateLimited(status=429, policy="daily", retry_after=120.0), 2, "daily_limit"),
        (errors.OverBudget(policy="burst", retry_after=180.0), 3, "budget"),
        (errors.Migrating(status=477), 60, "migration"),
        (errors.Migrating(status=477, retry_after=1200.0), 20, "migration"),
        (errors.Migrating(status=477, retry_after=86_400.0), 60, "migration"),
        (errors.AuthenticationFailed(status=401), 10, "revoked"),
        (errors.TokenRevoked(status=400), 10, "revoked"),
        (errors.MissingScope(status=403), 10, "scopes"),
        (errors.EdgePage(status=403), 1, "outage"),
        (errors.UnexpectedStatus(status=302), 1, "outage"),
        (errors.PaymentRequired(status=402), 10, "payment_required"),
        (errors.VersionEnded(status=410), 10, "version_ended"),
        (errors.CallRefused(status=415), 10, "call_refused"),
        (errors.LegallyBlocked(status=451), 10, "legally_blocked"),
        (errors.OAuthMisconfigured(status=400), 10, "server"),
        (errors.BlockedByServer(), 10, "server"),
        (ServerMisconfigured("no client id"), 0.5, "server"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_other_trouble(error, minutes, reason):
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with freeze_time(moment):
        assert resting.until(Connection(account={}), error) == moment + minutes * MINUTE
    assert resting.reason(error) == reason


def test_the_scopes_that_no_order_can_do_without_are_those_that_we_ask_for():
    assert {*scopes.REQUIRED_SCOPES} - {scopes.BASE_SCOPE} == reach.NEEDED_BY_ALL


def test_every_reason_has_words():
    reasons = {resting.reason(kind()) for kind in all_classes()} | {"daily_limit"}

    assert reasons == {*RestingReason, *REFUSED_CALLS}
    assert all(describe_rest(reason) for reason in reasons)
    assert describe_rest("") == describe_rest("strike") == ""


def test_only_a_budget_that_others_use_up_rests_nobody_else():
    assert not resting.is_needed(errors.OverBudget(policy="burst"))
    assert resting.is_needed(errors.OverBudget(policy="daily"))
    assert not resting.is_needed(errors.OverBudget(policy="daily"), in_bulk=True)
    assert resting.is_needed(DAILY)
    assert resting.is_needed(DAILY, in_bulk=True)


@pytest.mark.parametrize(
    ("option", "value"), [("API_UR", "https://api.hubapi.com"), ("LEASE_SECONDS", "5m"), ("API_URL", "api.hubapi.com")]
)
def test_a_typing_error_of_the_operator_fails_no_order_and_its_repair_shows_within_a_minute(
    story, monkeypatch, option, value
):
    order = story.order("A1")
    with monkeypatch.context() as typing_error:
        typing_error.setenv(f"PRETIX_HUBSPOT_{option}", value)
        story.sync()
    assert (story.world()["deals"], waiting(order)) == ([], [(False, None, 0)])
    assert OrderState.objects.filter(order=order).exclude(cause="").count() == 0

    with freeze_time(now() + MINUTE, tick=True):
        story.sync()
    assert [deal["dealname"] for deal in story.world()["deals"]] == ["CONF-A1"]


def waiting(order):
    rows = OrderSyncQueue.objects.filter(order=order)
    return list(rows.values_list("in_flight", "need_manual_retry", "failed_attempts"))


def test_a_worker_that_starts_believes_no_earlier_verdict_on_the_configuration(
    story, monkeypatch, django_capture_on_commit_callbacks
):
    order = story.order("A1")
    with monkeypatch.context() as typing_error:
        typing_error.setenv("PRETIX_HUBSPOT_API_VERSION", "2026")
        story.sync()
    assert Connection.objects.get().resting_reason == RestingReason.SERVER

    with django_capture_on_commit_callbacks(execute=True):
        tasks.on_worker_ready()
    connection = Connection.objects.get()
    assert (connection.resting_until, connection.resting_reason, waiting(order)) == (None, "", [(False, None, 0)])


def test_a_worker_that_starts_leaves_a_portal_alone_that_rests_for_another_reason(
    story, django_capture_on_commit_callbacks
):
    until = now() + MINUTE
    connections_resting.rest(story.connection, until, "outage")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.on_worker_ready()
    assert Connection.objects.get().resting_until == until
