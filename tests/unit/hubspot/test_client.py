"""Each method's request and answer, the one repetition after a 401, and the budget's part."""

import json

import pytest
import requests
import responses

from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.api.associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS
from pretix_hubspot.hubspot.api.records import MAX_RECORDS
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import (
    AssociationInput,
    AssociationLabel,
    AssociationPair,
    AssociationType,
    InlineAssociation,
    Owner,
    Record,
    TokenInfo,
    WriteInput,
)
from pretix_hubspot.hubspot.transport import HttpAnswer
from tests.unit.hubspot import http_bodies

API = "https://api.hubapi.com"
V = "2026-03"


class Budget(NoBudget):
    def __init__(self):
        self.events = []

    def acquire(self, kind="crm", live=True, calls=1):
        self.events.append(("acquire", kind, live))
        return iter([7] * calls)

    def arrived(self, kind, calls):
        self.events.append(("arrived", kind, [(name, 0 <= ago < 5) for name, ago in calls]))

    def observe(self, status, headers, ago=0.0):
        self.events.append(("observe", status))

    def throttled(self, policy, retry_after, kind="crm"):
        self.events.append(("throttled", policy, retry_after, kind))


@pytest.fixture
def hubspot():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def budget():
    return Budget()


@pytest.fixture
def log():
    return []


@pytest.fixture
def client(budget, log):
    return Client(API, V, lambda: "secret-token", None, budget, on_request=log.append, plugin_version="1.2.3")


def sent(mock, index=-1):
    return json.loads(mock.calls[index].request.body)


def batch(*results, **more):
    return {"status": "COMPLETE", "results": list(results), **more}


TYPE = AssociationType("HUBSPOT_DEFINED", 3)
PAIR_JSON = {"from": {"id": "1"}, "to": {"id": "2"}}
TYPE_JSON = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
RECORDS = f"/crm/objects/{V}/contacts"
PAIRS = f"/crm/associations/{V}/deals/contacts"

