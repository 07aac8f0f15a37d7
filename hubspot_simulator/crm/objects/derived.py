"""What HubSpot calculates by itself after each write (hubspot.md 6.2, 8)."""

import re
from decimal import Decimal

from hubspot_simulator.clock import iso
from hubspot_simulator.crm.properties.values import number_text
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.portal.state import Portal

from .state import Author, Record

HUBSPOT = Author("CALCULATED", "", "HubSpot")


def derive(portal: Portal, object_type: ObjectType, record: Record, author: Author) -> None:
    """Fills the calculated properties of a record that was just written."""
    record.properties["hs_object_id"] = record.id
    record.properties[object_type.created_property] = iso(record.created_at)
    record.properties[object_type.modified_property] = iso(record.updated_at)
    record.properties.setdefault("hs_object_source_label", author.source_label or "Integration")
    if record.merged_ids:
        record.properties["hs_merged_object_ids"] = ";".join(record.merged_ids)
    special = _DERIVATIONS.get(object_type.name)
    if special is not None:
        special(portal, object_type, record)


def _set(record: Record, name: str, value: str) -> None:
    if value:
        record.properties[name] = value
    else:
        record.properties.pop(name, None)


def _contact(portal: Portal, object_type: ObjectType, record: Record) -> None:
    _set(record, "hs_email_domain", record.get("email").rpartition("@")[2])
    _set(record, "hs_searchable_calculated_phone_number", re.sub(r"\D", "", record.get("phone"))[-10:])
    full_name = f"{record.get('firstname')} {record.get('lastname')}".strip()
    _set(record, "hs_full_name_or_email", full_name or record.get("email"))
    if portal.switches.default_lifecyclestage and not record.history.get("lifecyclestage"):
        record.set("lifecyclestage", portal.switches.default_lifecyclestage, record.updated_at, HUBSPOT)


def _deal(portal: Portal, object_type: ObjectType, record: Record) -> None:
    stage = _stage(portal, object_type, record)
    if stage is not None:
        record.properties["hs_is_closed"] = str(stage.closed).lower()
        record.properties["hs_is_closed_won"] = str(stage.won).lower()
        record.properties["hs_is_closed_lost"] = str(stage.closed and not stage.won).lower()
        record.properties["hs_deal_stage_probability"] = stage.metadata.get("probability", "")
        if stage.closed and not record.get("closedate"):
            record.set("closedate", iso(record.updated_at), record.updated_at, HUBSPOT)
    _set(record, "amount_in_home_currency", record.get("amount"))


def _line_item(portal: Portal, object_type: ObjectType, record: Record) -> None:
    price, quantity = record.get("price"), record.get("quantity") or "1"
    if not price:
        _set(record, "amount", "")
        return
    gross = Decimal(price) * Decimal(quantity)
    rebate = Decimal(record.get("discount") or 0) * Decimal(quantity)
    percent = Decimal(record.get("hs_discount_percentage") or 0) / 100
    record.properties["hs_pre_discount_amount"] = number_text(gross)
    record.properties["amount"] = number_text((gross - rebate) * (1 - percent))


def _order(portal: Portal, object_type: ObjectType, record: Record) -> None:
    _set(record, "hs_homecurrency_amount", record.get("hs_total_price"))


def _stage(portal: Portal, object_type: ObjectType, record: Record):
    stage_id = record.get(object_type.stage_property or "")
    return next((stage for stage in portal.pipelines.stages(object_type.name) if stage.id == stage_id), None)


_DERIVATIONS = {"contacts": _contact, "deals": _deal, "line_items": _line_item, "orders": _order}
