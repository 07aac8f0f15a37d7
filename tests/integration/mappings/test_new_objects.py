"""What the editor shows of HubSpot: what it wants of new objects, and what people made there a minute ago."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from freezegun import freeze_time

from hubspot_simulator import Property
from pretix_hubspot.health.diagnosis import check_connection
from pretix_hubspot.mappings.suggestions import property_mapping

from .conftest import add_mapping
from .test_editor import offered, page, url

ORDER_ID = Property("pretix_order_id", "pretix-order-id", "string", "text", "dealinformation", unique=True)
NAME = "HubSpot wants “Deal Name” of every new object."
STAGE = (
    "HubSpot wants a stage of every new object. Where the stage is left alone, new objects begin in “Appointment "
    "Scheduled” of the pipeline “Sales Pipeline”, those of orders that are canceled or expired already in “Closed "
    "Lost”."
)


@pytest.fixture
def deals(joined, event, portal):
    portal.portal.schema.create("deals", ORDER_ID)
    return add_mapping(event, "Order", "deals", pretix_id_field="order_code", external_id_field="pretix_order_id")


def test_the_editor_says_what_new_deals_are_called_and_where_they_begin(deals, client):
    html = page(client, deals)
    assert f"{NAME} No row fills it, so pretix fills in the order code when it creates an object" in html
    assert "for example CONF-A1B2C." in html
    assert STAGE in html


def test_the_editor_says_nothing_where_rows_say_it(deals, client):
    deals.property_mappings = [property_mapping("event_order_code", "dealname", "overwrite")]
    deals.pipeline = {"pipeline": "default", "stages": dict.fromkeys("npec", "contractsent")}
    deals.save()
    html = page(client, deals)
    assert NAME not in html
    assert "HubSpot wants a stage" not in html


def test_what_identifies_an_object_names_it_too(joined, event, client):
    companies = add_mapping(
        event, "Order", "companies", pretix_id_field="invoice_address_company", external_id_field="x"
    )
    html = page(client, companies)
    assert "No row fills it, so pretix fills in the value of the identifier when it creates an object." in html

    companies.property_mappings = [property_mapping("order_email_domain", "domain", "overwrite")]
    companies.save()
    assert "of every new object" not in page(client, companies), "a domain will do"


def test_what_nobody_can_make_up_is_said_before_an_order_fails(joined, event, portal, client):
    portal.portal.schema.create(
        "contacts", Property("number", "Number", "string", "text", "contactinformation", unique=True)
    )
    contacts = add_mapping(event, "Order", "contacts", pretix_id_field="order_code", external_id_field="number")
    said = "HubSpot wants one of these fields of every new object: “Email”, “First Name”, “Last Name”."
    assert said in page(client, contacts)
    [found] = [result for result in check_connection(event).results if result.check == "properties"]
    assert [said in finding.text for finding in found.findings if finding.status.word == "warn"] == [True]

    contacts.property_mappings = [property_mapping("invoice_address_name_family_name", "lastname", "overwrite")]
    contacts.save()
    assert said not in page(client, contacts)


def test_a_property_made_by_hand_a_minute_ago_is_offered(deals, portal, client):
    assert "made_by_hand" not in offered(page(client, deals))
    portal.portal.schema.create("deals", Property("made_by_hand", "Made", "string", "text", "dealinformation"))
    with freeze_time(now() + timedelta(seconds=61), tick=True):
        assert "made_by_hand" in offered(page(client, deals))


def test_hubspot_is_asked_once_a_minute_whoever_opens_the_editor(deals, portal, client):
    page(client, deals)
    with freeze_time(now() + timedelta(seconds=61), tick=True):
        before = len(portal.requests)
        for _ in range(20):
            page(client, deals)
        asked = [request.path for request in portal.requests][before:]
        for once in ("/properties/", "/pipelines/"):
            assert len([path for path in asked if once in path]) == 1
        assert len(asked) <= 4, "owners, those who left included, and no page more"


def test_a_hubspot_that_does_not_answer_is_asked_once_too(deals, portal, client):
    page(client, deals)
    with freeze_time(now() + timedelta(seconds=61), tick=True):
        portal.faults.add("forbidden", times=None)
        before = len(portal.requests)
        for _ in range(20):
            assert client.get(url(deals)).status_code == 200
        assert len(portal.requests) - before == 1
