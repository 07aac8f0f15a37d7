"""The HubSpot client: one method per endpoint, one private request function.

Methods return the plain data of `types` and raise the errors of `errors`, nothing else;
ValueError means that the caller broke a documented limit before anything was sent.
Nothing is repeated in here except one call after a 401: the engine decides about everything else.
Paths: hubspot.md 1.2 (A).
"""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from . import answers, errors, versions
from .calls_account import AccountCalls
from .calls_associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS, AssociationCalls
from .calls_records import MAX_RECORDS, RecordCalls
from .calls_schema import SchemaCalls
from .pacing import Budget
from .transport import HttpAnswer, RequestLog, encoded, exchange, new_session
from .wire import parse_json

__all__ = ["MAX_ASSOCIATIONS", "MAX_ASSOCIATION_READS", "MAX_RECORDS", "Client", "RequestLog"]


class Client(RecordCalls, AssociationCalls, SchemaCalls, AccountCalls):
    """Calls to one portal, as one connection.

    `token()` gives the current access token.
    `refresh(bad_token)` is called once after a 401 and returns a better one; without it a 401 is final.
    `budget` is asked before every call and told about every answer.
    `live=False` marks bulk work, which yields to live orders.
    `version` is the API's, `plugin_version` goes into the User-Agent.
    A client is not shared between threads, since a requests session is not.
    """

    def __init__(
        self,
        api_url: str,
        version: str,
        token: Callable[[], str],
        refresh: Callable[[str], str] | None,
        budget: Budget,
        http: requests.Session | None = None,
        timeouts: tuple[float, float] = (5.0, 60.0),
        on_request: Callable[[RequestLog], None] | None = None,
        *,
        live: bool = True,
        plugin_version: str = "0",
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self.version = versions.checked(version)
        self._token = token
        self._refresh = refresh
        self._budget = budget
        self._http = http or new_session(plugin_version)
        self._timeouts = timeouts
        self._on_request = on_request
        self._live = live

    def for_bulk(self) -> "Client":
        """The same client, connections included, whose calls yield to live orders."""
        other = copy.copy(self)
        other._live = False
        return other

    def close(self) -> None:
        self._http.close()

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        values: Sequence[str] = (),
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        inputs: int = 1,
        budget: str | None = "crm",
        token: str | None = None,
    ) -> dict[str, Any]:
        template = path.replace("{V}", self.version)
        url = self._api_url + template.format(*map(_quoted, values))
        data = None if body is None else encoded(body)
        call = _Call(operation, method, template, url, data, params, inputs, budget)
        used = token or self._token()
        answer = self._attempt(call, used)
        if answer.status == 401 and token is None and self._refresh is not None:
            better = self._refresh(used)
            if better != used:
                answer = self._attempt(call, better)
        return _content(answer, operation)

    def _attempt(self, call: "_Call", token: str) -> HttpAnswer:
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            # People paste tokens; a header cannot carry everything that a form field can.
            raise errors.AuthenticationFailed("The token holds characters that no token has", operation=call.operation)
        headers = {"Authorization": f"Bearer {token}"}
        if call.data is not None:
            headers["Content-Type"] = "application/json"
        # Last of all, since the granted moment is now: everything slow is done before.
        self._wait(call)
        start = time.monotonic()
        try:
            answer = exchange(self._http, call.method, call.url, headers, call.data, call.params, self._timeouts)
        except errors.HubSpotError as failure:
            failure.operation = call.operation
            self._tell(call, start, failure.status, error=type(failure).__name__)
            raise
        said = answers.correlation_id({}, answer.headers), answers.header(answer.headers, "date")
        self._tell(call, start, answer.status, len(answer.body), *said)
        self._heed(call, answer)
        return answer

    def _wait(self, call: "_Call") -> None:
        if call.budget is None:
            return
        try:
            self._budget.acquire(call.budget, self._live)
        except errors.RateLimited as refusal:
            refusal.operation = refusal.operation or call.operation
            raise

    def _heed(self, call: "_Call", answer: HttpAnswer) -> None:
        """Tell the budget what this answer says about it."""
        if call.budget is None:
            return
        self._budget.observe(answer.status, answer.headers)
        if answer.status == 429:
            limited = answers.error_from_response(429, answer.headers, answer.body)
            policy = limited.policy if isinstance(limited, errors.RateLimited) else "burst"
            self._budget.throttled(policy, limited.retry_after)

    def _tell(
        self,
        call: "_Call",
        start: float,
        status: int | None,
        response_bytes: int = 0,
        correlation_id: str = "",
        date: str = "",
        error: str = "",
    ) -> None:
        if self._on_request is None:
            return
        self._on_request(
            RequestLog(
                operation=call.operation,
                method=call.method,
                path=call.path,
                inputs=call.inputs,
                status=status,
                seconds=time.monotonic() - start,
                request_bytes=len(call.data or b""),
                response_bytes=response_bytes,
                correlation_id=correlation_id,
                error=error,
                date=date,
            )
        )


@dataclass(frozen=True)
class _Call:
    """One call, ready to be sent; `path` is the template, without identifiers."""

    operation: str
    method: str
    path: str
    url: str = field(repr=False)
    data: bytes | None = field(repr=False)
    params: Mapping[str, str] | None = field(repr=False)
    inputs: int
    budget: str | None


def _quoted(value: str) -> str:
    """`value` as one path segment; "." and ".." would climb out of it even if quoted."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is no identifier")
    return quote(value, safe="")


def _content(answer: HttpAnswer, operation: str) -> dict[str, Any]:
    if not 200 <= answer.status <= 299:
        raise answers.error_from_response(answer.status, answer.headers, answer.body, operation)
    if not answer.body.strip():
        return {}
    try:
        found = parse_json(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise errors.BadAnswer(
            "HubSpot's answer could not be read",
            status=answer.status,
            correlation_id=answers.correlation_id({}, answer.headers),
            operation=operation,
        )
    return found
