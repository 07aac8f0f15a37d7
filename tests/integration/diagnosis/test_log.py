"""The log: what a run wrote, in how few statements, without values unless wanted, and for how long."""

import re
from datetime import timedelta

from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from pretix_hubspot.models import Connection, Run, RunEntry
from pretix_hubspot.server import metrics
from pretix_hubspot.sync.run import run_log
from pretix_hubspot.sync.shredder import HubSpotShredder
from pretix_hubspot.tasks import run_periodic
from tests.integration.connections.conftest import EVENT_SETTINGS, make_user
from tests.interruptions import LOGS_A_RUN, READS_ORDERS, raising

LOG = "log/"
PERSONAL = ("buyer-a1@example.org", "ada@example.org", "Lovelace")
PEOPLE = [("ada@example.org", "Ada", "Lovelace")]


def runs():
    fields = ("orders", "created", "updated", "unchanged", "failed", "triggers", "trouble")
    return list(Run.objects.order_by("pk").values_list(*fields))


def options(story, **values):
    type(story.joined).objects.filter(pk=story.joined.pk).update(**values)


def test_a_run_is_logged_in_numbers_of_records(story):
    order = story.order("A1", attendees=PEOPLE)
    story.sync()
    story.queue(order, "order_paid")
    story.sync()
    story.queue(order, "user")
    story.sync()
    assert runs() == [
        (1, 3, 0, 0, 0, {"order_placed": 1}, ""),
        (1, 0, 0, 3, 0, {"order_paid": 1}, ""),
        (1, 0, 0, 3, 0, {"user": 1}, ""),
    ]
    first, *_ = Run.objects.order_by("pk")
    assert first.requests >= 4
    assert first.seconds > 0
    assert [entry.run.triggers for entry in RunEntry.objects.all()] == [{"user": 1}, {"order_placed": 1}]


def test_a_record_that_several_share_counts_once(story):
    everybody = [("ada@example.org", "Ada", "L"), ("ADA@example.org", "Max", "L")]
    orders = [story.order(code, email="ada@example.org", attendees=everybody) for code in ("A1", "A2")]
    story.sync()
    for order in orders:
        story.queue(order, "order_paid")
    story.sync()
    assert runs() == [
        (2, 3, 0, 0, 0, {"order_placed": 2}, ""),  # one contact and two deals
        (2, 0, 0, 3, 0, {"order_paid": 2}, ""),
    ]
    assert [[r["type"] for r in entry.records] for entry in RunEntry.objects.all()] == [["contacts", "deals"]] * 2


def test_an_entry_names_records_and_properties_and_no_value(story):
    story.order("A1", attendees=PEOPLE)
    story.sync()
    entry = RunEntry.objects.get()
    assert [(r["type"], r["action"], r["properties"]) for r in entry.records] == [
        ("contacts", "created", ["email", "firstname", "lastname"]),
        ("contacts", "created", ["email", "firstname", "lastname"]),
        ("deals", "created", ["amount", "deal_currency_code", "dealname", "dealstage", "pipeline", "pretix_order_key"]),
    ]
    assert [text for text in PERSONAL if text in str(entry.records)] == []


def test_values_are_logged_where_the_event_wants_it(story):
    options(story, log_values=True)
    story.joined.refresh_from_db()
    story.order("A1", attendees=PEOPLE)
    story.sync()
    entry = RunEntry.objects.get()
    assert {r["values"].get("email") for r in entry.records} == {"buyer-a1@example.org", "ada@example.org", None}


def test_an_update_names_what_changed(story):
    order = story.order("A1")
    story.sync()
    order.total = 77
    order.save()
    story.queue(order)
    story.sync()
    deal = next(r for r in RunEntry.objects.first().records if r["type"] == "deals")
    assert (deal["action"], deal["properties"]) == ("updated", ["amount"])


def test_failures_are_logged_without_values(story):
    story.order("A1", email="odd address")
    story.sync()
    assert runs()[0][4] == 1
    [failure] = RunEntry.objects.get().failures
    assert failure["mode"] == "permanent"
    assert "odd address" not in str(failure)


