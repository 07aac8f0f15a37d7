"""Whether a record of HubSpot is the one that a key of ours means."""

from pretix_hubspot.hubspot.data import Record
from pretix_hubspot.hubspot.errors import Conflict, HubSpotError, InvalidInput
from pretix_hubspot.sync.plan.plan import WantedRecord
from pretix_hubspot.values import kinds
from pretix_hubspot.values.merge import items, same


def is_taken(error: object, id_property: str | None) -> bool:
    """Whether a create was refused because a record holds the identifier (hubspot.md 4.1, 4.2).

    A record that holds another unique value of ours is a different record, which must not be changed.
    """
    if isinstance(error, InvalidInput):
        codes = {d.code for d in error.details if d.property_name in ("", id_property)}
        return "CONFLICTING_UNIQUE_VALUE" in codes or bool(not error.codes and error.existing_id)
    return isinstance(error, Conflict)


def holder(error: HubSpotError | None, record: WantedRecord) -> str | None:
    """The id of the record that holds the identifier, if HubSpot names it: the contact with the address, as its
    first or a further one.

    HubSpot names the holder of an address also to a contact that is identified otherwise: that is another person.
    """
    by_address = kinds.is_email(record.id_property) and not record.own_key
    return error.existing_id if isinstance(error, Conflict) and by_address else None


def fits(wanted: WantedRecord, record: Record) -> bool:
    """Whether a record that was found by its id still has the identifier, a contact's further addresses included."""
    value = record.properties.get(wanted.id_property.name) or ""
    if same(wanted.id_property, wanted.id_value, value):
        return True
    further = record.properties.get("hs_additional_emails") or ""
    return kinds.is_email(wanted.id_property) and wanted.id_value.strip().casefold() in items(further.casefold())


def resulting_value(name: str, written: str, record: Record) -> str:
    """The value that a record has now: of a list that was added to (hubspot.md 6.2), HubSpot answers the whole."""
    return (written.startswith(";") and record.properties.get(name)) or written
