"""The failure table: every shape in which HubSpot refuses, the word it means for an order, and what is kept of it.

Shapes: hubspot.md 2.2 and 2.3 (access), 3 (statuses), 4 (bodies), 7.1 (associations).
"""

import json
from dataclasses import dataclass, replace

import pytest

from pretix_hubspot.failures.codes import MISCONFIGURATION, PERMANENT, SYSTEM, TEMPORARY
from pretix_hubspot.failures.explanations import explain
from pretix_hubspot.failures.failure import Failure, classify, refused
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.hubspot.error_parsing import error_from_entry, error_from_response, error_from_token_endpoint
from pretix_hubspot.mappings.spec import MappingSpec
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.snapshot import OrderSnapshot, PositionSnapshot, Subject
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.run.judge import Verdict, Written, judge
from pretix_hubspot.sync.send.association import Association
from pretix_hubspot.sync.send.outcome import Execution, FailedRecord, SentRecord
from pretix_hubspot.values.rows import OVERWRITE, FieldRefused, MappingRow, Refusal
from tests.unit.hubspot import http_bodies
from tests.unit.hubspot.http_bodies import encoded

#: Values of the order that a body may echo. None of them may reach a failure.
PERSONAL = ("erika", "Erika", "Muster", "+49 30 123456", "ACME/CONF/ABCDE", "1975-03-01", "propertyValue")
ID = "a1b2c3d4-0000-4000-8000-000000000009"


def validation(code, message, name="prop", **entry):
    """A refused property, word for word in the form of hubspot.md 4.1, with everything it may echo."""
    listed = {"isValid": False, "message": message, "error": code, "name": name, **entry}
    return {
        "status": "error",
        "message": f"Property values were not valid: {json.dumps([listed])}",
        "correlationId": ID,
        "errors": [{"message": message, "code": code, "context": {"propertyName": [name]}}],
        "category": "VALIDATION_ERROR",
    }


def said(message, category="VALIDATION_ERROR", **more):
    return {"status": "error", "message": message, "correlationId": ID, "category": category, **more}


REQUIRED_IF = validation("MISSING_CONDITIONAL_REQUIRED_PROPERTY", "A value for reason must be provided", "reason")
NOT_SET = said(
    "Error creating DEAL. Some required properties were not set.",
    context={"properties": ["dealname", "dealstage"]},
    errors=[
        {"message": "dealname was not set", "code": "REQUIRED_FIELD", "context": {"properties": ["dealname"]}},
        {"message": "dealstage was not set", "code": "REQUIRED_FIELD"},
    ],
)


@dataclass(frozen=True)
class Case:
    """An answer of HubSpot's, and the failure that it is for an order."""

    status: int
    body: object
    mode: str
    code: str
    property: str | None = None


ECHO = {"propertyValue": "Erika Mustermann", "portalId": 1}
HTML = http_bodies.EDGE_PAGE

