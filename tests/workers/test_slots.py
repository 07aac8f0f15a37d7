"""How long a customer's task (queue "checkout": cart, order) waits for a Celery process while orders are sent."""

import re
import time

import pytest

from .harness import seed, waiting

pytestmark = pytest.mark.workers


@pytest.mark.parametrize("portal", [("--rate-limit", "40", "--batch-latency-ms", "150")], indirect=True)
def test_a_checkout_does_not_wait_for_hubspot(story, portal, workers):
    """Two Celery processes as on a small server, `celery worker` without -Q as in pretix's guide."""
    seed(story, range(4000))
    worker = workers(2)
    worker.ring("drain", story.connection.pk)
    time.sleep(6)  # the rush has begun
    worker.app.send_task(
        "pretix_hubspot.tasks.send_reports", queue="checkout"
    )  # any task that takes no time stands for one
    asked = time.monotonic()
    done = re.compile(r"Task pretix_hubspot\.tasks\.send_reports\[[\w-]+\] succeeded")
    while not done.search(worker.log.read_text()) and time.monotonic() - asked < 90:
        time.sleep(0.1)
    waited = time.monotonic() - asked
    left = waiting()
    assert waited < 3, f"a checkout waited {waited:.1f} s for a free process; {left} orders were left to send"
