"""What HubSpot refused lately: failed attempts are remembered for a while, lack of access until it is granted."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils.timezone import now

from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import CatalogEntry, Connection

from .object_types import is_granted

#: The kind of the row that remembers a failed attempt.
FAILED = "failed"


#: The kind of a row that remembers an object type that HubSpot does not let pretix use: until it does, for people.
LACKING = "lacking"


#: How long nobody waits for HubSpot's timeouts again; for those of a single object type, whose orders wait, shorter.
PAUSE, PAUSE_OF_TYPE = timedelta(minutes=5), timedelta(minutes=1)


#: After what time an object type is tried again that HubSpot did not let pretix use.
TRY_ACCESS = timedelta(minutes=10)


#: Logged for a mapping; its beginning is what ``sync.bulk`` takes for a change of what is sent.
REGAINED = "pretix_hubspot.mapping.access_regained"


def remember_failure(connection: Connection, error: Exception) -> None:
    """Only what passes by itself: a missing scope is told at once, and somebody may grant it in the next minute."""
    if not isinstance(error, errors.HubSpotError) or not error.retryable:
        return
    note(connection, FAILED, "", error)


def note(connection: Connection, kind: str, object_type: str, error: errors.HubSpotError) -> None:
    """Remembers the error; since when, where it was known before."""
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
    """The error of an attempt a moment ago, as if HubSpot had been asked again."""
    if row is None or row.fetched_at < now() - pause:
        return None
    said = row.data[0]
    kind = errors.kind_of(said.get("code", "")) or errors.ServerTrouble
    return kind(said["message"], context={"requiredScopes": tuple(said.get("scopes", ()))})


def lacking(connection: Connection) -> list[dict]:
    """The object types that HubSpot does not let pretix use although mappings want them: name, scopes, since."""
    rows = connection.catalog_entries.filter(kind=LACKING).order_by("name")
    return [{"name": row.name, "scopes": row.data[0].get("scopes", []), "since": row.data[0]["since"]} for row in rows]


def look_again(connection: Connection) -> None:
    """Access was granted anew: what is granted now is regained, and the rest is tried by the next order."""
    rows = connection.catalog_entries.filter(kind=LACKING)
    granted = [name for name in rows.values_list("name", flat=True) if is_granted(name, connection.scopes)]
    regain(connection, granted)
    rows.exclude(name__in=granted).update(fetched_at=now() - TRY_ACCESS)


def regain(connection: Connection, object_types: Sequence[str]) -> None:
    """HubSpot lets pretix use these object types again: said in each event that wants one, as a change of what is
    sent, so that *Send them again* offers the orders that were sent without."""
    gone, _ = connection.catalog_entries.filter(kind=LACKING, name__in=object_types).delete()
    if not gone:
        return
    for joined in connection.event_connections.select_related("event__organizer"):
        mappings = joined.event.hubspot_object_mappings.filter(external_object_type__in=object_types)
        for mapping in mappings:
            data = {"pretix_model": mapping.pretix_model, "external_object_type": mapping.external_object_type}
            mapping.log_action(REGAINED, data=data)
