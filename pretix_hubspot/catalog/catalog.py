"""The portal's schema, stored: object types, properties, pipelines.

Rows of ``CatalogEntry``, never a cache: the default cache of a small pretix stores nothing.
Reading asks HubSpot only for parts that were never stored; a stored copy outlives every outage.
Two processes that refresh at once each write whole rows, and the later answer stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta

from django.utils.functional import cached_property
from django.utils.timezone import now

from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.user_request_limit import DOUBT, PAUSE, SEE, may_ask
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import OBJECT_TYPE, ObjectType, Option, Pipeline, PropertyDefinition
from pretix_hubspot.models import CatalogEntry, Connection
from pretix_hubspot.server.config import ServerMisconfigured
from pretix_hubspot.server.patience import WORKER, Patience

from . import asking, last_failure
from .creating import CatalogCreation
from .memory import TOGETHER, CatalogMemory
from .object_types import STANDARD, key, standard
from .stored import (
    FORMER,
    LAG,
    MADE,
    PIPELINES,
    PROPERTIES,
    note_changes,
    note_new_labels,
    pipeline_of,
    property_of,
    trimmed,
)

MAX_AGE = timedelta(hours=12)


TYPES, LEFT_OUT = "object_types", "left_out"
KINDS = (TYPES, LEFT_OUT, PROPERTIES, PIPELINES, TOGETHER, last_failure.FAILED, last_failure.LACKING)


class Catalog(CatalogMemory, CatalogCreation):
    """The schema of one connection's portal. Make a new one per request or slice: it keeps what it has read.

    ``client`` asks HubSpot; without one, a client of this ``patience`` is made when it is needed.
    """

    def __init__(self, connection: Connection, client: Client | None = None, patience: Patience = WORKER) -> None:
        self.connection = connection
        self._given_client = client
        self._patience = patience
        self._rows: dict[tuple[str, str], CatalogEntry | None] = {}
        self._parsed: dict[tuple[str, str], object] = {}

    @cached_property
    def client(self) -> Client:
        return self._given_client or client_for(self.connection, patience=self._patience)

    # Reading

    def object_types(self) -> list[ObjectType]:
        """Contacts, companies, deals, then the other types that the portal has and the connection may use."""
        if not self._row(TYPES, ""):
            self._fetch_types()
        return [
            standard(data["name"]) if not data["custom"] else ObjectType(**data)
            for data in self._row(TYPES, "").data
            if data["custom"] or data["name"] in STANDARD
        ]

    def left_out(self) -> list[dict]:
        """Object types that cannot be used: ``{"name", "reason": "scope" | "disabled", "scopes"}``."""
        row = self._row(LEFT_OUT, "")
        return row.data if row else []

    def label(self, object_type: str, plural: bool = True) -> str:
        """The object type's name for users; its key if the portal no longer has it. Never asks HubSpot."""
        row = self._row(TYPES, "")
        for data in row.data if row else ():
            if data["custom"] and data["type_id"] == object_type:
                return data["plural" if plural else "singular"]
        if object_type in STANDARD:
            return str(STANDARD[object_type].plural if plural else STANDARD[object_type].singular)
        return object_type

    def primary_property(self, object_type: str) -> str:
        """The property that HubSpot shows as a record's name. Never asks HubSpot."""
        if object_type in STANDARD:
            return STANDARD[object_type].primary_property
        row = self._row(TYPES, "")
        custom = (data for data in (row.data if row else ()) if data["custom"] and data["type_id"] == object_type)
        return next((data["primary_property"] for data in custom), "")

    def properties(self, object_type: str) -> dict[str, PropertyDefinition]:
        """All definitions by name, hidden and read-only ones too."""
        return self._parse(PROPERTIES, object_type, property_of)

    def renamed(self, object_type: str) -> dict[str, str]:
        """Former labels of properties whose label changed lately, by name."""
        row = self._row(PROPERTIES, object_type)
        return {data["name"]: data[FORMER] for data in row.data if FORMER in data} if row else {}

    def mappable(self, object_type: str) -> dict[str, PropertyDefinition]:
        """The properties that a mapping may write."""
        return {name: p for name, p in self.properties(object_type).items() if p.writable and not p.hidden}

    def identifiers(self, object_type: str) -> dict[str, PropertyDefinition]:
        """The properties by which HubSpot finds a record: unique ones, and the e-mail address of contacts."""
        return {name: p for name, p in self.mappable(object_type).items() if is_identifier(object_type, p)}

    def pipelines(self, object_type: str) -> list[Pipeline]:
        """The pipelines in display order; none for object types without."""
        return list(self._parse(PIPELINES, object_type, pipeline_of).values())

    def is_stored(self, object_type: str) -> bool:
        return self._row(PROPERTIES, object_type) is not None

    def age(self, object_type: str = "") -> timedelta | None:
        """How old the stored copy is; of the object types without an argument; None if never stored."""
        row = self._row(PROPERTIES if object_type else TYPES, object_type)
        return now() - row.fetched_at if row else None

    # Fetching

    def ensure(self, object_types: Iterable[str]) -> None:
        """Fetch the object types that were never stored."""
        names = set(object_types)
        self.load(names)
        for object_type in sorted(name for name in names if not self.is_stored(name)):
            self._fetch(object_type)

    def load(self, object_types: Iterable[str]) -> None:
        """Read the stored rows of these object types, in one query."""
        self._load(set(object_types))

    def fetch(self, object_type: str) -> None:
        """Ask HubSpot for one object type; the caller handles the error, see ``note_failure``."""
        self._fetch(object_type)

    def freshen_for_user(self, object_types: Iterable[str]) -> Exception | None:
        """Like ``freshen``, but fetch copies older than a minute too, at most once a minute per type: a user has
        perhaps just changed something in HubSpot.
        """
        names = list(object_types)
        problem = self.freshen(names)
        old = [name for name in names if (age := self.age(name)) is None or age > PAUSE]
        return problem or self._renew([name for name in old if may_ask(self.connection, f"{SEE}{name}")])

    def doubt(self, object_types: Iterable[str]) -> None:
        """Mark the stored copy as outdated, since HubSpot contradicted it, and fetch it at most once a minute.

        The next page about the object type fetches it if this call may not.
        """
        names = sorted(name for name in set(object_types) if self.is_stored(name))
        stored = self.connection.catalog_entries.filter(kind__in=(PROPERTIES, PIPELINES), name__in=names)
        stored.update(fetched_at=now() - 2 * MAX_AGE)
        for name in names:
            self._forget(name)
        self._renew([name for name in names if may_ask(self.connection, f"{DOUBT}{name}")])

    def freshen(self, object_types: Iterable[str] = (), max_age: timedelta = MAX_AGE) -> Exception | None:
        """Fetch missing or old copies; an error is returned instead of raised, and the stored copy stays."""
        names = ["", *object_types]
        self._load(set(names))
        stale = [name for name in names if (age := self.age(name)) is None or age > max_age]
        return self._renew(stale)

    def _renew(self, names: Sequence[str]) -> Exception | None:
        if names and (error := last_failure.remembered(self._row(last_failure.FAILED, ""))):
            return error
        try:
            for name in names:
                self._fetch(name) if name else self._fetch_types()
        except (errors.HubSpotError, ServerMisconfigured) as e:
            self._failed(e)
            return e
        return None

    def fetch_all_again(self, object_types: Iterable[str]) -> Exception | None:
        """Fetch these and all stored object types, for a user who repairs a mapping; returns errors as ``freshen``
        does.

        All of them, because a user who repairs another mapping a moment later must see current copies as well.
        """
        return self.freshen(sorted({*object_types, *self._stored_types()}), max_age=timedelta(0))

    def _failed(self, error: Exception) -> None:
        last_failure.remember_failure(self.connection, error)
        self._forget("")

    def refresh(self, object_types: Iterable[str] | None = None) -> None:
        """Fetch the named object types again; without names, the list of types and every type ever stored."""
        try:
            self._refresh(object_types)
        except (errors.HubSpotError, ServerMisconfigured) as e:
            self._failed(e)
            raise
        last_failure.forget_failure(self.connection)
        self._forget("")
        if object_types is None:
            self.connection.catalog_refreshed_at = now()
            self.connection.save(update_fields=["catalog_refreshed_at"])

    def _refresh(self, object_types: Iterable[str] | None) -> None:
        if object_types is None:
            self._fetch_types()
            object_types = sorted(self._stored_types())
        for object_type in object_types:
            self._fetch(object_type)

    def _stored_types(self) -> set[str]:
        """The object types that the portal has and that were fetched once."""
        if not self._row(TYPES, ""):
            return set()
        stored = self.connection.catalog_entries.filter(kind=PROPERTIES).values_list("name", flat=True)
        return {key(t) for t in self.object_types()} & set(stored)

    # Storage

    def _row(self, kind: str, name: str) -> CatalogEntry | None:
        if (kind, name) not in self._rows:
            self._load({name})
        return self._rows[kind, name]

    def _load(self, names: set[str]) -> None:
        """Read all kinds of rows of these object types, and the list of types, in one query."""
        missing = {name for name in names | {""} if (PROPERTIES, name) not in self._rows}
        if not missing:
            return
        self._rows |= {(kind, name): None for name in missing for kind in KINDS}
        for row in self.connection.catalog_entries.filter(name__in=missing):
            self._rows[row.kind, row.name] = row

    def _parse(self, kind: str, object_type: str, parse) -> dict:
        if (kind, object_type) not in self._parsed:
            if not self._row(kind, object_type):
                self._fetch_unless_it_failed(object_type)
            entries = (parse(data) for data in self._row(kind, object_type).data)
            self._parsed[kind, object_type] = {getattr(e, "name", None) or e.id: e for e in entries}
        return self._parsed[kind, object_type]

    def _fetch_unless_it_failed(self, object_type: str) -> None:
        """Fetch the object type, unless an attempt failed a moment ago: then raise that error again, without new
        timeouts.
        """
        if error := last_failure.remembered(self._row(last_failure.FAILED, "")):
            raise error
        self._fetch(object_type)

    def _store(self, entries: dict[tuple[str, str], list[dict]]) -> None:
        fetched_at = now()
        CatalogEntry.objects.bulk_create(
            [
                CatalogEntry(connection=self.connection, kind=kind, name=name, data=data, fetched_at=fetched_at)
                for (kind, name), data in entries.items()
            ],
            update_conflicts=True,
            unique_fields=["connection", "kind", "name"],
            update_fields=["data", "fetched_at"],
        )
        for _kind, name in entries:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._rows = {at: row for at, row in self._rows.items() if at[1] != name}
        self._parsed = {at: parsed for at, parsed in self._parsed.items() if at[1] != name}

    # HubSpot

    def _fetch(self, object_type: str) -> None:
        if not OBJECT_TYPE.fullmatch(object_type):  # stored by a version that did not check; the message is HubSpot's
            raise errors.InvalidInput(f"Unable to infer object type from: {object_type}", operation="properties read")
        properties = self._with_owners(object_type, self.client.properties(object_type))
        pipelines = asking.pipelines(self.client, object_type)
        self._store(
            {
                (PROPERTIES, object_type): self._listed(object_type, properties),
                (PIPELINES, object_type): self._noted(object_type, pipelines),
            }
        )

    def _with_owners(self, object_type: str, definitions: Iterable[PropertyDefinition]) -> list[PropertyDefinition]:
        """The definitions with the portal's owners as options of properties that hold one; the stored ones if
        HubSpot refuses.

        Without the scope the options are empty, and ids are sent unchanged.
        """
        definitions = list(definitions)
        if not any(definition.owners for definition in definitions):
            return definitions
        listed = self._owners
        if listed is None:
            row = self._row(PROPERTIES, object_type)
            stored = {p["name"]: property_of(p).options for p in (row.data if row else ()) if p.get("owners")}
            return [replace(p, options=stored.get(p.name, ())) if p.owners else p for p in definitions]
        return [replace(p, options=listed) if p.owners else p for p in definitions]

    @cached_property
    def _owners(self) -> tuple[Option, ...] | None:
        return asking.owners_of(self.connection, self.client)

    def _listed(self, object_type: str, properties: Iterable[PropertyDefinition]) -> list[dict]:
        """The properties that HubSpot lists, and those that we just created and HubSpot does not list yet."""
        listed = {p.name: trimmed(p) for p in properties if not p.archived}
        row = self.connection.catalog_entries.filter(kind=PROPERTIES, name=object_type).first()
        recently = now().timestamp() - 10 * LAG
        created = {p["name"]: p for p in (row.data if row else ()) if p.get(MADE, 0) > recently}
        note_new_labels(listed, row.data if row else ())
        note_changes(listed.values(), row.data if row else (), key="name")
        return list({**created, **listed}.values())

    def _noted(self, object_type: str, pipelines: Iterable[Pipeline]) -> list[dict]:
        """The pipelines in their order, with notes of what changed."""
        listed = [asdict(p) for p in sorted(pipelines, key=lambda p: p.display_order)]
        row = self.connection.catalog_entries.filter(kind=PIPELINES, name=object_type).first()
        note_changes(listed, row.data if row else (), key="id")
        return listed

    def _fetch_types(self) -> None:
        have, left_out = asking.usable_types(self.client, self.connection.scopes)
        self._store({(TYPES, ""): [asdict(t) for t in have], (LEFT_OUT, ""): left_out})


def is_identifier(object_type: str, definition: PropertyDefinition) -> bool:
    """Whether records can be found by this property; a company's ``domain`` is not unique (hubspot.md 5.4)."""
    return definition.has_unique_value or (object_type == "contacts" and definition.name == "email")
