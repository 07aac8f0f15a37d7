"""Facts about a portal that are stored beside its schema: refusals, and one rule for new records."""

from collections.abc import Iterable, Mapping

from pretix_hubspot.hubspot import errors

from . import last_failure

#: The kind of a row for a rule of the portal, see ``sync.send.required_associations``.
TOGETHER = "together"


class CatalogMemory:
    """A part of the catalogue, whose rows it shares."""

    def failure(self, object_type: str) -> errors.HubSpotError | None:
        """The error of a recent attempt to fetch the object type; None without one."""
        return last_failure.remembered(self._row(last_failure.FAILED, object_type), last_failure.PAUSE_OF_TYPE)

    def note_failure(self, object_type: str, error: errors.HubSpotError) -> None:
        last_failure.note(self.connection, last_failure.FAILED, object_type, error)
        self._forget(object_type)

    def lack_of_access(self, object_type: str) -> errors.HubSpotError | None:
        """The error by which HubSpot recently refused the object type to orders; None once it may be tried again."""
        return last_failure.remembered(self._row(last_failure.LACKING, object_type), last_failure.TRY_ACCESS)

    def lacking(self, object_type: str) -> list[str] | None:
        """The scopes that HubSpot named when it refused the object type to orders; None if it did not refuse."""
        row = self._row(last_failure.LACKING, object_type)
        return row.data[0].get("scopes", []) if row else None

    def together(self, object_types: Iterable[str]) -> list[str]:
        """The object types of which HubSpot takes new records only with an association, as far as earlier refusals
        show.
        """
        return [name for name in object_types if self._row(TOGETHER, name)]

    def note_together(self, object_types: Iterable[str]) -> None:
        if object_types:
            self._store({(TOGETHER, name): [] for name in object_types})

    def note_access(self, refused: Mapping[str, errors.HubSpotError], used: Iterable[str] = ()) -> None:
        """Store which object types HubSpot refused, and note the ones that it let pretix use again."""
        for object_type, error in refused.items():
            last_failure.note(self.connection, last_failure.LACKING, object_type, error)
            self._forget(object_type)
        regained = [name for name in used if name not in refused and self._row(last_failure.LACKING, name)]
        if regained:
            last_failure.note_regained(self.connection, regained)
            for object_type in regained:
                self._forget(object_type)
