"""Numbers for operators, in pretix's own metrics endpoint (``/metrics``, section ``[metrics]`` of ``pretix.cfg``).

pretix keeps metrics in Redis; without Redis they are not counted, and the log lines of ``sync.worker`` hold the same.
"""

import logging

from django.db.models import Count, Min, Q
from django.utils.timezone import now
from pretix.base.metrics import Counter, Gauge, Histogram
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import PROVIDER, Connection

logger = logging.getLogger(__name__)

REQUESTS = Counter("pretix_hubspot_requests_total", "Requests to HubSpot made by the engine.")
SLICES = Histogram("pretix_hubspot_slice_seconds", "Seconds for one slice of orders.")
WAITING = Gauge("pretix_hubspot_waiting_orders", "Orders that wait for their transfer.")
OLDEST = Gauge("pretix_hubspot_oldest_waiting_seconds", "Age of the order that waits longest.")
PROBLEMS = Gauge("pretix_hubspot_problem_orders", "Orders that wait for a human.")
RESTING = Gauge("pretix_hubspot_resting_connections", "Connections whose portal is left alone for a while.")


def count_slice(requests: int, seconds: float) -> None:
    """Add the numbers of one slice."""
    _quietly(REQUESTS.inc, requests)
    _quietly(SLICES.observe, seconds)


def collect():
    """Update the numbers of all queues, once per period and in one reading of them."""
    waits = Q(need_manual_retry__isnull=True)
    found = OrderSyncQueue.objects.filter(sync_provider=PROVIDER).aggregate(
        waiting=Count("pk", filter=waits),
        problems=Count("pk", filter=~waits),
        oldest=Min("triggered", filter=waits & Q(not_before__lte=now())),
    )
    _quietly(WAITING.set, found["waiting"])
    _quietly(OLDEST.set, (now() - found["oldest"]).total_seconds() if found["oldest"] else 0)
    _quietly(PROBLEMS.set, found["problems"])
    _quietly(RESTING.set, Connection.objects.filter(resting_until__gt=now()).count())


def _quietly(tell, number):
    try:
        tell(number)
    except Exception as error:  # any error of Redis: no order waits for a number
        logger.warning("A metric could not be stored: %s", type(error).__name__)
