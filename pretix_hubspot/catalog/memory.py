"""What a connection remembers of its portal beside the schema: what it refused, and a rule that it has."""

from collections.abc import Iterable, Mapping

from pretix_hubspot.hubspot import errors

from . import last_failure

#: The kind of a row that remembers a rule of the portal, see ``sync.together``.
TOGETHER = "together"


class CatalogMemory:
    """Part of the catalogue, whose rows it shares."""

    def failure(self, object_type: str) -> errors.HubSpotError | None:
        """Why the object type could not be fetched a moment ago."""
        return last_failure.remembered(self._row(last_failure.FAILED, object_type), last_failure.PAUSE_OF_TYPE)

    def note_failure(self, object_type: str, error: errors.HubSpotError) -> None:
        last_failure.note(self.connection, last_failure.FAILED, object_type, error)
        self._forget(object_type)

    def lack_of_access(self, object_type: str) -> errors.HubSpotError | None:
        """That HubSpot did not let pretix use the object type lately; soon it is tried again."""
        return last_failure.remembered(self._row(last_failure.LACKING, object_type), last_failure.TRY_ACCESS)

    def lacking(self, object_type: str) -> list[str] | None:
        """The scopes that HubSpot named when it refused the object type to orders; None if it did not."""
        row = self._row(last_failure.LACKING, object_type)
        return row.data[0].get("scopes", []) if row else None

    def together(self, object_types: Iterable[str]) -> list[str]:
        """The object types of which HubSpot takes new records only with an association, as far as that was learned."""
        return [name for name in object_types if self._row(TOGETHER, name)]

    def note_together(self, object_types: Iterable[str]) -> None:
        if object_types:
            self._store({(TOGETHER, name): [] for name in object_types})

    def note_access(self, refused: Mapping[str, errors.HubSpotError], used: Iterable[str] = ()) -> None:
        """Takes up which object types HubSpot refused, and which it let pretix use."""
        for object_type, error in refused.items():
            last_failure.note(self.connection, last_failure.LACKING, object_type, error)
            self._forget(object_type)
        regained = [name for name in used if name not in refused and self._row(last_failure.LACKING, name)]
        if regained:
            last_failure.regain(self.connection, regained)
            for object_type in regained:
                self._forget(object_type)