ANSWERS = {
    # 4.1: properties
    "unknown property": Case(
        400,
        validation("PROPERTY_DOESNT_EXIST", 'Property "prop" does not exist', **ECHO),
        MISCONFIGURATION,
        "PROPERTY_DOESNT_EXIST",
        "prop",
    ),
    "calculated property": Case(
        400,
        validation("READ_ONLY_VALUE", '"prop" is a calculated property; its value cannot …'),
        MISCONFIGURATION,
        "READ_ONLY_VALUE",
        "prop",
    ),
    "bad e-mail address": Case(
        400,
        validation("INVALID_EMAIL", "Email address erika@example is invalid", "email", **ECHO),
        PERMANENT,
        "INVALID_EMAIL",
        "email",
    ),
    "unknown option, with the whole list": Case(
        400, http_bodies.INVALID_OPTION, MISCONFIGURATION, "INVALID_OPTION", "ticket_type"
    ),
    "not a number": Case(
        400, validation("INVALID_INTEGER", "prop was not a valid number"), PERMANENT, "INVALID_INTEGER", "prop"
    ),
    "not a long": Case(
        400, validation("INVALID_LONG", "+49 30 123456 was not a valid long."), PERMANENT, "INVALID_LONG", "prop"
    ),
    "not a double": Case(
        400, validation("INVALID_DOUBLE", "+49 30 123456 was not a valid double."), PERMANENT, "INVALID_DOUBLE", "prop"
    ),
    "not a date": Case(
        400, validation("INVALID_DATE", "1975-03-01 was not a valid date."), PERMANENT, "INVALID_DATE", "prop"
    ),
    "format rule of the portal": Case(
        400,
        validation("INVALID_ALPHA", "Enter only letters", "lastname", **ECHO),
        PERMANENT,
        "INVALID_ALPHA",
        "lastname",
    ),
    "required property (2026-09)": Case(
        400, http_bodies.REQUIRED, MISCONFIGURATION, "MISSING_REQUIRED_PROPERTY", "firstname"
    ),
    "what every new record has to have": Case(
        400, NOT_SET, MISCONFIGURATION, "MISSING_REQUIRED_PROPERTY", "dealname, dealstage"
    ),
    "the same, named in one list only": Case(
        400,
        said(NOT_SET["message"], context=NOT_SET["context"]),
        MISCONFIGURATION,
        "MISSING_REQUIRED_PROPERTY",
        "dealname, dealstage",
    ),
    "the same, named in a sentence only": Case(
        400, said("A value for dealname must be provided"), MISCONFIGURATION, "MISSING_REQUIRED_PROPERTY", "dealname"
    ),
    "conditionally required property (2026-09)": Case(
        400, REQUIRED_IF, MISCONFIGURATION, "MISSING_CONDITIONAL_REQUIRED_PROPERTY", "reason"
    ),
    "unique value taken": Case(
        400, http_bodies.CONFLICTING_VALUE, PERMANENT, "CONFLICTING_UNIQUE_VALUE", "pretix_order_key"
    ),
    "too long a text (U)": Case(
        400, validation("INVALID_STRING", "Too long", "notes", **ECHO), PERMANENT, "INVALID_STRING", "notes"
    ),
    "blocked for data protection (U), with a code": Case(
        400,
        validation("ODD_CODE", "Email address erika@example.org has been GDPR blacklisted", "email"),
        PERMANENT,
        "gdpr_blocked",
        "email",
    ),
    "blocked for data protection (U), in words": Case(
        400, said("email erika@example.org has been GDPR blacklisted"), PERMANENT, "gdpr_blocked"
    ),
    "more in the message than in the list; the mapping's fault goes first": Case(
        400, http_bodies.INVALID_PROPERTIES, MISCONFIGURATION, "PROPERTY_DOESNT_EXIST", "x"
    ),
    "a later detail is the mapping's fault": Case(
        400,
        said(
            "Property values were not valid",
            errors=[
                {"message": "no", "code": "INVALID_EMAIL", "context": {"propertyName": ["email"]}},
                {"message": "no", "code": "READ_ONLY_VALUE", "context": {"propertyName": ["createdate"]}},
            ],
        ),
        MISCONFIGURATION,
        "READ_ONLY_VALUE",
        "createdate",
    ),
    "the message cut off": Case(
        400,
        {**http_bodies.INVALID_PROPERTIES, "errors": [], "message": http_bodies.INVALID_PROPERTIES["message"][:90]},
        PERMANENT,
        "invalid_input",
    ),
    "property in the context only": Case(
        400, said("no", context={"propertyName": ["prop"]}, subCategory="odd"), PERMANENT, "odd", "prop"
    ),
    # 4.2: conflicts, missing things, permissions
    "duplicate e-mail address": Case(409, http_bodies.CONFLICT, PERMANENT, "conflict"),
    "duplicate, without its id": Case(409, http_bodies.BARE_CONFLICT, PERMANENT, "conflict"),
    "property exists": Case(409, http_bodies.PROPERTY_EXISTS, PERMANENT, "conflict"),
    "one id twice": Case(400, http_bodies.DUPLICATE_IDS, PERMANENT, "invalid_input"),
    "property is not unique": Case(
        400, said("Unable to perform update/upsert by non-unique 0-3 property dealname"), MISCONFIGURATION, "not_unique"
    ),
    "unknown id": Case(404, http_bodies.NOT_FOUND, PERMANENT, "not_found"),
    "odd id": Case(
        404, said("Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND"), PERMANENT, "not_found"
    ),
    "missing scope": Case(403, http_bodies.MISSING_SCOPES, MISCONFIGURATION, "missing_scope"),
    "object type switched off": Case(403, said("This object type is not enabled", ""), MISCONFIGURATION, "forbidden"),
    "unknown object type": Case(
        400, said("Unable to infer object type from: 2-9"), MISCONFIGURATION, "unknown_object_type"
    ),
    "invalid association": Case(400, http_bodies.BAD_ASSOCIATION, PERMANENT, "invalid_association"),
    "association in the wrong direction": Case(
        400,
        said("invalid from object type 0-47 for associations to be created. expected: 0-1"),
        PERMANENT,
        "invalid_association",
    ),
    "may not associate (2026-09)": Case(
        400, said("Missing 'Edit Associations' permission."), MISCONFIGURATION, "missing_permission"
    ),
    "too many labels": Case(437, said("too many labels"), MISCONFIGURATION, "too_many_labels"),
    "malformed JSON": Case(
        400, said("Invalid input JSON on line 1, column 5: erika@example.org"), PERMANENT, "invalid_input"
    ),
    "400 without a body": Case(400, b"", PERMANENT, "invalid_input"),
    "too many merges": Case(414, said("Cannot have more than 250 identities on a profile"), PERMANENT, "uri_too_long"),
    # 2.3: access
    "no such token": Case(401, http_bodies.MISSING_TOKEN, MISCONFIGURATION, "authentication_failed"),
    "token expired": Case(401, http_bodies.EXPIRED_TOKEN, MISCONFIGURATION, "token_expired"),
    # 3: limits and trouble
    "burst": Case(429, http_bodies.TEN_SECONDLY, TEMPORARY, "rate_limited"),
    "search burst": Case(429, http_bodies.SECONDLY, TEMPORARY, "rate_limited"),
    "daily quota": Case(429, http_bodies.DAILY, TEMPORARY, "rate_limited"),
    "429 as a page": Case(429, HTML, TEMPORARY, "rate_limited"),
    "lock": Case(423, said("locked"), TEMPORARY, "locked"),
    "region migration": Case(477, said("migrating"), TEMPORARY, "migrating"),
    "request timeout": Case(408, b"", TEMPORARY, "unexpected_status"),
    "redirect": Case(302, b"", TEMPORARY, "unexpected_status"),
    "a status nobody knows": Case(418, b"[]", TEMPORARY, "unexpected_status"),
    "not paid": Case(402, said("suspended"), MISCONFIGURATION, "payment_required"),
    "for legal reasons": Case(451, b"", MISCONFIGURATION, "legally_blocked"),
    "method refused": Case(405, b"", SYSTEM, "call_refused"),
    "version gone": Case(410, b"", SYSTEM, "version_ended"),
    "content type refused": Case(415, said("no"), SYSTEM, "call_refused"),
    **{
        f"{status} of the edge or a proxy": Case(status, HTML, TEMPORARY, "edge_page")
        for status in (400, 401, 402, 403, 404, 405, 407, 409, 410, 415, 451)
    },
    "5xx in JSON": Case(500, said("internal error", ""), TEMPORARY, "server_trouble"),
    "5xx in truncated JSON": Case(500, b'{"status":"error","message":"Erika Muster', TEMPORARY, "server_trouble"),
    "400 in truncated JSON": Case(400, b'{"status":"error","message":"Erika Muster', PERMANENT, "invalid_input"),
    **{
        f"{status} of the edge": Case(status, HTML, TEMPORARY, "server_trouble")
        for status in (502, 503, 504, 521, 522, 523, 524, 525, 526, 530)
    },
}

