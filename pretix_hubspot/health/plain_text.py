"""Texts of others within Markdown: HubSpot's sentences, buyers' words and names stay words, in mails as well.

pretix renders mails by Markdown with some HTML, and makes a link of everything that looks like an address.
Invisible word joiners break such shapes, so that the plain version of the mail reads the same.
"""

import re

_JOINER = "\u2060"
_SYNTAX = re.compile(r"[\[\]<&!]|:(?=/)|/(?=/)|@|\.(?=\w)")
_EMPHASIS = re.compile(r"[\\*`~|]|(?<!\w)_|_(?!\w)")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def as_words(text: str) -> str:
    """``text`` in one line, which Markdown shows unchanged."""
    line = " ".join(_INVISIBLE.sub(" ", str(text)).split())
    return _SYNTAX.sub(lambda found: _JOINER + found[0] + _JOINER, _EMPHASIS.sub(r"\\\g<0>", line))
