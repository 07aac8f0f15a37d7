"""What changes in the portal is told on the row and in the list, from the stored catalogue, and breaks nothing."""

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from pretix_hubspot import tasks
from pretix_hubspot.catalog import last_failure, refresh
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.resting import time_zone
from pretix_hubspot.connections.user_request_limit import ASKED
from pretix_hubspot.hubspot import errors
from pretix_hubspot.mappings.names import names_of
from pretix_hubspot.mappings.resolve import specs_for
from pretix_hubspot.mappings.suggestions import fitting
from pretix_hubspot.models import CatalogEntry, Connection
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import record_base
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.registry import fields_for

from .conftest import BASE, add_mapping, page_of, set_rows, url


@pytest.fixture
def catalog(joined):
    catalog = Catalog(joined.connection)
    catalog.refresh(["contacts", "deals"])
    catalog.freshen()
    return catalog


def pages(client, mapping):
    """The editor and the list of mappings."""
    return page_of(client.get(url(mapping))), page_of(client.get(BASE))


def refreshed(client, mapping):
    client.post(url(mapping, "refresh/"))
    return pages(client, mapping)


def test_an_archived_property(contacts, catalog, client, portal):
    set_rows(contacts, ("email", "jobtitle", "overwrite"))
    portal.portal.schema.remove("contacts", "jobtitle")
    for html in refreshed(client, contacts):
        assert "The HubSpot field “jobtitle” no longer exists." in html


def test_a_property_that_became_read_only(contacts, catalog, client, portal):
    set_rows(contacts, ("email", "jobtitle", "overwrite"))
    portal.portal.schema.change("contacts", "jobtitle", read_only=True)
    for html in refreshed(client, contacts):
        assert "The HubSpot field “Job Title” can only be read." in html


def test_a_new_label_is_told_and_goes_on(contacts, catalog, client, portal):
    set_rows(contacts, ("email", "jobtitle", "overwrite"))
    portal.portal.schema.change("contacts", "jobtitle", label="Profession")
    editor, listed = refreshed(client, contacts)
    told = "HubSpot renamed “Job Title” to “Profession”. The mapping goes on as before."
    assert told in editor and "Profession (jobtitle | string)" in editor
    assert "Profession" not in listed
    editor, _listed = refreshed(client, contacts)
    assert told in editor, "a second look does not forget the first"


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (errors.MissingScope(context={"requiredScopes": ("crm.objects.deals.write",)}), "crm.objects.deals.write"),
        (errors.Forbidden(), "orders are sent without this mapping."),
    ],
)
def test_an_object_type_that_hubspot_refused_to_orders(contacts, catalog, client, error, cure):
    catalog.note_access({"deals": error})
    add_mapping(contacts.event, "Order", "deals")
    html = page_of(client.get(BASE))
    assert "HubSpot does not let pretix use Deals, so orders are sent without this mapping." in html
    assert cure in html

    catalog.note_access({}, ["deals"])
    assert "does not let pretix use" not in page_of(client.get(BASE))


@pytest.mark.parametrize(("error", "left_out"), [(errors.Forbidden(), True), (errors.ServerTrouble(), False)])
def test_a_mapping_without_a_schema_says_whether_access_is_lacking(contacts, catalog, error, left_out):
    leads = add_mapping(contacts.event, "Order", "leads")
    catalog.note_access({"leads": error}) if left_out else catalog.note_failure("leads", error)

    [spec] = specs_for([leads], catalog, fields_for(contacts.event, "Order"))

    assert (type(spec.unreadable), spec.left_out) == (type(error), left_out)


def test_the_list_says_which_object_types_are_missing(contacts, catalog, client, portal):
    portal.portal.types.disabled.add("orders")
    catalog.refresh()

    assert "Why are some object types missing?" in page_of(client.get(BASE))


@pytest.mark.parametrize("kind", [{}, {"nothing": ("email",)}])
def test_a_suggestion_leaves_out_what_one_side_does_not_have(contacts, catalog, kind):
    wanted = [("email", ("nowhere", "email"), "overwrite"), ("email", ("nowhere",), "overwrite")]
    wanted += [(key, names, "overwrite") for key, names in kind.items()]

    rows = fitting(contacts.event, catalog, ORDERS, "contacts", wanted)

    assert [(row.pretix_field, row.external_field, row.mode) for row in rows] == [("email", "email", "overwrite")]


def test_names_of_options_of_questions(event):
    size = event.questions.create(question="Size", type="C", identifier="SIZE")
    size.options.create(answer="Small", identifier="S")
    event.questions.create(question="Diet", type="S", identifier="DIET")

    names = names_of(event)

    assert names["options"] == {"SIZE:S": ["Small"]}
    assert names["questions"] == {"SIZE": ["Size"], "DIET": ["Diet"]}


def test_options_of_a_value_map_that_vanished(contacts, catalog, client, portal):
    set_rows(contacts, ("order_status", "hs_lead_status", "overwrite"))
    contacts.property_mappings[0]["value_map"] = json.dumps({"n": "NEW", "p": "gone", "e": "", "c": ""})
    contacts.save()
    for html in pages(client, contacts):
        assert "no longer has: gone. Please choose other options." in html


