"""From problems to HTTP: statuses and error bodies (hubspot.md 4)."""

import uuid

from hubspot_simulator.oauth.state import TokenRefused
from hubspot_simulator.problems import (
    CONFLICT,
    FORBIDDEN,
    GONE,
    INVALID,
    LIMITED,
    MISSING,
    TOO_LONG,
    TOO_MANY_LABELS,
    UNAUTHORISED,
    WRONG_CONTENT,
    WRONG_METHOD,
    Problem,
)

from .request import Reply

STATUS = {
    INVALID: 400,
    UNAUTHORISED: 401,
    FORBIDDEN: 403,
    MISSING: 404,
    WRONG_METHOD: 405,
    CONFLICT: 409,
    GONE: 410,
    TOO_LONG: 414,
    WRONG_CONTENT: 415,
    LIMITED: 429,
    TOO_MANY_LABELS: 437,
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
    if problem.kind == CONFLICT:
        body.pop("context", None)
    reply = Reply(STATUS[problem.kind], body)
    if problem.kind == LIMITED and retry_after is not None:
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
