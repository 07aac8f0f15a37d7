"""The whole run at another time: ``pytest --clock 2028-02-29T22:40``, or ``make test CLOCK=2028-02-29T22:40``.

The clock is set once, in each process that runs tests, and goes on from there, so that a run can cross midnight, the
end of a year or the hour that summer time leaves out.
Monotonic clocks and sleeping stay real: timeouts, budgets of a worker and threads behave as always.
freezegun stands on this clock: ``freeze_time()`` without a moment freezes the shifted one.
Processes that a test starts, and databases and Redis, keep the real time.
"""

from datetime import UTC, date, datetime

import pytest

#: The moments that the suites have to survive, in UTC.
MOMENTS = {
    "2027-03-28T00:58": "two minutes before summer time begins in Berlin",
    "2028-02-29T22:40": "a leap day, and the first of March in Berlin in twenty minutes",
    "2030-12-31T22:55": "five minutes before the new year in Berlin",
}


#: The suites that have to survive them, as ``make`` knows them, and what pytest is told; ``make test`` in three parts.
SUITES = (
    "test tests/integration/sync",
    "test-faults",
    "test tests/integration --ignore=tests/integration/sync",
    "test-contract",
    "test tests --ignore=tests/integration",
)


def of_day(day):
    """Which suite ``.ci/run`` runs at which moment on a day: in fifteen days each of them at each of the moments."""
    number = day.timetuple().tm_yday
    return list(MOMENTS)[number % len(MOMENTS)], SUITES[number // len(MOMENTS) % len(SUITES)]


def add_option(parser):
    parser.addoption("--clock", metavar="MOMENT", default="", help="begin the run at this moment (ISO 8601, UTC)")


def begins(text):
    """The moment in UTC that somebody wrote; raises pytest's error about usage for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise pytest.UsageError(f"--clock takes a moment such as {next(iter(MOMENTS))}, and no {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def set_clock(config):
    """Sets the clock of this process until pytest ends, if the option says so."""
    if not config.option.clock:
        return
    import time_machine  # inline: whoever does not travel needs no machine

    travel = time_machine.travel(begins(config.option.clock), tick=True)
    travel.start()
    config.add_cleanup(travel.stop)


def heading(config):
    return [f"clock: begins at {begins(config.option.clock):%Y-%m-%d %H:%M} UTC"] if config.option.clock else []


if __name__ == "__main__":
    print(*of_day(date.today()))
