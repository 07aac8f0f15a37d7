"""Every error shape of HubSpot becomes one typed error that says what it means and nothing personal."""

import json
import pickle

import pytest

from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.error_parsing import error_from_entry, error_from_response, error_from_token_endpoint
from pretix_hubspot.hubspot.errors import ErrorDetail, HubSpotError
from tests.unit.hubspot import http_bodies
from tests.unit.hubspot.http_bodies import encoded


def all_classes(base=HubSpotError):
    yield base
    for kind in base.__subclasses__():
        yield from all_classes(kind)


def parsed(status, body, headers=None):
    return error_from_response(status, headers or {}, encoded(body), "contacts batch create")


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable", "may_have_written"),
    [
        (400, http_bodies.INVALID_PROPERTIES, errors.InvalidInput, False, False),
        (400, http_bodies.DUPLICATE_IDS, errors.InvalidInput, False, False),
        (400, http_bodies.BAD_ASSOCIATION, errors.InvalidInput, False, False),
        (400, b"", errors.InvalidInput, False, False),
        (401, http_bodies.MISSING_TOKEN, errors.AuthenticationFailed, False, False),
        (401, http_bodies.EXPIRED_TOKEN, errors.TokenExpired, False, False),
        (403, http_bodies.MISSING_SCOPES, errors.MissingScope, False, False),
        (403, {"status": "error", "message": "This object type is not enabled"}, errors.Forbidden, False, False),
        (404, http_bodies.NOT_FOUND, errors.NotFound, False, False),
        (409, http_bodies.CONFLICT, errors.Conflict, False, False),
        (409, http_bodies.PROPERTY_EXISTS, errors.Conflict, False, False),
        (414, b"", errors.UriTooLong, False, False),
        (423, {"status": "error", "message": "locked"}, errors.Locked, True, False),
        (429, http_bodies.TEN_SECONDLY, errors.RateLimited, True, False),
        (437, {"status": "error"}, errors.TooManyLabels, False, False),
        (477, {"status": "error", "message": "migrating"}, errors.Migrating, True, False),
        (500, {"status": "error", "message": "internal error"}, errors.ServerTrouble, True, True),
        (502, http_bodies.EDGE_PAGE, errors.ServerTrouble, True, True),
        (524, http_bodies.EDGE_PAGE, errors.ServerTrouble, True, True),
        (530, http_bodies.EDGE_PAGE, errors.ServerTrouble, True, True),
        (301, b"", errors.UnexpectedStatus, False, False),
        (402, {"status": "error", "message": "suspended"}, errors.PaymentRequired, False, False),
        (410, b"", errors.VersionEnded, False, False),
        (413, {"status": "error", "message": "too large"}, errors.InvalidInput, False, False),
        (422, {"status": "error"}, errors.InvalidInput, False, False),
        (451, b"{}", errors.LegallyBlocked, False, False),
        *(
            (status, b"", errors.CallRefused, False, False)
            for status in (405, 406, 411, 412, 415, 416, 417, 421, 426, 428, 431, 501, 505)
        ),
        (408, b"", errors.UnexpectedStatus, True, False),
        (418, b"[]", errors.UnexpectedStatus, False, False),
    ],
)
def test_status_table(status, body, kind, retryable, may_have_written):
    error = parsed(status, body)
    assert type(error) is kind
    assert (error.status, error.retryable, error.may_have_written) == (status, retryable, may_have_written)
    assert error.operation == "contacts batch create"


JUDGEMENTS = (400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 412, 413, 415, 421, 422, 428, 431, 451)
#: What others than HubSpot's API answer: markup, and the bare words of proxies and load balancers.
PAGES = {
    "html": (http_bodies.EDGE_PAGE, {}),
    "markup after a blank": (b"\xef\xbb\xbf\r\n <!DOCTYPE html><title>Attention Required!</title>", {}),
    "words": (b"error code: 1020", {}),
    "nothing but a type": (b"", {"Content-Type": "text/html; charset=UTF-8"}),
}


