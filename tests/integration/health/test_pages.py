"""What people see and do: numbers, lists, problems by cause, pause; who may, and how many queries it takes."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Property
from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.control.views.health import row_modes, state_rows
from pretix_hubspot.health.causes import causes, row_text
from pretix_hubspot.health.numbers import numbers
from pretix_hubspot.models import Connection, DailyCount, EventConnection, OrderState, RequestBudgetState
from pretix_hubspot.sync import sweep, worker
from pretix_hubspot.sync.queue.schedule import SliceSize
from pretix_hubspot.sync.run.run_log import count_today
from tests.interruptions import LOGS_A_RUN

from .conftest import SETTINGS, browser, make_user

BASE = "/control/event/ada/conf/hubspot/"
ORGANIZER = "/control/organizer/ada/hubspot/"


def text(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def post(client, url, **data):
    return " ".join(client.post(url, data, follow=True).content.decode().split())


@pytest.fixture
def failing(story):
    """Two orders fail for one cause, a third for another, a fourth is in sync."""
    for code in ("A1", "A2"):
        story.order(code, email="not an address")
    story.order("A3")
    story.sync()
    assert [cause.orders for cause in causes(story.event)] == [2]
    return story


def test_the_settings_page_shows_numbers_with_links(client, failing):
    page = text(client, BASE)
    assert "Orders of this event in HubSpot" in page
    assert tiles(page) == {
        "in_sync": "1 In sync",
        "waiting": "0 Waiting",
        "failing": "2 Failing",
        "excluded": "0 Excluded",
        "not_in_scope": "0 Not in scope",
    }
    assert "<strong>3</strong> All orders" in page
    assert f'href="{BASE}problems/"' in page
    assert "Transfers in the last 14 days" in page


def tiles(page):
    """What each number says, by where it leads."""
    tile = rf'href="{BASE}orders/(\w+)/"[^>]*> ?<strong>(\d+)</strong> ([\w ]+)</a>'
    found = re.findall(tile, page)
    return {state: f"{count} {label}" for state, count, label in found}


def test_the_settings_page_shows_the_oldest_waiting_order_and_the_budget(client, story):
    story.order("OLD1")
    story.order("NEW1")
    OrderSyncQueue.objects.filter(order__code="OLD1").update(triggered=now() - timedelta(hours=3))
    text(client, BASE)  # asks HubSpot for the schema once, which counts
    daily = {"limit": 250_000, "remaining": 248_766, "at": int(now().timestamp() * 1000)}
    key = f"{story.connection.portal_id}:{story.connection.kind}"
    RequestBudgetState.objects.update_or_create(portal=key, defaults={"state": {"daily": daily}})
    for address in (BASE, ORGANIZER):
        page = text(client, address)
        assert "Oldest waiting order: " in page
        assert 'href="/control/event/ada/conf/orders/OLD1/">OLD1</a>' in page
        assert "orders/NEW1/" not in page
        assert "Request budget used: 0 of 100 in the last 10 seconds, 1,234 of 250,000 today." in page


def test_the_organizers_page_shows_the_numbers_of_each_event(client, failing):
    gala = failing.add_event("gala")
    gala.name = "Gala"
    gala.save()
    failing.add_mappings(gala)
    failing.join(gala)
    failing.order("B1", event=gala)
    failing.order("B2", event=gala, testmode=True)
    failing.order("B3", event=gala, datetime=now() - timedelta(days=9), queue=False)
    failing.sync(gala)
    for code in ("B4", "B5"):
        failing.order(code, event=gala)
    heads, *rows = table(text(client, ORGANIZER))
    assert heads == ["Event", "In sync", "Waiting", "Failing", "Excluded", "Not in scope", "All orders"]
    named = {row[0].partition(" (")[0]: row[1:] for row in rows}
    assert named == {
        "Conference": ["1", "0", "2 (Failing, Conference)", "0", "0", "3"],
        "Gala": ["1", "2", "0", "1", "1", "5"],
    }
    assert f'href="{BASE}problems/">2' in text(client, ORGANIZER)


def table(page):
    """The words of the first table, cell by cell."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("<table")[2].partition("</table>")[0])
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in cells]


