"""Fingerprints of plain data. Pure."""

import hashlib
import json

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: it is asked for every record


def fingerprint(facts: object) -> str:
    """A fingerprint of plain data."""
    return hashlib.sha256(_ENCODER.encode(facts).encode()).hexdigest()
