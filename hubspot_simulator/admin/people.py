"""What people do in a portal while an integration works on it (hubspot.md 5.5, 6.1, 7.1).

Every method takes plain values, so that tests in process and the admin API can both call it.
Records are named by ``id`` or by ``find``, a property and its value, e.g. ``{"email": "ada@example.org"}``.
"""

import re
from collections.abc import Mapping, Sequence

from hubspot_simulator.backend import Backend
from hubspot_simulator.crm.objects.lifecycle import archive, gdpr_delete, merge, restore
from hubspot_simulator.crm.objects.state import STAFF, Record
from hubspot_simulator.crm.properties.definitions import Option, Property
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import not_found

Find = Mapping[str, str]


class People:
    """The staff of the simulator's first portal."""

    def __init__(self, backend: Backend):
        self._backend = backend

    @property
    def _portal(self) -> Portal:
        return self._backend.portal

    def find(self, type: str, id: str = "", find: Find | None = None) -> Record:
        """The live record meant; raises the 404 problem where there is none."""
        kind = self._portal.object_type(type)
        if id:
            record = self._portal.store(kind.name).resolve(str(id))
        else:
            name, value = next(iter((find or {}).items()), ("", ""))
            record = self._portal.find(kind.name, name, value)
        if record is None:
            raise not_found()
        return record

    # Records.

    def create(self, type: str, properties: Mapping[str, str]) -> dict:
        """Adds a record by hand."""
        return _told(self._backend.record(type, STAFF, **properties))

    def change(self, type: str, properties: Mapping[str, str], id: str = "", find: Find | None = None) -> dict:
        """Edits a record by hand."""
        return _told(self._backend.edit(self.find(type, id, find), STAFF, **properties))

    def archive(self, type: str, id: str = "", find: Find | None = None) -> dict:
        """Deletes a record into the recycle bin."""
        record = self.find(type, id, find)
        archive(self._portal, self._portal.object_type(type), record.id)
        return {"id": record.id}

    def restore(self, type: str, id: str) -> dict:
        """Takes a record back from the recycle bin."""
        return _told(restore(self._portal, self._portal.object_type(type), str(id)))

    def merge(self, type: str, primary: str | Find, merged: str | Find) -> dict:
        """Merges two records, each named by id or by a property and its value."""
        one, other = (
            self.find(type, entry) if isinstance(entry, str) else self.find(type, find=entry)
            for entry in (primary, merged)
        )
        return _told(merge(self._portal, self._portal.object_type(type), one.id, other.id, STAFF))

    def gdpr_delete(self, email: str) -> dict:
        gdpr_delete(self._portal, email, "email")
        return {}

    def associate(self, from_type: str, from_find: Find, to_type: str, to_find: Find) -> dict:
        self._backend.link(self.find(from_type, find=from_find), self.find(to_type, find=to_find))
        return {}

    def unlink(self, from_type: str, from_find: Find, to_type: str, to_find: Find) -> dict:
        one, other = self.find(from_type, find=from_find), self.find(to_type, find=to_find)
        self._portal.associations.unlink((one.type_name, one.id), (other.type_name, other.id))
        return {}

    # Settings.

    def create_property(self, type: str, label: str, unique: bool = False) -> dict:
        """Makes a single-line text as HubSpot's settings do, which derive the internal name from the label."""
        kind = self._name(type)
        name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
        groups = self._portal.schema.groups(kind)
        made = Property(name, label, "string", "text", next(iter(groups)).name, unique=unique)
        self._portal.schema.create(kind, made)
        return {"name": name}

    def set_options(self, type: str, name: str, options: Sequence[Mapping[str, str]]) -> dict:
        """Replaces the options of a property; records keep removed ones as raw values."""
        made = [
            Option(str(entry["value"]), str(entry.get("label", entry["value"])), order, bool(entry.get("hidden")))
            for order, entry in enumerate(options)
        ]
        self._portal.schema.set_options(self._name(type), name, made)
        return {}

    def archive_property(self, type: str, name: str) -> dict:
        self._portal.schema.archive(self._name(type), name)
        return {}

    def rename_property(self, type: str, name: str, new_name: str) -> dict:
        self._portal.schema.rename(self._name(type), name, new_name)
        return {}

    def require(self, type: str, name: str, required: bool = True, when: Sequence[str] | None = None) -> dict:
        """Marks a property as required on the create form, or only when another one has a value (2026-09)."""
        condition = (when[0], when[1]) if when else None
        self._portal.schema.change(
            self._name(type), name, required=required and condition is None, required_when=condition
        )
        return {}

    def require_association(self, type: str, to_type: str) -> dict:
        """Marks an association as required on the create form (2026-09)."""
        needed = self._portal.required_associations.setdefault(self._name(type), [])
        needed.append(self._name(to_type))
        return {}

    def limit_associations(self, from_type: str, to_type: str, limit: int | None) -> dict:
        """Sets how many records of ``to_type`` one of ``from_type`` may be associated with; None lifts the limit."""
        limits, pair = self._portal.associations.limits, (self._name(from_type), self._name(to_type))
        if limit is None:
            limits.pop(pair, None)
        else:
            limits[pair] = limit
        return {}

    def set_rules(self, type: str, name: str, rules: Sequence[Sequence]) -> dict:
        """Format rules of a property, e.g. ``[["MAX_LENGTH", ["20"]]]``."""
        made = [(str(rule[0]), [str(argument) for argument in rule[1]]) for rule in rules]
        self._portal.schema.change(self._name(type), name, rules=made)
        return {}

    def delete_stage(self, type: str, pipeline: str, stage: str) -> dict:
        """Deletes a stage even while records are in it, as a merge of stages would."""
        self._portal.pipelines.delete_stage(self._name(type), pipeline, stage)
        return {}

    def delete_pipeline(self, type: str, pipeline: str) -> dict:
        self._portal.pipelines.delete(self._name(type), pipeline)
        return {}

    def rename_stage(self, type: str, pipeline: str, stage: str, label: str) -> dict:
        entry = self._portal.pipelines.get_stage(self._name(type), pipeline, stage)
        entry.label = label
        return {}

    def switch_object(self, type: str, enabled: bool) -> dict:
        """Switches an object type off or on in the object library."""
        name = next(kind.name for kind in self._portal.types.all if type in (kind.name, kind.type_id))
        if enabled:
            self._portal.types.disabled.discard(name)
        else:
            self._portal.types.disabled.add(name)
        return {}

    def change_account(self, **settings: object) -> dict:
        """Changes the account: tier, region, ui_origin, time_zone, currency, name."""
        for name, value in settings.items():
            if not hasattr(self._portal.account, name) or name in ("portal_id", "ui_domain"):
                raise TypeError(f"unknown setting {name}")
            setattr(self._portal.account, name, value)
        return self._portal.details()

    # Connections.

    def revoke(self, hang_on: bool = True) -> dict:
        """Uninstalls every app: refreshing fails; ``hang_on`` lets issued access tokens run out by themselves."""
        return {"revoked": self._backend.auth.revoke_all(self._portal.id, hang_on)}

    def expire_tokens(self) -> dict:
        return {"expired": self._backend.auth.expire_access_tokens()}

    def reduce_scopes(self, scopes: Sequence[str]) -> dict:
        self._backend.auth.reduce_scopes(set(scopes))
        return {}

    def rotate_service_key(self, key: str, overlap_seconds: float = 0.0) -> dict:
        return {"key": self._backend.auth.rotate_service_key(key, self._portal.account.region, overlap_seconds)}

    def add_service_key(self, scopes: Sequence[str] | None = None, portal_id: int | None = None) -> dict:
        """A key with just these scopes, or with all of them."""
        wanted = None if scopes is None else list(scopes)
        portal = self._backend.portals[portal_id] if portal_id else self._portal
        return {"key": self._backend.auth.add_service_key(portal.id, portal.account.region, wanted)}

    def delete_portal(self, portal_id: int) -> dict:
        """The account is gone: refreshing answers BAD_HUB."""
        self._backend.auth.deleted_portals.add(portal_id)
        return {}

    def _name(self, type: str) -> str:
        return self._portal.object_type(type).name


def _told(record: Record) -> dict:
    return {"id": record.id, "properties": dict(record.properties)}


ACTIONS = {name: method for name, method in vars(People).items() if callable(method) and not name.startswith("_")}
ACTIONS.pop("find")