def test_an_order_that_fails_in_several_positions_is_one_failed_order(story, client, page):
    story.order("A1", email="odd address", attendees=[("odd", "A", "A"), ("odder", "B", "B")])
    story.order("A2")
    story.sync()
    assert len(RunEntry.objects.get(order__code="A1").failures) == 3
    [(orders, *_, failed, _, _)] = runs()
    assert (orders, failed) == (2, 1)
    content = client.get(page(LOG)).content.decode()
    heads, cells = (
        re.findall(rf'<{tag} class="text-right flip">(.*?)</{tag}>', content, re.DOTALL) for tag in ("th", "td")
    )
    assert re.fullmatch(r"\s*2\s*<br><strong>1 failed</strong>\s*", dict(zip(heads, cells, strict=True))["Orders"])


def test_an_order_that_breaks_the_engine_is_logged(story, statements):
    statements.before(READS_ORDERS, raising(ZeroDivisionError()))
    story.order("A1")

    story.sync()

    assert [e.failures[0]["code"] for e in RunEntry.objects.all()] == ["unexpected"]


def test_a_portal_in_trouble_is_logged_with_its_reason(story):
    story.order("A1")
    story.simulator.faults.add("unavailable", times=None)
    story.sync()
    story.simulator.faults.clear()
    Connection.objects.update(resting_until=None, resting_reason="", access_token="")
    story.sync()
    assert runs() == [(1, 0, 0, 0, 0, {"order_placed": 1}, "outage"), (1, 0, 0, 0, 0, {"order_placed": 1}, "revoked")]
    assert not RunEntry.objects.exists(), "nobody is to blame"


def test_any_number_of_orders_takes_two_statements(story):
    for number in range(20):
        story.order(f"B{number}")
    with CaptureQueriesContext(connection) as captured:
        story.sync()
    written = [query["sql"] for query in captured if query["sql"].startswith("INSERT")]
    tables = [table for sql in written for table in (Run, RunEntry) if f'"{table._meta.db_table}"' in sql]
    assert tables == [Run, RunEntry]
    assert (Run.objects.count(), RunEntry.objects.count()) == (1, 20)


def test_two_events_share_a_slice(story):
    from pretix_hubspot.sync import worker  # inline: needs the tables

    other = story.add_event("other")
    story.add_mappings(other)
    story.join(other)
    story.order("A1")
    story.order("B1", event=other)
    worker.work_through_queue(story.connection, seconds=60)
    assert list(Run.objects.order_by("pk").values_list("event__slug", "orders", "shared")) == [
        ("conf", 1, True),
        ("other", 1, True),
    ]


def test_no_log_where_none_is_wanted(story):
    options(story, log_days=0)
    story.order("A1")
    story.sync()
    assert not Run.objects.exists()


def test_a_log_that_cannot_be_written_stops_nothing(story, statements):
    statements.before(LOGS_A_RUN, raising(DatabaseError()))
    story.order("A1")

    story.sync()

    assert story.world()["deals"]


def test_old_runs_are_deleted_by_the_periodic_task(story):
    options(story, log_days=7)
    left = story.add_event("left")
    for event, days in ((story.event, 6), (story.event, 8), (left, 8), (left, 31)):
        run = Run.objects.create(event=event, started=now() - timedelta(days=days))
        if event == story.event:
            RunEntry.objects.create(run=run, order=story.order(f"A{days}", queue=False))
    run_periodic()
    kept = [((now() - run.started).days, run.event.slug) for run in Run.objects.order_by("pk")]
    assert kept == [(6, "conf"), (8, "left")]
    assert RunEntry.objects.count() == 1


def test_pruning_takes_as_many_statements_as_there_are_wishes(story, django_assert_max_num_queries):
    for number in range(30):
        Run.objects.create(event=story.event, started=now() - timedelta(days=40 + number))
    with django_assert_max_num_queries(8):
        assert run_log.prune() == 30


def test_the_shredder_removes_what_was_sent_and_offers_it_before(story):
    options(story, log_values=True)
    story.joined.refresh_from_db()
    story.order("A1", attendees=PEOPLE)
    story.sync()
    shredder = HubSpotShredder(story.event)
    files = {name: content for name, _, content in shredder.generate_files()}
    assert "ada@example.org" in files["hubspot-log.json"]
    shredder.shred_data()
    assert not RunEntry.objects.exists()
    assert Run.objects.count() == 1


