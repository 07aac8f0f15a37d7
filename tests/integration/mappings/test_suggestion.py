"""Start with a suggestion: what is added here and in HubSpot, and when nothing is."""

import pytest
from django.contrib.messages import get_messages

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.key_properties import KeyPropertyUnusable, ensure_key_property
from pretix_hubspot.control.forms.editor import MappingEditor
from pretix_hubspot.hubspot import errors
from pretix_hubspot.mappings.store import SuggestionImpossible
from pretix_hubspot.mappings.suggestions import apply_suggestion
from pretix_hubspot.models import ObjectMapping
from pretix_hubspot.sources.registry import fields_for

from .conftest import BASE, add_mapping, rows_of

CONTACT_ADDRESS = [
    ("firstname", "if_empty"),
    ("lastname", "if_empty"),
    ("company", "if_empty"),
    ("address", "if_empty"),
    ("zip", "if_empty"),
    ("city", "if_empty"),
    ("hs_country_region_code", "if_empty"),
]
KEY = {
    "name": "pretix_order_key",
    "label": "Made by hand",
    "type": "string",
    "fieldType": "text",
    "groupName": "dealinformation",
}


def targets(mapping):
    return [(row["external_field"], row["overwrite"]) for row in mapping.property_mappings]


def client_of(joined):
    return Catalog(joined.connection).client


def definition(joined, name="pretix_order_key"):
    catalog = Catalog(joined.connection)
    catalog.refresh(["deals"])
    return catalog.properties("deals").get(name)


def test_buyers_attendees_and_deals(joined, event):
    buyers, attendees, deals = apply_suggestion(joined)
    assert rows_of(event) == [
        ("Order", "contacts", "email", "email"),
        ("OrderPosition", "contacts", "attendee_email", "email"),
        ("Order", "deals", "order_key", "pretix_order_key"),
    ]
    assert targets(buyers) == [*CONTACT_ADDRESS, ("phone", "if_empty"), ("hs_language", "if_empty")]
    assert targets(attendees) == CONTACT_ADDRESS
    assert targets(deals) == [
        ("dealname", "if_new"),
        ("amount", "overwrite"),
        ("closedate", "if_empty"),
        ("deal_currency_code", "overwrite"),
    ]
    assert deals.association_mappings == [{"mapping": buyers.pk}, {"mapping": attendees.pk}]
    assert deals.pipeline == {
        "pipeline": "default",
        "stages": {"n": "appointmentscheduled", "p": "closedwon", "e": "closedlost", "c": "closedlost"},
    }
    assert event.logentry_set.filter(action_type="pretix_hubspot.mapping.added").count() == 3


def test_the_key_property_is_unique_and_has_a_group_of_its_own(joined, portal):
    apply_suggestion(joined)
    key = definition(joined)
    assert (key.has_unique_value, key.group_name, key.label) == (True, "pretixinformation", "pretix order key")
    assert portal.portal.schema.group("deals", "pretixinformation").label == "pretix information"


def test_the_suggestion_opens_in_the_editor_without_a_warning(joined):
    for mapping in apply_suggestion(joined):
        editor = MappingEditor(mapping, Catalog(joined.connection))
        assert editor.identifier.notes == []
        assert [note for form in editor.properties for note in form.notes] == []


def test_every_suggested_field_exists(joined, event):
    for mapping in apply_suggestion(joined):
        fields = fields_for(event, mapping.pretix_model)
        assert {row["pretix_field"] for row in mapping.property_mappings} | {mapping.pretix_id_field} <= fields.keys()


def test_without_attendee_addresses_no_attendees(joined, event):
    event.settings.attendee_emails_asked = False
    apply_suggestion(joined)
    assert [row[:2] for row in rows_of(event)] == [("Order", "contacts"), ("Order", "deals")]


def test_attendees_left_out_are_mentioned(joined, event, client):
    assert "Attendees have been left out" not in post(client)
    ObjectMapping.objects.all().delete()
    event.settings.attendee_emails_asked = False
    assert "Attendees have been left out" in post(client)


def test_full_names_are_split(joined, event):
    event.settings.name_scheme = "full"
    buyers = apply_suggestion(joined)[0]
    assert [row["pretix_field"] for row in buyers.property_mappings][:2] == [
        "buyer_name_given_name",
        "buyer_name_family_name",
    ]


def test_only_what_was_chosen(joined, event):
    deals = apply_suggestion(joined, ["deals"])[0]
    assert rows_of(event) == [("Order", "deals", "order_key", "pretix_order_key")]
    assert deals.association_mappings == []


def test_an_unknown_currency_is_left_out(joined, event):
    event.currency = "JPY"
    event.save()
    deals = apply_suggestion(joined)[-1]
    assert "deal_currency_code" not in dict(targets(deals))


def test_nothing_is_added_to_mappings_that_exist(joined, event, client):
    add_mapping(event, "Order", "companies")
    with pytest.raises(SuggestionImpossible):
        apply_suggestion(joined)
    assert "already has object mappings" in post(client)
    assert [row[1] for row in rows_of(event)] == ["companies"]
    assert definition(joined) is None


def post(client):
    response = client.post(BASE + "suggest/")
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_again_after_deleting_finds_the_property_of_the_first_time(joined, event):
    apply_suggestion(joined)
    ObjectMapping.objects.all().delete()
    assert len(apply_suggestion(joined)) == 3


def test_a_missing_scope_is_explained_and_nothing_is_half_done(joined, event, client, portal):
    portal.auth.reduce_scopes({"crm.schemas.deals.write"})
    said = post(client)
    assert said.startswith("No object mappings have been added. HubSpot has not granted pretix")
    assert "crm.schemas.deals.write" in said
    assert rows_of(event) == []
    assert definition(joined) is None


def test_a_property_that_is_not_unique_is_explained(joined, event, client):
    client_of(joined).create_property("deals", {**KEY, "hasUniqueValue": False})
    assert "does not require unique values" in post(client)
    assert rows_of(event) == []


def test_a_property_made_by_another_worker_at_the_same_moment_is_used(joined):
    catalog = Catalog(joined.connection)
    assert "pretix_order_key" not in catalog.properties("deals")
    client_of(joined).create_property("deals", {**KEY, "hasUniqueValue": True})
    assert ensure_key_property(catalog, "deals", "Order").label == "Made by hand"


def test_an_archived_property_comes_back(joined, portal):
    apply_suggestion(joined)
    portal.portal.schema.archive("deals", "pretix_order_key")
    joined.connection.catalog_entries.all().delete()
    ObjectMapping.objects.all().delete()
    apply_suggestion(joined)
    assert Catalog(joined.connection).properties("deals")["pretix_order_key"].has_unique_value


def test_a_property_that_cannot_be_written_is_explained(joined, portal):
    client_of(joined).create_property("deals", {**KEY, "hasUniqueValue": True})
    portal.portal.schema.change("deals", "pretix_order_key", read_only=True)
    with pytest.raises(KeyPropertyUnusable, match="read_only"):
        ensure_key_property(Catalog(joined.connection), "deals", "Order")


def test_hubspot_down_means_no_mappings(joined, event, client, portal):
    portal.faults.add("unavailable", times=None)
    assert "HubSpot cannot be reached" in post(client)
    with pytest.raises(errors.ServerTrouble):
        apply_suggestion(joined)
    assert rows_of(event) == []
