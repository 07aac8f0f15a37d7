"""Copies and files from elsewhere: found again by name, or shown as lost; another account's numbers are never used."""

import json
from decimal import Decimal

import pytest

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import mapping_file
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.models import ObjectMapping
from tests.integration.mappings.test_editor import data

from .conftest import BASE, add_mapping, make_event, page_of, url
from .test_start import exported, upload

OTHER_ACCOUNT = "This mapping was made for another HubSpot account."


def furnish(event):
    """Products, a question, a category and a check-in list, always of the same names."""
    category = event.categories.create(name="Tickets")
    ticket = event.items.create(name="Ticket", default_price=Decimal("1"), category=category)
    student = ticket.variations.create(value="Student")
    question = event.questions.create(question="Size", type="C")
    small = question.options.create(answer="Small")
    entrance = event.checkin_lists.create(name="Entrance", all_products=True)
    return ticket, student, category, question, small, entrance


def settings(ticket, student, category, question, small, entrance):
    """A mapping about all of them."""
    return {
        "property_mappings": [
            property_mapping(f"question_{question.identifier}", "city", "if_new")
            | {"value_map": json.dumps({small.identifier: "S"})},
            property_mapping("product_choice", "jobtitle", "if_new") | {"value_map": json.dumps({str(ticket.pk): "T"})},
            property_mapping(f"first_checkin_{entrance.pk}", "closedate", "if_new"),
        ],
        "options": {
            "filters": {
                "sales_channels": ["web"],
                "items": [ticket.pk],
                "variations": [student.pk],
                "categories": [category.pk],
                "answers": [[question.identifier, small.identifier], [question.identifier, ""]],
            }
        },
    }


@pytest.fixture
def elsewhere(organizer, joined):
    """An event with these things and a mapping about them."""
    source = make_event(organizer, "old")
    source.items.create(name="Something else", default_price=Decimal("1"))
    add_mapping(source, "OrderPosition", "contacts", **settings(*furnish(source)))
    return source


def stored(event):
    mapping = event.hubspot_object_mappings.get()
    return {"property_mappings": mapping.property_mappings, "options": mapping.options}


def file_of(elsewhere):
    return json.loads(json.dumps(mapping_file.dump(elsewhere)))


def test_a_copy_finds_everything_by_name(elsewhere, event, client):
    things = furnish(event)

    client.post(BASE + "start/", {"how": "copy", "event": elsewhere.pk})

    assert stored(event) == settings(*things)


def test_a_file_finds_everything_by_name(elsewhere, event, client):
    things = furnish(event)

    upload(client, file_of(elsewhere))

    assert stored(event) == settings(*things)
    assert exported(client)["names"].keys() == {
        "items",
        "variations",
        "categories",
        "checkin_lists",
        "questions",
        "options",
        "sales_channels",
    }


def test_a_file_names_nothing_but_what_its_mappings_name(elsewhere):
    names = file_of(elsewhere)["names"]

    assert [names["items"], names["categories"]] == [
        {str(elsewhere.items.get(name__icontains="Ticket").pk): ["Ticket"]},
        {str(elsewhere.categories.get().pk): ["Tickets"]},
    ]


def test_two_products_of_one_name_are_told_apart_by_nothing(elsewhere, event, client):
    furnish(event)
    event.items.create(name="Ticket", default_price=Decimal("1"))

    upload(client, file_of(elsewhere))

    found = stored(event)
    assert found["options"]["filters"]["items"] == [0]
    assert json.loads(found["property_mappings"][1]["value_map"]) == {
        f"_invalid_{elsewhere.items.get(name__icontains='Ticket').pk}": "T"
    }


