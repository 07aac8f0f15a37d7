"""pretix core's datasync, driven against our provider: tasks, order page, Sync problems, history, dashboard."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils.timezone import now
from pretix.base.models import Team, User
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult
from pretix.base.services.datasync import periodic_reset_in_flight, sync_all, sync_single

from pretix_hubspot.models import Connection, ObjectMapping, OrderState
from pretix_hubspot.sync.queue import claims
from tests.interruptions import READS_ORDERS

pytestmark = [pytest.mark.contract, pytest.mark.django_db]

ORDER = "/control/event/ada/conf/orders/A1/"
PROBLEMS = ("/control/event/ada/conf/datasync/failedjobs/", "/control/organizer/ada/datasync/failedjobs/")


@pytest.fixture
def browser(story):
    user = User.objects.create_user("manager@example.org", "secret")
    team = Team.objects.create(
        organizer=story.organizer, name="All", all_events=True, all_event_permissions=True,
        all_organizer_permissions=True,
    )  # fmt: skip
    team.members.add(user)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def page(browser):
    def page(url=ORDER):
        response = browser.get(url)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return page


@pytest.fixture
def panel(page):
    """The order page's box "Data transfer to external systems"."""

    def panel():
        return (
            page()
            .partition("Data transfer to external systems")[2]
            .partition('<div class="panel')[0]
            .partition("</div> </div>")[0]
        )

    return panel


@pytest.fixture
def press(browser, django_capture_on_commit_callbacks):
    """Presses a button of the box; what it rings is done before it returns."""

    def press(**button):
        with django_capture_on_commit_callbacks(execute=True):
            response = browser.post(f"{ORDER}sync_job/hubspot/", button)
        assert response.status_code == 302

    return press


def failing(story, mode="permanent"):
    """An order that failed in this way."""
    order = story.order("A1", email="no address" if mode == "permanent" else None)
    if mode == "config":
        mapping = ObjectMapping.objects.get(external_object_type="deals")
        mapping.property_mappings[0]["external_field"] = "gone"
        mapping.save()
    if mode == "exceeded":
        OrderSyncQueue.objects.update(failed_attempts=4)
        story.simulator.faults.add("drop-results", stage="associate", times=None)
    if mode == "internal":
        OrderState.objects.filter(order=order).delete()
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == mode
    return order


# Core's tasks


def test_core_runs_everything_that_waits(story):
    for number in range(3):
        story.order(f"A{number}")
    sync_all()
    assert len(story.world()["deals"]) == 3
    assert not OrderSyncQueue.objects.exists()


def test_core_runs_a_single_row_and_leaves_the_others(story):
    row, _ = story.queue(story.order("A1", queue=False))
    story.order("A2")
    sync_single.run(row.pk)
    assert [deal["dealname"] for deal in story.world()["deals"]] == ["CONF-A1"]


def test_two_overlapping_runs_send_each_order_once(story, statements):
    """The other run starts while ours is in the middle of sending."""
    for number in range(3):
        story.order(f"A{number}")
    statements.before(READS_ORDERS, sync_all)

    sync_all()

    assert len(story.world()["deals"]) == 3
    assert story.simulator.requests.by_stage["create"] == 2
    assert not OrderSyncQueue.objects.exists()


def test_rows_that_core_gives_up_come_back_by_themselves(story, period):
    story.order("A1")
    claims.claim(list(OrderSyncQueue.objects.values_list("pk", flat=True)))
    OrderSyncQueue.objects.update(in_flight_since=now() - timedelta(minutes=21))
    periodic_reset_in_flight(None)
    assert OrderSyncQueue.objects.get().need_manual_retry == "timeout"
    period()
    assert len(story.world()["deals"]) == 1
    assert not OrderSyncQueue.objects.exists()


def test_core_never_sees_a_row_of_ours_time_out(story):
    """Our lease ends before core's twenty minutes, whatever the operator configured."""
    assert timedelta(seconds=10) <= claims.lease() <= timedelta(minutes=15)


def test_the_plugin_disabled_drops_rows_and_sends_nothing(story):
    story.order("A1")
    story.event.plugins = ""
    story.event.save()
    sync_all()
    assert not OrderSyncQueue.objects.exists()
    assert story.world()["deals"] == []


# The order page


def test_pending(story, panel):
    story.order("A1")
    assert "Pending" in panel()
    assert "Cancel" in panel()
    assert "No data transmitted" in panel()


def test_links_lead_to_the_records(story, panel):
    story.order("A1", email="ada@example.org")
    story.sync()
    [deal] = story.simulator.portal.records("deals")
    found = panel()
    assert "Deals: CONF-A1</a>" in found
    assert "Contacts: ada@example.org</a>" in found
    assert f"/record/0-3/{deal.id}" in found
    assert "<time" in found
    assert "Sync now" in found


def test_what_a_stranger_typed_is_escaped(story, panel):
    OrderSyncResult.objects.create(
        order=story.order("A1"), sync_provider="hubspot", mapping_id=1, external_object_type="contacts",
        external_id_field="email", id_value="x", external_link_display_name="Contacts: <script>alert(1)</script>",
        sync_info={},
    )  # fmt: skip
    assert "<script>alert" not in panel()
    assert "&lt;script&gt;alert" in panel()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("permanent", "Provider reported a permanent error"),
        ("config", "Misconfiguration, please check provider settings"),
        ("exceeded", "Temporary error, auto-retry limit exceeded"),
    ],
)
def test_an_error_offers_retry_and_cancel(story, panel, mode, words):
    failing(story, mode)
    found = panel()
    assert f"Error : {words}" in found.replace("Error:", "Error :")
    assert "Retry now" in found
    assert "Cancel" in found


