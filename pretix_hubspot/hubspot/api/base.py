"""The base of all endpoint groups: the signature of the request function, and the checks of a batch."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import Any, TypeVar

from pretix_hubspot.hubspot.errors import BadAnswer, HubSpotError
from pretix_hubspot.hubspot.secret import Secret

Parsed = TypeVar("Parsed")


class Endpoints:
    """Base of the endpoint groups; `Client` brings the request function."""

    version: str

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
        """Send one request and return the JSON object of its 2xx answer, {} for an empty one; raises HubSpotError.

        `path` is a template in which {V} becomes the API version and each {} one of `values`, quoted.
        `inputs` is for the request log only.
        `budget` names the budget that pays, None for calls that HubSpot does not count.
        `token` replaces the connection's own, and is never refreshed.
        """
        raise NotImplementedError  # because only `Client` has a connection

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
    ) -> Callable[[], list[dict[str, Any] | HubSpotError]]:
        """Send the same call with several bodies at the same time; the returned function waits for the answers.

        The answers are what `_call` would return or raise for each body. While the request budget is used up, not all
        are sent: answers are for the first bodies, at least for one. `in_background` means that the caller works in
        between.
        """
        raise NotImplementedError  # because only `Client` has a connection


def succeeded(answer: Parsed | HubSpotError) -> Parsed:
    """Return `answer`, or raise it if it is an error."""
    if isinstance(answer, HubSpotError):
        raise answer
    return answer


def check_batch(inputs: Sized, limit: int) -> None:
    """Raise ValueError for an empty batch or one that HubSpot would refuse whole; splitting is the caller's job."""
    if not 1 <= len(inputs) <= limit:
        raise ValueError(f"a batch takes 1 to {limit} inputs, not {len(inputs)}")


def check_unique(what: str, values: Iterable[str]) -> None:
    """Raise ValueError if a value occurs twice: HubSpot refuses the whole batch (hubspot.md 4.2, B)."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"duplicate {what} in one batch")
        seen.add(value)


def usable(parsed: Parsed | None, operation: str) -> Parsed:
    """Return `parsed`, or raise BadAnswer if `from_json` could not read a 2xx answer."""
    if parsed is None:
        raise BadAnswer("HubSpot's answer has an unexpected shape", operation=operation)
    return parsed


def rows(answer: dict[str, Any], operation: str) -> list[Any]:
    """The `results` of a 2xx answer; raises BadAnswer if it has no such list.

    A 207 that refuses everything may bring `errors` alone.
    """
    results = answer.get("results", [] if isinstance(answer.get("errors"), list) else None)
    return usable(results if isinstance(results, list) else None, operation)