# entry of a 207 -> (word, code, property)
ENTRIES = {
    "conflict": (http_bodies.PARTIAL_CREATE["errors"][0], PERMANENT, "conflict", None),
    "missing": (http_bodies.PARTIAL_READ["errors"][0], PERMANENT, "not_found", None),
    "invalid": (http_bodies.INVALID_OPTION, MISCONFIGURATION, "INVALID_OPTION", "ticket_type"),
    "scope": (http_bodies.MISSING_SCOPES, MISCONFIGURATION, "missing_scope", None),
    "limit": ({"category": "RATE_LIMITS"}, TEMPORARY, "rate_limited", None),
    "trouble": ({"category": "INTERNAL_SERVER_ERROR"}, TEMPORARY, "server_trouble", None),
    "new category": ({"category": "NEW", "errors": [{"code": "INVALID_X"}]}, PERMANENT, "INVALID_X", None),
    "nothing": ({}, TEMPORARY, "unexpected_status", None),
    "nonsense": (None, TEMPORARY, "unexpected_status", None),
}

# status and HubSpot's word at the token endpoint -> (word, code)
TOKEN_ENDPOINT = {
    "uninstalled": (400, http_bodies.BAD_REFRESH_TOKEN, MISCONFIGURATION, "token_revoked"),
    "portal gone": (400, {"status": "BAD_HUB", "error": "access_denied"}, MISCONFIGURATION, "token_revoked"),
    **{
        word: (400, {"status": word}, SYSTEM, "oauth_misconfigured")
        for word in ("BAD_CLIENT_ID", "BAD_CLIENT_SECRET", "BAD_REDIRECT_URI", "BAD_CODE_VERIFIER")
        + ("BAD_SCOPES", "BAD_GRANT_TYPE")
    },
    "code used": (400, {"status": "BAD_AUTH_CODE"}, TEMPORARY, "auth_code_rejected"),
    "RFC 6749 only": (400, {"error": "invalid_grant"}, MISCONFIGURATION, "token_revoked"),
    "limit": (429, http_bodies.TEN_SECONDLY, TEMPORARY, "rate_limited"),
    "trouble": (503, HTML, TEMPORARY, "server_trouble"),
}

