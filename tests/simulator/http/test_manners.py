"""What a client of any kind may send: bodies in chunks or compressed, HEAD, OPTIONS, nonsense."""

import gzip
import http.client
import json
import zlib

import pytest

from hubspot_simulator import Simulator

CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture
def sim():
    return Simulator(rate_limit=None, property_lag_ms=0)


@pytest.fixture
def connection(sim):
    with sim.serve() as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        yield connection
        connection.close()


def ask(sim, connection, method, path, body=None, **headers):
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    allowed = {"Authorization": f"Bearer {next(iter(sim.auth.tokens))}", "Content-Type": "application/json"}
    connection.request(method, path, body, {**allowed, **more}, encode_chunked="Transfer-Encoding" in more)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def contact(email):
    return json.dumps({"properties": {"email": email}}).encode()


def test_a_body_in_chunks(sim, connection):
    body = contact("ada@example.org")

    status, _, _ = ask(sim, connection, "POST", CONTACTS, iter([body[:7], body[7:]]), Transfer_Encoding="chunked")
    again, _, _ = ask(sim, connection, "GET", CONTACTS)

    assert (status, again) == (201, 200), "the next request on the connection begins where it should"
    assert sim.world({"contacts": ["email"]})["contacts"][0]["email"] == "ada@example.org"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body(sim, connection, encoding, pack):
    status, _, _ = ask(sim, connection, "POST", CONTACTS, pack(contact("ada@example.org")), Content_Encoding=encoding)

    assert status == 201


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"no gzip", {"Content_Encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0)[:-4], {"Content_Encoding": "gzip"}, 400),
        (b"{}", {"Content_Encoding": "br"}, 415),
        (b"x", {"Content_Length": "many"}, 400),
        (b"zz\r\n{}\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}, 400),
    ],
)
def test_a_body_that_nobody_can_read_is_refused_in_json(sim, connection, body, headers, status):
    if "Transfer_Encoding" in headers:
        connection.putrequest("POST", CONTACTS)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(body)
        answer = connection.getresponse()
        found, text = answer.status, answer.read()
    else:
        found, text, _ = ask(sim, connection, "POST", CONTACTS, body, **headers)

    assert found == status
    assert json.loads(text)["status"] == "error"
    assert not sim.bugs


def test_head_is_get_without_a_body(sim, connection):
    _, body, shown = ask(sim, connection, "GET", CONTACTS)

    status, nothing, headers = ask(sim, connection, "HEAD", CONTACTS)

    assert (status, nothing) == (200, b"")
    assert headers["Content-Length"] == shown["Content-Length"] == str(len(body))


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW"])
def test_a_method_that_is_not_served_is_refused_in_json(sim, connection, method):
    status, text, _ = ask(sim, connection, method, CONTACTS)

    assert status in (405, 501)
    assert json.loads(text)["status"] == "error"


def test_properties_in_a_batch_of_which_one_exists(sim, connection):
    definition = {"label": "New", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    inputs = [{"name": "email", **definition}, {"name": "brand_new", **definition}]
    batch = "/crm/properties/2026-03/contacts/batch/"

    status, text, _ = ask(sim, connection, "POST", batch + "create", json.dumps({"inputs": inputs}))
    made = json.loads(text)
    names = {"archived": False, "dataSensitivity": "non_sensitive", "inputs": [{"name": "email"}, {"name": "nope"}]}
    read_status, text, _ = ask(sim, connection, "POST", batch + "read", json.dumps(names))
    read = json.loads(text)

    assert (status, read_status) == (207, 207)
    assert [entry["name"] for entry in made["results"]] == ["brand_new"]
    assert [entry["message"] for entry in made["errors"]] == ["A property named 'email' already exists."]
    assert made["errors"][0]["context"] == {"name": ["email"]}
    assert [entry["name"] for entry in read["results"]] == ["email"]
    assert read["errors"][0]["context"] == {"name": ["nope"]}


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "HAS_PROPERTY"}]}]},
        {"sorts": [{"propertyName": "nope", "direction": "ASCENDING"}]},
    ],
)
def test_a_search_by_a_property_that_does_not_exist_is_refused(sim, connection, body):
    status, text, _ = ask(sim, connection, "POST", CONTACTS + "/search", json.dumps(body))

    assert status == 400
    assert "nope" in json.loads(text)["message"]