# Pages


def test_the_page_lists_runs_and_leads_to_what_they_did(story, client, page):
    story.order("A1", attendees=PEOPLE)
    story.sync()
    content = client.get(page(LOG)).content.decode()
    assert "Order placed" in content
    run = Run.objects.get()
    assert page(f"log/{run.pk}/") in content
    content = client.get(page(f"log/{run.pk}/")).content.decode()
    assert "<code>dealname</code>" in content
    assert "ada@example.org" not in content


def test_search_by_order_code(story, client, page):
    story.order("A1")
    story.order("B2", email="odd address")
    story.sync()
    content = client.get(page(LOG), {"order": "b2"}).content.decode()
    assert "orders/B2/" in content
    assert "orders/A1/" not in content
    assert "Fix this" in content or "is not a valid email address" in content
    assert "There are no entries." in client.get(page(LOG), {"order": "zz"}).content.decode()


def test_search_by_record(story, client, page):
    """For whoever looks at a record in HubSpot and asks where it comes from."""
    story.order("A1", email="ada@example.org")
    story.order("B2", email="bob@example.org")
    story.sync()
    [ada] = [record.id for record in story.simulator.portal.store("contacts") if "ada" in record.properties["email"]]
    content = client.get(page(LOG), {"order": f" {ada} "}).content.decode()
    assert "orders/A1/" in content
    assert "orders/B2/" not in content
    for nothing in (ada[:-1], '"', "%", f'{ada}"', "\\"):
        assert "There are no entries." in client.get(page(LOG), {"order": nothing}).content.decode()


def test_pages_take_a_constant_number_of_queries(story, client, page, django_assert_max_num_queries):
    for number in range(12):
        story.order(f"A{number}")
    story.sync()
    with django_assert_max_num_queries(40):
        client.get(page(LOG), {"order": "A"})


def test_who_may_not_see_orders_sees_numbers_only(story, page):
    story.order("A1")
    story.sync()
    helper = Client()
    helper.force_login(make_user(story.organizer, "helper", EVENT_SETTINGS))
    content = helper.get(page(LOG)).content.decode()
    assert "Order placed" in content
    assert page(f"log/{Run.objects.get().pk}/") not in content
    assert helper.get(page(f"log/{Run.objects.get().pk}/")).status_code == 403
    assert helper.get(page(LOG), {"order": "A1"}).status_code == 403


def test_runs_of_other_events_are_not_found(story, client, page):
    run = Run.objects.create(event=story.add_event("other"), started=now())
    assert client.get(page(f"log/{run.pk}/")).status_code == 404


def test_the_log_can_be_read_after_the_event_left_hubspot(story, client, page):
    story.order("A1")
    story.sync()
    story.joined.delete()
    assert client.get(page(LOG), {"order": "A1"}).status_code == 200


def test_options_are_saved(story, client, page):
    client.post(page("options/"), {"log_days": "14", "log_values": "on"})
    story.joined.refresh_from_db()
    assert (story.joined.log_days, story.joined.log_values) == (14, True)
    client.post(page("options/"), {"log_days": "4000"})
    story.joined.refresh_from_db()
    assert story.joined.log_days == 14


# Metrics


def test_metrics_are_told_and_never_in_the_way(story, monkeypatch):
    told = {}
    for metric in (metrics.REQUESTS, metrics.SLICES, metrics.WAITING, metrics.OLDEST, metrics.PROBLEMS):
        for method in ("inc", "observe", "set"):
            if hasattr(metric, method):
                monkeypatch.setattr(metric, method, lambda value, name=metric.name: told.__setitem__(name, value))
    story.order("A1", email="odd address")
    story.order("A2")
    metrics.collect()
    assert told["pretix_hubspot_waiting_orders"] == 2
    story.sync()
    metrics.collect()
    assert told["pretix_hubspot_requests_total"] > 0
    assert told["pretix_hubspot_problem_orders"] == 1
    monkeypatch.setattr(metrics.REQUESTS, "inc", lambda value: 1 / 0)
    metrics.count_slice(1, 1.0)
