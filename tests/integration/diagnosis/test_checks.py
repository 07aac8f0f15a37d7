"""*Check connection*: what it finds when all is well, and that each trouble is found, named and lightly told."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections import request_budget
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.health.diagnosis import CHECKS, NotConnected, check_connection
from pretix_hubspot.health.diagnosis.findings import Status
from pretix_hubspot.models import Connection, Heartbeat

CHECK = "check/"


@pytest.fixture(autouse=True)
def periodic_task_has_run(db):
    Heartbeat.record(Heartbeat.Name.PERIODIC)


def found(story):
    """check -> its word, and all texts."""
    report = check_connection(story.event)
    return {r.check: (r.status.word, " | ".join(f.text for f in r.findings)) for r in report.results}


def bad(story):
    return {check: text for check, (word, text) in found(story).items() if word in ("warn", "fail")}


def mapping(story, object_type="deals"):
    return story.event.hubspot_object_mappings.get(external_object_type=object_type)


def test_all_is_well(story):
    report = check_connection(story.event)
    assert {r.check: r.status.word for r in report.results} == dict.fromkeys((c.name for c in CHECKS), "ok")
    assert report.status == Status.OK
    assert len(report.results) >= 12


def test_nothing_is_written_into_hubspot(story):
    before = story.world()
    check_connection(story.event)
    assert story.world() == before


def test_an_event_without_connection(story):
    disconnect(story.connection, None)
    with pytest.raises(NotConnected):
        check_connection(story.event)


def test_a_revoked_token_is_found_and_hubspot_is_asked_no_more(story):
    Connection.objects.filter(pk=story.connection.pk).update(status=Connection.Status.REVOKED)
    results = found(story)
    assert results["connection"][0] == results["token"][0] == "fail"
    assert results["properties"] == ("skipped", "Not checked, since HubSpot could not be asked.")
    assert results["queue"][0] == "ok"


def test_another_portal(story):
    Connection.objects.update(portal_id=4711)
    assert "portal 4711 is connected" in bad(story)["token"]


def grant_only(story, *scopes):
    """The organizer's staff takes all other scopes away from the token."""
    story.simulator.auth.tokens[story.simulator.service_key].grant.scopes[:] = scopes


def test_a_missing_scope(story):
    grant_only(story, "crm.objects.contacts.read")

    assert bad(story)["scopes"] == "Missing scopes: crm.objects.contacts.write"


def test_scopes_that_nobody_tells(story):
    story.simulator.faults.add(status=404, path="access-token-info", times=None)

    assert "does not say which scopes" in bad(story)["scopes"]


def test_a_lost_feature(story):
    grant_only(story, "crm.objects.contacts.read", "crm.objects.contacts.write")

    assert "Deals cannot be created or updated." in bad(story)["scopes"]


@pytest.mark.parametrize(("seconds", "word"), [(2, "ok"), (60, "warn"), (600, "fail")])
def test_the_clock(story, seconds, word):
    story.simulator.clock.advance(-seconds)

    assert found(story)["clock"][0] == word


def test_a_property_that_vanished(story):
    deal = mapping(story)
    deal.property_mappings = [{**deal.property_mappings[0], "external_field": "gone"}]
    deal.save()
    assert bad(story) == {"properties": "Order -> Deals: The HubSpot field “gone” no longer exists."}


def test_a_property_that_is_read_only(story):
    deal = mapping(story)
    deal.property_mappings = [{**deal.property_mappings[0], "external_field": "hs_object_id"}]
    deal.save()
    assert "can only be read" in bad(story)["properties"]


def test_an_identifier_that_is_not_unique(story):
    deal = mapping(story)
    deal.external_id_field = "dealname"
    deal.save()
    assert "several objects may have the same value" in bad(story)["identifiers"]


def test_an_object_type_that_vanished(story):
    deal = mapping(story)
    deal.external_object_type = "2-4711"
    deal.pipeline = {}
    deal.save()
    assert "2-4711" in bad(story)["identifiers"]


def test_an_option_that_vanished(story):
    deal = mapping(story)
    row = {"pretix_field": "order_status", "external_field": "dealtype", "overwrite": "overwrite"}
    deal.property_mappings = [{**row, "value_map": json.dumps({"p": "newbusiness", "n": "nonsense"})}]
    deal.save()
    assert (
        bad(story)["options"] == "Order -> Deals: The HubSpot field “Deal Type” no longer has these options: nonsense"
    )


