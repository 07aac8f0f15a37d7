"""What a row says beyond core's four: a constant text, and whether choices go as identifiers or as labels."""

import json
import re

import pytest

from hubspot_simulator import Option, Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings.copying import copy_from
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.sync.joining import join
from tests.integration.mappings.test_editor import data

from .conftest import BASE, add_mapping, make_event, page_of, set_rows, url
from .test_start import upload

LEAD = property_mapping("constant_text", "jobtitle", "overwrite") | {"text": "Summer Conference 2027"}
CHANNEL = property_mapping("sales_channel", "city", "overwrite") | {"choices": "labels"}


def posted(mapping, *rows, **more):
    """What the browser posts for rows as they are stored; fields that do not matter are posted as well."""
    keys = ("pretix_field", "external_field", "overwrite", "value_map")
    found = data(mapping, [tuple(row[key] for key in keys) for row in rows], **more)
    for index, row in enumerate(rows):
        found |= {f"properties-{index}-{name}": row.get(name, "") for name in ("text", "choices")}
        found[f"properties-{index}-empty"] = row.get("empty", "clear")
    return found


def save(client, mapping, *rows):
    response = client.post(url(mapping), posted(mapping, *rows))
    mapping.refresh_from_db()
    return response


def create(portal, mapping, *facts, options=()):
    """A property that the portal's people made, and that the catalogue knows."""
    prop = Property(*facts, "contactinformation", options=list(options))
    portal.portal.schema.create("contacts", prop)
    portal.portal.schema.find("contacts", prop.name).visible_at = 0
    Catalog(mapping.event.hubspot_connection.connection).refresh(["contacts"])


def check(client, mapping, row):
    return client.post(url(mapping, "check/"), row).json()


def test_both_are_stored_where_they_say_something(contacts, client):
    plain = property_mapping("invoice_address_city", "address", "overwrite")
    assert save(client, contacts, LEAD, CHANNEL, plain).status_code == 302
    assert contacts.property_mappings == [LEAD, CHANNEL, plain]
    html = page_of(client.get(url(contacts)))
    assert 'value="Summer Conference 2027"' in html
    assert '<option value="labels" selected>' in html


def test_what_does_not_belong_to_a_row_is_not_stored(contacts, client):
    text = property_mapping("invoice_address_city", "city", "overwrite") | {"text": "Left over", "choices": "labels"}
    option = property_mapping("sales_channel", "lifecyclestage", "overwrite") | {"choices": "identifiers"}
    save(client, contacts, text, option)
    assert [set(row) for row in contacts.property_mappings] == [{*property_mapping("", "", "")}] * 2


def test_an_empty_text_is_refused_in_words(contacts, client):
    for text in ("", "   "):
        response = save(client, contacts, LEAD | {"text": text})
        assert "Please enter the text that every object gets." in page_of(response)
    assert contacts.property_mappings == []


def test_a_text_that_is_too_long_is_refused(contacts, client):
    assert "1001" in page_of(save(client, contacts, LEAD | {"text": "x" * 1001}))
    assert save(client, contacts, LEAD | {"text": "x" * 1000}).status_code == 302


def test_another_text_or_choice_is_a_change(contacts, client):
    save(client, contacts, LEAD, CHANNEL)
    revision = contacts.revision
    save(client, contacts, LEAD, CHANNEL)
    assert contacts.revision == revision
    save(client, contacts, LEAD | {"text": "Winter Conference"}, CHANNEL)
    assert contacts.revision == revision + 1
    save(client, contacts, LEAD | {"text": "Winter Conference"}, CHANNEL | {"choices": "identifiers"})
    assert contacts.revision == revision + 2
    entry = contacts.event.logentry_set.filter(action_type="pretix_hubspot.mapping.changed").order_by("-pk").first()
    assert json.loads(entry.data)["property_mappings"][0]["text"] == "Winter Conference"


@pytest.mark.parametrize("source", ["Order", "OrderPosition"])
def test_it_is_offered_for_both_and_never_as_identifier(contacts, client, source):
    contacts.pretix_model = source
    set_rows(contacts, ("email", "city", "overwrite"))
    html = page_of(client.get(url(contacts)))
    identifier, _, rows = html.partition('<div class="formset"')
    assert "Without a pretix field" in rows and '<option value="constant_text">Constant text' in rows
    assert "constant_text" not in identifier.partition("data-hubspot-identifier")[2]
    response = client.post(url(contacts), posted(contacts, identifier=("constant_text", "email")))
    assert response.status_code == 200


