"""The stored schema: what is asked of HubSpot when, what is left out and why, and that nothing is lost."""

import threading

import pytest
from django.db import connections

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.object_types import key
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import CatalogEntry


@pytest.fixture
def catalog(joined):
    return Catalog(joined.connection)


def fresh(catalog):
    """As another request or worker would see it."""
    return Catalog(catalog.connection)


def requests(portal):
    return len(portal.requests.entries)


def test_types_of_the_portal_custom_ones_included(catalog):
    names = [key(object_type) for object_type in catalog.object_types()]
    assert names[:3] == ["contacts", "companies", "deals"]
    assert names[-1] == "2-48100123"
    assert catalog.label("2-48100123") == "Event sessions"
    assert (catalog.label("deals"), catalog.label("deals", plural=False)) == ("Deals", "Deal")


def test_types_without_scope_or_switched_off_are_left_out_with_the_reason(catalog, portal):
    portal.portal.types.disabled.add("orders")
    catalog.connection.scopes = [
        s for s in catalog.connection.scopes if s not in ("tickets", "crm.objects.tickets.read")
    ]
    catalog.refresh()
    names = [key(object_type) for object_type in catalog.object_types()]
    assert not {"tickets", "orders"} & set(names)
    left_out = {entry["name"]: entry["reason"] for entry in catalog.left_out()}
    assert (left_out["tickets"], left_out["orders"]) == ("scope", "disabled")


@pytest.mark.parametrize("refusal", [{"status": 404}, {"status": 405}, {"kind": "malformed"}], ids=str)
def test_what_is_switched_on_is_nice_to_know(catalog, portal, refusal):
    struck = portal.faults.add(path="object-library", **refusal)
    assert "orders" in [key(object_type) for object_type in catalog.object_types()]
    assert struck.fired == 1


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_portal_that_knows_no_custom_objects(catalog, portal, status):
    struck = portal.faults.add(path="schemas$", status=status)
    assert "deals" in [key(object_type) for object_type in catalog.object_types()]
    assert struck.fired == 1
    assert "custom" not in [entry["name"] for entry in catalog.left_out()]


def test_stored_once_and_then_read_without_a_request(catalog, portal, django_assert_num_queries):
    catalog.ensure(["contacts", "deals"])
    asked = requests(portal)
    again = fresh(catalog)
    with django_assert_num_queries(1):
        again.ensure(["contacts", "deals"])
        assert again.properties("contacts")["email"].label == "Email"
        assert [pipeline.id for pipeline in again.pipelines("deals")][0] == "default"
        assert again.pipelines("contacts") == []
    assert requests(portal) == asked


def test_what_may_be_mapped_and_what_identifies(catalog):
    mappable = catalog.mappable("contacts")
    assert "firstname" in mappable
    assert "hs_object_id" not in mappable
    assert not [name for name, definition in mappable.items() if definition.hidden or definition.calculated]
    assert "email" in catalog.identifiers("contacts")
    assert "domain" not in catalog.identifiers("companies")


def test_options_survive_storage(catalog):
    options = {o.value: o.label for o in fresh(catalog).properties("contacts")["hs_language"].options}
    assert options["de"] == "German"


def test_an_outage_leaves_the_stored_copy(catalog, portal):
    assert catalog.freshen(["contacts"]) is None
    portal.faults.add("unavailable", times=None)
    CatalogEntry.objects.update(fetched_at="2020-01-01T00:00:00Z")
    again = fresh(catalog)
    assert isinstance(again.freshen(["contacts"]), errors.ServerTrouble)
    assert "email" in again.properties("contacts")
    assert again.age("contacts").days > 1000


def test_never_stored_and_unreachable_raises(catalog, portal):
    portal.faults.add("unavailable", times=None)
    with pytest.raises(errors.ServerTrouble):
        catalog.properties("contacts")
    assert catalog.age("contacts") is None


def test_refresh_takes_up_changes_of_the_portal(catalog, portal):
    catalog.ensure(["deals"])
    portal.portal.schema.rename("deals", "dealname", "deal_title")
    catalog.refresh()
    assert "deal_title" in catalog.properties("deals")
    assert "dealname" not in fresh(catalog).properties("deals")


def test_a_new_property_is_known_at_once_and_survives_a_refresh_that_comes_too_early(catalog):
    catalog.ensure(["deals"])
    catalog.create_property("deals", {
        "name": "brand_new", "label": "Brand new", "type": "string", "fieldType": "text", "groupName": "dealinformation"
    })  # fmt: skip
    assert fresh(catalog).properties("deals")["brand_new"].label == "Brand new"
    catalog.refresh(["deals"])
    assert "brand_new" in fresh(catalog).properties("deals")


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_processes_that_refresh_at_once(catalog):
    failures = []

    def refresh():
        try:
            fresh(catalog).refresh(["contacts", "deals"])
        except Exception as e:  # whatever happens in a thread must fail the test
            failures.append(e)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == []
    assert CatalogEntry.objects.filter(kind="properties").count() == 2
