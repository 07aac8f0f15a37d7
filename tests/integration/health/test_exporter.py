"""The export of sync problems: at event and organizer level, as CSV and XLSX, offered where pretix offers exports, and
on a schedule."""

import csv
import io
from datetime import UTC, datetime, time

import openpyxl
import pytest
from django.core import mail
from django.db import transaction
from django.utils.timezone import now
from freezegun import freeze_time
from pretix.base.models import Event, LogEntry
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services import export
from pretix.base.signals import register_data_exporters, register_multievent_data_exporters

from pretix_hubspot.health.exporter import SyncProblemsExporter


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


def test_what_another_provider_queued_is_none_of_our_problems(failing):
    order = OrderSyncQueue.objects.get(order__code="A3").order
    OrderSyncQueue.objects.create(
        order=order,
        event=failing.event,
        sync_provider="other",
        triggered_by="x",
        need_manual_retry="permanent",
        not_before=now(),
    )

    found = rows(SyncProblemsExporter(failing.event, failing.organizer))

    assert [row["Failure"] for row in found if row["Order code"] == "A3"] == ["System error"]


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


# On a schedule, by core's own periodic task


@pytest.fixture
def period(monkeypatch, django_capture_on_commit_callbacks):
    """What core does at this moment when cron calls: its tasks run after its transaction, as in a worker."""
    due = []
    # Core's own isolation of transactions is for the first statement of one, and a test's began long before.
    monkeypatch.setattr(export, "repeatable_reads_transaction", transaction.atomic)
    for task in (export.scheduled_event_export, export.scheduled_organizer_export):
        monkeypatch.setattr(task, "apply_async", lambda kwargs, task=task: due.append((task, kwargs)))

    def period(moment):
        mail.outbox.clear()
        due.clear()
        with freeze_time(moment), django_capture_on_commit_callbacks(execute=True):
            export.run_scheduled_exports(None)
            for task, kwargs in due:
                task.apply(kwargs=kwargs)
        return mail.outbox

    return period


def scheduled(context, owner, form_data):
    return context.scheduled_exports.create(
        owner=owner,
        export_identifier=SyncProblemsExporter.identifier,
        export_form_data=form_data,
        locale="en",
        mail_subject="What HubSpot did not take",
        mail_template="Please see attached.",
        mail_additional_recipients="boss@example.org",
        schedule_rrule="DTSTART:20261101T000000\nRRULE:FREQ=DAILY",
        schedule_rrule_time=time(7),
        schedule_next_run=datetime(2026, 11, 22, 7, tzinfo=UTC),
    )


@pytest.mark.parametrize("level", ["event", "organizer"])
def test_it_comes_by_mail_every_day(failing, manager, period, level):
    context = getattr(failing, level)
    form_data = {"_format": "default"} | ({"all_events": True, "events": []} if level == "organizer" else {})
    schedule = scheduled(context, manager, form_data)
    assert period(datetime(2026, 11, 22, 6, 59, tzinfo=UTC)) == []
    [message] = period(datetime(2026, 11, 22, 7, 1, tzinfo=UTC))
    assert (message.to, message.cc) == (["boss@example.org"], [manager.email])
    assert message.subject == "What HubSpot did not take"
    [(name, content, kind)] = message.attachments
    slug = {"event": "conf", "organizer": "ada"}[level]
    assert (name, kind) == (f"{slug}_hubspot_sync_problems.csv", "text/csv")
    rows = list(csv.DictReader(io.StringIO(content.decode() if isinstance(content, bytes) else content)))
    assert {row["Order code"] for row in rows} == {"A1", "A2", "A3"}
    assert "secret@nowhere" not in str(rows)
    schedule.refresh_from_db()
    assert (schedule.error_counter, schedule.schedule_next_run.day) == (0, 23)
    assert period(datetime(2026, 11, 22, 7, 31, tzinfo=UTC)) == [], "once a day"
    assert LogEntry.objects.filter(action_type="pretix.event.export.schedule.executed").count() == 1