def test_a_pipeline_and_a_stage_that_vanished(joined, catalog, client, event):
    deals = add_mapping(event, "Order", "deals", pipeline={"pipeline": "default", "stages": {"p": "gone"}})
    for html in pages(client, deals):
        assert "A chosen stage of the pipeline “Sales Pipeline” no longer exists in HubSpot." in html
    deals.pipeline = {"pipeline": "gone", "stages": {}}
    deals.save()
    for html in pages(client, deals):
        assert "The chosen pipeline no longer exists in HubSpot." in html


def test_an_object_type_that_vanished(joined, catalog, client, event):
    gone = add_mapping(event, "Order", "2-999", pretix_id_field="order_key", external_id_field="key")
    for html in pages(client, gone):
        assert "HubSpot no longer has the object type “2-999”" in html


def test_while_hubspot_is_down_nobody_waits_twice(contacts, client, portal, catalog):
    CatalogEntry.objects.update(fetched_at=now() - timedelta(days=3))
    portal.faults.add("unavailable", times=None)
    assert "HubSpot cannot be reached at the moment" in pages(client, contacts)[0]
    asked = len(portal.requests.entries)
    for html in pages(client, contacts):
        assert "HubSpot cannot be reached at the moment" in html
        assert "You can go on with what HubSpot offered" in html
    assert len(portal.requests.entries) == asked
    with pytest.raises(errors.ServerTrouble):
        Catalog(contacts.event.hubspot_connection.connection).properties("companies")
    assert len(portal.requests.entries) == asked
    portal.faults.clear()
    CatalogEntry.objects.filter(kind=last_failure.FAILED).update(fetched_at=now() - timedelta(minutes=6))
    assert "HubSpot cannot be reached" not in pages(client, contacts)[0]


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ({"code": "rate_limited"}, errors.RateLimited),
        ({"code": "read_timeout"}, errors.ReadTimeout),
        ({"code": "of_a_later_version"}, errors.ServerTrouble),
        ({"error": "ReadTimeout"}, errors.ServerTrouble),  # written by an earlier version, for five minutes at most
    ],
)
def test_a_failed_attempt_is_remembered_by_its_code(stored, kind):
    row = CatalogEntry(kind=last_failure.FAILED, data=[{**stored, "message": "no"}], fetched_at=now())

    error = last_failure.remembered(row)

    assert (type(error), error.message) == (kind, "no")


def test_refresh_asks_at_once_and_ends_the_pause(contacts, client, portal, catalog):
    portal.faults.add("unavailable", times=None)
    client.post(url(contacts, "refresh/"))
    assert CatalogEntry.objects.filter(kind=last_failure.FAILED).exists()
    portal.faults.clear()
    CatalogEntry.objects.filter(kind=ASKED).update(fetched_at=now() - timedelta(minutes=1))
    client.post(url(contacts, "refresh/"))
    assert not CatalogEntry.objects.filter(kind=last_failure.FAILED).exists()


def a_day_later(joined):
    CatalogEntry.objects.update(fetched_at=now() - timedelta(hours=25))
    joined.connection.catalog_refreshed_at = now() - timedelta(hours=25)
    joined.connection.save()


@pytest.fixture
def run_periodic(django_capture_on_commit_callbacks):
    def run():
        with django_capture_on_commit_callbacks(execute=True):
            return tasks.run_periodic.apply()

    return run


def test_the_periodic_task_renews_what_is_a_day_old(joined, catalog, portal, run_periodic):
    assert refresh.outdated() == []
    a_day_later(joined)
    portal.portal.schema.change("contacts", "jobtitle", label="Profession")
    run_periodic()
    assert Catalog(joined.connection).properties("contacts")["jobtitle"].label == "Profession"
    assert refresh.outdated() == []


def test_links_follow_a_portal_that_moved_and_its_day_begins_elsewhere(
    joined, catalog, portal, run_periodic, monkeypatch
):
    """Fails without ``refresh_account``: until somebody reconnects, links would lead to the old region."""
    monkeypatch.delenv("PRETIX_HUBSPOT_APP_URL")
    assert record_link(joined).startswith("https://app-eu1.hubspot.com/")
    portal.people.change_account(ui_origin="https://app-na2.hubspot.com", time_zone="Asia/Tokyo")
    a_day_later(joined)
    run_periodic()
    assert record_link(joined).startswith("https://app-na2.hubspot.com/")
    assert str(time_zone(Connection.objects.get())) == "Asia/Tokyo"


def record_link(joined):
    joined.connection.refresh_from_db()
    return record_base(joined.connection, "0-1", server_config())


def test_a_portal_that_does_not_answer_stops_nothing(joined, catalog, portal, run_periodic):
    a_day_later(joined)
    portal.faults.add("unavailable", times=None)
    assert run_periodic().successful()
    assert refresh.outdated() == [], "asked again in an hour, not at every round"
    assert Catalog(joined.connection).age("contacts") > timedelta(hours=24)