def test_yesterdays_quota_says_nothing_about_today(client, story):
    text(client, BASE)
    daily = {"limit": 250_000, "remaining": 1, "at": int((now() - timedelta(days=1)).timestamp() * 1000)}
    key = f"{story.connection.portal_id}:{story.connection.kind}"
    RequestBudgetState.objects.update_or_create(portal=key, defaults={"state": {"daily": daily}})
    page = text(client, BASE)
    assert "in the last 10 seconds." in page
    assert "250,000" not in page


def test_lists_name_orders_and_reasons(client, failing):
    page = text(client, BASE + "orders/failing/")
    assert "/control/event/ada/conf/orders/A1/" in page
    assert "is not a valid email address" in page
    assert "/control/event/ada/conf/orders/A3/" not in page
    assert "/control/event/ada/conf/orders/A3/" in text(client, BASE + "orders/in_sync/")
    assert "There are no such orders." in text(client, BASE + "orders/excluded/?reason=ignored")
    assert client.get(BASE + "orders/nonsense/").status_code == 404


def test_problems_by_cause_say_what_to_do(client, failing):
    page = text(client, BASE + "problems/")
    assert "2 orders" in page
    assert "Permanent error" in page
    assert "is not a valid email address" in page
    assert "“email”" not in page  # the label, not the key


def test_a_misconfiguration_links_to_its_mapping(client, story):
    mapping = story.event.hubspot_object_mappings.get(external_object_type="deals")
    mapping.property_mappings = [{"pretix_field": "order_total", "external_field": "gone", "overwrite": "overwrite"}]
    mapping.save()
    story.order("A1")
    story.sync()
    page = text(client, BASE + "problems/")
    assert "Misconfiguration" in page
    assert f'href="{BASE}mapping/{mapping.pk}/' in page


def test_retry_asks_then_heals(client, failing):
    [cause] = causes(failing.event)
    Order.objects.update(email="ada@example.org")
    assert "2 orders are tried again as soon as possible" in post(client, BASE + "problems/retry/", cause=cause.key)
    assert causes(failing.event)
    page = post(client, BASE + "problems/retry/", cause=cause.key, confirmed="on")
    assert "2 orders are tried again." in page
    failing.sync()
    assert causes(failing.event) == []
    assert "This sync problem does not exist any more." in post(client, BASE + "problems/retry/", cause=cause.key)


def test_retry_reads_again_what_hubspot_offers(client, story):
    mapping = story.event.hubspot_object_mappings.get(external_object_type="deals")
    row = {"pretix_field": "order_total", "external_field": "gone", "overwrite": "overwrite", "value_map": ""}
    mapping.property_mappings = [*mapping.property_mappings, row]
    mapping.save()
    story.order("A1")
    story.sync()
    back = Property("gone", "Back", "string", "text", "dealinformation")
    story.simulator.portal.schema.create("deals", back)
    [cause] = causes(story.event)
    post(client, BASE + "problems/retry/", cause=cause.key, confirmed="on")
    story.sync()
    assert causes(story.event) == []


def test_retry_needs_no_hubspot(client, story):
    """Orders are tried again by what is stored while HubSpot cannot be asked what it offers now."""
    mapping = story.event.hubspot_object_mappings.get(external_object_type="deals")
    story.add_rows(mapping, ("order_total", "gone", "overwrite"))
    story.order("A1")
    story.sync()
    story.simulator.faults.add("unavailable", times=None)
    [cause] = causes(story.event)

    page = post(client, BASE + "problems/retry/", cause=cause.key, confirmed="on")

    assert "One order is tried again." in page
    assert OrderSyncQueue.objects.get().need_manual_retry is None


