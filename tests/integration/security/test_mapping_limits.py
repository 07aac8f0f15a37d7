"""How much an event may map: files, editor and copies alike are refused in words, and a plan stays small."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pretix.base.models import Event

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.mappings import limits, mapping_file
from pretix_hubspot.mappings.copying import copy_from
from pretix_hubspot.mappings.limit_texts import TOO_MUCH
from pretix_hubspot.mappings.store import TooMuch
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync.run import loading
from tests.integration.control.conftest import (  # noqa: F401  fixtures are found by name
    BASE,
    add_mapping,
    client,
    contacts,
    event,
    joined,
    make_event,
    no_scopes,
    organizer,
    page_of,
    portal,
    url,
    user,
)
from tests.integration.mappings.test_editor import data, messages_of
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures by name
from tests.memory import traced

ROW = {"pretix_field": "attendee_email", "external_field": "lastname", "overwrite": "append", "value_map": ""}
MAPPING = {
    "pretix_model": "OrderPosition",
    "external_object_type": "contacts",
    "pretix_id_field": "attendee_email",
    "external_id_field": "email",
}
TEXT = {"pretix_field": "constant_text", "overwrite": "append", "text": "x" * 1_000}


def rows(number, each=1, **more):
    """As many rows, onto so many properties that each has ``each`` of them."""
    return [{**ROW, **more, "external_field": f"property_{n // each}"} for n in range(number)]


TOO_MANY = {
    "An object mapping may have at most 200 properties.": [rows(201)],
    "At most 10 rows of an object mapping may fill the same HubSpot field: property_0.": [rows(11, 11)],
    "All object mappings of an event together may have at most 500 properties.": [rows(200), rows(200), rows(101)],
    "An event may have at most 50 object mappings.": [rows(1)] * 51,
    "All constant texts of an event together may have at most 20000 characters.": [rows(21, **TEXT)],
}


def content(mappings):
    head = {"format": mapping_file.FORMAT, "version": mapping_file.VERSION}
    return json.dumps(head | {"mappings": [MAPPING | {"property_mappings": some} for some in mappings]}).encode()


def test_every_limit_has_its_words():
    assert len(TOO_MANY) == len(TOO_MUCH)


@pytest.mark.parametrize("text", TOO_MANY)
def test_a_file(joined, event, client, text):
    file = SimpleUploadedFile("mappings.json", content(TOO_MANY[text]))

    assert text in page_of(client.post(BASE + "start/", {"how": "file", "file": file}))
    assert not event.hubspot_object_mappings.exists()


@pytest.fixture
def large(organizer, joined):
    """An event of before there were limits."""

    def make(mappings):
        source = make_event(organizer, "old")
        for position, some in enumerate(mappings):
            add_mapping(source, "OrderPosition", "contacts", position, property_mappings=some)
        return source

    return make


@pytest.mark.parametrize("text", TOO_MANY)
def test_a_copy(large, joined, event, client, user, text):
    source = large(TOO_MANY[text])

    assert text in messages_of(client.post(BASE + "start/", {"how": "copy", "event": source.pk}))
    assert not event.hubspot_object_mappings.exists()
    with pytest.raises(TooMuch):
        copy_from(source, joined, user)


@pytest.mark.parametrize("text", TOO_MANY)
def test_a_copied_event_is_copied_without_them(large, organizer, text):
    source = large(TOO_MANY[text])
    copy = Event.objects.get(pk=make_event(organizer, "next").pk)

    copy.copy_data_from(source)

    assert not copy.hubspot_object_mappings.exists()


def posted(mapping, number, each=1):
    names = ["firstname", "lastname", "city", "zip", "phone", "address", "company", "jobtitle", "state", "fax"]
    return data(mapping, [("email", names[n // each % len(names)], "if_new") for n in range(number)])


def test_the_editor(contacts, client):
    html = page_of(client.post(url(contacts), posted(contacts, 11, 11)))
    assert "At most 10 rows of an object mapping may fill the same HubSpot field: firstname." in html

    html = page_of(client.post(url(contacts), posted(contacts, 401)))
    assert "An object mapping may have at most 200 properties." in html

    contacts.refresh_from_db()
    assert contacts.property_mappings == []


def test_the_editor_counts_the_other_mappings(contacts, client):
    for position, number in enumerate((200, 200, 95), start=1):
        add_mapping(contacts.event, "Order", "contacts", position, property_mappings=rows(number))

    html = page_of(client.post(url(contacts), posted(contacts, 6)))
    assert "All object mappings of an event together may have at most 500 properties." in html
    assert client.post(url(contacts), posted(contacts, 5)).status_code == 302


def test_what_was_too_much_before_can_be_made_smaller(contacts, client):
    contacts.property_mappings = [ROW | {"external_field": "firstname"}] * 13
    contacts.save()

    for number in (13, 12):
        assert client.post(url(contacts), posted(contacts, number, 13)).status_code == 302
        contacts.refresh_from_db()
    assert len(contacts.property_mappings) == 12
    assert client.post(url(contacts), posted(contacts, 13, 13)).status_code == 200


def test_the_list_of_mappings(joined, event, client):
    form = {"pretix_model": "Order", "external_object_type": "contacts"}
    rows_posted = {f"mappings-{n}-{name}": value for n in range(51) for name, value in form.items()}
    fingerprint = page_of(client.get(BASE)).partition('name="mappings-fingerprint" value="')[2].partition('"')[0]
    head = {"mappings-TOTAL_FORMS": 51, "mappings-INITIAL_FORMS": 0, "mappings-fingerprint": fingerprint}

    response = client.post(BASE + "mappings/", head | rows_posted)

    assert "An event may have at most 50 object mappings." in messages_of(response)
    assert not event.hubspot_object_mappings.exists()


def planned(story, mappings):
    """How many rows a plan of 20 orders with 10 positions has, and how many MiB it takes."""
    other = story.add_event("other")
    story.join(other)
    mapping_file.store(for_event(other), mapping_file.load(content(mappings), other), None)
    people = [[(f"p{n}-{m}@example.org", "A", "B") for m in range(10)] for n in range(20)]
    orders = [story.order(f"B{n}", event=other, attendees=some, queue=False).pk for n, some in enumerate(people)]
    catalog = Catalog(story.connection)
    catalog.refresh(["contacts"])
    with traced() as used:
        plan = loading.plan(story.connection.portal_id, catalog, [(EventContext(other), orders)])
    return sum(len(c.rows) for record in plan.records.values() for c in record.contributions), used.kept // 2**20


def test_the_largest_plan_of_twenty_orders_is_small(story):
    names = [name for name, p in Catalog(story.connection).mappable("contacts").items() if p.type == "string"]
    filled = [{**ROW, "external_field": names[n // 10]} for n in range(200)]
    number, size = planned(story, [filled, filled, filled[:100]])

    assert number == 20 * 10 * limits.MAX_ROWS_OF_EVENT
    assert size < 100


def test_long_constants_are_kept_once(story):
    number, size = planned(
        story, [[{**TEXT, "external_field": "lastname"}] * 10, [{**TEXT, "external_field": "city"}] * 10]
    )

    assert (number, size < 10) == (20 * 10 * 20, True)
