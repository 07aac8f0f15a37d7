"""*More options* of the editor: what is offered, what is stored, and what a copied event makes of it."""

import pytest
from django.http import QueryDict
from pretix.base.models import Event

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.control.forms.related import AssociationsForm
from pretix_hubspot.mappings.editing import EditorSetup
from tests.integration.mappings.conftest import (  # noqa: F401  fixtures are used by name
    add_mapping,
    client,
    event,
    joined,
    make_event,
    no_scopes,
    organizer,
    portal,
    user,
)
from tests.integration.mappings.test_editor import contacts, data, page, url  # noqa: F401  fixtures


@pytest.fixture
def shop(event):
    """A product with a category and a variation, and two questions."""
    event.category = event.categories.create(name="Talks")
    event.ticket = event.items.create(name="Ticket", default_price=10, category=event.category)
    event.student = event.ticket.variations.create(value="Student")
    event.questions.create(question="Newsletter?", identifier="NEWS", type="B")
    size = event.questions.create(question="Size", identifier="SIZE", type="C")
    size.options.create(identifier="LARGE", answer="Large")
    return event


def save(client, mapping, **options):
    rows = [(r["pretix_field"], r["external_field"], r["overwrite"]) for r in mapping.property_mappings]
    posted = data(mapping, rows, **{f"options-{name}": value for name, value in options.items()})
    response = client.post(url(mapping), posted)
    mapping.refresh_from_db()
    return response


def test_the_choices_are_the_events_own(shop, contacts, client):
    html = page(client, contacts)
    for text in (
        "More options",
        "Only paid orders",
        "Category: Talks",
        "Ticket – Student",
        "Newsletter? – yes",
        "Size – any answer",
        "Size – Large",
        "Online shop",
    ):
        assert text in html
    assert "Only these dates" not in html, "no event series"
    assert '<details class="panel panel-default hubspot-options" >' in html


def test_filters_are_stored_by_reference(shop, contacts, client):
    ticket, student, category = shop.ticket.pk, shop.student.pk, shop.category.pk
    filters = {
        "paid": True,
        "categories": [category],
        "items": [ticket],
        "variations": [student],
        "sales_channels": ["web"],
        "answers": [["NEWS", ""], ["SIZE", "LARGE"]],
    }
    products = [f"categories:{category}", f"items:{ticket}", f"variations:{student}"]
    save(client, contacts, paid="on", products=products, sales_channels=["web"], answers=["NEWS:", "SIZE:LARGE"])
    assert contacts.options == {"filters": filters}
    assert contacts.revision == 2
    html = page(client, contacts)
    assert html.count(" checked") >= 7 and 'hubspot-options" open' in html
    save(client, contacts)
    assert (contacts.options, contacts.revision) == ({}, 3), "only what deviates is stored"


def test_what_vanished_stays_until_somebody_decides(shop, contacts, client):
    contacts.options = {"filters": {"items": [0], "answers": [["GONE", ""]]}}
    contacts.save()
    html = page(client, contacts)
    assert "items:0 (no longer exists)" in html and "GONE: (no longer exists)" in html
    save(client, contacts, products=["items:0"], answers=["GONE:"])
    assert contacts.options == {"filters": {"items": [0], "answers": [["GONE", ""]]}}


def test_a_copied_event_filters_by_its_own_products(shop, contacts, organizer):
    contacts.options = {
        "filters": {
            "paid": True,
            "items": [shop.ticket.pk, 99999],
            "categories": [shop.category.pk],
            "variations": [shop.student.pk],
            "sales_channels": ["web"],
            "subevents": [7],
            "answers": [["NEWS", ""]],
        }
    }
    contacts.save()
    copy = Event.objects.get(pk=make_event(organizer, "next").pk)
    copy.copy_data_from(shop)
    ticket = copy.items.get()
    assert copy.hubspot_object_mappings.get().options == {
        "filters": {
            "paid": True,
            "items": [ticket.pk, 0],
            "categories": [ticket.category_id],
            "variations": [ticket.variations.get().pk],
            "sales_channels": ["web"],
            "subevents": [0],
            "answers": [["NEWS", ""]],
        }
    }


def test_other_options_are_stored_as_far_as_they_deviate(shop, contacts, client):
    chosen = {"replaced": "detach", "same_address": "first", "lenient": "on", "language": "order", "labels": "on"}
    save(client, contacts, **chosen)
    stored = {"replaced": "detach", "same_address": "first", "lenient": True, "language": "order", "labels": True}
    assert contacts.options == stored
    html = page(client, contacts)
    assert "Canceled positions" not in html, "about positions only"
    for option in ('value="order" selected', 'value="first" selected', 'value="detach" selected'):
        assert option in html
    save(client, contacts, **chosen)
    assert (contacts.options, contacts.revision) == (stored, 2), "nothing changed"
    save(client, contacts, replaced="explode")
    assert contacts.options == stored, "refused"


def test_a_label_is_created_in_hubspot_and_kept_by_number(contacts, client, portal):
    deals = add_mapping(contacts.event, "Order", "deals", 1)
    assert "Label in HubSpot for Order -&gt; Contacts (optional)" in page(client, deals)
    query = f"associations-associations={contacts.pk}&associations-label_{contacts.pk}=Sponsor"
    setup = EditorSetup(deals, Catalog(deals.event.hubspot_connection.connection))
    form = AssociationsForm(QueryDict(query), setup=setup)
    assert form.is_valid(), form.errors
    [entry] = form.to_entries()
    assert (entry.mapping, entry.label, entry.type.partition(":")[0]) == (contacts.pk, "Sponsor", "USER_DEFINED")
    deals.association_mappings = [entry.to_json()]
    before = len(portal.requests.entries)
    again = AssociationsForm(form.data, setup=EditorSetup(deals, form.setup.catalog))
    assert again.is_valid() and again.to_entries() == (entry,)
    assert len(portal.requests.entries) == before, "an unchanged label costs no request"


def test_a_label_without_a_tick_is_meant(contacts, client, portal):
    deals = add_mapping(contacts.event, "Order", "deals", 1)
    catalog = Catalog(deals.event.hubspot_connection.connection)
    label = f"associations-label_{contacts.pk}=Attendee of"
    form = AssociationsForm(QueryDict(label), setup=EditorSetup(deals, catalog))
    assert form.is_valid(), form.errors
    [entry] = form.to_entries()
    assert (entry.mapping, entry.label) == (contacts.pk, "Attendee of")

    deals.association_mappings = [entry.to_json()]
    form = AssociationsForm(QueryDict(label), setup=EditorSetup(deals, catalog))

    assert form.is_valid() and form.to_entries() == (), "a tick that is taken away takes its label along"


def test_a_label_that_hubspot_refuses_is_an_error_of_its_field(contacts, client, portal):
    deals = add_mapping(contacts.event, "Order", "deals", 1)
    said = {"message": "There is no room for more labels."}
    portal.faults.add(status=437, method="POST", path="/labels", answer=said)
    query = f"associations-associations={contacts.pk}&associations-label_{contacts.pk}=Sponsor"
    form = AssociationsForm(
        QueryDict(query), setup=EditorSetup(deals, Catalog(deals.event.hubspot_connection.connection))
    )
    assert not form.is_valid()
    assert "no room for more labels" in str(form.errors)
