"""One raw value against one property definition: pure functions (hubspot.md 4.1, 6.2).

``check`` answers the stored text, or raises ``Refused`` with HubSpot's code and message.
Values come back as strings, whatever went in (5.1, A).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isinf

from hubspot_simulator.clock import from_milliseconds, iso, midnight_utc, parse_iso
from hubspot_simulator.switches import Switches

from .definitions import Option, Property
from .rules import broken_rule

LONGEST_TEXT = 65_536  # in UTF-16 units, the stricter reading of "characters" (U): an emoji is two
EMAIL = re.compile(
    r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,}\Z"
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
NUMBER = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)
MILLISECONDS = re.compile(r"-?\d{1,15}\Z", re.ASCII)


class Refused(Exception):
    """The value is not acceptable; ``code`` and ``message`` are HubSpot's."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Rules:
    """What the API version and the portal's switches change about checking.

    ``normalise`` is the 2026-09 behaviour: sloppy dates are accepted with a warning (hubspot.md 1.3, A).
    """

    switches: Switches
    normalise: bool = False


def check(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str = "") -> str:
    """The text to store for ``raw``; ``allowed`` are the options of an enumeration, ``previous`` the old value."""
    if definition.calculated:
        raise Refused("READ_ONLY_VALUE", f'"{definition.name}" is a calculated property; its value cannot be set.')
    if definition.read_only:
        raise Refused("READ_ONLY_VALUE", f'"{definition.name}" is a read only property; its value cannot be set.')
    if raw == "":
        return ""
    value = _CHECKS[definition.type](definition, raw, allowed, rules, previous)
    complaint = broken_rule(definition.rules, value) if definition.rules else None
    if complaint is not None:
        raise Refused(*complaint)
    return value


def _string(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str) -> str:
    if len(raw) > LONGEST_TEXT // 2:
        raw = _fitting(definition, raw, rules)
    if definition.value_format == "email":
        if not EMAIL.match(raw.strip()):
            raise Refused("INVALID_EMAIL", f"Email address {raw} is invalid")
        return raw.strip().lower()
    return raw


def _fitting(definition: Property, raw: str, rules: Rules) -> str:
    """A text that is not too long, or what is left of it (hubspot.md 4.1, U; 6.2, A)."""
    units = raw.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * LONGEST_TEXT:
        return raw
    if rules.switches.too_long == "refuse":
        raise Refused("INVALID_STRING", f"{definition.name} must not be longer than {LONGEST_TEXT} characters")
    return units[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _number(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str) -> str:
    text = raw.strip()
    if not NUMBER.match(text):
        raise Refused("INVALID_INTEGER", f"{raw} was not a valid number")
    number = Decimal(text)
    if isinf(float(number)):
        raise Refused("INVALID_DOUBLE", f"{raw} was not a valid number")
    if definition.value_format == "not-negative" and number < 0:
        raise Refused("INVALID_NUMBER", f"{definition.name} must not be negative")
    return number_text(number)


def number_text(number: Decimal) -> str:
    """Whole numbers as they are, others without trailing zeros but one digit: 500.00 reads "500.0" (6.2, A)."""
    if number.as_tuple().exponent >= 0:
        return str(int(number))
    text = format(number.normalize(), "f")
    return text if "." in text else f"{text}.0"


def _bool(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str) -> str:
    if raw not in ("true", "false"):
        raise Refused("INVALID_OPTION", _not_allowed(raw, allowed or definition.options))
    return raw


def _enumeration(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str) -> str:
    if not definition.multiple:
        _one_option(definition, raw, allowed, rules)
        return raw
    appending = raw.startswith(";")
    chosen = [part for part in raw.split(";") if part]
    chosen = [_one_option(definition, part, allowed, rules) for part in chosen]
    if appending:
        chosen = [*[part for part in previous.split(";") if part], *chosen]
    chosen = list(dict.fromkeys(chosen))
    if rules.switches.multi_checkbox_order == "options":
        order = {option.value: position for position, option in enumerate(allowed)}
        chosen.sort(key=lambda part: order.get(part, len(order)))
    return ";".join(chosen)


def _one_option(definition: Property, value: str, allowed: list[Option], rules: Rules) -> str:
    if any(option.value == value for option in allowed):
        return value
    if definition.name == "hs_legal_basis" and rules.switches.legal_basis_dash == "forgive":
        for option in allowed:
            if option.value.replace("\u2013", "-") == value:
                return option.value
    raise Refused("INVALID_OPTION", _not_allowed(value, allowed))


def _not_allowed(value: str, allowed: list[Option]) -> str:
    """HubSpot prints the whole list of options into the message (hubspot.md 4.1, C)."""
    printed = ", ".join(
        f'label: "{option.label}"\nvalue: "{option.value}"\ndisplay_order: {option.display_order}\n'
        f"hidden: {str(option.hidden).lower()}\nread_only: false\n"
        for option in allowed
    )
    return f"{value} was not one of the allowed options: [{printed}]"


def _date(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str) -> str:
    if DATE.match(raw):
        if parse_iso(raw) is None:
            raise Refused("INVALID_DATE", f"{raw} is not a valid date")
        return raw
    if MILLISECONDS.match(raw):
        return _date_from_number(definition, int(raw), rules)
    moment = parse_iso(raw)
    if moment is None:
        raise Refused("INVALID_LONG", f"{raw} was not a valid long.")
    if not rules.normalise:
        raise Refused("INVALID_DATE", f"{raw} is not a valid date: use YYYY-MM-DD or midnight UTC in milliseconds")
    return _as_utc(moment).strftime("%Y-%m-%d")


def _date_from_number(definition: Property, number: int, rules: Rules) -> str:
    seconds = 0 < abs(number) < 100_000_000_000 and number % 86_400 == 0 and not midnight_utc(number)
    if seconds and rules.normalise:
        number *= 1000
    moment = from_milliseconds(number)
    if moment is None:
        raise Refused("INVALID_DATE", f"{number} is not a valid date")
    if not midnight_utc(number) and not rules.normalise:
        raise Refused("INVALID_DATE", f"{number} is at {moment:%H:%M:%S} UTC, not midnight!")
    return moment.strftime("%Y-%m-%d")


def _datetime(definition: Property, raw: str, allowed: list[Option], rules: Rules, previous: str) -> str:
    if MILLISECONDS.match(raw):
        return iso(int(raw) / 1000)
    moment = parse_iso(raw)
    if moment is None:
        raise Refused("INVALID_LONG", f"{raw} was not a valid long.")
    if moment.tzinfo is None and not rules.normalise:
        raise Refused("INVALID_DATE", f"{raw} is not a valid datetime: the offset is missing")
    return iso(_as_utc(moment).timestamp())


def _as_utc(moment: datetime) -> datetime:
    """The same instant in UTC, which near either end of the calendar is no year any more."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise Refused("INVALID_DATE", f"{moment.isoformat()} is not a valid date") from error


_CHECKS = {
    "string": _string,
    "phone_number": _string,
    "number": _number,
    "bool": _bool,
    "enumeration": _enumeration,
    "date": _date,
    "datetime": _datetime,
}


def loosely_equal(definition: Property, raw: str, stored: str) -> bool:
    """Whether storing changed nothing but notation that every version changes; if not, 2026-09 warns (1.3, A)."""
    if definition.type == "date":
        return raw == stored or (MILLISECONDS.match(raw) is not None and midnight_utc(int(raw)))
    if definition.type == "datetime":
        moment = parse_iso(raw)
        return MILLISECONDS.match(raw) is not None or (moment is not None and moment.tzinfo is not None)
    return True
