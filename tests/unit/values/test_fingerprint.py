"""Hashes of plain data, and keyed ones."""

from pretix_hubspot.values.fingerprint import fingerprint, keyed


def test_the_same_facts_have_the_same_fingerprint():
    assert fingerprint([1, "a", None]) == fingerprint([1, "a", None]) != fingerprint([1, "a", ""])


def test_nobody_without_the_key_can_test_a_guess():
    assert keyed(b"one", "ada@example.org") == "4c56d81bffcd3e02a278f8a9326d54ae8c6fa337"
    assert keyed(b"two", "ada@example.org") != keyed(b"one", "ada@example.org") != keyed(b"one", "bea@example.org")
