"""Fingerprints of plain data. Pure."""

import hashlib
import json

# one encoder for all calls: every record needs a fingerprint
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def fingerprint(facts: object) -> str:
    """A fingerprint of plain data."""
    return hashlib.sha256(_ENCODER.encode(facts).encode()).hexdigest()
