"""Reading an error takes little, whatever it holds: its first details are kept, and what is thrown away costs nothing.

Costs are counted in characters and calls: of ``redact``, which is where the time goes.
"""

import json

import pytest

from pretix_hubspot.hubspot import error_parsing, json_reading
from pretix_hubspot.hubspot import json_reading as hubspot_json_reading
from pretix_hubspot.hubspot.data.records import BatchResult
from pretix_hubspot.hubspot.error_parsing import error_from_response, error_from_token_endpoint
from tests.memory import traced


class Cost:
    calls = characters = 0


@pytest.fixture
def cost(monkeypatch):
    cost, genuine = Cost(), json_reading.redact

    def counted(message, *arguments, **options):
        cost.calls += 1
        cost.characters += min(len(message), hubspot_json_reading._MAX_RAW_MESSAGE)
        return genuine(message, *arguments, **options)

    monkeypatch.setattr(error_parsing, "redact", counted)
    return cost


def refused(read=error_from_response, **envelope):
    body = json.dumps({"category": "VALIDATION_ERROR", "message": "no", **envelope}).encode()
    arguments = () if read is error_from_response else ("oauth refresh",)
    return read(400, {}, body, *arguments)


LONG = "word " * 1_600
HOSTILE = {
    "many long details": {"errors": [{"name": f"n{number}", "message": LONG} for number in range(4_000)]},
    "details about one property": {"errors": [{"context": {f"k{number}": ["x"]}} for number in range(32_000)]},
    "many keys": {"errors": [{"context": {f"{key}" * 500: ["x"] for key in range(500)}} for _ in range(20)]},
    "many values": {"errors": [{"context": {f"k{key}": ["x" * 200] * 5_000 for key in range(6)}} for _ in range(50)]},
    "empty values": {"context": {f"k{key}": [""] * 20_000 for key in range(50)}},
    "properties in the context": {"context": {"propertyName": ["p"] * 500_000}, "message": LONG},
    "links": {"links": {f"{number}" * 50: LONG for number in range(2_000)}},
    "a long message": {"message": "a" * 20_000_000},
    "long words": {"category": "x-" * 2_000_000, "subCategory": "y-" * 2_000_000, "correlationId": "z" * 4_000_000},
    "a list in the message": {
        "message": "Property values were not valid: "
        + json.dumps([{"name": f"n{number}", "message": LONG, "error": "E"} for number in range(400)])
    },
}


@pytest.mark.parametrize("read", [error_from_response, error_from_token_endpoint], ids=["api", "token endpoint"])
@pytest.mark.parametrize("envelope", HOSTILE.values(), ids=HOSTILE)
def test_details_that_are_thrown_away_cost_nothing(cost, envelope, read):
    error = refused(read, **envelope)

    assert len(error.details) <= 100
    assert len(error.message) <= 1_000
    assert cost.characters <= 250_000
    assert cost.calls <= 100_000


def test_what_is_kept_is_what_came_first():
    details = [{"name": f"n{number}", "code": "E", "message": "short"} for number in range(500)]

    error = refused(errors=details)

    assert [detail.property_name for detail in error.details] == [f"n{number}" for number in range(100)]


def test_details_about_one_property_are_merged_into_one_context(cost):
    details = [{"name": "n", "context": {f"k{number}": ["x"]}} for number in range(50)]

    error = refused(errors=details)

    assert [(detail.property_name, len(detail.context)) for detail in error.details] == [("n", 50)]
    assert cost.calls <= 10 * len(details)


def test_an_allowance_that_ends_within_a_word_shows_no_half_of_it():
    """Half an address has no @ by which it could be found."""
    details = [{"name": f"n{number}", "message": f"{'x ' * 3_900}secret.person@example.org no"} for number in range(60)]

    error = refused(errors=details)

    assert not any("secret" in detail.message for detail in error.details)


def test_refusals_of_a_batch_share_what_may_be_read(cost):
    entry = {"category": "VALIDATION_ERROR", "message": LONG, "errors": HOSTILE["many long details"]["errors"][:50]}

    found = BatchResult.from_json({"results": [], "errors": [entry] * 2_000})

    assert len(found.errors) == 2_000
    assert {type(refusal.error).__name__ for refusal in found.errors} == {"InvalidInput"}
    assert cost.characters <= 1_500_000


@pytest.mark.parametrize(
    "entries",
    [
        [{"category": "X"}] * 200_000,
        [{"category": "X", "context": {"objectWriteTraceId": [str(n) for n in range(500_000)]}}],
        [{"category": "X", "context": {"ids": [str(n) for n in range(500_000)]}}] * 3,
    ],
    ids=["entries", "trace ids", "ids"],
)
def test_more_refusals_than_a_batch_has_inputs_are_left_out(entries):
    with traced() as used:
        found = BatchResult.from_json({"results": [], "errors": entries})

    assert len(found.errors) <= 4_000
    assert all(len(refusal.ids) <= 1_000 for refusal in found.errors)
    assert used.peak < 20_000_000


@pytest.mark.parametrize("word", ["x" * 300, "x-" * 150, "a.b" * 100, "a%40" * 100], ids=["x", "x-", "a.b", "a%40"])
def test_a_long_address_is_redacted_as_a_whole(word):
    """Each word is looked at once, from its beginning, however long it is."""
    assert hubspot_json_reading.redact(f"no {word}@example.org no") == "no (e-mail) no"
    assert hubspot_json_reading.redact(f"no {word}@x@example.org, no") == "no (e-mail), no"