# no answer at all -> (word, code)
SILENCE = {
    errors.ConnectTimeout: (TEMPORARY, "connect_timeout"),
    errors.ReadTimeout: (TEMPORARY, "read_timeout"),
    errors.ConnectionFailed: (TEMPORARY, "connection_failed"),
    errors.BlockedByServer: (SYSTEM, "blocked_by_server"),
    errors.BadAnswer: (TEMPORARY, "bad_answer"),  # 2xx, truncated or of another shape
}


def assert_fit_to_be_shown(failure):
    """No value of the order, and words of its own for people."""
    kept = json.dumps(failure.to_json())
    assert [value for value in PERSONAL if value in kept] == []
    assert len(kept) < 3_000
    sentence = explain(replace(failure, message=""))
    assert "{" not in sentence
    assert "pretix field cannot be sent" not in sentence.lower()  # the words for a code that nobody described


def answered(status, body, headers=None):
    return error_from_response(status, headers or {}, encoded(body), "contacts batch create")


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS)
def test_answers(case):
    failure = classify(answered(case.status, case.body), mapping=7, position=8, object_type="contacts")

    assert (failure.mode, failure.code, failure.params.get("property")) == (case.mode, case.code, case.property)
    assert (failure.mapping, failure.position, failure.object_type) == (7, 8, "contacts")
    expected = case.body.get("correlationId", "") if isinstance(case.body, dict) else ""
    assert failure.correlation_id == expected
    assert_fit_to_be_shown(failure)


