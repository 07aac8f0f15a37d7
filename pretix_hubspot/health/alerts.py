"""Tells people once about new sync problems, and once when all are gone.

What is told is a log entry of the event, from which pretix makes a notification for everybody who wants one.
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
#: Temporary failures heal by themselves; who still fails after this is a problem.
PATIENCE = timedelta(hours=1)


def notify(joined: EventConnection) -> None:
    """Compare the causes that exist with those that were told."""
    told = set(joined.told_causes)
    existing = _states(joined)
    still = told & set(existing.filter(cause__in=told).values_list("cause", flat=True)) if told else set()
    serious = existing.filter(_is_serious())
    new = set(serious.exclude(cause__in=told).order_by().values_list("cause", flat=True).distinct())
    if still | new == told or not _remember(joined, still | new):
        return
    if new:
        _tell_found(joined, serious.filter(cause__in=new))
    elif not still:
        joined.event.log_action(RECOVERED, data={})


def _states(joined: EventConnection) -> QuerySet[OrderState]:
    return OrderState.objects.filter(order__event=joined.event_id, excluded_reason="").exclude(cause="")


def _is_serious() -> Q:
    stopped = OrderSyncQueue.objects.filter(
        order=OuterRef("order"), sync_provider=PROVIDER, need_manual_retry__isnull=False
    )
    return Q(Exists(stopped)) | Q(failing_since__lt=now() - PATIENCE)


def _remember(joined: EventConnection, causes: set[str]) -> bool:
    """Whether we are the one to tell; another worker may look at the same moment."""
    before, joined.told_causes = joined.told_causes, sorted(causes)
    mine = EventConnection.objects.filter(pk=joined.pk, told_causes=before)
    return bool(mine.update(told_causes=joined.told_causes))


def _tell_found(joined: EventConnection, states: QuerySet[OrderState]) -> None:
    samples = {state.cause: state for state in states.order_by("-pk")[:1_000]}
    failures = filter(None, map(first_failure, samples.values()))
    kept = [for_history(failure) for failure in islice(failures, 10)]
    joined.event.log_action(FOUND, data={"orders": states.count(), "failures": kept})
