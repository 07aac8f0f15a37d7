"""The HubSpot client: one method per endpoint, one private request function.

Methods return the plain data of `data` and raise the errors of `errors`;
ValueError means that the caller broke a documented limit before anything was sent.
The client repeats a call only once, after a 401: all other retries are the engine's decision.
Paths: hubspot.md 1.2 (A).
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from pretix_hubspot.hubspot.api.account import AccountCalls
from pretix_hubspot.hubspot.api.associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS, AssociationCalls
from pretix_hubspot.hubspot.api.base import succeeded
from pretix_hubspot.hubspot.api.records import MAX_RECORDS, RecordCalls
from pretix_hubspot.hubspot.api.schema import SchemaCalls
from pretix_hubspot.hubspot.budget.shared import Budget

from . import error_parsing, errors, versions
from .json_reading import parse_json
from .secret import Secret
from .threads import AT_ONCE, BACKGROUND, ExchangeThreads
from .transport import HttpAnswer, RequestLog, Session, encoded, exchange, new_session

__all__ = ["BACKGROUND", "AT_ONCE", "MAX_ASSOCIATIONS", "MAX_ASSOCIATION_READS", "MAX_RECORDS", "Client", "RequestLog"]

#: Seconds after which HubSpot has counted a call that was sent, however long it takes to answer.
ON_THE_WAY = 0.5


class Client(RecordCalls, AssociationCalls, SchemaCalls, AccountCalls):
    """Calls to one portal, as one connection.

    `token()` gives the current access token.
    `refresh(bad_token)` is called once after a 401 and returns the token to repeat the call with; without it a 401 is
    final. `on_denied(error)` is called if the repeated call is refused as well.
    `budget` grants every call and learns from every answer.
    `live=False` marks bulk work, which yields to live orders.
    `version` is the API's, `plugin_version` goes into the User-Agent.
    `http` stays open when the client closes, so that several clients, one after the other, keep its connections alive.
    A client is not shared between threads; its own threads only send and receive.
    """

    def __init__(
        self,
        api_url: str,
        version: str,
        token: Callable[[], Secret | str],
        refresh: Callable[[Secret], Secret | str] | None,
        budget: Budget,
        http: Session | None = None,
        timeouts: tuple[float, float] = (5.0, 60.0),
        on_request: Callable[[RequestLog], None] | None = None,
        *,
        on_denied: Callable[[errors.AuthenticationFailed], None] | None = None,
        live: bool = True,
        plugin_version: str = "0",
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self.version = versions.checked(version)
        self._token = token
        self._refresh = refresh
        self._budget = budget
        self._http = http or new_session(plugin_version)
        self._owns_http = http is None
        self._threads = ExchangeThreads()
        self._background: list[Callable[[], object]] = []
        self._timeouts = timeouts
        self._on_request = on_request
        self._on_denied = on_denied
        self._live = live

    def for_bulk(self) -> "Client":
        """The same client, connections included, whose calls yield to live orders."""
        other = copy.copy(self)
        other._live = False
        return other

    def close(self) -> None:
        try:
            while self._background:
                self._background.pop()()  # an answer that was not read counts in the budget and the log like all others
        finally:
            self._threads.close()
            if self._owns_http:
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
        token: Secret | None = None,
    ) -> dict[str, Any]:
        call = self._prepare(operation, method, path, values, body, params, inputs, budget)
        return succeeded(self._start([call], token)()[0])

    def _begin(
        self,
        operation: str,
        method: str,
        path: str,
        values: Sequence[str],
        bodies: Sequence[Any],
        inputs: Sequence[int],
        *,
        in_background: bool = False,
    ) -> Callable[[], list[dict[str, Any] | errors.HubSpotError]]:
        calls = [
            self._prepare(operation, method, path, values, body, None, number, "crm")
            for body, number in zip(bodies, inputs, strict=True)
        ]
        return self._start(calls, None, in_background=in_background)

    def _prepare(
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

    def _start(
        self, calls: "Sequence[_Call]", token: Secret | None, *, in_background: bool = False
    ) -> Callable[[], list[dict[str, Any] | errors.HubSpotError]]:
        """Start the first calls and return a function that waits for their contents.

        Calls whose token HubSpot refuses are repeated once with a refreshed one.
        """
        used = Secret(token or self._token())
        first = self._start_with(calls, used, in_background)

        def answers() -> list[dict[str, Any] | errors.HubSpotError]:
            contents = _contents(calls, first())
            denied = _denied(contents)
            if not denied or token is not None or self._refresh is None:
                return contents
            again = [calls[number] for number in denied]
            repeated = _contents(again, self._start_with(again, Secret(self._refresh(used)))())
            for number, answer in zip(denied, repeated, strict=False):
                contents[number] = answer
            refused = next((answer for answer in repeated if isinstance(answer, errors.AuthenticationFailed)), None)
            if self._on_denied and refused:
                self._on_denied(refused)
            return contents[: denied[len(repeated)]] if len(repeated) < len(denied) else contents

        return answers

    def _start_with(
        self, calls: "Sequence[_Call]", token: Secret, in_background: bool = False
    ) -> Callable[[], list[HttpAnswer | errors.HubSpotError]]:
        """Send the first of these calls at the same time: at least one, and no more once the budget is used up.

        The returned function waits for their answers. A single call is sent only then, unless ``in_background``.
        """
        if not _fits_a_header(token):
            # Users paste tokens; a header cannot carry everything that a form field can.
            operation = calls[0].operation
            raise errors.AuthenticationFailed("The token holds characters that no token has", operation=operation)
        started: list[Callable[[], _Ended]] = []
        moments: list[int] = []
        try:
            for call, moment in zip(calls, self._moments(calls), strict=False):
                exchanging = partial(self._exchange, call, token)
                alone = len(calls) == 1 and not in_background
                started.append(exchanging if alone else self._threads.start(exchanging).result)
                moments.append(moment)
        except errors.RateLimited as refusal:
            refusal.operation = refusal.operation or calls[0].operation
            refused: list[HttpAnswer | errors.HubSpotError] = [refusal]
            return lambda: refused

        @cache
        def outcomes() -> list[HttpAnswer | errors.HubSpotError]:
            if outcomes in self._background:
                self._background.remove(outcomes)
            ends = [ended() for ended in started]
            for call, end in zip(calls, ends, strict=False):
                self._log_request(call, end)
            self._update_budget(calls[0].budget, moments, ends)
            return [end.outcome for end in ends]

        if in_background:
            self._background.append(outcomes)
        return outcomes

    def _moments(self, calls: "Sequence[_Call]") -> Iterator[int]:
        """Wait for the budget; yield the moment of each of the first calls, at least one, when that call may be
        made.
        """
        if calls[0].budget is None:
            return iter([0] * len(calls))
        return self._budget.acquire(calls[0].budget, self._live, len(calls))

    def _exchange(self, call: "_Call", token: Secret) -> "_Ended":
        """Send and receive one call; runs in any thread."""
        headers: dict[str, str | Secret] = {"Authorization": Secret(f"Bearer {token.reveal()}")}
        if call.data is not None:
            headers["Content-Type"] = "application/json"
        start = time.monotonic()
        try:
            answer = exchange(self._http, call.method, call.url, headers, call.data, call.params, self._timeouts)
        except errors.HubSpotError as failure:
            failure.operation = call.operation
            return _Ended(failure, start, time.monotonic())
        return _Ended(answer, start, time.monotonic())

    def _update_budget(self, budget: str | None, moments: Sequence[int], ends: "Sequence[_Ended]") -> None:
        """Pass the arrivals, headers and refusals of these answers on to the budget that paid for them."""
        answered = [
            (moment, end, answer)
            for moment, end in zip(moments, ends, strict=True)
            if (answer := end.answer) is not None
        ]
        if budget is None or not answered:
            return
        now = time.monotonic()
        arrived = [(moment, now - min(end.sent + ON_THE_WAY, end.ended)) for moment, end, _ in answered]
        self._budget.arrived(budget, arrived)
        for _, end, answer in answered:
            self._budget.observe(answer.status, answer.headers, now - end.sent)
            if answer.status == 429:
                limited = error_parsing.error_from_response(429, answer.headers, answer.body)
                policy = limited.policy if isinstance(limited, errors.RateLimited) else "burst"
                self._budget.throttled(policy, limited.retry_after, budget)

    def _log_request(self, call: "_Call", end: "_Ended") -> None:
        if self._on_request is None:
            return
        answer = end.outcome
        logged = partial(
            RequestLog,
            operation=call.operation,
            method=call.method,
            path=call.path,
            inputs=call.inputs,
            status=answer.status,
            seconds=end.ended - end.sent,
            request_bytes=len(call.data or Secret()),
        )
        if isinstance(answer, errors.HubSpotError):
            self._on_request(logged(response_bytes=0, error=type(answer).__name__))
        else:
            self._on_request(
                logged(
                    response_bytes=len(answer.body),
                    correlation_id=error_parsing.correlation_id({}, answer.headers),
                    date=error_parsing.header(answer.headers, "date"),
                )
            )


@dataclass(frozen=True)
class _Call:
    """One call, ready to be sent; `path` is the template, without identifiers."""

    operation: str
    method: str
    path: str
    url: str = field(repr=False)
    data: Secret | None
    params: Mapping[str, str] | None = field(repr=False)
    inputs: int
    budget: str | None


@dataclass(frozen=True)
class _Ended:
    """How and when an exchange ended: by this process' own clock, in seconds."""

    outcome: HttpAnswer | errors.HubSpotError
    sent: float
    ended: float

    @property
    def answer(self) -> HttpAnswer | None:
        """HubSpot's answer; None if the exchange failed."""
        return None if isinstance(self.outcome, errors.HubSpotError) else self.outcome


