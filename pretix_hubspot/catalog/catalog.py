"""The portal's schema, stored: object types, properties, pipelines.

Rows of ``CatalogEntry``, never a cache: the default cache of a small pretix stores nothing.
Reading asks HubSpot only for parts that were never stored; a stored copy outlives every outage.
Two processes that refresh at once each write whole rows, and the later answer stays.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta

from django.db import transaction
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
from pretix_hubspot.server.scopes import OWNERS_SCOPE
from pretix_hubspot.values import owners

from . import last_failure
from .memory import TOGETHER, CatalogMemory
from .object_types import CUSTOM_SCOPES, STANDARD, key, standard
from .stored import FORMER, MADE, note_changes, note_new_labels, pipeline_of, property_of, trimmed

logger = logging.getLogger(__name__)

MAX_AGE = timedelta(hours=12)
LAG = 1  # seconds; a new property shows in HubSpot's list 250 to 700 ms after its creation (hubspot.md 5.6)


TYPES, LEFT_OUT, PROPERTIES, PIPELINES = "object_types", "left_out", "properties", "pipelines"
KINDS = (TYPES, LEFT_OUT, PROPERTIES, PIPELINES, TOGETHER, last_failure.FAILED, last_failure.LACKING)


class OptionsFixed(Exception):
    """HubSpot itself sets the options of this property."""


class Catalog(CatalogMemory):
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

    # Creating in HubSpot

    def ensure_group(self, object_type: str, name: str, label: str) -> None:
        """Create the property group unless it exists."""
        try:
            self.client.create_property_group(object_type, name=name, label=label)
        except errors.Conflict:
            pass  # another worker, or an earlier attempt, has created it

    def create_property(self, object_type: str, definition: dict) -> PropertyDefinition:
        """Create the property, or return the existing one of that name; the stored copy has it at once.

        ``definition`` is HubSpot's ``PropertyCreate``.
        A name that was archived comes back with its old definition: check the returned one.
        """
        try:
            created = self.client.create_property(object_type, definition)
        except errors.Conflict:
            return self._existing_property(object_type, definition["name"])
        self.remember(object_type, created)
        return created

    def add_options(self, object_type: str, name: str, make: Callable[[PropertyDefinition], list[Option]]) -> None:
        """Add the options that ``make`` returns, given the definition as it is in HubSpot at this moment.

        HubSpot replaces the whole list (hubspot.md 6.1), so the existing options are sent along.
        Raises ``OptionsFixed`` or the client's errors.
        """
        current = next((p for p in self.client.properties(object_type) if p.name == name and not p.archived), None)
        if current is None:
            raise errors.NotFound(f"The property {name} does not exist.")
        if current.read_only_options:
            raise OptionsFixed(name)
        if new := make(current):
            options = [option.to_json() for option in (*current.options, *new)]
            current = self.client.update_property(object_type, name, {"options": options})
        self.remember(object_type, current)

    def _existing_property(self, object_type: str, name: str) -> PropertyDefinition:
        for wait in (0, LAG):
            time.sleep(wait)
            self._fetch(object_type)
            if definition := self.properties(object_type).get(name):
                return definition
        raise errors.Conflict(f"The property {name} exists, but HubSpot does not list it.")

    def remember(self, object_type: str, definition: PropertyDefinition) -> None:
        """Store a definition that HubSpot just returned; its list lacks a change for a moment, see ``LAG``."""
        with transaction.atomic():
            row = self.connection.catalog_entries.select_for_update().filter(kind=PROPERTIES, name=object_type).first()
            if row is None:
                return
            stored = {**trimmed(definition), MADE: now().timestamp()}
            row.data = [p for p in row.data if p["name"] != definition.name] + [stored]
            row.save(update_fields=["data"])
        self._forget(object_type)

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
        pipelines = self._fetch_pipelines(object_type)
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
        if self.connection.scopes and OWNERS_SCOPE not in self.connection.scopes:
            return None
        try:
            return owners.options([*self.client.owners(), *self.client.owners(archived=True)])
        except errors.HubSpotError as error:
            logger.info("HubSpot did not tell the owners of connection %s: %s", self.connection.pk, error)
            return None

    def _fetch_pipelines(self, object_type: str) -> list[Pipeline]:
        """The pipelines of types that can have any: HubSpot counts refused requests against an app (hubspot.md 3,
        A).
        """
        if object_type in STANDARD and STANDARD[object_type].stage_properties is None:
            return []
        try:
            return self.client.pipelines(object_type)
        except (errors.InvalidInput, errors.NotFound, errors.Forbidden, errors.MissingScope):
            return []  # HubSpot's answers for a custom type without pipelines

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
        have, left_out = usable_types(self.client, self.connection.scopes)
        self._store({(TYPES, ""): [asdict(t) for t in have], (LEFT_OUT, ""): left_out})


def is_identifier(object_type: str, definition: PropertyDefinition) -> bool:
    """Whether records can be found by this property; a company's ``domain`` is not unique (hubspot.md 5.4)."""
    return definition.has_unique_value or (object_type == "contacts" and definition.name == "email")


def usable_types(client, scopes) -> tuple[list[ObjectType], list[dict]]:
    """The object types of the portal, and those that cannot be used with the reason."""
    have, left_out = [], []
    switched = _enablement(client)
    for name, entry in STANDARD.items():
        if not entry.granted(scopes):
            left_out.append({"name": name, "reason": "scope", "scopes": sorted(min(entry.scopes, key=len))})
        elif not switched.get(entry.type_id, True):
            left_out.append({"name": name, "reason": "disabled", "scopes": []})
        else:
            have.append(standard(name))
    try:
        have += sorted(client.schemas(), key=lambda custom: custom.plural.lower())
    except (errors.MissingScope, errors.Forbidden):
        # Below Enterprise a portal has no custom objects, and its users cannot grant the scope.
        left_out.append({"name": "custom", "reason": "scope", "scopes": sorted(CUSTOM_SCOPES)})
    except (errors.NotFound, errors.InvalidInput, errors.PaymentRequired, errors.CallRefused):
        pass  # HubSpot's other answers for an account without custom objects
    return have, left_out


def _enablement(client) -> dict[str, bool]:
    """Object type id -> whether it is switched on, from the object library; {} if HubSpot refuses.

    The types of an empty answer count as switched on, so an answer in an unknown form stops no order.
    """
    try:
        return client.object_enablement()
    except (errors.MissingScope, errors.Forbidden, errors.NotFound, errors.InvalidInput):
        return {}
    except (errors.UnexpectedStatus, errors.CallRefused, errors.EdgePage, errors.BadAnswer) as error:
        logger.info("HubSpot did not tell which object types are switched on: %s", error)
        return {}
