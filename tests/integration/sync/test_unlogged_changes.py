"""What changes without an entry in the order's history: the event, a date of a series, an invoice."""

from datetime import UTC, datetime, timedelta

import pytest
from pretix.base.models import InvoiceAddress
from pretix.base.services import invoices

from pretix_hubspot.models import EventConnection, ObjectMapping
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.queue import outdated_orders
from tests.integration.control.conftest import browser, make_user


@pytest.fixture
def deals(story):
    return story.event.hubspot_object_mappings.get(external_object_type="deals")


def deal(story, *names):
    [found] = story.world(contacts=["email"], deals=["amount", *names])["deals"]
    return found


def test_the_event_is_renamed_and_moved(story, period, deals):
    story.add_property("deals", "event_day", "date", "date")
    story.add_property("deals", "event_title")
    story.add_rows(
        deals, ("main_event_date_from", "event_day", "overwrite"), ("event_name", "event_title", "overwrite")
    )
    story.order("A1", queue=False).log_action("pretix.event.order.placed")
    period()
    story.event.date_from, story.event.name = datetime(2027, 9, 9, 8, tzinfo=UTC), "Conference (moved)"
    story.event.save()
    story.event.log_action("pretix.event.changed", data={"date_from": "2027-09-09"})
    period()
    arrived = deal(story, "event_day", "event_title")["event_day"] == "2027-09-09"
    assert arrived or outdated_orders.outdated(story.event).exists(), (
        "HubSpot has the old date, and nothing offers to send it"
    )


def test_a_moved_event_is_noticed_or_at_least_offered(story, deals):
    story.add_property("deals", "eventdate")
    story.add_rows(deals, ("main_event_date_from", "eventdate", "overwrite"))
    story.order("A1").log_action("pretix.event.order.placed")
    story.sync()
    story.event.date_from = datetime(2028, 1, 1, tzinfo=UTC)
    story.event.save()
    story.event.log_action("pretix.event.settings", data={})
    swept = sweep.run(EventConnection.objects.select_related("event").get())
    assert swept or outdated_orders.outdated(story.event).exists()


def test_the_page_to_send_orders_again_can_send_them(story, period, deals):
    story.add_property("deals", "event_title")
    story.add_rows(deals, ("event_name", "event_title", "overwrite"))
    story.order("A1", queue=False).log_action("pretix.event.order.placed")
    period()
    story.event.name = "Conference (moved)"
    story.event.save()
    rights = ("event.settings.general:write", "event.orders:read", "event.orders:write")
    client = browser(make_user(story.organizer, "boss", **dict.fromkeys(rights, True)))
    assert client.post("/control/event/ada/conf/hubspot/resend/", {"start": "all"}).status_code == 302
    period()
    assert deal(story, "event_title")["event_title"] == "Conference (moved)"


def test_a_date_of_a_series_moves(story, period):
    story.add_property("contacts", "day", "datetime", "date")
    story.event.has_subevents = True
    story.event.save()
    evening = datetime(2027, 3, 27, 22, 30, tzinfo=UTC)
    date = story.event.subevents.create(name="Evening", date_from=evening, active=True)
    attendee = ObjectMapping.objects.get(pretix_model="OrderPosition")
    story.add_rows(attendee, ("event_date_from", "day", "overwrite"))
    order = story.order("A1", attendees=[("ann@example.org", "Ann", "Lee")], queue=False)
    order.positions.update(subevent=date)
    order.log_action("pretix.event.order.placed")
    period()
    date.date_from += timedelta(days=1)
    date.save()
    date.log_action("pretix.subevent.changed", data={})
    period()
    contacts = {contact["email"]: contact for contact in story.world(contacts=["email", "day"])["contacts"]}
    assert contacts["ann@example.org"]["day"].startswith("2027-03-28") or outdated_orders.outdated(story.event).exists()


def test_an_invoice_made_right_after_the_payment_and_no_mail(
    story, period, deals, monkeypatch, no_requests_inside_transactions
):
    """pretix commits and signals "paid", then makes the invoice, of which no history tells."""
    story.add_property("deals", "invoice")
    story.add_rows(deals, ("invoice_number", "invoice", "overwrite"))
    story.event.settings.invoice_generate = "paid"
    order = story.order("A1", email="buyer@example.org", queue=False)
    InvoiceAddress.objects.filter(order=order).update(street="Road 1", city="Town", zipcode="1", country="DE")
    order.log_action("pretix.event.order.placed")
    period()
    genuine = invoices.generate_invoice

    def generate(*args, **kwargs):
        story.sync()  # another process takes the order that the signal has queued, and has no part in our transaction
        no_requests_inside_transactions.clear()
        return genuine(*args, **kwargs)

    monkeypatch.setattr(invoices, "generate_invoice", generate)
    order.payments.create(provider="manual", amount=order.total, state="pending").confirm(send_mail=False)
    for _ in range(3):
        period()
    assert deal(story, "invoice")["invoice"] == "CONF-00001"
