"""Names of people in every scheme that was ever valid: by parts where they are stored, else split from one text.

Parts come as pretix keeps them: ``{"_scheme": …, "given_name": …}``, ``{"_legacy": "one text"}`` where the API or a
widget passed one, ``{"full_name": …}`` of a scheme without given and family names, or emptied by a shredder.
"""

from collections.abc import Mapping

from pretix.base.settings import PERSON_NAME_SCHEMES
from pretix.helpers.names import build_name

Parts = Mapping[str, object]

GIVEN, FAMILY, FULL, LEGACY = "given_name", "family_name", "full_name", "_legacy"
#: What makes a name; a title or a salutation alone is none.
NAMING = (GIVEN, "middle_name", FAMILY, FULL, "calling_name", "latin_transcription", LEGACY)
#: What one text is told apart into.
SPLIT = (GIVEN, FAMILY)
#: Everything that any scheme asks for, in order.
KEYS = tuple(dict.fromkeys(name for scheme in PERSON_NAME_SCHEMES.values() for name, _, _ in scheme["fields"]))
LABELS = {name: label for scheme in PERSON_NAME_SCHEMES.values() for name, label, _ in scheme["fields"]}

_FAMILY_FIRST = ("family_given", "family_nospace_given", "family_comma_given")
_COMMA, _DEGREE = "family_comma_given", "salutation_title_given_family_degree"


def is_named(parts: Parts | None) -> bool:
    """Whether somebody entered a name: pretix stores a form that was left blank as parts without content."""
    return any(_text(parts, key) for key in NAMING)


def whole(parts: Parts | None, scheme: str, cached: str | None = None) -> str | None:
    """The name as its own scheme writes it; ``cached`` if pretix dropped that scheme since."""
    try:
        return build_name(parts, fallback_scheme=scheme)
    except KeyError:
        return cached


def part(parts: Parts | None, key: str, scheme: str, cached: str | None = None) -> object:
    """One part of a name; ``scheme`` is the event's, which tells how people write a name in one text."""
    if not parts:
        return ""
    if _text(parts, key) or key not in (*SPLIT, FULL):
        return parts.get(key, "")
    if key == FULL:
        return whole(parts, scheme, cached) or ""
    if any(_text(parts, stored) for stored in SPLIT):
        return parts.get(key, "")  # somebody who has only one of them
    return split(_text(parts, FULL) or whole(parts, scheme, cached) or "", scheme)[SPLIT.index(key)]


def split(text: str, scheme: str) -> tuple[str, str]:
    """Given and family name of a text; what cannot be told apart is taken for the given name, as core does."""
    text = text.strip()
    if scheme == _DEGREE:
        text = text.partition(",")[0].rstrip()
    if scheme == _COMMA and "," in text:
        family, _, given = text.partition(",")
    elif scheme in _FAMILY_FIRST and " " in text:
        family, _, given = text.partition(" ")
    else:
        given, _, family = text.rpartition(" ") if " " in text else (text, "", "")
    return given.strip(), family.strip()


def _text(parts: Parts | None, key: str) -> str:
    return str((parts or {}).get(key) or "").strip()