@pytest.mark.parametrize("status", JUDGEMENTS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_nobodys_judgement(status, page):
    body, headers = PAGES[page]

    error = error_from_response(status, headers, body, "contacts batch create")

    assert type(error) is errors.EdgePage
    assert (error.status, error.retryable, error.may_have_written) == (status, True, True)


@pytest.mark.parametrize("status", [408, 414, 423, 425, 429, 437, 477, 500, 501, 502, 505])
def test_a_page_about_limits_lengths_and_outages_means_what_its_status_says(status):
    kinds = {408: "unexpected_status", 414: "uri_too_long", 423: "locked", 425: "unexpected_status"}
    kinds |= {429: "rate_limited", 437: "too_many_labels", 477: "migrating"}

    assert parsed(status, http_bodies.EDGE_PAGE).code == kinds.get(status, "server_trouble")


@pytest.mark.parametrize("body", [b"", b'{"status":"error","message":"Erika Muster', b'["no"]', b'"no"'])
def test_what_may_be_hubspots_own_is_judged_by_its_status(body):
    assert type(parsed(403, body)) is errors.Forbidden


def test_a_list_of_a_thousand_options_hides_no_code():
    options = ", ".join(
        f'label: "Country number {n}"\nvalue: "country-{n}"\ndisplay_order: {n}\n' for n in range(1_000)
    )
    refused = {"message": f"XK was not one of the allowed options: [{options}]", "error": "INVALID_OPTION", "name": "c"}
    said = f"Property values were not valid: {json.dumps([refused])}"
    assert len(said) > 65_536
    [detail] = parsed(400, {"status": "error", "category": "VALIDATION_ERROR", "message": said}).details
    assert (detail.property_name, detail.code) == ("c", "INVALID_OPTION")
    assert len(detail.message) < 1_000


def test_both_lists_of_refused_properties_are_merged():
    error = parsed(400, http_bodies.INVALID_PROPERTIES)
    assert [(d.property_name, d.code, d.message) for d in error.details] == [
        ("x", "PROPERTY_DOESNT_EXIST", 'Property "x" does not exist'),
        ("email", "INVALID_EMAIL", "Email address (redacted) is invalid"),
        ("n", "INVALID_LONG", "(value) was not a valid long."),
        ("discount", "INVALID_INTEGER", "discount was not a valid number"),
    ]
    assert error.codes == {"PROPERTY_DOESNT_EXIST", "INVALID_EMAIL", "INVALID_LONG", "INVALID_INTEGER"}
    assert error.message == (
        'Property values were not valid: x: Property "x" does not exist; email: Email address (redacted) is invalid; '
        "n: (value) was not a valid long.; discount: discount was not a valid number"
    )
    assert error.category == "VALIDATION_ERROR"
    assert error.correlation_id == "a1b2c3d4-0000-4000-8000-000000000001"


def test_option_lists_are_cut_and_the_missing_option_is_kept():
    error = parsed(400, http_bodies.INVALID_OPTION)
    (detail,) = error.details
    assert (detail.property_name, detail.code) == ("ticket_type", "INVALID_OPTION")
    assert detail.message == "VIP was not one of the allowed options"


def test_a_message_cut_in_the_middle_still_tells_what_errors_says():
    broken = {**http_bodies.INVALID_PROPERTIES, "message": http_bodies.INVALID_PROPERTIES["message"][:90]}
    error = parsed(400, broken)
    assert [d.property_name for d in error.details] == ["x", "email", "discount"]
    assert "Mustermann" not in error.message


@pytest.mark.parametrize(
    ("status", "body", "existing_id"),
    [
        (409, http_bodies.CONFLICT, "37765128953"),
        (409, http_bodies.BARE_CONFLICT, None),
        (400, http_bodies.CONFLICTING_VALUE, "901"),
        (409, {"message": "taken", "context": {"existingId": ["17"]}}, "17"),
        (409, {"message": "taken", "context": {"existingId": 17}}, "17"),
        (409, {"message": "Contact already exists (existing id = 17)."}, "17"),
        (409, {"message": "taken", "context": {"existingId": ["not a number"]}}, None),
    ],
)
def test_existing_id(status, body, existing_id):
    assert parsed(status, body).existing_id == existing_id


def test_a_detail_without_a_code_adds_none():
    error = parsed(400, {"message": "taken", "errors": [{"message": "taken"}], "context": {"existingId": ["17"]}})

    assert [detail.message for detail in error.details] == ["taken"]
    assert (error.codes, error.existing_id) == (frozenset(), "17")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"code": "A", "error": "B", "subCategory": "C"}, "A"),
        ({"error": "B", "subCategory": "C"}, "B"),
        ({"subCategory": "C"}, "C"),
    ],
)
def test_the_code_of_a_detail_has_three_places(words, code):
    error = parsed(400, {"message": "no", "errors": [{"message": "no", "name": "size", **words}]})

    assert [(detail.property_name, detail.code) for detail in error.details] == [("size", code)]


