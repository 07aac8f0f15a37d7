"""Anything, in any order: orders, mappings, people in HubSpot, failures, dying workers, time; the portal stays right.

Hypothesis draws the steps, ``model`` says what is right, and at the end the whole portal is compared.
A failure is shortened, prints its trace, and can be replayed by its seed, or from what is left of it: the text that
hypothesis would give to ``@reproduce_failure``.

    STATEFUL_SEED=17 python -m pytest tests/stateful -m faults
    STATEFUL_REPLAY=AXicY2Bg... python -m pytest tests/stateful -m faults

To explore: ``STATEFUL_SEED=100-199 STATEFUL_STEPS=300``; for a short story: ``STATEFUL_SHORTEN=1800`` seconds.
"""

import math
import os
import random
import struct
import sys
from contextlib import ExitStack

import hypothesis
import pytest
from django.core.cache import caches
from django.db import transaction
from django_scopes import scopes_disabled
from hierarkey.proxy import dirty_cache_keys
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from hubspot_simulator import Simulator
from tests.counting import every_order_counts_once
from tests.faults import external_simulator
from tests.faults.conftest import no_waiting_for_the_budget, short_timeouts  # noqa: F401  fixtures are used by name
from tests.integration.sync.conftest import impatient  # noqa: F401  likewise
from tests.soak import amount

from .simulation import Moments, Simulation
from .steps import STEPS, Steps

pytestmark = [pytest.mark.faults, pytest.mark.soak, pytest.mark.django_db]

REPLAY = os.environ.get("STATEFUL_REPLAY")
FIRST, _, LAST = os.environ.get("STATEFUL_SEED", "1" if REPLAY else amount("1-5", "1-60")).partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)
LENGTH = int(os.environ.get("STATEFUL_STEPS", "200"))
#: Stories of each seed, after the simplest of all, with which hypothesis begins: nothing happens.
STORIES = int(os.environ.get("STATEFUL_EXAMPLES", "1"))
#: Seconds to look for a shorter story that fails.
SHORTEN = float(os.environ.get("STATEFUL_SHORTEN", "120"))
#: A step is four bytes: two say which one, two draw its details. They come by ten, since hypothesis tries for each
#: draw whether a failing story needs it, and each try takes seconds.
#: Numbers instead would not do: it likes to draw those that it finds in the modules that are loaded, so that a seed
#: would tell one story alone, and another one beside other tests.
STEP, AT_ONCE = 4, 10
DRAWN = st.binary(min_size=STEP * AT_ONCE, max_size=STEP * AT_ONCE)


class World(RuleBasedStateMachine):
    """One run in a simulation of its own; nothing of it is left for the next one."""

    simulator: Simulator
    moments: Moments
    trace: list[str] = []

    def __init__(self):
        super().__init__()
        self._outer = sys.exception()
        self.simulator.reset()
        for cache in caches.all():
            cache.clear()
        dirty_cache_keys.set(set())
        with ExitStack() as stack:
            stack.enter_context(transaction.atomic())
            stack.callback(transaction.set_rollback, True)
            self.steps = Steps(Simulation(self.simulator), self.moments)
            self._stack = stack.pop_all()
        type(self).trace = self.steps.trace

    @rule(drawn=DRAWN)
    def go_on(self, drawn):
        for which, details in struct.iter_unpack(">HH", drawn):
            step = STEPS[which % len(STEPS)]
            if step is not Steps.nothing:
                random.seed(details)  # the product's own dice
                self.steps.take(step, details)
                every_order_counts_once()

    def teardown(self):
        with self._stack:
            if sys.exception() is self._outer:  # it went well so far
                self.steps.calm_down(for_good=True)
                every_order_counts_once()


@pytest.fixture
def world(settings, monkeypatch, short_timeouts):
    """``World`` with a portal of this test."""
    if external_simulator.URL:
        pytest.skip("looks into the simulator between any two steps, which takes one within this process")
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    monkeypatch.setattr("hypothesis.internal.conjecture.engine.MAX_SHRINKING_SECONDS", SHORTEN)
    simulator = Simulator(rate_limit=None, daily_limit=None, property_lag_ms=0)
    with simulator.serve() as url, scopes_disabled():
        monkeypatch.setenv("PRETIX_HUBSPOT_API_URL", url)
        monkeypatch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        yield type("World", (World,), {"simulator": simulator, "moments": Moments(monkeypatch)})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_portal_stays_right_whatever_happens(world, seed):
    hypothesis.seed(seed)(world)
    if REPLAY:
        hypothesis.reproduce_failure(hypothesis.__version__, REPLAY.encode())(world)
    settings = hypothesis.settings(
        max_examples=STORIES + 1,
        stateful_step_count=math.ceil(LENGTH / AT_ONCE),
        phases=[hypothesis.Phase.generate] + ([hypothesis.Phase.shrink] if SHORTEN else []),
        report_multiple_bugs=False,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=True,
    )
    try:
        run_state_machine_as_test(world, settings=settings)
    except Exception:
        print(*world.trace, sep="\n")
        print(f"Replay: STATEFUL_SEED={seed} STATEFUL_STEPS={LENGTH} python -m pytest tests/stateful -m faults")
        print("These steps: STATEFUL_REPLAY=… instead, with what @reproduce_failure would be given")
        raise