ENDPOINTS = [
    # what is called, method, path, body sent, answer, what comes back
    (
        lambda c: c.batch_read("contacts", ["A@b.c"], ["email"], "email"),
        ("POST", f"{RECORDS}/batch/read"),
        {"properties": ["email"], "propertiesWithHistory": [], "inputs": [{"id": "A@b.c"}], "idProperty": "email"},
        batch({"id": "1", "properties": {"email": "a@b.c"}, "url": "https://app.hubspot.com/x"}),
        lambda r: r.records == (Record("1", {"email": "a@b.c"}, url="https://app.hubspot.com/x"),),
    ),
    (
        lambda c: c.batch_create(
            "contacts", [WriteInput("t", {"a": "b"}, associations=(InlineAssociation("2", (TYPE,)),))]
        ),
        ("POST", f"{RECORDS}/batch/create"),
        {
            "inputs": [
                {
                    "properties": {"a": "b"},
                    "objectWriteTraceId": "t",
                    "associations": [{"to": {"id": "2"}, "types": [TYPE_JSON]}],
                }
            ]
        },
        batch({"id": "1", "properties": {}, "objectWriteTraceId": "t"}),
        lambda r: r.records == (Record("1", {}, trace_id="t"),),
    ),
    (
        lambda c: c.batch_update("contacts", [WriteInput("t", {"a": ""}, id="7")]),
        ("POST", f"{RECORDS}/batch/update"),
        {"inputs": [{"id": "7", "properties": {"a": ""}, "objectWriteTraceId": "t"}]},
        http_bodies.PARTIAL_CREATE,
        lambda r: (r.records[0].trace_id, r.errors[0].trace_id, type(r.errors[0].error)) == ("1", "0", errors.Conflict),
    ),
    (
        lambda c: c.batch_upsert("contacts", [WriteInput("t", {"a": "b"}, id="K", id_property="key")]),
        ("POST", f"{RECORDS}/batch/upsert"),
        {"inputs": [{"id": "K", "idProperty": "key", "properties": {"a": "b"}, "objectWriteTraceId": "t"}]},
        batch({"id": "1", "properties": {}, "new": True}),
        lambda r: r.records[0].is_new is True,
    ),
    (
        lambda c: c.batch_archive("contacts", ["1"]),
        ("POST", f"{RECORDS}/batch/archive"),
        {"inputs": [{"id": "1"}]},
        None,
        lambda r: r is None,
    ),
    (
        lambda c: c.search("contacts", {"limit": 1}),
        ("POST", f"{RECORDS}/search"),
        {"limit": 1},
        {"total": 5, "results": [{"id": "1"}], "paging": {"next": {"after": "1", "link": "https://evil.example"}}},
        lambda r: (r.total, r.records[0].id, r.after) == (5, "1", "1"),
    ),
    (
        lambda c: c.get_record("contacts", "a/b?c@d.e", ["email", "x"], "email"),
        ("GET", f"{RECORDS}/a%2Fb%3Fc%40d.e?properties=email%2Cx&idProperty=email"),
        None,
        {"id": "1", "properties": {"x": None}, "archived": False},
        lambda r: r == Record("1", {"x": None}),
    ),
    (
        lambda c: c.associate_default("deals", "contacts", [("1", "2")]),
        ("POST", f"{PAIRS}/batch/associate/default"),
        {"inputs": [PAIR_JSON]},
        batch({**PAIR_JSON, "associationSpec": TYPE_JSON}),
        lambda r: r.pairs == (AssociationPair("1", "2", (TYPE,)),),
    ),
    (
        lambda c: c.associate("deals", "contacts", [AssociationInput("1", "2", (TYPE,))]),
        ("POST", f"{PAIRS}/batch/create"),
        {"inputs": [{**PAIR_JSON, "types": [TYPE_JSON]}]},
        batch(
            {
                "fromObjectTypeId": "0-3",
                "fromObjectId": 1,
                "toObjectTypeId": "0-1",
                "toObjectId": 2,
                "labels": ["Guest"],
            }
        ),
        lambda r: r.pairs == (AssociationPair("1", "2", (), ("Guest",)),),
    ),
    (
        lambda c: c.read_associations("deals", "contacts", ["1"]),
        ("POST", f"{PAIRS}/batch/read"),
        {"inputs": [{"id": "1"}]},
        http_bodies.ASSOCIATIONS_READ,
        lambda r: r.pairs == (AssociationPair("1", "2", (TYPE,)),),
    ),
    (
        lambda c: c.archive_associations("deals", "contacts", [("1", "2"), ("1", "3")]),
        ("POST", f"{PAIRS}/batch/archive"),
        {"inputs": [{"from": {"id": "1"}, "to": [{"id": "2"}, {"id": "3"}]}]},
        None,
        lambda r: r.errors == (),
    ),
    (
        lambda c: c.archive_association_labels("deals", "contacts", [AssociationInput("1", "2", (TYPE,))]),
        ("POST", f"{PAIRS}/batch/labels/archive"),
        {"inputs": [{**PAIR_JSON, "types": [TYPE_JSON]}]},
        None,
        lambda r: r.errors == (),
    ),
    (
        lambda c: c.association_labels("deals", "contacts"),
        ("GET", f"{PAIRS}/labels"),
        None,
        {"results": [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}]},
        lambda r: r == (AssociationLabel("HUBSPOT_DEFINED", 3),),
    ),
    (
        lambda c: c.create_association_label("deals", "contacts", "guest", "Guest", "Visits"),
        ("POST", f"{PAIRS}/labels"),
        {"name": "guest", "label": "Guest", "inverseLabel": "Visits"},
        {"results": [{"category": "USER_DEFINED", "typeId": 30, "label": "Guest"}]},
        lambda r: r == (AssociationLabel("USER_DEFINED", 30, "Guest"),),
    ),
    (
        lambda c: c.properties("deals"),
        ("GET", f"/crm/properties/{V}/deals"),
        None,
        http_bodies.PROPERTIES,
        lambda r: (
            (r[0].name, r[0].writable, r[0].options[0].value, r[0].display_order) == ("ticket_type", True, "vip", 2)
        ),
    ),
    (
        lambda c: c.create_property("deals", {"name": "x"}),
        ("POST", f"/crm/properties/{V}/deals"),
        {"name": "x"},
        http_bodies.PROPERTIES["results"][0],
        lambda r: r.name == "ticket_type",
    ),
    (
        lambda c: c.update_property("deals", "x", {"options": []}),
        ("PATCH", f"/crm/properties/{V}/deals/x"),
        {"options": []},
        {"name": "x", "modificationMetadata": {"readOnlyValue": True}},
        lambda r: not r.writable,
    ),
    (
        lambda c: c.create_property_group("deals", "pretix", "Tickets"),
        ("POST", f"/crm/properties/{V}/deals/groups"),
        {"name": "pretix", "label": "Tickets"},
        {"name": "pretix", "label": "Tickets"},
        lambda r: r.label == "Tickets",
    ),
    (
        lambda c: c.pipelines("deals"),
        ("GET", f"/crm/pipelines/{V}/deals"),
        None,
        http_bodies.PIPELINES,
        lambda r: [stage.id for stage in r[0].stages] == ["appointmentscheduled", "closedwon"],
    ),
    (
        lambda c: c.schemas(),
        ("GET", f"/crm-object-schemas/{V}/schemas"),
        None,
        {
            "results": [
                {"objectTypeId": "2-1", "name": "seat", "labels": {"plural": "Seats"}, "primaryDisplayProperty": "n"}
            ]
        },
        lambda r: (r[0].type_id, r[0].singular, r[0].plural, r[0].custom) == ("2-1", "seat", "Seats", True),
    ),
    (
        lambda c: c.object_enablement(),
        ("GET", f"/crm/object-library/{V}/enablement"),
        None,
        {"enablementByObjectTypeId": {"0-123": True, "0-142": False}},
        lambda r: r == {"0-123": True, "0-142": False},
    ),
    (
        lambda c: c.account(),
        ("GET", f"/account-info/{V}/details"),
        None,
        http_bodies.ACCOUNT,
        lambda r: (r.portal_id, r.time_zone, r.ui_domain) == (44237313, "Europe/Berlin", "app-eu1.hubspot.com"),
    ),
    (
        lambda c: c.owners("o@x.org"),
        ("GET", f"/crm/owners/{V}?limit=500&email=o%40x.org"),
        None,
        {"results": [{"id": "9", "email": "o@x.org", "userId": 4}]},
        lambda r: (r[0].id, r[0].user_id) == ("9", 4),
    ),
    (
        lambda c: c.limits("records"),
        ("GET", f"/crm/limits/{V}/records"),
        None,
        {"hubspotDefinedObjectTypes": []},
        lambda r: r == {"hubspotDefinedObjectTypes": []},
    ),
    (
        lambda c: c.private_app_token_info("secret-token"),
        ("POST", "/oauth/v2/private-apps/get/access-token-info"),
        {"tokenKey": "secret-token"},
        {"hubId": 5, "userId": 6, "appId": 7, "scopes": ["oauth"]},
        lambda r: (r.portal_id, r.user_id, r.app_id, r.scopes) == (5, 6, 7, ("oauth",)),
    ),
]