def test_a_text_that_can_never_fit_warns_and_can_be_saved(contacts, client, portal):
    create(portal, contacts, "score", "Score", "number", "number")
    number = LEAD | {"external_field": "score", "text": "abc"}
    told = "The HubSpot field “Score” only takes numbers, and the constant text is not a number."
    assert check(client, contacts, number)["notes"] == [told]
    assert check(client, contacts, number | {"text": "12.5"})["notes"] == []
    assert save(client, contacts, number).status_code == 302
    assert told in page_of(client.get(url(contacts)))
    assert told in page_of(client.get(BASE)), "the list of mappings says so as well"


def test_an_option_is_found_by_label_or_internal_name(contacts, client):
    row = LEAD | {"external_field": "lifecyclestage"}
    assert check(client, contacts, row | {"text": "customer"})["notes"] == []
    assert check(client, contacts, row | {"text": "Marketing Qualified Lead"})["notes"] == []
    [told] = check(client, contacts, row | {"text": "Guest"})["notes"]
    assert told == (
        "The HubSpot field “Lifecycle Stage” has no option whose label or internal name is the constant text."
    )


ONCE = "HubSpot takes each value of “{}” only once. "
REFUSED = "An order is reported as a sync problem if another object has the value already."


def test_a_value_that_hubspot_takes_once_warns_where_it_is_not_the_identifier(contacts, client, portal):
    member = Property("member", "Member", "string", "text", "contactinformation", unique=True)
    portal.portal.schema.create("contacts", member)
    portal.portal.schema.find("contacts", "member").visible_at = 0
    create(portal, contacts, "nickname", "Nickname", "string", "text")

    def notes(field, name, **more):
        return check(client, contacts, property_mapping(field, name, "if_empty") | more)["notes"]

    assert notes("email", "email") == [], "this is the identifier"
    assert notes("customer_email", "email") == [ONCE.format("Email") + REFUSED]
    assert notes("order_code", "member") == [ONCE.format("Member") + REFUSED]
    assert notes("order_code", "nickname") == []
    [told] = notes("constant_text", "member", text="VIP")
    assert told == ONCE.format("Member") + (
        "Only one object can get the constant text, all other orders are reported as sync problems."
    )
    contacts.pretix_id_field, contacts.external_id_field = "order_code", "member"
    contacts.save()
    assert notes("email", "email") == [ONCE.format("Email") + REFUSED]
    assert notes("order_code", "member") == []


def test_a_companys_domain_is_not_unique(event, joined, client):
    companies = add_mapping(event, "Order", "companies", pretix_id_field="order_code", external_id_field="name")
    Catalog(joined.connection).refresh(["companies"])
    assert check(client, companies, property_mapping("invoice_address_company", "domain", "overwrite"))["notes"] == []


def test_several_options_of_multiple_checkboxes(contacts, client, portal):
    options = [Option("A", "Alpha", 0), Option("B", "Beta", 1)]
    create(portal, contacts, "tags", "Tags", "enumeration", "checkbox", options=options)
    row = LEAD | {"external_field": "tags", "overwrite": "append"}
    assert check(client, contacts, row | {"text": "Alpha; B"})["notes"] == []
    assert len(check(client, contacts, row | {"text": "Alpha; C"})["notes"]) == 1


def test_the_choice_is_offered_only_where_it_matters(contacts, client):
    for field, name, expected in (
        ("sales_channel", "city", True),
        ("order_status", "city", True),
        ("sales_channel", "lifecyclestage", False),
        ("email", "city", False),
        ("sales_channel", "", False),
        ("constant_text", "city", False),
    ):
        row = property_mapping(field, name, "overwrite")
        assert check(client, contacts, row)["takes_choices"] is expected, (field, name)


def test_copy_clone_export_and_import_keep_both(contacts, client, organizer, joined, user):
    save(client, contacts, LEAD, CHANNEL)
    copied = join(make_event(organizer, "copied"), joined.connection, user)
    [mapping] = copy_from(contacts.event, copied, user)
    assert mapping.property_mappings == [LEAD, CHANNEL]
    clone = make_event(organizer, "clone")
    clone.copy_data_from(contacts.event)
    assert clone.hubspot_object_mappings.get().property_mappings == [LEAD, CHANNEL]
    exported = client.get(f"{BASE}export/").content
    contacts.delete()
    upload(client, exported)
    assert contacts.event.hubspot_object_mappings.get().property_mappings == [LEAD, CHANNEL]


# Without a value

CITY = ("invoice_address_city", "city", "overwrite")