def test_a_temporary_failure_says_when_it_goes_on(story, panel):
    story.order("A1")
    story.simulator.faults.add("drop-results", stage="associate", times=None)
    story.sync()
    assert "Retry 1 of 5" in panel()
    assert "Waiting until" in panel()
    assert "Retry now" in panel()


def test_an_excluded_order_says_why(story, panel):
    story.order("A1", testmode=True)
    story.sync()
    assert "Not sent: this is a test mode order. Use “Sync now” to send it anyway." in panel()
    assert "Sync now" in panel()


def test_sync_now_sends_and_repairs(story, panel, press):
    order = story.order("A1")
    story.sync()
    before = story.world()
    [deal] = story.simulator.portal.records("deals")
    story.edit(deal, amount="1")
    press(queue_sync="true")
    assert story.world() == before
    assert not OrderSyncQueue.objects.filter(order=order).exists()


def test_sync_now_brings_a_test_order_in(story, panel, press):
    story.order("A1", testmode=True)
    story.sync()
    press(queue_sync="true")
    assert len(story.world()["deals"]) == 1
    assert "Not sent" not in panel()


def test_sync_now_without_a_connection_says_so(story, panel, page, press):
    story.order("A1", queue=False)
    story.joined.delete()
    press(queue_sync="true")
    assert "Misconfiguration" in panel()
    assert "This event is not connected to a HubSpot account." in page()


def test_retry_now_after_the_cause_is_gone(story, panel, press):
    order = failing(story)
    order.email = "ada@example.org"
    order.save()
    press(run_job_now=OrderSyncQueue.objects.get().pk)
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get(order=order).problem is None
    assert "Contacts: ada@example.org" in panel()


def test_retry_now_begins_counting_anew(story, press):
    failing(story, "exceeded")
    press(run_job_now=OrderSyncQueue.objects.get().pk)
    row = OrderSyncQueue.objects.get()
    assert (row.need_manual_retry, row.failed_attempts) == (None, 1)


def test_retry_now_while_the_portal_rests_keeps_the_order_waiting(story, press):
    story.order("A1")
    Connection.objects.update(resting_until=now() + timedelta(minutes=5))
    press(run_job_now=OrderSyncQueue.objects.get().pk)
    row = OrderSyncQueue.objects.get()
    assert (row.in_flight, row.need_manual_retry, row.failed_attempts) == (False, None, 0)


def test_cancel(story, panel, press):
    failing(story)
    press(cancel_job=OrderSyncQueue.objects.get().pk)
    assert not OrderSyncQueue.objects.exists()
    assert "Sync now" in panel()


def test_a_row_in_flight_is_neither_canceled_nor_run_twice(story, press):
    story.order("A1")
    claim = claims.claim(list(OrderSyncQueue.objects.values_list("pk", flat=True)))
    press(cancel_job=claim.rows[0].pk)
    press(run_job_now=claim.rows[0].pk)
    press(queue_sync="true")
    assert OrderSyncQueue.objects.get(pk=claim.rows[0].pk).in_flight_since == claim.stamp
    assert story.world()["deals"] == []


# Sync problems


@pytest.mark.parametrize("url", PROBLEMS)
def test_problems_are_listed_retried_and_canceled(story, browser, page, url, period):
    order = failing(story)
    assert "CONF-A1" in page(url)
    assert "HubSpot" in page(url)
    assert "Provider reported a permanent error" in page(url)
    order.email = "ada@example.org"
    order.save()
    browser.post(url, {"action": "retry", "idlist": OrderSyncQueue.objects.get().pk})
    period()
    assert "No problems." in page(url)
    assert len(story.world()["contacts"]) == 1


@pytest.mark.parametrize("url", PROBLEMS)
def test_problems_can_be_canceled(story, browser, page, url):
    failing(story)
    browser.post(url, {"action": "cancel", "idlist": OrderSyncQueue.objects.get().pk})
    assert "No problems." in page(url)


def test_the_dashboard_warns_and_leads_to_the_problems(story, page):
    dashboard = "/control/event/ada/conf/"
    newer = f"{dashboard}dashboard/partials/warnings"  # loaded by the page itself, which older versions fill at once
    warnings = newer if url_exists(newer) else dashboard
    assert "Show sync problems" not in page(warnings)
    failing(story)
    assert "Show sync problems" in page(warnings)
    assert PROBLEMS[0] in page(warnings)


def url_exists(path):
    try:
        return bool(resolve(path, urlconf="pretix.multidomain.maindomain_urlconf"))
    except Resolver404:
        return False


# The history


def test_the_history_says_what_was_sent(story, page):
    story.order("A1", email="ada@example.org")
    story.sync()
    assert "Data successfully transferred to HubSpot." in page()


def test_the_history_says_why_not(story, page):
    failing(story)
    found = page()
    assert "Error while transferring data to HubSpot:" in found
    history = found.partition("Error while transferring data to HubSpot:")[2][:400]
    assert "email" in history.lower()
    assert "no address" not in history, "no value of the order is repeated"