def test_a_file_of_version_1_from_another_event_knows_identifiers_only(elsewhere, event, client):
    ticket, student, category, question, small, entrance = furnish(event)
    old = file_of(elsewhere) | {"version": 1}
    old.pop("names")
    old["mappings"][0]["property_mappings"][0] |= {
        "pretix_field": f"question_{question.identifier}",
        "value_map": json.dumps({small.identifier: "S"}),
    }

    upload(client, old)

    found = stored(event)
    assert (
        found["property_mappings"][0]
        == settings(ticket, student, category, question, small, entrance)["property_mappings"][0]
    )
    assert found["property_mappings"][2]["pretix_field"].startswith("_invalid_first_checkin_")
    assert {name: found["options"]["filters"][name] for name in ("items", "variations", "categories")} == {
        "items": [0],
        "variations": [0],
        "categories": [0],
    }


@pytest.mark.parametrize(
    "names",
    [
        None,
        [],
        "items",
        {"items": []},
        {"items": {"7": "Ticket"}},
        {"items": {"7": [7, None, {}]}},
        {"items": {"x": ["Ticket"]}},
    ],
)
def test_odd_names_in_a_file_are_no_names(elsewhere, event, client, names):
    furnish(event)

    upload(client, file_of(elsewhere) | {"names": names})

    assert stored(event)["options"]["filters"]["items"] == [0]


# Another account

THEIRS = ("email", "their_property", "overwrite")
CITY = ("invoice_address_city", "city", "if_new")


@pytest.fixture
def foreign(elsewhere, event, client, joined):
    """Two mappings from another account: the second names a property and a label that this one does not have."""
    first = elsewhere.hubspot_object_mappings.get()
    add_mapping(
        elsewhere,
        "Order",
        "contacts",
        1,
        pretix_id_field="email",
        external_id_field="email",
        property_mappings=[property_mapping(*THEIRS)],
        association_mappings=[{"mapping": first.pk, "label": "Sponsor", "type": "USER_DEFINED:12"}],
    )
    Catalog(joined.connection).refresh(["contacts"])
    upload(client, file_of(elsewhere) | {"portal": 4711})
    return event.hubspot_object_mappings.get(position=1)


def save(client, mapping, *rows):
    earlier = mapping.event.hubspot_object_mappings.first()
    label = {f"associations-label_{earlier.pk}": "Sponsor", "associations-associations": earlier.pk}
    response = client.post(url(mapping), data(mapping, rows, ("email", "email"), **label))
    assert response.status_code == 302, page_of(response)
    mapping.refresh_from_db()
    return mapping


def test_what_another_account_had_is_shown(foreign, client):
    assert foreign.made_for_portal == 4711
    assert foreign.association_mappings[0]["portal"] == 4711
    html = page_of(client.get(BASE))
    assert OTHER_ACCOUNT in html
    assert "These association labels were chosen in another HubSpot account: Sponsor." in html
    assert "The HubSpot field “their_property” no longer exists." in html
    assert OTHER_ACCOUNT in page_of(client.get(url(foreign)))


def test_saving_makes_the_label_here_and_ends_it_once_nothing_is_missing(foreign, client, portal):
    save(client, foreign, THEIRS)

    [entry] = foreign.association_mappings
    assert (entry["label"], "portal" in entry) == ("Sponsor", False)
    assert foreign.made_for_portal == 4711, "one property is still missing"

    save(client, foreign, CITY)

    assert foreign.made_for_portal is None
    assert OTHER_ACCOUNT not in page_of(client.get(url(foreign)))


def test_a_file_of_the_same_account_is_of_here(elsewhere, event, client, joined):
    upload(client, file_of(elsewhere) | {"portal": joined.connection.portal_id})

    assert event.hubspot_object_mappings.get().made_for_portal is None


@pytest.mark.parametrize("changes", [{"portal": None}, {"portal": "4711"}, {"portal": -1}, {"version": 1}])
def test_a_file_that_does_not_say_its_account_is_of_another(elsewhere, event, client, changes):
    upload(client, file_of(elsewhere) | changes)

    assert event.hubspot_object_mappings.get().made_for_portal == 0


def test_an_import_is_exported_as_what_it_is(foreign, event, client):
    before = exported(client)
    ObjectMapping.objects.all().delete()

    upload(client, before)

    assert exported(client) == before
    assert [mapping.made_for_portal for mapping in event.hubspot_object_mappings.all()] == [4711, 4711]
