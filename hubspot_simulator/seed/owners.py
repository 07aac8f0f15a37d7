"""The staff of a new portal."""

from hubspot_simulator.crm.account.state import Owner


def default_owners(now: float) -> list[Owner]:
    """Three people, one of whom has left."""
    return [
        Owner("610048101", 70048101, "erika.muster@example.org", "Erika", "Muster", now - 9_000_000),
        Owner("610048102", 70048102, "jonas.beispiel@example.org", "Jonas", "Beispiel", now - 8_000_000),
        Owner("610048103", 70048103, "left@example.org", "Lena", "Fort", now - 7_000_000, archived=True),
    ]
