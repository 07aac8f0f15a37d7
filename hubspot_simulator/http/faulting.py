"""Carrying scripted faults out (hubspot.md 3)."""

import json

from hubspot_simulator.backend import Backend
from hubspot_simulator.crm.account.limits import limit_problem
from hubspot_simulator.faults import Fault
from hubspot_simulator.problems import INVALID, Problem

from .envelopes import problem_reply
from .request import HTML_TYPE, Call, Reply

EDGE_PAGE = """<!DOCTYPE html>
<html><head><title>{status} {title}</title></head>
<body><center><h1>{status} {title}</h1></center><hr><center>cloudflare</center></body></html>
"""
TITLES = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    530: "Origin DNS error",
}
MESSAGES = {
    400: ("There was a problem with the request.", "VALIDATION_ERROR"),
    401: (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    ),
    403: (
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
        "here: https://developers.hubspot.com/scopes.",
        "MISSING_SCOPES",
    ),
    409: ("Contact already exists", "CONFLICT"),
    423: ("The object is locked, please try again in a moment.", "LOCKED"),
    477: ("This account is being migrated to another region.", "MIGRATION_IN_PROGRESS"),
    500: ("internal error", "INTERNAL_ERROR"),
    503: ("Service temporarily unavailable", "SERVICE_UNAVAILABLE"),
}


def fault_reply(backend: Backend, fault: Fault, call: Call | None, correlation_id: str, answer: Reply | None) -> Reply:
    """What the client sees instead of ``answer``, which is None before the commit."""
    if fault.kind == "reset":
        return Reply(reset=True)
    if fault.kind == "timeout":
        return Reply(hang=fault.seconds)
    if fault.kind == "html":
        title = TITLES.get(fault.status, "Error")
        reply = Reply(fault.status, text=EDGE_PAGE.format(status=fault.status, title=title), content_type=HTML_TYPE)
    elif fault.kind == "status":
        reply = _status(backend, fault, call, correlation_id)
    else:
        reply = _spoil(fault.kind, answer or Reply())
    if fault.answer and isinstance(reply.data, dict):
        said = reply.data | fault.answer
        reply.data = {key: value for key, value in said.items() if value is not None}
    if fault.retry_after is not None:
        reply.headers["Retry-After"] = str(fault.retry_after)
    return reply


def _status(backend: Backend, fault: Fault, call: Call | None, correlation_id: str) -> Reply:
    if fault.status == 429:
        problem = limit_problem(fault.policy, call.portal if call else backend.portal, call.grant if call else None)
        return problem_reply(problem, correlation_id, backend.switches.retry_after_on_429)
    message, category = MESSAGES.get(fault.status, (f"HTTP {fault.status}", None))
    reply = problem_reply(Problem(INVALID, message, category), correlation_id)
    reply.status = fault.status
    return reply


def _spoil(kind: str, answer: Reply) -> Reply:
    """Breaks an answer whose write did happen."""
    if kind == "truncated":
        answer.cut = True
        return answer
    if kind == "malformed":
        return Reply(
            answer.status,
            text='{"status":"COMPLETE","results":[{"id":',
            content_type=answer.content_type,
            headers=answer.headers,
        )
    if kind == "empty_body":
        return Reply(answer.status, text="", content_type=answer.content_type, headers=answer.headers)
    body = json.loads(json.dumps(answer.data)) if isinstance(answer.data, dict) else {}
    results = body.get("results")
    if isinstance(results, list):
        body["results"] = [] if kind == "drop_results" else results[:-1]
    return Reply(answer.status, body, headers=answer.headers)
