"""Value maps: what is proposed, what is created in HubSpot, what a row stores, and what the engine makes of it."""

import json

import pytest

from hubspot_simulator import Option, Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.hubspot import data as hubspot_data
from pretix_hubspot.mappings.value_maps import propose
from tests.integration.mappings.test_editor import data

from .conftest import page_of, set_rows, url

IDENTIFIER = ("attendee_email", "email")
SIZE = ("question_SIZE", "shirt_size", "overwrite")


@pytest.fixture
def shirts(portal, event, contacts):
    """A question with three choices, and a property with two options of which somebody described one."""
    question = event.questions.create(question="Shirt size", identifier="SIZE", type="C")
    for identifier, answer in (("s", "Small"), ("m", "Medium size"), ("xl", "Extra large")):
        question.options.create(identifier=identifier, answer=answer)
    options = [Option("size_s", "SMALL", 0), Option("size_m", "Medium-size", 1, description="As printed on the label")]
    prop = Property("shirt_size", "T-shirt", "enumeration", "select", "contactinformation", options=options)
    portal.portal.schema.create("contacts", prop)
    portal.portal.schema.find("contacts", "shirt_size").visible_at = 0
    contacts.pretix_model, contacts.pretix_id_field = "OrderPosition", "attendee_email"
    set_rows(contacts, SIZE)
    return contacts


def dialog(client, mapping, **more):
    posted = {"pretix_field": "question_SIZE", "external_field": "shirt_size", "overwrite": "overwrite"} | more
    return page_of(client.post(url(mapping, "values/"), posted))


def options_of(portal):
    found = portal.portal.schema.find("contacts", "shirt_size").options
    return [(o.value, o.label, o.display_order, o.description) for o in found]


def test_equal_and_similar_labels_are_proposed(shirts, client):
    html = dialog(client, shirts)
    assert "Map values of “Question: Shirt size” to “T-shirt”" in html
    assert '<option value="size_s" selected>SMALL</option>' in html
    assert '<option value="size_m" selected>Medium-size</option>' in html
    assert html.count("<option data-undecided selected>") == 1, "nothing is like Extra large"
    assert "Values that are added in pretix later are not in this map" in html


@pytest.mark.parametrize(
    ("identifier", "label", "expected"),
    [
        ("vip", "Anything", "vip"),
        ("1", "ACADEMIC ", "a"),
        ("1", "Academics", "a"),
        ("1", "Press", None),
        ("1", "Hidden one", None),
        ("1", "…", None),
    ],
)
def test_what_is_proposed(identifier, label, expected):
    options = [
        hubspot_data.Option("a", "Academic"),
        hubspot_data.Option("vip", "V.I.P."),
        hubspot_data.Option("h", "Hidden one", True),
    ]
    assert propose(identifier, [label], options) == expected


def test_missing_options_are_created_and_those_of_others_stay(shirts, client, portal):
    Catalog(shirts.event.hubspot_connection.connection).refresh(["contacts"])
    portal.portal.schema.set_options(  # somebody else's, made after the catalogue was stored
        "contacts", "shirt_size", [*portal.portal.schema.find("contacts", "shirt_size").options, Option("k", "Kids", 5)]
    )
    html = dialog(client, shirts, value_map='{"s": "size_s"}', create=["xl"])
    assert options_of(portal) == [
        ("size_s", "SMALL", 0, ""),
        ("size_m", "Medium-size", 1, "As printed on the label"),
        ("k", "Kids", 5, ""),
        ("Extra large", "Extra large", 6, ""),
    ]
    assert "The missing options have been created in HubSpot." in html
    assert '<option value="Extra large" selected>Extra large</option>' in html
    dialog(client, shirts, create=["xl"])
    assert len(options_of(portal)) == 4, "twice makes nothing twice"


def test_options_of_hubspot_itself_are_explained(shirts, client):
    html = dialog(client, shirts, external_field="lifecyclestage", create=["s"])
    assert "HubSpot itself decides on the options of “Lifecycle Stage”" in html


def test_hubspot_down_is_said_in_the_dialog(shirts, client, portal):
    dialog(client, shirts)
    portal.faults.add("unavailable", times=None)
    assert "HubSpot cannot be reached at the moment" in dialog(client, shirts, create=["xl"])


def test_hubspot_down_is_said_where_nothing_is_stored_of_its_properties(shirts, client, portal):
    portal.faults.add("unavailable", times=None)
    html = dialog(client, shirts)
    assert "HubSpot cannot be reached at the moment" in html
    assert "data-hubspot-close" in html


def test_only_choices_and_enumerations_have_a_dialog(shirts, client):
    posted = {"pretix_field": "email", "external_field": "shirt_size"}
    assert client.post(url(shirts, "values/"), posted).status_code == 404
    assert client.post(url(shirts, "values/"), {}).status_code == 404
    assert client.post(url(shirts, "check/"), posted | {"overwrite": "append"}).json()["takes_value_map"] is False


def test_the_map_is_kept_as_core_keeps_it_and_warns_of_what_it_lacks(shirts, client):
    stored = {"s": "size_s", "m": ""}
    client.post(url(shirts), data(shirts, [(*SIZE, json.dumps(stored))], IDENTIFIER))
    shirts.refresh_from_db()
    assert json.loads(shirts.property_mappings[0]["value_map"]) == stored
    html = page_of(client.get(url(shirts)))
    assert "“Extra large” of “Question: Shirt size” is not mapped to an option of the HubSpot field “T-shirt”." in html
    assert '<option value="" selected>Leave empty in HubSpot</option>' in dialog(
        client, shirts, value_map=json.dumps(stored)
    )


def test_a_complete_map_does_not_warn(shirts, client):
    stored = json.dumps({"s": "size_s", "m": "size_m", "xl": ""})
    values = dict(zip(("pretix_field", "external_field", "overwrite"), SIZE, strict=True))
    answer = client.post(url(shirts, "check/"), values | {"value_map": stored}).json()
    assert answer == {"notes": [], "takes_value_map": True, "takes_choices": False, "options": []}


def test_an_option_that_vanished_stays_visible(shirts, client):
    assert "gone (no longer exists in HubSpot)" in dialog(client, shirts, value_map='{"s": "gone"}')


@pytest.mark.parametrize("nonsense", ["{", "[]", "7", '{"s": 7}', ""])
def test_nonsense_is_no_map(nonsense, shirts, client):
    assert client.post(url(shirts), data(shirts, [(*SIZE, nonsense)], IDENTIFIER)).status_code == 302
    shirts.refresh_from_db()
    assert shirts.property_mappings[0]["value_map"] == ""


def test_a_map_goes_when_its_fields_have_no_values_to_map(shirts, client):
    client.post(url(shirts), data(shirts, [("email", "city", "overwrite", '{"s": "size_s"}')], IDENTIFIER))
    shirts.refresh_from_db()
    assert shirts.property_mappings[0]["value_map"] == ""


def test_yes_and_no_are_choices_too(event, contacts, client):
    event.questions.create(question="Vegan", identifier="VEGAN", type="B")
    html = dialog(client, contacts, pretix_field="order_status", external_field="hs_lead_status")
    assert "pending" in html and "paid" in html
    contacts.pretix_model = "OrderPosition"
    contacts.save()
    html = dialog(client, contacts, pretix_field="question_VEGAN", external_field="hs_lead_status")
    assert "Yes" in html
    assert "paid" in dialog(client, contacts, pretix_field="ticket_status", external_field="hs_lead_status")