@pytest.mark.parametrize(("entry", "mode", "code", "name"), list(ENTRIES.values()), ids=list(ENTRIES))
def test_inputs_refused_in_a_207(entry, mode, code, name):
    failure = classify(error_from_entry(entry, "contacts batch create"))
    assert (failure.mode, failure.code, failure.params.get("property")) == (mode, code, name)
    assert_fit_to_be_shown(failure)


@pytest.mark.parametrize(("status", "body", "mode", "code"), list(TOKEN_ENDPOINT.values()), ids=list(TOKEN_ENDPOINT))
def test_token_endpoint(status, body, mode, code):
    failure = classify(error_from_token_endpoint(status, {}, encoded(body), "oauth refresh"))
    assert (failure.mode, failure.code) == (mode, code)
    assert_fit_to_be_shown(failure)


@pytest.mark.parametrize("kind", SILENCE)
def test_no_answer(kind):
    failure = classify(kind("The connection to HubSpot failed"))
    assert (failure.mode, failure.code) == SILENCE[kind]
    assert_fit_to_be_shown(failure)


def test_success_that_was_never_confirmed():
    failure = classify(None, mapping=7, object_type="deals")
    assert failure == Failure(TEMPORARY, "no_answer_for_record", {}, 7, None, "deals")


def test_the_correlation_id_may_come_in_a_header_only():
    failure = classify(answered(502, HTML, {"X-HubSpot-Correlation-Id": ID}))
    assert (failure.correlation_id, failure.message) == (ID, "502 Bad Gateway | api.hubapi.com")


def test_missing_scopes_are_named():
    assert classify(answered(403, http_bodies.MISSING_SCOPES)).params == {"scopes": "crm.schemas.deals.write"}
    assert classify(answered(403, said("no", "MISSING_SCOPES"))).params == {}


def test_the_message_of_the_decisive_property_is_kept():
    failure = classify(answered(400, http_bodies.INVALID_OPTION))
    assert failure.message == "VIP was not one of the allowed options"


def test_every_kind_of_error_has_a_word_and_words():
    def kinds(base):
        yield base
        for kind in base.__subclasses__():
            yield from kinds(kind)

    for kind in kinds(errors.HubSpotError):
        failure = classify(kind("said"))
        assert failure.mode in (TEMPORARY, SYSTEM, PERMANENT, MISCONFIGURATION)
        if kind not in (errors.HubSpotError, errors.NoAnswer):  # never raised themselves
            assert_fit_to_be_shown(failure)


# What we refuse ourselves

REFUSALS = {
    TEMPORARY: "no_answer_for_record record_vanished",
    MISCONFIGURATION: (
        "unknown_property unknown_field read_only_property no_option incompatible no_identifier option_not_mapped file "
        "wrong_source unknown_mode several_values"
    ),
    PERMANENT: (
        "invalid_email unreadable not_a_number not_a_date not_a_boolean not_a_phone append_number append_single "
        "number_filled already_set of_a_later_version"
    ),
}


@pytest.mark.parametrize(("mode", "code"), [(mode, code) for mode, codes in REFUSALS.items() for code in codes.split()])
def test_refusals(mode, code):
    failure = refused(Refusal(code, {"property": "prop"}), 7, 8, "contacts")

    assert failure == Failure(mode, code, {"property": "prop"}, 7, 8, "contacts")
    assert explain(failure)


def test_a_text_of_the_mapping_that_cannot_be_sent_is_fixed_in_the_mapping():
    failure = refused(Refusal("not_a_number", {"property": "prop", "constant": True}), 7, None, "contacts")

    assert failure.mode == MISCONFIGURATION


def test_what_is_stored_of_a_failure_leaves_out_what_is_empty():
    assert Failure(TEMPORARY, "locked").to_json() == {"mode": "temporary", "code": "locked"}
    assert Failure(**Failure(PERMANENT, "x", {"a": 1}, 7, 8, "deals", "m", ID).to_json()).correlation_id == ID


# Orders