@pytest.mark.parametrize("object_type", [None, ""])
def test_retry_of_a_cause_that_says_little(client, story, object_type):
    """Core gave a row up, of which nothing else is known; or the settings of no object type in particular are wrong."""
    order = story.order("A1")
    OrderSyncQueue.objects.update(need_manual_retry="config")
    if object_type is not None:
        problem = [{"mode": "config", "code": "missing_scope", "params": {}, "object_type": object_type}]
        OrderState.objects.create(
            order=order, portal_id=story.connection.portal_id, cause="access", problem=problem, failing_since=now()
        )
    story.simulator.requests.clear()
    [cause] = causes(story.event)

    page = post(client, BASE + "problems/retry/", cause=cause.key, confirmed="on")

    assert "One order is tried again." in page
    assert OrderSyncQueue.objects.get().need_manual_retry is None
    assert list(story.simulator.requests.entries) == [], "there is nothing to look at again"


def test_dismiss_keeps_the_history(client, failing):
    [cause] = causes(failing.event)
    page = post(client, BASE + "problems/dismiss/", cause=cause.key)
    assert "2 orders are not tried again" in page
    page = post(client, BASE + "problems/dismiss/", cause=cause.key, confirmed="on")
    assert "2 sync problems have been dismissed." in page
    assert "There are no sync problems." in page
    assert "Sync problem dismissed: 2" in text(client, BASE)
    actions = Order.objects.get(code="A1").all_logentries().values_list("action_type", flat=True)
    assert set(actions) == {"pretix.event.order.data_sync.failed.permanent", "pretix_hubspot.order.dismissed"}


def test_ignore_one_order(client, failing):
    assert "Order A1 is not sent to HubSpot any more" in post(client, BASE + "order/A1/ignore/")
    assert "Ignored by hand: 1" in text(client, BASE)
    order_page = text(client, "/control/event/ada/conf/orders/A1/")
    assert "somebody chose to ignore this order" in order_page
    assert "The order is not sent to HubSpot any more" in order_page


def test_pause_keeps_the_queue_and_resume_goes_on(client, story):
    assert "Pause the transfer" in text(client, BASE)
    post(client, BASE + "pause/", pause="on")
    story.order("A1")
    order = story.order("A2", queue=False)
    order.log_action("pretix.event.order.placed")
    story.sync()
    worker.work_through_queue(story.connection, seconds=5)
    sweep.run(for_event(story.event))
    assert sorted(OrderSyncQueue.objects.values_list("order__code", flat=True)) == ["A1", "A2"]
    assert story.world()["contacts"] == []
    page = text(client, BASE)
    assert "Manager paused the transfer on" in page
    assert "2 orders wait." in page
    assert "This order waits, since the transfer is paused." in text(client, "/control/event/ada/conf/orders/A1/")
    page = post(client, BASE + "pause/", pause="off")
    assert "The transfer has been resumed." in page
    worker.work_through_queue(Connection.objects.get(), seconds=5)
    assert len(story.world()["deals"]) == 2


def test_pausing_a_connection_pauses_all_its_events(client, story):
    other = story.add_event("gala")
    story.join(other)
    story.add_mappings(other)
    post(client, f"{ORGANIZER}pause/{story.connection.pk}/", pause="on")
    story.order("A1")
    story.order("B1", event=other)
    story.sync()
    worker.work_through_queue(Connection.objects.get(), seconds=5)
    assert OrderSyncQueue.objects.count() == 2
    page = text(client, ORGANIZER)
    assert "2 orders wait." in page
    assert "Manager paused the transfer on" in text(client, BASE)
    post(client, f"{ORGANIZER}pause/{story.connection.pk}/", pause="off")
    worker.work_through_queue(Connection.objects.get(), seconds=5)
    assert not OrderSyncQueue.objects.exists()
    entries = LogEntry.objects.filter(event=other, action_type__startswith="pretix_hubspot.connection")
    assert entries.count() == 2


def test_a_pause_stops_a_drain_that_runs(story, statements):
    story.order("A1")
    story.order("A2")
    statements.after(LOGS_A_RUN, lambda: EventConnection.objects.update(paused_since=now()))

    worker.work_through_queue(story.connection, seconds=5, size=SliceSize(orders=1))

    assert OrderSyncQueue.objects.count() == 1


