"""Calls at the same time: prepared, started, and waited for."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from . import error_parsing, errors
from .budget.shared import Budget
from .json_reading import parse_json
from .secret import Secret
from .threads import ExchangeThreads
from .transport import HttpAnswer, RequestLog, Session, exchange

#: Seconds after which HubSpot has counted a call that was sent, however long it takes to answer.
ON_THE_WAY = 0.5

Outcome = HttpAnswer | errors.HubSpotError
Content = dict[str, Any] | errors.HubSpotError


@dataclass(frozen=True)
class Call:
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
class Access:
    """The current token, how to get a better one than one that HubSpot refused, and who learns that this was no use."""

    token: Callable[[], Secret | str]
    refresh: Callable[[Secret], Secret | str] | None
    on_denied: Callable[[errors.AuthenticationFailed], None] | None


@dataclass(frozen=True)
class Wire:
    """How calls are sent: over which connections and threads, paid by which budget, and who logs them."""

    http: Session
    threads: ExchangeThreads
    timeouts: tuple[float, float]
    budget: Budget
    live: bool
    on_request: Callable[[RequestLog], None] | None


class Requests:
    """Several calls of one kind. While the budget is used up not all of them are made: at least the first one.

    A `token` replaces the connection's own, and is never refreshed.
    """

    def __init__(self, wire: Wire, access: Access, calls: Sequence[Call], token: Secret | None = None) -> None:
        self._wire = wire
        self._access = access
        self._calls = calls
        self._own_token = token
        self._token = Secret(token or access.token())
        self._first = Attempt(wire, calls, self._token)

    def start(self, *, in_background: bool = False) -> "Requests":
        """Send the first calls. A single one is sent only when it is waited for, unless `in_background`."""
        self._first.start(in_background)
        return self

    @property
    def is_read(self) -> bool:
        """Whether somebody has waited for the answers."""
        return self._first.is_read

    def finish(self) -> None:
        """Wait for answers that nobody has read; they count in the budget and the log like all others."""
        if not self.is_read:
            self._first.wait()

    def wait(self) -> list[Content]:
        """The contents of the answers to the first calls. Those whose token HubSpot refuses are repeated once."""
        contents = _contents(self._calls, self._first.wait())
        denied = [number for number, answer in enumerate(contents) if isinstance(answer, errors.AuthenticationFailed)]
        if not denied or self._own_token is not None or self._access.refresh is None:
            return contents
        repeated = self._repeat([self._calls[number] for number in denied], self._access.refresh)
        for number, answer in zip(denied, repeated, strict=False):
            contents[number] = answer
        return contents[: denied[len(repeated)]] if len(repeated) < len(denied) else contents

    def _repeat(self, calls: Sequence[Call], refresh: Callable[[Secret], Secret | str]) -> list[Content]:
        attempt = Attempt(self._wire, calls, Secret(refresh(self._token)))
        attempt.start()
        contents = _contents(calls, attempt.wait())
        refused = next((answer for answer in contents if isinstance(answer, errors.AuthenticationFailed)), None)
        if self._access.on_denied and refused:
            self._access.on_denied(refused)
        return contents


class Attempt:
    """Calls with one token."""

    def __init__(self, wire: Wire, calls: Sequence[Call], token: Secret) -> None:
        self._wire = wire
        self.calls = calls
        self.is_read = False
        self._token = token
        self._started: list[Callable[[], _Ended]] = []
        self._moments: list[int] = []
        self._outcomes: list[Outcome] | None = None

    def start(self, in_background: bool = False) -> None:
        """Send the first of these calls at the same time: at least one, and no more once the budget is used up."""
        operation = self.calls[0].operation
        if not _fits_a_header(self._token):
            # Users paste tokens; a header cannot carry everything that a form field can.
            raise errors.AuthenticationFailed("The token holds characters that no token has", operation=operation)
        alone = len(self.calls) == 1 and not in_background
        try:
            for call, moment in zip(self.calls, self._granted(), strict=False):
                exchanging = partial(self._exchange, call)
                self._started.append(exchanging if alone else self._wire.threads.start(exchanging).result)
                self._moments.append(moment)
        except errors.RateLimited as refusal:
            refusal.operation = refusal.operation or operation
            self._outcomes = [refusal]

    def _granted(self) -> Iterator[int]:
        """Wait for the budget; yield the moment of each of the first calls, at least one, when that call may be
        made.
        """
        budget = self.calls[0].budget
        if budget is None:
            return iter([0] * len(self.calls))
        return self._wire.budget.acquire(budget, self._wire.live, len(self.calls))

    def _exchange(self, call: Call) -> "_Ended":
        """Send and receive one call; runs in any thread."""
        headers: dict[str, str | Secret] = {"Authorization": Secret(f"Bearer {self._token.reveal()}")}
        if call.data is not None:
            headers["Content-Type"] = "application/json"
        wire, start = self._wire, time.monotonic()
        try:
            answer = exchange(wire.http, call.method, call.url, headers, call.data, call.params, wire.timeouts)
        except errors.HubSpotError as failure:
            failure.operation = call.operation
            return _Ended(failure, start, time.monotonic())
        return _Ended(answer, start, time.monotonic())

    def wait(self) -> list[Outcome]:
        """The outcomes of the first calls; they are logged, and told to the budget, once."""
        self.is_read = True
        if self._outcomes is None:
            ends = [ended() for ended in self._started]
            for call, end in zip(self.calls, ends, strict=False):
                self._log(call, end)
            self._update_budget(ends)
            self._outcomes = [end.outcome for end in ends]
        return self._outcomes

    def _update_budget(self, ends: "Sequence[_Ended]") -> None:
        """Pass the arrivals, headers and refusals of these answers on to the budget that paid for them."""
        budget = self.calls[0].budget
        answered = [
            (moment, end, answer)
            for moment, end in zip(self._moments, ends, strict=True)
            if (answer := end.answer) is not None
        ]
        if budget is None or not answered:
            return
        now = time.monotonic()
        arrived = [(moment, now - min(end.sent + ON_THE_WAY, end.ended)) for moment, end, _ in answered]
        self._wire.budget.arrived(budget, arrived)
        for _, end, answer in answered:
            self._wire.budget.observe(answer.status, answer.headers, now - end.sent)
            if answer.status == 429:
                limited = error_parsing.error_from_response(429, answer.headers, answer.body)
                policy = limited.policy if isinstance(limited, errors.RateLimited) else "burst"
                self._wire.budget.throttled(policy, limited.retry_after, budget)

    def _log(self, call: Call, end: "_Ended") -> None:
        if self._wire.on_request is None:
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
            self._wire.on_request(logged(response_bytes=0, error=type(answer).__name__))
        else:
            self._wire.on_request(
                logged(
                    response_bytes=len(answer.body),
                    correlation_id=error_parsing.correlation_id({}, answer.headers),
                    date=error_parsing.header(answer.headers, "date"),
                )
            )


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


def _contents(calls: Sequence[Call], ends: Sequence[Outcome]) -> list[Content]:
    """The JSON object or the error of the first of these calls."""
    return [_content(end, call.operation) for call, end in zip(calls, ends, strict=False)]


def _fits_a_header(token: Secret) -> bool:
    text = token.reveal()
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _content(answer: Outcome, operation: str) -> Content:
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
