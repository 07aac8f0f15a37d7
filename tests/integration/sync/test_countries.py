"""A country goes into a portal's list of countries, whatever language and spelling the list is in."""

import pytest

from hubspot_simulator import Option, Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import value_maps
from pretix_hubspot.models import OrderState
from pretix_hubspot.sources.registry import fields_for
from pretix_hubspot.values.convert import warning

ENGLISH = [("Germany", "Germany"), ("France", "France"), ("United Kingdom", "United Kingdom")]


@pytest.fixture
def listed(story):
    """A list of countries that attendees' countries are mapped to."""

    def listed(options, field_type="select", value_map=""):
        made = [Option(value, label, place) for place, (value, label) in enumerate(options)]
        definition = Property("land", "Land", "enumeration", field_type, "contactinformation", options=made)
        story.simulator.portal.schema.create("contacts", definition)
        mapping = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
        row = {"pretix_field": "attendee_country", "external_field": "land", "overwrite": "overwrite"}
        mapping.property_mappings = [*mapping.property_mappings, row | {"value_map": value_map}]
        mapping.save()

    return listed


def sent(story, country):
    order = story.order("A1", attendees=[("ada@example.org", "Ada", "L")])
    order.positions.update(country=country)
    story.sync()
    contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
    return contact and contact.get("land")


@pytest.mark.parametrize(
    ("options", "country", "held"),
    [
        (ENGLISH, "DE", "Germany"),
        (ENGLISH, "GB", "United Kingdom"),
        ([("allemagne", "Allemagne"), ("royaume_uni", "Royaume-Uni")], "DE", "allemagne"),
        ([("de", "Deutschland"), ("gb", "Großbritannien")], "GB", "gb"),
        ([("1", "Alemania"), ("2", "EE. UU.")], "US", "2"),
        ([("DEU", "D"), ("GBR", "UK")], "GB", "GBR"),
        ([("DE", "Germany"), ("UK", "UK")], "DE", "DE"),
    ],
)
@pytest.mark.parametrize("field_type", ["select", "radio", "checkbox"])
def test_by_any_name(story, listed, options, country, held, field_type):
    listed(options, field_type)

    assert sent(story, country) == held


def test_a_map_decides_on_the_countries_that_it_names(story, listed):
    listed([*ENGLISH, ("EU", "Rest of Europe")], value_map='{"AT": "EU", "FR": ""}')
    story.event.hubspot_object_mappings.exclude(pretix_model="OrderPosition").delete()
    for number, country in enumerate(["DE", "AT", "FR"]):
        order = story.order(f"B{number}", attendees=[(f"{country}@example.org", "Ada", "L")])
        order.positions.update(country=country)

    story.sync()

    assert story.world(contacts=["email", "land"])["contacts"] == [
        {"email": "at@example.org", "land": "EU"},
        {"email": "de@example.org", "land": "Germany"},
        {"email": "fr@example.org", "land": None},
    ]


def test_a_country_that_the_list_lacks_is_refused_without_a_name(story, listed):
    listed(ENGLISH)

    assert sent(story, "AT") is None
    [problem] = OrderState.objects.get().problem
    assert (problem["code"], "AT" in str(problem)) == ("no_option", False)


def test_the_editor_offers_a_map_and_names_what_is_lacking(story, listed):
    listed([(code, label) for code, label in ENGLISH if code != "France"])
    field = fields_for(story.event, "OrderPosition")["attendee_country"]
    definition = Catalog(story.connection).properties("contacts")["land"]

    entries = {entry.identifier: entry for entry in value_maps.entries(field, definition, {"AT": ""})}
    refusal = warning(field.type, definition, "overwrite")

    assert value_maps.fits(field, definition)
    assert (entries["DE"].target, entries["DE"].proposed) == ("Germany", True)
    assert (entries["AT"].target, entries["AU"].target) == ("", None)
    assert refusal.code == "no_option"
    assert "Austria" in refusal.params["option_labels"] and "Germany" not in refusal.params["option_labels"]
