"""Portal format rules on properties (hubspot.md 1.3: in force on every API version since 2023-07-24, A).

Rule types are those of the property-validations API; ``ALPHA`` is the one whose error code is known.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit


def _number(value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation:
        return Decimal(0)


def _is_url(value: str) -> bool:
    return urlsplit(value).scheme in ("http", "https")


Rule = Callable[[str, list[str]], bool]
RULES: dict[str, tuple[Rule, str, str]] = {
    "ALPHA": (lambda v, a: v.isalpha(), "INVALID_ALPHA", "Enter only letters"),
    "ALPHANUMERIC": (lambda v, a: v.isalnum(), "INVALID_ALPHANUMERIC", "Enter only letters and numbers"),
    "REGEX": (lambda v, a: re.fullmatch(a[0], v) is not None, "INVALID_REGEX", "Value does not match the format"),
    "MIN_LENGTH": (lambda v, a: len(v) >= int(a[0]), "INVALID_MIN_LENGTH", "Enter at least {0} characters"),
    "MAX_LENGTH": (lambda v, a: len(v) <= int(a[0]), "INVALID_MAX_LENGTH", "Enter at most {0} characters"),
    "MIN_NUMBER": (lambda v, a: _number(v) >= _number(a[0]), "INVALID_MIN_NUMBER", "Enter a number of {0} or more"),
    "MAX_NUMBER": (lambda v, a: _number(v) <= _number(a[0]), "INVALID_MAX_NUMBER", "Enter a number of {0} or less"),
    "SPECIAL_CHARACTERS": (
        lambda v, a: re.fullmatch(r"[\w\s]*", v) is not None,
        "INVALID_SPECIAL_CHARACTERS",
        "No special characters",
    ),
    "WHITESPACE": (lambda v, a: " " not in v, "INVALID_WHITESPACE", "No spaces"),
    "URL": (lambda v, a: _is_url(v), "INVALID_URL", "Enter a valid URL"),
    "EMAIL_BLOCKED_DOMAINS": (
        lambda v, a: v.rpartition("@")[2] not in a,
        "INVALID_EMAIL_DOMAIN",
        "This email domain is not allowed",
    ),
}


def broken_rule(rules: list[tuple[str, list[str]]], value: str) -> tuple[str, str] | None:
    """Code and message of the first rule that ``value`` breaks."""
    for rule_type, arguments in rules:
        fits, code, message = RULES[rule_type]
        if not fits(value, arguments):
            return code, message.format(*arguments)
    return None