def test_pausing_twice_keeps_who_and_since(client, story):
    post(client, BASE + "pause/", pause="on")
    since = EventConnection.objects.get().paused_since
    post(client, BASE + "pause/", pause="on")
    assert EventConnection.objects.get().paused_since == since
    assert LogEntry.objects.filter(action_type="pretix_hubspot.event.paused").count() == 1


def test_days_are_counted(story):
    story.order("A1", email="not an address")
    order = story.order("A2")
    story.sync()
    story.queue(order)
    story.sync()
    [today] = DailyCount.objects.all()
    assert (today.sent, today.unchanged, today.failed) == (1, 1, 1)


@pytest.mark.parametrize("word", ["sent", "unchanged", "failed"])
def test_a_day_begins_at_zero(story, word):
    count_today([story.event], {(story.event.pk, word): 3})

    [today] = DailyCount.objects.all()
    assert [today.sent, today.unchanged, today.failed] == [
        3 * (name == word) for name in ("sent", "unchanged", "failed")
    ]


def test_only_exclusions_are_listed_by_reason(failing):
    failing.order("T1", testmode=True)
    failing.sync()

    listed = {
        row["state"]: [(str(r[0]), r[1]) for r in row["reasons"]]
        for row in state_rows(failing.event, numbers(failing.event))
    }

    assert listed["failing"] == listed["in_sync"] == listed["waiting"] == []
    assert [count for _label, count in listed["excluded"]] == [1]


def test_a_failing_order_without_a_stored_problem_shows_cores_word(client, story):
    order = story.order("A1")
    OrderSyncQueue.objects.update(need_manual_retry="timeout")

    assert row_modes([order]) == {order.pk: "timeout"}
    assert row_text("timeout") in text(client, BASE + "orders/failing/")


POSTS = ("problems/retry/", "problems/dismiss/", "order/A1/ignore/", "pause/")
PAGES = ("problems/", "orders/failing/")
#: What each of them needs beside the permission to change the event's settings.
NEEDED = {
    "orders/failing/": ("event.orders:read",),
    "problems/retry/": ("event.orders:read", "event.orders:write"),
    "problems/dismiss/": ("event.orders:read", "event.orders:write"),
    "order/A1/ignore/": ("event.orders:read", "event.orders:write"),
}


@pytest.mark.parametrize("url", PAGES + POSTS)
def test_who_may(story, manager, url):
    story.order("A1")
    viewer = browser(make_user(story, "viewer", ("event.orders:read", "event.orders:write")))
    helper = browser(make_user(story, "helper", (SETTINGS, *NEEDED.get(url, ()))))
    method = "post" if url in POSTS else "get"
    assert getattr(Client(), method)(BASE + url)["Location"].startswith("/control/login")
    assert getattr(viewer, method)(BASE + url).status_code == 403
    assert getattr(helper, method)(BASE + url).status_code == (302 if url in POSTS else 200)
    assert getattr(helper, method)(BASE.replace("conf", "nope") + url).status_code == 404
    if url in POSTS:
        assert helper.get(BASE + url).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(manager)
        assert strict.post(BASE + url).status_code == 403
    story.event.plugins = ""
    story.event.save()
    assert getattr(helper, method)(BASE + url).status_code == 404


def test_only_the_organizers_people_pause_a_connection(story):
    helper = browser(make_user(story, "helper", (SETTINGS,)))
    assert helper.post(f"{ORGANIZER}pause/{story.connection.pk}/", {"pause": "on"}).status_code == 403
    assert Connection.objects.get().paused_since is None


@pytest.mark.parametrize("url", PAGES)
def test_pages_take_the_same_queries_for_one_order_and_for_many(client, story, url):
    def count():
        with CaptureQueriesContext(connection) as captured:
            text(client, BASE + url)
        return len(captured)

    story.order("A1", email="not an address")
    story.sync()
    count()
    one = count()
    for number in range(2, 12):
        story.order(f"A{number}", email="not an address")
    story.sync()
    assert count() <= one