@pytest.mark.parametrize(
    ("pipeline", "text"),
    [
        ({"pipeline": "gone", "stages": {}}, "The chosen pipeline no longer exists in HubSpot."),
        ({"pipeline": "default", "stages": {"n": "gone"}}, "A chosen stage of the pipeline"),
    ],
)
def test_pipelines_and_stages(story, pipeline, text):
    deal = mapping(story)
    deal.pipeline = pipeline
    deal.save()
    assert text in bad(story)["pipelines"]


def test_a_stage_that_hubspot_lists_as_archived_is_gone(story):
    """As for the editor, and for orders."""
    names = set(mapping(story).pipeline["stages"].values())
    stages = [{"id": name, "label": name, "archived": name == "closedwon"} for name in names]
    listed = {"results": [{"id": "default", "label": "Sales", "displayOrder": 0, "stages": stages}]}
    story.simulator.faults.add(kind="edited", stage="pipelines", answer=listed, times=None)

    assert "A chosen stage of the pipeline “Sales” no longer exists in HubSpot." in bad(story)["pipelines"]


def test_associations_that_hubspot_does_not_know(story):
    story.simulator.faults.add(kind="edited", path="/labels", answer={"results": []}, times=None)

    assert bad(story)["associations"] == "HubSpot cannot link Deals and Contacts."


def test_an_association_label_that_vanished(story):
    deal = mapping(story)
    buyer, attendee = deal.association_mappings
    here = client_for(story.connection).association_labels("deals", "contacts")[0]
    deal.association_mappings = [
        buyer | {"label": "Default", "type": f"{here.category}:{here.type_id}"},
        attendee | {"label": "Speaker", "type": "USER_DEFINED:4711"},
    ]
    deal.save()
    text = "Order -> Deals: HubSpot no longer has the association label “Speaker”. Please choose it again."
    assert bad(story) == {"associations": text}


def test_associations_that_may_not_be_read(story):
    story.simulator.faults.add("forbidden", path="/labels", times=None)

    assert bad(story)["associations"].startswith("HubSpot cannot link Deals and Contacts.")
    assert found(story)["associations"][0] == "fail"


def test_no_mapping_at_all_and_one_without_identifier(story):
    story.event.hubspot_object_mappings.update(external_id_field="")
    assert "has no identifier" in bad(story)["mappings"]
    story.event.hubspot_object_mappings.all().delete()
    assert "There is no object mapping" in bad(story)["mappings"]


@pytest.mark.parametrize(("remaining", "word"), [(900, "ok"), (100, "ok"), (99, "warn"), (1, "warn"), (0, "fail")])
def test_the_daily_limit(story, remaining, word):
    story.simulator.limits.daily = None  # what HubSpot says next would be news
    told = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": str(remaining)}
    request_budget.for_portal(story.connection.portal_id, story.connection.kind).observe(200, told)

    status, text = found(story)["budget"]
    assert (status, f"{remaining} of 1000 requests are left today." in text) == (word, True)


def test_a_pause_that_hubspot_asked_for(story):
    request_budget.for_portal(story.connection.portal_id, story.connection.kind).throttled("burst", 30)
    assert "HubSpot asked for a pause of" in bad(story)["budget"]


def test_looking_at_the_budget_spends_nothing(story):
    before = request_budget.state_of(story.connection.portal_id, story.connection.kind)
    assert request_budget.state_of(story.connection.portal_id, story.connection.kind) == before


@pytest.mark.parametrize(("minutes", "word"), [(5, "ok"), (60, "warn"), (600, "fail")])
def test_orders_that_wait_too_long(story, minutes, word):
    story.order("A1")
    OrderSyncQueue.objects.update(triggered=now() - timedelta(minutes=minutes))
    assert found(story)["queue"][0] == word


def test_orders_in_trouble(story):
    story.order("A1")
    OrderSyncQueue.objects.update(need_manual_retry="config")
    story.order("A2")
    OrderSyncQueue.objects.filter(order__code="A2").update(in_flight=True, in_flight_since=now() - timedelta(hours=1))
    assert "One order could not be transferred." in bad(story)["queue"]
    assert "hangs with a dead worker" in bad(story)["queue"]


@pytest.mark.parametrize(("minutes", "word"), [(5, "ok"), (60, "warn"), (600, "fail"), (None, "fail")])
def test_the_periodic_task(story, minutes, word):
    if minutes is None:
        Heartbeat.objects.all().delete()
    else:
        Heartbeat.objects.update(at=now() - timedelta(minutes=minutes))
    assert found(story)["periodic"][0] == word


