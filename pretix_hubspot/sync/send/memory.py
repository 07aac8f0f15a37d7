"""The sender's protocol of our memory of records: who may write a record, and whose it is."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Protocol

from pretix_hubspot.sync.plan.ownership import Contributor
from pretix_hubspot.sync.plan.plan import RecordKey


class Ownership(Enum):
    """Whether a record that HubSpot named may be written for one of our keys."""

    OURS = auto()
    #: Another worker is writing it.
    BUSY = auto()
    #: It stands for another object of ours, such as the position that had this number before.
    TAKEN = auto()
    #: It stood for another object of ours, which nothing uses any more: its identifier may be taken away.
    GIVEN_UP = auto()


class Memory(Protocol):
    """What the sender asks before it writes, see ``run.memory``."""

    def lease_also(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        """Lease those of these records that are not leased yet; returns those that are not ours to write now."""

    def lost(self) -> set[RecordKey]:
        """The records that another worker took over, since this one was silent for too long."""

    def owners(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Contributor]:
        """The owners, outside of the plan, of records whose policy says whose values count."""

    def part(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Ownership]:
        """Give keys a memory of their own that share one with others; returns those that did."""

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        """Note the records that HubSpot named for these keys, and lease them."""


class NoMemory:
    """A memory for which every record is ours: there is no other worker."""

    def lease_also(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        return set()

    def lost(self) -> set[RecordKey]:
        return set()

    def owners(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Contributor]:
        return {}

    def part(self, refs: Iterable[RecordKey]) -> dict[RecordKey, Ownership]:
        return {}

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        return dict.fromkeys(found, Ownership.OURS)
