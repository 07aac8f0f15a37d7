"""Bodies that are no JSON, or JSON that no server could keep, are the client's mistake and leave nothing behind."""

import pytest

CONTACTS = "/crm/objects/2026-03/contacts"
ADDRESS = b'{"properties": {"email": "a@example.org", "firstname": %s}}'


@pytest.fixture
def send(api):
    def post(body):
        return api.session.post(api.url + CONTACTS, data=body, headers={"Content-Type": "application/json"}, timeout=10)

    return post


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{bad", "line 1, column 2: "),
        (b'{"properties":\n{"email": "\xff"}}', "line 1, column 27: Invalid UTF-8"),
        (ADDRESS % b'"\xed\xa0\x80"', "line 1, column 57: Invalid UTF-8"),
        (ADDRESS % b'"\\ud800"', "line 1, column 1: Half of a surrogate pair"),
        (ADDRESS % (b"[" * 3_000 + b"]" * 3_000), "line 1, column 1: Nested too deeply"),
        (ADDRESS % (b"9" * 5_000), "line 1, column 1: Number out of range"),
    ],
)
def test_broken_bodies_are_refused_and_nothing_is_stored(send, api, body, where):
    answer = send(body)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"Invalid input JSON on {where}")
    assert api.get(CONTACTS).json() == {"results": []}


def test_a_whole_surrogate_pair_is_a_character(send, api):
    made = send(ADDRESS % b'"\\ud83d\\ude00"').json()["id"]

    read = api.get(f"{CONTACTS}/{made}")

    assert read.json()["properties"]["firstname"] == "\U0001f600"


def test_the_admin_api_refuses_them_too(api):
    answer = api.session.post(f"{api.url}/_simulator/records", data=b'{"type": "\\ud800"}', timeout=10)

    assert answer.status_code == 400
    assert "surrogate" in answer.json()["error"]