def row(field, name):
    return MappingRow(field, "S", name, PropertyDefinition(name, name.title(), "string", "text"), OVERWRITE)


BUYER = MappingSpec(1, ORDERS, "contacts", row("email", "email"), (row("name", "lastname"),))
ATTENDEE = MappingSpec(2, POSITIONS, "contacts", row("attendee_email", "email"), ())
ORDER_7 = Subject.of_order(7)
LINKED = Association(("deals", "903"), ("contacts", "901"))
DEAL = MappingSpec(3, ORDERS, "deals", row("key", "pretix_order_key"), (), associations=(1,))


@pytest.fixture
def plan():
    position = PositionSnapshot(70, 1, False, {"attendee_email": "grace@example.org"})
    order = OrderSnapshot(7, "A1", "n", False, {"email": "ada@example.org", "name": "L", "key": "A1"}, (position,))
    return build_plan(99, [((BUYER, ATTENDEE, DEAL), [order])])


def refs(plan):
    return {m: records[0][1] for m, records in plan.subjects[ORDER_7].records.items()}


def execution(plan, **outcomes):
    """Everything arrived, except for what ``outcomes`` says about mapping m1, m2 and m3."""
    results = {ref: SentRecord(f"90{m}", "created") for m, ref in refs(plan).items()}
    results |= {refs(plan)[int(name[1:])]: outcome for name, outcome in outcomes.items()}
    return Execution({ORDER_7: results}, {ORDER_7: {LINKED}}, {ORDER_7: {}})


def test_an_order_whose_records_all_arrived_is_in_sync(plan):
    [verdict] = judge(plan, execution(plan))
    r = refs(plan)
    assert verdict.written == (
        Written(1, None, r[1], SentRecord("901", "created")),
        Written(2, 70, r[2], SentRecord("902", "created")),
        Written(3, None, r[3], SentRecord("903", "created")),
    )
    assert (verdict.failures, verdict.mode, verdict.changed) == ((), None, True)
    assert verdict.associated == (LINKED,)
    assert verdict.fingerprint == plan.subjects[ORDER_7].fingerprint


def test_one_failed_record_fails_the_order_and_is_named(plan):
    error = answered(400, http_bodies.INVALID_OPTION)
    [verdict] = judge(plan, execution(plan, m2=FailedRecord(error)))
    [failure] = verdict.failures
    assert (failure.mapping, failure.position, failure.object_type) == (2, 70, "contacts")
    assert (verdict.mode, [w.mapping for w in verdict.written]) == (MISCONFIGURATION, [1, 3])


def test_each_refusal_of_a_record_is_a_failure_and_the_graver_word_wins(plan):
    refusals = (Refusal("already_set", {"property": "a"}), Refusal("unknown_property", {"property": "b"}))
    [verdict] = judge(plan, execution(plan, m1=FailedRecord(refusals=refusals), m3=FailedRecord(answered(500, b""))))
    assert [f.code for f in verdict.failures] == ["already_set", "unknown_property", "server_trouble"]
    assert verdict.mode == MISCONFIGURATION


GRACE = PositionSnapshot(70, 1, False, {"attendee_email": "ada@example.org", "diet": "vegan"})
WITH_DIET = replace(ATTENDEE, rows=(row("name", "lastname"), row("diet", "diet")))


def refused_for(name, specs=(BUYER, WITH_DIET), positions=(GRACE,), code="PROPERTY_DOESNT_EXIST"):
    """Which mapping and position an order is told about whose one record HubSpot refuses for a property."""
    order = OrderSnapshot(7, "A1", "n", False, {"email": "ada@example.org", "name": "L", "key": "A1"}, positions)
    plan = build_plan(99, [(specs, [order])])
    error = answered(400, validation(code, f'Property "{name}" does not exist', name))
    results = {ref: FailedRecord(error) for ref in plan.records}
    [verdict] = judge(plan, Execution({ORDER_7: results}, {ORDER_7: set()}, {ORDER_7: {}}))
    return [(failure.mapping, failure.position) for failure in verdict.failures]


