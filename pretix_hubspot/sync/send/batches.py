"""Send batches: repeat them patiently, and isolate the one bad input.

Every write of ours can be repeated: creates are answered by a conflict, updates and associations by no change.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from pretix_hubspot.failures.reach import concerns_all, concerns_portal, is_about_call
from pretix_hubspot.hubspot.errors import (
    ConnectTimeout,
    HubSpotError,
    Locked,
    OverBudget,
    ReadTimeout,
)
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.patience import WORKER, Patience

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Sends batches at the same time: result per item, or an error, for the first of them, at least for one.
#: May raise the error if it sends only one.
Send = Callable[[list[list[Item]]], Sequence[Mapping[Item, Result] | HubSpotError]]

#: FailedRecord calls in a row, after all attempts: the portal may be the problem, not a record.
OUTAGE = 3
#: How many single items are tried then: if HubSpot answers one of them, the others are the problem.
PROBES = 3


class PortalUnavailable(Exception):
    """The portal as a whole cannot be written to now; it is no order's fault."""

    def __init__(self, error: HubSpotError) -> None:
        super().__init__(str(error))
        self.error = error


class BatchCaller:
    """Makes calls for one slice.

    ``renew_claim`` is called before each attempt; it raises if the claim is lost.
    ``probe`` makes one cheap call, which shows whether HubSpot refuses one kind of call or all of them.
    """

    def __init__(
        self,
        renew_claim: Callable[[], None] = lambda: None,
        probe: Callable[[], object] | None = None,
        patience: Patience = WORKER,
    ) -> None:
        self.renew_claim = renew_claim
        self._patience = patience
        self._failures_in_a_row = 0
        self._answered: list[Any] = []  # an item of the current batch that HubSpot answered
        self._probe = probe

    def batch(
        self, send: Send[Item, Result], items: Sequence[Item], size: int, at_once: int = 1
    ) -> dict[Item, Result | HubSpotError]:
        """Outcome per item; a refused batch is halved until the refused item stands alone.

        Raises ``PortalUnavailable``; other errors are outcomes.
        """
        outcomes: dict[Item, Result | HubSpotError] = {}
        parts = list(chunks(items, size))
        self._answered = []
        while parts:
            answers = self._call(send, parts[:at_once])
            for part, answer in zip(parts, answers, strict=False):
                outcomes |= self._isolate(send, part, answer)
            del parts[: len(answers)]
        return outcomes

    def _call(
        self, send: Send[Item, Result], parts: list[list[Item]]
    ) -> Sequence[Mapping[Item, Result] | HubSpotError]:
        self.renew_claim()
        try:
            return send(parts)
        except HubSpotError as error:
            return [error]

    def _isolate(
        self, send: Send[Item, Result], items: list[Item], answer: Mapping[Item, Result] | HubSpotError
    ) -> dict[Item, Result | HubSpotError]:
        """Outcome per item, by breadth-first halving, so that one bad item cannot produce three failures in a row.

        Three failures in a row look like an outage.
        """
        outcomes: dict[Item, Result | HubSpotError] = {}
        waiting, first = deque([items]), [answer]
        while waiting:
            part = [item for item in waiting.popleft() if item not in outcomes]  # the others were tried alone
            if not part:
                continue
            try:
                outcomes |= self._with_attempts(send, part, first.pop() if first else self._call(send, [part])[0])
                self._answered = part[:1]
            except HubSpotError as error:
                if len(part) == 1 or concerns_all(error):
                    outcomes |= dict.fromkeys(part, error)
                else:
                    middle = len(part) // 2
                    waiting += (part[:middle], part[middle:])
                if self._failures_in_a_row >= OUTAGE:
                    outcomes |= self._probe_items(send, [item for item in items if item not in outcomes], error)
        return outcomes

    def _probe_items(
        self, send: Send[Item, Result], untried: list[Item], error: HubSpotError
    ) -> dict[Item, Result | HubSpotError]:
        """Distinguish an outage from several bad items. Returns the outcome of an item that was tried alone.

        Asks once more for an item that worked, else for some of the others, not always the same ones. Raises
        ``PortalUnavailable`` if HubSpot answers none.
        """
        known = self._answered
        for item in known or random.sample(untried, min(PROBES, len(untried))):  # needs no secrecy
            [answer] = self._call(send, [[item]])
            if isinstance(answer, HubSpotError):
                if concerns_portal(answer) or isinstance(answer, OverBudget):
                    raise PortalUnavailable(answer) from answer
                if answer.retryable:
                    continue
            self._failures_in_a_row, self._answered = 0, [item]
            if known:
                return {}
            return {item: answer} if isinstance(answer, HubSpotError) else {**answer}
        raise PortalUnavailable(error) from error

    def _with_attempts(
        self, send: Send[Item, Result], items: list[Item], answer: Mapping[Item, Result] | HubSpotError
    ) -> Mapping[Item, Result]:
        """The answer of the first attempt or a later one. Raises the last error if it concerns these items."""
        for wait in self._patience.pauses:
            if not isinstance(answer, HubSpotError):
                break
            pause = _pause(answer, wait)
            if self._takes_too_long(answer, pause):
                self._give_up(answer)
            self._raise_if_final(answer)
            time.sleep(pause)
            late = isinstance(answer, ReadTimeout)
            [answer] = self._call(send, [items])
            if late and isinstance(answer, ReadTimeout):
                break  # half a minute each time: smaller batches may be quicker, and other work waits
        if isinstance(answer, HubSpotError):
            self._give_up(answer)
        self._failures_in_a_row = 0
        return answer

    def _raise_if_final(self, error: HubSpotError) -> None:
        """Raise an error that another attempt would not change."""
        if concerns_portal(error):
            raise PortalUnavailable(error) from error
        if is_about_call(error):
            self._raise_if_every_call_fails(error)
        if not error.retryable:
            self._failures_in_a_row = 0  # HubSpot works, and has read the request
            raise error

    def _give_up(self, error: HubSpotError) -> NoReturn:
        """Raise the error of the last attempt."""
        self._raise_if_final(error)
        self._failures_in_a_row += 1
        if isinstance(error, OverBudget) or (self._patience.gives_up_at_once and not isinstance(error, Locked)):
            raise PortalUnavailable(error) from error
        raise error

    def _takes_too_long(self, error: HubSpotError, pause: float) -> bool:
        """Whether another attempt would keep a user waiting for a page."""
        if self._patience.gives_up_at_once and isinstance(error, (ConnectTimeout, ReadTimeout)):
            return True
        return pause > self._patience.longest_pause

    def _raise_if_every_call_fails(self, error: HubSpotError) -> None:
        """Probe once per slice whether HubSpot refuses every call: then the portal is unavailable, not an order
        wrong.
        """
        if self._probe is None:
            return
        probe, self._probe = self._probe, None
        try:
            probe()
        except HubSpotError as other:
            raise PortalUnavailable(error if is_about_call(other) else other) from other


def _pause(error: HubSpotError, wait: float) -> float:
    """Seconds to wait: as HubSpot asked, at least 2 s for a lock (hubspot.md 3, A), with jitter."""
    if isinstance(error, Locked):
        wait = max(wait, 2.0)
    if error.retry_after:
        wait = max(wait, error.retry_after)
    return wait * random.uniform(1.0, 1.3)  # jitter needs no secrecy
