"""Failures of many orders -> the causes they share.

Orders that fail for the same reason have the same key, whatever their values: one fix helps them all.
"""

import hashlib
import json
from collections.abc import Sequence

from .codes import GRAVITY
from .failure import Failure

#: The parameters that make two failures the same, next to their code; a message may name the record.
_NAMING = ("field", "property", "option", "scopes")


def gravest_first(failures: Sequence[Failure]) -> list[Failure]:
    """The order's failures, the decisive one first."""
    return sorted(failures, key=lambda failure: -GRAVITY.index(failure.mode))


def cause_of(failures: Sequence[Failure]) -> str:
    """A short key that equals that of other orders with the same failures; empty without failures."""
    return _key(gravest_first(failures)[0]) if failures else ""


def _key(failure: Failure) -> str:
    named = [str(failure.params.get(name, "")) for name in _NAMING]
    facts = [failure.mode, failure.code, failure.mapping, failure.object_type, named]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
