"""Send the records of one object type: look up existing ones, write differences, look up again after a conflict.

A record is found by its stored id, else by its identifier; search is never used, since its index lags behind
(hubspot.md 5.6, B).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from pretix_hubspot.failures.codes import Code
from pretix_hubspot.hubspot.api.records import MAX_RECORDS
from pretix_hubspot.hubspot.data import Answer, InlineAssociation, Record, WriteInput, match
from pretix_hubspot.hubspot.errors import HubSpotError, NotFound
from pretix_hubspot.hubspot.threads import AT_ONCE, BACKGROUND
from pretix_hubspot.mappings.new_records import completed
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sync.plan.plan import RecordKey, WantedRecord, as_one
from pretix_hubspot.values.merge import merge
from pretix_hubspot.values.rows import Refusal

from .api import Api
from .batches import BatchCaller
from .identity import fits, holder, is_taken, resulting_value
from .lookup import Lookup
from .memory import Memory, NoMemory, Ownership
from .outcome import FailedRecord, Outcome, RecordAction, SentRecord
from .reading import Results, each, names_of_ids

# by trace id; several wanted records may be one record of HubSpot
Writes = dict[str, tuple[list[RecordKey], WriteInput]]

#: Lookup, write, and lookup again after a conflict or a vanished record; more rounds mean a moving target.
ROUNDS = 4
#: Why a record is not ours to write.
REFUSED = {
    Ownership.BUSY: Refusal(Code.RECORD_BUSY),
    Ownership.TAKEN: Refusal(Code.IDENTIFIER_TAKEN),
}
#: Another worker writes the record.
BUSY = FailedRecord(refusals=(REFUSED[Ownership.BUSY],))
#: HubSpot reported success without a result for this record.
NO_ANSWER = FailedRecord(refusals=(Refusal(Code.NO_ANSWER_FOR_RECORD),))


@dataclass
class _Pending:
    """A record without an outcome: its possible id, and whether it must still be looked up by value.

    ``known_id`` is the id that our memory has for it.
    ``silence`` means that HubSpot left a lookup by value without an answer.
    """

    record: WantedRecord
    record_id: str | None
    known_id: str | None
    look_up: bool
    silence: bool = False
    created: bool = False
    last_error: HubSpotError | None = None
    ownership: Ownership = Ownership.OURS


class TypeRun:
    """All records of one object type, from the lookup to the last write.

    ``links`` are the associations to send along with new records, ``sealed`` makes the hashes of what was sent.
    """

    def __init__(
        self,
        api: Api,
        caller: BatchCaller,
        object_type: str,
        sealed: Callable[[WantedRecord], str],
        links: Mapping[RecordKey, tuple[InlineAssociation, ...]] | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._links = links or {}
        self._api = api
        self._caller = caller
        self._object_type = object_type
        self._sealed = sealed
        self._memory = memory or NoMemory()
        self._lookup = Lookup(api, caller, object_type)
        self._pending: dict[RecordKey, _Pending] = {}
        self._started: tuple[Writes, Callable[[], Results]] | None = None
        self.outcomes: dict[RecordKey, Outcome] = {}
        self.refused_new: list[RecordKey] = []

    def add(self, record: WantedRecord, record_id: str | None, is_absent: bool = False) -> None:
        look_up = not (record.own_key or is_absent)
        self._pending[record.ref] = _Pending(record, record_id, record_id, look_up)

    def start_creates(self) -> None:
        """Create records that need no lookup in the background; ``finish`` waits for the answers."""
        new = {ref: None for ref, item in self._pending.items() if not item.record_id and not item.look_up}
        creates, _ = self._writes(new)
        parts = list(chunks((sent for _, sent in creates.values()), MAX_RECORDS))[:BACKGROUND]
        if parts:
            self._caller.renew_claim()
            with suppress(HubSpotError):  # such as a missing token: the next call meets it as well
                self._started = creates, self._api.begin_creates(self._object_type, parts)

    def finish(self) -> dict[RecordKey, Outcome]:
        """Read and write until every record has an outcome; a record that keeps changing fails."""
        if self._started:
            creates, answers = self._started
            self._send(self._api.batch_creates, creates, self._after_create, [answers])
        for _ in range(ROUNDS):
            if not self._pending:
                break
            self._write(self._find())
        self.outcomes |= {ref: _unsettled(item) for ref, item in self._pending.items()}
        return self.outcomes

    # Reading

    def _find(self) -> dict[RecordKey, Record | None]:
        """The current state of every record that can be written now; None if it does not exist.

        A stored id is believed while its identifier still fits, otherwise a lookup by value decides. Failures get their
        outcome; a record whose identifier another one is about to give up stays pending.
        """
        stored = self._read({ref: item.record_id for ref, item in self._pending.items() if item.record_id}, None)
        for ref, item in self._pending.items():
            if item.record_id and ref not in stored:  # it existed once, so that users may have created it anew
                item.look_up, item.record_id = True, None
        by_property: dict[str, dict[RecordKey, str]] = {}
        for ref, item in self._pending.items():
            record = stored.get(ref)
            if not fits(item.record, record) if record else item.look_up:
                by_property.setdefault(item.record.id_property.name, {})[ref] = item.record.id_value
        by_value: dict[RecordKey, Record] = {}
        for ref in (ref for values in by_property.values() for ref in values):
            self._pending[ref].silence = False
        for name, values in by_property.items():
            by_value |= self._read(values, name)
        self._part({ref for ref in self._pending if ref in by_value or ref not in stored})
        chosen = {
            ref: by_value.get(ref) or stored.get(ref)
            for ref, item in self._pending.items()
            if not (item.silence and ref in stored)  # it may be another record: the next round asks again
        }
        chosen |= dict.fromkeys(self._strays(chosen, stored.keys() - by_value.keys()))
        return self._without_others(chosen, by_value.keys())

    def _strays(self, chosen: Mapping[RecordKey, Record | None], by_id: Set[RecordKey]) -> list[RecordKey]:
        """Keys whose stored ids lead to what people made of two records of ours: it is one's, the others get new ones.

        It belongs to the one whose identifier it still has, or else to the first.
        """
        units: dict[str, list[RecordKey]] = {}
        for ref, record in chosen.items():
            if record and self._pending[ref].record.own_key:
                units.setdefault(record.id, []).append(ref)
        strays: list[RecordKey] = []
        for refs in units.values():
            fitting = [ref for ref in refs if (found := chosen[ref]) and fits(self._pending[ref].record, found)]
            holder_of_it = (fitting or refs)[0]
            strays += [ref for ref in refs if ref != holder_of_it and ref in by_id and ref not in fitting]
        return strays

    def _part(self, moved: set[RecordKey]) -> None:
        """Part keys from those that they shared a record with, since that record is gone, or another one is theirs."""
        known = {r for r in moved if (item := self._pending[r]).known_id and not item.record.own_key}
        for ref, ownership in (self._memory.part(known) if known else {}).items():
            item = self._pending[ref]
            item.known_id, item.ownership = None, ownership
            if ownership != Ownership.OURS:
                self._set_outcome(ref, _unsettled(item))

    def _without_others(
        self, chosen: dict[RecordKey, Record | None], by_value: Set[RecordKey]
    ) -> dict[RecordKey, Record | None]:
        """Leave out records that are not ours to write now; they fail, or stay pending until the next round.

        A key that HubSpot does not have gets a new record, if its stored id leads to another one's by now.
        """
        new = {ref: record.id for ref, record in chosen.items() if record and record.id != self._pending[ref].known_id}
        answers = self._memory.claim(new) if new else {}
        given_up: dict[str, str] = {}
        for ref, ownership in answers.items():
            item = self._pending[ref]
            item.ownership = ownership
            if ownership == Ownership.OURS:
                item.known_id = new[ref]
                continue
            if ownership == Ownership.TAKEN and ref not in by_value:
                chosen[ref] = None
                continue
            del chosen[ref]
            if ownership == Ownership.GIVEN_UP:
                given_up[new[ref]] = item.record.id_property.name
            elif ownership == Ownership.BUSY or new[ref] not in self._ids_of_others(ref):
                self._set_outcome(ref, _unsettled(item))
        self._take_away(given_up)
        joined = [ref for ref, ownership in answers.items() if ownership == Ownership.OURS]
        for ref, owner in self._memory.owners(joined).items():
            self._pending[ref].record.previous = owner
        return chosen

    def _ids_of_others(self, ref: RecordKey) -> set[str | None]:
        """The records that other keys of this run will write, and may give another identifier."""
        return {item.known_id for other, item in self._pending.items() if other != ref}

    def _take_away(self, identifiers: Mapping[str, str]) -> None:
        """Empty the identifier of records that stood for something that nothing uses any more."""
        writes: Writes = {
            f"i{number}": ([], WriteInput(f"i{number}", {name: ""}, id=record_id))
            for number, (record_id, name) in enumerate(identifiers.items())
        }
        self._send(self._api.batch_updates, writes, lambda refs, sent, answer: None)

    def _read(self, values: Mapping[RecordKey, str], id_property: str | None) -> dict[RecordKey, Record]:
        """Batch-read by record id or unique value; refs without a record are left out."""
        found = self._lookup.read(values, self._property_names(values), id_property)
        for ref, error in found.errors.items():
            self._fail(ref, error)
        for ref in found.silent:
            self._pending[ref].silence = True
        return found.records

    def _property_names(self, refs: Iterable[RecordKey]) -> list[str]:
        records = [self._pending[ref].record for ref in refs]
        rows = (row.property.name for record in records for row in record.rows())
        identifiers = (record.id_property.name for record in records)
        return sorted({*rows, *identifiers, *names_of_ids(self._object_type)})

    # Writing

    def _write(self, states: Mapping[RecordKey, Record | None]) -> None:
        """Create and update records that differ; a record that needs another lookup stays pending."""
        creates, updates = self._writes(states)
        self._send(self._api.batch_creates, creates, self._after_create)
        self._send(self._api.batch_updates, updates, self._after_update)

    def _writes(self, states: Mapping[RecordKey, Record | None]) -> tuple[Writes, Writes]:
        """The records to create and to update; records that do not differ, or must not be sent, get their outcome."""
        for ref in self._memory.lost() & states.keys() & self._pending.keys():
            self._set_outcome(ref, BUSY)
        units: dict[str, list[RecordKey]] = {}
        for ref, record in states.items():
            if ref in self._pending:
                units.setdefault(record.id if record else f"new {ref[1]}", []).append(ref)
        creates: Writes = {}
        updates: Writes = {}
        for number, refs in enumerate(units.values()):
            current = states[refs[0]]
            changes = self._diff(refs, current)
            if changes is None:
                continue
            if current is None:
                new = self._pending[refs[0]].record
                name = new.id_property.name
                properties = completed({name: new.id_value, **changes}, new.defaults)
                links = {link.to_id: link for ref in refs for link in self._links.get(ref, ())}
                trace = WriteInput(f"c{number}", properties, id_property=name, associations=tuple(links.values()))
                creates[trace.trace_id] = (refs, trace)
            elif changes:
                updates[f"u{number}"] = (refs, WriteInput(f"u{number}", changes, id=current.id))
            else:
                self._done(refs, current, {})
        return creates, updates

    def _diff(self, refs: list[RecordKey], current: Record | None) -> dict[str, str] | None:
        """The properties to send for one record, or None if its rows contradict HubSpot's values."""
        rows = as_one([self._pending[ref].record for ref in refs]).rows()
        merged = merge(rows, current.properties if current else None)
        if merged.refusals:
            for ref in refs:
                self._set_outcome(ref, FailedRecord(refusals=merged.refusals))
            return None
        changes = dict(merged.changes)
        together = [name for ref in refs for name in self._pending[ref].record.sent_together]
        if any(name in changes for name in together):
            named = {row.property.name for row in rows}
            held = current.properties if current else {}
            changes = {name: value for name in together if name in named and (value := held.get(name))} | changes
        return changes

    def _send(
        self,
        method: Callable[[str, list[list[WriteInput]]], Results],
        writes: Writes,
        after: Callable[[list[RecordKey], WriteInput, Answer], None],
        started: Sequence[Callable[[], Results]] = (),
    ) -> None:
        """Send these writes; ``started`` are the answers to the first of them, if they were sent before."""
        answers = list(started)

        def write(parts: list[list[str]]) -> list[dict[str, Answer] | HubSpotError]:
            inputs = [[writes[trace][1] for trace in traces] for traces in parts]
            results = answers.pop()() if answers else method(self._object_type, inputs)
            return each(inputs, results, match)

        for trace, answer in self._caller.batch(write, list(writes), MAX_RECORDS, AT_ONCE).items():
            refs, sent = writes[trace]
            after(refs, sent, answer)

    def _after_create(self, refs: list[RecordKey], sent: WriteInput, answer: Answer) -> None:
        if isinstance(answer, Record):
            for ref in refs:
                self._pending[ref].created = True
            self._done(refs, answer, sent.properties)
        elif answer is None or is_taken(answer, sent.id_property):
            for ref in refs:
                self._reread(ref, answer, holder(answer, self._pending[ref].record))
        else:
            self.refused_new += refs
            for ref in refs:
                self._fail(ref, answer)

    def _after_update(self, refs: list[RecordKey], sent: WriteInput, answer: Answer) -> None:
        if isinstance(answer, Record):
            self._done(refs, answer, sent.properties)
        elif answer is None:
            for ref in refs:  # merged into another record silently (hubspot.md 5.3, B), or the answer was lost
                self._reread(ref, None, sent.id)
        elif isinstance(answer, NotFound):
            for ref in refs:  # archived
                self._reread(ref, answer, None)
        else:
            for ref in refs:
                self._fail(ref, answer)

    # Outcomes

    def _reread(self, ref: RecordKey, error: HubSpotError | None, record_id: str | None) -> None:
        item = self._pending[ref]
        item.record_id, item.look_up, item.last_error = record_id, True, error

    def _done(self, refs: list[RecordKey], record: Record, changed: Mapping[str, str]) -> None:
        for ref in refs:
            item = self._pending[ref]
            action = RecordAction.UPDATED if changed else RecordAction.NOTHING_TO_DO
            if item.created:
                action = RecordAction.CREATED
            fingerprint = self._sealed(item.record)
            owner = item.record.owner()
            values = {name: resulting_value(name, value, record) for name, value in changed.items()}
            sent = SentRecord(record.id, action, record.url or "", tuple(changed), fingerprint, owner, values)
            self._set_outcome(ref, sent)

    def _fail(self, ref: RecordKey, error: HubSpotError) -> None:
        self._set_outcome(ref, FailedRecord(error))

    def _set_outcome(self, ref: RecordKey, outcome: Outcome) -> None:
        self.outcomes[ref] = outcome
        del self._pending[ref]


def _unsettled(item: _Pending) -> FailedRecord:
    """The outcome of a record that could not be written in any round."""
    if item.ownership in REFUSED:
        return FailedRecord(refusals=(REFUSED[item.ownership],))
    return FailedRecord(item.last_error) if item.last_error and not item.silence else NO_ANSWER
