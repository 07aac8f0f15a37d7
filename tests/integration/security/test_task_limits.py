"""No task holds a worker for ever: each has limits of its own, which fit what it waits for."""

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from pretix.celery_app import app

from pretix_hubspot import tasks
from pretix_hubspot.server.patience import WORKER
from pretix_hubspot.server.safeguard import run_isolated

OURS = {name: app.tasks[name] for name in sorted(app.tasks) if name.startswith("pretix_hubspot.")}
EXCHANGE = 2 * WORKER.timeouts[1]


def test_these_are_all_tasks():
    assert sorted(OURS) == [
        f"pretix_hubspot.tasks.{name}"
        for name in ("after_start", "count_orders", "drain", "notify", "renew_catalog", "run_periodic", "send_reports")
    ]


@pytest.mark.parametrize("task", OURS.values(), ids=OURS)
def test_each_task_has_limits(task):
    assert task.soft_time_limit > EXCHANGE
    assert task.time_limit - task.soft_time_limit > EXCHANGE  # what is on its way may end


def test_the_last_slice_of_a_turn_has_time_to_be_given_back():
    """HubSpot may need the longest exchange for each of several steps, while the lease is renewed."""
    assert tasks.drain.soft_time_limit > tasks.TURN + 10 * EXCHANGE


def test_limits_end_before_a_broker_hands_the_task_to_somebody_else():
    """An hour, where it is Redis."""
    assert all(task.time_limit < 3_600 for task in OURS.values())


def test_a_step_does_not_swallow_the_end_of_the_time():
    def endless():
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        run_isolated(endless)
