"""HubSpot's recent failures: a failed attempt is stored for minutes, missing access until it is granted."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils.timezone import now

from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import CatalogEntry, Connection

from .object_types import is_granted

#: The kind of the row that stores a failed attempt.
FAILED = "failed"


#: The kind of a row for an object type that HubSpot does not let pretix use; deleted when access is granted.
LACKING = "lacking"


#: For how long no user waits for HubSpot's timeouts again; shorter for a single object type, whose orders wait.
PAUSE, PAUSE_OF_TYPE = timedelta(minutes=5), timedelta(minutes=1)


#: How long after a refusal of access an object type is tried again.
TRY_ACCESS = timedelta(minutes=10)


#: Logged for a mapping; by its prefix, ``sync.queue.outdated_orders`` counts it as a change of what is sent.
REGAINED = "pretix_hubspot.mapping.access_regained"


def remember_failure(connection: Connection, error: Exception) -> None:
    """Store a temporary error. A missing scope is not stored: a user may grant it within the next minute."""
    if not isinstance(error, errors.HubSpotError) or not error.retryable:
        return
    note(connection, FAILED, "", error)


def note(connection: Connection, kind: str, object_type: str, error: errors.HubSpotError) -> None:
    """Store the error; a stored one keeps the time since when it lasts."""
    data = {"code": error.code, "message": error.message, "since": now().isoformat()}
    if scopes := getattr(error, "required_scopes", ()):
        data["scopes"] = list(scopes)
    before = connection.catalog_entries.filter(kind=kind, name=object_type).first()
    if before:
        data["since"] = before.data[0].get("since", data["since"])
    CatalogEntry.objects.update_or_create(
        connection=connection, kind=kind, name=object_type, defaults={"data": [data], "fetched_at": now()}
    )


def forget_failure(connection: Connection) -> None:
    connection.catalog_entries.filter(kind=FAILED).delete()


def remembered(row: CatalogEntry | None, pause: timedelta = PAUSE) -> errors.HubSpotError | None:
    """The error of a recent attempt, as if HubSpot had been asked again; None without one."""
    if row is None or row.fetched_at < now() - pause:
        return None
    data = row.data[0]
    kind = errors.kind_of(data.get("code", "")) or errors.ServerTrouble
    return kind(data["message"], context={"requiredScopes": tuple(data.get("scopes", ()))})


def lacking(connection: Connection) -> list[dict]:
    """The object types that mappings write and HubSpot does not let pretix use: name, scopes, since."""
    rows = connection.catalog_entries.filter(kind=LACKING).order_by("name")
    return [{"name": row.name, "scopes": row.data[0].get("scopes", []), "since": row.data[0]["since"]} for row in rows]


def retry_lacking(connection: Connection) -> None:
    """After new access: note the object types that are granted now; the next order tries the others."""
    rows = connection.catalog_entries.filter(kind=LACKING)
    granted = [name for name in rows.values_list("name", flat=True) if is_granted(name, connection.scopes)]
    note_regained(connection, granted)
    rows.exclude(name__in=granted).update(fetched_at=now() - TRY_ACCESS)


def note_regained(connection: Connection, object_types: Sequence[str]) -> None:
    """Delete the refusals of these object types, and log for each mapping that what is sent changes.

    So *Send them again* offers the orders that were sent without these records.
    """
    gone, _ = connection.catalog_entries.filter(kind=LACKING, name__in=object_types).delete()
    if not gone:
        return
    for event_connection in connection.event_connections.select_related("event__organizer"):
        mappings = event_connection.event.hubspot_object_mappings.filter(external_object_type__in=object_types)
        for mapping in mappings:
            data = {"pretix_model": mapping.pretix_model, "external_object_type": mapping.external_object_type}
            mapping.log_action(REGAINED, data=data)
