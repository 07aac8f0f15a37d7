"""Notify users once of new sync problems, and once when all are gone.

A notification is a log entry of the event; pretix sends it to all users who subscribed to it.
"""

from datetime import timedelta
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.explanations import for_history
from pretix_hubspot.models import PROVIDER, EventConnection, OrderState

from .causes import first_failure

FOUND, RECOVERED = "pretix_hubspot.event.problems.found", "pretix_hubspot.recovered.problems"
#: Temporary failures heal by themselves; an order that still fails after this is a problem.
PATIENCE = timedelta(hours=1)


def notify(event_connection: EventConnection) -> None:
    """Compare the current causes with those that users were notified of."""
    notified = set(event_connection.told_causes)
    existing = _states(event_connection)
    still = notified & set(existing.filter(cause__in=notified).values_list("cause", flat=True)) if notified else set()
    serious = existing.filter(_is_serious())
    new = set(serious.exclude(cause__in=notified).order_by().values_list("cause", flat=True).distinct())
    if still | new == notified or not _store_notified(event_connection, still | new):
        return
    if new:
        _log_new_problems(event_connection, serious.filter(cause__in=new))
    elif not still:
        event_connection.event.log_action(RECOVERED, data={})


def concerned() -> Q:
    """The condition for events' connections of which an order fails, or users were told of one."""
    failing = OrderState.objects.filter(excluded_reason="").exclude(cause="").order_by()
    return ~Q(told_causes=[]) | Q(event__in=failing.values("order__event"))


def _states(event_connection: EventConnection) -> QuerySet[OrderState]:
    return OrderState.objects.filter(order__event=event_connection.event_id, excluded_reason="").exclude(cause="")


def _is_serious() -> Q:
    stopped = OrderSyncQueue.objects.filter(
        order=OuterRef("order"), sync_provider=PROVIDER, need_manual_retry__isnull=False
    )
    return Q(Exists(stopped)) | Q(failing_since__lt=now() - PATIENCE)


def _store_notified(event_connection: EventConnection, causes: set[str]) -> bool:
    """Whether this worker may notify; another one may compare at the same moment."""
    before, event_connection.told_causes = event_connection.told_causes, sorted(causes)
    unchanged = EventConnection.objects.filter(pk=event_connection.pk, told_causes=before)
    return bool(unchanged.update(told_causes=event_connection.told_causes))


def _log_new_problems(event_connection: EventConnection, states: QuerySet[OrderState]) -> None:
    samples = {state.cause: state for state in states.order_by("-pk")[:1_000]}
    failures = filter(None, map(first_failure, samples.values()))
    facts = [for_history(failure) for failure in islice(failures, 10)]
    event_connection.event.log_action(FOUND, data={"orders": states.count(), "failures": facts})
