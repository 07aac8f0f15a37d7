"""Rules of an account are told from what is wrong with one record, whatever words HubSpot finds for them."""

import pytest

from pretix_hubspot.failures.codes import MISCONFIGURATION, PERMANENT
from pretix_hubspot.failures.failure import classify
from pretix_hubspot.failures.portal_rules import rule_behind
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.errors import ErrorDetail


def refusal(message, code="", name="", sub_category="", kind=errors.InvalidInput):
    details = (ErrorDetail(code, message, name),) if code or name else ()
    return kind(message, details=details, sub_category=sub_category)


RULES = {
    "an association is required": (refusal("An association with contacts must be provided"), "association_required"),
    "a lead alone": (refusal("Lead must be associated with a contact or company"), "association_required"),
    "in the words of a required property": (
        refusal("A value for associated contact must be provided", "MISSING_REQUIRED_PROPERTY", "x"),
        "association_required",
    ),
    "by its code": (refusal("No contact", "MISSING_REQUIRED_ASSOCIATION"), "association_required"),
    "one contact per deal": (
        refusal(
            "The number of associated contacts exceeds the limit of 1 that is set for this association",
            sub_category="associations.ASSOCIATION_LIMIT_EXCEEDED",
        ),
        "association_limit",
    ),
    "by its sub category": (refusal("Refused", sub_category="ASSOCIATION_LIMIT_EXCEEDED"), "association_limit"),
    "too many, as a conflict": (
        refusal("Too many contacts are associated with this deal", kind=errors.Conflict),
        "association_limit",
    ),
    "an owner who left, as an option": (
        refusal("1234 was not one of the allowed options: []", "INVALID_OPTION", "hubspot_owner_id"),
        "owner_gone",
    ),
    "an owner who left, by a code": (refusal("Owner 1234 does not exist", "INVALID_OWNER_ID", "any"), "owner_gone"),
    "no move backwards": (refusal("Moving backward is not allowed in this pipeline"), "pipeline_rule"),
    "a stage that may not be skipped": (refusal("You can't skip stages", "PIPELINE_RULE_VIOLATED"), "pipeline_rule"),
}


@pytest.mark.parametrize(("error", "code"), list(RULES.values()), ids=list(RULES))
def test_a_rule_of_the_account_is_a_setting(error, code):
    failure = classify(error, mapping=3)

    assert (failure.mode, failure.code) == (MISCONFIGURATION, code)
    assert rule_behind(error) == code


NO_RULES = {
    "an address": (refusal("Email address x is invalid", "INVALID_EMAIL", "email"), PERMANENT),
    "an option": (refusal("x was not one of the allowed options", "INVALID_OPTION", "color"), MISCONFIGURATION),
    "an option of a list about something else": (
        refusal("yes was not one of the allowed options", "INVALID_OPTION", "homeowner"),
        MISCONFIGURATION,
    ),
    "a list whose name begins with owners": (
        refusal("x was not one of the allowed options", "INVALID_OPTION", "owner_status"),
        MISCONFIGURATION,
    ),
    "an owner property that is gone": (
        refusal('Property "deal_owner" does not exist', "PROPERTY_DOESNT_EXIST", "deal_owner"),
        MISCONFIGURATION,
    ),
    "an owner property that HubSpot sets itself": (
        refusal(
            '"hubspot_owner_id" is a read only property; it is not valid to set it',
            "READ_ONLY_VALUE",
            "hubspot_owner_id",
        ),
        MISCONFIGURATION,
    ),
    "records that are gone": (refusal("One or more associations are invalid"), PERMANENT),
    "a permission": (refusal("Missing 'Edit Associations' permission."), MISCONFIGURATION),
    "a missing permission in other words": (refusal("association permission is required"), PERMANENT),
    "a stage": (refusal("x is no stage of this pipeline"), PERMANENT),
    "an association and no rule": (refusal("This association is odd"), PERMANENT),
}


@pytest.mark.parametrize(("error", "mode"), list(NO_RULES.values()), ids=list(NO_RULES))
def test_what_is_no_rule(error, mode):
    failure = classify(error, mapping=3)

    assert (failure.mode, rule_behind(error)) == (mode, None)


@pytest.mark.parametrize("error", [None, errors.ServerTrouble("association limit"), errors.MissingScope("owner")])
def test_only_a_refusal_of_content_comes_from_a_rule(error):
    assert rule_behind(error) is None


@pytest.mark.parametrize("code", ["MISSING_REQUIRED_PROPERTY", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"])
def test_a_property_that_the_account_requires_is_a_setting(code):
    failure = classify(refusal("A value for reason must be provided", code, "reason"), mapping=3)

    assert (failure.mode, failure.code, failure.params) == (MISCONFIGURATION, code, {"property": "reason"})
