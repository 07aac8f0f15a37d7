"""Object mappings on the settings page: order, types, deletions, two people at once, associations that stay valid."""

import re

import pytest
from django.contrib.messages import get_messages

from pretix_hubspot.control.forms.mappings import PREFIX
from pretix_hubspot.models import ObjectMapping

from .conftest import BASE, add_mapping, browser, make_user, rows_of

SAVE = BASE + "mappings/"


def page(client):
    response = client.get(BASE)
    assert response.status_code == 200
    return response.content.decode()


def fingerprint(client):
    return re.search(r'name="mappings-fingerprint" value="(\w+)"', page(client))[1]


def post(client, *rows, seen=None, **more):
    """``rows`` are (mapping or None, source, object type[, deleted]), in the order they are to have."""
    stored = [row for row in rows if row[0]]
    data = {
        f"{PREFIX}-TOTAL_FORMS": len(rows),
        f"{PREFIX}-INITIAL_FORMS": len(stored),
        f"{PREFIX}-fingerprint": seen or fingerprint(client),
    }
    # Django wants stored rows first, in the order they were shown; ORDER says how they shall be.
    shown = sorted(rows, key=lambda row: (row[0] is None, row[0].position if row[0] else 0))
    for index, (mapping, source, object_type, *deleted) in enumerate(shown):
        data |= {
            f"{PREFIX}-{index}-id": mapping.pk if mapping else "",
            f"{PREFIX}-{index}-pretix_model": source,
            f"{PREFIX}-{index}-external_object_type": object_type,
            f"{PREFIX}-{index}-ORDER": rows.index((mapping, source, object_type, *deleted)) + 1,
        }
        if deleted:
            data[f"{PREFIX}-{index}-DELETE"] = "on"
    return client.post(SAVE, data | more)


def test_guide_texts_and_the_portals_object_types(joined, client):
    html = " ".join(page(client).split())
    for text in (
        "Object mappings",
        "Set up object mappings below so that the system automatically creates or updates HubSpot objects.",
        "Add mapping",
        "Start with a suggestion",
        "Multiple object mappings will be evaluated in order. "
        "Associations can reference all objects created earlier on.",
    ):
        assert text in html
    offered = re.findall(r'<option value="([\w-]+)">([\w ]+)</option>', html)
    assert ("contacts", "Contacts") in offered
    assert ("2-48100123", "Event sessions") in offered


def test_add_order_and_delete(joined, client, event):
    response = post(client, (None, "Order", "contacts"), (None, "Order", "deals"))
    assert response.status_code == 302
    contacts, deals = event.hubspot_object_mappings.all()
    assert rows_of(event) == [("Order", "contacts", "", ""), ("Order", "deals", "", "")]
    post(client, (deals, "Order", "deals"), (None, "OrderPosition", "contacts"), (contacts, "Order", "contacts"))
    assert [row[:2] for row in rows_of(event)] == [
        ("Order", "deals"),
        ("OrderPosition", "contacts"),
        ("Order", "contacts"),
    ]
    first, second, third = event.hubspot_object_mappings.all()
    post(client, (first, "Order", "deals", True), (second, "OrderPosition", "contacts"), (third, "Order", "contacts"))
    assert [row[:2] for row in rows_of(event)] == [("OrderPosition", "contacts"), ("Order", "contacts")]
    actions = [entry.action_type.rpartition(".")[2] for entry in event.logentry_set.order_by("pk")]
    assert [a for a in actions if a in ("added", "changed", "deleted")] == [
        "added", "added", "changed", "added", "changed", "deleted", "changed", "changed",
    ]  # fmt: skip


def test_a_mapping_with_properties_is_not_lost_without_a_question(joined, client, event):
    mapping = add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    asked = post(client, (mapping, "Order", "contacts", True))
    assert asked.status_code == 200
    assert "Order -&gt; Contacts" in asked.content.decode()
    assert event.hubspot_object_mappings.count() == 1
    post(client, (mapping, "Order", "contacts", True), confirmed="on")
    assert event.hubspot_object_mappings.count() == 0