@pytest.mark.parametrize(("call", "request_line", "body", "answer", "expected"), ENDPOINTS)
def test_endpoints(hubspot, client, call, request_line, body, answer, expected):
    method, path = request_line
    hubspot.add(method, API + path.partition("?")[0], json=answer, status=200) if answer is not None else hubspot.add(
        method, API + path.partition("?")[0], status=204
    )
    assert expected(call(client))
    request = hubspot.calls[0].request
    assert request.url == API + path
    assert (json.loads(request.body) if request.body else None) == body
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert request.headers["User-Agent"] == "pretix-hubspot/1.2.3"
    assert request.headers["Accept"] == "application/json"


def test_every_public_method_is_driven_above():
    """The plurals are in test_lines.py, and behind their singulars here."""
    used = "\n".join(str(call.__code__.co_names) for call, *_ in ENDPOINTS)
    public = {name for name in dir(Client) if not name.startswith("_")} - {"version", "for_bulk", "close"}
    public -= {"batch_reads", "batch_creates", "begin_creates", "batch_updates", "batch_archives"}
    assert {name for name in public if name not in used} == set()


def test_limits_of_a_batch(client):
    one = WriteInput("t", {}, id="1", id_property="k")
    many = [WriteInput(str(n), {}, id=str(n), id_property="k") for n in range(MAX_RECORDS + 1)]
    for call in (
        lambda: client.batch_create("contacts", many),
        lambda: client.batch_upsert("contacts", many),
        lambda: client.batch_read("contacts", [item.trace_id for item in many], []),
        lambda: client.batch_archive("contacts", [item.trace_id for item in many]),
        lambda: client.batch_archive("contacts", ["1", "1"]),
        lambda: client.batch_create("contacts", []),
        lambda: client.batch_create("contacts", [one, one]),
        lambda: client.batch_create("contacts", [WriteInput("", {})]),
        lambda: client.batch_update("contacts", [WriteInput("t", {})]),
        lambda: client.batch_update("contacts", [WriteInput("t", {}, id="1"), WriteInput("u", {}, id="1")]),
        lambda: client.batch_upsert("contacts", [WriteInput("t", {}, id="1")]),
        lambda: client.batch_upsert(
            "contacts", [WriteInput("t", {}, id="A@b.c", id_property="email"), WriteInput("u", {}, "a@b.c", "email")]
        ),
        lambda: client.batch_update("contacts", [WriteInput("t", {}, "1", associations=(InlineAssociation("2", ()),))]),
        lambda: client.batch_read("contacts", ["A@b.c", "a@b.c"], [], "email"),
        lambda: client.associate_default("deals", "contacts", [("1", "2")] * (MAX_ASSOCIATIONS + 1)),
        lambda: client.associate("deals", "contacts", [AssociationInput("1", "2")]),
        lambda: client.read_associations("deals", "contacts", ["1"] * (MAX_ASSOCIATION_READS + 1)),
        lambda: client.get_record("contacts", "..", []),
        lambda: Client(API, "v3", lambda: "", None, NoBudget()),
    ):
        with pytest.raises(ValueError):
            call()


