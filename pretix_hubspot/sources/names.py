"""Names of people in every scheme that was ever valid: by their stored parts, else split from one text.

Parts come as pretix keeps them: ``{"_scheme": …, "given_name": …}``, ``{"_legacy": "one text"}`` where the API or a
widget passed one, ``{"full_name": …}`` of a scheme without given and family names, or emptied by a shredder.
"""

from collections.abc import Mapping

from pretix.base.settings import PERSON_NAME_SCHEMES
from pretix.helpers.names import build_name

Parts = Mapping[str, object]

GIVEN, FAMILY, FULL, LEGACY = "given_name", "family_name", "full_name", "_legacy"
#: The parts that make a name; a title or a salutation alone is none.
NAMING = (GIVEN, "middle_name", FAMILY, FULL, "calling_name", "latin_transcription", LEGACY)
#: The parts into which one text is split.
SPLIT = (GIVEN, FAMILY)
#: The parts of all schemes, in order.
KEYS = tuple(dict.fromkeys(name for scheme in PERSON_NAME_SCHEMES.values() for name, _, _ in scheme["fields"]))
LABELS = {name: label for scheme in PERSON_NAME_SCHEMES.values() for name, label, _ in scheme["fields"]}

_FAMILY_FIRST = ("family_given", "family_nospace_given", "family_comma_given")
_COMMA, _DEGREE = "family_comma_given", "salutation_title_given_family_degree"


def is_named(parts: Parts | None) -> bool:
    """Whether a name was entered: pretix stores a form that was left blank as parts without content."""
    return any(_text(parts, key) for key in NAMING)


def whole(parts: Parts | None, scheme: str, cached: str | None = None) -> str | None:
    """The name as its own scheme writes it; ``cached`` if pretix dropped that scheme since."""
    try:
        return build_name(parts, fallback_scheme=scheme)
    except KeyError:
        return cached


def part(parts: Parts | None, key: str, scheme: str, cached: str | None = None) -> object:
    """One part of a name; ``scheme`` is the event's, which decides how one text is split."""
    if not parts:
        return ""
    if _text(parts, key) or key not in (*SPLIT, FULL):
        return parts.get(key, "")
    if key == FULL:
        return whole(parts, scheme, cached) or ""
    if any(_text(parts, stored) for stored in SPLIT):
        return parts.get(key, "")  # a person with only one of them
    return split(_text(parts, FULL) or whole(parts, scheme, cached) or "", scheme)[SPLIT.index(key)]


def split(text: str, scheme: str) -> tuple[str, str]:
    """Given and family name of a text; a text that cannot be split is the given name, as in core."""
    text = text.strip()
    if scheme == _DEGREE:
        text = text.partition(",")[0].rstrip()
    if scheme == _COMMA and "," in text:
        family, _, given_name = text.partition(",")
    elif scheme in _FAMILY_FIRST and " " in text:
        family, _, given_name = text.partition(" ")
    else:
        given_name, _, family = text.rpartition(" ") if " " in text else (text, "", "")
    return given_name.strip(), family.strip()


def _text(parts: Parts | None, key: str) -> str:
    return str((parts or {}).get(key) or "").strip()
