"""The editor: labels, choices, warnings, what is refused, two people at once, and how much the page costs."""

import json
import re

import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hierarkey.proxy import dirty_cache_keys
from pretix.base.models import LogEntry

from hubspot_simulator.crm.properties.definitions import Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.control.views.editor import EditMapping
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.sync.joining import join

from .conftest import BASE, add_mapping, browser, make_event, make_user

NAME = ("invoice_address_name_given_name", "firstname", "if_empty")
CITY = ("invoice_address_city", "city", "overwrite")


@pytest.fixture
def contacts(joined, event):
    return add_mapping(
        event,
        "Order",
        "contacts",
        pretix_id_field="email",
        external_id_field="email",
        property_mappings=[property_mapping(*NAME), property_mapping(*CITY)],
    )


def url(mapping):
    return f"{BASE}mapping/{mapping.pk}/"


def page(client, mapping):
    response = client.get(url(mapping))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def data(mapping, rows, identifier=("email", "email"), revision=None, **more):
    """What the browser posts; ``rows`` are (pretix field, HubSpot field, mode[, value map])."""
    posted = {
        "identifier-pretix_field": identifier[0],
        "identifier-external_field": identifier[1],
        "identifier-revision": revision or mapping.revision,
        "properties-TOTAL_FORMS": len(rows),
        "properties-INITIAL_FORMS": len(mapping.property_mappings),
    }
    for index, (pretix_field, external_field, mode, *value_map) in enumerate(rows):
        posted |= {
            f"properties-{index}-pretix_field": pretix_field,
            f"properties-{index}-external_field": external_field,
            f"properties-{index}-overwrite": mode,
            f"properties-{index}-value_map": value_map[0] if value_map else "",
            f"properties-{index}-ORDER": index + 1,
        }
    return posted | more