def _quoted(value: str) -> str:
    """`value` as one path segment; "." and ".." would climb out of it even if quoted."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is no identifier")
    return quote(value, safe="")


def _contents(
    calls: "Sequence[_Call]", ends: Sequence[HttpAnswer | errors.HubSpotError]
) -> list[dict[str, Any] | errors.HubSpotError]:
    """The JSON object or the error of the first of these calls."""
    return [_content(end, call.operation) for call, end in zip(calls, ends, strict=False)]


def _denied(contents: Sequence[dict[str, Any] | errors.HubSpotError]) -> list[int]:
    """The positions of the answers that refuse the token."""
    return [number for number, answer in enumerate(contents) if isinstance(answer, errors.AuthenticationFailed)]


def _fits_a_header(token: Secret) -> bool:
    text = token.reveal()
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _content(answer: HttpAnswer | errors.HubSpotError, operation: str) -> dict[str, Any] | errors.HubSpotError:
    if isinstance(answer, errors.HubSpotError):
        return answer
    if not 200 <= answer.status <= 299:
        return error_parsing.error_from_response(answer.status, answer.headers, answer.body, operation)
    if not answer.body.strip():
        return {}
    try:
        content = parse_json(answer.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return errors.BadAnswer(
            "HubSpot's answer could not be read",
            status=answer.status,
            correlation_id=error_parsing.correlation_id({}, answer.headers),
            operation=operation,
        )
    return content
