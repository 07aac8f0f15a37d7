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


def notify(joined: EventConnection) -> None:
    """Compare the current causes with those that users were notified of."""
    notified = set(joined.told_causes)
    existing = _states(joined)
    still = notified & set(existing.filter(cause__in=notified).values_list("cause", flat=True)) if notified else set()
    serious = existing.filter(_is_serious())
    new = set(serious.exclude(cause__in=notified).order_by().values_list("cause", flat=True).distinct())
    if still | new == notified or not _store_notified(joined, still | new):
        return
    if new:
        _log_new_problems(joined, serious.filter(cause__in=new))
    elif not still:
        joined.event.log_action(RECOVERED, data={})


def _states(joined: EventConnection) -> QuerySet[OrderState]:
    return OrderState.objects.filter(order__event=joined.event_id, excluded_reason="").exclude(cause="")


def _is_serious() -> Q:
    stopped = OrderSyncQueue.objects.filter(
        order=OuterRef("order"), sync_provider=PROVIDER, need_manual_retry__isnull=False
    )
    return Q(Exists(stopped)) | Q(failing_since__lt=now() - PATIENCE)


def _store_notified(joined: EventConnection, causes: set[str]) -> bool:
    """Whether this worker may notify; another one may compare at the same moment."""
    before, joined.told_causes = joined.told_causes, sorted(causes)
    unchanged = EventConnection.objects.filter(pk=joined.pk, told_causes=before)
    return bool(unchanged.update(told_causes=joined.told_causes))


def _log_new_problems(joined: EventConnection, states: QuerySet[OrderState]) -> None:
    samples = {state.cause: state for state in states.order_by("-pk")[:1_000]}
    failures = filter(None, map(first_failure, samples.values()))
    facts = [for_history(failure) for failure in islice(failures, 10)]
    joined.event.log_action(FOUND, data={"orders": states.count(), "failures": facts})
