"""What people may send to pages and as a file is refused in words, never by an error page."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from pretix_hubspot.mappings import mapping_file
from tests.integration.connections.conftest import make_user
from tests.integration.mappings.conftest import (  # noqa: F401  fixtures are found by name
    BASE,
    add_mapping,
    client,
    event,
    joined,
    no_scopes,
    organizer,
    portal,
    user,
)
from tests.integration.security.drawn import drawn

DEEP = "[" * 100_000
DEEP_MAP = '{"a":' * 100_000
LONG = "1" * 5_000
HUGE = "9" * 30
MARKUP = "<i data-odd>"
ROW = {"pretix_field": "email", "external_field": "email", "overwrite": "overwrite"}
MAPPING = {
    "pretix_model": "Order",
    "external_object_type": "contacts",
    "pretix_id_field": "email",
    "external_id_field": "email",
}
ODD = {"surrogate": "\ud800", "low surrogate": "x\udfff", "NUL": "\0"}


@pytest.fixture(autouse=True)
def error_pages(client, settings):
    settings.DEBUG_PROPAGATE_EXCEPTIONS = client.raise_request_exception = False


@pytest.fixture
def helper(client, organizer):
    """The same client, of somebody who may see orders as well."""
    rights = {"event.settings.general:write": True, "event.orders:read": True, "event.orders:write": True}
    client.force_login(make_user(organizer, "helper", rights))
    return client


def upload(client, mapping, **head):
    data = {
        "format": mapping_file.FORMAT,
        "version": mapping_file.VERSION,
        "mappings": [{**MAPPING, **mapping}],
        **head,
    }
    file = SimpleUploadedFile("mappings.json", json.dumps(data).encode())
    return client.post(BASE + "start/", {"how": "file", "file": file}, follow=True)


def texts():
    """Every text of a mapping, with an odd one in its place."""
    for name, odd in ODD.items():
        places = {
            "type": {"external_object_type": odd},
            "identifier": {"external_id_field": odd},
            "source of identifier": {"pretix_id_field": odd},
            "property": {"property_mappings": [{**ROW, "external_field": odd}]},
            "field": {"property_mappings": [{**ROW, "pretix_field": odd}]},
            "constant": {"property_mappings": [{**ROW, "pretix_field": "constant_text", "text": odd}]},
            "key of value map": {"property_mappings": [{**ROW, "value_map": json.dumps({odd: "x"})}]},
            "value of value map": {"property_mappings": [{**ROW, "value_map": json.dumps({"x": odd})}]},
            "entry": {odd: 1},
            "label": {"association_mappings": [{"mapping": 1, "label": odd, "type": "USER_DEFINED:1"}]},
            "pipeline": {"pipeline": {"pipeline": odd, "stages": {}}},
            "stage": {"pipeline": {"pipeline": "default", "stages": {"p": odd}}},
            "question": {"options": {"filters": {"answers": [[odd, ""]]}}},
            "option": {"options": {"filters": {"answers": [["SIZE", odd]]}}},
            "channel": {"options": {"filters": {"sales_channels": [odd]}}},
            "language": {"options": {"language": odd}},
        }
        yield from (pytest.param(change, id=f"{place} {name}") for place, change in places.items())


def numbers():
    """What is no number, key or name, in the place of one."""
    return {
        "dots": {"external_object_type": ".."},
        "dot": {"external_object_type": "."},
        "slash": {"external_object_type": "contacts/../deals"},
        "question mark": {"external_object_type": "contacts?archived=true"},
        "line break": {"external_object_type": "contacts\n"},
        "fullwidth": {"external_object_type": "ｃontacts"},
        "deep value map": {"property_mappings": [{**ROW, "value_map": DEEP}]},
        "deep object": {"property_mappings": [{**ROW, "value_map": DEEP_MAP}]},
        "huge product": {"options": {"filters": {"items": [int(HUGE)]}}},
        "huge category": {"options": {"filters": {"categories": [2**63]}}},
        "negative date": {"options": {"filters": {"subevents": [-1]}}},
        "many products": {"options": {"filters": {"items": [1] * 2_001}}},
        "many answers": {"options": {"filters": {"answers": [["SIZE", ""]] * 2_001}}},
        "many values": {"property_mappings": [{**ROW, "value_map": json.dumps({str(n): "x" for n in range(2_001)})}]},
        "label without number": {"association_mappings": [{"mapping": 1, "label": "Buyer", "type": "USER_DEFINED:x"}]},
        "label with a huge number": {"association_mappings": [{"mapping": 1, "type": f"USER_DEFINED:{LONG}"}]},
        "no language": {"options": {"language": "../de"}},
        "huge account": {"made_for_portal": int(HUGE)},
    }


@pytest.mark.parametrize("change", [*texts(), *(pytest.param(c, id=name) for name, c in numbers().items())])
def test_a_file_with_odd_content_is_refused_in_words(joined, event, client, change):
    response = upload(client, change)

    assert response.status_code == 200
    assert 'class="alert alert-danger' in response.content.decode() or "has-error" in response.content.decode()
    assert not event.hubspot_object_mappings.exists()


@pytest.mark.parametrize(
    "head",
    [
        {"portal": int(HUGE)},
        {"portal": "\ud800"},
        {"event": "\ud800"},
        {"event": ["acme"]},
        {"names": {"items": {"\0": ["\ud800"]}}},
        {"names": {"items": {HUGE: ["Ticket"]}, "options": {":": ["x"], "": []}}},
        {"names": [[[]]]},
    ],
)
def test_an_odd_head_of_a_file_stops_no_page(joined, event, client, head):
    assert upload(client, {"options": {"filters": {"items": [7]}}}, **head).status_code == 200
    for mapping in event.hubspot_object_mappings.all():
        pages = [BASE, f"{BASE}mapping/{mapping.pk}/", f"{BASE}export/"]
        assert [client.get(page).status_code for page in pages] == [200, 200, 200]


#: What SQLite stored; PostgreSQL knows no NUL.
NUL = pytest.param("\0", marks=pytest.mark.skipif(connection.vendor == "postgresql", reason="cannot be stored"))


@pytest.mark.parametrize("object_type", ["", ".", "..", "contacts/../deals", "contacts?archived=true", NUL, MARKUP])
def test_an_object_type_that_is_no_name_is_told_and_can_be_deleted(joined, event, client, object_type):
    """Versions before this one stored what a file named."""
    odd = add_mapping(event, "Order", object_type, pretix_id_field="email", external_id_field="email")
    genuine = add_mapping(event, "Order", "deals", 1, association_mappings=[{"mapping": odd.pk}])
    mapping = f"{BASE}mapping/{odd.pk}/"
    row = {"pretix_field": "order_status", "external_field": "lifecyclestage", "overwrite": "overwrite"}

    page = client.get(mapping).content.decode()
    opened = [client.get(BASE + name) for name in ("", "export/", "start/", f"mapping/{genuine.pk}/")]
    posted = [client.post(mapping + name, row) for name in ("", "values/", "check/", "property/new/", "property/")]
    associated = {"identifier-revision": "1", "associations-associations": odd.pk, f"associations-label_{odd.pk}": "x"}
    posted.append(client.post(f"{BASE}mapping/{genuine.pk}/", associated))
    checked = client.post(BASE + "check/")
    settings = client.get(BASE).content
    rows = dict(drawn(settings, BASE, BASE + "mappings/")) | {"mappings-0-DELETE": "on", "confirmed": "on"}
    deleted = client.post(BASE + "mappings/", rows)

    assert "Unable to infer object type" in page
    assert MARKUP not in page
    assert {response.status_code for response in (*opened, checked)} == {200}
    assert {response.status_code for response in posted} <= {200, 302}
    assert deleted.status_code == 302
    assert list(event.hubspot_object_mappings.values_list("pk", flat=True)) == [genuine.pk]


@pytest.mark.parametrize("page", ["values/", "check/", "property/new/"])
@pytest.mark.parametrize("value_map", [DEEP, DEEP_MAP, json.dumps({"\ud800": "\0"}), "7" * 5_000, "[1e999]"])
def test_odd_value_maps(joined, event, client, page, value_map):
    mapping = add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    row = {"pretix_field": "order_status", "external_field": "lifecyclestage", "overwrite": "overwrite"}

    assert client.post(f"{BASE}mapping/{mapping.pk}/{page}", {**row, "value_map": value_map}).status_code != 500


@pytest.mark.parametrize("value_map", [DEEP, json.dumps({"new": "\ud800", "\0": "lead"})])
def test_odd_value_maps_are_not_saved(joined, event, client, value_map):
    mapping = add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    posted = {
        "identifier-pretix_field": "email",
        "identifier-external_field": "email",
        "identifier-revision": "1",
        "properties-TOTAL_FORMS": 1,
        "properties-INITIAL_FORMS": 0,
        "properties-0-pretix_field": "order_status",
        "properties-0-external_field": "lifecyclestage",
        "properties-0-overwrite": "overwrite",
        "properties-0-value_map": value_map,
        "properties-0-ORDER": 1,
    }

    assert client.post(f"{BASE}mapping/{mapping.pk}/", posted).status_code == 302
    mapping.refresh_from_db()
    assert [row["value_map"] for row in mapping.property_mappings] == [""]


@pytest.mark.parametrize("name", ["identifier-revision", "properties-TOTAL_FORMS", "properties-0-ORDER"])
@pytest.mark.parametrize("number", [LONG, HUGE, "-1", "1e9", "\0"])
def test_odd_numbers_in_the_editor(joined, event, client, name, number):
    mapping = add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    posted = {"identifier-revision": "1", "properties-TOTAL_FORMS": "1", "properties-INITIAL_FORMS": "0", name: number}

    assert client.post(f"{BASE}mapping/{mapping.pk}/", posted).status_code == 200


@pytest.mark.parametrize("pk", [LONG, HUGE, "-1", "0x1", "1.0", "²", "\0", ""])
@pytest.mark.parametrize("page", ["join/"])
def test_an_id_that_is_none_is_not_found(joined, event, client, page, pk):
    assert client.post(BASE + page, {"connection": pk}).status_code == 404


@pytest.mark.parametrize("pk", [LONG, HUGE])
@pytest.mark.parametrize("page", ["mapping/{}/", "mapping/{}/check/"])
def test_a_page_of_nothing_is_not_found(joined, event, client, page, pk):
    assert client.get(BASE + page.format(pk)).status_code == 404


@pytest.mark.parametrize(
    "page",
    [
        "wizard/try/?order=" + LONG,
        "orders/failing/?reason=" + LONG,
        "orders/excluded/?reason=" + LONG,
        "mapping/1/check/?value_map=" + "%5B" * 2_000,
        "?refused=" + LONG,
    ],
)
def test_odd_addresses(joined, event, client, page):
    add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")

    assert client.get(BASE + page).status_code in (200, 302, 403, 404)


def test_nul_in_an_address_is_refused_by_pretix_or_finds_nothing(joined, event, client):
    """pretix before 2026.8 hands it on."""
    assert client.get(BASE + "log/?order=%00").status_code in (200, 400, 403)


@pytest.mark.parametrize("page", ["log/?order=%2B2AA-", "orders/failing/?reason=%2B2AA-", "wizard/try/?order=%2B2AA-"])
def test_half_a_character_in_an_address_finds_nothing(joined, event, helper, page):
    """Whoever asks chooses the encoding of an address."""
    add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")

    assert helper.get(BASE + page, CONTENT_TYPE="text/plain; charset=utf-7").status_code == 200


def test_half_a_character_is_no_code_of_an_order(joined, event, helper):
    add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    part = b'--X\r\nContent-Disposition: form-data; name="code"\r\n\r\n+2AA-\r\n--X--\r\n'

    answer = helper.generic("POST", BASE + "preview/", part, "multipart/form-data; boundary=X; charset=utf-7")

    assert "There is no order with this code in this event." in answer.content.decode()


@pytest.mark.parametrize("event_id", [LONG, HUGE, "\0", "x"])
def test_a_copy_of_no_event(joined, event, client, event_id):
    assert client.post(BASE + "start/", {"how": "copy", "event": event_id}).status_code == 200


@pytest.mark.parametrize("name", ["mappings-TOTAL_FORMS", "mappings-0-id", "mappings-0-ORDER"])
@pytest.mark.parametrize("number", [LONG, HUGE, "\0"])
def test_odd_numbers_in_the_list(joined, event, client, name, number):
    posted = {"mappings-TOTAL_FORMS": "1", "mappings-INITIAL_FORMS": "1", name: number}

    assert client.post(BASE + "mappings/", posted).status_code == 302
