"""A copied event has the mappings of the old one, about its own questions, check-in lists and mappings."""

from pretix.base.models import Event

from pretix_hubspot.mappings.copying import copy_from
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.sync.joining import join

from .conftest import add_mapping, make_event


def test_references_are_translated(joined, event, organizer):
    entrance = event.checkin_lists.create(name="Entrance", all_products=True)
    event.questions.create(question="Size", identifier="SIZE", type="S")
    rows = [("question_SIZE", "jobtitle", "overwrite"), (f"checkin_date_{entrance.pk}", "closedate", "if_new")]
    contacts = add_mapping(
        event,
        "OrderPosition",
        "contacts",
        pretix_id_field="attendee_email",
        external_id_field="email",
        property_mappings=[property_mapping(*row) for row in rows],
    )
    add_mapping(
        event,
        "Order",
        "deals",
        1,
        association_mappings=[{"mapping": contacts.pk}],
        pipeline={"pipeline": "default", "stages": {"p": "closedwon"}},
        revision=7,
    )
    copy = Event.objects.get(pk=make_event(organizer, "next").pk)
    copy.copy_data_from(event)
    new_contacts, new_deals = copy.hubspot_object_mappings.all()
    new_list = copy.checkin_lists.get()
    assert [row["pretix_field"] for row in new_contacts.property_mappings] == [
        "question_SIZE",
        f"checkin_date_{new_list.pk}",
    ]
    assert new_contacts.pretix_id_field == "attendee_email"
    assert new_deals.association_mappings == [{"mapping": new_contacts.pk}]
    assert new_deals.pipeline == {"pipeline": "default", "stages": {"p": "closedwon"}}
    assert not hasattr(copy, "hubspot_connection"), "a copy is not connected"


def test_what_is_no_object_type_spreads_no_further(joined, event, organizer):
    odd = add_mapping(event, "Order", "..")
    add_mapping(event, "Order", "deals", 1, association_mappings=[{"mapping": odd.pk}])
    copy, other = make_event(organizer, "next"), make_event(organizer, "other")

    copy.copy_data_from(event)
    copy_from(event, join(other, joined.connection, None), None)

    for made in (copy, other):
        rows = made.hubspot_object_mappings.values_list("external_object_type", "association_mappings")
        assert list(rows) == [("deals", [])]


def test_a_reference_without_a_counterpart_is_marked(joined, event, organizer):
    add_mapping(
        event, "OrderPosition", "contacts", property_mappings=[property_mapping("checkin_date_99", "city", "append")]
    )
    copy = make_event(organizer, "next")
    copy.copy_data_from(event)
    assert copy.hubspot_object_mappings.get().property_mappings[0]["pretix_field"] == "_invalid_checkin_date_99"