def test_one_repetition_after_a_401(hubspot, budget):
    hubspot.get(f"{API}/account-info/{V}/details", json=http_bodies.EXPIRED_TOKEN, status=401)
    hubspot.get(f"{API}/account-info/{V}/details", json=http_bodies.ACCOUNT)
    refreshed = []
    client = Client(API, V, lambda: "old", lambda bad: refreshed.append(bad) or "new", budget)
    assert client.account().portal_id == 44237313
    assert refreshed == ["old"]
    assert [call.request.headers["Authorization"] for call in hubspot.calls] == ["Bearer old", "Bearer new"]
    assert budget.events.count(("acquire", "crm", True)) == 2


def test_a_second_401_is_final(hubspot):
    hubspot.get(f"{API}/account-info/{V}/details", json=http_bodies.EXPIRED_TOKEN, status=401)
    client = Client(API, V, lambda: "old", lambda bad: "new", NoBudget())
    with pytest.raises(errors.TokenExpired):
        client.account()
    assert len(hubspot.calls) == 2


def test_a_401_without_anybody_to_ask_is_final(hubspot):
    hubspot.get(f"{API}/account-info/{V}/details", json=http_bodies.MISSING_TOKEN, status=401)

    with pytest.raises(errors.AuthenticationFailed):
        Client(API, V, lambda: "old", None, NoBudget()).account()

    assert len(hubspot.calls) == 1


def test_a_token_that_is_refused_again_is_told(hubspot):
    hubspot.get(f"{API}/account-info/{V}/details", json=http_bodies.MISSING_TOKEN, status=401)
    told = []
    client = Client(API, V, lambda: "static", lambda bad: bad, NoBudget(), on_denied=told.append)

    with pytest.raises(errors.AuthenticationFailed) as refused:
        client.account()

    assert (told, len(hubspot.calls)) == ([refused.value], 2)


def test_a_401_by_mistake_is_told_nobody(hubspot):
    details = {"portalId": 7, "accountType": "STANDARD", "timeZone": "UTC", "uiDomain": "app.hubspot.com"}
    hubspot.get(f"{API}/account-info/{V}/details", json=http_bodies.MISSING_TOKEN, status=401)
    hubspot.get(f"{API}/account-info/{V}/details", json=details)
    client = Client(API, V, lambda: "static", lambda bad: bad, NoBudget(), on_denied=pytest.fail)

    assert client.account().portal_id == 7


