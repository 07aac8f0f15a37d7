"""Starting points, copies and files: what they make, and what they refuse in words."""

import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.control.forms.editor import MappingEditor
from pretix_hubspot.mappings.starting_points import STARTING_POINTS
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.models import ObjectMapping
from tests.integration.mappings.conftest import rows_of
from tests.integration.mappings.test_editor import messages_of

from .conftest import BASE, add_mapping, browser, make_event, make_user, page_of

START = BASE + "start/"
BUYER = ("Order", "contacts", "email", "email")
ATTENDEE = ("OrderPosition", "contacts", "attendee_email", "email")
COMPANY = ("Order", "companies", "invoice_address_company", "pretix_company")
DEAL = ("Order", "deals", "order_key", "pretix_order_key")
PLACE = ("OrderPosition", "deals", "position_key", "pretix_position_key")


def begin(client, point):
    return client.post(START, {"how": "point", "point": point})


@pytest.mark.parametrize(
    ("point", "expected", "associations"),
    [
        ("newsletter", [BUYER], [[]]),
        ("attendees", [BUYER, ATTENDEE], [[], []]),
        ("conference", [COMPANY, BUYER, ATTENDEE, DEAL], [[], [0], [0], [0, 1, 2]]),
        ("courses", [ATTENDEE], [[]]),
        ("sponsors", [COMPANY, BUYER, PLACE], [[], [0], [0, 1]]),
        ("donations", [BUYER, DEAL], [[], [0]]),
    ],
)
def test_a_starting_point_opens_in_the_editor_without_a_warning(joined, event, client, point, expected, associations):
    assert "been added" in messages_of(begin(client, point))
    assert rows_of(event) == expected
    mappings = list(event.hubspot_object_mappings.all())
    place = {mapping.pk: number for number, mapping in enumerate(mappings)}
    assert [sorted(place[e["mapping"]] for e in m.association_mappings) for m in mappings] == associations
    catalog = Catalog(joined.connection)
    for mapping in mappings:
        editor = MappingEditor(mapping, catalog)
        assert editor.identifier.notes == []
        assert [note for form in editor.properties for note in form.notes] == []
        assert mapping.property_mappings


def test_all_six_are_offered_and_described(joined, client):
    html = page_of(client.get(START))
    assert len(STARTING_POINTS) == 6
    for point in STARTING_POINTS.values():
        assert str(point.title) in html and str(point.description) in html


def test_what_is_special_about_some(joined, event, client):
    begin(client, "courses")
    [attendee] = event.hubspot_object_mappings.all()
    assert attendee.property_mappings[-1] == property_mapping("subevent_name", "pretix_courses", "append")
    ObjectMapping.objects.all().delete()
    begin(client, "donations")
    assert event.hubspot_object_mappings.last().options == {"filters": {"value": True}}
    ObjectMapping.objects.all().delete()
    begin(client, "newsletter")
    [buyer] = event.hubspot_object_mappings.all()
    assert {row["external_field"] for row in buyer.property_mappings} == {"firstname", "lastname", "hs_language"}


def test_nothing_chosen_or_hubspot_down_is_said(joined, client, portal, event):
    assert "Please choose one." in page_of(client.post(START, {"how": "point"}))
    portal.faults.add("unavailable", times=None)
    joined.connection.catalog_entries.all().delete()
    assert "HubSpot cannot be reached at the moment" in page_of(client.get(START))
    assert rows_of(event) == []


def test_an_event_with_mappings_keeps_them(contacts, event, client):
    assert "This event has object mappings already." in page_of(client.get(START))
    assert "already has object mappings" in messages_of(begin(client, "newsletter"))
    assert rows_of(event) == [BUYER]


# Copies


