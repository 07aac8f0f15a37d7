"""Something comes between: just before or right after a statement, or before a request to HubSpot.

Everything happens in the thread of the test, where a worker's database connection is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

Act = Callable[[], object]

#: So many times that nobody counts; such an interruption need not happen at all.
ALWAYS = 10_000

# Statements of a worker, in their order.
CLAIMS = r'^UPDATE "pretixbase_ordersyncqueue" SET "in_flight" = (%s|true), "in_flight_since" = %s'
READS_MAPPINGS = r'^SELECT .* FROM "pretix_hubspot_objectmapping"'
READS_ORDERS = r'^SELECT .* FROM "pretixbase_order" WHERE .*"event_id" = %s AND "pretixbase_order"."id" IN'
READS_POSITIONS = r'^SELECT "pretixbase_orderposition"."id", .* FROM "pretixbase_orderposition" WHERE .*"order_id" IN'
STORES_THE_BUDGET = r'^UPDATE "pretix_hubspot_requestbudgetstate" SET "state"'
RELEASES = r'^UPDATE "pretixbase_ordersyncqueue" SET "in_flight" = (%s|false), "in_flight_since" = NULL'
LOGS_A_RUN = r'^INSERT INTO "pretix_hubspot_run"'


def raising(error: BaseException) -> Act:
    """What fails."""

    def act() -> None:
        raise error

    return act


@dataclass
class _Interruption:
    pattern: str
    about: object
    number: int
    times: int
    act: Act
    is_after: bool
    seen: int = 0

    def takes(self, sql: str, params) -> bool:
        """Whether it is this statement's turn; counts those that match."""
        if not re.search(self.pattern, sql) or (self.about is not None and self.about not in (params or ())):
            return False
        self.seen += 1
        return self.number <= self.seen < self.number + self.times


class Statements:
    """Django's own hook around each statement; ``pattern`` is searched in its SQL, ``about`` is one of its parameters.

    The ``number``-th statement that matches is interrupted, and the next ones up to ``times`` in all.
    ``parameters`` are those of the statement that is being interrupted.
    """

    def __init__(self) -> None:
        self._interruptions: list[_Interruption] = []
        self.parameters: tuple = ()

    def before(self, pattern: str, act: Act, *, about: object = None, number: int = 1, times: int = 1) -> None:
        self._interruptions.append(_Interruption(pattern, about, number, times, act, False))

    def after(self, pattern: str, act: Act, *, about: object = None, number: int = 1, times: int = 1) -> None:
        self._interruptions.append(_Interruption(pattern, about, number, times, act, True))

    def missed(self) -> list[str]:
        """Patterns of what never came between: the test arranged something that did not happen."""
        return [found.pattern for found in self._interruptions if found.seen < found.number and found.times < ALWAYS]

    def __call__(self, execute, sql, params, many, context):
        taken = [found for found in self._interruptions if found.takes(sql, params)]
        self._act(params, [found.act for found in taken if not found.is_after])
        answer = execute(sql, params, many, context)
        self._act(params, [found.act for found in taken if found.is_after])
        return answer

    def _act(self, params, acts: list[Act]) -> None:
        for act in acts:
            self.parameters = params
            act()


class Requests:
    """The requests of the clients, by what they are called in errors and logs, such as "contacts batch read"."""

    def __init__(self) -> None:
        self._acts: list[tuple[str, int, Act]] = []
        self._seen: list[str] = []

    def before(self, operation: str, act: Act, number: int = 1) -> None:
        """Something happens before the ``number``-th request from now on whose operation matches the pattern."""
        self._acts.append((operation, number + sum(bool(re.search(operation, seen)) for seen in self._seen), act))

    def note(self, operation: str) -> None:
        self._seen.append(operation)
        for due in [due for due in self._acts if self._is_due(*due[:2], operation)]:
            self._acts.remove(due)
            due[2]()

    def _is_due(self, pattern: str, number: int, operation: str) -> bool:
        return bool(re.search(pattern, operation)) and number == sum(
            bool(re.search(pattern, seen)) for seen in self._seen
        )