def test_a_page_with_the_status_401_asks_for_no_other_token(hubspot):
    hubspot.get(f"{API}/account-info/{V}/details", body=http_bodies.EDGE_PAGE, status=401)

    with pytest.raises(errors.EdgePage):
        Client(API, V, lambda: "good", pytest.fail, NoBudget(), on_denied=pytest.fail).account()


@pytest.mark.parametrize("token", ["", "pat-eu1-x\n", "pat eu1", "pät", "pat-\U0001f600", "a\r\nX-Evil: 1"])
def test_what_cannot_be_a_token_is_not_sent(token):
    with responses.RequestsMock(), pytest.raises(errors.AuthenticationFailed):
        Client(API, V, lambda: "good", None, NoBudget()).private_app_token_info(token or " ")


def test_a_pasted_token_is_never_refreshed(hubspot):
    hubspot.post(f"{API}/oauth/v2/private-apps/get/access-token-info", json=http_bodies.MISSING_TOKEN, status=401)
    with pytest.raises(errors.AuthenticationFailed):
        Client(API, V, lambda: "old", lambda bad: "new", NoBudget()).private_app_token_info("pasted")
    assert len(hubspot.calls) == 1


def test_the_budget_is_asked_and_told(hubspot, client, budget):
    hubspot.post(f"{API}{RECORDS}/search", json=http_bodies.SECONDLY, status=429, headers={"Retry-After": "2"})
    with pytest.raises(errors.RateLimited) as caught:
        client.for_bulk().search("contacts", {})
    assert (caught.value.policy, caught.value.retry_after, caught.value.operation) == (
        "secondly",
        2.0,
        "contacts search",
    )
    arrived = ("arrived", "search", [(7, True)])
    throttled = ("throttled", "secondly", 2.0, "search")
    assert budget.events == [("acquire", "search", False), arrived, ("observe", 429), throttled]


def test_a_refusal_of_the_budget_names_the_operation_and_sends_nothing(client, budget):
    def refuse(kind, live, calls):
        raise errors.RateLimited(policy="daily")

    budget.acquire = refuse
    with responses.RequestsMock(), pytest.raises(errors.RateLimited) as caught:
        client.account()
    assert caught.value.operation == "account read"


def test_redirects_are_not_followed(hubspot, client):
    hubspot.get(f"{API}/account-info/{V}/details", status=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(errors.UnexpectedStatus):
        client.account()
    assert len(hubspot.calls) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"{", b"[]", b"null", b'{"results": 5}', b'{"results": {}}', b"<html>", b"\xff", b"{}"]
)
def test_success_that_cannot_be_read_is_a_bad_answer(hubspot, client, answer):
    hubspot.post(f"{API}{RECORDS}/batch/create", body=answer, status=201)
    with pytest.raises(errors.BadAnswer) as caught:
        client.batch_create("contacts", [WriteInput("t", {})])
    assert caught.value.may_have_written


def test_a_207_of_refusals_alone(hubspot, client):
    hubspot.post(f"{API}{RECORDS}/batch/create", json={"errors": http_bodies.PARTIAL_CREATE["errors"]}, status=207)
    result = client.batch_create("contacts", [WriteInput("0", {})])
    assert (result.records, len(result.errors)) == ((), 1)


def page(record_id, to_id, after=None):
    row = {"from": {"id": record_id}, "to": [{"toObjectId": to_id, "associationTypes": []}]}
    return {**row, "paging": {"next": {"after": after}}} if after else row


def test_pages_of_associations_are_followed_per_record(hubspot, client):
    url = f"{API}{PAIRS}/batch/read"
    hubspot.post(url, json={"results": [page("1", 10, "x"), page("2", 20)]})
    hubspot.post(url, json={"results": [page("1", 11, "y")]})
    hubspot.post(url, json={"results": [page("1", 12)]})
    pairs = client.read_associations("deals", "contacts", ["1", "2"]).pairs
    assert [(pair.from_id, pair.to_id) for pair in pairs] == [("1", "10"), ("2", "20"), ("1", "11"), ("1", "12")]
    assert sent(hubspot) == {"inputs": [{"id": "1", "after": "y"}]}


def test_the_first_page_of_associations_names_the_records_that_have_more(hubspot, client):
    hubspot.post(f"{API}{PAIRS}/batch/read", json={"results": [page("1", 10, "x"), page("2", 20)]})
    found = client.read_associations("deals", "contacts", ["1", "2"], follow=False)
    assert [(pair.from_id, pair.to_id) for pair in found.pairs] == [("1", "10"), ("2", "20")]
    assert (found.unfinished, len(hubspot.calls)) == ({"1"}, 1)