@pytest.fixture
def last_year(organizer, joined):
    """Another event with a question, a product and a mapping about both."""
    source = make_event(organizer, "old")
    source.questions.create(question="Size", identifier="SIZE", type="S")
    ticket = source.items.create(name="Ticket", default_price=Decimal("1"))
    gone = source.items.create(name="Gone", default_price=Decimal("1"))
    entrance = source.checkin_lists.create(name="Entrance", all_products=True)
    contact = add_mapping(
        source,
        "OrderPosition",
        "contacts",
        pretix_id_field="attendee_email",
        external_id_field="email",
        property_mappings=[
            property_mapping("question_SIZE", "jobtitle", "overwrite"),
            property_mapping(f"checkin_date_{entrance.pk}", "closedate", "if_new"),
        ],
        options={"filters": {"items": [ticket.pk, gone.pk]}},
    )
    add_mapping(source, "Order", "deals", 1, association_mappings=[{"mapping": contact.pk}])
    return source


def test_a_copy_finds_what_has_the_same_name(last_year, event, client):
    ticket = event.items.create(name="Ticket", default_price=Decimal("1"))
    event.questions.create(question="Size", identifier="SIZE", type="S")
    entrance = event.checkin_lists.create(name="Entrance", all_products=True)
    assert "2 object mappings have been added." in messages_of(
        client.post(START, {"how": "copy", "event": last_year.pk})
    )
    contact, deal = event.hubspot_object_mappings.all()
    assert [row["pretix_field"] for row in contact.property_mappings] == [
        "question_SIZE",
        f"checkin_date_{entrance.pk}",
    ]
    assert contact.options == {"filters": {"items": [ticket.pk, 0]}}
    assert deal.association_mappings == [{"mapping": contact.pk}]
    assert event.logentry_set.filter(action_type="pretix_hubspot.mapping.added").count() == 2


def test_a_copy_loses_what_this_event_does_not_have(last_year, event, client):
    client.post(START, {"how": "copy", "event": last_year.pk})

    contact, _deal = event.hubspot_object_mappings.all()
    assert [row["pretix_field"].rstrip("0123456789") for row in contact.property_mappings] == [
        "_invalid_question_SIZE",
        "_invalid_checkin_date_",
    ]
    assert contact.options == {"filters": {"items": [0, 0]}}
    html = page_of(client.get(BASE))
    assert "“jobtitle” is not filled: its pretix field has no counterpart in this event." in html
    assert "Filters name products that have no counterpart in this event, and that no order meets." in html
    html = page_of(client.get(f"{BASE}mapping/{contact.pk}/"))
    assert "question_SIZE (not available)" in html
    assert "This pretix field was copied from another event and has no counterpart in this one." in html


def test_only_events_whose_settings_one_may_see_are_offered(last_year, event, organizer):
    user = make_user(organizer, "local", **{"event.settings.general:write": True})
    team = user.teams.get()
    team.all_events = False
    team.save()
    team.limit_events.add(event)
    client = browser(user)
    assert "No other event of this organizer" in page_of(client.get(START))
    client.post(START, {"how": "copy", "event": last_year.pk})
    assert rows_of(event) == []


# Files


def upload(client, content):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(START, {"how": "file", "file": SimpleUploadedFile("mappings.json", content)})


def exported(client):
    response = client.get(BASE + "export/")
    assert "hubspot-mappings-conf.json" in response["Content-Disposition"]
    return json.loads(response.content)


def test_what_is_exported_can_be_imported(joined, event, client):
    begin(client, "conference")
    ticket = event.items.create(name="Ticket", default_price=Decimal("1"))
    event.hubspot_object_mappings.update(options={"filters": {"paid": True, "items": [ticket.pk]}, "lenient": True})
    before = exported(client)
    ObjectMapping.objects.all().delete()
    assert "4 object mappings have been added." in messages_of(upload(client, before))
    assert exported(client) == before
    ObjectMapping.objects.all().delete()
    upload(client, before | {"event": "acme/other", "names": {}})
    assert event.hubspot_object_mappings.first().options["filters"]["items"] == [0], "a product of another event"


GOOD = {"pretix_model": "Order", "external_object_type": "contacts"}
ROW = {"pretix_field": "email", "external_field": "email", "overwrite": "overwrite"}

TEXT = ROW | {"pretix_field": "constant_text", "text": "Guest"}


