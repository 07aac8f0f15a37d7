"""The sender's protocol of our memory of records: who may write a record, and whose it is."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Protocol

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

    def lease(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        """Lease the records of these keys for this slice; returns those that another worker holds."""

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        """Note the records that HubSpot named for these keys, and lease them."""


class NoMemory:
    """A memory for which every record is ours: there is no other worker."""

    def lease(self, refs: Iterable[RecordKey]) -> set[RecordKey]:
        return set()

    def claim(self, found: Mapping[RecordKey, str]) -> dict[RecordKey, Ownership]:
        return dict.fromkeys(found, Ownership.OURS)
