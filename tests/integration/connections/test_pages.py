"""What the event's and the organizer's page say and do once there is a connection."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from django_scopes import scopes_disabled
from hierarkey.proxy import dirty_cache_keys
from pretix.base.models import LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.lifecycle import disconnect, for_event
from pretix_hubspot.models import Connection, EventConnection
from pretix_hubspot.sync.joining import join, leave

from .conftest import page_of

pytestmark = pytest.mark.django_db

EVENT = "/control/event/acme/conf/hubspot/"
GALA = "/control/event/acme/gala/hubspot/"
ORGANIZER = "/control/organizer/acme/hubspot/"


@pytest.fixture
def connection(organizer, event, portal, manager):
    """A connection of the organizer that ``event`` uses."""
    made = connect_token(organizer, portal.service_key, manager)
    join(event, made, manager)
    return made


def post(client, url, **data):
    return client.post(url, data, follow=True).content.decode()


def actions(event=None):
    with scopes_disabled():
        entries = LogEntry.objects.filter(action_type__startswith="pretix_hubspot.", event=event).order_by("pk")
        return [entry.action_type.removeprefix("pretix_hubspot.") for entry in entries]


def test_an_event_that_is_not_connected_offers_both_ways(client, event):
    page = page_of(client)
    assert "HubSpot Integration" in page
    assert "Automatically transfer order and attendee data to your HubSpot CRM." in page
    assert "Connect to HubSpot" in page
    assert "This event is not yet connected to a HubSpot account." in page
    assert "Request access" in page
    assert "Service key or private app token" in page
    assert "Object mappings" not in page


def test_the_facts_of_a_connection(client, connection):
    page = page_of(client)
    for fact in (
        "Portal ID:",
        "48100001",
        "Access token info",
        "Service key or private app token",
        "Standard account",
        "Europe/Berlin",
        "crm.objects.contacts.write",
        "Object mappings",
    ):
        assert fact in page


@pytest.mark.parametrize(
    ("ui_domain", "href"),
    [
        ("app-eu1.hubspot.com", "https://app-eu1.hubspot.com/contacts/48100001"),
        ("app.hubspot.com", "https://app.hubspot.com/contacts/48100001"),
        ("evil.example", "https://app.hubspot.com/contacts/48100001"),
        ("app-eu1.hubspot.com.evil.example", "https://app.hubspot.com/contacts/48100001"),
        ('"><script>', "https://app.hubspot.com/contacts/48100001"),
        ("", "https://app.hubspot.com/contacts/48100001"),
    ],
)
def test_the_link_follows_the_region_and_leads_nowhere_but_to_hubspot(client, connection, monkeypatch, ui_domain, href):
    monkeypatch.delenv("PRETIX_HUBSPOT_APP_URL")
    connection.account["ui_domain"] = ui_domain
    connection.save()
    assert f'href="{href}"' in page_of(client)


def test_with_a_configured_address_the_link_leads_there(client, connection, monkeypatch):
    monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", "https://crm.example.com/")
    assert 'href="https://crm.example.com/contacts/48100001"' in page_of(client)


def test_what_hubspot_says_about_the_account_is_escaped(client, connection):
    connection.account |= {"name": "<script>alert(1)</script>", "time_zone": "<b>", "account_type": "<i>"}
    connection.save()
    page = page_of(client)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_second_event_joins_with_one_click(client, connection, other_event):
    page = page_of(client, "gala")
    assert "Your organizer account is connected to" in page
    assert "Use this connection" in page
    page = post(client, GALA + "join/", connection=connection.pk)
    assert "The HubSpot integration is now active." in page
    joined = EventConnection.objects.get(event=other_event)
    assert now() - joined.joined_at < timedelta(minutes=1)
    assert joined.log_watermark > 0
    assert actions(other_event) == ["event.joined"]


def test_joining_again_changes_nothing(client, connection, event):
    before = EventConnection.objects.values().get()
    post(client, EVENT + "join/", connection=connection.pk)
    assert EventConnection.objects.values().get() == before
    assert actions(event) == ["event.joined"]


def test_a_connection_without_access_cannot_be_joined(client, connection, other_event):
    Connection.objects.update(status="revoked")
    assert "Use this connection" not in page_of(client, "gala")
    assert "This connection is not active." in post(client, GALA + "join/", connection=connection.pk)
    assert for_event(other_event) is None


def test_leaving_asks_first_and_says_what_is_kept(client, connection, event):
    page = client.get(EVENT + "leave/").content.decode()
    assert "The object mappings of this event are kept." in page
    assert for_event(event)
    page = post(client, EVENT + "leave/")
    assert "This event no longer uses HubSpot." in page
    assert "Use this connection" in page
    assert for_event(event) is None
    assert Connection.objects.get().status == "active"
    assert actions(event) == ["event.joined", "event.left"]


def test_leaving_twice_is_no_error(event, connection, manager):
    leave(event, manager)
    leave(event, manager)
    assert actions(event) == ["event.joined", "event.left"]


def test_disconnecting_asks_first_and_names_all_events(client, connection, event, other_event, manager):
    join(other_event, connection, manager)
    page = client.get(EVENT + "disconnect/").content.decode()
    assert "Are you sure you want to disconnect portal 48100001?" in page
    assert "Conf" in page
    assert "Gala" in page
    assert "Nothing is created twice" in page
    assert Connection.objects.get().status == "active"

    page = post(client, EVENT + "disconnect/")
    assert "Please delete the key in HubSpot as well." in page
    assert "This event is not yet connected to a HubSpot account." in page
    assert "It used portal 48100001 until it was disconnected." in page
    assert for_event(event) is for_event(other_event) is None
    assert actions(event) == ["event.joined", "connection.disconnected"]
    assert actions() == ["connection.created", "connection.disconnected"]


def test_disconnecting_what_is_disconnected_is_not_found(client, connection):
    post(client, EVENT + "disconnect/")
    assert client.post(EVENT + "disconnect/").status_code == 404


def test_connecting_the_same_portal_again_continues_for_all_events(
    client, connection, portal, event, other_event, manager
):
    join(other_event, connection, manager)
    since = EventConnection.objects.get(event=other_event).joined_at
    post(client, EVENT + "disconnect/")
    post(client, EVENT + "connect/token/", token=portal.service_key)
    assert for_event(event).connection == for_event(other_event).connection == connection
    assert for_event(other_event).joined_at == since


def test_a_revoked_connection_warns_and_offers_to_reconnect(client, connection):
    Connection.objects.update(status="revoked")
    page = page_of(client)
    assert "HubSpot no longer accepts the access of pretix" in page
    assert "Request access" in page
    assert "Orders wait" in page
    assert "Connected to HubSpot" not in page


def test_a_resting_connection_says_why_and_until_when(client, connection):
    Connection.objects.update(resting_until=now() + timedelta(hours=3), resting_reason="daily_limit")
    page = page_of(client)
    assert "The daily limit of requests to HubSpot is used up." in page
    assert "Orders wait until" in page
    Connection.objects.update(resting_until=now() - timedelta(hours=3))
    assert "Orders wait until" not in page_of(client)


def test_sync_problems_are_announced_as_core_does(client, connection, event):
    assert "Show sync problems" not in page_of(client)
    with scopes_disabled():
        channel = event.organizer.sales_channels.get(identifier="web")
        times = {"datetime": now(), "expires": now() + timedelta(days=1)}
        order = Order.objects.create(event=event, code="ABC12", total=0, sales_channel=channel, **times)
        values = {"triggered_by": "test", "not_before": now(), "need_manual_retry": "permanent"}
        OrderSyncQueue.objects.create(order=order, event=event, sync_provider="hubspot", **values)
    page = page_of(client)
    assert "synced to an external system" in page
    assert f'href="{reverse("control:event.datasync.failedjobs", args=("acme", "conf"))}"' in page


def test_test_mode_orders_are_an_option_of_the_event(client, connection, event):
    assert "Your changes have been saved." in post(client, EVENT + "options/", send_test_orders="on")
    assert for_event(event).send_test_orders is True
    post(client, EVENT + "options/", send_test_orders="on")
    post(client, EVENT + "options/")
    assert for_event(event).send_test_orders is False
    assert actions(event) == ["event.joined", "event.options.changed", "event.options.changed"]


def test_the_organizers_page_lists_connections_with_their_events(client, connection, other_event, manager):
    join(other_event, connection, manager)
    page = client.get(ORGANIZER).content.decode()
    assert "Connected to HubSpot" in page
    assert "48100001" in page
    assert "Conf" in page
    assert "Gala" in page
    assert "Connect another HubSpot account" in page


def test_no_id_occurs_twice_on_a_page(client, connection):
    for url in (EVENT, ORGANIZER):
        ids = re.findall(r'\sid="([^"]+)"', client.get(url).content.decode())
        assert [found for found in ids if ids.count(found) > 1] == []


def test_the_organizers_page_without_any_connection(client, organizer, portal):
    page = client.get(ORGANIZER).content.decode()
    assert "No HubSpot account is connected yet." in page
    page = post(client, ORGANIZER + "connect/token/", token=portal.service_key)
    assert "The HubSpot integration is now active." in page
    assert "No event uses this connection yet." in page


def test_the_organizer_disconnects(client, connection):
    url = f"{ORGANIZER}disconnect/{connection.pk}/"
    assert "Are you sure you want to disconnect portal 48100001?" in client.get(url).content.decode()
    page = post(client, url)
    assert "HubSpot has been disconnected." in page
    assert "No HubSpot account is connected yet." in page


def test_the_organizer_renews_a_revoked_connection(client, connection, portal):
    Connection.objects.update(status="revoked")
    assert "HubSpot no longer accepts the access of pretix" in client.get(ORGANIZER).content.decode()
    page = post(client, ORGANIZER + "connect/token/", token=portal.service_key, connection=connection.pk)
    assert "Connected to HubSpot" in page


def test_navigation_leads_to_our_pages(client, event, helper):
    page = client.get("/control/event/acme/conf/settings/").content.decode()
    assert f'href="{EVENT}"' in page
    page = client.get("/control/organizer/acme/edit").content.decode()
    assert f'href="{ORGANIZER}"' in page


def test_the_operator_sets_the_app_in_global_settings(client, manager, event):
    from pretix.control.forms.global_settings import GlobalSettingsForm  # inline: the only form of core's used here

    fields = GlobalSettingsForm().fields
    assert str(fields["hubspot_client_id"].label) == "HubSpot app: Client ID"
    assert "hubspot_client_secret" in fields


def test_log_entries_read_as_sentences(client, connection, event, manager):
    leave(event, manager)
    with scopes_disabled():
        entries = LogEntry.objects.filter(action_type__startswith="pretix_hubspot.").order_by("pk")
        assert [entry.display() for entry in entries] == [
            "HubSpot has been connected (portal 48100001).",
            "The event now uses the HubSpot connection to portal 48100001.",
            "The event no longer uses the HubSpot connection to portal 48100001.",
        ]


def test_a_copied_event_does_not_join_by_itself_but_is_one_click_away(client, connection, event, organizer):
    from pretix.base.models import Event  # inline: see below

    with scopes_disabled():
        copy = Event.objects.create(organizer=organizer, slug="next", name="Next", date_from=now())
        copy.copy_data_from(event)
        copy.save()
    assert "pretix_hubspot" in copy.get_plugins()
    assert for_event(copy) is None
    assert "Use this connection" in page_of(client, "next")


def test_the_page_needs_few_queries_and_no_request(client, connection, portal, django_assert_max_num_queries):
    page_of(client)
    before = len(portal.requests)
    # As after a commit: settings that any earlier test changed would be read anew at each look, up to 49 queries.
    dirty_cache_keys.set(set())
    with django_assert_max_num_queries(35):  # 20 of them are for the page of core around ours
        page_of(client)
    assert len(portal.requests) == before


@pytest.fixture
def waiting(event):
    """An order that waits to be sent."""
    with scopes_disabled():
        channel = event.organizer.sales_channels.get(identifier="web")
        times = {"datetime": now(), "expires": now() + timedelta(days=1)}
        order = Order.objects.create(event=event, code="WAIT1", total=0, sales_channel=channel, **times)
        values = {"triggered_by": "test", "not_before": now()}
        return OrderSyncQueue.objects.create(order=order, event=event, sync_provider="hubspot", **values)


def test_orders_wait_while_disconnected_but_not_after_leaving(connection, event, manager, waiting):
    disconnect(connection, manager)
    assert list(OrderSyncQueue.objects.all()) == [waiting]
    leave(event, manager)
    assert list(OrderSyncQueue.objects.all()) == []


@pytest.mark.parametrize("workers", [True, False])
def test_reconnecting_sends_what_waited_at_once_where_there_are_workers(
    client, connection, portal, settings, started_tasks, django_capture_on_commit_callbacks, workers
):
    settings.HAS_CELERY = workers
    Connection.objects.update(status="revoked")

    with django_capture_on_commit_callbacks(execute=True):
        client.post(EVENT + "connect/token/", {"token": portal.service_key})

    assert [task for task in started_tasks if task[0] == "drain"] == ([("drain", connection.pk)] if workers else [])
