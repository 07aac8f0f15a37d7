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
# Older versions of pretix join the event, or the organizer.
READS_ORDERS = r'^SELECT .* FROM "pretixbase_order".* WHERE .*"event_id" = %s AND "pretixbase_order"."id" IN'
READS_POSITIONS = r'^SELECT "pretixbase_orderposition"."id", .* FROM "pretixbase_orderposition".* WHERE .*"order_id" IN'
READS_THE_BUDGET = r'^SELECT .* FROM "pretix_hubspot_requestbudgetstate"'
STORES_THE_BUDGET = r'^UPDATE "pretix_hubspot_requestbudgetstate" SET "state"'
LOCKS_EVENTS = r'^SELECT .* FROM "pretix_hubspot_eventconnection" WHERE .*"event_id" IN .* ORDER BY'
LOCKS_ROWS = r'^SELECT "pretixbase_ordersyncqueue"."order_id" .*"in_flight_since" = %s.* ORDER BY'
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
    """The requests of clients, by what they are called in errors and logs, such as "contacts batch read".

    Requests that go together are one, since they are started at once.
    """

    def __init__(self) -> None:
        self._acts: list[tuple[str, Act]] = []

    def __call__(self, operation: str, act: Act, times: int = 1, after: int = 0) -> None:
        """Something happens before the next ``times`` requests whose operation matches this pattern, ``after`` some."""
        self._acts += [(operation, lambda: None)] * after + [(operation, act)] * times

    def note(self, operation: str) -> None:
        for number, (pattern, act) in enumerate(self._acts):
            if re.search(pattern, operation):
                del self._acts[number]
                act()
                return

    def missed(self) -> list[str]:
        """Patterns of what never came between."""
        return [pattern for pattern, _ in self._acts]
