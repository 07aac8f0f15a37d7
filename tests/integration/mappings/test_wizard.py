"""The wizard: what to send, the suggestion, one real order as a test."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from .conftest import BASE, add_mapping, browser, make_user, rows_of

WIZARD = BASE + "wizard/"


@pytest.fixture
def order(event):
    return Order.objects.create(
        event=event,
        email="buyer@example.org",
        status=Order.STATUS_PAID,
        datetime=now(),
        expires=now() + timedelta(days=3),
        total=Decimal("23.00"),
        sales_channel=event.organizer.sales_channels.get(identifier="web"),
        locale="en",
    )


def step(client, html, **fields):
    """Posts the form of the page with what it hides."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', html))
    return client.post(WIZARD, hidden | fields)


def test_from_choosing_to_mappings(joined, event, client):
    html = client.get(WIZARD).content.decode()
    assert "Attendees: the email address of each attendee becomes a contact" in html
    review = step(client, html, **{"choose-wanted": ["buyers", "deals"]}).content.decode()
    assert "Order email [Text (one line)]" in review
    assert "pretix order key (pretix_order_key | string), will be created in HubSpot" in review
    assert "Closed Won" in review
    assert rows_of(event) == [], "nothing is stored before the last step"
    response = step(client, review)
    assert response.url == WIZARD + "try/"
    assert [row[:2] for row in rows_of(event)] == [("Order", "contacts"), ("Order", "deals")]


def test_nothing_chosen_is_said(joined, client):
    html = client.get(WIZARD).content.decode()
    assert "Please choose at least one." in step(client, html).content.decode()


def test_mappings_that_exist_are_left_alone(joined, event, client):
    add_mapping(event, "Order", "contacts")
    assert client.get(WIZARD).url == WIZARD + "try/"


def test_hubspot_down_leads_back(joined, client, portal):
    portal.faults.add("unavailable", times=None)
    assert client.get(WIZARD).url == BASE


def test_one_real_order(joined, event, client, order, django_capture_on_commit_callbacks):
    step(client, step(client, client.get(WIZARD).content.decode(), **{"choose-wanted": ["buyers"]}).content.decode())
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(WIZARD + "try/", {"order": order.code})
    html = client.get(response.url).content.decode()
    assert "The order has arrived in HubSpot:" in html
    assert "Contacts: buyer@example.org" in html


@pytest.mark.parametrize(("stopped", "shown"), [(None, "Pending"), ("timeout", "Error")])
def test_an_order_that_waits_and_one_that_failed(joined, event, client, order, stopped, shown):
    OrderSyncQueue.objects.create(
        order=order,
        event=event,
        sync_provider="hubspot",
        triggered_by="x",
        need_manual_retry=stopped,
        not_before=now(),
    )

    html = client.get(f"{WIZARD}try/?order={order.code}").content.decode()

    assert [word for word in ("Pending", "Error", "Nothing has been sent") if word in html] == [shown]


def test_sending_needs_the_permission_for_orders(joined, event, organizer, order):
    other = browser(make_user(organizer, "other", **{"event.settings.general:write": True}))
    html = other.post(WIZARD + "try/", {"order": order.code}).content.decode()
    assert "You need the permission to change orders" in html
    assert order.code not in html
    assert not OrderSyncQueue.objects.exists()
