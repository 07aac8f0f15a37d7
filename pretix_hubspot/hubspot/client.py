"""The HubSpot client: one method per endpoint, one private request function.

Methods return the plain data of `data` and raise the errors of `errors`;
ValueError means that the caller broke a documented limit before anything was sent.
The client repeats a call only once, after a 401: all other retries are the engine's decision.
Paths: hubspot.md 1.2 (A).
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pretix_hubspot.hubspot.api.account import AccountCalls
from pretix_hubspot.hubspot.api.associations import MAX_ASSOCIATION_READS, MAX_ASSOCIATIONS, AssociationCalls
from pretix_hubspot.hubspot.api.base import succeeded
from pretix_hubspot.hubspot.api.records import MAX_RECORDS, RecordCalls
from pretix_hubspot.hubspot.api.schema import SchemaCalls
from pretix_hubspot.hubspot.budget.shared import Budget

from . import errors, versions
from .requests import Access, Call, Requests, Wire
from .secret import Secret
from .threads import AT_ONCE, BACKGROUND, ExchangeThreads
from .transport import RequestLog, Session, encoded, new_session

__all__ = ["BACKGROUND", "AT_ONCE", "MAX_ASSOCIATIONS", "MAX_ASSOCIATION_READS", "MAX_RECORDS", "Client", "RequestLog"]


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
        self._access = Access(token, refresh, on_denied)
        self._owns_http = http is None
        http = http or new_session(plugin_version)
        self._wire = Wire(http, ExchangeThreads(), timeouts, budget, live, on_request)
        self._background: list[Requests] = []

    def for_bulk(self) -> "Client":
        """The same client, connections included, whose calls yield to live orders."""
        other = copy.copy(self)
        other._wire = replace(self._wire, live=False)
        return other

    def close(self) -> None:
        try:
            while self._background:
                self._background.pop().finish()
        finally:
            self._wire.threads.close()
            if self._owns_http:
                self._wire.http.close()

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
        return succeeded(Requests(self._wire, self._access, [call], token).start().wait()[0])

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
        requests = Requests(self._wire, self._access, calls).start(in_background=in_background)
        if in_background:
            self._background[:] = [*(other for other in self._background if not other.is_read), requests]
        return requests.wait

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
    ) -> Call:
        template = path.replace("{V}", self.version)
        url = self._api_url + template.format(*map(_quoted, values))
        data = None if body is None else encoded(body)
        return Call(operation, method, template, url, data, params, inputs, budget)


def _quoted(value: str) -> str:
    """`value` as one path segment; "." and ".." would climb out of it even if quoted."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is no identifier")
    return quote(value, safe="")
