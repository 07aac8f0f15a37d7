"""HubSpot fields made from the editor: what fits a pretix field, and HubSpot's limits in words."""

import pytest

from hubspot_simulator import Property
from pretix_hubspot.catalog.catalog import Catalog

from .conftest import browser, make_user, page_of, url


def new(client, mapping, field, **more):
    return client.post(url(mapping, "property/new/"), {"pretix_field": field, **more})


def create(client, mapping, field, label="Made here", name="made_here", **more):
    return new(client, mapping, field, create="on", **{"new-label": label, "new-name": name}, **more)


def made(portal, name="made_here"):
    return portal.portal.schema.find("contacts", name)


@pytest.fixture
def attendees(event, contacts):
    contacts.pretix_model, contacts.pretix_id_field = "OrderPosition", "attendee_email"
    contacts.save()
    return contacts


def test_the_dialog_proposes_label_name_and_type(event, attendees, client):
    question = event.questions.create(question="Größe & Schnitt", identifier="SIZE", type="M")
    question.options.create(identifier="s", answer="Small")
    html = page_of(new(client, attendees, "question_SIZE"))
    assert 'value="Größe &amp; Schnitt"' in html
    assert 'value="pretix_question_groe_schnitt"' in html
    assert "<strong>Multiple checkboxes</strong> – with these options: Small" in html
    assert "new-unique" not in html, "HubSpot has unique values for texts and numbers only"


@pytest.mark.parametrize(
    ("question_type", "expected"),
    [
        ("N", ("number", "number", [])),
        ("S", ("string", "text", [])),
        ("T", ("string", "textarea", [])),
        ("B", ("bool", "booleancheckbox", [("true", "Yes"), ("false", "No")])),
        ("C", ("enumeration", "select", [("s", "Small"), ("l", "Large")])),
        ("M", ("enumeration", "checkbox", [("s", "Small"), ("l", "Large")])),
        ("D", ("date", "date", [])),
        ("W", ("datetime", "date", [])),
        ("H", ("string", "text", [])),
        ("CC", ("string", "text", [])),
        ("TEL", ("string", "phonenumber", [])),
    ],
)
def test_the_property_fits_the_field(event, attendees, client, portal, question_type, expected):
    question = event.questions.create(question="Anything", identifier="ANY", type=question_type)
    if question_type in "CM":
        question.options.create(identifier="s", answer="Small")
        question.options.create(identifier="l", answer="Large")
    answer = create(client, attendees, "question_ANY").json()
    assert answer == {"id": "made_here", "text": f"Made here (made_here | {expected[0]})"}
    found = made(portal)
    assert (found.type, found.field_type, [(o.value, o.label) for o in found.options]) == expected
    assert (found.group, found.unique) == ("pretixinformation", False)
    values = {"pretix_field": "question_ANY", "external_field": "made_here", "overwrite": "overwrite"}
    assert client.post(url(attendees, "check/"), values).json()["notes"] == [], "what we make fits without a warning"


def test_for_an_identifier_it_is_unique(contacts, client, portal):
    html = page_of(new(client, contacts, "order_key", identifier="on"))
    assert 'id="id_new-unique" checked' in html or "checked" in html
    create(client, contacts, "order_key", identifier="on", **{"new-unique": "on"})
    assert made(portal).unique
    assert "made_here" in Catalog(contacts.event.hubspot_connection.connection).identifiers("contacts")


@pytest.mark.parametrize("name", ["Upper", "1st", "with space", "ü", "_x"])
def test_names_by_hubspots_rules(contacts, client, portal, name):
    assert "Only lower-case letters" in page_of(create(client, contacts, "email", name=name))


def test_a_taken_name_is_said(contacts, client):
    assert "HubSpot has the field “City” with this internal name already" in page_of(
        create(client, contacts, "email", name="city")
    )


def test_the_tenth_unique_property_is_the_last(contacts, client, portal):
    for number in range(10):
        prop = Property(f"unique_{number}", "Unique", "string", "text", "contactinformation", unique=True)
        portal.portal.schema.create("contacts", prop)
    html = page_of(create(client, contacts, "order_key", identifier="on", **{"new-unique": "on"}))
    assert "HubSpot allows 10 properties with unique values for each object type" in html


def test_the_thousandth_custom_property_is_the_last(contacts, client, portal):
    for number in range(1_000):
        prop = Property(f"custom_{number}", "Custom", "string", "text", "contactinformation")
        portal.portal.schema.create("contacts", prop)
    assert "as many properties of its own as your HubSpot subscription allows" in page_of(
        create(client, contacts, "email")
    )


def test_a_missing_scope_and_an_outage_are_explained(contacts, client, portal):
    page_of(new(client, contacts, "email"))
    portal.auth.reduce_scopes({"crm.schemas.contacts.write"})
    assert "HubSpot has not granted pretix the scope" in page_of(create(client, contacts, "email"))
    portal.faults.add("unavailable", times=None)
    assert "HubSpot cannot be reached at the moment" in page_of(create(client, contacts, "email"))


def test_without_a_field_the_dialog_says_what_to_do(contacts, client):
    assert "Please choose the pretix field first." in page_of(new(client, contacts, ""))


def test_only_with_permission(contacts, organizer):
    stranger = browser(make_user(organizer, "stranger", **{"event.orders:read": True}))
    assert new(stranger, contacts, "email").status_code == 403
