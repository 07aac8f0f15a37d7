"""Deleting an object mapping, with and without the objects that pretix made with it."""

import json

import pytest

from pretix_hubspot.mappings import mapping_file
from pretix_hubspot.models import OrderState, RecordUse
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.run import removals

from .test_repairs import PAGE, posted

KEY = "pretix_position_key"
KEYS = ["ADA/CONF/A1-1", "ADA/CONF/A1-2", "ADA/CONF/B1-1"]
REMOVE_THREE = "Also remove the 3 objects from HubSpot that pretix made with them"
CONTACTS = ["a@example.org", "b@example.org", "buyer-a1@example.org", "buyer-b1@example.org"]


@pytest.fixture
def tickets(story):
    """A ticket for every position, identified by our own key, of two orders."""
    story.add_property("tickets", KEY, unique=True)
    rows = (("position_key", "subject", "overwrite"),)
    mapping = story.add_mapping(story.event, "OrderPosition", "tickets", ("position_key", KEY), rows)
    story.order("A1", attendees=[("a@example.org", "A", "A"), ("b@example.org", "B", "B")])
    story.order("B1")
    story.sync()
    assert there(story) == KEYS
    return mapping


def there(story):
    return sorted(ticket[KEY] for ticket in story.world(tickets=[KEY])["tickets"])


def others(story):
    world = story.world()
    return sorted(p["email"] for p in world["contacts"]), sorted(d["pretix_order_key"] for d in world["deals"])


