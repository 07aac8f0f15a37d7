"""Access tokens: refreshed ahead of expiry, once, and what happens when HubSpot no longer wants us."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection as database
from django.utils.timezone import now
from django_scopes import scopes_disabled
from freezegun import freeze_time
from pretix.base.models import LogEntry

from pretix_hubspot.connections import oauth_app, tokens
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.connecting import connect_oauth, connect_token
from pretix_hubspot.connections.lifecycle import disconnect, for_event
from pretix_hubspot.connections.resting import rest, wake
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.sync import worker
from pretix_hubspot.sync.joining import join

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(organizer, event, portal, manager):
    """An OAuth connection that ``event`` uses."""
    return oauth_connection(organizer, event, portal, manager)


def oauth_connection(organizer, event, portal, user):
    app = next(iter(portal.auth.apps.values()))
    scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
    code = portal.auth.authorise(app, portal.portal.id, scopes, oauth_app.return_url())
    granted = oauth_app._app().exchange(code, oauth_app.return_url())
    made = connect_oauth(organizer, granted, user)
    join(event, made, user)
    return made


def expire(connection, left=timedelta(0)):
    connection.expires_at = now() + left
    connection.refreshed_at = connection.expires_at - timedelta(minutes=30)
    connection.save()


def reloaded(connection):
    return Connection.objects.get(pk=connection.pk)


def test_a_good_token_is_used_without_asking_anybody(connection, portal, django_assert_num_queries):
    before = portal.auth.refreshes
    with django_assert_num_queries(0):
        assert tokens.access_token(connection) in portal.auth.tokens
    assert portal.auth.refreshes == before


@pytest.mark.parametrize(("left", "refreshes"), [(timedelta(minutes=6), 0), (timedelta(minutes=4), 1)])
def test_a_token_is_refreshed_five_minutes_ahead(connection, portal, left, refreshes):
    expire(connection, left)
    tokens.access_token(connection)
    assert portal.auth.refreshes == refreshes


@freeze_time("2030-06-01 12:00")
def test_a_token_with_five_minutes_left_is_refreshed(connection, portal):
    expire(connection, timedelta(minutes=5))
    tokens.access_token(connection)
    assert portal.auth.refreshes == 1


def test_a_token_that_lives_for_a_minute_is_not_refreshed_at_every_call(connection, portal):
    before = portal.auth.refreshes
    with freeze_time(tick=True) as clock:
        connection.refreshed_at, connection.expires_at = now(), now() + timedelta(minutes=1)
        connection.save()
        tokens.access_token(connection)
        assert portal.auth.refreshes == before
        clock.tick(timedelta(seconds=31))
        tokens.access_token(connection)
    assert portal.auth.refreshes == before + 1


def test_a_refreshed_token_is_stored_with_its_times(connection, portal):
    expire(connection)
    token = tokens.access_token(connection)
    stored = reloaded(connection)
    assert tokens.access_token(stored) == token
    assert stored.expires_at > now() + timedelta(minutes=25)
    assert now() - stored.refreshed_at < timedelta(minutes=1)
    assert portal.auth.refreshes == 1


def test_a_token_that_somebody_else_refreshed_is_taken_over(connection, portal):
    stale = reloaded(connection)
    expire(connection)
    expire(stale)
    token = tokens.access_token(connection)
    assert tokens.access_token(stale) == token
    assert portal.auth.refreshes == 1


def test_a_401_refreshes_once_and_the_call_goes_through(connection, portal):
    portal.auth.expire_access_tokens()  # while our clock says that the token is good
    assert client_for(connection).account().portal_id == portal.portal.id
    assert portal.auth.refreshes == 1


@pytest.mark.parametrize(("make", "word"), [("revoke_all", "BAD_REFRESH_TOKEN"), ("delete_portal", "BAD_HUB")])
def test_revoked_access_is_noticed_once_and_nothing_else_is_lost(connection, event, portal, make, word):
    if make == "revoke_all":
        portal.auth.revoke_all(hang_on=False)
    else:
        portal.auth.deleted_portals.add(portal.portal.id)
    expire(connection)
    for _ in range(2):
        with pytest.raises(errors.TokenRevoked):
            client_for(reloaded(connection)).account()
    assert reloaded(connection).status == "revoked"
    assert for_event(event).connection == connection
    with scopes_disabled():
        entries = LogEntry.objects.filter(action_type="pretix_hubspot.connection.revoked").order_by("pk")
        assert [(entry.event, entry.parsed_data) for entry in entries] == [
            (None, {"portal": portal.portal.id}),
            (event, {"portal": portal.portal.id, "events": 1}),
        ]


def test_a_revoked_connection_does_not_bother_hubspot(connection, portal):
    Connection.objects.update(status="revoked")
    before = len(portal.requests)
    with pytest.raises(errors.TokenRevoked):
        client_for(reloaded(connection)).account()
    assert len(portal.requests) == before


def test_revocation_noticed_late_does_not_undo_a_reconnect(connection, organizer, event, portal, manager):
    stale = reloaded(connection)
    oauth_connection(organizer, event, portal, manager)
    tokens.mark_revoked(stale, errors.TokenRevoked())
    assert reloaded(connection).status == "active"


@pytest.mark.parametrize("fault", ["unavailable", "bad-gateway", "ten-secondly", "reset", "truncated"])
def test_trouble_at_the_token_endpoint_never_disconnects(connection, portal, fault):
    struck = portal.faults.add(fault, stage="token")
    expire(connection)
    with pytest.raises(errors.HubSpotError) as caught:
        client_for(connection).account()
    assert struck.fired == 1
    assert caught.value.retryable
    assert reloaded(connection).status == "active"
    assert client_for(reloaded(connection)).account()


def test_a_wrong_client_secret_keeps_the_tokens(connection, portal, monkeypatch):
    expire(connection)
    kept = reloaded(connection).refresh_token
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_SECRET", "wrong")
    with pytest.raises(errors.OAuthMisconfigured):
        client_for(connection).account()
    assert (reloaded(connection).status, reloaded(connection).refresh_token) == ("active", kept)


def test_a_removed_app_is_the_operators_problem(connection, portal, monkeypatch):
    expire(connection)
    monkeypatch.delenv("PRETIX_HUBSPOT_CLIENT_ID")
    with pytest.raises(ServerMisconfigured):
        client_for(connection).account()
    assert reloaded(connection).status == "active"


def rest_is_over(connection):
    Connection.objects.filter(pk=connection.pk).update(resting_until=now() - timedelta(seconds=1))
    return reloaded(connection)


def test_a_deleted_key_is_called_revoked_once_it_is_refused_a_while_later(organizer, event, portal, manager):
    connection = connect_token(organizer, portal.service_key, manager)
    del portal.auth.tokens[portal.service_key]

    with pytest.raises(errors.AuthenticationFailed):
        client_for(connection).account()
    first = reloaded(connection)
    worker.work_through_queue(first, seconds=1)
    meanwhile = reloaded(connection)
    worker.work_through_queue(rest_is_over(connection), seconds=1)

    assert (first.status, first.resting_reason) == ("active", "revoked")
    assert timedelta(minutes=9) < first.resting_until - now() <= timedelta(minutes=10)
    assert (meanwhile.status, meanwhile.resting_until) == ("active", first.resting_until)
    assert reloaded(connection).status == "revoked"


def test_pages_that_are_opened_during_the_rest_or_after_it_put_nothing_off(organizer, event, portal, manager):
    connection = connect_token(organizer, portal.service_key, manager)
    del portal.auth.tokens[portal.service_key]

    def open_page():
        with pytest.raises(errors.AuthenticationFailed):
            client_for(reloaded(connection)).account()
        return reloaded(connection).resting_until

    until = open_page()
    with freeze_time(until - timedelta(minutes=1)):
        during = open_page()
        rest(connection, now() + timedelta(minutes=10), "revoked")  # a slice that was refused as well
    with freeze_time(until + timedelta(minutes=1), tick=True):
        after = open_page()
        worker.work_through_queue(reloaded(connection), seconds=1)

    assert (during, connection.resting_until, after) == (until, until, until)
    assert reloaded(connection).status == "revoked"


def test_a_key_that_is_accepted_again_a_while_later_was_refused_by_mistake(organizer, event, portal, manager):
    connection = connect_token(organizer, portal.service_key, manager)
    portal.faults.add("unauthorized", times=2)

    with pytest.raises(errors.AuthenticationFailed):
        client_for(connection).account()
    resting = reloaded(connection).resting_reason
    worker.work_through_queue(rest_is_over(connection), seconds=1)

    assert resting == "revoked"
    assert (reloaded(connection).status, reloaded(connection).resting_reason) == ("active", "")


def test_a_key_that_is_refused_once_is_tried_again_at_once(organizer, event, portal, manager):
    connection = connect_token(organizer, portal.service_key, manager)
    portal.faults.add("unauthorized", times=1)

    assert client_for(connection).account()
    assert (reloaded(connection).status, reloaded(connection).resting_reason) == ("active", "")


def test_a_key_that_was_replaced_during_the_rest_is_not_blamed(organizer, event, portal, manager):
    connection = connect_token(organizer, portal.service_key, manager)
    newer = portal.auth.rotate_service_key(portal.service_key, "eu1")
    with pytest.raises(errors.AuthenticationFailed):
        client_for(connection).account()
    stale = rest_is_over(connection)
    connect_token(organizer, newer, manager)

    worker.work_through_queue(stale, seconds=1)

    assert (reloaded(connection).status, reloaded(connection).resting_reason) == ("active", "")


def test_access_that_hubspot_grants_anew_but_does_not_accept_is_never_called_revoked(connection, portal):
    portal.faults.add("unauthorized", path="/account-info/", times=None)

    for _ in range(3):
        worker.work_through_queue(rest_is_over(connection), seconds=1)
        with pytest.raises(errors.AuthenticationFailed):
            client_for(reloaded(connection)).account()

    assert (reloaded(connection).status, reloaded(connection).resting_reason) == ("active", "revoked")


def test_a_key_that_was_replaced_meanwhile_is_taken_over(organizer, event, portal, manager):
    stale = connect_token(organizer, portal.service_key, manager)
    newer = portal.auth.rotate_service_key(portal.service_key, "eu1")
    connect_token(organizer, newer, manager)
    assert client_for(stale).account()
    assert reloaded(stale).status == "active"


def test_rotated_server_secret_still_reads_and_then_rewrites(connection, portal, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-secret", [settings.SECRET_KEY]
    expire(connection)
    tokens.access_token(connection)
    settings.SECRET_KEY_FALLBACKS = []
    assert tokens.access_token(reloaded(connection)) in portal.auth.tokens
    assert tokens.refresh_token(reloaded(connection)) in portal.auth.refresh_tokens


def test_a_lost_server_secret_is_the_operators_problem_and_disconnects_nothing(connection, portal, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-secret", []
    with pytest.raises(ServerMisconfigured):
        client_for(connection).account()
    assert reloaded(connection).status == "active"


def test_disconnecting_revokes_at_hubspot_and_wipes_the_tokens(connection, portal, manager):
    assert disconnect(connection, manager) is True
    assert portal.auth.refresh_tokens == {}
    stored = reloaded(connection)
    assert (stored.status, stored.access_token, stored.refresh_token) == ("disconnected", "", "")
    with pytest.raises(errors.TokenRevoked):
        client_for(stored).account()


def test_disconnecting_works_while_hubspot_is_down(connection, portal, manager):
    portal.faults.add("unavailable", times=None)
    assert disconnect(connection, manager) is False
    assert reloaded(connection).access_token == ""


def test_what_another_worker_learned_meanwhile_stays(connection):
    soon, later = now() + timedelta(minutes=1), now() + timedelta(hours=1)
    mine, other = reloaded(connection), reloaded(connection)
    rest(other, later, "daily_limit")
    rest(mine, soon, "outage")
    assert (mine.resting_until, mine.resting_reason) == (later, "daily_limit")
    assert reloaded(connection).resting_reason == "daily_limit"

    Connection.objects.update(resting_until=now() - timedelta(hours=1))
    mine, other = reloaded(connection), reloaded(connection)
    rest(other, later, "migration")
    wake(mine)
    assert (mine.resting_until, mine.resting_reason) == (later, "migration")
    assert reloaded(connection).resting_until == later


def test_resting_only_grows_until_it_ends(connection):
    soon, later = now() + timedelta(minutes=1), now() + timedelta(hours=1)
    rest(connection, later, "daily")
    rest(connection, soon, "outage")
    assert (reloaded(connection).resting_until, reloaded(connection).resting_reason) == (later, "daily")
    wake(connection)
    assert (reloaded(connection).resting_until, reloaded(connection).resting_reason) == (None, "")


def refresh_in_parallel(connection, workers):
    """The tokens that this many threads get, all starting at the same moment."""
    barrier, got = Barrier(workers), []

    def work():
        mine = reloaded(connection)
        barrier.wait(10)
        try:
            got.append(tokens.access_token(mine))
        finally:
            database.close()

    threads = [Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return got


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_parallel_workers_refresh_once(organizer, event, portal, manager):
    """Fails without the row lock in ``tokens``: every worker would refresh."""
    connection = oauth_connection(organizer, event, portal, manager)
    portal.latency_ms = 100.0
    expire(connection)
    got = refresh_in_parallel(connection, 6)
    assert len(got) == 6
    assert len(set(got)) == 1
    assert portal.auth.refreshes == 1
