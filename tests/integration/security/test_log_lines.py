"""What HubSpot says forges no log line, colours no terminal and turns nothing around."""

import json
import logging

import pytest

from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.hubspot.error_parsing import error_from_entry, error_from_response, error_from_token_endpoint
from pretix_hubspot.hubspot.errors import HubSpotError
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

FORGED = "no\r\n2026-11-30 ERROR \x1b[31mforged\x1b[0m\u2028line\u202eesrever\u2066\x85\x9b31m\x00\x0b\u200f"
ENVELOPE = {
    "category": FORGED,
    "errorType": FORGED,
    "subCategory": FORGED,
    "message": FORGED,
    "correlationId": FORGED,
    "status": FORGED,
    "error": FORGED,
    "error_description": FORGED,
    "context": {FORGED: [FORGED], "propertyName": [FORGED]},
    "links": {FORGED: FORGED},
    "errors": [{"name": FORGED, "code": FORGED, "message": FORGED, "context": {"propertyName": [FORGED]}}],
}
HEADERS = {"X-HubSpot-Correlation-Id": FORGED, "Retry-After": FORGED}


def is_one_plain_line(text):
    return text.isprintable() or all(c.isprintable() or c == "\ufffd" for c in text)


@pytest.mark.parametrize("envelope", [ENVELOPE, {**ENVELOPE, "errors": []}, {"message": FORGED}])
@pytest.mark.parametrize("status", [400, 401, 403, 409, 429, 500, 999])
def test_an_error_is_one_line_of_plain_text(status, envelope):
    body = json.dumps(envelope).encode()
    found = [
        error_from_response(status, HEADERS, body, "contacts read"),
        error_from_token_endpoint(status, HEADERS, body, "oauth refresh"),
        error_from_entry(envelope, "contacts read"),
    ]

    said = [text for error in found for text in (str(error), repr(error), error.message, error.correlation_id)]
    said += [detail.message for error in found for detail in error.details]

    assert [text for text in said if not is_one_plain_line(text)] == []


@pytest.mark.parametrize("edge", [b"<html><title>no\nforged \x1b[31m</title>", FORGED.encode()])
def test_a_page_of_the_edge_is_one_line_too(edge):
    error = error_from_response(502, HEADERS, edge)

    assert is_one_plain_line(str(error) + error.message)


def test_no_line_of_the_log_begins_with_words_of_hubspot(story, caplog):
    caplog.set_level(logging.DEBUG)
    story.simulator.faults.add("bad-request", answer=ENVELOPE, times=None)
    story.order("A1", attendees=[("ada@example.org", "Ada", "Lovelace")])

    story.sync()
    with pytest.raises(HubSpotError):
        client_for(story.connection).account()

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pretix_hubspot")]
    assert ours
    assert not any("\n2026" in line or "\x1b" in line or "\u202e" in line for line in ours)