def test_a_mapping_about_other_objects_starts_anew_after_a_question(joined, client, event):
    rows = [{"pretix_field": "email", "external_field": "email", "overwrite": "overwrite", "value_map": ""}]
    mapping = add_mapping(
        event, "Order", "contacts", pretix_id_field="email", external_id_field="email", property_mappings=rows
    )
    assert "Order -&gt; Contacts" in post(client, (mapping, "Order", "companies")).content.decode()
    post(client, (mapping, "Order", "companies"), confirmed="on")
    mapping.refresh_from_db()
    assert (mapping.external_object_type, mapping.external_id_field, mapping.property_mappings) == ("companies", "", [])
    assert mapping.revision == 2


def test_saving_from_the_question_saves_what_was_posted(joined, client, event):
    mapping = add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    asked = post(client, (mapping, "Order", "contacts", True), (None, "Order", "deals")).content.decode()
    form = asked.partition(f'<form action="{SAVE}"')[2].partition("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)

    client.post(SAVE, dict(fields) | {"confirmed": "on"})

    assert [name for name, _ in fields].count("csrfmiddlewaretoken") == 1, "the page's own, and not the posted one"
    assert rows_of(event) == [("Order", "deals", "", "")]


def test_associations_turn_around_with_the_order_and_go_with_their_mapping(joined, client, event):
    contacts = add_mapping(event, "Order", "contacts", 0)
    companies = add_mapping(event, "Order", "companies", 1)
    deals = add_mapping(
        event, "Order", "deals", 2, association_mappings=[{"mapping": contacts.pk}, {"mapping": companies.pk}]
    )
    post(client, (companies, "Order", "companies"), (deals, "Order", "deals"), (contacts, "Order", "contacts"))
    contacts.refresh_from_db(), deals.refresh_from_db()
    assert contacts.association_mappings == [{"mapping": deals.pk}]
    assert deals.association_mappings == [{"mapping": companies.pk}]
    assert (contacts.revision, deals.revision) == (2, 2)
    companies.refresh_from_db()
    post(
        client,
        (companies, "Order", "companies", True),
        (deals, "Order", "deals"),
        (contacts, "Order", "contacts"),
    )
    deals.refresh_from_db()
    assert deals.association_mappings == []


def test_two_people_at_once_are_told(joined, client, event, organizer):
    seen = fingerprint(client)
    other = browser(make_user(organizer, "other", **{"event.settings.general:write": True}))
    post(other, (None, "Order", "contacts"))
    response = post(client, (None, "Order", "deals"), seen=seen)
    assert "Somebody else has changed the object mappings" in messages_of(response)
    assert [row[1] for row in rows_of(event)] == ["contacts"]


def messages_of(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_only_those_who_may_change_the_settings(joined, organizer, event):
    stranger = browser(make_user(organizer, "stranger", **{"event.orders:read": True}))
    assert post(stranger, (None, "Order", "contacts"), seen="x").status_code == 403
    assert not ObjectMapping.objects.exists()


def test_nothing_without_a_connection(client, event, organizer, user):
    response = post(client, (None, "Order", "contacts"), seen="x")
    assert "not yet connected" in messages_of(response)
    assert not ObjectMapping.objects.exists()


def test_not_found_where_the_plugin_is_inactive(joined, client, event):
    event.plugins = ""
    event.save()
    assert client.post(SAVE).status_code == 404


@pytest.mark.parametrize("stored", [True, False])
def test_the_page_opens_while_hubspot_is_down(joined, client, event, portal, stored):
    if stored:
        page(client)
    joined.connection.catalog_entries.update(fetched_at="2020-01-01T00:00:00Z")
    portal.faults.add("unavailable", times=None)
    html = page(client)
    assert "HubSpot cannot be reached at the moment" in html
    assert ("You can go on with what HubSpot offered" in html) is stored
    assert ">Deals</option>" in html
