"""Merging, archiving and forgetting records (hubspot.md 5.5, 12)."""

from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import TOO_LONG, Problem, invalid, not_found

from .derived import derive
from .state import Author, Record

MOST_IDENTITIES = 250


def merge(portal: Portal, kind: ObjectType, primary_id: str, merged_id: str, author: Author) -> Record:
    """Two records become one with a new id, unless the portal preserves the primary's (hubspot.md 5.5, A)."""
    store = portal.store(kind.name)
    primary, merged = store.live.get(primary_id), store.live.get(merged_id)
    if primary is None or merged is None:
        raise not_found()
    if primary is merged:
        raise invalid("Cannot merge an object with itself")
    former = [*primary.merged_ids, *merged.merged_ids, primary.id, merged.id]
    if len(former) > MOST_IDENTITIES:
        raise Problem(TOO_LONG, "Cannot have more than 250 identities on a profile")
    uniques = portal.schema.uniques(kind.name)
    result = _combine(portal, primary, merged, author)
    result.merged_ids = [old for old in former if old != result.id]
    if kind.name == "contacts":
        stamp = f"{merged.id}:{int(portal.clock() * 1000)}"
        result.properties["hs_calculated_merged_vids"] = ";".join(
            part for part in (primary.get("hs_calculated_merged_vids"), stamp) if part
        )
    for old in (primary, merged):
        store.drop(old, uniques)
        if old.id != result.id:
            store.aliases[old.id] = result.id
            portal.associations.move((kind.name, old.id), (kind.name, result.id))
            portal.search.gone(kind.name, old.id)
    derive(portal, kind, result, author)
    store.add(result, uniques)
    portal.search.note(result)
    return result


def _combine(portal: Portal, primary: Record, merged: Record, author: Author) -> Record:
    """The primary's values win, gaps are filled; every address is kept as a secondary one."""
    now = portal.clock()
    keep = portal.switches.merge_preserves_primary
    new_id = primary.id if keep else portal.store(primary.type_name).new_id()
    result = Record(primary.type_name, new_id, min(primary.created_at, merged.created_at), now)
    result.properties = merged.properties | primary.properties
    result.history = merged.history | primary.history
    if primary.type_name == "contacts":
        addresses = list(dict.fromkeys([*primary.emails(), *merged.emails()]))
        if addresses:
            result.set("email", addresses[0], now, author)
            result.set("hs_additional_emails", ";".join(addresses[1:]), now, author)
    return result


def archive(portal: Portal, kind: ObjectType, record_id: str) -> bool:
    """Into the recycle bin; says whether there was anything to archive."""
    store = portal.store(kind.name)
    record = store.live.get(store.survivor(record_id))
    if record is None:
        return False
    store.archive(record, portal.clock(), portal.schema.uniques(kind.name))
    portal.associations.cut((kind.name, record.id))
    portal.search.gone(kind.name, record.id)
    return True


def restore(portal: Portal, kind: ObjectType, record_id: str) -> Record:
    """Only people can do that, in HubSpot's web application (hubspot.md 5.5, A)."""
    record = portal.store(kind.name).restore(record_id, portal.schema.uniques(kind.name))
    portal.search.note(record)
    return record


def gdpr_delete(portal: Portal, value: str, id_property: str | None) -> None:
    """Permanent; an address without a contact goes onto the blocklist (hubspot.md 12, A)."""
    store = portal.store("contacts")
    record = store.by_value("email", value) if id_property == "email" else store.resolve(value)
    if record is None and id_property != "email":
        record = store.archived.get(value)
        if record is None:
            raise not_found()
    if record is None:
        portal.blocked_emails.add(value.strip().lower())
        return
    if portal.switches.gdpr_delete_blocks_email:
        portal.blocked_emails.update(record.emails())
    store.drop(record, portal.schema.uniques("contacts"))
    portal.associations.cut(("contacts", record.id))
    portal.search.gone("contacts", record.id)
