"""Users' actions on sync problems: retry them, dismiss them, or ignore an order for good.

Safe beside running workers: a row in flight is left to its worker.
"""

from collections.abc import Callable, Iterable, Sequence

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from pretix.base.models import Event, LogEntry, Order, User

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.connections.user_request_limit import CURED, RETRY, may_ask
from pretix_hubspot.failures.codes import MISCONFIGURATION, TEMPORARY, Exclusion, Fix, where_fixed
from pretix_hubspot.failures.explanations import for_history
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.models import Connection, EventConnection, ObjectMapping, OrderState
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.patience import PERSON
from pretix_hubspot.server.workers import call_worker
from pretix_hubspot.sync.queue import order_queue
from pretix_hubspot.sync.run.history import BY_PEOPLE, log_counts
from pretix_hubspot.sync.run.loading import states_of
from pretix_hubspot.sync.run.order_states import store_states
from pretix_hubspot.sync.run.results import store_exclusions

from . import counted
from .causes import Cause, causes
from .numbers import EXCLUDED, FAILING, WAITING, orders_in, state_of

PART = 1_000


def retry(event_connection: EventConnection, cause: Cause, user: User) -> int:
    """Retry all orders of a cause, at once and with all attempts. Returns how many.

    The schema is fetched first, since the reason may have been repaired in HubSpot.
    """
    if cause.mode == MISCONFIGURATION and cause.failure:
        _refetch(event_connection, {cause.failure.object_type}, RETRY)
    return _retry(event_connection, cause, user)


def retry_mapping(event_connection: EventConnection, mapping: ObjectMapping, properties: set[str], user: User) -> int:
    """Retry the orders that failed for a mapping, after a user saved it. Returns how many.

    ``properties`` are those that it named before or names now, by name and label: a mistake in one of them also fails
    records for which another mapping is blamed.
    """

    def concerned(failure: Failure) -> bool:
        same = failure.object_type == mapping.external_object_type and failure.params.get("property") in properties
        return same or failure.mapping == mapping.pk

    return _retry_where(event_connection, concerned, user)


def retry_deleted(event_connection: EventConnection, user: User) -> int:
    """Retry the orders that failed for mappings which a user deleted. Returns how many."""
    existing = {None, *event_connection.event.hubspot_object_mappings.values_list("pk", flat=True)}
    return _retry_where(event_connection, lambda failure: failure.mapping not in existing, user)


def retry_access(connection: Connection, user: User) -> int:
    """Retry the orders that lacked access, after a user connected again. Returns how many."""
    used = connection.event_connections.select_related("event__organizer", "connection")
    active = (event_connection for event_connection in used if is_active(event_connection.event))
    return sum(_retry_where(event_connection, _is_about_access, user) for event_connection in active)


def _is_about_access(failure: Failure) -> bool:
    return where_fixed(failure.code, failure.mode) is Fix.ACCESS


def _retry_where(event_connection: EventConnection, fits: Callable[[Failure], bool], user: User) -> int:
    """Retry all orders with such a failure, decisive or not; temporary ones retry by themselves, at their own pace."""
    failing = orders_in(event_connection.event, FAILING).exclude(hubspot_state__problem=None).order_by("pk")
    rows = failing.values_list("pk", "hubspot_state__cause", "hubspot_state__problem").iterator()
    fixed: dict[str, list[int]] = {}
    misconfigured: set[str] = set()
    for pk, key, problem in rows:
        failures = [Failure(**stored) for stored in problem]
        if fitting := [failure for failure in failures if failure.mode != TEMPORARY and fits(failure)]:
            fixed.setdefault(key, []).append(pk)
            misconfigured |= {failure.object_type for failure in fitting if failure.mode == MISCONFIGURATION}
    _refetch(event_connection, misconfigured, CURED)
    by_key = {cause.key: cause for cause in causes(event_connection.event)} if fixed else {}
    return sum(_retry(event_connection, by_key[key], user, orders) for key, orders in fixed.items() if key in by_key)


