"""What a person sees of a stored value on a record's page: HubSpot reads it by its definition and its account.

An amount is in the record's currency, else in the account's own; a moment is on the account's clock; a number may be
shown as a percentage or a duration; rich text runs its lines together (hubspot.md 6.2, 13, 16).
"""

import re
from decimal import Decimal, InvalidOperation
from html import unescape
from zoneinfo import ZoneInfo

from hubspot_simulator.clock import parse_iso
from hubspot_simulator.crm.objects.state import Record
from hubspot_simulator.crm.properties.definitions import Property

from .state import Portal

#: Where an object type keeps the currency of its amounts.
CURRENCY_PROPERTIES = {
    "deals": "deal_currency_code",
    "line_items": "hs_line_item_currency_code",
    "orders": "hs_currency_code",
    "carts": "hs_currency_code",
}
MILLISECONDS = {"h": 3_600_000, "min": 60_000, "s": 1_000, "ms": 1}


def shown(portal: Portal, record: Record, name: str) -> str:
    """What stands in the field of a record."""
    return value_shown(portal, record, name, record.get(name))


def value_shown(portal: Portal, record: Record, name: str, value: str) -> str:
    """The same for another value of the field, such as an earlier one; unknown properties show what they hold."""
    definition = portal.schema.find(record.type_name, name)
    if definition is None or not value:
        return value
    show = _BY_TYPE.get(definition.type, _text)
    return show(portal, record, definition, value)


def _text(portal: Portal, record: Record, definition: Property, value: str) -> str:
    if definition.field_type == "html":
        lines = re.sub(r"<(br|/p|/li)\b[^>]*>", "\n", " ".join(value.split()), flags=re.IGNORECASE)
        return "\n".join(line.strip() for line in unescape(re.sub(r"<[^>]+>", "", lines)).split("\n")).strip()
    return " ".join(value.split("\n")) if definition.field_type == "text" else value


def _option(portal: Portal, record: Record, definition: Property, value: str) -> str:
    labels = {option.value: option.label for option in portal.options(record.type_name, definition)}
    parts = value.split(";") if definition.multiple else [value]
    return "; ".join(labels.get(part, part) for part in parts)


def _bool(portal: Portal, record: Record, definition: Property, value: str) -> str:
    labels = {option.value: option.label for option in definition.options}
    return labels.get(value, {"true": "Yes", "false": "No"}.get(value, value))


def _moment(portal: Portal, record: Record, definition: Property, value: str) -> str:
    moment = parse_iso(value)
    if moment is None:
        return value
    try:
        return f"{moment.astimezone(ZoneInfo(portal.account.time_zone)):%Y-%m-%d %H:%M}"
    except OverflowError:  # the last hours of the year 9999, or the first of the year 1
        return value


def _number(portal: Portal, record: Record, definition: Property, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    hint = definition.hints.get("numberDisplayHint", "formatted")
    if hint in ("percentage", "probability"):
        return f"{_grouped(number * 100 if portal.switches.percentages == 'fraction' else number)}%"
    if hint == "duration":
        return _duration(int(number))
    if currency := _currency(portal, record, definition):
        return f"{currency} {number:,.2f}"
    return value if hint == "unformatted" else _grouped(number)


def _currency(portal: Portal, record: Record, definition: Property) -> str:
    """The currency of an amount; nothing for a number that is none."""
    hints = definition.hints
    named = str(hints.get("currencyPropertyName") or "")
    if not (hints.get("showCurrencySymbol") or hints.get("numberDisplayHint") == "currency" or named):
        return ""
    return record.get(named or CURRENCY_PROPERTIES.get(record.type_name, "")) or portal.account.currency


def _grouped(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _duration(milliseconds: int) -> str:
    parts = []
    for unit, length in MILLISECONDS.items():
        amount, milliseconds = divmod(milliseconds, length)
        parts += [f"{amount} {unit}"] if amount else []
    return " ".join(parts) or "0 s"


_BY_TYPE = {"number": _number, "bool": _bool, "enumeration": _option, "datetime": _moment}
