"""Amounts and their currencies: the currency in which HubSpot will read an amount, and the amounts it would misread.
Pure.

HubSpot reads an amount in the currency that the record names, else in the account's own, and reports no error for an
amount in another one (hubspot.md 6.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pretix_hubspot.hubspot.data import PropertyDefinition

from .risks import refuse
from .rows import Conventions, MappingRow, Refusal

#: The source field that holds the currency of an event's amounts.
CURRENCY_FIELD = "event_currency"
#: HubSpot's own properties for a record's currency, by object type.
CURRENCIES = {
    "deals": "deal_currency_code",
    "line_items": "hs_line_item_currency_code",
    "orders": "hs_currency_code",
    "carts": "hs_currency_code",
}
#: HubSpot's own amounts; those of other makers show a currency symbol.
AMOUNTS = frozenset(
    {"amount", "price", "discount", "annualrevenue", "total_revenue", "hs_total_price", "hs_subtotal_price", "hs_tax"}
    | {"hs_order_discount", "hs_cart_discount", "hs_shipping_cost", "hs_cost_of_goods_sold"}
)


def is_amount(prop: PropertyDefinition) -> bool:
    """Whether HubSpot shows the number as an amount of money."""
    shown = prop.show_currency_symbol or prop.number_display_hint == "currency" or prop.currency_property_name
    return prop.type == "number" and bool(shown or prop.name in AMOUNTS)


def unused_currency(value: Any, prop: PropertyDefinition, conventions: Conventions) -> Refusal | None:
    """The refusal of a currency that the portal does not use, whatever the property lists."""
    if prop.name not in CURRENCIES.values() or not conventions.portal_currencies:
        return None
    code = value[0] if isinstance(value, list) and len(value) == 1 else value
    is_code = isinstance(code, str) and len(code) == 3 and code.isascii() and code.isupper()
    if not is_code or code in conventions.portal_currencies:
        return None
    return refuse("currency_not_used", prop, currency=code)


def foreign(prop: PropertyDefinition, amount_in: str, conventions: Conventions) -> Refusal | None:
    """The refusal of an amount that HubSpot would read in another currency than the event's."""
    own = conventions.currency
    if not amount_in or not own or amount_in == own:
        return None
    code = "currency_not_used" if own not in conventions.portal_currencies else "currency_fixed"
    return refuse(code, prop, currency=own, shown_in=amount_in)


def with_currencies(
    object_type: str,
    rows: Sequence[MappingRow],
    properties: Mapping[str, PropertyDefinition],
) -> tuple[MappingRow, ...]:
    """The rows, each amount with the currency in which HubSpot will read it."""
    by_name = {row.external_field: row for row in rows}
    return tuple(_with_currency(object_type, row, by_name, properties) for row in rows)


def _with_currency(
    object_type: str,
    row: MappingRow,
    by_name: Mapping[str, MappingRow],
    properties: Mapping[str, PropertyDefinition],
) -> MappingRow:
    prop, conventions = row.property, row.conventions
    if prop is None or row.constant is not None or not is_amount(prop):
        return row
    name = prop.currency_property_name or CURRENCIES.get(object_type, "")
    currency_row = by_name.get(name)
    if currency_row is not None and currency_row.constant is not None:
        return replace(row, amount_in=currency_row.constant.strip())
    if currency_row is not None and currency_row.field != CURRENCY_FIELD:
        return row  # an answer, say: its currency is unknown
    currency = properties.get(name)
    if currency is None or not currency.writable or conventions.currency not in conventions.portal_currencies:
        return replace(row, amount_in=conventions.portal_currency)
    alone = currency_row is None and len(conventions.portal_currencies) == 1
    return replace(row, amount_in=conventions.currency, currency=None if alone else currency)