def test_a_record_that_mappings_share_fails_for_the_mapping_that_has_the_row():
    assert refused_for("diet") == [(2, 70)]
    assert refused_for("lastname") == [(1, None), (2, 70)], "both say it"
    assert refused_for("email") == [(1, None), (2, 70)], "the identifier is everybody's"


def test_who_has_no_value_for_it_is_not_to_blame():
    friend = PositionSnapshot(71, 2, False, {"attendee_email": "ada@example.org", "diet": ""})
    assert refused_for("diet", positions=(GRACE, friend)) == [(2, 70)]
    assert refused_for("diet", positions=(friend,)) == [(2, 71)], "unless nobody has"


def test_a_record_that_hubspot_knows_by_several_keys_fails_for_the_row_too():
    by_number = replace(WITH_DIET, identifier=row("attendee_email", "number"))
    assert refused_for("diet", specs=(BUYER, by_number)) == [(2, 70)]


def test_what_a_record_lacks_is_said_to_all_of_its_mappings():
    code = "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    friend = PositionSnapshot(71, 2, False, {"attendee_email": "ada@example.org", "diet": ""})
    assert refused_for("diet", positions=(friend,), code=code) == [(1, None), (2, 71)]


def test_what_a_record_lacks_is_nobodys_row(plan):
    [verdict] = judge(plan, execution(plan, m3=FailedRecord(answered(400, NOT_SET))))
    assert [(f.mapping, f.params) for f in verdict.failures] == [(3, {"property": "dealname, dealstage"})]


def test_an_association_that_failed_is_told_by_the_mapping_that_wants_it(plan):
    done = execution(plan)
    pair = (refs(plan)[3], refs(plan)[1])
    done.association_errors = {ORDER_7: {pair: answered(400, said("Missing 'Edit Associations' permission."))}}
    [verdict] = judge(plan, done)
    [failure] = verdict.failures
    assert (failure.mapping, failure.code, failure.object_type) == (3, "missing_permission", "deals")


def test_an_association_that_was_never_confirmed_fails(plan):
    done = execution(plan)
    done.association_errors = {ORDER_7: {(refs(plan)[3], refs(plan)[1]): None}}
    [verdict] = judge(plan, done)
    assert [f.code for f in verdict.failures] == ["no_answer_for_record"]


def test_an_association_with_a_record_that_went_away_waits_for_the_next_attempt(plan):
    done = execution(plan)
    done.association_errors = {ORDER_7: {(refs(plan)[3], refs(plan)[1]): Refusal("record_vanished")}}
    [verdict] = judge(plan, done)
    assert verdict.failures == (Failure(TEMPORARY, "record_vanished", {}, 3, None, "deals"),)
    assert explain(verdict.failures[0]) == (
        "Deals: A record was deleted or merged in HubSpot while it was being associated."
    )


def test_an_association_that_could_not_be_removed_fails(plan):
    done = execution(plan)
    done.detach_errors = {ORDER_7: {LINKED: answered(400, said("One or more associations are invalid"))}}
    [verdict] = judge(plan, done)
    [failure] = verdict.failures
    assert (failure.mapping, failure.code, failure.object_type) == (None, "invalid_association", "deals")


def test_a_record_that_was_withheld_is_a_failure():
    values = {"email": FieldRefused("invalid_email"), "name": "L", "key": "A1"}
    plan = build_plan(99, [((BUYER, DEAL), [OrderSnapshot(7, "A1", "n", False, values, ())])])
    sent = {ref: SentRecord("903", "nothing_to_do") for ref in plan.records}
    [verdict] = judge(plan, Execution({ORDER_7: sent}, {}, {}))
    assert [(f.mode, f.code, f.mapping) for f in verdict.failures] == [(PERMANENT, "invalid_email", 1)]
    assert not verdict.changed


LINES = MappingSpec(4, ORDERS, "line_items", row("key", "line_key"), (), associations=(3,))
REFUSED = answered(403, http_bodies.MISSING_SCOPES)


