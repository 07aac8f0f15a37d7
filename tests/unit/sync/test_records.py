"""Records on their way to a HubSpot whose answers leave something out."""

import pytest

from pretix_hubspot.failures.codes import Code
from pretix_hubspot.hubspot.data import BatchResult, InputError, PropertyDefinition, Record
from pretix_hubspot.hubspot.errors import Conflict, ErrorDetail, InvalidInput, NotFound
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Contribution, WantedRecord
from pretix_hubspot.sync.send.batches import BatchCaller
from pretix_hubspot.sync.send.outcome import FailedRecord, SentRecord
from pretix_hubspot.sync.send.records import ROUNDS, TypeRun
from pretix_hubspot.values.rows import OVERWRITE, Refusal, Row

KEY = PropertyDefinition("key", "Key", "string", "text", has_unique_value=True)
EMAIL = PropertyDefinition("email", "Email", "string", "text")
CITY = PropertyDefinition("city", "City", "string", "text")
NO_ANSWER = FailedRecord(refusals=(Refusal(Code.NO_ANSWER_FOR_RECORD),))


class Portal:
    """A HubSpot with one answer to every read, and one to every write; what it ``lacks`` it says so."""

    def __init__(self, held=None, refusal=None, lacks=False):
        self.held, self.refusal, self.lacks, self.asked = held, refusal, lacks, []

    def batch_reads(self, object_type, batches, properties, id_property):
        self.asked.append("read")
        return [self._read(ids) for ids in batches]

    def _read(self, ids):
        missing = (InputError(None, tuple(ids), NotFound()),) if self.lacks else ()
        return BatchResult((self.held,) if self.held else (), missing)

    def batch_creates(self, object_type, batches):
        self.asked.append("create")
        return [self._written(inputs) for inputs in batches]

    def batch_updates(self, object_type, batches):
        self.asked.append("update")
        return [self._written(inputs) for inputs in batches]

    def _written(self, inputs):
        refused = [InputError(item.trace_id, (), self.refusal) for item in inputs if self.refusal]
        return BatchResult((), tuple(refused))


def outcome(portal, record_id=None, ours=True):
    """What becomes of one record that shall be in Berlin."""
    rows = (Row(CITY, "Berlin", OVERWRITE),)
    identifier = KEY if ours else EMAIL
    contribution = Contribution(Subject.of_order(1), 2, None, rows)
    wanted = WantedRecord("deals", "k", identifier, "k", ours, contributions=[contribution])
    run = TypeRun(portal, BatchCaller(), "deals", lambda record: record.fingerprint(7))
    run.add(wanted, record_id)
    [found] = run.finish().values()
    return found


def test_success_without_a_record_is_no_answer():
    """No error, and no lookup by value without an answer either."""
    portal = Portal(held=Record("9", {"city": "Bonn", "key": "k"}))

    assert outcome(portal, record_id="9") == NO_ANSWER
    assert portal.asked == ["read", "update"] * ROUNDS


TAKEN = InvalidInput("taken", details=(ErrorDetail("CONFLICTING_UNIQUE_VALUE", "", "key"),))


def test_nobody_is_blamed_for_a_record_that_every_lookup_leaves_out():
    """HubSpot says that the value is taken, and does not show by whom."""
    portal = Portal(refusal=TAKEN)

    assert outcome(portal) == NO_ANSWER
    assert portal.asked == ["create", *["read", "create"] * (ROUNDS - 1)]


def test_a_record_that_keeps_moving_fails_as_such():
    """HubSpot names a holder whenever it is asked for a new one, and has none whenever it is asked for that."""
    moving = Conflict("taken", context={"existingId": ("9",)})
    portal = Portal(refusal=moving, lacks=True)

    assert outcome(portal, ours=False) == FailedRecord(moving)
    assert portal.asked.count("create") == ROUNDS


@pytest.mark.parametrize(
    ("refusal", "looks_again"),
    [
        (TAKEN, True),
        (InvalidInput("", details=(ErrorDetail("CONFLICTING_UNIQUE_VALUE", ""),)), True),
        (InvalidInput("", details=(ErrorDetail("", "taken"),), context={"existingId": ("9",)}), True),
        (InvalidInput("", details=(ErrorDetail("", "taken"),)), False),
        (InvalidInput("", details=(ErrorDetail("INVALID_EMAIL", ""),), context={"existingId": ("9",)}), False),
        (InvalidInput("", details=(ErrorDetail("CONFLICTING_UNIQUE_VALUE", "", "other"),)), False),
        (Conflict(""), True),
    ],
)
def test_which_refusals_mean_that_the_record_is_there(refusal, looks_again):
    portal = Portal(refusal=refusal)

    found = outcome(portal)

    assert (found, "read" in portal.asked) == (NO_ANSWER, True) if looks_again else (FailedRecord(refusal), False)


def test_what_was_written_shows_in_no_repr():
    assert "Berlin" not in repr(SentRecord("9", "updated", changed=("city",), values={"city": "Berlin"}))
