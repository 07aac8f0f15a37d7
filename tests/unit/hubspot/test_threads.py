"""Several batches at the same time: what comes back, in what order, and what happens when one of them fails."""

import json
import threading

import pytest
import responses

from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import BatchResult, WriteInput
from tests.unit.hubspot import http_bodies

API = "https://api.hubapi.com"
READ = f"{API}/crm/objects/2026-03/contacts/batch/read"
CREATE = f"{API}/crm/objects/2026-03/deals/batch/create"
DEALS = [[WriteInput("t1", {"dealname": "a"})]]


@pytest.fixture
def hubspot():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def make_client():
    made = []

    def make(budget=None, refresh=None, log=None):
        on_request = log.append if log is not None else None
        made.append(Client(API, "2026-03", lambda: "old", refresh, budget or NoBudget(), on_request=on_request))
        return made[-1]

    yield make
    for client in made:
        client.close()


def asked(request):
    return [item["id"] for item in json.loads(request.body)["inputs"]]


def echo(request):
    return 200, {}, json.dumps({"status": "COMPLETE", "results": [{"id": found} for found in asked(request)]})


def read(client, *batches):
    return client.batch_reads("contacts", [list(batch) for batch in batches], [])


def ids(answers):
    return [[record.id for record in answer.records] for answer in answers if isinstance(answer, BatchResult)]


def test_all_are_under_way_before_the_first_is_answered(hubspot, make_client):
    together = threading.Barrier(3, timeout=10)

    def answer(request):
        together.wait()
        return echo(request)

    hubspot.add_callback("POST", READ, answer)
    log = []
    assert ids(read(make_client(log=log), "12", "34", "5")) == [["1", "2"], ["3", "4"], ["5"]]
    assert [(entry.operation, entry.inputs, entry.status) for entry in log] == [
        ("contacts batch read", 2, 200),
        ("contacts batch read", 2, 200),
        ("contacts batch read", 1, 200),
    ]


def test_one_alone_needs_no_thread(hubspot, make_client):
    seen = []
    hubspot.add_callback("POST", READ, lambda request: seen.append(threading.current_thread()) or echo(request))
    read(make_client(), "1")
    assert seen == [threading.main_thread()]


def test_a_write_that_is_begun_is_under_way_while_something_else_is_read(hubspot, make_client):
    together = threading.Barrier(2, timeout=10)
    created = {"status": "COMPLETE", "results": [{"id": "7", "objectWriteTraceId": "t1"}]}
    hubspot.add_callback("POST", CREATE, lambda request: together.wait() and None or (201, {}, json.dumps(created)))
    hubspot.add_callback("POST", READ, lambda request: together.wait() and None or echo(request))
    client = make_client()
    answers = client.begin_creates("deals", DEALS)
    assert ids(read(client, "1")) == [["1"]]
    assert ids(answers()) == ids(answers()) == [["7"]]


@pytest.mark.parametrize("asked_for", [True, False])
def test_what_was_begun_counts_once_even_if_nobody_waits_for_it(hubspot, make_client, asked_for):
    hubspot.add("POST", CREATE, json={"status": "COMPLETE", "results": []}, status=201)
    log = []
    client = make_client(log=log)
    answers = client.begin_creates("deals", DEALS)
    if asked_for:
        answers()
    client.close()
    assert [(entry.operation, entry.status) for entry in log] == [("deals batch create", 201)]


def test_what_was_begun_and_failed_is_in_nobodys_way(hubspot, make_client):
    hubspot.add("POST", CREATE, body=ZeroDivisionError())
    client = make_client()
    answers = client.begin_creates("deals", DEALS)
    with pytest.raises(ZeroDivisionError):
        answers()
    client.close()


def test_closing_ends_every_thread(hubspot, make_client):
    def under_way():
        return [thread for thread in threading.enumerate() if thread.name.startswith("hubspot")]

    hubspot.add_callback("POST", READ, echo)
    client = make_client()
    before = under_way()

    read(client, "1", "2", "3")
    during = under_way()
    client.close()

    assert len(during) > len(before)
    assert under_way() == before


