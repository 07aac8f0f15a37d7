"""How far an error of HubSpot reaches: one input, its batch, its object type, or the whole portal."""

import pytest

from pretix_hubspot.failures import reach
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.errors import ErrorDetail


def lacking(*scopes):
    return errors.MissingScope(context={"requiredGranularScopes": scopes})


def refused(*codes):
    return errors.InvalidInput(details=tuple(ErrorDetail(code, "") for code in codes))


CONTACTS, DEALS = "crm.objects.contacts.write", "crm.objects.deals.write"
#: (error, what it is about beyond one input)
REACHES = {
    "the day's calls are used up": (errors.RateLimited(policy="daily"), "portal"),
    "too many calls at once": (errors.RateLimited(policy="burst"), ""),
    "a scope that every order needs": (lacking(CONTACTS), "portal type batch"),
    "one of several scopes that every order needs": (lacking(DEALS, CONTACTS), "portal type batch"),
    "a scope of one object type": (lacking(DEALS), "type batch"),
    "a scope that HubSpot does not name": (lacking(), "type batch"),
    "no access": (errors.Forbidden(), "type batch"),
    "a wait longer than a worker's": (errors.ServerTrouble(retry_after=reach.LONGEST_PAUSE + 1), "portal"),
    "a wait as long as a worker's": (errors.ServerTrouble(retry_after=reach.LONGEST_PAUSE), ""),
    "a wait for what never succeeds": (errors.NotFound(retry_after=3600), ""),
    "trouble without a time": (errors.ServerTrouble(), ""),
    "a token that nobody knows": (errors.AuthenticationFailed(), "portal"),
    "a token that can no longer be had": (errors.TokenRevoked(), "portal"),
    "a portal on the move": (errors.Migrating(), "portal"),
    "an address that the server forbids": (errors.BlockedByServer(), "portal"),
    "a version that ended": (errors.VersionEnded(), "type call batch"),
    "a status that nobody documented": (errors.UnexpectedStatus(status=418), "type call batch"),
    "a status that asks for a repetition": (errors.UnexpectedStatus(status=425), ""),
    "an unexpected end without a status": (errors.UnexpectedStatus(), ""),
    "a property that is gone": (refused("PROPERTY_DOESNT_EXIST"), "batch"),
    "two properties that cannot be written": (refused("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"), "batch"),
    "a property that is gone and an address": (refused("PROPERTY_DOESNT_EXIST", "INVALID_EMAIL"), ""),
    "an address": (refused("INVALID_EMAIL"), ""),
    "a refusal without details": (errors.InvalidInput(), ""),
}


@pytest.mark.parametrize(("error", "about"), list(REACHES.values()), ids=list(REACHES))
def test_reach(error, about):
    found = {
        "portal": reach.concerns_portal(error),
        "type": reach.concerns_type(error),
        "call": reach.is_about_call(error),
        "batch": reach.concerns_all(error),
    }

    assert {name for name, concerned in found.items() if concerned} == set(about.split())


@pytest.mark.parametrize(
    ("error", "object_type", "is_lack"),
    [
        (lacking(DEALS), "tickets", True),
        (errors.Forbidden(), "2-12345", True),
        (errors.Forbidden(), "contacts", False),
        (lacking(DEALS), "deals", False),
        (errors.NotFound(), "tickets", False),
        (None, "tickets", False),
    ],
)
def test_only_what_orders_can_do_without_is_left_out_for_lack_of_access(error, object_type, is_lack):
    assert reach.is_lack_of_access(error, object_type) is is_lack
