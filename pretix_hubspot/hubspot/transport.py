"""One HTTP exchange: send, read a bounded answer, turn every failure into a typed error.

It follows no redirect, retries nothing, and logs nothing about the content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from . import deadline, errors
from .errors import HubSpotError, NoAnswer
from .secret import Secret, revealed, reveals

#: More than any answer of HubSpot's; a batch of 100 records with long texts stays far below.
MAX_RESPONSE_BYTES = 32 * 1024 * 1024

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class HttpAnswer:
    """A complete HTTP response. `headers` ignore case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class RequestLog:
    """One exchange for counting and logging, without personal data: no ids, no bodies, no tokens.

    `path` is the template, such as "/crm/objects/2026-03/contacts/{id}"; `seconds` includes reading the answer.
    `status` is None and `error` the error's class name if no answer came.
    `date` is HubSpot's clock as the answer's header states it.
    """

    operation: str
    method: str
    path: str
    inputs: int
    status: int | None
    seconds: float
    request_bytes: int
    response_bytes: int
    correlation_id: str = ""
    error: str = ""
    date: str = ""


class Session(requests.Session):
    """A session that reads the environment's proxies and certificates once per host, not for every request.

    It never reads ~/.netrc: requests would replace our Authorization header by an entry of that file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self._by_host: dict[tuple[str, str], Mapping[str, Any]] = {}

    def settings(self, url: str) -> Mapping[str, Any]:
        """The arguments of `send` for a URL of this host."""
        scheme, host, *_ = urlsplit(url)
        if (scheme, host) not in self._by_host:
            with requests.Session() as trusting:
                settings = trusting.merge_environment_settings(url, {}, True, None, None)
            self._by_host[scheme, host] = settings
        return self._by_host[scheme, host]


def new_session(version: str) -> Session:
    """A session with kept-alive connections; `version` is this plugin's."""
    session = Session()
    # No retries down here: a write repeated by the adapter would escape the request budget and the engine.
    session.mount("https://", deadline.DeadlineAdapter(max_retries=0))
    session.mount("http://", deadline.DeadlineAdapter(max_retries=0))
    # we need no cookies, and a jar is not safe between threads
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = f"pretix-hubspot/{version}"
    session.headers["Accept"] = "application/json"
    return session


@reveals
def encoded(body: Any) -> Secret:
    """JSON without needless bytes, in ASCII: survives lone surrogates, which UTF-8 cannot carry."""
    return Secret(json.dumps(body, separators=(",", ":"), allow_nan=False, default=_plain).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} is no JSON")


@reveals
def exchange(
    session: Session,
    method: str,
    url: str,
    headers: Mapping[str, str | Secret],
    data: Secret | bytes | None,
    params: Mapping[str, str] | None,
    timeouts: tuple[float, float],
) -> HttpAnswer:
    """Send one request and read its whole answer; raises only NoAnswer or BadAnswer.

    `timeouts` are seconds to connect, and seconds without a byte; the whole exchange may take twice the latter.
    """
    plain_headers = {name: revealed(value) for name, value in headers.items()}
    request = requests.Request(method, url, headers=plain_headers, data=revealed(data), params=dict(params or {}))
    with deadline.within(2 * timeouts[1]):
        try:
            prepared = session.prepare_request(request)
            response = session.send(prepared, timeout=timeouts, allow_redirects=False, **session.settings(url))
            with response:
                return HttpAnswer(response.status_code, response.headers, _body(response))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as failure:
            raise no_answer(failure, deadline.is_over()) from None  # the cause's text holds the URL with its ids


def _body(response: requests.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_RESPONSE_BYTES:
            raise errors.BadAnswer("The answer is too long", status=response.status_code)
        deadline.left()  # what was received already counts as well
    return b"".join(chunks)


def no_answer(failure: Exception, is_late: bool = False) -> HubSpotError:
    """The typed error for an exception of requests, urllib3 or the socket, perhaps at the deadline."""
    kind: type[NoAnswer] = errors.ConnectionFailed
    if type(failure) is urllib3.exceptions.HTTPError:
        # pretix's block on private addresses raises the bare base class, which is no requests exception.
        kind = errors.BlockedByServer
    elif isinstance(failure, urllib3.exceptions.NewConnectionError):
        kind = errors.ConnectionFailed  # refused; a kind of ConnectTimeoutError for urllib3
    elif isinstance(failure, (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)):
        kind = errors.ConnectTimeout
    elif (
        is_late
        or isinstance(failure, (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError))
        or any(isinstance(reason, (urllib3.exceptions.ReadTimeoutError, TimeoutError)) for reason in failure.args)
    ):
        # While a body is read, requests reports a timeout as a ConnectionError around urllib3's.
        kind = errors.ReadTimeout
    return kind(_PLAIN[kind], category=type(failure).__name__)


_PLAIN: dict[type[NoAnswer], str] = {
    errors.BlockedByServer: "This server does not allow requests to private addresses",
    errors.ConnectTimeout: "HubSpot could not be reached in time",
    errors.ReadTimeout: "HubSpot did not answer in time",
    errors.ConnectionFailed: "The connection to HubSpot failed",
}
