"""One slice on its way through the engine, and its report."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.timezone import now
from pretix.base.models import Order

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.mappings.revisions import PLANNER
from pretix_hubspot.models import Connection, EventConnection, OrderState
from pretix_hubspot.sources.event_context import Contexts, EventContext
from pretix_hubspot.sync.queue import claims

from .endings import Ending, Occasion, Past, RowAction
from .run_log import RunLog


@dataclass
class SliceReport:
    """The result of a slice: how each order ended, and each event's numbers."""

    trouble: Exception | None = None
    log: RunLog = field(default_factory=RunLog)
    endings: list[Ending] = field(default_factory=list)
    by_event: Counter[tuple[int, str]] = field(default_factory=Counter)

    @property
    def postponed(self) -> int:
        """How many orders were given back, since another worker writes a record of theirs."""
        return sum(ending.action == RowAction.POSTPONE for ending in self.endings)

    def total(self, word: str) -> int:
        """One of the numbers, for all events."""
        return sum(count for (_event, name), count in self.by_event.items() if name == word)


@dataclass
class Slice:
    """One claim on its way through the engine.

    ``stored`` are the orders that were planned before.
    ``left_out`` are orders, by reason, of which nothing is sent, but former records are removed.
    """

    connection: Connection
    claim: claims.Claim
    events: dict[int, EventConnection]
    client: Client
    catalog: Catalog
    contexts: Contexts = field(default_factory=dict)
    forced: frozenset[int] = frozenset()
    states: dict[int, OrderState] = field(default_factory=dict)
    stored: frozenset[int] = frozenset()
    log_counts: dict[int, int] = field(default_factory=dict)
    planned_at: datetime = field(default_factory=now)
    left_out: dict[int, str] = field(default_factory=dict)

    def context(self, event: int) -> EventContext:
        if event not in self.contexts:
            self.contexts[event] = EventContext(self.events[event].event)
        return self.contexts[event]

    def order(self, pk: int) -> Order:
        return self.claim.orders[pk].order

    def state(self, pk: int) -> OrderState:
        if pk not in self.states:
            self.states[pk] = OrderState(order_id=pk, portal_id=self.connection.portal_id)
        return self.states[pk]

    def past(self, pk: int) -> Past:
        """The facts about this order before the slice."""
        state = self.state(pk)
        row = self.claim.orders[pk]
        return Past(
            self.log_counts.get(pk, 0), row.failed_attempts, state.attempts, state.failing_since, bool(state.sent_hash)
        )

    def occasion(self) -> Occasion:
        return Occasion(self.connection.portal_id, PLANNER, self.planned_at, now())
