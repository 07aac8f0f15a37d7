"""Fingerprints of plain data. Pure."""

import hashlib
import hmac
import json

# one encoder for all calls: every record needs a fingerprint
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def fingerprint(facts: object) -> str:
    """A fingerprint of plain data."""
    return hashlib.sha256(_ENCODER.encode(facts).encode()).hexdigest()


def keyed(key: bytes, text: str) -> str:
    """The keyed hash of a text, truncated: nobody who lacks the key can tell whether a guess at the text is right.

    Without a key, as for a plan that is only looked at, the text itself.
    """
    return hmac.digest(key, text.encode(), "sha256").hex()[:40] if key else text
