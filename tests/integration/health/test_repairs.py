"""From a failed order to the row that failed, and from the repaired row to every order that it kept from arriving."""

import json

import pytest

from hubspot_simulator import Option, Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.health.causes import causes
from pretix_hubspot.health.diagnosis import check_connection
from pretix_hubspot.models import OrderState
from tests.integration.health.test_numbers import counts

PAGE = "/control/event/ada/conf/hubspot/"
ADA = "ada@example.org"


@pytest.fixture
def diet(story):
    """Attendees' contacts have a property of their own; whoever buys for herself is one contact with two mappings."""
    schema = story.simulator.portal.schema
    schema.create("contacts", Property("diet", "What do you eat?", "string", "text", "contactinformation"))
    story.buyer, story.attendee, story.deal = story.event.hubspot_object_mappings.all()
    story.attendee.property_mappings += [
        {"pretix_field": "attendee_name", "external_field": "diet", "overwrite": "overwrite", "value_map": ""}
    ]
    story.attendee.save()
    story.gone = lambda: story.simulator.people.archive_property("contacts", "diet")
    return story


@pytest.fixture
def failing(diet):
    """Two orders of people who buy for themselves, and HubSpot no longer has the property."""
    Catalog(diet.connection).refresh(["contacts", "deals"])
    diet.gone()
    for code in ("A1", "A2"):
        diet.order(code, email=f"{code}@example.org", attendees=[(f"{code}@example.org", "Ada", code)])
    diet.sync()
    return diet


def posted(client, page):
    """What a person posts who opens the editor and clicks *Save*."""
    form = client.get(page).context["editor"]
    data = {}
    for part in form.forms:
        bound = part.forms if hasattr(part, "management_form") else [part]
        if hasattr(part, "management_form"):
            data |= {f"{part.prefix}-{name}": value for name, value in part.management_form.initial.items()}
        for single in bound:
            for field in single:
                value = field.value()
                data[field.html_name] = "" if value is None else value
    return data


def saved(client, mapping):
    page = f"{PAGE}mapping/{mapping.pk}/"
    answer = client.post(page, posted(client, page), follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_the_mapping_that_has_the_row_is_named_where_buyer_and_attendee_are_one_person(failing):
    [cause] = causes(failing.event)
    assert cause.orders == 2
    assert cause.fix_url == f"{PAGE}mapping/{failing.attendee.pk}/?fix=diet"


def test_page_preview_and_check_agree_as_soon_as_hubspot_has_said_that_it_is_gone(failing, client):
    said = "The HubSpot field “diet” no longer exists."
    assert said in client.get(f"{PAGE}mapping/{failing.attendee.pk}/").content.decode()
    assert said in client.get(PAGE).content.decode()
    findings = [f.text for result in check_connection(failing.event).results for f in result.findings]
    assert any(said in text for text in findings)
    preview = client.post(f"{PAGE}preview/", {"code": "A1"}).content.decode()
    assert "The HubSpot field “diet” does not exist any more." in preview


def test_an_order_without_a_value_for_it_is_no_worse_off(failing):
    failing.order("A3", email="eve@example.org")
    failing.sync()
    assert counts(failing.event) == {"failing": 2, "in_sync": 1}


def test_hubspot_is_asked_once_however_many_orders_say_it(failing):
    failing.simulator.requests.clear()
    for code in ("B1", "B2", "B3"):
        failing.order(code, email=ADA, attendees=[(ADA, "Ada", code)])
        failing.sync()
    asked = [r for r in failing.simulator.requests if "/properties/" in r.path]
    assert asked == []


def test_saving_the_row_tries_every_order_again(failing, client):
    schema = failing.simulator.portal.schema
    schema.create("contacts", Property("diet", "Diet", "string", "text", "contactinformation"))
    assert "2 orders are tried again." in saved(client, failing.attendee)
    failing.sync()
    assert counts(failing.event) == {"in_sync": 2}


def test_an_order_that_was_blamed_on_the_other_mapping_is_tried_too(failing, client):
    for state in OrderState.objects.all():
        state.problem[0]["mapping"] = failing.buyer.pk
        state.save()
    assert "2 orders are tried again." in saved(client, failing.attendee)


def test_an_order_that_fails_for_something_graver_as_well_is_tried_too(failing, client):
    for state in OrderState.objects.all():
        state.problem.insert(0, {"mode": "internal", "code": "unexpected", "mapping": failing.deal.pk})
        state.save()
    assert "2 orders are tried again." in saved(client, failing.attendee)


def test_a_mapping_that_has_nothing_to_do_with_it_tries_nothing(failing, client):
    assert saved(client, failing.deal) == ["Your changes have been saved."]


def test_deleting_the_mapping_is_a_cure_as_well(failing, client):
    failing.deal.delete()
    failing.attendee.delete()
    formset = client.get(PAGE).context["mapping_formset"]
    data = {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
    data[f"{formset.prefix}-fingerprint"] = formset.fingerprint
    for form in formset.initial_forms:
        data |= {field.html_name: "" if field.value() is None else field.value() for field in form}
    answer = client.post(f"{PAGE}mappings/", data | {"confirmed": "on"}, follow=True)
    assert "2 orders are tried again." in [str(message) for message in answer.context["messages"]]


def test_a_stage_that_is_gone_is_told_everywhere_too(story, client):
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")
    deal.pipeline = {"pipeline": "default", "stages": {"n": "deleted"}}
    deal.save()
    story.order("A1")
    story.sync()
    [cause] = causes(story.event)
    assert cause.text == (
        "Deals: The pipeline or the stage that is chosen for this order status no longer exists in HubSpot."
    )
    assert cause.fix_url.startswith(f"{PAGE}mapping/{deal.pk}/")
    assert "no longer exists in HubSpot" in client.post(f"{PAGE}preview/", {"code": "A1"}).content.decode()


def test_an_option_that_is_gone_is_known_to_the_editor(story, client):
    options = [Option("vip", "VIP"), Option("guest", "Guest")]
    schema = story.simulator.portal.schema
    schema.create("contacts", Property("kind", "Kind", "enumeration", "select", "contactinformation", options=options))
    buyer = story.event.hubspot_object_mappings.first()
    value_map = json.dumps({"n": "vip", "p": "guest", "e": "guest", "c": "guest"})
    buyer.property_mappings += [
        {"pretix_field": "order_status", "external_field": "kind", "overwrite": "overwrite", "value_map": value_map}
    ]
    buyer.save()
    Catalog(story.connection).refresh(["contacts"])
    story.simulator.people.set_options("contacts", "kind", [{"value": "guest", "label": "Guest"}])
    story.order("A1")
    story.sync()
    assert causes(story.event)[0].fix_url == f"{PAGE}mapping/{buyer.pk}/?fix=kind&values=on"
    assert "no longer has: vip" in client.get(f"{PAGE}mapping/{buyer.pk}/").content.decode()