@pytest.fixture
def with_lines():
    values = {"email": "ada@example.org", "name": "L", "key": "A1"}
    return build_plan(99, [((BUYER, DEAL, LINES), [OrderSnapshot(7, "A1", "n", False, values, ())])])


def test_a_side_that_hubspot_does_not_let_us_use_is_a_setting_and_no_failure(with_lines):
    [verdict] = judge(with_lines, execution(with_lines, m4=FailedRecord(REFUSED)))

    assert (verdict.failures, verdict.mode) == ((), None)
    assert [(f.code, f.object_type) for f in verdict.lacking] == [("missing_scope", "line_items")]
    assert verdict.fingerprint != with_lines.subjects[ORDER_7].fingerprint, "or nobody would send the rest later"


def test_an_object_type_that_hubspot_did_not_tell_about_is_a_failure_in_hubspots_words():
    unreadable = replace(LINES, unreadable=answered(400, said("Unable to infer object type from: 2-9")))
    values = {"email": "ada@example.org", "name": "L", "key": "A1"}
    plan = build_plan(99, [((BUYER, unreadable), [OrderSnapshot(7, "A1", "n", False, values, ())])])
    sent = {ref: SentRecord("901", "created") for ref in plan.records}
    [verdict] = judge(plan, Execution({ORDER_7: sent}, {}, {}))

    assert [(f.mode, f.code, f.mapping) for f in verdict.failures] == [(MISCONFIGURATION, "unknown_object_type", 4)]
    assert "Unable to infer object type" in verdict.failures[0].message


def test_what_is_no_side_fails_the_order(with_lines):
    [verdict] = judge(with_lines, execution(with_lines, m3=FailedRecord(REFUSED)))

    assert [f.object_type for f in verdict.failures] == ["deals"]
    assert verdict.lacking == ()


def test_without_its_main_part_an_order_fails_for_its_side(with_lines):
    lost = {f"m{number}": FailedRecord(answered(500, b"")) for number in (1, 3)}
    [verdict] = judge(with_lines, execution(with_lines, m4=FailedRecord(REFUSED), **lost))

    assert [f.object_type for f in verdict.failures] == ["contacts", "deals", "line_items"]
    assert verdict.lacking == ()


@pytest.mark.parametrize("ends", [(4, 3), (3, 4)], ids=["from the side", "to the side"])
def test_an_association_with_the_side_is_about_the_side(with_lines, ends):
    done = execution(with_lines)
    pair = tuple(refs(with_lines)[mapping] for mapping in ends)
    done.association_errors = {ORDER_7: {pair: REFUSED}}
    [verdict] = judge(with_lines, done)

    assert [(f.code, f.object_type) for f in verdict.lacking] == [("missing_scope", "line_items")]


def test_a_reason_that_several_associations_share_is_told_once(plan):
    r = refs(plan)
    done = execution(plan)
    refusal = answered(400, said("Missing 'Edit Associations' permission."))
    done.association_errors = {ORDER_7: {(r[3], r[1]): refusal, (r[3], r[2]): refusal}}
    done.detach_errors = {
        ORDER_7: {Association(("deals", "903"), ("contacts", str(number))): refusal for number in (1, 2)}
    }
    [verdict] = judge(plan, done)

    assert [(f.code, f.mapping) for f in verdict.failures] == [("missing_permission", 3), ("missing_permission", None)]


@pytest.mark.parametrize(
    ("modes", "word"),
    [
        ([TEMPORARY], TEMPORARY),
        ([TEMPORARY, PERMANENT], PERMANENT),
        ([MISCONFIGURATION, PERMANENT], MISCONFIGURATION),
        ([SYSTEM, MISCONFIGURATION, TEMPORARY], SYSTEM),
    ],
)
def test_the_graver_word_wins(modes, word):
    assert Verdict(ORDER_7, "", failures=tuple(Failure(mode, "x") for mode in modes)).mode == word
