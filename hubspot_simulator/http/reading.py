"""Reading request bodies: unknown keys are refused, so that a client can't drift."""

import json
import re
from collections.abc import Iterable, Mapping

from hubspot_simulator.problems import WRONG_CONTENT, Problem, invalid

# Half a pair is no character and can't be answered in UTF-8; unescaped, decoding refuses it.
ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> object:
    """The decoded body; HubSpot's words for a broken one (hubspot.md 4.2, B), ours for one that no server can keep."""
    try:
        parsed = json.loads(body.decode(json.detect_encoding(body)))
        if ESCAPED_SURROGATE.search(body):
            json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise invalid(f"Invalid input JSON on line 1, column {error.start + 1}: Invalid UTF-8") from error
    except json.JSONDecodeError as error:
        raise invalid(f"Invalid input JSON on line {error.lineno}, column {error.colno}: {error.msg}") from error
    except UnicodeEncodeError as error:
        raise invalid("Invalid input JSON on line 1, column 1: Half of a surrogate pair") from error
    except RecursionError as error:
        raise invalid("Invalid input JSON on line 1, column 1: Nested too deeply") from error
    except ValueError as error:  # Python's own: an integer of thousands of digits
        raise invalid("Invalid input JSON on line 1, column 1: Number out of range") from error
    return parsed


def take(body: object, allowed: Iterable[str], required: Iterable[str] = (), strict: bool = True) -> dict:
    """``body`` as an object with known keys only, and none missing."""
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON on line 1, column 1: Expected an object")
    unknown = sorted(set(body) - set(allowed))
    if unknown and strict:
        raise invalid(f'Invalid input JSON on line 1, column 1: Unrecognized field "{unknown[0]}"')
    for name in required:
        if body.get(name) is None:
            raise invalid(f"Some required fields were not set: [{name}]")
    return body


def listed(value: object, name: str) -> list:
    if not isinstance(value, list):
        raise invalid(f"Invalid input JSON on line 1, column 1: {name} must be an array")
    return value


def text(value: object, name: str) -> str:
    """A string; numbers are taken as HubSpot takes them."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise invalid(f"Invalid input JSON on line 1, column 1: {name} must be a string")
    return str(value)


def optional(value: object, name: str) -> str:
    """A string, or an empty one where there is none."""
    return "" if value is None else text(value, name)


def texts(value: object, name: str) -> list[str]:
    """A list of strings; nothing at all is an empty list."""
    return [text(item, name) for item in listed([] if value is None else value, name)]


def properties(value: object, name: str = "properties") -> dict[str, str]:
    """Property values as text: numbers and booleans are accepted, null clears like an empty text."""
    if not isinstance(value, dict):
        raise invalid(f"Invalid input JSON on line 1, column 1: {name} must be an object")
    return {str(name): _value(raw, name) for name, raw in value.items()}


def _value(raw: object, name: str) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, (str, int, float)):
        return str(raw)
    raise invalid(f"Invalid input JSON on line 1, column 1: value of {name} must be a string")


def check_query(query: Mapping[str, list[str]], allowed: Iterable[str]) -> None:
    """Query parameters that an endpoint doesn't know are refused; HubSpot ignores most of them."""
    unknown = sorted(set(query) - set(allowed))
    if unknown:
        raise invalid(f"Unknown query parameter: {unknown[0]}")


def integer(value: object, name: str, lowest: int, highest: int) -> int:
    try:
        number = int(str(value))
    except ValueError as error:
        raise invalid(f"{name} must be a number") from error
    if not lowest <= number <= highest:
        raise invalid(f"{name} must be between {lowest} and {highest}")
    return number


def order(value: object) -> int:
    """A ``displayOrder``; -1 is after all others."""
    return integer(value, "displayOrder", -1, 10**6)


def wrong_content(content_type: str) -> Problem:
    return Problem(WRONG_CONTENT, f"Unsupported media type: {content_type or 'none'}")