def with_mapping(**changes):
    return {"format": "pretix-hubspot-mappings", "version": 1, "mappings": [GOOD | changes]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\x00", "This is not a JSON file."),
        (b"[" * 100_000, "This is not a JSON file."),
        (b" " * 1_000_001, "The file is too large."),
        ([], "does not hold object mappings"),
        ({"format": "other"}, "does not hold object mappings"),
        (with_mapping() | {"version": 3}, "newer version"),
        (with_mapping() | {"mappings": []}, "no object mappings"),
        (with_mapping() | {"mappings": [7]}, "Object mapping 1 of the file is not an object."),
        (with_mapping(secret=1), "Object mapping 1 of the file has unknown entries: secret."),
        (with_mapping(pretix_model="Ticket"), "unknown pretix object type"),
        (with_mapping(external_object_type=""), "lacks “external_object_type”"),
        (with_mapping(external_id_field=7), "has an invalid “external_id_field”"),
        (with_mapping(property_mappings={}), "has invalid properties"),
        (with_mapping(property_mappings=[7]), "has invalid properties"),
        (with_mapping(property_mappings=[{}]), "without pretix field"),
        (with_mapping(property_mappings=[ROW | {"overwrite": "maybe"}]), "unknown mode"),
        (with_mapping(property_mappings=[ROW | {"value_map": "{"}]), "invalid value map"),
        (with_mapping(property_mappings=[ROW | {"text": "Guest"}]), "constant text or choices are invalid"),
        (with_mapping(property_mappings=[ROW | {"pretix_field": "constant_text"}]), "constant text or choices"),
        (with_mapping(property_mappings=[TEXT | {"text": " "}]), "constant text or choices are invalid"),
        (with_mapping(property_mappings=[TEXT | {"text": 7}]), "constant text or choices are invalid"),
        (with_mapping(property_mappings=[TEXT | {"text": "x" * 1001}]), "constant text or choices are invalid"),
        (with_mapping(property_mappings=[ROW | {"choices": "both"}]), "constant text or choices are invalid"),
        (with_mapping(property_mappings=[ROW | {"empty": "always"}]), "unclear what happens without a value"),
        (with_mapping(property_mappings=[ROW | {"value_map": {}, "x": 1} | {"value_map": 7}]), "invalid value map"),
        (with_mapping(association_mappings=[{"mapping": 1}]), "something that does not come before it"),
        (with_mapping(association_mappings=7), "has invalid associations"),
        (with_mapping(pipeline=[1]), "invalid pipeline"),
        (with_mapping(pipeline={"pipeline": "default", "stages": {"x": "y"}}), "invalid pipeline"),
        (with_mapping(options={"filters": {"items": ["1"]}}), "invalid option “filters”"),
        (with_mapping(options={"canceled": "burn"}), "invalid option “canceled”"),
        (with_mapping(options={"lenient": "yes"}), "invalid option “lenient”"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_words(joined, event, client, content, problem):
    assert problem in page_of(upload(client, content))
    assert rows_of(event) == []


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_without_a_choice_empties_as_it_did_before_there_was_one(joined, event, client, version):
    rows = [ROW | {"value_map": ""}, ROW | {"value_map": "", "external_field": "city", "empty": "leave"}]
    upload(client, with_mapping(property_mappings=rows) | {"version": version})

    [mapping] = event.hubspot_object_mappings.all()
    assert mapping.property_mappings == rows
    assert exported(client)["mappings"][0]["property_mappings"] == rows
    assert exported(client)["version"] == 2


def test_a_good_file_by_hand(joined, event, client):
    upload(client, with_mapping(property_mappings=[ROW | {"value_map": '{"a": "b"}'}]))
    [mapping] = event.hubspot_object_mappings.all()
    assert mapping.property_mappings == [ROW | {"value_map": '{"a": "b"}'}]
    page_of(client.get(f"{BASE}mapping/{mapping.pk}/"))


def test_only_with_permission(joined, organizer):
    stranger = browser(make_user(organizer, "stranger", **{"event.orders:read": True}))
    assert stranger.get(START).status_code == 403
    assert stranger.get(BASE + "export/").status_code == 403
