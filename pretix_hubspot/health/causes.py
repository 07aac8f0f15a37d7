"""Sync problems by cause: the failure, the number of orders, since when, and the page of the repair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pretix.base.models import Event
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.explanations import explain, named, where_to_fix
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.failures.texts import mode_word
from pretix_hubspot.models import OrderState
from pretix_hubspot.sources.event_context import EventContext, contexts_of

from .numbers import FAILING, ROW, Detail, Numbers, failing_of


@dataclass(frozen=True)
class Cause:
    """A shared reason of failing orders; ``failure`` is one of theirs, without the parts of that order alone."""

    key: str
    orders: int
    mode: str
    text: str
    fix_url: str | None = None
    failure: Failure | None = None
    since: datetime | None = None
    next_try: datetime | None = None

    @property
    def word(self) -> str:
        return mode_word(self.mode)


def causes(event: Event, found: Numbers | None = None) -> list[Cause]:
    """All causes of the event's sync problems, most orders first; their orders are the failing ones, each once.

    Those of ``found``, which may have been counted a while ago; else as they are now.
    """
    return causes_of([event], None if found is None else {event.pk: found})[event]


def causes_of(events: Sequence[Event], found: Mapping[int, Numbers] | None = None) -> dict[Event, list[Cause]]:
    """The same for several events; the queries for each are those about names of its fields, if they are needed."""
    found = failing_of([event.pk for event in events]) if found is None else found
    details = [detail for event in events if event.pk in found for detail in found[event.pk].details.values()]
    samples = [detail.sample for detail in details if detail.sample]
    states = OrderState.objects.in_bulk(samples) if samples else {}
    contexts = contexts_of(events)
    return {event: list(_causes(contexts[event.pk], found.get(event.pk, Numbers()), states)) for event in events}


def _causes(context: EventContext, found: Numbers, states: Mapping[int, OrderState]) -> Iterator[Cause]:
    for key, orders in found.reasons(FAILING).items():
        detail = found.details.get(key, Detail())
        state = states.get(detail.sample or 0)
        if key.startswith(ROW):
            mode = key.removeprefix(ROW)
            yield Cause(key, orders, mode, row_text(mode), since=detail.since)
        elif state := state if state and state.cause == key else _another(context.event, key):
            yield _cause(context, key, orders, detail, state)


def _another(event: Event, key: str) -> OrderState | None:
    """A state with this cause, instead of one that has succeeded since the orders were counted."""
    return OrderState.objects.filter(order__event=event, cause=key).order_by().first()


def cause_named(event: Event, key: str) -> Cause | None:
    """The cause with this key, as long as an order fails for it."""
    return next((cause for cause in causes(event) if cause.key == key), None)


def first_failure(state: OrderState | None) -> Failure | None:
    """The decisive failure, as it was stored."""
    return Failure(**state.problem[0]) if state and state.problem else None


def row_text(mode: str) -> str:
    """Core's word for a row that failed without a problem of ours."""
    return str(dict(OrderSyncQueue._meta.get_field("need_manual_retry").choices).get(mode, mode_word(mode)))


def _cause(context: EventContext, key: str, orders: int, detail: Detail, state: OrderState) -> Cause:
    failure = first_failure(state)
    if failure is None:
        return Cause(key, orders, key, row_text(key), since=detail.since)
    shared = named(replace(failure, position=None, correlation_id=""), context)
    fix_url = where_to_fix(shared, context)
    return Cause(key, orders, shared.mode, explain(shared), fix_url, shared, detail.since, detail.next_try)
