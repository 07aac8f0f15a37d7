"""From problems to HTTP: statuses and error bodies (hubspot.md 4)."""

import uuid

from hubspot_simulator.oauth.state import TokenRefused
from hubspot_simulator.problems import Problem

from .request import Reply

STATUS = {
    "invalid": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "missing": 404,
    "wrong-method": 405,
    "conflict": 409,
    "gone": 410,
    "too-long": 414,
    "wrong-content": 415,
    "limited": 429,
    "too-many-labels": 437,
}


def problem_reply(problem: Problem, correlation_id: str, retry_after: int | None = None) -> Reply:
    """The envelope of one refusal; optional fields are left out when empty."""
    body: dict[str, object] = {"status": "error", "message": problem.message, "correlationId": correlation_id}
    body |= problem.extra
    for name, value in (
        ("errors", problem.details),
        ("context", problem.context),
        ("links", problem.links),
        ("category", problem.category),
        ("subCategory", problem.sub_category),
    ):
        if value:
            body[name] = value
    # The id of an existing record is only in the text of a single answer (hubspot.md 4.2, C).
    if problem.kind == "conflict":
        body.pop("context", None)
    reply = Reply(STATUS[problem.kind], body)
    if problem.kind == "limited" and retry_after is not None:
        reply.headers["Retry-After"] = str(retry_after)
    return reply


def token_reply(refused: TokenRefused, correlation_id: str) -> Reply:
    """The token endpoint answers in two languages at once (hubspot.md 2.2, A/B)."""
    return Reply(
        400,
        {
            "error": refused.error,
            "error_description": refused.description,
            "status": refused.status,
            "message": refused.message,
            "correlationId": correlation_id,
        },
    )


def new_correlation_id() -> str:
    return str(uuid.uuid4())
