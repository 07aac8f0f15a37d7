"""The sender's protocol of HubSpot: the client implements it, and so does the dry run, which only reads."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pretix_hubspot.hubspot.api.records import Batches, BatchResults
from pretix_hubspot.hubspot.data import AssociationInput, AssociationLabel, AssociationResult, Record, WriteInput
from pretix_hubspot.hubspot.errors import HubSpotError


class Api(Protocol):
    """The endpoints by which a plan is sent, see ``Client`` for each."""

    def batch_reads(
        self, object_type: str, batches: Batches[str], properties: Sequence[str], id_property: str | None = None
    ) -> BatchResults: ...

    def get_record(
        self, object_type: str, record_id: str, properties: Sequence[str], id_property: str | None = None
    ) -> Record: ...

    def batch_creates(self, object_type: str, batches: Batches[WriteInput]) -> BatchResults: ...

    def begin_creates(self, object_type: str, batches: Batches[WriteInput]) -> Callable[[], BatchResults]: ...

    def batch_updates(self, object_type: str, batches: Batches[WriteInput]) -> BatchResults: ...

    def batch_archives(self, object_type: str, batches: Batches[str]) -> list[HubSpotError | None]: ...

    def association_labels(self, from_type: str, to_type: str) -> tuple[AssociationLabel, ...]: ...

    def read_associations(
        self, from_type: str, to_type: str, ids: Sequence[str], follow: bool = True
    ) -> AssociationResult: ...

    def associate_default(
        self, from_type: str, to_type: str, pairs: Sequence[tuple[str, str]]
    ) -> AssociationResult: ...

    def associate(self, from_type: str, to_type: str, inputs: Sequence[AssociationInput]) -> AssociationResult: ...

    def archive_associations(
        self, from_type: str, to_type: str, pairs: Sequence[tuple[str, str]]
    ) -> AssociationResult: ...