def _retry(event_connection: EventConnection, cause: Cause, user: User, orders: list[int] | None = None) -> int:
    orders = _orders(event_connection.event, cause) if orders is None else orders
    for part in chunks(orders, PART):
        with transaction.atomic():
            order_queue.retry(event_connection.event, part)
            OrderState.objects.filter(order_id__in=part).update(attempts=0)
    counted.move(event_connection.event, len(orders), (FAILING, cause.key), (WAITING, ""))
    _log_action(event_connection.event, "retried", user, cause, len(orders))
    call_worker(event_connection.connection_id)
    return len(orders)


def dismiss(event_connection: EventConnection, cause: Cause, user: User) -> int:
    """Stop trying, and stop warning, until the order changes. The problem and the history stay. Returns how many."""
    dismissed = 0
    for part in chunks(_orders(event_connection.event, cause), PART):
        dismissed += _leave_out(event_connection, part, Exclusion.DISMISSED, user)
    counted.move(event_connection.event, dismissed, (FAILING, cause.key), (EXCLUDED, Exclusion.DISMISSED))
    _log_action(event_connection.event, "dismissed", user, cause, dismissed)
    return dismissed


def ignore(event_connection: EventConnection, order: Order, user: User) -> bool:
    """Never send this order again, until a user presses *Sync now*. Returns whether it could be withdrawn."""
    before = state_of(order)
    ignored = _leave_out(event_connection, [order.pk], Exclusion.IGNORED, user)
    counted.move(event_connection.event, ignored, before, (EXCLUDED, Exclusion.IGNORED))
    return bool(ignored)


def _leave_out(event_connection: EventConnection, orders: Sequence[int], reason: Exclusion, user: User) -> int:
    with transaction.atomic():
        free = order_queue.withdraw(orders)
        _excluded_states(event_connection, free, reason)
        store_exclusions(dict.fromkeys(free, reason))
        entries = [_entry(order, reason, user) for order in _with_event(free)]
    LogEntry.bulk_create_and_postprocess(entries)
    return len(free)


def _excluded_states(event_connection: EventConnection, orders: Sequence[int], reason: Exclusion) -> None:
    """Store the exclusion and the current length of the history, so that the sweep does not queue the order again."""
    counts = log_counts(orders)
    states = states_of(orders)
    for order in orders:
        state = states.setdefault(order, OrderState(order_id=order, portal_id=event_connection.connection.portal_id))
        state.excluded_reason, state.log_count = reason, counts.get(order, 0)
    store_states(states.values())


def _with_event(orders: Iterable[int]) -> QuerySet[Order]:
    return Order.objects.filter(pk__in=list(orders)).select_related("event")


def _entry(order: Order, reason: str, user: User) -> LogEntry:
    return LogEntry(
        content_type=ContentType.objects.get_for_model(Order),
        object_id=order.pk,
        action_type=f"{BY_PEOPLE}.{reason}",
        event=order.event,
        organizer_id=order.event.organizer_id,
        user=user,
        data="{}",
    )


def _orders(event: Event, cause: Cause) -> list[int]:
    return sorted(orders_in(event, FAILING, cause.key).order_by().values_list("pk", flat=True))


def _log_action(event: Event, action: str, user: User, cause: Cause, orders: int) -> None:
    data = {"orders": orders, "failure": for_history(cause.failure) if cause.failure else {"mode": cause.mode}}
    event.log_action(f"pretix_hubspot.event.problems.{action}", user=user, data=data)


def _refetch(event_connection: EventConnection, object_types: set[str], purpose: str) -> None:
    """Fetch the current schema, since it may hold the repair; if that fails, orders are judged by the stored copy."""
    named = {object_type for object_type in object_types if object_type}
    if named and may_ask(event_connection.connection, purpose):
        Catalog(event_connection.connection, patience=PERSON).fetch_all_again(named)