@pytest.mark.parametrize(("answers", "word"), [([{"a": "pong"}], "ok"), ([], "fail")])
def test_workers(story, settings, monkeypatch, answers, word):
    settings.HAS_CELERY = True
    monkeypatch.setattr("pretix.celery_app.app.control.ping", lambda timeout: answers)
    assert found(story)["worker"][0] == word


def test_workers_that_answer_but_do_nothing(story, settings, monkeypatch):
    settings.HAS_CELERY = True
    monkeypatch.setattr("pretix.celery_app.app.control.ping", lambda timeout: [{"a": "pong"}])
    Heartbeat.objects.update(at=now() - timedelta(minutes=15))
    assert "was not carried out" in bad(story)["worker"]


def test_a_portal_that_rests_and_an_event_that_pauses(story):
    assert check_connection(story.event).transfers
    Connection.objects.update(resting_until=now() + timedelta(hours=1), resting_reason="daily_limit")
    story.joined.paused_since = now()
    story.joined.save()
    text = bad(story)["connection"]
    assert "daily limit" in text
    assert "paused" in text
    report = check_connection(story.event)
    assert (report.status, report.transfers) == (Status.WARN, False)


def test_a_field_that_this_event_does_not_have_is_named_by_its_row(story):
    deals = mapping(story)
    row = {"pretix_field": "question_GONE", "external_field": "amount", "overwrite": "overwrite", "value_map": ""}
    deals.property_mappings = [*deals.property_mappings, row]
    deals.save()
    text = "Order -> Deals: Amount: This pretix field is not available in this event, nothing can be sent."
    assert text in bad(story)["properties"]


def test_a_check_that_breaks_down_is_told_and_the_others_go_on(story, monkeypatch):
    monkeypatch.setattr("pretix_hubspot.health.diagnosis.schema._pipeline_problem", lambda setup: 1 / 0)
    assert bad(story) == {"pipelines": "This could not be checked (ZeroDivisionError)."}


# The page


def test_the_page_asks_nothing_before_the_button(story, client, page):
    asked = len(story.simulator.requests)
    response = client.get(page(CHECK))
    assert response.status_code == 200
    assert len(story.simulator.requests) == asked


def test_the_page_shows_and_offers_to_copy(story, client, page):
    deal = mapping(story)
    deal.property_mappings = [{**deal.property_mappings[0], "external_field": "gone"}]
    deal.save()
    content = client.post(page(CHECK)).content.decode()
    assert "Something keeps orders from arriving in HubSpot." in content
    assert f'href="{page("")}mapping/{deal.pk}/"' in content
    assert "[fail] Mapped properties" in content
    assert story.simulator.service_key not in content


def test_a_disconnected_event_is_led_to_its_settings(story, client, page):
    disconnect(story.connection, None)
    assert client.post(page(CHECK))["Location"] == page("")


def test_the_settings_page_leads_to_it(client, page):
    assert page(CHECK) in client.get(page("")).content.decode()


# The command


def command(*args):
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("hubspot_check", *args, stdout=out, stderr=err)
    return exit_.value.code, out.getvalue(), err.getvalue()


def test_command_all_is_well(story):
    code, out, _ = command("--event=ada/conf")
    assert code == 0
    assert out.startswith("Event: ada/conf\nPortal: ")
    assert "[ok] Access to HubSpot\n    ok: HubSpot accepts the access of pretix.\n" in out
    assert story.simulator.service_key not in out


def test_command_warnings(story):
    Heartbeat.objects.update(at=now() - timedelta(hours=1))
    assert command("--event=ada/conf")[0] == 1


def test_command_failures_as_json(story):
    Heartbeat.objects.all().delete()
    code, out, _ = command("--event=ada/conf", "--json")
    answer = json.loads(out)
    assert (code, answer["status"]) == (2, "fail")
    assert {c["check"]: c["status"] for c in answer["checks"]}["periodic"] == "fail"
    assert answer["facts"]["Event"] == "ada/conf"


def test_command_without_connection_event_or_argument(story):
    assert command("--event=ada/nothing")[::2] == (3, "There is no event ada/nothing.\n")
    assert json.loads(command("--event=ada", "--json")[1])["status"] == "not_connected"
    disconnect(story.connection, None)
    assert command("--event=ada/conf")[0] == 3
    assert command()[0] == 3
