"""*Sync now* and *Retry now* on a server without workers: somebody waits for the page while HubSpot is asked."""

import pytest
import requests
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.services.datasync import sync_all

from pretix_hubspot.connections import request_budget
from pretix_hubspot.models import Connection, Run

ORDER = "/control/event/ada/conf/orders/A1/"


@pytest.fixture
def story(story):
    """HubSpot was there before: its schema is known."""
    story.order("A0")
    story.sync()
    return story


@pytest.fixture
def press(client, django_capture_on_commit_callbacks):
    """A button of pretix' box on the page of the order."""

    def press(action):
        value = OrderSyncQueue.objects.get().pk if action == "run_job_now" else "true"
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"{ORDER}sync_job/hubspot/", {action: value})

    return press


READ, CREATE = ["contacts", "batch", "read"], ["deals", "batch", "create"]


@pytest.fixture
def attempts(monkeypatch):
    """The time limits of everything that is sent; HubSpot takes longer."""
    found = []

    def late(session, request, *, timeout, **more):
        found.append(timeout)
        raise requests.ReadTimeout

    monkeypatch.setattr(requests.Session, "send", late)
    return found


@pytest.mark.parametrize("action", ["queue_sync", "run_job_now"])
def test_it_answers_soon_while_hubspot_is_down(client, story, press, fake_clock, action):
    story.simulator.faults.add("unavailable", times=None)
    story.order("A1", queue=action == "run_job_now")
    story.simulator.requests.clear()

    press(action)

    asked = [request.path.split("/")[-3:] for request in story.simulator.requests]
    assert sorted(asked) == [READ, READ, CREATE]
    [pause] = fake_clock.slept
    assert 0.5 <= pause <= 1, "between the two looks"
    assert Run.objects.latest("pk").requests == 3, "what nobody waited for counts as well"
    row = OrderSyncQueue.objects.get()
    assert (row.in_flight, row.need_manual_retry, row.failed_attempts) == (False, None, 0)
    page = " ".join(client.get(ORDER).content.decode().split())
    assert "<strong>HubSpot:</strong> HubSpot cannot be reached at the moment. Orders wait until" in page
    story.simulator.faults.clear()
    Connection.objects.update(resting_until=now())
    sync_all.apply(throw=True)
    assert not OrderSyncQueue.objects.exists(), "sent by itself later"


def test_it_waits_for_one_answer_only_and_not_long(story, press, attempts):
    story.order("A1")
    press("run_job_now")
    assert attempts == [(3.0, 10.0)] * 2, "both at the same time"
    assert OrderSyncQueue.objects.get().failed_attempts == 0


@pytest.mark.parametrize(("seconds", "sent"), [(9, True), (12, False)])
def test_it_does_not_wait_long_for_the_request_budget_either(story, press, fake_clock, seconds, sent):
    story.order("A1")
    request_budget.for_portal(story.connection.portal_id, story.connection.kind).throttled("burst", seconds)

    press("run_job_now")

    assert OrderSyncQueue.objects.exists() is not sent
    assert sum(fake_clock.slept) <= 10


def test_cron_is_patient_even_without_workers(story, attempts, fake_clock):
    story.order("A1")

    sync_all.apply(throw=True)

    assert len(fake_clock.slept) > 1
    assert set(attempts) == {(5.0, 30.0)}