def empties(mapping, client, chosen, *rows):
    """Saves rows with what was chosen for a missing value (None: the page did not ask); answers what is stored."""
    posted = data(mapping, rows)
    posted |= {f"properties-{n}-empty": value for n, value in enumerate(chosen) if value is not None}
    assert client.post(url(mapping), posted).status_code == 302
    mapping.refresh_from_db()
    return [row.get("empty", "") for row in mapping.property_mappings]


def test_a_new_row_leaves_hubspot_alone_without_a_value(contacts, client):
    rows = [CITY, ("invoice_address_street", "address", "overwrite"), ("order_phone", "phone", "overwrite")]

    assert empties(contacts, client, [None, "leave", "clear"], *rows) == ["leave", "leave", ""]


def test_a_row_of_before_empties_until_somebody_decides(contacts, client):
    set_rows(contacts, CITY)

    assert "Without a value: empty the HubSpot field" in selected(client, contacts, "empty")
    assert empties(contacts, client, [None], CITY) == [""], "a page that does not ask changes nothing"
    assert empties(contacts, client, ["leave"], CITY) == ["leave"]
    assert "Without a value: leave HubSpot alone" in selected(client, contacts, "empty")
    assert empties(contacts, client, [None], CITY) == ["leave"]
    assert empties(contacts, client, ["clear"], CITY) == [""]


def test_only_overwrite_can_empty(contacts, client):
    rows = [(*CITY[:2], mode) for mode in ("if_new", "if_empty", "append")]

    assert empties(contacts, client, ["leave"] * 3, *rows) == [""] * 3


def test_a_row_that_becomes_overwrite_is_asked_anew(contacts, client):
    set_rows(contacts, (*CITY[:2], "if_empty"))

    assert empties(contacts, client, [None], CITY) == ["leave"]


def selected(client, mapping, name):
    """The options chosen in the selects of this name."""
    html = page_of(client.get(url(mapping)))
    selects = re.findall(rf'<select name="properties-\d+-{name}"[^>]*>(.*?)</select>', html)
    return [" ".join(re.findall(r"<option[^>]*selected[^>]*>(.*?)</option>", select)) for select in selects]


OWNER = property_mapping("constant_text", "hubspot_owner_id", "overwrite")


@pytest.fixture
def staff(contacts):
    """The portal's owners are known; one of them has left."""
    catalog = Catalog(contacts.event.hubspot_connection.connection)
    catalog.refresh(["contacts"])
    return [option.label for option in catalog.properties("contacts")["hubspot_owner_id"].options]


def test_an_owner_is_chosen_by_name_and_stored_by_id(contacts, staff, client):
    assert save(client, contacts, OWNER | {"text": "Erika Muster (erika.muster@example.org)"}).status_code == 302

    assert contacts.property_mappings == [OWNER | {"text": "610048101"}]
    html = page_of(client.get(url(contacts)))
    assert 'value="Erika Muster (erika.muster@example.org)"' in html
    assert '<option value="Jonas Beispiel (jonas.beispiel@example.org)">' in html
    assert '<option value="Lena Fort' not in html, "who left is not offered"
    assert save(client, contacts, OWNER | {"text": "Erika Muster (erika.muster@example.org)"}).status_code == 302
    assert contacts.property_mappings == [OWNER | {"text": "610048101"}], "nothing changed"


def test_the_script_gets_the_owners_when_the_field_is_chosen(contacts, staff, client):
    answer = check(client, contacts, OWNER | {"text": ""})

    assert answer["options"] == [label for label in staff if "Lena" not in label]
    assert check(client, contacts, CHANNEL)["options"] == []


def test_an_owner_who_left_is_shown_as_such(contacts, staff, client):
    save(client, contacts, OWNER | {"text": "610048103"})

    html = page_of(client.get(url(contacts)))

    assert 'value="Lena Fort (left@example.org)"' in html
    assert "The owner in “Owner” is no active user of your HubSpot account any more. Choose somebody else." in html


def test_a_value_map_leads_to_owners_and_names_those_who_left(contacts, staff, client):
    row = property_mapping("sales_channel", "hubspot_owner_id", "overwrite")
    posted_map = {**row, "value_map": json.dumps({"web": "610048103"})}

    dialog = page_of(client.post(url(contacts, "values/"), posted_map))

    assert "Erika Muster (erika.muster@example.org)</option>" in dialog
    assert "Lena Fort (left@example.org) (no longer exists in HubSpot)" in dialog
    assert "Create missing options" not in dialog