def test_long_names_in_a_detail_are_cut():
    named = [{"name": "n" * 300}, {"message": "m", "code": "c" * 300}, {"context": {"propertyName": ["p" * 300]}}]
    error = parsed(400, {"message": "no", "errors": named})

    assert [(len(detail.property_name), len(detail.code)) for detail in error.details] == [(200, 0), (0, 100), (200, 0)]


def test_conflicting_unique_value_does_not_echo_the_value():
    error = parsed(400, http_bodies.CONFLICTING_VALUE)
    assert error.codes == {"CONFLICTING_UNIQUE_VALUE"}
    assert "ACME/CONF" not in error.message


def test_required_property_of_a_portal():
    (detail,) = parsed(400, http_bodies.REQUIRED).details
    assert detail == ErrorDetail(
        "MISSING_REQUIRED_PROPERTY",
        "A value for firstname must be provided",
        "firstname",
        {"propertyName": ("firstname",)},
    )


def test_missing_scopes_are_named():
    error = parsed(403, http_bodies.MISSING_SCOPES)
    assert error.required_scopes == ("crm.schemas.deals.write",)
    assert error.links == {"scopes": "https://developers.hubspot.com/scopes"}


@pytest.mark.parametrize(
    ("body", "policy"),
    [
        (http_bodies.TEN_SECONDLY, "burst"),
        (http_bodies.DAILY, "daily"),
        (http_bodies.SECONDLY, "secondly"),
        ({"message": "You have reached your daily limit."}, "daily"),
        ({"message": "You have reached your secondly limit."}, "secondly"),
        ({"message": "You have reached your ten_secondly_rolling limit."}, "burst"),
        (b"<html>", "burst"),
    ],
)
def test_policy(body, policy):
    assert parsed(429, body).policy == policy


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "1e999"}, None),
        ({"Retry-After": "999999999"}, 172_800.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Fri, 20 Nov 2026 10:01:00 GMT", "Date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 60.0),
        ({"Retry-After": "Fri, 20 Nov 2026 10:01:00 GMT"}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert parsed(477, b"", headers).retry_after == seconds


def test_edge_pages_keep_their_title_and_the_correlation_id_of_the_header():
    error = parsed(502, http_bodies.EDGE_PAGE, {"X-HubSpot-Correlation-Id": "abc-1"})
    assert (error.message, error.correlation_id) == ("502 Bad Gateway | api.hubapi.com", "abc-1")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (http_bodies.PARTIAL_CREATE["errors"][0], errors.Conflict),
        (http_bodies.PARTIAL_READ["errors"][0], errors.NotFound),
        (http_bodies.INVALID_PROPERTIES, errors.InvalidInput),
        (http_bodies.MISSING_SCOPES, errors.MissingScope),
        ({"category": "RATE_LIMITS"}, errors.RateLimited),
        ({"errorType": "RATE_LIMIT"}, errors.RateLimited),
        ({"message": "Could not get some CONTACT objects", "context": {"ids": ["1"]}}, errors.NotFound),
        ({"message": "resource not found"}, errors.NotFound),
        ({"message": "Contact already exists. Existing ID: 1"}, errors.Conflict),
        ({"category": "NEW", "message": "resource not found"}, errors.UnexpectedStatus),
        ({"category": "INTERNAL_SERVER_ERROR"}, errors.ServerTrouble),
        ({"category": "NEW", "errors": [{"code": "INVALID_EMAIL"}]}, errors.InvalidInput),
        ({}, errors.UnexpectedStatus),
        (None, errors.UnexpectedStatus),
    ],
)
def test_entries_of_a_207(entry, kind):
    error = error_from_entry(entry, "contacts batch create")
    assert type(error) is kind
    assert error.status is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, http_bodies.BAD_REFRESH_TOKEN, errors.TokenRevoked),
        (400, {"status": "BAD_HUB", "message": "missing or unknown hub id"}, errors.TokenRevoked),
        (400, {"status": "BAD_AUTH_CODE"}, errors.AuthCodeRejected),
        (400, {"status": "BAD_CLIENT_ID"}, errors.OAuthMisconfigured),
        (401, {"status": "BAD_CLIENT_SECRET"}, errors.OAuthMisconfigured),
        (400, {"status": "BAD_REDIRECT_URI"}, errors.OAuthMisconfigured),
        (400, {"status": "BAD_SCOPES"}, errors.OAuthMisconfigured),
        (400, {"status": "BAD_GRANT_TYPE"}, errors.OAuthMisconfigured),
        (400, {"status": "BAD_CODE_VERIFIER"}, errors.OAuthMisconfigured),
        (400, {"error": "invalid_grant"}, errors.TokenRevoked),
        (400, {"error": "invalid_grant", "status": "error"}, errors.TokenRevoked),
        (401, {"error": "invalid_client"}, errors.OAuthMisconfigured),
        (400, {"error": "invalid_request"}, errors.OAuthError),
        (400, b"<html>", errors.EdgePage),
        (401, http_bodies.EDGE_PAGE, errors.EdgePage),
        (403, http_bodies.EDGE_PAGE, errors.EdgePage),
        (402, {"status": "error", "message": "suspended"}, errors.PaymentRequired),
        (410, {"status": "error", "category": "GONE"}, errors.VersionEnded),
        (415, b"", errors.CallRefused),
        (403, {"status": "error"}, errors.OAuthError),
        (429, http_bodies.TEN_SECONDLY, errors.RateLimited),
        (503, http_bodies.EDGE_PAGE, errors.ServerTrouble),
        (302, b"", errors.UnexpectedStatus),
    ],
)
def test_token_endpoint(status, body, kind):
    assert type(error_from_token_endpoint(status, {}, encoded(body), "oauth refresh")) is kind


def test_a_rejected_code_without_hubspots_own_word():
    error = error_from_token_endpoint(400, {}, encoded({"error": "invalid_grant"}), "oauth code exchange")
    assert type(error) is errors.AuthCodeRejected


def test_str_and_repr_say_what_happened_without_hubspots_text():
    error = parsed(400, http_bodies.INVALID_PROPERTIES)
    for said in (str(error), repr(error)):
        assert said == (
            "InvalidInput(contacts batch create, 400, VALIDATION_ERROR, x:PROPERTY_DOESNT_EXIST, email:INVALID_EMAIL,"
            " n:INVALID_LONG, discount:INVALID_INTEGER, correlation id a1b2c3d4-0000-4000-8000-000000000001)"
        )


@pytest.mark.parametrize("kind", list(all_classes()))
def test_every_error_survives_a_pickle(kind):
    error = kind("said", status=418, category="C", operation="o", details=(ErrorDetail("A", "m", "p"),))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert vars(again) == vars(error)


def test_the_docstring_draws_every_class():
    missing = [kind.__name__ for kind in all_classes() if kind.__name__ not in errors.__doc__]
    assert missing == []