def test_an_answer_of_the_wrong_shape_costs_the_others_nothing(hubspot, make_client):
    def answer(request):
        [item] = json.loads(request.body)["inputs"]
        done = {"id": item["properties"]["a"], "objectWriteTraceId": item["objectWriteTraceId"]}
        return 201, {}, json.dumps({"results": 5} if done["id"] == "2" else {"results": [done]})

    hubspot.add_callback("POST", CREATE, answer)

    first, unusable, last = make_client().batch_creates("deals", [[WriteInput("t", {"a": n})] for n in "123"])

    assert ids([first, last]) == [["1"], ["3"]]
    assert (type(unusable), unusable.operation) == (errors.BadAnswer, "deals batch create")


def test_each_has_its_own_answer(hubspot, make_client):
    def answer(request):
        if asked(request) == ["2"]:
            return 429, {}, json.dumps(http_bodies.TEN_SECONDLY)
        if asked(request) == ["3"]:
            return 200, {}, "[]"
        return echo(request)

    hubspot.add_callback("POST", READ, answer)
    first, limited, unreadable, last = read(make_client(), "1", "2", "3", "4")
    assert ids([first, last]) == [["1"], ["4"]]
    assert (type(limited), type(unreadable)) == (errors.RateLimited, errors.BadAnswer)


def test_those_with_a_refused_token_are_repeated_once(hubspot, make_client):
    def answer(request):
        refused = request.headers["Authorization"] == "Bearer old" and asked(request) != ["2"]
        return (401, {}, json.dumps(http_bodies.EXPIRED_TOKEN)) if refused else echo(request)

    hubspot.add_callback("POST", READ, answer)
    refreshed = []
    client = make_client(refresh=lambda bad: refreshed.append(bad) or "new")
    assert ids(read(client, "1", "2", "3")) == [["1"], ["2"], ["3"]]
    assert refreshed == ["old"]
    assert sorted(asked(call.request)[0] for call in hubspot.calls) == ["1", "1", "2", "3", "3"]


class Refusing(NoBudget):
    """Pays for so many calls."""

    def __init__(self, calls):
        self.calls = calls

    def acquire(self, kind="crm", live=True, calls=1):
        if not self.calls:
            raise errors.RateLimited("used up")
        while calls and self.calls:
            calls, self.calls = calls - 1, self.calls - 1
            yield 0


def test_a_budget_that_is_used_up_ends_the_group(hubspot, make_client):
    hubspot.add_callback("POST", READ, echo)
    answers = read(make_client(Refusing(2)), "1", "2", "3", "4")
    assert ids(answers) == [["1"], ["2"]]
    assert len(answers) == 2


def test_a_budget_without_anything_left_is_the_answer(hubspot, make_client):
    [refusal] = read(make_client(Refusing(0)), "1", "2")
    assert (type(refusal), refusal.operation) == (errors.RateLimited, "contacts batch read")


def test_a_token_refused_again_and_no_budget_for_all(hubspot, make_client):
    hubspot.add_callback(
        "POST",
        READ,
        lambda request: (
            (401, {}, json.dumps(http_bodies.EXPIRED_TOKEN))
            if request.headers["Authorization"] == "Bearer old"
            else echo(request)
        ),
    )
    answers = read(make_client(Refusing(3), refresh=lambda bad: "new"), "1", "2")
    assert (ids(answers), len(answers)) == ([["1"]], 1)


@pytest.mark.parametrize("verb", ["create", "update"])
def test_writes_go_together_as_well(hubspot, make_client, verb):
    together = threading.Barrier(2, timeout=10)

    def answer(request):
        together.wait()
        [item] = json.loads(request.body)["inputs"]
        done = [{"id": item["properties"]["a"], "objectWriteTraceId": item["objectWriteTraceId"]}]
        return 201, {}, json.dumps({"status": "COMPLETE", "results": done})

    hubspot.add_callback("POST", f"{API}/crm/objects/2026-03/contacts/batch/{verb}", answer)
    write = getattr(make_client(), f"batch_{verb}s")
    assert ids(write("contacts", [[WriteInput("t", {"a": n}, id=n)] for n in "12"])) == [["1"], ["2"]]
