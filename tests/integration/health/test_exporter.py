"""The export of sync problems: at event and organizer level, as CSV and XLSX, offered where pretix offers exports."""

import csv
import io

import openpyxl
import pytest
from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.signals import register_data_exporters, register_multievent_data_exporters

from pretix_hubspot.exporters import SyncProblemsExporter


@pytest.fixture
def failing(story):
    deals = story.event.hubspot_object_mappings.get(external_object_type="deals")
    row = {"pretix_field": "order_total", "external_field": "gone", "overwrite": "overwrite", "value_map": ""}
    deals.property_mappings = [*deals.property_mappings, row]
    deals.save()
    story.order("A1", email="secret@nowhere")
    story.order("A2")
    story.sync()
    story.order("A3")
    OrderSyncQueue.objects.filter(order__code="A3").update(need_manual_retry="timeout")
    return story


def rows(exporter):
    name, kind, data = exporter.render({"_format": "default"})
    assert (name.rpartition(".")[2], kind) == ("csv", "text/csv")
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_one_row_per_problem(failing):
    found = rows(SyncProblemsExporter(failing.event, failing.organizer))
    facts = [(row["Order code"], row["Failure"], row["HubSpot property"], row["Object mapping"]) for row in found]
    assert ("A2", "Misconfiguration", "gone", "Order -> Deals") in facts
    assert ("A3", "System error", "", "") in facts
    assert [row["Order code"] for row in found if row["Failure"] == "Permanent error"] == ["A1"]
    assert found[0]["Organizer"] == "ada"
    assert found[0]["Event slug"] == "conf"
    assert found[0]["Attempts"] == "1"
    assert found[0]["First seen"]
    assert found[0]["Link to order"].endswith("/control/event/ada/conf/orders/A1/")
    assert "secret@nowhere" not in str(found)


def test_positions_that_fail_for_the_same_reason_are_one_row(story):
    row = {"pretix_field": "order_total", "external_field": "gone", "overwrite": "overwrite", "value_map": ""}
    attendees = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
    attendees.property_mappings = [*attendees.property_mappings, row]
    attendees.save()
    story.order("A1", attendees=[("ada@example.org", "Ada", "L"), ("bob@example.org", "Bob", "B")])
    story.sync()
    assert [row["Order code"] for row in rows(SyncProblemsExporter(story.event, story.organizer))] == ["A1"]


def test_many_events_as_a_workbook(failing):
    other = failing.add_event("gala")
    failing.join(other)
    failing.add_mapping(other, "Order", "contacts", ("email", "email"), ())
    failing.order("B1", email="nowhere", event=other)
    failing.sync(other)
    exporter = SyncProblemsExporter(Event.objects.filter(organizer=failing.organizer), failing.organizer)
    name, _kind, data = exporter.render({"_format": "xlsx"})
    assert name == "ada_hubspot_sync_problems.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert {row[1] for row in sheet.iter_rows(min_row=2, values_only=True)} == {"conf", "gala"}


def test_it_is_offered(story):
    assert SyncProblemsExporter in [found for _receiver, found in register_data_exporters.send(story.event)]
    offered = register_multievent_data_exporters.send(story.organizer)
    assert SyncProblemsExporter in [found for _receiver, found in offered]
