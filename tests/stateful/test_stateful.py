"""Anything, in any order: orders, mappings, people in HubSpot, failures, dying workers, time; the portal stays right.

A seed draws the steps, and ``model`` says what is right.
A failure prints the shortest story that was found, and how to replay it, for example:

    STATEFUL_SEED=17 STATEFUL_KEEP=3,40,41 python -m pytest tests/stateful -m faults

To explore: ``STATEFUL_SEED=100-199 STATEFUL_STEPS=300``.
"""

import os
import random
import time

import pytest
from django.db import transaction
from django_scopes import scopes_disabled
from hierarkey.proxy import dirty_cache_keys

from hubspot_simulator import Simulator
from tests.counting import every_order_counts_once
from tests.faults import elsewhere
from tests.faults.conftest import no_waiting_for_the_budget, short_timeouts  # noqa: F401  fixtures are used by name
from tests.integration.engine.conftest import impatient  # noqa: F401  likewise

from .stage import Moments, Stage
from .steps import RULES, Steps

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

FIRST, _, LAST = os.environ.get("STATEFUL_SEED", "1-6").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)
STEPS = int(os.environ.get("STATEFUL_STEPS", "150"))
KEEP = [int(number) for number in os.environ.get("STATEFUL_KEEP", "").split(",") if number]
#: Seconds to look for a shorter story that fails in the same way.
SHORTEN = float(os.environ.get("STATEFUL_SHORTEN", "60"))


@pytest.fixture
def run(settings, monkeypatch, short_timeouts):
    """``run(seed, keep)`` takes the steps of a seed; returns its story, and the error if there was one."""
    if elsewhere.URL:
        pytest.skip("looks into the simulator between any two steps, which takes one within this process")
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    simulator, moments = Simulator(rate_limit=None, daily_limit=None, property_lag_ms=0), Moments(monkeypatch)

    def run(seed, keep):
        simulator.reset()
        dirty_cache_keys.set(set())
        with transaction.atomic():
            steps = Steps(Stage(simulator), moments)
            try:
                take(steps, seed, keep)
            except Exception as error:
                return steps.story, error
            finally:
                transaction.set_rollback(True)
        return steps.story, None

    with simulator.serve() as url, scopes_disabled():
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        yield run


def take(steps, seed, keep):
    draw = random.Random(seed)
    rules, weights = list(RULES), list(RULES.values())
    for number in range(STEPS):
        rule, details = draw.choices(rules, weights)[0], draw.random()
        if number in keep:
            random.seed(details)  # the product's own dice
            steps.take(rule, details)
            every_order_counts_once()
    steps.calm_down(for_good=True)
    every_order_counts_once()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_portal_stays_right_whatever_happens(run, seed):
    keep = KEEP or list(range(STEPS))
    story, error = run(seed, keep)
    if error:
        keep, story, error = shortened(run, seed, keep, story, error)
        print(*story, sep="\n")
        kept = ",".join(map(str, keep))
        print(f"Replay: STATEFUL_SEED={seed} STATEFUL_STEPS={STEPS} STATEFUL_KEEP={kept} python -m pytest "
              "tests/stateful -m faults")  # fmt: skip
        raise error


def shortened(run, seed, keep, story, error):
    """Leave out as many steps as possible, in ever smaller parts, while the same place fails."""
    end, size = time.monotonic() + SHORTEN, len(keep) // 2
    keep = keep[: len([line for line in story if not line.startswith(" ")]) + 1]
    while size:
        start = 0
        while start < len(keep) and time.monotonic() < end:
            fewer = keep[:start] + keep[start + size :]
            told, failed = run(seed, fewer)
            if failed and place(failed) == place(error):
                keep, story, error = fewer, told, failed
            else:
                start += size
        size //= 2
    return keep, story, error


def place(error):
    """The line that failed."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename, trace.tb_lineno
