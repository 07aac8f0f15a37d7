"""Owners: the portal's staff (hubspot.md 6.2: a record's owner is an owner id, never a user id)."""

from dataclasses import dataclass


@dataclass
class Owner:
    """One user who can own records."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str
    created_at: float
    archived: bool = False


def default_owners(now: float) -> list[Owner]:
    """Three people, one of whom has left."""
    return [
        Owner("610048101", 70048101, "erika.muster@example.org", "Erika", "Muster", now - 9_000_000),
        Owner("610048102", 70048102, "jonas.beispiel@example.org", "Jonas", "Beispiel", now - 8_000_000),
        Owner("610048103", 70048103, "left@example.org", "Lena", "Fort", now - 7_000_000, archived=True),
    ]
