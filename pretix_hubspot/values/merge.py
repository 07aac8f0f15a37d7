"""Merge the values of one record: modes, several rows on one property, and the values that HubSpot holds. Pure.

Rows are evaluated in order, each on the result of the rows before it, starting from the values that HubSpot holds.
A result that is equal to HubSpot's value is not sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from pretix_hubspot.hubspot.data import PropertyDefinition

from . import formats, kinds
from .rows import APPEND, IF_EMPTY, IF_NEW, OVERWRITE, Merged, Refusal, Row

# HubSpot ignores a move backwards (hubspot.md 5.8), so it is never sent: it would differ again at every sync.
LIFECYCLE = "lifecyclestage"
LIFECYCLE_ORDER = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)

# Between two semicolons; one that ends an HTML entity separates nothing.
ITEM, HTML_ITEM = re.compile(r"[^;]+"), re.compile(r"(?:&#?\w+;|[^;])+")


def merge(rows: Sequence[Row], current: Mapping[str, str | None] | None) -> Merged:
    """The changes for one record whose properties are ``current``, or None when the record is new.

    An empty value with Overwrite clears what HubSpot holds; on a new record it is left out.
    A refused row changes nothing and is named in ``refusals``; the other rows of its property still count.
    """
    current_values = current or {}
    held: dict[str, str] = {}
    properties: dict[str, PropertyDefinition] = {}
    refusals = []
    for row in rows:
        name = row.property.name
        properties[name] = row.property
        if row.follows:
            continue
        before = held.get(name, current_values.get(name) or "")
        after = _apply(row, before, is_new=current is None)
        if isinstance(after, Refusal):
            refusals.append(after)
        else:
            held[name] = after
    _follow(held, current_values, rows)
    wires = {name: _wire(properties[name], current_values.get(name) or "", value) for name, value in held.items()}
    changes = {name: wire for name, wire in wires.items() if _differs(properties[name], current_values, wire)}
    return Merged(changes, tuple(refusals))


def _follow(held: dict[str, str], known: Mapping[str, str | None], rows: Sequence[Row]) -> None:
    """Keep currency and amount together: the source of the amount decides on its currency, whatever the row's mode."""
    for name in {row.property.name for row in rows if row.follows}:
        following = [row for row in rows if row.follows and row.property.name == name]
        ours = [row.value or "" for row in following if _is_ours(row.follows, held, rows)]
        if ours:
            held[name] = ours[-1]
        elif any(held.get(row.follows) for row in following):
            held[name] = known.get(name) or ""


def _is_ours(name: str, held: Mapping[str, str], rows: Sequence[Row]) -> bool:
    """Whether a property will hold the value of one of the rows."""
    filled = [row for row in rows if row.property.name == name and row.value]
    return any(same(row.property, row.value or "", held.get(name, "")) for row in filled)


def _apply(row: Row, before: str, *, is_new: bool) -> str | Refusal:
    value = row.value or ""
    if row.mode == OVERWRITE:
        return value
    if not value or (row.mode == IF_NEW and not is_new):
        return before
    if row.mode in (IF_NEW, IF_EMPTY):
        return before or value
    if row.mode == APPEND:
        return add(row.property, before, value)
    return _refuse("unknown_mode", row.property)


def add(prop: PropertyDefinition, before: str, value: str) -> str | Refusal:
    """ "Add to list": add missing items to a list, fill an empty property, and refuse to replace a single value."""
    if not before:
        return value
    if kinds.is_list(prop):
        return _add_items(prop, before, value)
    if same(prop, before, value):
        return before
    return _refuse("number_filled" if prop.type == "number" else "already_set", prop)


def _add_items(prop: PropertyDefinition, before: str, value: str) -> str:
    """Existing items stay as they are, in their order; new ones follow, each once, as far as there is room."""
    pattern = HTML_ITEM if prop.field_type == "html" else ITEM
    present = items(before, pattern)
    missing = [item for item in dict.fromkeys(items(value, pattern)) if item not in present]
    if not missing:
        return before
    head = before[: before.rindex(present[-1]) + len(present[-1])] if present else ""
    added = ";".join(filter(None, [head, *missing]))
    if kinds.kind_of(prop) != kinds.PropertyKind.TEXT:
        return added
    added = formats.cut(added)
    return before if added in (head, f"{head};") else added


def items(text: str, pattern: re.Pattern[str] = ITEM) -> list[str]:
    """The items of a list in HubSpot's notation."""
    return [item for item in map(str.strip, pattern.findall(text)) if item]


def _wire(prop: PropertyDefinition, before: str, after: str) -> str:
    """The list to send: only the new items if HubSpot's list stays and grows, else the whole list.

    With a leading ``;``, HubSpot adds to its own list (hubspot.md 6.2): items that users added since it was read stay,
    and options that the portal has dropped, which HubSpot keeps on the record but refuses in a write.
    """
    if kinds.kind_of(prop) != kinds.PropertyKind.MULTIPLE_CHOICE:
        return after
    held, target = items(before), items(after)
    if not held or not set(held) < set(target):
        return after
    return "".join(f";{item}" for item in dict.fromkeys(target) if item not in held)


def _differs(prop: PropertyDefinition, known: Mapping[str, str | None], value: str) -> bool:
    before = known.get(prop.name) or ""
    if same(prop, before, value):
        return False
    if kinds.is_email(prop) and value.casefold() in items((known.get("hs_additional_emails") or "").casefold()):
        return False  # a further address of the same person: its order is the decision of HubSpot's users
    return not (prop.name == LIFECYCLE and _backward(prop, before, value))


def _backward(prop: PropertyDefinition, before: str, value: str) -> bool:
    if not value:
        return True
    options = [option.value for option in sorted(prop.options, key=lambda option: option.display_order)]
    order = options if before in options and value in options else LIFECYCLE_ORDER
    return before in order and value in order and order.index(value) < order.index(before)


def same(prop: PropertyDefinition, one: str, other: str) -> bool:
    """Whether two wire values mean the same to HubSpot."""
    if one == other:
        return True
    if not one or not other:
        return False
    if kinds.is_email(prop):
        return one.strip().casefold() == other.strip().casefold()
    if prop.field_type == "phonenumber" and formats.phone(one) and formats.phone(other):
        return _phone(one) == _phone(other)
    meaning = MEANING.get(kinds.kind_of(prop) or "")
    return meaning is not None and meaning(one) == meaning(other)


def _decimal(text: str) -> Decimal | str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return value if value.is_finite() else text


def _phone(text: str) -> str:
    """Digits and a leading plus: HubSpot may group them as it likes."""
    return "".join(character for character in text if character.isdigit() or character == "+")


MEANING: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(kinds.NUMBERS, _decimal),
    kinds.PropertyKind.DATE: lambda text: formats.day(text) or text,
    kinds.PropertyKind.DATETIME: lambda text: formats.instant(text) or text,
    kinds.PropertyKind.YES_NO: str.casefold,
    kinds.PropertyKind.MULTIPLE_CHOICE: lambda text: frozenset(items(text)),
}


def _refuse(code: str, prop: PropertyDefinition) -> Refusal:
    return Refusal(code, {"property": prop.name, "label": prop.label, "type": prop.type})
