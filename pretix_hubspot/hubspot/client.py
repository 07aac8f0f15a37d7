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
from functools import partial
from typing import Any
from urllib.parse import quote

import requests

from . import answers, errors, versions
from .calls import succeeded
from .calls_account import AccountCalls
from .calls_associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS, AssociationCalls
from .calls_records import MAX_RECORDS, RecordCalls
from .calls_schema import SchemaCalls
from .lines import AT_ONCE, Lines
from .pacing import Budget
from .transport import HttpAnswer, RequestLog, encoded, exchange, new_session
from .wire import parse_json

__all__ = ["AT_ONCE", "MAX_ASSOCIATIONS", "MAX_ASSOCIATION_READS", "MAX_RECORDS", "Client", "RequestLog"]

#: Seconds after which no more calls join those under way: whoever makes them has to look after other things as well.
LONGEST_START = 10.0


class Client(RecordCalls, AssociationCalls, SchemaCalls, AccountCalls):
    """Calls to one portal, as one connection.

    `token()` gives the current access token.
    `refresh(bad_token)` is called once after a 401 and returns a better one; without it a 401 is final.
    `budget` is asked before every call and told about every answer.
    `live=False` marks bulk work, which yields to live orders.
    `version` is the API's, `plugin_version` goes into the User-Agent.
    A client is not shared between threads; its own threads do nothing but send and receive.
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
        self._lines = Lines()
        self._timeouts = timeouts
        self._on_request = on_request
        self._live = live

    def for_bulk(self) -> "Client":
        """The same client, connections included, whose calls yield to live orders."""
        other = copy.copy(self)
        other._live = False
        return other

    def close(self) -> None:
        self._lines.close()
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
        call = self._prepared(operation, method, path, values, body, params, inputs, budget)
        return succeeded(self._answers([call], token)[0])

    def _calls(
        self,
        operation: str,
        method: str,
        path: str,
        values: Sequence[str],
        bodies: Sequence[Any],
        inputs: Sequence[int],
    ) -> list[dict[str, Any] | errors.HubSpotError]:
        calls = [
            self._prepared(operation, method, path, values, body, None, number, "crm")
            for body, number in zip(bodies, inputs, strict=True)
        ]
        return self._answers(calls, None)

    def _prepared(
        self,
        operation: str,
        method: str,
        path: str,
        values: Sequence[str],
        body: Any,
        params: Mapping[str, str] | None,
        inputs: int,
        budget: str | None,
    ) -> "_Call":
        template = path.replace("{V}", self.version)
        url = self._api_url + template.format(*map(_quoted, values))
        data = None if body is None else encoded(body)
        return _Call(operation, method, template, url, data, params, inputs, budget)

    def _answers(self, calls: "Sequence[_Call]", token: str | None) -> list[dict[str, Any] | errors.HubSpotError]:
        """What HubSpot says to the first calls; those whose token it refuses are repeated once with a better one."""
        used = token or self._token()
        found = self._attempt(calls, used)
        denied = [number for number, answer in enumerate(found) if getattr(answer, "status", None) == 401]
        if denied and token is None and self._refresh is not None:
            better = self._refresh(used)
            if better != used:
                again = self._attempt([calls[number] for number in denied], better)
                for number, answer in zip(denied, again, strict=False):
                    found[number] = answer
                found = found[: denied[len(again)]] if len(again) < len(denied) else found
        return [_content(answer, call.operation) for call, answer in zip(calls, found, strict=False)]

    def _attempt(self, calls: "Sequence[_Call]", token: str) -> list[HttpAnswer | errors.HubSpotError]:
        """Make the first of these calls at the same time: at least one, and no more once the budget is used up."""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            # People paste tokens; a header cannot carry everything that a form field can.
            operation = calls[0].operation
            raise errors.AuthenticationFailed("The token holds characters that no token has", operation=operation)
        started: list[Callable[[], _End]] = []
        refused: list[errors.HubSpotError] = []
        began = time.monotonic()
        for call in calls:
            if started and time.monotonic() - began > LONGEST_START:
                break
            try:
                self._wait(call)
            except errors.RateLimited as refusal:
                refused.append(refusal)
                break
            exchanging = partial(self._exchange, call, token)
            started.append(exchanging if len(calls) == 1 else self._lines.start(exchanging).result)
        found: list[HttpAnswer | errors.HubSpotError] = []
        for call, ended in zip(calls, started, strict=False):
            end = ended()
            self._tell(call, end)
            self._heed(call, end.outcome)
            found.append(end.outcome)
        return found + refused

    def _exchange(self, call: "_Call", token: str) -> "_End":
        """Send and receive, in whatever thread."""
        headers = {"Authorization": f"Bearer {token}"}
        if call.data is not None:
            headers["Content-Type"] = "application/json"
        start = time.monotonic()
        try:
            answer = exchange(self._http, call.method, call.url, headers, call.data, call.params, self._timeouts)
        except errors.HubSpotError as failure:
            failure.operation = call.operation
            return _End(failure, time.monotonic() - start)
        return _End(answer, time.monotonic() - start)

    def _wait(self, call: "_Call") -> None:
        if call.budget is None:
            return
        try:
            self._budget.acquire(call.budget, self._live)
        except errors.RateLimited as refusal:
            refusal.operation = refusal.operation or call.operation
            raise

    def _heed(self, call: "_Call", answer: HttpAnswer | errors.HubSpotError) -> None:
        """Tell the budget what this answer says about it."""
        if call.budget is None or isinstance(answer, errors.HubSpotError):
            return
        self._budget.observe(answer.status, answer.headers)
        if answer.status == 429:
            limited = answers.error_from_response(429, answer.headers, answer.body)
            policy = limited.policy if isinstance(limited, errors.RateLimited) else "burst"
            self._budget.throttled(policy, limited.retry_after, call.budget)

    def _tell(self, call: "_Call", end: "_End") -> None:
        if self._on_request is None:
            return
        answer = end.outcome
        if isinstance(answer, errors.HubSpotError):
            said = {"response_bytes": 0, "error": type(answer).__name__}
        else:
            said = {
                "response_bytes": len(answer.body),
                "correlation_id": answers.correlation_id({}, answer.headers),
                "date": answers.header(answer.headers, "date"),
            }
        self._on_request(
            RequestLog(
                operation=call.operation,
                method=call.method,
                path=call.path,
                inputs=call.inputs,
                status=answer.status,
                seconds=end.seconds,
                request_bytes=len(call.data or b""),
                **said,
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


@dataclass(frozen=True)
class _End:
    """How an exchange ended, and after how many seconds."""

    outcome: HttpAnswer | errors.HubSpotError
    seconds: float


def _quoted(value: str) -> str:
    """`value` as one path segment; "." and ".." would climb out of it even if quoted."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is no identifier")
    return quote(value, safe="")


def _content(answer: HttpAnswer | errors.HubSpotError, operation: str) -> dict[str, Any] | errors.HubSpotError:
    if isinstance(answer, errors.HubSpotError):
        return answer
    if not 200 <= answer.status <= 299:
        return answers.error_from_response(answer.status, answer.headers, answer.body, operation)
    if not answer.body.strip():
        return {}
    try:
        found = parse_json(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return errors.BadAnswer(
            "HubSpot's answer could not be read",
            status=answer.status,
            correlation_id=answers.correlation_id({}, answer.headers),
            operation=operation,
        )
    return found
