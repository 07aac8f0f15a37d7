"""Next year's event is a copy of this year's: its orders arrive, and what has no counterpart is shown."""

import json

import pytest
from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Property, options
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings.drift import changes
from pretix_hubspot.models import OrderState

ROW = {"overwrite": "overwrite", "value_map": ""}


@pytest.fixture
def attendees(story):
    """The mapping of attendees, in a portal with a few properties more."""
    schema = story.simulator.portal.schema
    kinds = options("vip|VIP", "std|Standard")
    schema.create("contacts", Property("seen", "Seen", "datetime", "date", "contactinformation"))
    schema.create("contacts", Property("kind", "Kind", "enumeration", "select", "contactinformation", options=kinds))
    return story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")


def set_rows(mapping, *rows):
    mapping.property_mappings = [ROW | dict(zip(("pretix_field", "external_field"), row, strict=False)) for row in rows]
    for stored, row in zip(mapping.property_mappings, rows, strict=True):
        stored["value_map"] = json.dumps(row[2]) if len(row) > 2 else ""
    mapping.save()


def cloned(story):
    """The copy that core makes, connected to the same portal."""
    event = Event.objects.create(
        organizer=story.organizer,
        name="Next",
        slug="next",
        currency="EUR",
        live=True,
        plugins=story.event.plugins,
        date_from=story.event.date_from,
    )
    event.copy_data_from(story.event)
    event = Event.objects.get(pk=event.pk)
    story.join(event)
    return event


def ordered(story, event):
    """What is wrong with an order of the event after one run: its problem, and whether it still waits."""
    order = story.order("N1", event=event, attendees=[("n@example.org", "N", "N")])
    story.sync(event)
    waiting = OrderSyncQueue.objects.filter(order=order).exists()
    return OrderState.objects.get(order=order).problem, waiting


def sent(story, *names):
    contact = story.simulator.portal.find("contacts", "email", "n@example.org")
    return [contact.get(name) for name in names]


def shown(story, event, number=1):
    """What the list of mappings says of one."""
    return changes(event.hubspot_object_mappings.all()[number], Catalog(story.connection))


@pytest.mark.parametrize("field", ["first_checkin", "last_checkout", "checkin_date"])
def test_check_ins_by_list_are_those_of_the_new_list(story, attendees, field):
    entrance = story.event.checkin_lists.create(name="Entrance", all_products=True)
    set_rows(attendees, (f"{field}_{entrance.pk}", "seen"))

    event = cloned(story)

    [row] = event.hubspot_object_mappings.all()[1].property_mappings
    assert row["pretix_field"] == f"{field}_{event.checkin_lists.get().pk}"
    assert ordered(story, event) == (None, False)
    assert shown(story, event) == []


@pytest.mark.parametrize("field", ["first_checkin_999", "last_checkout_999", "checkin_date_999", "question_GONE"])
def test_a_field_without_a_counterpart_is_shown_and_fails_no_order(story, attendees, field):
    set_rows(attendees, (field, "seen"), ("attendee_name_given_name", "firstname"))

    event = cloned(story)

    assert event.hubspot_object_mappings.all()[1].property_mappings[0]["pretix_field"] == f"_invalid_{field}"
    assert ordered(story, event) == (None, False)
    assert sent(story, "firstname", "seen") == ["N", ""]
    assert shown(story, event) == ["“Seen” is not filled: its pretix field has no counterpart in this event."]


def test_value_maps_of_products_are_about_the_new_products(story, attendees):
    set_rows(attendees, ("product_choice", "kind", {str(story.event.ticket.pk): "vip"}))

    event = cloned(story)

    assert ordered(story, event) == (None, False)
    assert sent(story, "kind") == ["vip"]
    assert shown(story, event) == []


def test_value_maps_of_questions_keep_their_options(story, attendees):
    question = story.event.questions.create(question="Size", identifier="SIZE", type="C")
    question.options.create(identifier="s", answer="Small")
    set_rows(attendees, ("question_SIZE", "kind", {"s": "std"}))

    event = cloned(story)

    [row] = event.hubspot_object_mappings.all()[1].property_mappings
    assert row == {**ROW, "pretix_field": "question_SIZE", "external_field": "kind", "value_map": '{"s": "std"}'}
    assert shown(story, event) == []


