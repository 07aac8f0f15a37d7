"""The buyer's name: of the invoice address, else of the customer account, else of an attendee."""

import pytest
from pretix.base.models import InvoiceAddress

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import suggestions
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401

NAMES = ("email", "firstname", "lastname")


@pytest.fixture
def buyers(story):
    """*Start with a suggestion*, for buyers alone."""
    story.event.hubspot_object_mappings.all().delete()
    suggestions.apply_suggestion(story.joined, [suggestions.BUYERS], None, Catalog(story.connection))


@pytest.fixture
def private(story, buyers):
    """``private(...)``: an order of somebody who leaves the invoice address empty; what HubSpot then holds."""

    def private(**values):
        order = story.order("A1", email="otto@example.org", **values)
        InvoiceAddress.objects.filter(order=order).update(name_parts={}, name_cached="")
        story.sync()
        [contact] = story.world(contacts=NAMES)["contacts"]
        return tuple(contact[name] for name in NAMES[1:])

    return private


def customer(story, **parts):
    return story.organizer.customers.create(email="o@example.org", name_parts={"_scheme": "given_family", **parts})


def test_the_invoice_address_comes_first(story, buyers):
    story.order("A1", customer=customer(story, given_name="Other"), attendees=[("", "Ann", "Lee")])
    story.sync()

    assert [contact["firstname"] for contact in story.world(contacts=NAMES)["contacts"]] == ["Buyer"]


def test_the_customer_account_is_next(story, private):
    account = customer(story, given_name="Otto", family_name="Gast")

    assert private(customer=account, attendees=[("", "Ann", "Lee")]) == ("Otto", "Gast")


def test_an_account_without_a_name_is_passed_over(story, private):
    assert private(customer=customer(story, title="Dr"), attendees=[("", "Ann", "Lee")]) == ("Ann", "Lee")


def test_the_attendee_with_the_order_s_address_goes_before_the_first(private):
    attendees = [("ann@example.org", "Ann", "Lee"), ("OTTO@example.org", "Otto", "Gast")]

    assert private(attendees=attendees) == ("Otto", "Gast")


def test_an_attendee_without_a_name_is_passed_over(private):
    assert private(attendees=[("", "", ""), ("", "Otto", "Gast")]) == ("Otto", "Gast")


def test_nobody_has_a_name(private):
    assert private(attendees=[("", "", "")]) == (None, None)


def test_a_canceled_ticket_gives_no_name(story, buyers):
    order = story.order("A1", email="otto@example.org", attendees=[("", "Ann", "Lee"), ("", "Otto", "Gast")])
    InvoiceAddress.objects.filter(order=order).update(name_parts={}, name_cached="")
    order.all_positions.filter(positionid=1).update(canceled=True)
    story.sync()

    [contact] = story.world(contacts=NAMES)["contacts"]
    assert (contact["firstname"], contact["lastname"]) == ("Otto", "Gast")
