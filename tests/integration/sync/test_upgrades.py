"""Orders that an older version of the plugin sent otherwise are offered, with the reason, and no others."""

from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pretix.base.models import InvoiceAddress, Order, OrderPosition
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import CatalogEntry, EventConnection, OrderState
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.queue import campaigns, outdated_orders
from tests.integration.control.conftest import browser, make_user, page_of

RESEND = "/control/event/ada/conf/hubspot/resend/"
RIGHTS = ("event.settings.general:write", "event.orders:read", "event.orders:write")
ANN = ("ann@example.org", "Ann", "Lee")
CANCELED = "Canceled positions, and orders of which only a fee was kept, were sent as if they were not canceled."
NAMES = "Names that were entered in one field, or left blank for an add-on, arrived incomplete."


@pytest.fixture
def boss(story):
    return browser(make_user(story.organizer, "boss", **dict.fromkeys(RIGHTS, True)))


@pytest.fixture
def upgraded(story):
    """``upgraded()``: all that was sent so far was sent by the version before revisions were counted."""

    def upgraded():
        story.sync()
        assert not OrderSyncQueue.objects.exists()
        OrderState.objects.update(planner=0)
        EventConnection.objects.update(planner=0)
        return EventConnection.objects.select_related("event", "connection").get()

    return upgraded


def outdated(story):
    return {
        state.order.code: state.outdated_by for state in outdated_orders.outdated(story.event).select_related("order")
    }


def paid_with_a_fee(story, code):
    order = story.order(code, status=Order.STATUS_PAID, attendees=[ANN])
    OrderPosition.all.filter(order=order).update(canceled=True)
    return order


def with_name(story, code, **parts):
    order = story.order(code)
    InvoiceAddress.objects.filter(order=order).update(name_parts=parts, name_cached="Jane Roe")
    return order


def blank_add_on(story, code):
    order = story.order(code, attendees=[ANN])
    money = {"price": Decimal("5"), "tax_rate": Decimal("0"), "tax_value": Decimal("0")}
    first = order.positions.get()
    OrderPosition.objects.create(order=order, item=first.item, positionid=2, addon_to=first, **money)
    return order


def test_only_what_today_would_be_sent_otherwise_is_offered(story, upgraded):
    story.order("PLAIN", attendees=[ANN])
    story.order("GONE", status=Order.STATUS_CANCELED)
    paid_with_a_fee(story, "FEE")
    with_name(story, "TEXT", _legacy="Jane Roe")
    with_name(story, "FULL", _scheme="full", full_name="Jane Roe")
    with_name(story, "PARTS", _scheme="given_family", given_name="Jane", family_name="Roe")
    blank_add_on(story, "ADDON")
    story.order("IDNA", email="ann@faß.example")
    story.order("ASCII", email="jürgen@example.org")

    revisions.review(upgraded())

    assert outdated(story) == {
        "FEE": "cancellations",
        "TEXT": "names",
        "FULL": "names",
        "ADDON": "names",
        "IDNA": "domains",
    }


def test_one_canceled_position_of_several_concerns_mappings_of_positions_only(story, upgraded):
    order = story.order("A1", status=Order.STATUS_PAID, attendees=[ANN, ("bo@example.org", "Bo", "Lee")])
    order.positions.filter(positionid=2).update(canceled=True)
    revisions.review(upgraded())
    assert outdated(story) == {}

    attendee = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
    story.add_rows(attendee, ("ticket_status", "jobtitle", "overwrite"))
    story.queue(order)
    revisions.review(upgraded())
    assert outdated(story) == {"A1": "cancellations"}


def test_amounts_in_a_currency_that_is_not_the_portals(story, upgraded):
    story.event.currency = "SEK"
    story.event.save()
    story.order("A1")
    revisions.review(upgraded())
    assert outdated(story) == {"A1": "amounts"}


@pytest.mark.parametrize(("kind", "expected"), [("datetime", {"A1": "days"}), ("date", {})])
def test_days_that_became_moments(story, upgraded, kind, expected):
    story.add_property("deals", "billed", kind, "date")
    deals = story.event.hubspot_object_mappings.get(external_object_type="deals")
    story.add_rows(deals, ("invoice_date", "billed", "overwrite"))
    story.order("A1")
    revisions.review(upgraded())
    assert outdated(story) == expected


def test_mappings_that_read_nothing_of_it_are_left_in_peace(story, upgraded):
    paid_with_a_fee(story, "FEE")
    with_name(story, "TEXT", _legacy="Jane Roe")
    story.event.hubspot_object_mappings.filter(external_object_type="deals").delete()
    story.event.hubspot_object_mappings.update(property_mappings=[])
    revisions.review(upgraded())
    assert outdated(story) == {}


def test_the_page_says_why_and_sends_them(story, boss, upgraded):
    paid_with_a_fee(story, "FEE")
    with_name(story, "TEXT", _legacy="Jane Roe")
    upgraded()

    page = page_of(boss.get(RESEND))
    assert "2 orders were sent to HubSpot otherwise than they would be sent today." in page
    assert f"<strong>1 order</strong><br> {CANCELED} </li>" in page
    assert f"<strong>1 order</strong><br> {NAMES} </li>" in page
    assert "2 orders were sent to HubSpot otherwise" in page_of(boss.get("/control/event/ada/conf/hubspot/"))

    boss.post(RESEND, {"start": "outdated"})
    campaigns.refill(story.connection)
    story.sync()
    assert outdated(story) == {}
    assert set(OrderState.objects.values_list("planner", flat=True)) == {revisions.PLANNER}
    assert "otherwise" not in page_of(boss.get(RESEND)).partition('role="status"')[2]


def test_the_sweep_looks_once_and_what_is_sent_today_is_not_looked_at(story, upgraded):
    joined = upgraded()
    paid_with_a_fee(story, "NEW")
    story.sync()
    sweep.run(joined)
    assert outdated(story) == {}
    assert EventConnection.objects.get().planner == revisions.PLANNER

    with CaptureQueriesContext(database) as queries:
        revisions.review(EventConnection.objects.select_related("event").get())
    assert len(queries) == 1, "the look for the event's revision"


def test_looking_back_asks_hubspot_nothing_and_is_not_stopped_by_a_schema_that_was_never_read(story, upgraded):
    joined = upgraded()
    CatalogEntry.objects.all().delete()
    story.simulator.requests.clear()

    revisions.review(joined)

    assert list(story.simulator.requests) == []
    assert EventConnection.objects.get().planner == revisions.PLANNER


def test_it_costs_the_same_queries_however_many_orders_there_are(story, upgraded):
    def cost():
        with CaptureQueriesContext(database) as queries:
            revisions.review(joined)
        return len(queries)

    paid_with_a_fee(story, "A1")
    joined = upgraded()
    one = cost()
    for number in range(10):
        paid_with_a_fee(story, f"B{number}")
    joined = upgraded()
    assert cost() == one
    assert len(outdated(story)) == 11


def test_every_change_has_a_code_of_its_own_and_a_revision_that_exists():
    codes = [change.code for change in revisions.CHANGES]
    assert len(set(codes)) == len(codes) == len(revisions.REASONS)
    assert {change.revision for change in revisions.CHANGES} == set(range(1, revisions.PLANNER + 1))
    assert all(len(code) <= OrderState._meta.get_field("outdated_by").max_length for code in codes)
