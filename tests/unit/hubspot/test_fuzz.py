"""No bytes that a server can send raise anything but our typed errors."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pretix_hubspot.hubspot import oauth as oauth_module
from pretix_hubspot.hubspot import requests as requests_module
from pretix_hubspot.hubspot.budget.shared import SharedBudget
from pretix_hubspot.hubspot.budget.stores import MemoryStore
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import AssociationInput, AssociationType, WriteInput, match
from pretix_hubspot.hubspot.error_parsing import error_from_entry, error_from_response, error_from_token_endpoint
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.oauth import OAuthApp
from pretix_hubspot.hubspot.transport import HttpAnswer
from tests.unit.hubspot import http_bodies

STATUSES = [
    200,
    201,
    204,
    207,
    301,
    400,
    401,
    403,
    404,
    409,
    414,
    423,
    429,
    437,
    477,
    500,
    502,
    503,
    524,
    530,
    599,
    999,
]
CORPUS = [json.dumps(body).encode() for body in http_bodies.ALL.values()] + [http_bodies.EDGE_PAGE]
ODD = [
    None, True, False, 0, -1, 1e308, float("nan"), 10**40, "", "\x00", "\ud800", "a@b.c", [], {}, [[]], [None],
    {"": None}, ["x"] * 50, {"ids": [""]}, {"next": {"after": {}}},
]  # fmt: skip  # one value per line would fill a page
INPUTS = [WriteInput("0", {"email": "a@b.c"}), WriteInput("1", {}, id="3")]


def mutated(rng, body):
    """`body` damaged as networks, proxies and other versions damage it."""
    if rng.random() < 0.5:
        try:
            return json.dumps(replaced(rng, json.loads(body))).encode()
        except ValueError:
            pass
    damaged = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(damaged) + 1)
        damage = rng.randrange(5)
        if damage == 0:
            del damaged[at:]
        elif damage == 1:
            del damaged[at : at + rng.randint(1, 20)]
        elif damage == 2:
            damaged[at:at] = rng.randbytes(rng.randint(1, 4))
        elif damage == 3:
            damaged[at:at] = rng.choice(
                [b"[" * 2_000, b"\\ud800", b"\\u0000", b"NaN", b"1e999", b"9" * 5_000, b'"', b"{}"]
            )
        else:
            damaged[at:at] = damaged[at : at + 100]
    return bytes(damaged)


def replaced(rng, value):
    """`value` with something odd in place of one part of it."""
    if rng.random() < 0.25 or not isinstance(value, (dict, list)) or not value:
        return rng.choice(ODD)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [*value[:at], replaced(rng, value[at]), *value[at + 1 :]]
    key = rng.choice(list(value))
    return {**value, key: replaced(rng, value[key])}


KIND = AssociationType("HUBSPOT_DEFINED", 3)
CALLS = [
    lambda c: match(INPUTS, c.batch_create("contacts", INPUTS)),
    lambda c: c.batch_update("contacts", INPUTS[1:]),
    lambda c: match(INPUTS, c.batch_read("contacts", ["a@b.c"], ["email"], "email")),
    lambda c: c.batch_archive("contacts", ["1"]),
    lambda c: c.search("contacts", {}),
    lambda c: c.get_record("contacts", "1", []),
    lambda c: c.associate_default("deals", "contacts", [("1", "2")]),
    lambda c: c.associate("deals", "contacts", [AssociationInput("1", "2", (KIND,))]),
    lambda c: c.read_associations("deals", "contacts", ["1"]),
    lambda c: c.archive_associations("deals", "contacts", [("1", "2")]),
    lambda c: c.association_labels("deals", "contacts"),
    lambda c: c.properties("deals"),
    lambda c: c.create_property("deals", {}),
    lambda c: c.pipelines("deals"),
    lambda c: c.schemas(),
    lambda c: c.object_enablement(),
    lambda c: c.account(),
    lambda c: c.owners(),
    lambda c: c.limits("records"),
    lambda c: c.private_app_token_info("t"),
]
APP_CALLS = [
    lambda app: app.exchange("c", "u"),
    lambda app: app.refresh("r"),
    lambda app: app.introspect("t"),
    lambda app: app.revoke("r"),
]


class Wire:
    """Stands in for the exchange: hands out one answer, whatever is asked."""

    def __init__(self, monkeypatch):
        self.answer = None
        for module in (requests_module, oauth_module):
            monkeypatch.setattr(module, "exchange", lambda *arguments: self.answer)
        budget = SharedBudget(MemoryStore(), sleep=lambda seconds: None)
        self.client = Client("https://x", "2026-03", lambda: "t", lambda bad: "u", budget)
        self.app = OAuthApp("c", "s")
        self.budget = budget

    def drive(self, rng, status, headers, body):
        self.answer = HttpAnswer(status, headers, body)
        self.budget.reset()
        self.budget._store.state = type(self.budget._store.state)()  # grants of before would refuse
        for target, call in ((self.client, rng.choice(CALLS)), (self.app, rng.choice(APP_CALLS))):
            try:
                call(target)
            except HubSpotError as error:
                checked(error)


def checked(error):
    assert len(error.message) <= 1_000
    assert len(str(error)) < 2_000
    (str(error) + error.message).encode()  # storable
    assert isinstance(error.retryable, bool)
    assert isinstance(error.may_have_written, bool)
    assert error.existing_id is None or error.existing_id.isdigit()
    assert error.retry_after is None or error.retry_after >= 0
    getattr(error, "required_scopes", None)


def test_ten_thousand_damaged_answers(monkeypatch):
    wire, rng = Wire(monkeypatch), random.Random(20261121)
    header_values = ["", "5", "-1", "nan", "1e400", "Fri, 99 Foo", "100", "٣", "\x00"]
    for _ in range(10_000):
        headers = {
            name: rng.choice(header_values)
            for name in ("Retry-After", "Date", "X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Daily")
            if rng.random() < 0.2
        }
        wire.drive(rng, rng.choice(STATUSES), headers, mutated(rng, rng.choice(CORPUS)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["message", "category", "errors", "context", "links", "ids", "code", "results", "paging", "id"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values | st.binary(max_size=200), st.sampled_from(STATUSES), st.randoms(use_true_random=False))
def test_any_json_and_any_bytes(monkeypatch, body, status, rng):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.MonkeyPatch.context() as patch:
        Wire(patch).drive(rng, status, {}, body)


@given(json_values, st.binary(max_size=100), st.integers(100, 999))
def test_the_readers_of_errors_return_errors(value, body, status):
    checked(error_from_entry(value))
    checked(error_from_response(status, {}, body))
    checked(error_from_token_endpoint(status, {}, json.dumps(value).encode(), "o"))
