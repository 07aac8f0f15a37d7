"""The table of failures: complete, each code once, and a sentence for every code."""

import string

import pytest

from pretix_hubspot.failures import codes, texts
from pretix_hubspot.failures.codes import (
    GRAVITY,
    MISCONFIGURATION,
    PERMANENT,
    SYSTEM,
    TEMPORARY,
    Code,
    Fix,
    known,
    where_fixed,
)
from pretix_hubspot.hubspot import errors

PLACEHOLDERS = {"property", "field", "option", "options", "scopes", "currency", "shown_in"}


def kinds(base=errors.HubSpotError):
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def placeholders(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_each_code_stands_in_the_table_once():
    assert len({code.value for code in Code}) == len(Code.__members__)


@pytest.mark.parametrize("code", Code)
def test_each_code_has_a_mode_a_place_and_a_sentence(code):
    assert code.mode in GRAVITY
    assert isinstance(code.fix, Fix)
    assert placeholders(texts.TEXTS[code]) <= PLACEHOLDERS


def test_no_sentence_is_left_over():
    sentences = {*texts.TEXTS, *texts.OF_SEVERAL, *texts.OF_CONSTANTS}

    assert sentences == set(Code)


def test_each_mode_has_a_word():
    assert set(GRAVITY) < set(texts.MODES)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_each_kind_of_error_has_a_code_of_its_own(kind):
    assert known(kind.code)
    assert [other for other in kinds() if other.code == kind.code] == [kind]
    assert errors.kind_of(kind.code) is kind


def test_a_code_that_no_error_carries():
    assert errors.kind_of("not_connected") is None


#: What is stored with orders since the first release, word for word.
STORED = """
    hub_spot_error no_answer connect_timeout read_timeout connection_failed blocked_by_server bad_answer invalid_input
    authentication_failed token_expired missing_scope forbidden not_found conflict uri_too_long locked rate_limited
    over_budget too_many_labels migrating server_trouble unexpected_status oauth_error token_revoked auth_code_rejected
    oauth_misconfigured PROPERTY_DOESNT_EXIST READ_ONLY_VALUE INVALID_OPTION INVALID_EMAIL MISSING_REQUIRED_PROPERTY
    MISSING_CONDITIONAL_REQUIRED_PROPERTY CONFLICTING_UNIQUE_VALUE unknown_object_type not_unique missing_permission
    gdpr_blocked invalid_association no_answer_for_record record_vanished invalid_email unreadable wrong_source
    unknown_field unknown_property read_only_property file incompatible unknown_mode no_identifier not_a_number
    not_a_date not_a_boolean not_a_phone several_values no_option option_not_mapped append_number append_single
    number_filled already_set not_connected unexpected
"""


@pytest.mark.parametrize("code", STORED.split())
def test_what_is_stored_stays_known(code):
    assert known(code) == code


@pytest.mark.parametrize("code", ["INVALID_LONG", "", "of_a_later_version"])
def test_codes_that_are_not_listed(code):
    assert known(code) is None


@pytest.mark.parametrize(
    ("code", "mode", "place"),
    [
        # a code is fixed where the table says …
        ("missing_scope", MISCONFIGURATION, Fix.ACCESS),
        ("auth_code_rejected", TEMPORARY, Fix.ACCESS),
        ("INVALID_EMAIL", PERMANENT, Fix.ORDER),
        ("INVALID_OPTION", MISCONFIGURATION, Fix.OPTIONS),
        ("no_option", MISCONFIGURATION, Fix.OPTIONS),
        ("not_unique", MISCONFIGURATION, Fix.MAPPING),
        ("server_trouble", TEMPORARY, Fix.NOWHERE),
        # … as far as the stored mode allows
        ("unexpected_status", SYSTEM, Fix.SERVER),
        ("missing_scope", SYSTEM, Fix.SERVER),
        ("not_unique", TEMPORARY, Fix.NOWHERE),
        ("server_trouble", PERMANENT, Fix.MAPPING),
        # what is not listed, by its mode
        ("INVALID_LONG", PERMANENT, Fix.MAPPING),
        ("of_a_later_version", TEMPORARY, Fix.NOWHERE),
        ("of_a_later_version", SYSTEM, Fix.SERVER),
    ],
)
def test_where_a_failure_is_fixed(code, mode, place):
    assert where_fixed(code, mode) is place


def test_gravity_begins_with_what_heals():
    assert codes.GRAVITY == (TEMPORARY, PERMANENT, MISCONFIGURATION, SYSTEM)