def delete(client, *mappings, **more):
    formset = client.get(PAGE).context["mapping_formset"]
    data = {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
    data[f"{formset.prefix}-fingerprint"] = formset.fingerprint
    for form in formset.initial_forms:
        data |= {field.html_name: "" if field.value() is None else field.value() for field in form}
        if form.instance in mappings:
            data[f"{form.prefix}-DELETE"] = "on"
    return client.post(f"{PAGE}mappings/", data | more, follow="confirmed" in more)


def messages(answer):
    return [str(message) for message in answer.context["messages"]]


def waiting(story):
    rows = story.event.queued_sync_jobs.order_by("order__code")
    return [(row.order.code, row.triggered_by) for row in rows.select_related("order")]


def test_the_page_asks_without_a_preset(story, tickets, client):
    page = delete(client, tickets).content.decode()
    assert REMOVE_THREE in page
    assert '<input type="checkbox" name="remove_records" value="on">' in page


def test_without_the_choice_everything_stays(story, tickets, client):
    answer = delete(client, tickets, confirmed="on")
    assert messages(answer) == ["Your changes have been saved."]
    assert (there(story), waiting(story)) == (KEYS, [])
    assert not story.event.hubspot_object_mappings.filter(pk=tickets.pk).exists()


def test_with_the_choice_they_are_removed_in_the_background_and_nothing_else(story, tickets, client):
    before = others(story)
    answer = delete(client, tickets, confirmed="on", remove_records="on")
    assert messages(answer) == [
        "Your changes have been saved.",
        "3 objects are now being removed from HubSpot in the background.",
    ]
    assert (there(story), waiting(story)) == (KEYS, [("A1", Trigger.REMOVAL), ("B1", Trigger.REMOVAL)])
    states = dict(OrderState.objects.values_list("order__code", "sent_at"))
    story.simulator.requests.clear()

    story.sync()

    assert (there(story), others(story), waiting(story)) == ([], before, [])
    assert len([request for request in story.simulator.requests if "batch/archive" in request.path]) == 1
    assert not RecordUse.objects.filter(mapping_id=tickets.pk).exists()
    assert RecordUse.objects.filter(state="sent").count() == 6, "the others are remembered"
    assert dict(OrderState.objects.values_list("order__code", "sent_at")) == states, "nothing was sent"
    [entry] = story.event.logentry_set.filter(action_type="pretix_hubspot.removal.started")
    assert entry.display() == "Objects of a deleted object mapping are removed from HubSpot: 3"


def test_also_when_no_mapping_is_left(story, tickets, client):
    answer = delete(client, *story.event.hubspot_object_mappings.all(), confirmed="on", remove_records="on")
    assert "5 objects are now being removed from HubSpot in the background." in messages(answer)
    story.sync()
    assert (there(story), others(story)) == ([], (CONTACTS, []))
    assert set(OrderState.objects.values_list("excluded_reason", flat=True)) == {"no_mappings"}


def test_also_of_orders_that_a_person_ignores(story, tickets, client):
    OrderState.objects.filter(order__code="B1").update(excluded_reason="ignored")
    delete(client, tickets, confirmed="on", remove_records="on")
    story.sync()
    assert there(story) == []
    assert OrderState.objects.get(order__code="B1").excluded_reason == "ignored"
    assert RecordUse.objects.filter(label__startswith="B1").count() == 2, "its other records are remembered"


def test_a_mapping_that_is_identified_by_a_value_offers_nothing(story, tickets, client):
    contacts = story.event.hubspot_object_mappings.first()
    page = delete(client, contacts).content.decode()
    assert "Nothing is deleted in HubSpot." in page and "remove_records" not in page
    delete(client, contacts, confirmed="on", remove_records="on")
    assert not RecordUse.objects.filter(state="remove").exists()


def test_what_a_new_mapping_uses_by_then_stays(story, tickets, client):
    delete(client, tickets, confirmed="on", remove_records="on")
    rows = (("position_key", "subject", "overwrite"),)
    new = story.add_mapping(story.event, "OrderPosition", "tickets", ("position_key", KEY), rows)
    story.event.queued_sync_jobs.update(triggered_by="order_changed")
    story.sync()
    assert there(story) == KEYS
    assert set(RecordUse.objects.filter(record__object_type="tickets").values_list("mapping_id", flat=True)) == {new.pk}


def test_the_sweep_finds_orders_whose_rows_were_lost(story, tickets, client):
    delete(client, tickets, confirmed="on", remove_records="on")
    story.event.queued_sync_jobs.all().delete()
    sweep.run(story.joined)
    assert waiting(story) == [("A1", Trigger.REMOVAL), ("B1", Trigger.REMOVAL)]
    story.sync()
    assert (there(story), removals.queue(story.joined)) == ([], 0)


def test_a_failed_removal_waits_for_a_person(story, tickets, client):
    story.simulator.faults.add("bad-request", path="/tickets/batch/archive", times=None)
    delete(client, tickets, confirmed="on", remove_records="on")
    story.sync()
    assert there(story) == KEYS
    assert [state.problem[0]["code"] for state in OrderState.objects.all()] == ["not_removed"] * 2
    story.event.queued_sync_jobs.all().delete()
    assert removals.queue(story.joined) == 0


def test_the_preview_says_what_will_be_removed(story, tickets, client):
    tickets.options = {"canceled": "remove"}
    tickets.save()
    story.event.orders.get(code="A1").all_positions.filter(positionid=2).update(canceled=True)
    page = client.post(f"{PAGE}preview/", {"code": "A1"}).content.decode()
    assert '<span class="label label-warning">will be removed</span>' in page
    assert "<strong>A1-2</strong>" in page
    assert there(story) == KEYS


def test_the_editor_refuses_to_remove_what_others_use(story, tickets, client):
    contacts = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition", external_object_type="contacts")
    refused = "Objects that other orders, positions or people in HubSpot may use as well are never removed."
    for mapping, is_refused in ((contacts, True), (tickets, False)):
        page = f"{PAGE}mapping/{mapping.pk}/"
        answer = client.post(page, posted(client, page) | {"options-canceled": "remove"}, follow=True)
        assert (refused in answer.content.decode()) is is_refused
        mapping.refresh_from_db()
        assert mapping.options == ({} if is_refused else {"canceled": "remove"})


def test_a_deal_of_the_order_has_the_choice_and_a_contact_has_not(story, client):
    buyer, _, deal = story.event.hubspot_object_mappings.all()
    assert "Canceled orders" in client.get(f"{PAGE}mapping/{deal.pk}/").content.decode()
    assert "Canceled orders" not in client.get(f"{PAGE}mapping/{buyer.pk}/").content.decode()


def test_a_file_that_would_remove_what_others_use_is_refused(story, tickets):
    data = mapping_file.dump(story.event)
    data["mappings"][0]["options"] = {"canceled": "remove"}
    with pytest.raises(mapping_file.FileProblem, match=r"Object mapping 1 of the file removes what was canceled"):
        mapping_file.load(json.dumps(data).encode(), story.event)
    data["mappings"][0]["options"] = {}
    data["mappings"][3]["options"] = {"canceled": "remove"}
    assert mapping_file.load(json.dumps(data).encode(), story.event)[3].options.canceled == "remove"
