"""Records of one object type: storage and identity (hubspot.md 5.4, 5.5).

The store keeps every index in step with the values; it checks nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Author(NamedTuple):
    """Who set a value, as property histories name it."""

    source_type: str = "INTEGRATION"
    source_id: str = ""
    source_label: str = ""
    user_id: int | None = None


class Change(NamedTuple):
    """One entry of a property's history."""

    value: str
    at: float
    author: Author


STAFF = Author("CRM_UI", "userId:9", "Erika Muster", 9)
IMPORT = Author("IMPORT", "1", "Import")


@dataclass(slots=True)
class Record:
    """One record; ``properties`` holds what is set, as text."""

    type_name: str
    id: str
    created_at: float
    updated_at: float
    properties: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[Change]] = field(default_factory=dict)
    merged_ids: list[str] = field(default_factory=list)
    archived_at: float | None = None

    def get(self, name: str) -> str:
        return self.properties.get(name, "")

    def set(self, name: str, value: str, at: float, author: Author) -> None:
        """Stores a value (an empty one unsets it) and remembers who did it."""
        if value == "":
            self.properties.pop(name, None)
        else:
            self.properties[name] = value
        changes = self.history.get(name)
        if changes is None:
            self.history[name] = [Change(value, at, author)]
        elif changes[-1].value != value:
            changes.append(Change(value, at, author))

    def emails(self) -> list[str]:
        """The primary address first, then the secondary ones; all of them identify the contact."""
        listed = [self.get("email"), *self.get("hs_additional_emails").split(";")]
        return [address for address in listed if address]


class RecordStore:
    """All records of one object type, live and archived, found by id, by old id or by unique value."""

    def __init__(self, type_name: str, first_id: int):
        self.type_name = type_name
        self.live: dict[str, Record] = {}
        self.archived: dict[str, Record] = {}
        self.aliases: dict[str, str] = {}
        self._next_id = first_id
        self._by_email: dict[str, str] = {}
        self._unique: dict[str, dict[str, str]] = {}

    def new_id(self) -> str:
        """Ids grow, in uneven steps."""
        self._next_id += 1 + self._next_id % 7
        return str(self._next_id)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.live.values())

    def resolve(self, record_id: str) -> Record | None:
        """The live record of an id; ids that were merged away lead to the survivor (hubspot.md 5.5, A)."""
        return self.live.get(self.survivor(record_id))

    def survivor(self, record_id: str) -> str:
        while record_id in self.aliases:
            record_id = self.aliases[record_id]
        return record_id

    def by_value(self, name: str, value: str) -> Record | None:
        """The live record that holds a unique value; e-mail addresses in any letter case, secondary ones too."""
        if name == "hs_object_id":
            return self.resolve(value)
        if name == "email":
            holder = self._by_email.get(value.strip().lower())
        else:
            holder = self._unique.get(name, {}).get(value.strip().lower())
        return self.live.get(holder) if holder is not None else None

    def add(self, record: Record, uniques: list[str]) -> None:
        self.live[record.id] = record
        self.index(record, uniques)

    def index(self, record: Record, uniques: list[str]) -> None:
        if self.type_name == "contacts":
            for address in record.emails():
                self._by_email[address] = record.id
        for name in uniques:
            value = record.get(name)
            if value:
                self._unique.setdefault(name, {})[value.lower()] = record.id

    def forget(self, record: Record, uniques: list[str]) -> None:
        """Takes a record out of the identity indexes, before it changes or leaves."""
        if self.type_name == "contacts":
            for address in record.emails():
                if self._by_email.get(address) == record.id:
                    del self._by_email[address]
        for name in uniques:
            holders = self._unique.get(name, {})
            value = record.get(name).lower()
            if holders.get(value) == record.id:
                del holders[value]

    def archive(self, record: Record, at: float, uniques: list[str]) -> None:
        self.forget(record, uniques)
        del self.live[record.id]
        record.archived_at = at
        self.archived[record.id] = record

    def restore(self, record_id: str, uniques: list[str]) -> Record:
        record = self.archived.pop(record_id)
        record.archived_at = None
        self.add(record, uniques)
        return record

    def drop(self, record: Record, uniques: list[str]) -> None:
        """Removes a record without a trace, as merges and GDPR deletions do."""
        self.forget(record, uniques)
        self.live.pop(record.id, None)
        self.archived.pop(record.id, None)