def test_endless_pages_end(hubspot, client):
    hubspot.post(f"{API}{PAIRS}/batch/read", json={"results": [page("1", 10, "x")]})
    with pytest.raises(errors.BadAnswer):
        client.read_associations("deals", "contacts", ["1"])
    hubspot.get(f"{API}/crm/owners/{V}", json={"results": [], "paging": {"next": {"after": "x"}}})
    with pytest.raises(errors.BadAnswer):
        client.owners()


def test_the_request_log_tells_numbers_and_nothing_personal(hubspot, client, log):
    headers = {"x-hubspot-correlation-id": "c-1"}
    hubspot.get(f"{API}{RECORDS}/erika%40example.org", json={"id": "1"}, headers=headers)
    hubspot.post(f"{API}{RECORDS}/batch/read", body=requests.ConnectionError("erika@example.org"))
    client.get_record("contacts", "erika@example.org", [], "email")
    with pytest.raises(errors.ConnectionFailed):
        client.batch_read("contacts", ["erika@example.org"], [], "email")
    first, second = log
    assert (first.operation, first.path, first.status, first.correlation_id) == (
        "contacts read",
        f"/crm/objects/{V}/{{}}/{{}}",
        200,
        "c-1",
    )
    assert (second.status, second.error, second.inputs, second.request_bytes > 50) == (
        None,
        "ConnectionFailed",
        1,
        True,
    )
    assert "erika" not in repr(log)
    assert "secret-token" not in repr(log)


@pytest.mark.parametrize(
    ("call", "verb", "inputs"),
    [
        (lambda c: c.associate_default("deals", "contacts", [("1", "2"), ("3", "4")]), "associate/default", 2),
        (lambda c: c.associate("deals", "contacts", [AssociationInput("1", "2", (TYPE,))] * 3), "create", 3),
        (lambda c: c.read_associations("deals", "contacts", ["1", "2"]), "read", 2),
        (lambda c: c.archive_associations("deals", "contacts", [("1", "2"), ("3", "4")]), "archive", 2),
        (
            lambda c: c.archive_association_labels("deals", "contacts", [AssociationInput("1", "2", (TYPE,))] * 2),
            "labels/archive",
            2,
        ),
    ],
)
def test_the_request_log_counts_the_associations_of_a_batch(hubspot, client, log, call, verb, inputs):
    hubspot.post(f"{API}{PAIRS}/batch/{verb}", json={"results": []})

    call(client)

    assert [(entry.status, entry.inputs) for entry in log] == [(200, inputs)]


def test_nothing_personal_in_any_repr(hubspot, client):
    named = {"context": {"ids": ["erika@example.org"]}}
    hubspot.post(
        f"{API}{RECORDS}/batch/read",
        json={**http_bodies.PARTIAL_READ, "errors": [http_bodies.INVALID_PROPERTIES, named]},
    )
    result = client.batch_read("contacts", ["erika@example.org"], [], "email")
    plain = [
        WriteInput("t", {"email": "erika@example.org"}, "erika@example.org", "email"),
        Record("1", {"email": "erika@example.org"}, warnings=({"value": "Mustermann"},)),
        Owner("9", "erika@example.org", "erika", "Mustermann"),
        TokenInfo(7, user="erika@example.org"),
        HttpAnswer(200, {}, b"erika"),
        client._prepare("o", "GET", "/{}", ["erika"], {"name": "Mustermann"}, {"email": "erika@example.org"}, 1, None),
    ]
    said = repr([result, plain, client])
    assert result.errors[-1].ids == ("erika@example.org",)
    for secret in ("erika", "Mustermann", "a@b.c", "secret-token"):
        assert secret not in said


def test_lone_surrogates_can_be_sent(hubspot, client):
    hubspot.post(f"{API}{RECORDS}/batch/create", json=batch({"id": "1"}))
    client.batch_create("contacts", [WriteInput("t", {"a": "\ud800é"})])
    assert b"\\ud800\\u00e9" in hubspot.calls[0].request.body