def test_a_choice_without_a_counterpart_is_shown_and_fails_no_order(story, attendees):
    set_rows(attendees, ("product_choice", "kind", {"999": "vip"}), ("attendee_name_given_name", "firstname"))

    event = cloned(story)

    assert ordered(story, event) == (None, False)
    assert sent(story, "firstname", "kind") == ["N", ""]
    [text] = shown(story, event)
    assert text.startswith("“Kind”: 1 value of the value map has no counterpart in this event.")


def test_a_filter_without_a_counterpart_is_shown_and_met_by_nothing(story, attendees):
    attendees.options = {"filters": {"items": [999], "sales_channels": ["web"], "answers": [["GONE", ""]]}}
    attendees.save()

    event = cloned(story)

    assert event.hubspot_object_mappings.all()[1].options["filters"] == {
        "items": [0],
        "sales_channels": ["web"],
        "answers": [["_invalid_GONE", ""]],
    }
    assert ordered(story, event) == (None, False)
    assert story.simulator.portal.find("contacts", "email", "n@example.org") is None
    assert shown(story, event) == [
        "Filters name products, answers that have no counterpart in this event, and that no order meets."
    ]


def test_an_identifier_without_a_counterpart_waits_for_another_one(story, attendees):
    attendees.pretix_id_field = "question_GONE"
    attendees.save()

    event = cloned(story)

    assert not event.hubspot_object_mappings.all()[1].is_complete
    assert ordered(story, event) == (None, False)


def test_associations_keep_their_labels_in_the_same_portal(story, attendees):
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")
    deal.association_mappings[1] |= {"label": "Visitor", "type": "HUBSPOT_DEFINED:3"}
    deal.save()

    event = cloned(story)

    _buyer, attendee, copy = event.hubspot_object_mappings.all()
    portal = {"portal": story.connection.portal_id}
    assert (
        copy.association_mappings[1]
        == {"mapping": attendee.pk, "label": "Visitor", "type": "HUBSPOT_DEFINED:3"} | portal
    )
    assert ordered(story, event) == (None, False)
    assert shown(story, event, 2) == []


# Another portal


@pytest.fixture
def foreign(story):
    """This year's mappings, as a file brought them from another portal: owner, label, a stage mean nothing here."""
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")
    deal.property_mappings += [
        ROW | {"pretix_field": "constant_text", "external_field": "hubspot_owner_id", "text": "4711"},
        ROW | {"pretix_field": "email", "external_field": "their_property"},
        ROW | {"pretix_field": "order_status", "external_field": "dealtype", "value_map": '{"n": "theirs"}'},
    ]
    deal.association_mappings[0] |= {"label": "Buyer", "type": "USER_DEFINED:4711", "portal": 4711}
    deal.pipeline = {"pipeline": "default", "stages": {"n": "appointmentscheduled", "p": "4711"}}
    deal.made_for_portal = 4711
    deal.save()
    return deal


def test_what_this_portal_lacks_fails_no_order(story, foreign):
    assert ordered(story, story.event) == (None, False)
    assert story.world()["deals"] == [
        {
            "pretix_order_key": "ADA/CONF/N1",
            "dealname": "CONF-N1",
            "amount": "100.0",
            "dealstage": "appointmentscheduled",
            "associations": {"contacts": ["buyer-n1@example.org", "n@example.org"]},
        }
    ]


def test_a_stage_that_this_portal_lacks_is_left_alone(story, foreign):
    order = story.order("N1", attendees=[("n@example.org", "N", "N")])
    story.sync()
    order.status = "p"
    order.save()

    story.queue(order)
    story.sync()

    assert OrderState.objects.get(order=order).problem is None
    assert [deal["dealstage"] for deal in story.world()["deals"]] == ["appointmentscheduled"]


def test_an_object_type_that_this_portal_lacks_fails_no_order(story, foreign):
    story.add_mapping(story.event, "Order", "2-4711", ("email", "email"), [])
    story.event.hubspot_object_mappings.filter(external_object_type="2-4711").update(made_for_portal=4711)

    assert ordered(story, story.event) == (None, False)


def test_looking_at_it_makes_it_ours_and_what_is_missing_a_problem(story, foreign):
    foreign.made_for_portal = None
    foreign.save()

    problem, _waiting = ordered(story, story.event)

    assert [failure["code"] for failure in problem] == ["no_option"], "its owner is nobody here"
