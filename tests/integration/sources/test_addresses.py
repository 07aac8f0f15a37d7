"""Domains in addresses as registries write them: one domain is one domain, and two are two."""

import pytest

from pretix_hubspot.sources.readers import INVALID_EMAIL, clean_email, email_domain


@pytest.mark.parametrize(
    ("domain", "written"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org", "EXAMPLE.org"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("пример.example", "xn--e1afmkfd.example"),
        # what was another domain in 2003
        ("faß.example", "xn--fa-hia.example"),
        ("FAẞ.example", "xn--fa-hia.example"),
        ("fass.example", "fass.example"),
        ("κοσμος.example", "xn--vxaeibpd.example"),
        ("κοσμοσ.example", "xn--vxaeibsc.example"),
        ("نامه‌ای.example", "xn--mgba3gch31f060k.example"),
        # what exists, though IDNA 2008 has no place for it
        ("i❤.example", "xn--i-7iq.example"),
        ("faß.i❤.example", "xn--fa-hia.xn--i-7iq.example"),
        ("fa_ß.example", "xn--fa_-7ka.example"),
        ("a_b.example", "a_b.example"),
        ("a_b.münchen.example", "a_b.xn--mnchen-3ya.example"),
    ],
)
def test_domains(domain, written):
    assert clean_email(f"Ann@{domain}") == f"Ann@{written}"
    assert email_domain(f"Ann@{domain}") == written


@pytest.mark.parametrize(
    "email", ["ann", "@example.org", "ann@", "a@b@c", "ann@a..b", "ann@ü..b", "ann@" + "ü" * 64, "ann@" + "x" * 64]
)
def test_what_is_no_address_is_refused(email):
    assert clean_email(email) == INVALID_EMAIL


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_nothing_is_nothing(empty):
    assert clean_email(empty) is None
