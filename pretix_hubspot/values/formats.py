"""Wire formats: how HubSpot wants numbers, moments, phone numbers and languages written.

Every function takes text and returns text in HubSpot's form, or None for a text of another kind.
Pure: standard library only.
"""

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache
from zoneinfo import ZoneInfo

TEXT_LIMIT = 65_536  # in UTF-16 units, as Java counts characters; an emoji counts two

LONGEST_NUMBER = 300  # digits; a double, which HubSpot keeps, holds no longer one
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
PLAIN_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DURATION = re.compile(r"(\d{1,6}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?", re.ASCII)
NOON = time(12)
PHONE = re.compile(r"\+?[\d\s()/.\-]{3,40}((x|ext\.?)\s*\d+)?", re.ASCII | re.IGNORECASE)
TRUE = frozenset({"true", "yes", "1"})
FALSE = frozenset({"false", "no", "0"})

# HubSpot's codes where pretix's differ in more than case; all others drop their region until one fits.
LANGUAGES = {
    "zh-hans": "zh-cn",
    "zh-hant": "zh-tw",
    "he": "iw",
    "nb": "no",
}


def cut(text: str) -> str:
    """The text, shortened to what a HubSpot property holds."""
    if len(text) * 2 <= TEXT_LIMIT:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return text if len(raw) <= 2 * TEXT_LIMIT else raw[: 2 * TEXT_LIMIT].decode("utf-16-le", "ignore")


def number(text: str) -> str | None:
    """Digits with at most one point: no exponent, no thousands separator, no currency."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    small = value.is_finite() and abs(value.adjusted()) < LONGEST_NUMBER
    return format(value, "f") if small else None


def typed_number(text: str) -> str | None:
    """A number that a user typed; an ambiguous one (``1,234``) is refused."""
    return number(text) if PLAIN_NUMBER.fullmatch(text) else None


def fraction(digits: str) -> str:
    """A percentage as a fraction: 19 as 0.19; exact, however long the number."""
    sign, numbers, exponent = Decimal(digits).as_tuple()
    value = format(Decimal((sign, numbers, int(exponent) - 2)), "f")
    return value.rstrip("0").rstrip(".")


def percentage(digits: str) -> str:
    """A fraction as a percentage."""
    sign, numbers, exponent = Decimal(digits).as_tuple()
    return format(Decimal((sign, numbers, int(exponent) + 2)), "f")


def duration(text: str) -> str | None:
    """Hours and minutes, perhaps seconds, as milliseconds, which is how HubSpot keeps durations."""
    match = DURATION.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds, rest = (part or "0" for part in match.groups())
    milliseconds = int(rest.ljust(3, "0")[:3]) if match.group(4) else 0
    return str(((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + milliseconds)


@cache
def zone(name: str) -> tzinfo:
    """The time zone of that name; UTC for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):  # LookupError: zoneinfo's own for an unknown name
        return UTC


def moment(text: str, clock: tzinfo = UTC) -> datetime | None:
    """An ISO 8601 date or datetime as an instant; without an offset it is read on this clock."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=clock)


def day(text: str) -> str | None:
    """``YYYY-MM-DD``: of a datetime the day on its own clock, which its offset tells."""
    if PLAIN_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return None
    value = moment(text) if "T" in text else None
    return value.date().isoformat() if value else None


def instant(text: str, clock: tzinfo = UTC, portal: tzinfo = UTC) -> str | None:
    """UTC with a ``Z``, with milliseconds if they are not zero; a text without an offset is read on this clock.

    A plain date becomes noon in the portal's time zone, so that it is that day there and in most other places.
    """
    value = moment(text, clock) if PLAIN_DATE.match(text) else None
    if value is None:
        return None
    if PLAIN_DATE.fullmatch(text):
        value = datetime.combine(value.date(), NOON, portal)
    try:
        value = value.astimezone(UTC)
    except OverflowError:  # the first or last day of all time, moved beyond it
        return None
    milliseconds = value.microsecond // 1000
    fraction = f".{milliseconds:03d}" if milliseconds else ""
    return f"{value:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + "Z"


def boolean(text: str) -> str | None:
    """``true`` or ``false``."""
    folded = text.casefold()
    if folded in TRUE:
        return "true"
    return "false" if folded in FALSE else None


def phone(text: str) -> str | None:
    """The text when it can be a telephone number."""
    digits = sum(character.isdigit() for character in text)
    return text if digits >= 3 and PHONE.fullmatch(text) else None


def language_codes(code: str) -> list[str]:
    """HubSpot's possible codes for a pretix language, the most exact first."""
    code = code.strip().lower().replace("_", "-")
    codes = [code]
    while "-" in code:
        code = code.rpartition("-")[0]
        codes.append(code)
    return [name for code in codes for name in (LANGUAGES.get(code), code) if name]