def messages_of(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def offered(html):
    listed = re.search(r'<script id="hubspot-fields" type="application/json">(.*?)</script>', html)[1]
    return {entry["id"]: entry["text"] for entry in json.loads(listed)}


def test_labels_come_from_the_event_and_the_portal(contacts, client):
    html = page(client, contacts)
    for text in (
        "Object mapping: Order -&gt; Contacts",
        "For each <strong>Order</strong> in your event, one object is created or updated in the "
        "<strong>Contacts</strong> category in HubSpot.",
        '<option value="email" selected>Order email [Text (one line)]</option>',
        '<option value="email" selected>Email (email | string)</option>',
        '<option value="firstname" selected>First Name (firstname | string)</option>',
        "Add property",
        "Association setup",
    ):
        assert text in html
    fields = offered(html)
    assert fields["city"] == "City (city | string)"
    assert "hs_object_id" not in fields, "read-only"
    assert not [
        n
        for n, p in Catalog(contacts.event.hubspot_connection.connection).properties("contacts").items()
        if p.hidden and n in fields
    ]
    assert not re.search(r"<script(?![^>]*(src=|type=.(application/json|form-template)))", html.partition("<main")[2])


def test_saving_bumps_the_revision_and_is_logged(contacts, client, event):
    rows = [CITY, NAME, ("order_phone", "phone", "if_new")]
    response = client.post(url(contacts), data(contacts, rows))
    assert response.status_code == 302, messages_of(response)
    contacts.refresh_from_db()
    assert contacts.property_mappings == [property_mapping(*row) for row in rows], "as it was, and nothing to choose"
    assert contacts.revision == 2
    entry = LogEntry.objects.filter(action_type="pretix_hubspot.mapping.changed").get()
    assert (entry.event, "Order -> Contacts" in str(entry.display())) == (event, True)


def test_saving_without_a_change_sends_nothing_again(contacts, client):
    client.post(url(contacts), data(contacts, [NAME, CITY]))
    contacts.refresh_from_db()
    assert contacts.revision == 1


def test_deleted_rows_are_gone_and_order_decides(contacts, client):
    posted = data(contacts, [NAME, CITY, ("order_phone", "phone", "append")])
    posted |= {"properties-0-DELETE": "on", "properties-1-ORDER": 9}
    client.post(url(contacts), posted)
    contacts.refresh_from_db()
    assert [row["external_field"] for row in contacts.property_mappings] == ["phone", "city"]


def test_two_people_at_once_are_told_and_nothing_is_overwritten(contacts, client, organizer):
    other = browser(make_user(organizer, "other", **{"event.settings.general:write": True}))
    other.post(url(contacts), data(contacts, [CITY]))
    response = client.post(url(contacts), data(contacts, [NAME]))
    assert "Somebody else has changed this mapping" in messages_of(response)
    contacts.refresh_from_db()
    assert [row["external_field"] for row in contacts.property_mappings] == ["city"]
    html = response.content.decode()
    assert 'name="identifier-revision" value="2"' in html, "saving once more replaces the other's"
    assert '<option value="firstname" selected>' in html, "what was typed is still there"
    assert client.post(url(contacts), data(contacts, [NAME], revision=2)).status_code == 302


def test_nonsense_is_refused_in_words(contacts, joined, client, event):
    response = client.post(url(contacts), data(contacts, [], identifier=("", "email")))
    assert "Please choose the pretix field that identifies the object" in response.content.decode()
    response = client.post(url(contacts), data(contacts, [("order_phone", "", "overwrite")]))
    assert "Please choose a HubSpot field." in response.content.decode()
    response = client.post(url(contacts), data(contacts, [("order_phone", "hs_object_id", "overwrite")]))
    assert "HubSpot does not offer the field “hs_object_id”." in response.content.decode()
    contacts.refresh_from_db()
    assert contacts.revision == 1


def summary(response):
    """(link, place, reason) of each entry above the form."""
    entries = re.findall(
        r"<li data-hubspot-mistake>(.*?)</li>", " ".join(response.content.decode().split()).partition("<form")[0]
    )
    found = (re.fullmatch(r' (?:<a href="#(.*?)">)?([^<:]*)(?:</a>)?: (.*) ', entry) for entry in entries)
    return [match.groups() for match in found if match]


def test_what_is_refused_is_listed_with_row_reason_and_a_link(contacts, client, user):
    gone, fine = ("order_phone", "hs_object_id", "overwrite"), NAME
    posted = data(contacts, [gone, fine, ("nonsense", "", "sideways"), CITY], identifier=("", "email"))
    posted |= {"properties-0-ORDER": 3, "properties-2-ORDER": 1, "properties-3-DELETE": "on"}
    posted |= {"properties-3-external_field": ""}
    response = client.post(url(contacts), posted)
    choice = "Select a valid choice. {} is not one of the available choices."
    assert summary(response) == [
        (
            "id_identifier-pretix_field",
            "Identifier, pretix Field",
            "Please choose the pretix field that identifies the object, for example the order email.",
        ),
        ("id_properties-2-pretix_field", "Row 1, pretix Field", choice.format("nonsense")),
        ("id_properties-2-external_field", "Row 1, HubSpot Field", "Please choose a HubSpot field."),
        ("id_properties-2-overwrite", "Row 1, Mode", choice.format("sideways")),
        (
            "id_properties-0-external_field",
            "Row 3, HubSpot Field",
            "HubSpot does not offer the field “hs_object_id”.",
        ),
    ]
    user.locale = "de"
    user.save()
    assert [place for _anchor, place, _reason in summary(client.post(url(contacts), posted))][1:] == [
        "Zeile 1, pretix-Feld",
        "Zeile 1, HubSpot-Feld",
        "Zeile 1, Modus",
        "Zeile 3, HubSpot-Feld",
    ], "not the row of a seat"
    html = response.content.decode()
    for anchor, _place, _reason in summary(response):
        assert html.count(f'id="{anchor}"') == 1
    rows = re.findall(r'name="properties-(\d)-external_field"', html)
    assert rows == ["2", "1", "0", "3"], "moved rows stay where they were moved to"
    assert "data-hubspot-mistakes" not in page(client, contacts)


def test_pipeline_and_options_are_in_the_list_too(joined, client, event):
    deals = add_mapping(event, "Order", "deals", pretix_id_field="order_key", external_id_field="hs_object_id")
    posted = data(deals, [], identifier=("order_key", "hs_object_id")) | {"pipeline-pipeline": "default"}
    posted |= {"pipeline-stage_p": "nowhere", "options-language": "xx"}
    response = client.post(url(deals), posted)
    assert [(link, place) for link, place, _reason in summary(response)] == [
        ("id_identifier-external_field", "Identifier, HubSpot Field"),
        ("id_pipeline-stage_p", "Pipeline and stages, Stage of paid orders"),
        ("id_options-language", "More options, Language"),
    ]


def test_an_identifier_that_is_not_unique_is_refused_in_words(joined, client, event):
    companies = add_mapping(event, "Order", "companies", pretix_id_field="email_domain", external_id_field="domain")
    html = page(client, companies)
    assert "several objects may have the same value" in html
    response = client.post(url(companies), data(companies, [], identifier=("email_domain", "domain")))
    assert "several objects may have the same value" in response.content.decode()


def test_another_visible_unique_property_can_become_the_identifier(contacts, client, portal, joined):
    for name, more in (("member", {}), ("secret", {"hidden": True}), ("fixed", {"read_only": True}), ("many", {})):
        definition = Property(name, name, "string", "text", "contactinformation", unique=name != "many", **more)
        portal.portal.schema.create("contacts", definition)
        portal.portal.schema.find("contacts", name).visible_at = 0
    Catalog(joined.connection).refresh(["contacts"])

    html = page(client, contacts)
    saved = client.post(url(contacts), data(contacts, [NAME], identifier=("order_code", "member")))

    select = html.partition('name="identifier-external_field"')[2].partition("</select>")[0]
    assert re.findall(r'value="(\w+)"', select) == ["email", "member"]
    contacts.refresh_from_db()
    assert (saved.status_code, contacts.external_id_field) == (302, "member")


def test_what_vanished_stays_visible_with_a_warning_and_can_be_saved(contacts, client):
    rows = [("checkin_date_99", "city", "overwrite"), ("email", "gone", "overwrite")]
    contacts.property_mappings = [property_mapping(*row) for row in rows]
    contacts.save()
    html = page(client, contacts)
    assert "checkin_date_99 (not available)" in html
    assert "gone (no longer exists in HubSpot)" in html
    assert "This pretix field is not available in this event" in html
    assert "The HubSpot field “gone” no longer exists." in html
    assert client.post(url(contacts), data(contacts, [*rows, NAME])).status_code == 302


def test_incompatible_types_warn_and_save(contacts, client):
    response = client.get(
        url(contacts) + "check/",
        {"pretix_field": "order_date", "external_field": "hs_language", "overwrite": "overwrite"},
    )
    assert len(response.json()["notes"]) == 1
    row = ("order_date", "hs_language", "overwrite")
    assert client.post(url(contacts), data(contacts, [row])).status_code == 302
    assert page(client, contacts).count("fa-warning") == 1


def test_links_with_a_secret_say_so(contacts, client):
    response = client.get(
        url(contacts) + "check/",
        {"pretix_field": "presale_order_url", "external_field": "website", "overwrite": "overwrite"},
    )
    assert "contains a secret" in response.json()["notes"][0]


def test_associations_offer_earlier_mappings_only(contacts, client, event):
    deals = add_mapping(event, "Order", "deals", 1, pretix_id_field="order_key", external_id_field="email")
    later = add_mapping(event, "Order", "companies", 2)
    html = page(client, deals)
    assert f'name="associations-associations" value="{contacts.pk}"' in html
    assert f'name="associations-associations" value="{later.pk}"' not in html
    client.post(f"{url(deals)}property/")
    deals.refresh_from_db()
    identifier = ("order_key", "pretix_order_key")
    response = client.post(url(deals), data(deals, [], identifier, **{"associations-associations": [contacts.pk]}))
    assert response.status_code == 302
    deals.refresh_from_db()
    assert deals.association_mappings == [{"mapping": contacts.pk}]


def test_pipeline_and_stages_are_chosen_together(joined, client, event):
    deals = add_mapping(event, "Order", "deals", pretix_id_field="order_key", external_id_field="pretix_order_key")
    client.post(f"{url(deals)}property/")
    deals.refresh_from_db()
    identifier = ("order_key", "pretix_order_key")
    chosen = {
        "pipeline-pipeline": "default",
        "pipeline-stage_n": "appointmentscheduled",
        "pipeline-stage_p": "closedwon",
    }
    assert client.post(url(deals), data(deals, [], identifier, **chosen)).status_code == 302
    deals.refresh_from_db()
    assert deals.pipeline == {"pipeline": "default", "stages": {"n": "appointmentscheduled", "p": "closedwon"}}
    assert "dealstage" not in offered(page(client, deals))


def test_the_key_property_is_created_and_becomes_the_identifier(joined, client, event):
    positions = add_mapping(event, "OrderPosition", "deals")
    assert "Create “pretix position key” in HubSpot" in page(client, positions)
    client.post(f"{url(positions)}property/")
    positions.refresh_from_db()
    assert (positions.pretix_id_field, positions.external_id_field) == ("position_key", "pretix_position_key")


def test_a_mapping_of_another_event_is_not_found(contacts, joined, client, organizer, user):
    join(make_event(organizer, "gala"), joined.connection, user)
    assert client.get(url(contacts).replace("/conf/", "/gala/")).status_code == 404


def test_the_editor_opens_while_hubspot_is_down(contacts, client, portal):
    portal.faults.add("unavailable", times=None)
    html = page(client, contacts)
    assert "HubSpot cannot be reached at the moment" in html
    assert client.post(url(contacts), data(contacts, [NAME])).status_code == 302


@pytest.mark.django_db(transaction=True)
@override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
def test_1000_properties_and_30_rows_cost_12_queries_and_no_request(contacts, client, portal, monkeypatch):
    catalog = Catalog(contacts.event.hubspot_connection.connection)
    catalog.freshen(["contacts"])
    grow(catalog, 1_000)
    names = [n for n, p in catalog.mappable("contacts").items() if p.type == "string"][:30]
    contacts.property_mappings = [property_mapping("order_phone", name, "if_empty") for name in names]
    contacts.save()
    # Settings changed in a transaction that was rolled back, as in the tests before, would be read again and again.
    dirty_cache_keys.set(set())
    page(client, contacts)
    before = len(portal.requests.entries)
    queries = queries_of(EditMapping, monkeypatch)
    html = page(client, contacts)
    assert len(offered(html)) >= 1_000
    assert len(portal.requests.entries) == before
    assert 0 < len(queries) <= 12, "\n".join(queries)


def queries_of(view, monkeypatch):
    """Fills up with what the view and its page ask; session, login and permission are pretix's own."""
    found, dispatch = [], view.dispatch

    def counted(*args, **kwargs):
        with CaptureQueriesContext(database) as queries:
            response = dispatch(*args, **kwargs)
        found.extend(query["sql"][:90] for query in queries)
        return response

    monkeypatch.setattr(view, "dispatch", counted)
    return found


def grow(catalog, count):
    row = catalog.connection.catalog_entries.get(kind="properties", name="contacts")
    row.data += [
        {"name": f"made_up_{n}", "label": f"Made up {n}", "type": "string", "field_type": "text"} for n in range(count)
    ]
    row.save()
