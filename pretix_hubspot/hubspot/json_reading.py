"""Total readers for JSON answers, and redaction of HubSpot's texts.

No reader raises for any value that JSON can hold: a value of an unexpected shape reads as absent.
The one exception is `parse_json`, whose single error is ValueError.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

#: Longest text of HubSpot that an error carries.
#: Messages about options embed the whole option list, tens of kB (hubspot.md 4.1, C).
MAX_MESSAGE = 1_000

# Read no more than this before redacting: bounds the work for a message of many megabytes.
_MAX_RAW_MESSAGE = 8_000

# Escapes that decode to text which PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold.
_DANGEROUS_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Characters that begin a new line in a log, colour a terminal or turn the direction of text: C0, C1, separators, bidi.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
# Both match from the beginning of a word only, so that each word is read once, however long it is.
_EMAIL = re.compile(r"""(?<![^\s@"'<>\[\](),;:=])[^\s@"'<>\[\](),;:=]*(?:@|%40)[^\s"'<>\[\](),;]{0,500}""")
_INVALID_EMAIL = re.compile(r"(Email address ).{0,2000}?( is invalid)", re.DOTALL)
_SECRETS = re.compile(
    r"\bpat-[a-z]{2,5}\d?-[\w-]+"  # private app tokens and service keys (hubspot.md 2.1, A)
    r"|\b(?:na|eu|ap|ca)\d-[\w-]{12,}"  # access and refresh tokens carry their region (hubspot.md 2.2, A)
    r"|(?i:\bbearer\s+)[\w.~+/=-]+"
    r"|(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{40,}={0,2}"  # older tokens: long, mixed case, digits
)
_OPTION_LIST = re.compile(r"(was not one of the allowed options)\s*:?\s*\[.*", re.DOTALL)
_STORED_VALUE = re.compile(r"(\bvalue=)[^,}]*")  # "PropertyValueCoordinates{..., value=secret}" (U)
_NOT_VALID = re.compile(r"^(.{1,2000}?)( was not a valid )", re.DOTALL)


#: Reads NaN and Infinity, which are no JSON, as null.
#: A decoder of our own, since the shared default one changes under us: with pretix it raises KeyError for them.
DECODER = json.JSONDecoder(parse_constant=lambda name: None)


def parse_json(body: bytes) -> Any:
    """The JSON value in `body`; ValueError for anything else, nesting too deep for us included."""
    text = body.decode("utf-8-sig")  # UnicodeDecodeError is a ValueError
    try:
        value = DECODER.decode(text)
        return _storable(value) if _DANGEROUS_ESCAPE.search(text) else value
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in the JSON array `value`; none for any other value."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def text(value: Any, limit: int = 65_536) -> str:
    """A string, or a number or boolean as its JSON text; "" for other values."""
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to print integers of thousands of digits, and no field needs them.
        return str(value) if value.bit_length() < 256 else ""
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return ""


def texts(value: Any) -> tuple[str, ...]:
    """The non-empty strings in a JSON array; a single string counts as an array of one."""
    items = value if isinstance(value, list) else [value]
    return tuple(item_text for item_text in (text(item) for item in items) if item_text)


def whole(value: Any, default: int = 0) -> int:
    """An integer, also from a string or a whole number with a fraction part; otherwise `default`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return default
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return default
    return number if number.bit_length() < 64 else default


def flag(value: Any) -> bool:
    """True for JSON `true` and for the string "true", as HubSpot writes booleans in properties."""
    return value is True or value == "true"


class Allowance:
    """The number of characters that are still read from an answer to be shown; each text takes its own.

    A text that is left out takes none; an empty text takes one, since a million of them cost time too.
    """

    def __init__(self, characters: int) -> None:
        self.left = characters

    def text(self, value: Any, limit: int = _MAX_RAW_MESSAGE + 1) -> str:
        """`text`, within the allowance; a text that exceeds it ends with a whole word."""
        shown = text(value, limit)
        if len(shown) > self.left:
            shown = shown[: max(0, self.left)].rpartition(" ")[0]
        self.left -= len(shown) + 1
        return shown

    def texts(self, value: Any, limit: int = 1_000) -> tuple[str, ...]:
        """`texts`, within the allowance."""
        items = value[:limit] if isinstance(value, list) else [value]
        return tuple(shown for item in items if self.left > 0 and (shown := self.text(item)))


def redact(message: str, property_name: str = "", limit: int = MAX_MESSAGE) -> str:
    """HubSpot's text in one line, without e-mail addresses, tokens, echoed values and option lists, cut to `limit`.

    The name of an option that does not exist is kept: it is what an organizer has to map.
    """
    if len(message) > _MAX_RAW_MESSAGE:
        message = message[:_MAX_RAW_MESSAGE].rsplit(None, 1)[0]  # half an address has no @ to find it by
    message = _CONTROL.sub(" ", _UNSTORABLE.sub("\ufffd", message))
    message = _OPTION_LIST.sub(r"\1", message)
    message = _INVALID_EMAIL.sub(r"\1(redacted)\2", message)
    message = _STORED_VALUE.sub(r"\1(redacted)", message)
    message = _NOT_VALID.sub(lambda m: m[0] if m[1] == property_name else "(value)" + m[2], message)
    message = _EMAIL.sub("(e-mail)", message)
    return shortened(_SECRETS.sub("(redacted)", message), limit)


def shortened(message: str, limit: int = MAX_MESSAGE) -> str:
    """`message`, at most `limit` characters of it."""
    return message if len(message) <= limit else message[: limit - 1] + "…"
