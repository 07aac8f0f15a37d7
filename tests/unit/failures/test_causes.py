"""Orders share a cause when the same fix helps them, whatever their own values are."""

from dataclasses import replace

import pytest

from pretix_hubspot.failures.causes import cause_of, gravest_first
from pretix_hubspot.failures.codes import MISCONFIGURATION, PERMANENT, SYSTEM, TEMPORARY
from pretix_hubspot.failures.failure import Failure

NO_OPTION = Failure(MISCONFIGURATION, "INVALID_OPTION", {"property": "size", "option": "XL"}, 3, None, "contacts")
BAD_EMAIL = Failure(PERMANENT, "INVALID_EMAIL", {"property": "email"}, 3, None, "contacts")


def test_the_gravest_failure_goes_first_and_equals_keep_their_order():
    late, later = Failure(TEMPORARY, "no_answer"), Failure(TEMPORARY, "locked")
    gravest = Failure(SYSTEM, "unexpected")

    assert gravest_first([late, later, BAD_EMAIL, gravest, NO_OPTION]) == [gravest, NO_OPTION, BAD_EMAIL, late, later]


def test_without_failures_there_is_no_cause():
    assert cause_of([]) == ""


def test_the_gravest_failure_is_the_cause_whatever_failed_beside_it():
    assert cause_of([BAD_EMAIL, NO_OPTION]) == cause_of([NO_OPTION]) != cause_of([BAD_EMAIL])


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"position": 12},
        {"message": "XL was not one of the allowed options"},
        {"correlation_id": "0197"},
        {"params": {**NO_OPTION.params, "option_label": "Extra large"}},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_what_names_one_record_makes_no_other_cause(elsewhere):
    assert cause_of([replace(NO_OPTION, **elsewhere)]) == cause_of([NO_OPTION])


@pytest.mark.parametrize(
    "other",
    [
        {"mode": PERMANENT},
        {"code": "no_option"},
        {"mapping": 4},
        {"object_type": "deals"},
        {"params": {**NO_OPTION.params, "option": "XXL"}},
        {"params": {**NO_OPTION.params, "property": "shirt"}},
        {"params": {**NO_OPTION.params, "field": "question_size"}},
        {"params": {**NO_OPTION.params, "scopes": "crm.objects.deals.write"}},
    ],
    ids=str,
)
def test_what_another_fix_helps_has_another_cause(other):
    assert cause_of([replace(NO_OPTION, **other)]) != cause_of([NO_OPTION])


def test_a_cause_fits_the_column_that_keeps_it():
    assert len(cause_of([NO_OPTION])) == 32
